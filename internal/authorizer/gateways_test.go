package authorizer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tokenwright/tokenwright/internal/authorizer"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/validate"
)

// recorded is an event as AWS publishes it for a kind of API, with our own credential in it, and what must come of it.
type recorded struct {
	HTTPAPIResponse authorizer.ResponseKind `json:"httpApiResponse"`
	Event           map[string]any          `json:"event"`
	Credential      string                  `json:"credential"`
	From            string                  `json:"from"`
	Answer          any                     `json:"answer"`
}

func record(t *testing.T, name string) recorded {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "recorded", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var r recorded
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

var recordings = []string{"rest-token", "rest-request", "http-1.0", "http-2.0-simple", "http-2.0-iam", "websocket", "appsync"}

// result is all that comes of one event.
type result struct {
	answer  string
	err     error
	counted outcome
	log     string
}

func (r result) unauthorized() bool { return r.err != nil && r.err.Error() == "Unauthorized" }

// allows says that nothing is refused, in whichever way the kind of API words that.
func (r result) allows() bool {
	return r.err == nil && (strings.Contains(r.answer, `"Effect":"Allow"`) || strings.Contains(r.answer, `"isAuthorized":true`))
}

func run(t *testing.T, j *judge, c authorizer.Config, event any) result {
	t.Helper()
	var out result
	var log bytes.Buffer
	c.Validator, c.Log = j, slog.New(slog.NewJSONHandler(&log, nil))
	c.Count = func(_ context.Context, o, r string) { out.counted = outcome{o, r} }
	if c.HTTPResponse == "" {
		c.HTTPResponse = authorizer.Simple
	}
	text, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := authorizer.New(c).Handle(t.Context(), text)
	text, _ = json.Marshal(answer)
	out.answer, out.err, out.log = string(text), err, log.String()
	return out
}

func TestRecordedEventsOfEachKindOfAPI(t *testing.T) {
	files, err := filepath.Glob("testdata/recorded/*.json")
	if err != nil || len(files) != len(recordings) {
		t.Fatalf("%d recordings, want %d (%v)", len(files), len(recordings), err)
	}
	for _, name := range recordings {
		t.Run(name, func(t *testing.T) {
			r := record(t, name)
			j := &judge{principal: bearer}
			got := run(t, j, authorizer.Config{HTTPResponse: r.HTTPAPIResponse}, r.Event)
			if got.err != nil || !slices.Equal(j.asked, []string{r.Credential}) || got.counted != (outcome{"allowed", ""}) {
				t.Fatalf("asked for %q, counted %v: %v", j.asked, got.counted, got.err)
			}
			var answer any
			if err := json.Unmarshal([]byte(got.answer), &answer); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(r.Answer, answer); diff != "" {
				t.Error(diff)
			}
			if from := j.from.String(); j.from.IsValid() && from != r.From || !j.from.IsValid() && r.From != "" {
				t.Errorf("from %s, want %s", from, r.From)
			}
			if strings.Contains(got.log, r.Credential) || !strings.Contains(got.log, string(bearer.Token)) {
				t.Errorf("logged %s", got.log)
			}
		})
	}
}

// TestEachKindIsRefusedInItsWay walks every kind through a refusal of the credential, a refusal of the caller and an
// outage: none is ever an allow, and only the last is an error where the kind of API has another way to refuse.
func TestEachKindIsRefusedInItsWay(t *testing.T) {
	revoked := &validate.Denial{Reason: validate.Revoked, Token: bearer.Token, Authentic: true}
	address := &validate.Denial{Reason: validate.AddressDenied, Token: bearer.Token, Authentic: true}
	for _, name := range recordings {
		r := record(t, name)
		config := authorizer.Config{HTTPResponse: r.HTTPAPIResponse}
		has401 := name == "rest-token" || name == "rest-request" || name == "websocket"
		refusal := `"Effect":"Deny"`
		if name == "http-2.0-simple" || name == "appsync" {
			refusal = `"isAuthorized":false`
		}
		got := run(t, &judge{err: revoked}, config, r.Event)
		if got.unauthorized() != has401 || !has401 && !strings.Contains(got.answer, refusal) || got.counted != (outcome{"unauthenticated", "revoked"}) {
			t.Errorf("%s, revoked: %s %v, counted %v", name, got.answer, got.err, got.counted)
		}
		got = run(t, &judge{err: address}, config, r.Event)
		if got.err != nil || !strings.Contains(got.answer, refusal) || got.counted != (outcome{"denied", "ip_denied"}) {
			t.Errorf("%s, wrong address: %s %v, counted %v", name, got.answer, got.err, got.counted)
		}
		got = run(t, &judge{err: fmt.Errorf("the store is away")}, config, r.Event)
		if got.err == nil || got.unauthorized() || got.answer != "null" || got.counted.outcome != "error" {
			t.Errorf("%s, outage: %s %v, counted %v", name, got.answer, got.err, got.counted)
		}
	}
}

func TestNoKindGetsAnAnswerBeyondItsLimits(t *testing.T) {
	rich := bearer
	for i := range 800 {
		rich.Scopes = append(rich.Scopes, scope.Scope(fmt.Sprintf("thing%03d:read", i)))
	}
	for _, name := range recordings {
		r := record(t, name)
		got := run(t, &judge{principal: rich}, authorizer.Config{HTTPResponse: r.HTTPAPIResponse}, r.Event)
		if got.err != nil || got.allows() || got.counted != (outcome{"denied", "policy_too_large"}) || len(got.answer) > 8<<10 {
			t.Errorf("%s: %.200s %v, counted %v", name, got.answer, got.err, got.counted)
		}
		if !strings.Contains(got.log, "policy_too_large") {
			t.Errorf("%s: the reason is not in the log: %s", name, got.log)
		}
	}
	for _, name := range []string{"rest-token", "rest-request", "http-1.0", "http-2.0-iam", "websocket"} {
		for length, allowed := range map[int]bool{512: true, 513: false} {
			r := record(t, name)
			prefix := "arn:aws:execute-api:us-east-1:123456789012:a1b2c3/"
			long := prefix + strings.Repeat("s", length-len(prefix)-len("/*")) + "/GET/" + strings.Repeat("x", 1000)
			for _, member := range []string{"methodArn", "routeArn"} {
				if _, ok := r.Event[member]; ok {
					r.Event[member] = long
				}
			}
			got := run(t, &judge{principal: bearer}, authorizer.Config{HTTPResponse: r.HTTPAPIResponse}, r.Event)
			denied := strings.Contains(got.answer, `"Effect":"Deny","Resource":["*"]`) && got.counted == (outcome{"denied", "policy_too_large"})
			if got.allows() != allowed || !allowed && !denied {
				t.Errorf("%s, a resource of %d characters: %s %v, counted %v", name, length, got.answer, got.err, got.counted)
			}
		}
	}
}

// odd is a recorded event with something unusual in it.
type odd struct {
	name, of   string
	change     func(event map[string]any)
	credential string // "" = refused
	reason     validate.Reason
	check      string // what the answer must hold
	from       string // "" = not looked at
}

// headers replaces an event's headers by lines, in every form that its kind has.
func headers(lines ...string) func(map[string]any) {
	return func(event map[string]any) {
		single, multi := map[string]any{}, map[string]any{}
		for _, line := range lines {
			name, value, _ := strings.Cut(line, ": ")
			all, _ := multi[name].([]any)
			single[name], multi[name] = value, append(all, value)
		}
		event["headers"] = single
		if _, ok := event["multiValueHeaders"]; ok {
			event["multiValueHeaders"] = multi
		}
	}
}

func set(value any, path ...string) func(map[string]any) {
	return func(event map[string]any) {
		for _, member := range path[:len(path)-1] {
			event = event[member].(map[string]any)
		}
		event[path[len(path)-1]] = value
	}
}

func without(members ...string) func(map[string]any) {
	return func(event map[string]any) {
		for _, m := range members {
			delete(event, m)
		}
	}
}

func TestOddEvents(t *testing.T) {
	const longPath = 1600 - len("arn:aws:execute-api:us-east-1:123456789012:s4x3opwd6i/test/GET/")
	for _, o := range []odd{
		{name: "null headers", of: "rest-request", change: func(e map[string]any) { e["headers"], e["multiValueHeaders"] = nil, nil }, reason: validate.Missing},
		{name: "no headers", of: "rest-request", change: without("headers", "multiValueHeaders"), reason: validate.Missing},
		{name: "single headers alone", of: "rest-request", change: without("multiValueHeaders"), credential: "recorded"},
		{name: "no headers", of: "http-2.0-simple", change: without("headers"), reason: validate.Missing},
		{name: "no headers", of: "http-1.0", change: without("headers"), reason: validate.Missing},
		{name: "null headers", of: "websocket", change: func(e map[string]any) { e["headers"], e["multiValueHeaders"] = nil, nil }, reason: validate.Missing},
		{name: "no request context", of: "rest-request", change: without("requestContext"), credential: "recorded", from: "invalid IP"},
		{name: "no token", of: "appsync", change: without("authorizationToken"), reason: validate.Missing},
		{name: "no token", of: "rest-token", change: without("authorizationToken"), reason: validate.Missing},
		{name: "Bearer", of: "appsync", change: set("Bearer abc", "authorizationToken"), credential: "abc"},
		{name: "another scheme", of: "appsync", change: set("Basic abc", "authorizationToken"), reason: validate.Malformed},

		{name: "capitals", of: "rest-request", change: headers("AUTHORIZATION: BEARER abc"), credential: "abc"},
		{name: "capitals", of: "http-2.0-iam", change: headers("AUTHORIZATION: BEARER abc"), credential: "abc"},
		{name: "capitals", of: "http-1.0", change: headers("X-API-KEY: abc"), credential: "abc"},
		{name: "capitals", of: "websocket", change: headers("x-ApI-kEy: abc"), credential: "abc"},

		{name: "the same Authorization twice", of: "rest-request", change: headers("Authorization: Bearer abc", "Authorization: Bearer abc"), credential: "abc"},
		{name: "two Authorizations", of: "rest-request", change: headers("Authorization: Bearer abc", "Authorization: Bearer abd"), reason: validate.Ambiguous},
		{name: "two Authorizations", of: "websocket", change: headers("Authorization: Bearer abc", "Authorization: Bearer abd"), reason: validate.Ambiguous},
		{name: "the same joined", of: "http-2.0-simple", change: headers("authorization: Bearer abc,Bearer abc"), credential: "abc"},
		{name: "two joined", of: "http-2.0-simple", change: headers("authorization: Bearer abc,Bearer abd"), reason: validate.Ambiguous},
		{name: "two joined with a space", of: "http-1.0", change: headers("authorization: Bearer abc, token abd"), reason: validate.Ambiguous},
		{name: "another scheme joined", of: "http-2.0-iam", change: headers("authorization: Basic YTpi,Bearer abc"), reason: validate.Malformed},
		{name: "an empty X-API-Key", of: "http-2.0-iam", change: headers("x-api-key: "), reason: validate.Malformed},
		{name: "the gateway's own source", of: "http-1.0", change: func(e map[string]any) { headers()(e); e["authorizationToken"] = "Bearer abc" }, reason: validate.Missing},

		{name: "IPv6", of: "rest-request", change: set("2001:db8::7", "requestContext", "identity", "sourceIp"), credential: "recorded", from: "2001:db8::7"},
		{name: "v4-mapped", of: "rest-request", change: set("::ffff:198.51.100.7", "requestContext", "identity", "sourceIp"), credential: "recorded", from: "198.51.100.7"},
		{name: "IPv6", of: "http-2.0-simple", change: set("2001:db8::7", "requestContext", "http", "sourceIp"), credential: "recorded", from: "2001:db8::7"},
		{name: "v4-mapped", of: "http-2.0-simple", change: set("::ffff:198.51.100.7", "requestContext", "http", "sourceIp"), credential: "recorded", from: "198.51.100.7"},
		{name: "v4-mapped", of: "websocket", change: set("::ffff:198.51.100.7", "requestContext", "identity", "sourceIp"), credential: "recorded", from: "198.51.100.7"},
		{name: "the console's test call", of: "rest-request", change: func(e map[string]any) {
			e["methodArn"] = "arn:aws:execute-api:us-east-1:123456789012:s4x3opwd6i/test-invoke-stage/GET/request"
			set("test-invoke-source-ip", "requestContext", "identity", "sourceIp")(e)
		}, credential: "recorded", from: "invalid IP", check: ":s4x3opwd6i/test-invoke-stage/*"},

		{name: "$default route and stage", of: "http-2.0-iam", change: set("$default", "routeKey"), credential: "recorded", check: `/$default/*`},
		{name: "an unnamed stage", of: "http-1.0", change: set("arn:aws:execute-api:us-east-1:123456789012:abcdef123/$default/GET/request", "methodArn"), credential: "recorded", check: `:abcdef123/$default/*`},
		{name: "a stage named like a method", of: "http-2.0-iam", change: set("arn:aws:execute-api:us-east-1:123456789012:abcdef123/GET/GET/request", "routeArn"), credential: "recorded", check: `:abcdef123/GET/*`},
		{name: "a stage with signs", of: "websocket", change: set("arn:aws:execute-api:us-east-1:123456789012:gy415nuibc/blue_1-a/$connect", "methodArn"), credential: "recorded", check: `:gy415nuibc/blue_1-a/*`},
		{name: "a stage alone", of: "websocket", change: set("arn:aws:execute-api:us-east-1:123456789012:gy415nuibc/live", "methodArn"), credential: "recorded", check: `:gy415nuibc/live/*`},
		{name: "China", of: "websocket", change: set("arn:aws-cn:execute-api:cn-north-1:123456789012:gy415nuibc/live/$connect", "methodArn"), credential: "recorded", check: `arn:aws-cn:execute-api:cn-north-1:123456789012:gy415nuibc/live/*`},
		{name: "GovCloud", of: "http-2.0-iam", change: set("arn:aws-us-gov:execute-api:us-gov-west-1:123456789012:abcdef123/$default/GET/", "routeArn"), credential: "recorded", check: `arn:aws-us-gov:execute-api:us-gov-west-1:123456789012:abcdef123/$default/*`},
		{name: "1,600 bytes", of: "rest-request", change: set("arn:aws:execute-api:us-east-1:123456789012:s4x3opwd6i/test/GET/"+strings.Repeat("é", longPath/2), "methodArn"), credential: "recorded", check: `:s4x3opwd6i/test/*`},
		{name: "1,600 bytes of wildcards", of: "rest-token", change: set("arn:aws:execute-api:us-east-1:123456789012:s4x3opwd6i/test/GET/"+strings.Repeat("*", longPath), "methodArn"), credential: "recorded", check: `:s4x3opwd6i/test/*`},
	} {
		t.Run(o.of+": "+o.name, func(t *testing.T) {
			r := record(t, o.of)
			o.change(r.Event)
			j := &judge{principal: bearer}
			got := run(t, j, authorizer.Config{HTTPResponse: r.HTTPAPIResponse}, r.Event)
			if o.credential == "recorded" {
				o.credential = r.Credential
			}
			switch {
			case o.credential == "" && (got.allows() || j.asked != nil || got.counted != outcome{"unauthenticated", string(o.reason)}):
				t.Errorf("%s %v, counted %v, asked for %q; want refused for %s", got.answer, got.err, got.counted, j.asked, o.reason)
			case o.credential != "" && (!got.allows() || !slices.Equal(j.asked, []string{o.credential})):
				t.Errorf("%s %v, asked for %q; want %q allowed", got.answer, got.err, j.asked, o.credential)
			case !strings.Contains(got.answer, o.check):
				t.Errorf("%s does not hold %s", got.answer, o.check)
			case o.from != "" && j.from.String() != o.from:
				t.Errorf("from %s, want %s", j.from, o.from)
			}
		})
	}
}

func TestKindsThatOnlyLookAlikeAreErrors(t *testing.T) {
	for name, o := range map[string]odd{
		"payload 3.0":                 {of: "http-2.0-iam", change: set("3.0", "version")},
		"payload 2.0 without a route": {of: "http-2.0-iam", change: without("routeArn")},
		"payload 1.0 without a type":  {of: "http-1.0", change: without("type")},
		"AppSync's Event API":         {of: "appsync", change: set("EVENT_CONNECT", "requestContext", "operation")},
		"AppSync without an API":      {of: "appsync", change: set("", "requestContext", "apiId")},
		"a stage of any name":         {of: "rest-token", change: set("arn:aws:execute-api:us-west-2:123456789012:ymy8tbxw7b/*/GET/", "methodArn")},
	} {
		r := record(t, o.of)
		o.change(r.Event)
		if got := run(t, &judge{principal: bearer}, authorizer.Config{HTTPResponse: authorizer.IAM}, r.Event); got.err == nil || got.unauthorized() || got.answer != "null" {
			t.Errorf("%s: %s %v", name, got.answer, got.err)
		}
	}
}

func TestAppSyncReusesAnAnswerForAsLongAsItIsTold(t *testing.T) {
	r := record(t, "appsync")
	for ttl, want := range map[time.Duration]string{0: `"ttlOverride":0`, time.Minute: `"ttlOverride":60`} {
		for _, j := range []*judge{{principal: bearer}, {err: &validate.Denial{Reason: validate.Unknown}}} {
			if got := run(t, j, authorizer.Config{AppSyncTTL: ttl}, r.Event); !strings.Contains(got.answer, want) {
				t.Errorf("%s: %s does not hold %s", ttl, got.answer, want)
			}
		}
	}
}
