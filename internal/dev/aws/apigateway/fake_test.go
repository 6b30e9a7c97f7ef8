package apigateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/dev/aws/apigateway"
	"github.com/tokenwright/tokenwright/internal/dev/aws/lambda"
	"github.com/tokenwright/tokenwright/internal/dev/aws/template"
)

// functions stand in for Lambda: by ARN, what an event is answered with.
type functions struct {
	mu      sync.Mutex
	answers map[string]func(event map[string]any) any
	events  map[string][]map[string]any
}

// failure is an answer that is a function error.
type failure string

func (f *functions) Invoke(ctx context.Context, arn string, event []byte) (lambda.Result, error) {
	var decoded map[string]any
	if err := json.Unmarshal(event, &decoded); err != nil {
		return lambda.Result{}, err
	}
	f.mu.Lock()
	f.events[arn] = append(f.events[arn], decoded)
	answer := f.answers[arn]
	f.mu.Unlock()
	if answer == nil {
		return lambda.Result{}, lambda.ErrNotFound
	}
	switch given := answer(decoded).(type) {
	case error:
		return lambda.Result{}, given
	case failure:
		payload, _ := json.Marshal(lambda.Failure{Message: string(given), Type: "errorString"})
		return lambda.Result{Payload: payload, Failed: true}, nil
	case time.Duration:
		select {
		case <-time.After(given):
		case <-ctx.Done():
		}
		return lambda.Result{}, ctx.Err()
	case string:
		return lambda.Result{Payload: []byte(given)}, nil
	default:
		payload, err := json.Marshal(given)
		return lambda.Result{Payload: payload}, err
	}
}

func (f *functions) count(arn string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.events[arn])
}

func (f *functions) last(t *testing.T, arn string) map[string]any {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.events[arn]) == 0 {
		t.Fatalf("%s was not invoked", arn)
	}
	return f.events[arn][len(f.events[arn])-1]
}

// gateway is an API on a real listener.
type gateway struct {
	*functions
	url string
	log *bytes.Buffer
	now time.Time
}

func (g *gateway) options() apigateway.Options {
	return apigateway.Options{Invoker: g.functions, Log: g.log, Now: func() time.Time { return g.now }, Region: "us-east-1", AccountID: "123456789012"}
}

func newGateway() *gateway {
	ok := func(map[string]any) any { return map[string]any{"statusCode": 200, "body": "{}"} }
	return &gateway{
		functions: &functions{answers: map[string]func(map[string]any) any{"fn": ok}, events: map[string][]map[string]any{}},
		log:       &bytes.Buffer{}, now: time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC),
	}
}

func (g *gateway) serve(t *testing.T, handler http.Handler) {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config = apigateway.NewServer(handler)
	server.Listener = apigateway.Listen(server.Listener)
	server.Start()
	t.Cleanup(server.Close)
	g.url = server.URL
}

// rest serves a REST API with /things behind the authorizer "A" (function
// "auth") and /open behind none, as changed by the caller.
func rest(t *testing.T, change func(*template.RestAPI)) *gateway {
	t.Helper()
	api := template.RestAPI{
		LogicalID: "Api", ID: "abcdef1234", Stage: "live", StageVariables: map[string]string{"color": "blue"},
		Authorizers: map[string]template.Authorizer{"A": {Name: "A", FunctionARN: "auth", Payload: "REQUEST"}},
		Routes: []template.Route{
			route("GET", "/things", "A"), route("POST", "/things", "A"), route("GET", "/things/{id}", "A"), route("ANY", "/open/{proxy+}", ""),
		},
	}
	if change != nil {
		change(&api)
	}
	g := newGateway()
	handler, err := apigateway.NewREST(api, g.options())
	if err != nil {
		t.Fatal(err)
	}
	g.answers["auth"] = func(map[string]any) any { return policy("user", "Allow", "*") }
	g.serve(t, handler)
	return g
}

func route(method, path, authorizer string) template.Route {
	return template.Route{Method: method, Path: path, FunctionARN: "fn", Authorizer: authorizer, Payload: "1.0", Timeout: 29 * time.Second}
}

// policy is an authorizer's answer: statements of effect and resource in turn.
func policy(principal string, effectAndResource ...string) map[string]any {
	var statements []map[string]any
	for i := 0; i < len(effectAndResource); i += 2 {
		statements = append(statements, map[string]any{"Action": "execute-api:Invoke", "Effect": effectAndResource[i], "Resource": effectAndResource[i+1]})
	}
	return map[string]any{
		"principalId": principal, "policyDocument": map[string]any{"Version": "2012-10-17", "Statement": statements},
		"context": map[string]any{"detail": "not from here", "n": 7, "yes": true},
	}
}

type response struct {
	status int
	header http.Header
	body   string
}

func (g *gateway) do(t *testing.T, method, path string, headers ...string) response {
	t.Helper()
	return g.send(t, method, path, nil, headers...)
}

func (g *gateway) send(t *testing.T, method, path string, body []byte, headers ...string) response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, g.url+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response{got.StatusCode, got.Header, string(text)}
}

func (r response) want(t *testing.T, status int, body string) {
	t.Helper()
	if r.status != status || (body != "" && !strings.Contains(r.body, body)) {
		t.Errorf("got %d %s, want %d with %s", r.status, r.body, status, body)
	}
}
