package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenwright/tokenwright/internal/job"
	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// event is a call of an admin as API Gateway passes it on.
func event(change func(*events.APIGatewayProxyRequest)) events.APIGatewayProxyRequest {
	p := principal.Principal{Kind: principal.Person, Account: "acc_acme", User: "usr_tgNbh7Q7aQP", Subject: "ada", Profile: principal.ProfileCurrent}
	e := events.APIGatewayProxyRequest{Headers: map[string]string{"content-type": "application/json; charset=utf-8"}}
	e.RequestContext.RequestID = "r-1"
	e.RequestContext.Authorizer = map[string]any{}
	for k, v := range p.Context() {
		e.RequestContext.Authorizer[k] = v
	}
	if change != nil {
		change(&e)
	}
	return e
}

func serve(t *testing.T, e events.APIGatewayProxyRequest, endpoint Endpoint) (events.APIGatewayProxyResponse, string) {
	t.Helper()
	var log bytes.Buffer
	response, err := Handler("test", slog.New(slog.NewJSONHandler(&log, nil)), endpoint)(t.Context(), e)
	if err != nil {
		t.Fatalf("a handler returned an error: %v", err)
	}
	if response.Headers["Cache-Control"] != "no-store" {
		t.Error("the answer may be cached")
	}
	return response, log.String()
}

func fails(err error) Endpoint {
	return func(context.Context, *Request) (Answer, error) { return Answer{}, err }
}

func TestEveryErrorHasItsStatus(t *testing.T) {
	for _, tt := range []struct {
		err    error
		status int
		code   string
	}{
		{lifecycle.ErrMalformed, 400, "malformed_request"}, {principal.ErrNone, 401, "unauthorized"}, {lifecycle.ErrForbidden, 403, "forbidden"},
		{token.ErrNotFound, 404, "not_found"}, {lifecycle.ErrConflict, 409, "conflict"}, {lifecycle.ErrPrecondition, 412, "version_mismatch"},
		{user.ErrNotFound, 404, "not_found"}, {job.ErrNotFound, 404, "not_found"}, {route.ErrNotFound, 404, "not_found"}, {lifecycle.ErrVersionRequired, 428, "if_match_required"}, {ErrTooLarge, 413, "too_large"}, {ErrMediaType, 415, "unsupported_media_type"}, {lifecycle.ErrInvalid, 422, "invalid_fields"},
		{token.ErrUnavailable, 503, "unavailable"}, {errors.New("dial tcp 10.0.0.7: secret detail"), 500, "internal"},
	} {
		response, log := serve(t, event(nil), fails(fmt.Errorf("reading tok_x: %w", tt.err)))
		var p problem
		if err := json.Unmarshal([]byte(response.Body), &p); err != nil {
			t.Fatal(err)
		}
		text := http.StatusText(tt.status)
		if response.StatusCode != tt.status || p.Status != tt.status || p.Code != tt.code || p.Title != text || p.Error != text || p.Detail == "" || p.RequestID != "r-1" || p.Type != "about:blank" {
			t.Errorf("%v: %d %s", tt.err, response.StatusCode, response.Body)
		}
		if response.Headers["Content-Type"] != "application/problem+json" || strings.Contains(response.Body, "reading tok_x") || strings.Contains(response.Body, "10.0.0.7") {
			t.Errorf("%v: %v %s", tt.err, response.Headers, response.Body)
		}
		if isFault := tt.status >= 500; strings.Contains(log, "reading tok_x") != isFault || strings.Contains(log, `"ERROR"`) != isFault {
			t.Errorf("%v: logged %s", tt.err, log)
		}
	}
	if len(statuses) != 14 {
		t.Errorf("%d rows in the table of statuses: this test walks 14", len(statuses))
	}
}

func TestRefusalsSayWhatIsMissing(t *testing.T) {
	refusal := &lifecycle.Refusal{
		Root: lifecycle.ErrForbidden, Code: "insufficient_scope", Detail: "This needs the scope tokens:read.", Scopes: scope.NewSet("tokens:read"),
	}
	response, _ := serve(t, event(nil), fails(fmt.Errorf("listing: %w", refusal)))
	if got := response.Headers["WWW-Authenticate"]; response.StatusCode != 403 || got != `Bearer realm="tokenwright", error="insufficient_scope", scope="tokens:read"` {
		t.Errorf("%d %s", response.StatusCode, got)
	}
	response, _ = serve(t, event(nil), fails(token.ErrUnavailable))
	if response.Headers["Retry-After"] == "" {
		t.Error("503 without Retry-After")
	}
}

func TestAPanicIsAnsweredAndLogged(t *testing.T) {
	response, log := serve(t, event(nil), func(context.Context, *Request) (Answer, error) { panic("a bug") })
	if response.StatusCode != 500 || strings.Contains(response.Body, "bug") || !strings.Contains(log, "a bug") || !strings.Contains(log, "handler_test.go") {
		t.Errorf("%d %s\n%s", response.StatusCode, response.Body, log)
	}
}

