package acceptance

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

type check struct {
	APIID, TokenID, Default string
	Version                 *int
	Usable                  bool
	Refusal                 *string
	Scopes                  []string
	Call                    *struct {
		Method, Code  *string
		Path          string
		Allowed       bool
		MissingScopes []string
		Rule          *rule
	}
	Rules []rule
}

func TestACheckTellsWhatATokenMayDo(t *testing.T) {
	olga, ada := person(t, operator, "olga", "admin"), person(t, "acc_check", "ada", "admin")
	bob := person(t, "acc_check", "bob", "viewer")
	olga.rules(t, "checked", object{"answersFor": "request", "rules": []object{
		ruled("GET", "/orders/{id}", "orders:read"), ruled("POST", "/orders", "orders:read", "orders:write"), {"method": "*", "path": "/internal/{p+}", "scopes": []string{}, "match": "none"},
		ruled("*", "$connect", "orders:write"),
	}})
	const path = "/v1/apis/checked/check"
	token := ada.create(t, object{"kind": "service", "scopes": []string{"orders:read"}})
	mine := olga.create(t, object{"scopes": []string{"orders:read"}})
	t.Cleanup(func() { remove(t, mine.pk(), mine.sk()) })
	ask := func(c caller, body object) check {
		t.Helper()
		got := decode[check](t, c.call(t, "POST", path, body).want(t, 200))
		defaults := map[string]string{operator: "deny"}[c.account] // all rules are the operator's to see
		if got.APIID != "checked" || (got.Version != nil) != (c.account == operator) || got.Default != defaults || got.Usable != (got.Refusal == nil) {
			t.Errorf("%+v", got)
		}
		return got
	}
	for _, tt := range []struct {
		method, path string
		allowed      bool
		code         string
		missing      []string
		rule         string // as the operator sees it
	}{
		{"GET", "/orders/7", true, "", nil, "/orders/{id}"}, {"POST", "/orders", false, "insufficient_scope", []string{"orders:write"}, "/orders"},
		{"GET", "/elsewhere", false, "route_denied", nil, ""}, {"PUT", "/internal/a/b", false, "route_denied", nil, "/internal/{p+}"},
		{"GET", "/orders/%6frders", false, "route_denied", nil, ""}, {"", "$connect", false, "insufficient_scope", []string{"orders:write"}, "$connect"},
	} {
		body := object{"tokenId": token.ID, "path": tt.path}
		if tt.method != "" {
			body["method"] = tt.method
		}
		got := ask(ada, body)
		if got.Call.Rule != nil {
			t.Errorf("%s is shown the rule %+v", ada.account, got.Call.Rule)
		}
		code, rule := "", ""
		body["tokenId"] = mine.ID
		if seen := ask(olga, body); seen.Call.Rule != nil {
			rule = seen.Call.Rule.Path
		}
		if got.Call.Code != nil {
			code = *got.Call.Code
		}
		if got.TokenID != token.ID || !got.Usable || !slices.Equal(got.Scopes, []string{"orders:read"}) || got.Rules != nil || got.Call.Path != tt.path ||
			got.Call.Allowed != tt.allowed || code != tt.code || rule != tt.rule || !slices.Equal(got.Call.MissingScopes, tt.missing) {
			t.Errorf("%s %s: %+v %+v", tt.method, tt.path, got, got.Call)
		}
	}
	call := object{"tokenId": token.ID, "method": "GET", "path": "/orders/7"}
	for _, change := range []struct {
		do      func()
		refusal string
	}{
		{func() { ada.call(t, "PATCH", token.path(), object{"isActive": false}).want(t, 200) }, "inactive"},
		{func() { ada.call(t, "DELETE", token.path(), nil).want(t, 204) }, "revoked"},
	} {
		change.do()
		got := ask(ada, call)
		if got.Usable || *got.Refusal != change.refusal || len(got.Scopes) != 0 || got.Call.Allowed || *got.Call.Code != change.refusal || len(got.Call.MissingScopes) != 0 {
			t.Errorf("%s: %+v %+v", change.refusal, got, got.Call)
		}
	}
	// An API without rules is open to every valid credential; that it has none is the operator's to know.
	if bare := decode[check](t, ada.call(t, "POST", "/v1/apis/nothing/check", object{"tokenId": ada.create(t, nil).ID, "method": "GET", "path": "/orders/7"}).want(t, 200)); bare.Version != nil || bare.Default != "" || !bare.Call.Allowed {
		t.Errorf("an API without rules: %+v %+v", bare, bare.Call)
	}
	olga.call(t, "POST", "/v1/apis/nothing/check", object{"tokenId": mine.ID, "method": "GET", "path": "/orders/7"}).want(t, 404)
	// All rules are the operator's to see.
	own := olga.create(t, object{"scopes": []string{"orders:*", "apis:read"}})
	t.Cleanup(func() { remove(t, own.pk(), own.sk()) })
	operators := own.bearer()
	operators.account = operator
	all := ask(operators, object{"tokenId": "self"})
	var said []string
	for _, r := range all.Rules {
		said = append(said, fmt.Sprint(r.Path, " ", r.Allowed, r.MissingScopes))
	}
	if want := []string{"/orders/{id} true []", "/orders true []", "/internal/{p+} false []", "$connect true []"}; !slices.Equal(said, want) || all.Call != nil || all.TokenID != own.ID {
		t.Errorf("%q", said)
	}
	// A personal token of bob's: his own, and ada may look because she has tokens:read.
	his := bob.create(t, object{"scopes": []string{"apis:read", "orders:read"}})
	for _, c := range []caller{bob, ada} {
		if got := ask(c, object{"tokenId": his.ID, "method": "GET", "path": "/orders/7"}); !got.Call.Allowed {
			t.Errorf("%+v", got)
		}
	}
	his.bearer().call(t, "POST", path, object{"tokenId": "self", "method": "GET", "path": "/orders/7"}).want(t, 200)
	refusesCheck(t, path, ada, his.bearer(), token, own)
}

