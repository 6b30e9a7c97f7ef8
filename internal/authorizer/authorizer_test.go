package authorizer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tokenwright/tokenwright/internal/authorizer"
	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/validate"
)

// judge is a validator that answers as told and remembers what it was asked.
type judge struct {
	principal principal.Principal
	routes    *route.Compiled // of every API
	err       error
	asked     []string
	from      netip.Addr
	api       route.APIID
	panicking bool
}

func (j *judge) Validate(_ context.Context, r validate.Request) (validate.Admission, error) {
	if j.panicking {
		panic("bug with " + r.Credential)
	}
	j.asked, j.from, j.api = append(j.asked, r.Credential), r.From, r.API
	return validate.Admission{Principal: j.principal, Routes: j.routes}, j.err
}

var bearer = principal.Principal{
	Kind: principal.Personal, Account: "acc_acme", User: "usr_tgNbh7Q7aQP", Token: "tok_tgNbh7Q7aQPVbfllxJGMII", Environment: token.Live,
	Scopes: scope.NewSet("orders:read", "orders:write"), ExpiresAt: time.Date(2027, 2, 20, 12, 0, 0, 0, time.UTC),
}

type outcome struct{ outcome, reason string }

// ask has an event answered and returns the answer as JSON, what was counted and what was logged.
func ask(t *testing.T, j *judge, response authorizer.ResponseKind, event string) (answer string, counted outcome, log string, err error) {
	t.Helper()
	var out bytes.Buffer
	a := authorizer.New(authorizer.Config{
		Validator: j, HTTPResponse: response, Log: slog.New(slog.NewJSONHandler(&out, nil)),
		Count: func(_ context.Context, o, r string) { counted = outcome{o, r} },
	})
	got, err := a.Handle(t.Context(), json.RawMessage(event))
	text, _ := json.Marshal(got)
	return string(text), counted, out.String(), err
}

const arn = "arn:aws:execute-api:us-east-1:123456789012:a1b2c3/live/GET/v1/tokens"

// restRequest is a REST API's REQUEST event with headers.
func restRequest(arn, ip string, headers ...[2]string) string {
	single, multi := map[string]string{}, map[string][]string{}
	for _, h := range headers {
		single[h[0]] = h[1]
		multi[h[0]] = append(multi[h[0]], h[1])
	}
	text, _ := json.Marshal(map[string]any{
		"type": "REQUEST", "methodArn": arn, "headers": single, "multiValueHeaders": multi,
		"requestContext": map[string]any{"requestId": "r-1", "identity": map[string]string{"sourceIp": ip}},
	})
	return string(text)
}

func TestAllowCoversTheWholeStage(t *testing.T) {
	for _, tt := range []struct{ arn, want string }{
		{arn, "arn:aws:execute-api:us-east-1:123456789012:a1b2c3/live/*"},
		{"arn:aws-cn:execute-api:cn-north-1:123456789012:a1b2c3/live/GET/", "arn:aws-cn:execute-api:cn-north-1:123456789012:a1b2c3/live/*"},
		{"arn:aws:execute-api:us-east-1:123456789012:a1b2c3/$default/GET/a:b/c", "arn:aws:execute-api:us-east-1:123456789012:a1b2c3/$default/*"},
		{"arn:aws:execute-api:us-east-1:123456789012:a1b2c3/live/GET/" + strings.Repeat("x", 1600), "arn:aws:execute-api:us-east-1:123456789012:a1b2c3/live/*"},
	} {
		j := &judge{principal: bearer}
		got, counted, _, err := ask(t, j, authorizer.Simple, restRequest(tt.arn, "203.0.113.7", [2]string{"Authorization", "Bearer at_x"}))
		if err != nil {
			t.Fatal(err)
		}
		want := `{"principalId":"usr_tgNbh7Q7aQP","policyDocument":{"Version":"2012-10-17","Statement":[{"Action":["execute-api:Invoke"],"Effect":"Allow",` +
			`"Resource":["` + tt.want + `"]}]},"context":{"accountId":"acc_acme","environment":"live","expiresAt":"2027-02-20T12:00:00.000Z","kind":"personal",` +
			`"scopes":"orders:read orders:write","tokenId":"tok_tgNbh7Q7aQPVbfllxJGMII","userId":"usr_tgNbh7Q7aQP"}}`
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%.80s: %s", tt.arn, diff)
		}
		if counted != (outcome{"allowed", ""}) || j.from.String() != "203.0.113.7" {
			t.Errorf("counted %v, from %v", counted, j.from)
		}
	}
}

