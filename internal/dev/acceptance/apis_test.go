package acceptance

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// operator is the account that the local stack lets set rules. They are the deployment's, so the tests that set them run one
// after the other.
const operator = "acc_demo"

type rule struct {
	Method, Path, Match   string
	Scopes, MissingScopes []string
	Allowed               bool
}

type api struct {
	ID, Default, AnswersFor, UpdatedBy string
	Complete                           bool
	Rules                              []rule
	RuleCount, Version                 int
	UpdatedAt                          time.Time
}

func ruled(method, path string, scopes ...string) object {
	return object{"method": method, "path": path, "scopes": append([]string{}, scopes...)}
}

func rulesOf(rules ...object) object { return object{"rules": append([]object{}, rules...)} }

// rules makes rules of an API that go with the test.
func (c caller) rules(t *testing.T, id string, body any) api {
	t.Helper()
	made := decode[api](t, c.call(t, "PUT", "/v1/apis/"+id, body).want(t, 201))
	t.Cleanup(func() { c.withoutRules(t, id) })
	return made
}

func (c caller) withoutRules(t *testing.T, id string) {
	t.Helper()
	// The context of the test is over when it cleans up.
	if it, ok := snapshot(t, stack, operator)["API#"+id+" ROUTES"]; ok && it != "" {
		remove(t, "API#"+id, "ROUTES")
	}
}

func TestTheRulesOfAnAPIFromFirstToLast(t *testing.T) {
	olga := person(t, operator, "olga", "admin")
	const path = "/v1/apis/first2last"
	olga.call(t, "GET", path, nil).want(t, 404)
	body := rulesOf(ruled("GET", "/orders/{id}", "orders:write", "orders:read"), ruled("*", "/internal/{proxy+}"))
	created := olga.call(t, "PUT", path, body).want(t, 201)
	t.Cleanup(func() { olga.withoutRules(t, "first2last") })
	first := decode[api](t, created)
	etag, next := created.header.Get("ETag"), fmt.Sprintf(`"%d"`, first.Version+1)
	if created.header.Get("Location") != path || etag != fmt.Sprintf(`"%d"`, first.UpdatedAt.UnixMilli()) || first.ID != "first2last" || first.Default != "deny" || first.AnswersFor != "api" ||
		first.Complete || first.UpdatedBy != olga.me(t).ID || len(first.Rules) != 2 || fmt.Sprint(first.Rules[0]) != "{GET /orders/{id} all [orders:read orders:write] [] false}" {
		t.Errorf("%s", created.body)
	}
	read := olga.call(t, "GET", path, nil).want(t, 200)
	if read.body != created.body || read.header.Get("ETag") != etag {
		t.Errorf("%s, made as %s", read.body, created.body)
	}
	unchanged(t, []string{operator}, func() {
		if same := olga.call(t, "PUT", path, read.body, "If-Match", etag).want(t, 200); same.body != read.body {
			t.Errorf("what was read and sent back: %s", same.body)
		}
		for header, status := range map[string]int{"": 428, "*": 428, `"0"`: 412, `"1"`: 412, next: 412, "W/" + etag: 412, `"1`: 400} {
			headers := []string{"If-Match", header}
			if header == "" {
				headers = nil
			}
			olga.call(t, "PUT", path, rulesOf(), headers...).want(t, status)
			olga.call(t, "DELETE", path, nil, headers...).want(t, status)
		}
	})
	second := decode[api](t, olga.call(t, "PUT", path, object{"default": "authenticated", "answersFor": "request", "complete": true, "rules": []object{}}, "If-Match", etag).want(t, 200))
	if second.Version != first.Version+1 || second.Default != "authenticated" || second.AnswersFor != "request" || !second.Complete || len(second.Rules) != 0 {
		t.Errorf("%+v", second)
	}
	olga.call(t, "DELETE", path, nil, "If-Match", etag).want(t, 412)
	olga.call(t, "DELETE", path, nil, "If-Match", next).want(t, 204)
	for _, call := range [][2]string{{"GET", path}, {"DELETE", path}} {
		p := decode[problem](t, olga.call(t, call[0], call[1], nil, "If-Match", next).want(t, 404))
		if p.Code != "not_found" || p.Detail != "The API has no rules." {
			t.Errorf("%+v", p)
		}
	}
	for _, header := range []string{"*", `"1"`, etag, next} {
		olga.call(t, "PUT", path, rulesOf(), "If-Match", header).want(t, 412)
	}
	anew := olga.call(t, "PUT", path, rulesOf(), "If-Match", `"0"`).want(t, 201).header.Get("ETag")
	olga.call(t, "DELETE", path, nil, "If-Match", etag).want(t, 412) // of rules that are gone
	olga.call(t, "DELETE", path, nil, "If-Match", anew).want(t, 204)
	var told []string
	for _, e := range olga.events(t, "/v1/events", url.Values{"actor": {"me"}}) {
		if e.Target == "first2last" {
			told = append(told, e.Action)
		}
	}
	want := []string{"api.deleted", "api.updated", "api.deleted", "api.updated", "api.updated"}
	if !slices.Equal(told, want) {
		t.Errorf("the audit tells %q", told)
	}
}