// refusesCheck makes the mistakes that can be made with a check.
func refusesCheck(t *testing.T, path string, ada, narrow caller, token, foreign tok) {
	t.Helper()
	nobody := "tok_0000000000000000000000"
	ask := func(c caller, body object, status int, code, field, says string) bad {
		return bad{c, "POST", path, body, nil, status, code, field, says}
	}
	of := func(id string) object { return object{"tokenId": id, "method": "GET", "path": "/orders/7"} }
	with := func(name string, value any) object {
		body := of(token.ID)
		body[name] = value
		return body
	}
	without := func(name string) object {
		body := of(token.ID)
		delete(body, name)
		return body
	}
	invalid := func(body object, field, says string) bad { return ask(ada, body, 422, "invalid_fields", field, says) }
	refuses(t, []string{"acc_check", operator}, map[string]bad{
		"all rules by another account":  ask(ada, object{"tokenId": token.ID}, 403, "not_operator", "", "OperatorAccount"),
		"another account's token":       ask(ada, of(foreign.ID), 404, "not_found", "", "no such token"),
		"a token that never was":        ask(ada, of(nobody), 404, "not_found", "", "no such token"),
		"another's token without leave": ask(narrow, of(token.ID), 403, "insufficient_scope", "", "tokens:read"),
		"without leave at all":          ask(ada.create(t, object{"kind": "service", "scopes": []string{}}).bearer(), of("self"), 403, "insufficient_scope", "", "apis:read"),
		"self by a person":              ask(ada, of("self"), 400, "no_self", "id no_self", "signed in as a person"),
		"no token":                      invalid(without("tokenId"), "tokenId bad_id", "tok_"),
		"a token for its id":            invalid(of(token.Token), "tokenId bad_id", "tok_"),
		"a path without a method":       invalid(without("method"), "method required", "go together"),
		"a method without a path":       invalid(without("path"), "path required", "go together"),
		"a path without a slash":        invalid(with("path", "orders"), "path bad_path", "slash"),
		"a path with a query":           invalid(with("path", "/orders?x=1"), "path bad_path", "query"),
		"a path without end":            invalid(with("path", "/"+strings.Repeat("a", 1024)), "path bad_path", "1024"),
		"a path that holds a token":     invalid(with("path", "/"+token.Token), "path holds_token", "token"),
		"a path of null":                invalid(with("path", nil), "path wrong_type", "not null"),
		"any method":                    invalid(with("method", "*"), "method bad_method", "GET"),
		"an unknown member":             invalid(with("colour", "red"), "colour unknown_field", "no such field"),
	})
	sameButForTheID(t, ada.call(t, "POST", path, of(foreign.ID)).want(t, 404), ada.call(t, "POST", path, of(nobody)))
}
