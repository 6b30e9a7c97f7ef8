package apigateway_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tokenwright/tokenwright/internal/dev/aws/apigateway"
	"github.com/tokenwright/tokenwright/internal/dev/aws/lambda"
	"github.com/tokenwright/tokenwright/internal/dev/aws/template"
)

func httpAPI(t *testing.T, change func(*template.HTTPAPI)) *gateway {
	t.Helper()
	r := func(method, path, authorizer string) template.Route {
		return template.Route{Method: method, Path: path, FunctionARN: "fn", Authorizer: authorizer, Payload: "2.0", Timeout: 100 * time.Millisecond}
	}
	api := template.HTTPAPI{
		LogicalID: "Web", ID: "abcdef1234", Stage: "$default",
		Authorizers: map[string]template.Authorizer{"A": {Name: "A", FunctionARN: "auth", Payload: "2.0", Simple: true,
			Identity: []template.IdentitySource{{Kind: "header", Name: "Authorization"}}}},
		Routes: []template.Route{r("GET", "/things", "A"), r("GET", "/things/{id}", "A"), r("ANY", "/things/{id}", ""), r("POST", "/files/{rest+}", "")},
	}
	if change != nil {
		change(&api)
	}
	g := newGateway()
	g.answers["auth"] = func(map[string]any) any {
		return map[string]any{"isAuthorized": true, "context": map[string]any{"n": 7, "list": []string{"a"}, "map": map[string]any{"x": true}}}
	}
	g.serve(t, apigateway.NewHTTP(api, g.options()))
	return g
}

