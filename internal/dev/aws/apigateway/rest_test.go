package apigateway_test

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tokenwright/tokenwright/internal/dev/aws/apigateway"
	"github.com/tokenwright/tokenwright/internal/dev/aws/lambda"
	"github.com/tokenwright/tokenwright/internal/dev/aws/template"
)

func TestRoutes(t *testing.T) {
	g := rest(t, func(api *template.RestAPI) {
		api.Routes = nil
		for _, path := range []string{"/v1/tokens", "/v1/tokens/{id}", "/v1/tokens/self", "/v1/tokens/{id}/rotate", "/files/{proxy+}", "/"} {
			api.Routes = append(api.Routes, route("GET", path, ""))
		}
		api.Routes = append(api.Routes, route("ANY", "/v1/tokens/{id}", ""), route("POST", "/files/{name}", ""))
	})
	for _, test := range []struct{ request, resource, parameters string }{
		{"GET /v1/tokens", "/v1/tokens", ""},
		{"GET /v1/tokens/", "/v1/tokens", ""},
		{"GET /v1/tokens?limit=1", "/v1/tokens", ""},
		{"GET /v1/tokens/tok_1", "/v1/tokens/{id}", "id=tok_1"},
		{"PUT /v1/tokens/tok_1", "/v1/tokens/{id}", "id=tok_1"},
		{"GET /v1/tokens/self", "/v1/tokens/self", ""},
		{"GET /v1/tokens/a%2Fb", "/v1/tokens/{id}", "id=a%2Fb"},
		{"GET /v1/tokens/x/rotate", "/v1/tokens/{id}/rotate", "id=x"},
		{"GET /files/a/b/c.txt", "/files/{proxy+}", "proxy=a/b/c.txt"},
		{"GET /", "/", ""},
		{"POST /v1/tokens", "", ""},        // no such method
		{"PUT /v1/tokens/self", "", ""},    // the static resource wins, and has no PUT
		{"GET /v1/tokens//rotate", "", ""}, // a parameter is never empty
		{"GET /files/", "", ""},
		{"GET /v2", "", ""},
		{"GET /V1/tokens", "", ""},
		{"GET /files/one", "", ""}, // {name} wins over {proxy+}, and has no GET
	} {
		before := g.count("fn")
		method, path, _ := strings.Cut(test.request, " ")
		r := g.do(t, method, path)
		if test.resource == "" {
			r.want(t, 403, `{"message":"Missing Authentication Token"}`)
			if g.count("fn") != before {
				t.Errorf("%s reached the function", test.request)
			}
			continue
		}
		event := g.last(t, "fn")
		parameters := ""
		if all, ok := event["pathParameters"].(map[string]any); ok {
			for name, value := range all {
				parameters = fmt.Sprintf("%s=%s", name, value)
			}
		}
		if r.status != 200 || event["resource"] != test.resource || parameters != test.parameters {
			t.Errorf("%s: %d, resource %v with %q", test.request, r.status, event["resource"], parameters)
		}
	}
}

