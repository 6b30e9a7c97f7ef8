package apigateway_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tokenwright/tokenwright/internal/dev/aws/template"
)

const arnPrefix = "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/live/"

// caching makes the authorizer keep answers for a minute by Authorization.
func caching(api *template.RestAPI) {
	a := api.Authorizers["A"]
	a.TTL, a.Identity = time.Minute, []template.IdentitySource{{Kind: "header", Name: "authorization"}}
	api.Authorizers["A"] = a
}

func TestAnAuthorizerSeesTheRequestAndTheFunctionWhatItPassesOn(t *testing.T) {
	g := rest(t, nil)
	g.do(t, "GET", "/things/7?a=1", "X-Api-Key", "k").want(t, 200, "")
	event := g.last(t, "auth")
	for name, want := range map[string]any{
		"type": "REQUEST", "methodArn": arnPrefix + "GET/things/7", "resource": "/things/{id}", "path": "/things/7", "httpMethod": "GET",
		"pathParameters": map[string]any{"id": "7"}, "queryStringParameters": map[string]any{"a": "1"}, "stageVariables": map[string]any{"color": "blue"},
	} {
		if diff := cmp.Diff(want, event[name]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if event["headers"].(map[string]any)["X-Api-Key"] != "k" || event["requestContext"].(map[string]any)["identity"].(map[string]any)["sourceIp"] != "127.0.0.1" {
		t.Errorf("event %v", event)
	}
	passed := g.last(t, "fn")["requestContext"].(map[string]any)["authorizer"].(map[string]any)
	delete(passed, "integrationLatency")
	if diff := cmp.Diff(map[string]any{"principalId": "user", "detail": "not from here", "n": "7", "yes": "true"}, passed); diff != "" {
		t.Errorf("context values must arrive as text: %s", diff)
	}
}

func TestAnOpenRouteIsNotAuthorized(t *testing.T) {
	g := rest(t, nil)
	g.do(t, "GET", "/open/x").want(t, 200, "")
	if g.count("auth") != 0 {
		t.Error("the authorizer was asked")
	}
	if g.last(t, "fn")["requestContext"].(map[string]any)["authorizer"] != nil {
		t.Error("the function sees an authorizer")
	}
}

func TestDecisions(t *testing.T) {
	explicit := "User is not authorized to access this resource with an explicit deny"
	implicit := `"User is not authorized to access this resource"`
	for _, test := range []struct {
		name   string
		answer any
		status int
		body   string
	}{
		{"Allow on the route", policy("u", "Allow", arnPrefix+"GET/things"), 200, ""},
		{"Allow on the stage", policy("u", "Allow", arnPrefix+"*"), 200, ""},
		{"Allow on another route", policy("u", "Allow", arnPrefix+"GET/other"), 403, implicit},
		{"Allow on another stage", policy("u", "Allow", strings.Replace(arnPrefix, "live", "test", 1)+"*"), 403, implicit},
		{"a policy without statements", policy("u"), 500, ""},
		{"Deny", policy("u", "Deny", "*"), 403, explicit},
		{"Deny before Allow", policy("u", "Allow", "*", "Deny", arnPrefix+"GET/thing?"), 403, explicit},
		{"Deny elsewhere", policy("u", "Allow", "*", "Deny", arnPrefix+"POST/*"), 200, ""},
		{"exactly Unauthorized", failure("Unauthorized"), 401, `{"message":"Unauthorized"}`},
		{"almost Unauthorized", failure("Unauthorized: expired"), 500, `{"message":null}`},
		{"another error", failure("table unreachable"), 500, `{"message":null}`},
		{"the function is missing", errors.New("gone"), 500, `{"message":null}`},
		{"not JSON", "nonsense", 500, `{"message":null}`},
		{"no principal", policy("", "Allow", "*"), 500, `{"message":null}`},
		{"no policy", map[string]any{"principalId": "u"}, 500, `{"message":null}`},
		{"a nested context value", with(policy("u", "Allow", "*"), "context", map[string]any{"a": map[string]any{}}), 500, ""},
		{"a list in the context", with(policy("u", "Allow", "*"), "context", map[string]any{"a": []string{}}), 500, ""},
		{"over 8 KB", with(policy("u", "Allow", "*"), "context", map[string]any{"a": strings.Repeat("x", 8192)}), 500, ""},
		{"a resource over 512 characters", policy("u", "Allow", "*", "Allow", "arn:aws:execute-api:"+strings.Repeat("x", 500)), 500, ""},
		{"an unknown condition", `{"principalId":"u","policyDocument":{"Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*","Condition":{"Foo":{"a":"b"}}}]}}`, 500, ""},
		{"from this address", `{"principalId":"u","policyDocument":{"Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"127.0.0.0/8"}}}]}}`, 200, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := rest(t, nil)
			g.answers["auth"] = func(map[string]any) any { return test.answer }
			g.do(t, "GET", "/things").want(t, test.status, test.body)
			if reached := g.count("fn") > 0; reached != (test.status == 200) {
				t.Errorf("reached the function: %v", reached)
			}
		})
	}
}

func with(answer map[string]any, name string, value any) map[string]any {
	answer[name] = value
	return answer
}

func TestWithoutCachingTheAuthorizerIsAskedEachTime(t *testing.T) {
	g := rest(t, nil)
	for range 3 {
		g.do(t, "GET", "/things", "Authorization", "a").want(t, 200, "")
	}
	if n := g.count("auth"); n != 3 {
		t.Errorf("asked %d times, want 3", n)
	}
}

func TestAMissingIdentitySourceIs401WithoutAsking(t *testing.T) {
	g := rest(t, func(api *template.RestAPI) {
		a := api.Authorizers["A"]
		a.Identity = []template.IdentitySource{{Kind: "header", Name: "Authorization"}, {Kind: "query", Name: "q"}, {Kind: "stage", Name: "color"}, {Kind: "context", Name: "identity.sourceIp"}}
		api.Authorizers["A"] = a
	})
	g.do(t, "GET", "/things?q=1").want(t, 401, `{"message":"Unauthorized"}`)
	g.do(t, "GET", "/things?q=", "Authorization", "x").want(t, 401, "")
	if g.count("auth") != 0 {
		t.Error("the authorizer was asked")
	}
	g.do(t, "GET", "/things?q=1", "Authorization", "x").want(t, 200, "")
}

func TestACachedAnswerHoldsForEveryRouteUntilItExpires(t *testing.T) {
	g := rest(t, caching)
	g.answers["auth"] = func(map[string]any) any { return policy("u", "Allow", arnPrefix+"GET/things") }
	ask := func(path, token string, status, asked int) {
		t.Helper()
		g.do(t, "GET", path, "Authorization", token).want(t, status, "")
		if n := g.count("auth"); n != asked {
			t.Errorf("asked %d times, want %d", n, asked)
		}
	}
	ask("/things", "a", 200, 1)
	ask("/things", "a", 200, 1)
	ask("/things/1", "a", 403, 1) // the kept policy is applied to this route, and does not allow it
	ask("/things", "b", 200, 2)   // another credential
	g.now = g.now.Add(time.Minute - time.Nanosecond)
	ask("/things", "a", 200, 2)
	g.now = g.now.Add(time.Nanosecond)
	ask("/things", "a", 200, 3)
}

func TestADenyIsCachedAndAnErrorIsNot(t *testing.T) {
	g := rest(t, caching)
	g.answers["auth"] = func(map[string]any) any { return policy("u", "Deny", "*") }
	g.do(t, "GET", "/things", "Authorization", "a").want(t, 403, "explicit deny")
	g.answers["auth"] = func(map[string]any) any { return policy("u", "Allow", "*") }
	g.do(t, "GET", "/things", "Authorization", "a").want(t, 403, "explicit deny")
	for _, text := range []failure{"Unauthorized", "table unreachable"} {
		g.answers["auth"] = func(map[string]any) any { return text }
		if r := g.do(t, "GET", "/things", "Authorization", "b"); r.status == 200 {
			t.Fatal("an error let the request pass")
		}
	}
	g.answers["auth"] = func(map[string]any) any { return policy("u", "Allow", "*") }
	g.do(t, "GET", "/things", "Authorization", "b").want(t, 200, "")
}

func TestTokenAuthorizer(t *testing.T) {
	g := rest(t, func(api *template.RestAPI) {
		api.Authorizers["A"] = template.Authorizer{Name: "A", FunctionARN: "auth", Payload: "TOKEN", Validation: `Bearer at_\w+`,
			Identity: []template.IdentitySource{{Kind: "header", Name: "Authorization"}}}
	})
	g.do(t, "GET", "/things").want(t, 401, "")
	g.do(t, "GET", "/things", "Authorization", "Bearer other").want(t, 401, "")
	g.do(t, "GET", "/things", "Authorization", "x Bearer at_1").want(t, 401, "") // the whole token must match
	if g.count("auth") != 0 {
		t.Error("the authorizer was asked about what its pattern refuses")
	}
	g.do(t, "GET", "/things", "Authorization", "Bearer at_1").want(t, 200, "")
	want := map[string]any{"type": "TOKEN", "authorizationToken": "Bearer at_1", "methodArn": arnPrefix + "GET/things"}
	if diff := cmp.Diff(want, g.last(t, "auth")); diff != "" {
		t.Errorf("a TOKEN authorizer gets nothing else: %s", diff)
	}
}
