package openapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tokenwright/tokenwright/internal/route/openapi"
)

const orders = `{
  "openapi": "3.1.0", "info": {"title": "Orders", "version": "1"},
  "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}, "oauth": {"type": "oauth2", "flows": {}}}},
  "security": [{"token": ["orders:read"]}],
  "paths": {
    "x-note": {},
    "/orders": {
      "summary": "Orders", "parameters": [],
      "get": {"operationId": "list"},
      "post": {"security": [{"token": ["orders:write"], "oauth": ["orders:read"]}]}
    },
    "/orders/{id}": {"get": {"security": [{"token": ["orders:read"]}, {"token": ["orders:write"]}]}, "trace": {}},
    "/status": {"get": {"security": []}, "head": {"security": [{}]}},
    "/files/{proxy+}": {"x-amazon-apigateway-any-method": {"security": [{"token": ["orders:read"]}, {"oauth": ["orders:read"]}]}}
  }
}`

func TestRulesOfADocument(t *testing.T) {
	rules, faults := openapi.Rules([]byte(orders))
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	var got []string
	for i := range rules {
		r := &rules[i]
		got = append(got, fmt.Sprintln(r.Method, r.Path, r.Match, r.Scopes, "of", openapi.Locate(r)))
	}
	want := []string{
		"* /files/{proxy+} all orders:read of openapi.paths./files/{proxy+}.x-amazon-apigateway-any-method\n",
		"GET /orders all orders:read of openapi.paths./orders.get\n",
		"POST /orders all orders:read orders:write of openapi.paths./orders.post\n",
		"GET /orders/{id} any orders:read orders:write of openapi.paths./orders/{id}.get\n",
		"GET /status all  of openapi.paths./status.get\n",
		"HEAD /status all  of openapi.paths./status.head\n",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestDocumentsThatSayNoRules(t *testing.T) {
	with := func(paths string) string {
		return `{"openapi":"3.0.3","components":{"securitySchemes":{"a":{},"b":{}}},"paths":{` + paths + `}}`
	}
	for _, tt := range []struct{ doc, want string }{
		{`[]`, "openapi not_openapi"},
		{`null`, "openapi not_openapi"},
		{`{"openapi":"3.1.0","paths":[]}`, "openapi.paths not_openapi"},
		{`{"openapi":"3.1.0","paths":{},"security":{}}`, "openapi.security not_openapi"},
		{`{"openapi":"3.1.0","paths":{},"components":[]}`, "openapi.components not_openapi"},
		{`{"openapi":"3.1.0","paths":{},"components":{"securitySchemes":[]}}`, "openapi.components.securitySchemes not_openapi"},
		{with(`"/a":{"get":{"security":[{"a":["x:y"]}],"security":[]}}`), "openapi repeated"},
		{with(`"/a":{"get":{"security":[{"a":["x:y"],"a":[]}]}}`), "openapi repeated"},
		{`{"swagger":"2.0","paths":{}}`, "openapi.openapi bad_version"},
		{`{"openapi":"4.0.0","paths":{}}`, "openapi.openapi bad_version"},
		{`{"openapi":"3.1.0"}`, "openapi.paths no_operations"},
		{with(`"/a":{"parameters":[]}`), "openapi.paths no_operations"},
		{with(`"/a/":{"get":{}}`), "openapi.paths./a/ bad_path"},
		{with(`"/a":{"$ref":"#/x"}`), "openapi.paths./a reference"},
		{with(`"/a":{"get":[]}`), "openapi.paths./a.get not_openapi"},
		{with(`"/a":{"get":{"security":"a"}}`), "openapi.paths./a.get not_openapi"},
		{with(`"/a":{"get":{"security":[{"c":[]}]}}`), "openapi.paths./a.get.security unknown_scheme"},
		{with(`"/a":{"get":{"security":[{"a":["x:y"]},{}]}}`), "openapi.paths./a.get.security ambiguous_security"},
		{with(`"/a":{"get":{"security":[{"a":["x:y"]},{"b":[]}]}}`), "openapi.paths./a.get.security ambiguous_security"},
		{with(`"/a":{"get":{"security":[{"a":["x:y","x:z"]},{"b":["z:y"]}]}}`), "openapi.paths./a.get.security unsupported_security"},
	} {
		rules, faults := openapi.Rules([]byte(tt.doc))
		if len(faults) != 1 || faults[0].Field+" "+faults[0].Code != tt.want || len(rules) > 0 {
			t.Errorf("%s: %v %v", tt.doc, rules, faults)
		}
	}
}

func TestNamesCountToTheLetter(t *testing.T) {
	rules, faults := openapi.Rules([]byte(`{"openapi":"3.0.3","components":{"securitySchemes":{"a":{}}},"security":[{"a":["x:y"]}],"Security":[],
		"paths":{"/a":{"get":{"Security":[],"\u017fecurity":[]},"GET":{"security":[]}}}}`))
	if len(faults) > 0 || len(rules) != 1 || rules[0].Scopes.String() != "x:y" {
		t.Errorf("%v %v", rules, faults)
	}
}

func TestFaultsRepeatLittle(t *testing.T) {
	token := "at_live_" + strings.Repeat("a", 22) + "_" + strings.Repeat("S", 38)
	doc := `{"openapi":"3.0.3","paths":{"/` + token + `":{"get":{"security":[{"` + token + `":["` + token + `"]}]}},"/*` + token + `":{}}}`
	_, faults := openapi.Rules([]byte(doc))
	if len(faults) != 2 || strings.Contains(fmt.Sprint(faults), "_S") {
		t.Errorf("%v", faults)
	}
}

func FuzzDocuments(f *testing.F) {
	f.Add([]byte(orders))
	f.Fuzz(func(t *testing.T, doc []byte) {
		rules, faults := openapi.Rules(doc)
		if len(rules) == 0 && len(faults) == 0 {
			t.Error("neither rules nor faults")
		}
	})
}