func TestAFunctionSeesTheRequestAsTheClientSentIt(t *testing.T) {
	g := rest(t, nil)
	connection, err := net.Dial("tcp", strings.TrimPrefix(g.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	reader := bufio.NewReader(connection)
	body := `{"x":1}`
	for _, spelled := range []string{"x-CUSTOM-header", "X-custom-HEADER"} { // also on a kept connection
		_, _ = fmt.Fprintf(connection, "POST /things?a=1&a=2&b=%%20 HTTP/1.1\r\nHost: api.local:3000\r\nauthorization: Bearer t\r\nuser-agent: me\r\n"+
			"%s: one\r\n%s: two\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", spelled, spelled, len(body), body)
		answer, err := http.ReadResponse(reader, nil)
		if err != nil || answer.StatusCode != 200 {
			t.Fatalf("%v %v", answer, err)
		}
		_ = answer.Body.Close()
		event := g.last(t, "fn")
		multi := event["multiValueHeaders"].(map[string]any)
		if diff := cmp.Diff([]any{"one", "two"}, multi[spelled]); diff != "" {
			t.Errorf("%s in %v", diff, multi)
		}
	}
	event := g.last(t, "fn")
	headers := event["headers"].(map[string]any)
	for name, value := range map[string]string{
		"X-custom-HEADER": "two", "Authorization": "Bearer t", "User-Agent": "me", "Host": "api.local:3000",
		"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http", "X-Forwarded-Port": "3000",
	} {
		if headers[name] != value {
			t.Errorf("header %s is %v, want %s", name, headers[name], value)
		}
	}
	if headers["Content-Length"] != nil || headers["Connection"] != nil {
		t.Errorf("hop-by-hop headers reached the function: %v", headers)
	}
	context := event["requestContext"].(map[string]any)
	want := map[string]any{
		"httpMethod": "POST", "path": "/things", "resource": "/things", "body": body, "isBase64Encoded": false, "pathParameters": nil,
		"queryStringParameters":           map[string]any{"a": "2", "b": " "},
		"multiValueQueryStringParameters": map[string]any{"a": []any{"1", "2"}, "b": []any{" "}},
		"stageVariables":                  map[string]any{"color": "blue"},
	}
	for name, value := range want {
		if diff := cmp.Diff(value, event[name]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for name, value := range map[string]any{
		"stage": "live", "path": "/things", "resourcePath": "/things", "apiId": "abcdef1234", "accountId": "123456789012", "protocol": "HTTP/1.1",
		"domainName": "abcdef1234.execute-api.us-east-1.amazonaws.com", "requestTime": "22/Nov/2026:04:00:00 +0000", "requestTimeEpoch": 1795320000000.0,
	} {
		if context[name] != value {
			t.Errorf("requestContext.%s is %v, want %v", name, context[name], value)
		}
	}
	if identity := context["identity"].(map[string]any); identity["sourceIp"] != "127.0.0.1" || identity["userAgent"] != "me" {
		t.Errorf("identity %v", identity)
	}
}

func TestBodies(t *testing.T) {
	g := rest(t, func(api *template.RestAPI) { api.BinaryMediaTypes = []string{"image~1*"} })
	for _, test := range []struct {
		contentType string
		body        []byte
		base64      bool
	}{
		{"application/json", []byte(`"é"`), false},
		{"application/octet-stream", []byte{0xff, 0xfe}, true},
		{"image/png", []byte("text"), true},
	} {
		g.send(t, "POST", "/things", test.body, "Content-Type", test.contentType)
		event := g.last(t, "fn")
		want := string(test.body)
		if test.base64 {
			want = base64.StdEncoding.EncodeToString(test.body)
		}
		if event["body"] != want || event["isBase64Encoded"] != test.base64 {
			t.Errorf("%s: body %v, base64 %v", test.contentType, event["body"], event["isBase64Encoded"])
		}
	}
	g.do(t, "GET", "/things")
	if event := g.last(t, "fn"); event["body"] != nil {
		t.Errorf("no body became %v, want null", event["body"])
	}
}

func TestLimits(t *testing.T) {
	g := rest(t, func(api *template.RestAPI) {
		api.GatewayResponses = map[string]template.GatewayResponse{"DEFAULT_4XX": {Templates: map[string]string{"application/json": `{"refused":"$context.requestId"}`}}}
	})
	g.send(t, "POST", "/things", make([]byte, 10<<20+1)).want(t, 413, "refused")
	g.do(t, "GET", "/things", "X-Long", strings.Repeat("x", 10240)).want(t, 431, `{"refused":"`)
	g.do(t, "GET", "/things", "X-Long", strings.Repeat("x", 1<<20)).want(t, 431, `{"refused":"`)
	g.do(t, "GET", "/things/"+strings.Repeat("x", 1600)).want(t, 414, "refused")
	if g.count("fn") != 0 || g.count("auth") != 0 {
		t.Error("a request over a limit reached a function")
	}
	g.do(t, "GET", "/things", "X-Long", strings.Repeat("x", 9000)).want(t, 200, "")
	g.send(t, "POST", "/things", make([]byte, 1<<20)).want(t, 200, "")
}

func TestWhatAFunctionAnswers(t *testing.T) {
	g := rest(t, func(api *template.RestAPI) {
		for i := range api.Routes {
			api.Routes[i].Timeout = 100 * time.Millisecond
		}
	})
	for _, test := range []struct {
		name   string
		answer any
		status int
		body   string
	}{
		{"a proper answer", map[string]any{"statusCode": 201, "headers": map[string]any{"X-A": "1"}, "body": "made"}, 201, "made"},
		{"nulls where Go has nil maps", `{"statusCode":204,"headers":null,"multiValueHeaders":null,"body":""}`, 204, ""},
		{"nothing but an object", `{}`, 200, ""},
		{"base64", map[string]any{"statusCode": 200, "body": "aGk=", "isBase64Encoded": true}, 200, "hi"},
		{"not JSON", `plain`, 502, `{"message": "Internal server error"}`},
		{"a list", `[]`, 502, "Internal server error"},
		{"null", `null`, 502, "Internal server error"},
		{"a member that does not belong", `{"statusCode":200,"status":"ok"}`, 502, "Internal server error"},
		{"a header that is an object", `{"statusCode":200,"headers":{"a":{}}}`, 502, "Internal server error"},
		{"a status that is none", `{"statusCode":42}`, 502, "Internal server error"},
		{"a body that is not text", `{"statusCode":200,"body":{"a":1}}`, 502, "Internal server error"},
		{"broken base64", `{"statusCode":200,"body":"?","isBase64Encoded":true}`, 502, "Internal server error"},
		{"a function error", failure("secret cause"), 502, "Internal server error"},
		{"too slow", time.Minute, 504, "Endpoint request timed out"},
		{"throttled", lambda.ErrThrottled, 500, "Internal server error"},
		{"an event over Lambda's limit", lambda.ErrTooLarge, 413, "Request Too Long"},
	} {
		t.Run(test.name, func(t *testing.T) {
			g.answers["fn"] = func(map[string]any) any { return test.answer }
			r := g.do(t, "GET", "/open/x")
			r.want(t, test.status, strings.ReplaceAll(test.body, `": "`, `":"`))
			if strings.Contains(r.body, "secret cause") {
				t.Error("the function's own error reached the caller")
			}
		})
	}
	if !strings.Contains(g.log.String(), "ANY /open/{proxy+}: the function failed: secret cause") {
		t.Errorf("the cause is not in the log: %s", g.log)
	}
}

func TestHeadersOfAnAnswer(t *testing.T) {
	g := rest(t, nil)
	g.answers["fn"] = func(map[string]any) any {
		return map[string]any{"statusCode": 401, "body": "x",
			"headers":           map[string]any{"WWW-Authenticate": "Bearer", "X-Flag": true, "etag": `"1"`},
			"multiValueHeaders": map[string]any{"Set-Cookie": []string{"a=1", "b=2"}},
		}
	}
	h := g.do(t, "GET", "/open/x").header
	if h.Get("WWW-Authenticate") != "" || h.Get("X-Amzn-Remapped-Www-Authenticate") != "Bearer" {
		t.Errorf("API Gateway remaps a function's challenge: %v", h)
	}
	if h.Get("X-Flag") != "true" || h.Get("ETag") != `"1"` || len(h.Values("Set-Cookie")) != 2 || h.Get("Content-Type") != "application/json" {
		t.Errorf("headers %v", h)
	}
	if h.Get("X-Amzn-Requestid") == "" {
		t.Error("the answer has no request id")
	}
}

func TestGatewayResponses(t *testing.T) {
	g := rest(t, func(api *template.RestAPI) {
		api.GatewayResponses = map[string]template.GatewayResponse{
			"ACCESS_DENIED": {StatusCode: 403, Headers: map[string]string{"Content-Type": "'application/problem+json'", "X-Request": "context.requestId", "X-Agent": "method.request.header.user-agent"},
				Templates: map[string]string{
					"application/json": `{"detail":"$context.authorizer.detail.","n":$context.authorizer.n,"who":"$context.authorizer.principalId","nothing":"$context.authorizer.missing","at":"$context.resourcePath","type":"$context.error.responseType","message":"$context.error.message","color":"$stageVariables.color","cost":"$5"}`,
					"text/plain":       "denied",
				}},
			"UNAUTHORIZED":                 {StatusCode: 401, Headers: map[string]string{"WWW-Authenticate": `'Bearer realm="x"'`}},
			"MISSING_AUTHENTICATION_TOKEN": {StatusCode: 404, Templates: map[string]string{"application/problem+json": `{"message":$context.error.messageString}`}},
			"DEFAULT_5XX":                  {StatusCode: 500, Templates: map[string]string{"application/json": `{"message":$context.error.messageString,"type":"$context.error.responseType"}`}},
		}
	})
	g.answers["auth"] = func(map[string]any) any { return policy("ada", "Deny", "*") }
	r := g.do(t, "GET", "/things/1", "User-Agent", "me")
	r.want(t, 403, `{"detail":"not from here.","n":7,"who":"ada","nothing":"","at":"/things/{id}","type":"ACCESS_DENIED","message":"User is not authorized to access this resource with an explicit deny","color":"blue","cost":"$5"}`)
	if r.header.Get("Content-Type") != "application/problem+json" || r.header.Get("X-Request") != r.header.Get("X-Amzn-Requestid") || r.header.Get("X-Agent") != "me" {
		t.Errorf("headers %v", r.header)
	}
	if r := g.do(t, "GET", "/things/1", "Accept", "text/html, text/plain;q=0.5"); r.body != "denied" {
		t.Errorf("with Accept: text/plain the body is %q", r.body)
	}
	g.answers["auth"] = func(map[string]any) any { return failure("Unauthorized") }
	r = g.do(t, "GET", "/things")
	r.want(t, 401, `{"message":"Unauthorized"}`)
	if r.header.Get("WWW-Authenticate") != `Bearer realm="x"` {
		t.Errorf("headers %v", r.header)
	}
	r = g.do(t, "GET", "/nope")
	r.want(t, 404, `{"message":"Missing Authentication Token"}`)
	if r.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("the only template is not used: %v", r.header)
	}
	g.answers["fn"] = func(map[string]any) any { return "nonsense" }
	g.do(t, "GET", "/open/x").want(t, 500, `{"message":"Internal server error","type":"DEFAULT_5XX"}`)
	g.answers["auth"] = func(map[string]any) any { return failure("table unreachable") }
	g.do(t, "GET", "/things").want(t, 500, `{"message":null,"type":"AUTHORIZER_FAILURE"}`)
}

func TestAHeaderExpressionAWSWouldRefuseIsRefusedAtTheStart(t *testing.T) {
	for _, expression := range []string{"unquoted", "'half", "context", "integration.response.header.X"} {
		_, err := apigateway.NewREST(template.RestAPI{GatewayResponses: map[string]template.GatewayResponse{"THROTTLED": {Headers: map[string]string{"Retry-After": expression}}}}, apigateway.Options{})
		if err == nil || !strings.Contains(err.Error(), "THROTTLED sets Retry-After to "+expression) {
			t.Errorf("%s: %v", expression, err)
		}
	}
}