func TestARNsThatCouldWidenThePolicyAreErrors(t *testing.T) {
	for _, bad := range []string{
		"arn:aws:execute-api:us-east-1:123456789012:*/live/GET/x", "arn:aws:execute-api:us-east-1:123456789012:a1/*/GET/x",
		"arn:aws:execute-api:*:123456789012:a1/live/GET/x", "arn:aws:execute-api:us-east-1:12345?789012:a1/live/GET/x", "arn:aws:s3:::bucket/key/x",
		"arn:aws:execute-api:us-east-1:123456789012:a1", "arn:aws:execute-api:us-east-1:123456789012:/live/GET/x", "x", "a:b:c",
	} {
		got, counted, _, err := ask(t, &judge{principal: bearer}, authorizer.Simple, restRequest(bad, "203.0.113.7", [2]string{"Authorization", "Bearer x"}))
		if err == nil || err.Error() == "Unauthorized" || counted.outcome != "error" {
			t.Errorf("%s: %s, %v, %v; want an error", bad, got, err, counted)
		}
	}
}

func TestWhereACredentialMayStand(t *testing.T) {
	h := func(pairs ...string) (out [][2]string) {
		for i := 0; i < len(pairs); i += 2 {
			out = append(out, [2]string{pairs[i], pairs[i+1]})
		}
		return out
	}
	for _, tt := range []struct {
		name    string
		headers [][2]string
		want    string // the credential; "" = refused
		reason  validate.Reason
	}{
		{"bearer", h("Authorization", "Bearer abc"), "abc", ""},
		{"any case", h("aUTHORIZATION", "bEARER abc"), "abc", ""},
		{"token", h("Authorization", "Token abc"), "abc", ""},
		{"more spaces", h("Authorization", "  Bearer   abc "), "abc", ""},
		{"X-API-Key", h("x-api-key", "abc"), "abc", ""},
		{"the same twice", h("Authorization", "Bearer abc", "X-Api-Key", "abc"), "abc", ""},
		{"none", nil, "", validate.Missing},
		{"an empty header", h("Authorization", ""), "", validate.Malformed},
		{"a scheme alone", h("Authorization", "Bearer"), "", validate.Malformed},
		{"another scheme", h("Authorization", "Basic YTpi"), "", validate.Malformed},
		{"two that differ", h("Authorization", "Bearer abc", "X-Api-Key", "abd"), "", validate.Ambiguous},
		{"two Authorization values", h("Authorization", "Bearer abc", "Authorization", "Bearer abd"), "", validate.Ambiguous},
		{"one good, one of another scheme", h("Authorization", "Bearer abc", "authorization", "Basic YTpi"), "", validate.Malformed},
		{"over 8 KiB", h("X-Api-Key", strings.Repeat("a", 8193)), "", validate.Malformed},
		{"a cookie", h("Cookie", "Authorization=Bearer abc"), "", validate.Missing},
	} {
		j := &judge{principal: bearer}
		got, counted, _, err := ask(t, j, authorizer.Simple, restRequest(arn, "203.0.113.7", tt.headers...))
		switch {
		case tt.want != "" && (err != nil || !slices.Equal(j.asked, []string{tt.want})):
			t.Errorf("%s: asked for %q, %v; want %q", tt.name, j.asked, err, tt.want)
		case tt.want == "" && (err == nil || err.Error() != "Unauthorized" || got != "null" || counted != outcome{"unauthenticated", string(tt.reason)} || j.asked != nil):
			t.Errorf("%s: %s, %v, %v; want 401 for %s", tt.name, got, err, counted, tt.reason)
		}
	}
}