func TestAnAnswerThatCannotBeEncodedIsOurFault(t *testing.T) {
	response, log := serve(t, event(nil), func(context.Context, *Request) (Answer, error) { return Answer{Status: 200, Body: func() {}}, nil })
	if response.StatusCode != 500 || !strings.Contains(log, "encoding the answer") {
		t.Errorf("%d %s\n%s", response.StatusCode, response.Body, log)
	}
}

func TestWithoutTheAuthorizerNobodyIsLetIn(t *testing.T) {
	e := event(func(e *events.APIGatewayProxyRequest) { e.RequestContext.Authorizer = nil })
	response, _ := serve(t, e, func(context.Context, *Request) (Answer, error) {
		t.Error("the endpoint was called")
		return Answer{}, nil
	})
	if response.StatusCode != 401 || response.Headers["WWW-Authenticate"] == "" {
		t.Errorf("%d %v", response.StatusCode, response.Headers)
	}
}

func TestBodies(t *testing.T) {
	read := func(change func(*events.APIGatewayProxyRequest)) (*object, error) {
		e := event(change)
		return (&Request{event: &e}).object(false)
	}
	for name, tt := range map[string]struct {
		change func(*events.APIGatewayProxyRequest)
		want   error // nil = accepted
	}{
		"an object": {func(e *events.APIGatewayProxyRequest) { e.Body = ` {"name": "x"} ` }, nil},
		"base64": {func(e *events.APIGatewayProxyRequest) {
			e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte(`{}`)), true
		}, nil},
		"merge patch": {func(e *events.APIGatewayProxyRequest) {
			e.Body, e.Headers["content-type"] = `{}`, "application/merge-patch+json"
		}, nil},
		"64 KiB":      {func(e *events.APIGatewayProxyRequest) { e.Body = `{"a":"` + strings.Repeat("x", maxBody-8) + `"}` }, nil},
		"over 64 KiB": {func(e *events.APIGatewayProxyRequest) { e.Body = `{"a":"` + strings.Repeat("x", maxBody-7) + `"}` }, ErrTooLarge},
		"over, in base64": {func(e *events.APIGatewayProxyRequest) {
			e.Body, e.IsBase64Encoded = strings.Repeat("A", 2*maxBody), true
		}, ErrTooLarge},
		"nothing":            {func(*events.APIGatewayProxyRequest) {}, lifecycle.ErrMalformed},
		"text":               {func(e *events.APIGatewayProxyRequest) { e.Body = `name=x` }, lifecycle.ErrMalformed},
		"a list":             {func(e *events.APIGatewayProxyRequest) { e.Body = `[]` }, lifecycle.ErrMalformed},
		"two objects":        {func(e *events.APIGatewayProxyRequest) { e.Body = `{}{}` }, lifecycle.ErrMalformed},
		"half an object":     {func(e *events.APIGatewayProxyRequest) { e.Body = `{"a":` }, lifecycle.ErrMalformed},
		"a doubled member":   {func(e *events.APIGatewayProxyRequest) { e.Body = `{"name":"x","name":"y"}` }, lifecycle.ErrMalformed},
		"not UTF-8":          {func(e *events.APIGatewayProxyRequest) { e.Body = "{\"name\":\"\xff\"}" }, lifecycle.ErrMalformed},
		"bad base64":         {func(e *events.APIGatewayProxyRequest) { e.Body, e.IsBase64Encoded = "?", true }, lifecycle.ErrMalformed},
		"another media type": {func(e *events.APIGatewayProxyRequest) { e.Body, e.Headers["content-type"] = `{}`, "text/plain" }, ErrMediaType},
		"no media type":      {func(e *events.APIGatewayProxyRequest) { e.Body, e.Headers = `{}`, nil }, ErrMediaType},
	} {
		if _, err := read(tt.change); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}