func TestRulesComeOutOfAnOpenAPIDocument(t *testing.T) {
	olga := person(t, operator, "olga", "admin")
	needs := func(scopes ...string) object { return object{"security": []object{{"token": scopes}}} }
	document := object{
		"openapi": "3.1.0", "components": object{"securitySchemes": object{"token": object{"type": "http", "scheme": "bearer"}}},
		"paths": object{"/orders": object{"get": needs("orders:read"), "post": needs("orders:write")}, "/status": object{"get": object{}}},
	}
	made := olga.rules(t, "imported", object{"openapi": document, "complete": true})
	if len(made.Rules) != 3 || !made.Complete || made.Rules[1].Method != "POST" || !slices.Equal(made.Rules[1].Scopes, []string{"orders:write"}) {
		t.Errorf("%+v", made)
	}
	// As large as a document may be, and one byte more.
	padded := func(size int) string {
		text := `{"openapi":{"openapi":"3.1.0","paths":{"/a":{"get":{}}},"info":{"description":"` + `"}}}`
		return strings.Replace(text, `"}}}`, strings.Repeat("x", size-len(text))+`"}}}`, 1)
	}
	olga.rules(t, "large", padded(1<<20))
	over := olga.call(t, "PUT", "/v1/apis/large2", padded(1<<20+1)).want(t, 413)
	if p := decode[problem](t, over); p.Code != "too_large" || !strings.Contains(p.Detail, "1024 KiB") {
		t.Errorf("%s", over.body)
	}
	unknown := object{"openapi": object{"openapi": "3.1.0", "components": document["components"], "paths": object{"/x": object{"get": needs("orders:fly")}}}}
	put := func(body object, field, says string) bad {
		return bad{olga, "PUT", "/v1/apis/imported2", body, nil, 422, "invalid_fields", field, says}
	}
	refuses(t, []string{operator}, map[string]bad{
		"a document and rules":         put(object{"openapi": document, "rules": []object{}}, "openapi contradiction", "not both"),
		"neither of them":              put(object{}, "rules required", "OpenAPI document"),
		"a document that is text":      put(object{"openapi": "3.1.0"}, "openapi not_openapi", "JSON object"),
		"a document of Swagger":        put(object{"openapi": object{"swagger": "2.0"}}, "openapi.openapi bad_version", "3.1"),
		"an operation's unknown scope": put(unknown, "openapi.paths./x.get unknown_scope", "orders:fly"),
		"an operation's unknown words": put(object{"openapi": object{"openapi": "3.1.0", "paths": object{"/a b": object{}}}}, "openapi.paths./a b bad_path", "No route"),
	})
}

