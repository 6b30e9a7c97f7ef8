package authctx_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/tokenwright/tokenwright/authctx"
	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/scope"
)

// sent is what the authorizer sends, from the side that sends it.
var sent = principal.Principal{
	Kind: principal.Personal, Account: "acc_acme", User: "usr_tgNbh7Q7aQP", Token: "tok_tgNbh7Q7aQPVbfllxJGMII", Environment: "live",
	Scopes: scope.NewSet("orders:read", "orders:write"), ExpiresAt: time.Date(2027, 2, 20, 12, 0, 0, 5e6, time.UTC),
}

var received = authctx.Principal{
	TokenID: "tok_tgNbh7Q7aQPVbfllxJGMII", AccountID: "acc_acme", UserID: "usr_tgNbh7Q7aQP", Kind: authctx.Personal, Environment: "live",
	Scopes: []string{"orders:read", "orders:write"}, ExpiresAt: sent.ExpiresAt,
}

// delivered is the context as it stands in an event, after its way through the gateway.
func delivered(t *testing.T, p principal.Principal) string {
	t.Helper()
	text, err := json.Marshal(p.Context())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// read decodes an event of each kind as aws-lambda-go does, and returns who called.
func read[T any](t *testing.T, event string, from func(T) (authctx.Principal, error)) (authctx.Principal, error) {
	t.Helper()
	var decoded T
	if err := json.Unmarshal([]byte(event), &decoded); err != nil {
		t.Fatal(err)
	}
	return from(decoded)
}

func everyKind(t *testing.T, context string) map[string]func() (authctx.Principal, error) {
	t.Helper()
	type resolver struct{ Identity authctx.AppSyncIdentity }
	return map[string]func() (authctx.Principal, error){
		"REST": func() (authctx.Principal, error) {
			return read(t, `{"resource":"/orders","requestContext":{"authorizer":`+context+`}}`, authctx.FromREST)
		},
		"HTTP 1.0": func() (authctx.Principal, error) {
			return read(t, `{"version":"1.0","resource":"/orders","requestContext":{"authorizer":`+context+`}}`, authctx.FromREST)
		},
		"HTTP 2.0": func() (authctx.Principal, error) {
			return read(t, `{"version":"2.0","requestContext":{"authorizer":{"lambda":`+context+`}}}`, authctx.FromHTTP)
		},
		"WebSocket": func() (authctx.Principal, error) {
			return read(t, `{"requestContext":{"routeKey":"$default","eventType":"MESSAGE","authorizer":`+context+`}}`, authctx.FromWebSocket)
		},
		"AppSync": func() (authctx.Principal, error) {
			return read(t, `{"identity":{"resolverContext":`+context+`}}`, func(r resolver) (authctx.Principal, error) { return authctx.FromAppSync(r.Identity) })
		},
	}
}

func TestEveryKindOfEventNamesTheCaller(t *testing.T) {
	for name, from := range everyKind(t, delivered(t, sent)) {
		got, err := from()
		if diff := cmp.Diff(received, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
}

func TestWhatTheGatewayAddsIsLeftAlone(t *testing.T) {
	context := map[string]any{
		"principalId": "usr_tgNbh7Q7aQP", "integrationLatency": 41.0,
		// and what the gateway's own refusals are written from
		"code": "insufficient_scope", "detail": "The credential lacks a scope that this needs.", "challenge": `Bearer error="insufficient_scope", scope="a:read"`,
	}
	for k, v := range sent.Context() {
		context[k] = v
	}
	if got, err := authctx.FromContext(context); err != nil || !cmp.Equal(received, got) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAPersonHasNoToken(t *testing.T) {
	person := principal.Principal{Kind: principal.Person, Account: "acc_acme", User: "usr_tgNbh7Q7aQP", Subject: "ada", Profile: principal.ProfileCurrent}
	got, err := read(t, delivered(t, person), authctx.FromContext)
	if err != nil || got.Kind != authctx.Person || got.TokenID != "" || got.Environment != "" || len(got.Scopes) != 0 || !got.ExpiresAt.IsZero() {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestEventsWithoutTheAuthorizerNameNobody(t *testing.T) {
	for name, from := range everyKind(t, "null") {
		if got, err := from(); !errors.Is(err, authctx.ErrNone) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for name, event := range map[string]string{
		"no authorizer":      `{"version":"2.0","requestContext":{}}`,
		"a JWT authorizer":   `{"version":"2.0","requestContext":{"authorizer":{"jwt":{"claims":{"accountId":"acc_evil","userId":"usr_x","kind":"person"}}}}}`,
		"claims at the side": `{"version":"2.0","requestContext":{"authorizer":` + delivered(t, sent) + `}}`,
		"headers":            `{"version":"2.0","headers":` + delivered(t, sent) + `,"requestContext":{"authorizer":{"lambda":{}}}}`,
	} {
		if got, err := read(t, event, authctx.FromHTTP); !errors.Is(err, authctx.ErrNone) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestForeignContextsNameNobody(t *testing.T) {
	for name, change := range map[string]func(map[string]any){
		"no account":         func(m map[string]any) { delete(m, "accountId") },
		"no user":            func(m map[string]any) { m["userId"] = "" },
		"an unknown kind":    func(m map[string]any) { m["kind"] = "root" },
		"a kind in capitals": func(m map[string]any) { m["kind"] = "Personal" },
		"a token without id": func(m map[string]any) { delete(m, "tokenId") },
		"a number":           func(m map[string]any) { m["accountId"] = 5 },
		"a bad expiry":       func(m map[string]any) { m["expiresAt"] = "tomorrow" },
	} {
		m := map[string]any{}
		for k, v := range sent.Context() {
			m[k] = v
		}
		change(m)
		if got, err := authctx.FromContext(m); !errors.Is(err, authctx.ErrNone) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestScopesAreComparedWhole(t *testing.T) {
	for asked, want := range map[string]bool{
		"orders:read": true, "orders:write": true, "orders:reader": false, "orders:rea": false, "myorders:read": false, "": false, "orders:*": false, "*": false,
	} {
		if received.Has(asked) != want {
			t.Errorf("has %q: %v", asked, !want)
		}
	}
}

func TestACredentialEndsAtItsInstant(t *testing.T) {
	at := received.ExpiresAt
	if received.Expired(at.Add(-1)) || !received.Expired(at) || !received.Expired(at.Add(1)) {
		t.Error("it does not end at ExpiresAt")
	}
	if (authctx.Principal{}).Expired(at) {
		t.Error("what has no end has ended")
	}
}

func TestRequireServesTheScopeAndNobodyElse(t *testing.T) {
	rest := func(findings map[string]any) (status int, served bool) {
		handler := authctx.RequireREST("orders:read", func(_ context.Context, _ events.APIGatewayProxyRequest, p authctx.Principal) (events.APIGatewayProxyResponse, error) {
			served = p.AccountID == "acc_acme"
			return events.APIGatewayProxyResponse{StatusCode: http.StatusOK}, nil
		})
		answer, err := handler(t.Context(), events.APIGatewayProxyRequest{RequestContext: events.APIGatewayProxyRequestContext{Authorizer: findings}})
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, served
	}
	http2 := func(findings map[string]any) (status int, served bool) {
		handler := authctx.RequireHTTP("orders:read", func(_ context.Context, _ events.APIGatewayV2HTTPRequest, p authctx.Principal) (events.APIGatewayV2HTTPResponse, error) {
			served = p.AccountID == "acc_acme"
			return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusOK}, nil
		})
		request := events.APIGatewayV2HTTPRequest{}
		request.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{Lambda: findings}
		answer, err := handler(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, served
	}
	with := func(scopes any) map[string]any {
		return map[string]any{"accountId": "acc_acme", "userId": "usr_x", "tokenId": "tok_x", "kind": "service", "scopes": scopes}
	}
	for _, test := range []struct {
		name    string
		context map[string]any
		status  int
	}{
		{"the scope among others", with("orders:write orders:read"), 200},
		{"no scope", with(""), 403},
		{"another scope", with("orders:write"), 403},
		{"scopes of the wrong type", with([]any{"orders:read"}), 403},
		{"no authorizer", nil, 500},
		{"another authorizer's context", map[string]any{"principalId": "x", "scopes": "orders:read"}, 500},
	} {
		for kind, call := range map[string]func(map[string]any) (int, bool){"REST": rest, "HTTP": http2} {
			if status, served := call(test.context); status != test.status || served != (test.status == 200) {
				t.Errorf("%s, %s: %d, served %v; want %d", test.name, kind, status, served, test.status)
			}
		}
	}
}

func TestProblemsAreCompleteDocuments(t *testing.T) {
	p := authctx.InsufficientScope("req-1", "orders:read", "orders:write")
	rest, http2 := p.REST(), p.HTTP()
	want := `{"code":"insufficient_scope","detail":"This needs the scope orders:read and orders:write.","error":"Forbidden",` +
		`"requestId":"req-1","status":403,"title":"Forbidden","type":"about:blank"}`
	if rest.Body != want || http2.Body != want || rest.StatusCode != 403 || http2.StatusCode != 403 {
		t.Errorf("got\n%s\n%s, want\n%s", rest.Body, http2.Body, want)
	}
	headers := map[string]string{
		"Content-Type": "application/problem+json", "Cache-Control": "no-store",
		"WWW-Authenticate": `Bearer error="insufficient_scope", scope="orders:read orders:write"`,
	}
	if diff := cmp.Diff(headers, rest.Headers) + cmp.Diff(headers, http2.Headers); diff != "" {
		t.Error(diff)
	}
	if _, challenged := authctx.Internal("req-1").REST().Headers["WWW-Authenticate"]; challenged {
		t.Error("our own fault is answered with a challenge")
	}
}