func TestHTTPAPIEvents(t *testing.T) {
	g := httpAPI(t, nil)
	g.do(t, "GET", "/things/a%20b?q=1&q=2", "Authorization", "Bearer t", "X-Mixed-Case", "v", "Cookie", "a=1; b=2").want(t, 200, "")
	event := g.last(t, "fn")
	for name, want := range map[string]any{
		"version": "2.0", "routeKey": "GET /things/{id}", "rawPath": "/things/a b", "rawQueryString": "q=1&q=2", "isBase64Encoded": false,
		"cookies": []any{"a=1", "b=2"}, "queryStringParameters": map[string]any{"q": "1,2"}, "pathParameters": map[string]any{"id": "a b"},
	} {
		if diff := cmp.Diff(want, event[name]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	headers := event["headers"].(map[string]any)
	if headers["x-mixed-case"] != "v" || headers["authorization"] != "Bearer t" || headers["cookie"] != nil {
		t.Errorf("headers %v", headers)
	}
	context := event["requestContext"].(map[string]any)
	passed := map[string]any{"lambda": map[string]any{"n": 7.0, "list": []any{"a"}, "map": map[string]any{"x": true}}}
	if diff := cmp.Diff(passed, context["authorizer"]); diff != "" {
		t.Errorf("context values keep their types: %s", diff)
	}
	if h := context["http"].(map[string]any); h["sourceIp"] != "127.0.0.1" || h["method"] != "GET" || h["path"] != "/things/a b" {
		t.Errorf("http %v", h)
	}
	asked := g.last(t, "auth")
	for name, want := range map[string]any{
		"version": "2.0", "type": "REQUEST", "identitySource": []any{"Bearer t"}, "routeKey": "GET /things/{id}",
		"routeArn": "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/$default/GET/things/a%20b",
	} {
		if diff := cmp.Diff(want, asked[name]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestHTTPAPIRoutes(t *testing.T) {
	g := httpAPI(t, nil)
	g.do(t, "DELETE", "/things/1").want(t, 200, "") // ANY takes what has no route of its own
	g.do(t, "POST", "/files/a/b").want(t, 200, "")
	g.do(t, "GET", "/files/a").want(t, 404, `{"message":"Not Found"}`)
	g.do(t, "GET", "/nope").want(t, 404, `{"message":"Not Found"}`)
	g = httpAPI(t, func(api *template.HTTPAPI) {
		api.Routes = append(api.Routes, template.Route{Path: "$default", FunctionARN: "fn", Timeout: time.Second})
	})
	g.do(t, "GET", "/nope").want(t, 200, "")
	if key := g.last(t, "fn")["routeKey"]; key != "$default" {
		t.Errorf("route key %v", key)
	}
}

func TestHTTPAPIAuthorizers(t *testing.T) {
	simple := func(ok bool) any { return map[string]any{"isAuthorized": ok} }
	iam := func(a *template.Authorizer) { a.Simple = false }
	prefix := "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/$default/"
	for _, test := range []struct {
		name   string
		change func(*template.Authorizer)
		answer any
		status int
		body   string
	}{
		{"allowed", nil, simple(true), 200, ""},
		{"not allowed", nil, simple(false), 403, `{"message":"Forbidden"}`},
		{"a policy where a simple answer is expected", nil, policy("u", "Allow", "*"), 500, `{"message":"Internal Server Error"}`},
		{"a function error", nil, failure("Unauthorized"), 500, `{"message":"Internal Server Error"}`},
		{"an unreachable function", nil, errors.New("gone"), 500, ""},
		{"over 8 KB", nil, map[string]any{"isAuthorized": true, "context": map[string]any{"a": strings.Repeat("x", 8192)}}, 500, ""},
		{"a policy that allows", iam, policy("u", "Allow", prefix+"GET/things"), 200, ""},
		{"a policy that does not", iam, policy("u", "Allow", prefix+"POST/*"), 403, `{"message":"Forbidden"}`},
		{"Deny before Allow", iam, policy("u", "Allow", "*", "Deny", "*"), 403, ""},
		{"a simple answer where a policy is expected", iam, simple(true), 500, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := httpAPI(t, func(api *template.HTTPAPI) {
				if a := api.Authorizers["A"]; test.change != nil {
					test.change(&a)
					api.Authorizers["A"] = a
				}
			})
			g.answers["auth"] = func(map[string]any) any { return test.answer }
			g.do(t, "GET", "/things", "Authorization", "t").want(t, test.status, test.body)
			if reached := g.count("fn") > 0; reached != (test.status == 200) {
				t.Errorf("reached the function: %v", reached)
			}
		})
	}
	g := httpAPI(t, nil)
	g.do(t, "GET", "/things").want(t, 401, `{"message":"Unauthorized"}`)
	if g.count("auth") != 0 {
		t.Error("the authorizer was asked without an identity source")
	}
}

func TestAnHTTPAPICachesByItsIdentitySources(t *testing.T) {
	g := httpAPI(t, func(api *template.HTTPAPI) {
		a := api.Authorizers["A"]
		a.TTL = time.Minute
		a.Identity = append(a.Identity, template.IdentitySource{Kind: "context", Name: "routeKey"})
		api.Authorizers["A"] = a
	})
	for _, path := range []string{"/things", "/things", "/things/1", "/things/2"} {
		g.do(t, "GET", path, "Authorization", "t").want(t, 200, "")
	}
	if n := g.count("auth"); n != 2 {
		t.Errorf("asked %d times, want once for each route", n)
	}
}

func TestHTTPAPIAnswers(t *testing.T) {
	g := httpAPI(t, nil)
	for _, test := range []struct {
		name        string
		answer      any
		status      int
		body        string
		contentType string
	}{
		{"with a status", map[string]any{"statusCode": 201, "body": "made", "headers": map[string]string{"content-type": "text/html"}}, 201, "made", "text/html"},
		{"with a status alone", map[string]any{"statusCode": 200, "body": "x"}, 200, "x", "text/plain;charset=utf-8"},
		{"anything else is the body", map[string]any{"hello": "you"}, 200, `{"hello":"you"}`, "application/json"},
		{"not JSON", "nonsense", 500, `{"message":"Internal Server Error"}`, "application/json"},
		{"a function error", failure("cause"), 500, `{"message":"Internal Server Error"}`, "application/json"},
		{"too slow", time.Minute, 503, `{"message":"Service Unavailable"}`, "application/json"},
		{"throttled", lambda.ErrThrottled, 503, `{"message":"Service Unavailable"}`, "application/json"},
		{"too large an event", lambda.ErrTooLarge, 413, `{"message":"Request Entity Too Large"}`, "application/json"},
	} {
		t.Run(test.name, func(t *testing.T) {
			g.answers["fn"] = func(map[string]any) any { return test.answer }
			r := g.do(t, "DELETE", "/things/1")
			r.want(t, test.status, test.body)
			if got := r.header.Get("Content-Type"); got != test.contentType {
				t.Errorf("content type %s, want %s", got, test.contentType)
			}
		})
	}
	g.answers["fn"] = func(map[string]any) any {
		return map[string]any{"statusCode": 200, "cookies": []string{"a=1", "b=2"}, "headers": map[string]any{"WWW-Authenticate": "Bearer"}}
	}
	h := g.do(t, "DELETE", "/things/1").header
	if len(h.Values("Set-Cookie")) != 2 || h.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("headers %v", h)
	}
	g.send(t, "POST", "/files/x", []byte{0xff}, "Content-Type", "application/octet-stream")
	if event := g.last(t, "fn"); event["body"] != "/w==" || event["isBase64Encoded"] != true {
		t.Errorf("binary body %v", event["body"])
	}
	g.do(t, "GET", "/things", "X-Long", strings.Repeat("x", 10240)).want(t, 431, "")
	g.send(t, "POST", "/files/x", make([]byte, 10<<20+1)).want(t, 413, "")
}