func TestABadRuleIsNamed(t *testing.T) {
	olga := person(t, operator, "olga", "admin")
	const path = "/v1/apis/badrules"
	invalid := func(field, says string, rules ...object) bad {
		return bad{olga, "PUT", path, rulesOf(rules...), nil, 422, "invalid_fields", field, says}
	}
	member := func(name string, value any, field, says string) bad {
		return bad{olga, "PUT", path, object{"rules": []object{}, name: value}, nil, 422, "invalid_fields", field, says}
	}
	with := func(name string, value any) object {
		r := ruled("GET", "/a", "orders:read")
		r[name] = value
		return r
	}
	without := func(name string) object {
		r := with("match", "all")
		delete(r, name)
		return r
	}
	many := make([]object, 301)
	for i := range many {
		many[i] = ruled("GET", fmt.Sprintf("/a%d", i))
	}
	refuses(t, []string{operator}, map[string]bad{
		"an unknown scope":            invalid("rules[0].scopes[0] unknown_scope", "orders:fly", ruled("GET", "/a", "orders:fly")),
		"an unknown one of three":     invalid("rules[1].scopes[2] unknown_scope", "orders:fly", ruled("GET", "/a"), ruled("GET", "/b", "orders:write", "orders:read", "orders:fly")),
		"a wildcard for a scope":      invalid("rules[0].scopes[0] unknown_scope", "orders:*", ruled("GET", "/a", "orders:*")),
		"two for one route":           invalid("rules[1] duplicate", "GET /a/{id}", ruled("GET", "/a/{id}"), ruled("GET", "/a/{name}")),
		"two that policies mix up":    invalid("rules[0].path overlapping", "wildcards cross slashes", ruled("GET", "/orders/{id}", "orders:read"), ruled("GET", "/{proxy+}")),
		"a path without a slash":      invalid("rules[0].path bad_path", "begins with a slash", ruled("GET", "a")),
		"a path with a star":          invalid("rules[0].path bad_path", "segment", ruled("GET", "/a/*")),
		"a path that holds a token":   invalid("rules[0].path holds_token", "token", ruled("GET", "/at_live_"+strings.Repeat("i", 22)+"_"+strings.Repeat("S", 38))),
		"a path of 257 characters":    invalid("rules[0].path bad_path", "256", ruled("GET", "/"+strings.Repeat("a", 256))),
		"a path of null":              invalid("rules[0].path wrong_type", "not null", with("path", nil)),
		"no path":                     invalid("rules[0].path required", "a method, a path and scopes", without("path")),
		"no method":                   invalid("rules[0].method required", "a method, a path and scopes", without("method")),
		"no scopes":                   invalid("rules[0].scopes required", "a method, a path and scopes", without("scopes")),
		"a method in lower case":      invalid("rules[0].method bad_method", "GET", with("method", "get")),
		"a method that is a number":   invalid("rules[0].method wrong_type", "GET", with("method", 7)),
		"a method of $connect":        invalid("rules[0].method bad_method", "$connect", with("path", "$connect")),
		"scopes in one text":          invalid("rules[0].scopes wrong_type", "list", with("scopes", "orders:read")),
		"an unknown match":            invalid("rules[0].match bad_value", "all, any or none", with("match", "most")),
		"none of some scopes":         invalid("rules[0].match contradiction", "no scopes", with("match", "none")),
		"an unknown member":           invalid("rules[0].colour unknown_field", "no such field", with("colour", "red")),
		"a rule that is text":         {olga, "PUT", path, object{"rules": []any{"GET /a"}}, nil, 422, "invalid_fields", "rules[0] wrong_type", "object"},
		"a rule with a member twice":  {olga, "PUT", path, `{"rules":[{"method":"GET","method":"GET","path":"/a","scopes":[]}]}`, nil, 422, "invalid_fields", "rules[0].method repeated", "more than once"},
		"rules that are an object":    {olga, "PUT", path, object{"rules": object{}}, nil, 422, "invalid_fields", "rules wrong_type", "list"},
		"301 rules":                   invalid("rules too_many", "300", many...),
		"an unknown default":          member("default", "allow", "default bad_value", "deny"),
		"an unknown reach":            member("answersFor", "stage", "answersFor bad_value", "request"),
		"completeness in words":       member("complete", "yes", "complete wrong_type", "true or false"),
		"rules of the API that asks":  {olga, "PUT", "/v1/apis/" + stack.Template().RestAPIs[0].ID, rulesOf(), nil, 409, "own_api", "", "lock everybody out"},
		"an id with a capital letter": {olga, "PUT", "/v1/apis/Abc", rulesOf(), nil, 400, "malformed_request", "apiId bad_id", "lower-case"},
		"no JSON":                     {olga, "PUT", path, `rules`, nil, 400, "malformed_request", "body not_json", "JSON object"},
	})
}

func TestOnlyTheOperatorSeesAndSetsRules(t *testing.T) {
	olga, viewer := person(t, operator, "olga", "admin"), person(t, operator, "vic", "viewer")
	other := person(t, "acc_no_operator", "ada", "admin")
	olga.rules(t, "operated", rulesOf(ruled("GET", "/a", "orders:read")))
	blind := olga.create(t, object{"kind": "service", "scopes": []string{"orders:read"}})
	t.Cleanup(func() { remove(t, blind.pk(), blind.sk()) })
	const path = "/v1/apis/operated"
	calls := map[string]bad{}
	for what, call := range map[string]bad{
		"list": {method: "GET", path: "/v1/apis"}, "get": {method: "GET", path: path}, "put": {method: "PUT", path: path, body: rulesOf(), headers: []string{"If-Match", `"1"`}},
		"delete": {method: "DELETE", path: path, headers: []string{"If-Match", `"1"`}}, "get what is not there": {method: "GET", path: "/v1/apis/nothing"},
		"put what is not there": {method: "PUT", path: "/v1/apis/nothing", body: rulesOf()},
	} {
		call.caller, call.status, call.code, call.says = other, 403, "not_operator", "OperatorAccount"
		calls[what+" by another account"] = call
		scope := "apis:read"
		if call.method != "GET" {
			scope = "apis:write"
			call.caller, call.code, call.says = viewer, "insufficient_scope", scope
			calls[what+" by a viewer"] = call
		}
		call.caller, call.code, call.says = blind.bearer(), "insufficient_scope", scope
		calls[what+" without the scope"] = call
	}
	refuses(t, []string{operator, "acc_no_operator"}, calls)
	// Not even whether an API has rules shows.
	sameButForTheID(t, other.call(t, "GET", path, nil).want(t, 403), other.call(t, "GET", "/v1/apis/nothing", nil))
	viewer.call(t, "GET", path, nil).want(t, 200)
	viewer.call(t, "GET", "/v1/apis", nil).want(t, 200)
}