func TestRefusalsOfEachKindOfAPI(t *testing.T) {
	refused := func(r validate.Reason, authentic bool) error {
		return &validate.Denial{Reason: r, Token: bearer.Token, Authentic: authentic}
	}
	rest := restRequest(arn, "203.0.113.7", [2]string{"Authorization", "Bearer x"})
	restToken := `{"type":"TOKEN","methodArn":"` + arn + `","authorizationToken":"Bearer x"}`
	http2 := `{"version":"2.0","type":"REQUEST","routeArn":"` + arn + `","headers":{"authorization":"Bearer x"},"requestContext":{"http":{"sourceIp":"203.0.113.7"}}}`
	deny := func(code, detail string) string {
		return fmt.Sprintf(`{"principalId":"nobody","policyDocument":{"Version":"2012-10-17","Statement":[{"Action":["execute-api:Invoke"],"Effect":"Deny",`+
			`"Resource":["arn:aws:execute-api:us-east-1:123456789012:a1b2c3/live/*"]}]},"context":{"challenge":"Bearer","code":%q,"detail":%q}}`, code, detail)
	}
	simple := func(code, detail string) string {
		return fmt.Sprintf(`{"isAuthorized":false,"context":{"challenge":"Bearer","code":%q,"detail":%q}}`, code, detail)
	}
	const address, vague = "The token may not be used from this address.", "The credential does not admit you here."
	for _, tt := range []struct {
		name  string
		event string
		kind  authorizer.ResponseKind
		err   error
		want  string // "" = the function error Unauthorized
	}{
		{"REST: revoked", rest, authorizer.Simple, refused(validate.Revoked, true), ""},
		{"REST: unknown", rest, authorizer.Simple, refused(validate.Unknown, false), ""},
		{"REST: wrong address", rest, authorizer.Simple, refused(validate.AddressDenied, true), deny("ip_denied", address)},
		{"REST TOKEN: wrong address", restToken, authorizer.Simple, refused(validate.AddressDenied, true), deny("ip_denied", address)},
		{"REST TOKEN: malformed", restToken, authorizer.Simple, refused(validate.Malformed, false), ""},
		{"HTTP simple: revoked, to who has the secret", http2, authorizer.Simple, refused(validate.Revoked, true), simple("revoked", "The token is revoked.")},
		{"HTTP simple: unknown", http2, authorizer.Simple, refused(validate.Unknown, false), simple("forbidden", vague)},
		{"HTTP simple: wrong secret", http2, authorizer.Simple, refused(validate.WrongSecret, false), simple("forbidden", vague)},
		{"HTTP IAM: wrong address", http2, authorizer.IAM, refused(validate.AddressDenied, true), deny("ip_denied", address)},
		{"HTTP IAM: wrong secret", http2, authorizer.IAM, refused(validate.WrongSecret, false), deny("forbidden", vague)},
	} {
		got, counted, _, err := ask(t, &judge{err: tt.err}, tt.kind, tt.event)
		switch {
		case tt.want == "" && (err == nil || err.Error() != "Unauthorized"):
			t.Errorf("%s: %s, %v; want exactly the error Unauthorized", tt.name, got, err)
		case tt.want != "" && (err != nil || got != tt.want):
			t.Errorf("%s: %v\n got %s\nwant %s", tt.name, err, got, tt.want)
		}
		if counted.outcome != "denied" && counted.outcome != "unauthenticated" {
			t.Errorf("%s: counted %v", tt.name, counted)
		}
	}
}

func TestAnOutageIsNeitherAllowNorUnauthorized(t *testing.T) {
	for name, j := range map[string]*judge{
		"store":      {err: fmt.Errorf("reading: %w", token.ErrUnavailable)},
		"a surprise": {err: errors.New("boom")},
		"a panic":    {panicking: true},
	} {
		got, _, log, err := ask(t, j, authorizer.Simple, restRequest(arn, "203.0.113.7", [2]string{"Authorization", "Bearer at_live_secret"}))
		if err == nil || err.Error() == "Unauthorized" || got != "null" {
			t.Errorf("%s: %s, %v; want another error", name, got, err)
		}
		if strings.Contains(err.Error()+log, "at_live_secret") {
			t.Errorf("%s: the credential stands in %v or %s", name, err, log)
		}
	}
}

func TestEventsOfNoKnownKindAreErrors(t *testing.T) {
	for _, event := range []string{`{}`, `[]`, `null`, `"x"`, `{"type":"REQUEST"}`, `{"version":"3.0","routeArn":"x"}`, `{"type":"OTHER","methodArn":"x"}`, `{"type":"TOKEN","methodArn":"x","authorizationToken":5}`} {
		j := &judge{principal: bearer}
		if got, counted, _, err := ask(t, j, authorizer.Simple, event); err == nil || err.Error() == "Unauthorized" || counted.outcome != "error" || j.asked != nil {
			t.Errorf("%s: %s, %v, %v", event, got, err, counted)
		}
	}
}