func TestEveryBadMemberIsNamedAtOnce(t *testing.T) {
	o, err := decodeObject([]byte(`{"name":7,"isActive":null,"scopes":"x","expiresAt":"soon","gracePeriod":"1 day","kind":"robot","Name":"x","expires_at":1,"id":"tok_x","zz":1}`))
	if err != nil {
		t.Fatal(err)
	}
	plain[string](o, "name", "text")
	plain[bool](o, "isActive", "true or false")
	take[[]string](o, "scopes", "a list")
	o.instant("expiresAt")
	o.period("gracePeriod")
	choice(o, "kind", "personal or service", token.ParseKind)
	var refusal *lifecycle.Refusal
	if !errors.As(o.done(tokenFields...), &refusal) {
		t.Fatal("accepted")
	}
	var got []string
	for _, f := range refusal.Fields {
		got = append(got, f.Field+" "+f.Code)
	}
	want := []string{
		"name wrong_type", "isActive wrong_type", "scopes wrong_type", "expiresAt bad_time", "gracePeriod bad_duration", "kind bad_value",
		"Name unknown_field", "expires_at unknown_field", "id read_only", "zz unknown_field",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	if d := refusal.Fields[7].Detail; !strings.Contains(d, "expiresAt") {
		t.Errorf("a slip is answered %q", d)
	}
}

func TestTheSameMistakesAreToldInTheSameOrder(t *testing.T) {
	const body = `{"z":1,"a":1,"rolesFrom":5,"allowedCidrBlocks":["x"],
		"personal":{"maxLifetime":"1","defaultLifetime":"2","revokeUnusedAfter":"3","allowNeverExpire":0,"requireCidrBlocks":0,"y":1,"b":1},
		"service":{"maxLifetime":"1","defaultLifetime":"2","revokeUnusedAfter":"3","allowNeverExpire":0,"requireCidrBlocks":0}}`
	first := ""
	for range 100 {
		response, _ := serve(t, event(func(e *events.APIGatewayProxyRequest) { e.Body = body }), func(_ context.Context, r *Request) (Answer, error) {
			_, err := r.settings()
			return Answer{}, err
		})
		if first == "" {
			first = response.Body
		}
		if response.StatusCode != 422 || response.Body != first {
			t.Fatalf("%s, and before\n%s", response.Body, first)
		}
	}
	if n := strings.Count(first, `"code"`); n != 17 {
		t.Errorf("%d faults: %s", n-1, first)
	}
}

func TestAWholeNumberIsOneHoweverItIsWritten(t *testing.T) {
	for text, want := range map[string]int{"5": 5, "5.0": 5, "5e0": 5, "0.5e1": 5, "-1": -1, "1e300": 1 << 30, "null": 0} {
		o, err := decodeObject([]byte(`{"n":` + text + `}`))
		if err != nil {
			t.Fatal(err)
		}
		if f := o.whole("n", "a whole number"); f.Value != want || !f.Set || f.Null != (text == "null") || o.done() != nil {
			t.Errorf("%s is %+v, want %d: %v", text, f, want, o.faults)
		}
	}
	for _, text := range []string{"5.5", `"5"`, "true", "1e400", "[5]"} {
		o, err := decodeObject([]byte(`{"n":` + text + `}`))
		if err != nil {
			t.Fatal(err)
		}
		if f := o.whole("n", "a whole number"); len(o.faults) != 1 || o.faults[0].Code != "wrong_type" {
			t.Errorf("%s is %+v: %v", text, f, o.faults)
		}
	}
}

func TestIfMatch(t *testing.T) {
	for header, want := range map[string]int64{"*": 0, `"3"`: 3, ` "12" `: 12, `W/"3"`: -1, `"0"`: -1, `"x"`: -1, `"03"`: 3} {
		e := event(func(e *events.APIGatewayProxyRequest) { e.Headers["IF-match"] = header })
		if got, err := (&Request{event: &e}).ifMatch(); err != nil || got != want {
			t.Errorf("If-Match %s reads as %d, %v; want %d", header, got, err, want)
		}
	}
	for _, bad := range []string{"", " ", "3", `"3", "4"`, `"`, `""3""`, "W/3", "**", "null"} {
		e := event(func(e *events.APIGatewayProxyRequest) { e.Headers["If-Match"] = bad })
		if got, err := (&Request{event: &e}).ifMatch(); !errors.Is(err, lifecycle.ErrMalformed) {
			t.Errorf("If-Match %s reads as %d, %v; want a refusal", bad, got, err)
		}
	}
}

func TestAHeaderThatStandsThereEmptyOrTwiceIsNotTakenForNone(t *testing.T) {
	reads := map[string]func(*Request) error{
		"If-Match":        func(r *Request) error { _, err := r.ifMatch(); return err },
		"if-match":        func(r *Request) error { _, err := r.mustMatch(); return err },
		"IF-MATCH":        func(r *Request) error { _, err := r.seenRules(); return err },
		"Idempotency-Key": func(r *Request) error { _, err := r.idempotencyKey(); return err },
	}
	for name, read := range reads {
		for what, values := range map[string][]string{"empty": {""}, "blank": {" \t"}, "twice": {`"1"`, `"1"`}, "twice empty": {"", ""}} {
			e := event(func(e *events.APIGatewayProxyRequest) {
				e.Headers[name], e.MultiValueHeaders = values[len(values)-1], map[string][]string{name: values}
			})
			if err := read(&Request{event: &e}); !errors.Is(err, lifecycle.ErrMalformed) {
				t.Errorf("%s %s: %v, want a refusal", name, what, err)
			}
		}
		e := event(nil)
		if err := read(&Request{event: &e}); errors.Is(err, lifecycle.ErrMalformed) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

func FuzzDecodeObject(f *testing.F) {
	f.Add([]byte(`{"name":"x","scopes":["a:b"],"expiresAt":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		o, err := decodeObject(body)
		if err == nil && (!json.Valid(body) || len(o.members) > len(body)) {
			t.Errorf("%q is taken for an object", body)
		}
	})
}
