package guard_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenwright/tokenwright/examples/orders/guard"
)

// caller is the authorizer's context as API Gateway delivers it: strings, under requestContext.authorizer.
func caller(scopes string) map[string]any {
	return map[string]any{
		"accountId": "acc_acme", "userId": "usr_tgNbh7Q7aQP", "tokenId": "tok_tgNbh7Q7aQPVbfllxJGMII",
		"kind": "personal", "environment": "live", "scopes": scopes, "expiresAt": "",
		"principalId": "usr_tgNbh7Q7aQP", "integrationLatency": 41.0,
	}
}

func request(authorizer map[string]any) guard.Request {
	return guard.Request{
		Resource:       "/orders",
		RequestContext: events.APIGatewayProxyRequestContext{RequestID: "req-1", Authorizer: authorizer},
	}
}

func TestRequireServesWhoHoldsTheScope(t *testing.T) {
	var got guard.Caller
	handler := guard.Require("orders:read", func(_ context.Context, _ guard.Request, c guard.Caller) (guard.Response, error) {
		got = c
		return guard.JSON(http.StatusOK, nil)
	})
	response, err := handler(t.Context(), request(caller("orders:read orders:write")))
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("got %d, %v; want 200", response.StatusCode, err)
	}
	if got.AccountID != "acc_acme" || got.TokenID != "tok_tgNbh7Q7aQPVbfllxJGMII" || !got.May("orders:write") {
		t.Errorf("served as %+v", got)
	}
}

func TestRequireRefuses(t *testing.T) {
	without := func(key string) map[string]any { c := caller("orders:read"); delete(c, key); return c }
	for _, test := range []struct {
		name       string
		authorizer map[string]any
		status     int
		code       string
	}{
		{"a caller without any scope", caller(""), 403, "insufficient_scope"},
		{"a caller with another scope", caller("orders:write buckets:read"), 403, "insufficient_scope"},
		{"a scope that merely begins alike", caller("orders:reader"), 403, "insufficient_scope"},
		{"a scope that merely ends alike", caller("myorders:read"), 403, "insufficient_scope"},
		{"a route without the authorizer", nil, 500, "internal"},
		{"a context without an account", without("accountId"), 500, "internal"},
		{"a context without a user", without("userId"), 500, "internal"},
		{"a context of another authorizer", map[string]any{"principalId": "x", "scopes": "orders:read"}, 500, "internal"},
		{"scopes of the wrong type", map[string]any{"accountId": "a", "userId": "u", "kind": "service", "scopes": 1}, 403, "insufficient_scope"},
	} {
		t.Run(test.name, func(t *testing.T) {
			handler := guard.Require("orders:read", func(context.Context, guard.Request, guard.Caller) (guard.Response, error) {
				t.Error("served")
				return guard.Response{}, nil
			})
			response, err := handler(t.Context(), request(test.authorizer))
			if err != nil {
				t.Fatal(err)
			}
			checkProblem(t, response, test.status, test.code)
		})
	}
}

func TestAMissingScopeIsNamed(t *testing.T) {
	handler := guard.Require("orders:read", nil)
	response, err := handler(t.Context(), request(caller("")))
	if err != nil {
		t.Fatal(err)
	}
	want := `Bearer error="insufficient_scope", scope="orders:read"`
	if got := response.Headers["WWW-Authenticate"]; got != want {
		t.Errorf("WWW-Authenticate: %s, want %s", got, want)
	}
	want = `{"code":"insufficient_scope","detail":"This needs the scope orders:read.","error":"Forbidden",` +
		`"requestId":"req-1","status":403,"title":"Forbidden","type":"about:blank"}`
	if response.Body != want {
		t.Errorf("body:\n%s, want\n%s", response.Body, want)
	}
}

func checkProblem(t *testing.T, response guard.Response, status int, code string) {
	t.Helper()
	var problem struct {
		Status    int
		Code      string
		Error     string
		RequestID string
	}
	if err := json.Unmarshal([]byte(response.Body), &problem); err != nil {
		t.Fatalf("body %q: %v", response.Body, err)
	}
	if response.StatusCode != status || problem.Status != status || problem.Code != code {
		t.Errorf("got %d with %s, want %d with code %s", response.StatusCode, response.Body, status, code)
	}
	if problem.Error != http.StatusText(status) || problem.RequestID != "req-1" {
		t.Errorf("incomplete problem document: %s", response.Body)
	}
	if got := response.Headers["Content-Type"]; got != "application/problem+json" {
		t.Errorf("Content-Type: %s", got)
	}
}