func TestAnAnswerBeyondTheGatewaysLimitsIsADenial(t *testing.T) {
	rich := bearer
	for i := range 800 {
		rich.Scopes = append(rich.Scopes, scope.Scope(fmt.Sprintf("thing%03d:read", i)))
	}
	got, counted, log, err := ask(t, &judge{principal: rich}, authorizer.Simple, restRequest(arn, "203.0.113.7", [2]string{"Authorization", "Bearer x"}))
	if err != nil || !strings.Contains(got, `"Effect":"Deny"`) || !strings.Contains(got, "policy_too_large") || counted != (outcome{"denied", "policy_too_large"}) {
		t.Errorf("%.200s, %v, %v", got, err, counted)
	}
	if !strings.Contains(log, "policy_too_large") {
		t.Errorf("the reason is not in the log: %s", log)
	}
}

func TestAddresses(t *testing.T) {
	for ip, want := range map[string]string{
		"203.0.113.7": "203.0.113.7", "2001:db8::1": "2001:db8::1", "::ffff:203.0.113.7": "203.0.113.7", "": "invalid IP", "test-invoke-source-ip": "invalid IP",
	} {
		j := &judge{principal: bearer}
		_, _, _, err := ask(t, j, authorizer.Simple, restRequest(arn, ip, [2]string{"Authorization", "Bearer x"}))
		if err != nil || j.from.String() != want {
			t.Errorf("%q reads as %s, %v; want %s", ip, j.from, err, want)
		}
	}
	j := &judge{principal: bearer}
	forwarded := restRequest(arn, "203.0.113.7", [2]string{"Authorization", "Bearer x"}, [2]string{"X-Forwarded-For", "198.51.100.1, 10.0.0.1"})
	if _, _, _, _ = ask(t, j, authorizer.Simple, forwarded); j.from.String() != "203.0.113.7" {
		t.Errorf("X-Forwarded-For is believed: %s", j.from)
	}
	j = &judge{principal: bearer}
	if _, _, _, _ = ask(t, j, authorizer.Simple, `{"type":"TOKEN","methodArn":"`+arn+`","authorizationToken":"abc"}`); j.from.IsValid() || !slices.Equal(j.asked, []string{"abc"}) {
		t.Errorf("a TOKEN event names %s, asks %q", j.from, j.asked)
	}
}

// Every sample of the repository is understood, and nothing of its credential is logged.
func TestSampleEvents(t *testing.T) {
	files, err := filepath.Glob("../../events/authorizer/*.json")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d samples, %v", len(files), err)
	}
	for _, file := range files {
		event, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		j := &judge{principal: bearer}
		got, counted, log, err := ask(t, j, authorizer.IAM, string(event))
		if strings.Contains(file, "no-credential") || strings.Contains(file, "browser") { // what a browser sends is looked at where it is switched on
			if err == nil || err.Error() != "Unauthorized" {
				t.Errorf("%s: %s, %v", file, got, err)
			}
			continue
		}
		if err != nil || counted.outcome != "allowed" || len(j.asked) != 1 || !strings.Contains(got, "/*") && !strings.Contains(got, `"isAuthorized":true`) {
			t.Errorf("%s: %s, %v, %v", file, got, err, counted)
			continue
		}
		if strings.Contains(log, j.asked[0]) {
			t.Errorf("%s: the credential is logged", file)
		}
	}
}

func FuzzHandle(f *testing.F) {
	f.Add(restRequest(arn, "203.0.113.7", [2]string{"Authorization", "Bearer x"}))
	f.Add(`{"type":"TOKEN","methodArn":"` + arn + `","authorizationToken":"Bearer x"}`)
	f.Add(`{"version":"2.0","type":"REQUEST","routeArn":"` + arn + `","headers":{"authorization":"Bearer x"}}`)
	samples, err := filepath.Glob("../../events/authorizer/*.json")
	if err != nil || len(samples) < 3 {
		f.Fatalf("%d samples, %v", len(samples), err)
	}
	for _, file := range samples {
		event, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(event))
	}
	a := authorizer.New(authorizer.Config{
		Validator: &judge{err: &validate.Denial{Reason: validate.Unknown}}, HTTPResponse: authorizer.Simple,
		Places: authorizer.Places{Subprotocol: true, QueryParameter: "q"}, ClientAddress: authorizer.CloudFront, Log: slog.New(slog.DiscardHandler),
		Count: func(context.Context, string, string) {},
	})
	f.Fuzz(func(t *testing.T, event string) {
		got, err := a.Handle(t.Context(), json.RawMessage(event))
		text, _ := json.Marshal(got)
		if err == nil && !strings.Contains(string(text), `"isAuthorized":false`) && !strings.Contains(string(text), `"Effect":"Deny"`) {
			t.Errorf("%q is answered %s", event, text)
		}
	})
}