func TestAPIsWithRulesAreListedPageByPage(t *testing.T) {
	olga, oskar := person(t, operator, "olga", "admin"), person(t, operator, "oskar", "admin")
	for i, id := range []string{"listed3", "listed1", "listed2"} {
		olga.rules(t, id, rulesOf([]object{ruled("GET", "/a"), ruled("GET", "/b"), ruled("GET", "/c")}[:i]...))
	}
	type apiPage struct {
		Records []api
		HasMore bool
		Next    *string
	}
	get := func(query string) apiPage {
		return decode[apiPage](t, olga.call(t, "GET", "/v1/apis"+query, nil).want(t, 200))
	}
	var got []string
	query := "?limit=1"
	for range 20 {
		p := get(query)
		for _, a := range p.Records {
			if strings.HasPrefix(a.ID, "listed") {
				got = append(got, fmt.Sprint(a.ID, " ", a.RuleCount, " ", a.Default))
			}
		}
		if p.HasMore != (p.Next != nil) || len(p.Records) > 1 {
			t.Errorf("%+v", p)
		}
		if !p.HasMore {
			break
		}
		query = "?limit=1&cursor=" + url.QueryEscape(*p.Next)
	}
	if want := []string{"listed1 1 deny", "listed2 2 deny", "listed3 0 deny"}; !slices.Equal(got, want) {
		t.Errorf("listed %q", got)
	}
	cursor := *get("?limit=1").Next
	list := func(query, field, says string) bad {
		return bad{olga, "GET", "/v1/apis?" + query, nil, nil, 400, "malformed_request", field, says}
	}
	tokens := decode[page](t, olga.call(t, "GET", "/v1/tokens?limit=1", nil).want(t, 200))
	calls := map[string]bad{
		"no APIs on a page":        list("limit=0", "limit bad_limit", "1 to 100"),
		"a cursor of another list": list("limit=2&cursor="+cursor, "cursor bad_cursor", "same query"),
		"half a cursor":            list("limit=1&cursor="+cursor[:len(cursor)/2], "cursor bad_cursor", "Start again"),
		"a cursor with a change":   list("limit=1&cursor="+strings.Map(func(r rune) rune { return map[bool]rune{true: 'A', false: r}[r == 'B'] }, cursor)+"B", "cursor bad_cursor", "Start again"),
		"another person's cursor":  {oskar, "GET", "/v1/apis?limit=1&cursor=" + cursor, nil, nil, 400, "malformed_request", "cursor bad_cursor", "Start again"},
	}
	if tokens.Next != nil {
		calls["a cursor of tokens"] = list("limit=1&cursor="+*tokens.Next, "cursor bad_cursor", "Start again")
	}
	refuses(t, []string{operator}, calls)
}

func TestRulesThatCannotBeReadAreOurFault(t *testing.T) {
	olga := person(t, operator, "olga", "admin")
	olga.rules(t, "unreadable", rulesOf())
	token := olga.create(t, object{"expiresIn": "P1D"})
	t.Cleanup(func() { remove(t, token.pk(), token.sk()) })
	set(t, "API#unreadable", "ROUTES", "default", str("maybe"))
	const path = "/v1/apis/unreadable"
	ourFault(t, olga, "GET", path, nil)
	ourFault(t, olga, "GET", "/v1/apis", nil)
	ourFault(t, olga, "PUT", path, rulesOf(), "If-Match", `"1"`)
	ourFault(t, olga, "DELETE", path, nil, "If-Match", `"1"`)
	ourFault(t, olga, "POST", path+"/check", object{"tokenId": token.ID})
}
