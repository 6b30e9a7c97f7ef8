package route_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tokenwright/tokenwright/internal/dev/routetest"
	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/scope"
)

var known = scope.NewSet("a:read", "a:write", "b:read", "b:write")

func rules(def route.Default, lines ...string) *route.Rules {
	rs := routetest.Rules("a1b2c3", lines...)
	rs.Default, rs.Version = def, 1
	return rs
}

func TestAPIIDs(t *testing.T) {
	for s, want := range map[string]bool{
		"a1b2c3d4e5": true, "0": true, strings.Repeat("a", 64): true, "": false, "A1": false, "a-b": false, "a/b": false, "é": false, strings.Repeat("a", 65): false,
	} {
		if id, err := route.ParseAPIID(s); (err == nil) != want || want && string(id) != s {
			t.Errorf("%q reads as %q, %v", s, id, err)
		}
	}
}

func TestTemplates(t *testing.T) {
	for _, s := range []string{"/", "/orders", "/orders/{id}", "/orders/{order_id}/items/{item-id}", "/files/{path+}", "/{proxy+}", "/v1.0/~me/a@b:c", "$connect"} {
		got, err := route.ParseTemplate(s)
		if err != nil || got.String() != s {
			t.Errorf("%s reads as %s, %v", s, got, err)
		}
	}
	for _, s := range []string{
		"", "orders", "//", "/orders/", "/a//b", "/{id", "/id}", "/{}", "/{+}", "/a{id}", "/{id}b", "/{a+}/b", "/{a}/{a}", "/.", "/a/../b", "/a*", "/a?b", "/%61", "/é",
		"/" + strings.Repeat("a/", 16) + "a", "/" + strings.Repeat("a", 300), "$default", "/a b",
	} {
		if got, err := route.ParseTemplate(s); !errors.Is(err, route.ErrBadTemplate) {
			t.Errorf("%q reads as %s, %v", s, got, err)
		}
	}
}

func TestTheMostSpecificRuleDecides(t *testing.T) {
	rs := rules(route.Deny,
		"* /{proxy+} b:write", "GET /orders a:read", "* /orders a:write", "GET /orders/{id} a:read", "GET /orders/special -", "GET /orders/{id}/items a:read b:read",
		"GET /files/{path+} a:read b:read |", "HEAD /free", "* $connect b:read")
	rs.AnswersFor = route.OneRequest
	c := route.Compile(rs)
	for _, tt := range []struct {
		request string
		held    scope.Set
		reason  route.Reason
		lacking string
	}{
		{"GET /orders", scope.NewSet("a:read"), "", ""},
		{"GET /orders", scope.NewSet("a:write"), route.InsufficientScope, "a:read"},
		{"POST /orders", scope.NewSet("a:read"), route.InsufficientScope, "a:write"},
		{"DELETE /orders", scope.NewSet("a:write"), "", ""},
		{"GET /orders/7", scope.NewSet("a:read"), "", ""},
		{"GET /orders/special", known, route.RouteDenied, ""},
		{"POST /orders/special", scope.NewSet("b:write"), "", ""},
		{"GET /orders/7/items", scope.NewSet("a:read"), route.InsufficientScope, "b:read"},
		{"GET /orders/7/items", scope.NewSet("a:read", "b:read"), "", ""},
		{"GET /orders/7/items/1", scope.NewSet("a:read", "b:read"), route.InsufficientScope, "b:write"},
		{"GET /files/a/b", scope.NewSet("b:read"), "", ""},
		{"GET /files/a/b", nil, route.InsufficientScope, "a:read b:read"},
		{"GET /files", nil, route.InsufficientScope, "b:write"},
		{"HEAD /free", nil, "", ""},
		{"GET /", known, route.RouteDenied, ""},
		{"TRACE /orders", known, route.RouteDenied, ""},
		{"GET /orders/", known, route.RouteDenied, ""},
		{"GET //orders", known, route.RouteDenied, ""},
		{"GET /orders/..", known, route.RouteDenied, ""},
		{"GET /%6frders", known, route.RouteDenied, ""},
		{"GET /orders/%2Fx", known, route.RouteDenied, ""},
		{"GET /orders/a%3Ab", scope.NewSet("a:read"), "", ""}, // no literal has a colon
		{"GET /orders/me%40example.com", scope.NewSet("a:read"), "", ""},
		{"GET /orders/auth0%7C1%3D", scope.NewSet("a:read"), "", ""},
		{"GET /orders/7%2fitems", known, route.RouteDenied, ""},
		{"GET /orders/%73pecial", known, route.RouteDenied, ""},
		{"GET /orders/spe%63ial", known, route.RouteDenied, ""},
		{"GET /orders/spe%63%69al", known, route.RouteDenied, ""},
		{"GET /orders/speci%6", scope.NewSet("a:read"), "", ""}, // no escape
		{"GET /orders/%5Cx", known, route.RouteDenied, ""},
		{"GET /orders/%20x", scope.NewSet("a:read"), "", ""},
		{"GET /orders/100%", scope.NewSet("a:read"), "", ""},
		{"GET orders", known, route.RouteDenied, ""},
	} {
		method, path, _ := strings.Cut(tt.request, " ")
		if d := c.Decide(method, path, tt.held); d.Reason != tt.reason || d.Lacking.String() != tt.lacking {
			t.Errorf("%s with %s: %q, lacking %q", tt.request, tt.held, d.Reason, d.Lacking)
		}
	}
	if d := c.DecideConnect(scope.NewSet("b:read")); !d.Allowed() {
		t.Errorf("$connect: %v", d)
	}
	if d := c.DecideConnect(nil); d.Reason != route.InsufficientScope {
		t.Errorf("$connect without a scope: %v", d)
	}
	if d := c.DecideDefault(known); d.Reason != route.RouteDenied {
		t.Errorf("the default: %v", d)
	}
}

func TestFaults(t *testing.T) {
	for _, tt := range []struct {
		name     string
		def      route.Default
		complete bool
		rules    []string
		want     []string // field code
	}{
		{"an API", route.Deny, false, []string{"GET /orders a:read", "POST /orders a:write", "GET /orders/{id} a:read", "DELETE /orders/{id} a:write"}, nil},
		{"unknown scope", route.Deny, false, []string{"GET /orders a:fly"}, []string{"rules[0].scopes[0] unknown_scope"}},
		{"a pattern is no scope", route.Deny, false, []string{"GET /orders a:*"}, []string{"rules[0].scopes[0] unknown_scope"}},
		{"method", route.Deny, false, []string{"get /orders", "TRACE /orders"}, []string{"rules[0].method bad_method", "rules[1].method bad_method"}},
		{"method of $connect", route.Deny, false, []string{"GET $connect"}, []string{"rules[0].method bad_method"}},
		{"duplicate", route.Deny, false, []string{"GET /orders/{id} a:read", "GET /orders/{name} a:write"}, []string{"rules[1] duplicate"}},
		{"duplicate $connect", route.Deny, false, []string{"* $connect", "* $connect a:read"}, []string{"rules[1] duplicate"}},
		{"scopes of nobody", route.Deny, false, []string{"GET /orders a:read -"}, []string{"rules[0].match contradiction"}},
		{"any of none", route.Deny, false, []string{"GET /orders |"}, []string{"rules[0].match contradiction"}},
		{"any method and all of them", route.Deny, false, []string{
			"* /o", "DELETE /o", "GET /o", "HEAD /o", "OPTIONS /o", "PATCH /o", "POST /o", "PUT /o",
		}, []string{"rules[0] unreachable"}},
		{"one segment and more leave nothing to all", route.Authenticated, false, []string{"GET /{p+}", "GET /{a}", "GET /{a}/{p+}"}, []string{"rules[0] unreachable"}},
		{"a wildcard admits to more", route.Deny, false, []string{"GET /orders/{id} a:read", "GET /orders/{id}/items a:read"}, []string{"rules[0].path admits_more"}},
		{"unless there is no more", route.Deny, true, []string{"GET /orders/{id} a:read", "GET /orders/{id}/items b:read", "GET /orders/{id}/items/{n} b:write"}, nil},
		{"or it has a rule", route.Deny, false, []string{"GET /orders/{id} a:read", "GET /orders/{id}/items b:read", "GET /orders/{id}/{other} a:read"}, nil},
		{"or nobody can call it", route.Deny, false, []string{"GET /orders/{id} -", "GET /orders/{id}/items b:read"}, nil},
		{"a root beside a parameter", route.Deny, false, []string{"GET / a:read", "GET /{id} b:read"}, nil},
		{"a literal beside a parameter", route.Deny, false, []string{"GET /orders/{id} a:read", "GET /orders/special b:read"}, nil},
		{"a catch-all takes the literal along", route.Deny, false, []string{"GET /orders/{id} a:read", "GET /orders/special b:read", "GET /{p+} b:write"},
			[]string{"rules[0].path overlapping", "rules[2].path overlapping", "rules[2].path overlapping", "rules[0].path overlapping"}},
		{"what is open by default cannot be closed for an id and open for a name", route.Authenticated, false,
			[]string{"GET /orders/{id} a:read", "GET /orders/special b:read"}, []string{"rules[0].path overlapping"}},
		{"unless whoever may the one may the other", route.Authenticated, false, []string{"GET /orders/{id} a:read", "GET /orders/special a:read b:read"}, nil},
		{"open below", route.Authenticated, false, []string{"GET /admin a:write", "* /admin/{p+} a:write"}, nil},
	} {
		rs := rules(tt.def, tt.rules...)
		rs.Complete = tt.complete
		var got []string
		for _, f := range rs.Faults(known) {
			got = append(got, f.Field+" "+f.Code)
			if f.Detail == "" || strings.Contains(f.Detail, "%!") {
				t.Errorf("%s: %q", tt.name, f.Detail)
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v", tt.name, rs.Faults(known))
		}
		rs.AnswersFor = route.OneRequest
		for _, f := range rs.Faults(known) {
			if f.Code == "admits_more" || f.Code == "overlapping" {
				t.Errorf("%s, for one request: %v", tt.name, f)
			}
		}
	}
}

// docs/attaching.md says how many that is.
func TestOnePolicyHasRoomForAboutFortyFiveRulesOrSixOfAnyMethod(t *testing.T) {
	fit := func(method string, n int) bool {
		lines := make([]string, n)
		for i := range lines {
			lines[i] = fmt.Sprintf("%s /resources-%02d a:read", method, i)
		}
		return len(routetest.Rules("a1b2c3d4e5", lines...).Faults(known)) == 0
	}
	if !fit("GET", 45) || fit("GET", 50) || !fit("*", 6) || fit("*", 7) {
		t.Errorf("45: %t, 50: %t, 6 of any method: %t, 7: %t", fit("GET", 45), fit("GET", 50), fit("*", 6), fit("*", 7))
	}
}

func TestRulesBeyondTheLimits(t *testing.T) {
	many := rules(route.Deny)
	for i := range route.MaxRules + 1 {
		many.Rules = append(many.Rules, routetest.Rule(fmt.Sprintf("GET /r%d a:read", i)))
	}
	if f := many.Faults(known); len(f) != 1 || f[0].Code != "too_many" {
		t.Errorf("%d rules: %v", len(many.Rules), f)
	}
	many.Rules = many.Rules[:route.MaxRules]
	if f := many.Faults(known); len(f) != 1 || f[0].Code != "too_large" {
		t.Errorf("a policy of %d resources: %v", len(many.Rules), f)
	}
	many.AnswersFor = route.OneRequest
	if f := many.Faults(known); len(f) != 0 {
		t.Errorf("the same for one request: %v", f)
	}
	if f := (&route.Rules{}).Faults(known); len(f) != 2 {
		t.Errorf("no rules, no words: %v", f)
	}
	maze := rules(route.Deny)
	for i := range 40 { // each parameter doubles what a path may be part of
		maze.Rules = append(maze.Rules, routetest.Rule(fmt.Sprintf("GET /{a}/{b}/{c}/m%[1]c%[2]c/{d}/{e}/n%[1]c%[2]c/{f}/{g} a:read", 'a'+i/8, 'a'+i%8)))
	}
	if f := maze.Faults(known); len(f) == 0 || f[len(f)-1].Code != "too_complex" {
		t.Errorf("a maze: %v", f)
	}
}

// paths are all paths of up to so many segments that these words make.
func paths(segments int, words ...string) []string {
	all, last := []string{"/"}, []string{""}
	for range segments {
		var next []string
		for _, p := range last {
			for _, w := range words {
				next = append(next, p+"/"+w)
			}
		}
		all, last = append(all, next...), next
	}
	return all
}

// subsets are all sets of the known scopes.
func subsets() (all []scope.Set) {
	for bits := range 1 << len(known) {
		var s scope.Set
		for i, k := range known {
			if bits&(1<<i) != 0 {
				s = append(s, k)
			}
		}
		all = append(all, s)
	}
	return all
}

// TestAPolicySaysWhatTheRulesSay tries rules made at random on every path and caller there can be: what Faults accepts, a
// policy tells exactly; what it refuses, a policy would get wrong for some caller.
func TestAPolicySaysWhatTheRulesSay(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(of ...string) string { return of[random.IntN(len(of))] }
	everyPath, longPaths, everyCaller := paths(4, "o", "s", "x"), paths(7, "o", "s", "x"), subsets()
	escaped := paths(2, "o", "%6f", "x%73", "%78", "%6")
	everyPath, longPaths = append(everyPath, escaped...), append(longPaths, escaped...)
	accepted, refused := 0, 0
	for range 4000 {
		rs := rules(route.Default(pick("deny", "deny", "authenticated")))
		rs.Complete = random.IntN(4) == 0
		for range 1 + random.IntN(5) {
			path := ""
			for i := range 1 + random.IntN(3) {
				path += "/" + pick("o", "s", "o", fmt.Sprintf("{p%d}", i))
			}
			if random.IntN(6) == 0 {
				path += "/{rest+}"
			}
			if random.IntN(12) == 0 {
				path = pick("/", "/{proxy+}")
			}
			rs.Rules = append(rs.Rules, routetest.Rule("GET "+path+" "+pick("a:read", "a:write", "a:read a:write", "a:read a:write |", "", "-", "b:read")))
		}
		var inexact *route.Fault
		for _, f := range rs.Faults(known) {
			if f.Code == "admits_more" || f.Code == "overlapping" {
				inexact = &f
			} else {
				inexact = nil
				rs = nil
				break
			}
		}
		if rs == nil {
			continue // duplicates and the like
		}
		wrong := disagreement(rs, everyPath, everyCaller)
		if inexact != nil && wrong == "" {
			wrong = disagreement(rs, longPaths, everyCaller)
		}
		switch {
		case inexact == nil && wrong != "":
			t.Fatalf("accepted, but %s:\n%s", wrong, show(rs))
		case inexact != nil && wrong == "":
			t.Fatalf("refused without need: %v\n%s", *inexact, show(rs))
		case inexact == nil:
			accepted++
		default:
			refused++
		}
	}
	if accepted < 500 || refused < 200 {
		t.Errorf("only %d sets of rules accepted and %d refused: that shows little", accepted, refused)
	}
}

// What a gateway that decodes would take for a path of other rules is admitted by neither.
func TestNoLiteralIsReachedByAnEscape(t *testing.T) {
	literal := "Az0-_.~:@$9"
	open := rules(route.Authenticated, "GET /"+literal+" -", "GET /x/{id} a:read")
	c := route.Compile(open)
	p := c.Policy(known)
	for i := range len(literal) {
		for _, format := range []string{"%%%02x", "%%%02X"} {
			path := "/" + literal[:i] + fmt.Sprintf(format, literal[i]) + literal[i+1:]
			if p.Admits("GET"+path) || c.Decide("GET", path, known).Allowed() || p.Admits("GET/x"+path) {
				t.Errorf("%s reaches %s", path, literal)
			}
		}
	}
	for _, other := range []string{"/x/%20", "/x/%7C", "/x/%3D%3d", "/x/%c3%A9", "/x/%21", "/x/%5B"} {
		if !p.Admits("GET"+other) || !c.Decide("GET", other, known).Allowed() {
			t.Errorf("%s is refused", other)
		}
	}
}

func show(rs *route.Rules) string {
	out := fmt.Sprintln(rs.Default, "complete:", rs.Complete)
	for _, r := range rs.Rules {
		out += fmt.Sprintln(r.Method, r.Path, r.Scopes, r.Match)
	}
	return out
}

// disagreement tells a path of which a policy says something else than the rules.
func disagreement(rs *route.Rules, everyPath []string, everyCaller []scope.Set) string {
	policy := route.Compile(rs)
	exact := *rs
	exact.AnswersFor = route.OneRequest
	rule := route.Compile(&exact)
	for _, held := range everyCaller {
		p := policy.Policy(held)
		for _, path := range everyPath {
			d := rule.Decide("GET", path, held)
			switch admits := p.Admits("GET" + path); {
			case rs.Complete && d.Rule == nil: // nothing is there
				continue
			case admits == d.Allowed():
			case admits:
				return fmt.Sprintf("with %q a policy admits to %s", held, path)
			case d.Rule == nil: // open by default, below a parameter
			case named(d.Rule.Path.String(), path): // an id with the name of a literal
			default:
				return fmt.Sprintf("with %q a policy refuses %s", held, path)
			}
			if policy.Decide("GET", path, held).Allowed() != p.Admits("GET"+path) {
				return fmt.Sprintf("with %q Decide is not of the policy's opinion on %s", held, path)
			}
		}
		for _, irregular := range []string{"/o/", "//o", "/o//s", "/x//", "//", "/.", "/..", "/o/.", "/o/..", "/o/../s", "/./o", "/o/%2e%2E", "/o/..%2Fs", "/x%2fo", "/o%5Cs", "/%5c"} {
			if p.Admits("GET" + irregular) {
				return fmt.Sprintf("with %q a policy admits to %s", held, irregular)
			}
		}
	}
	return ""
}

// named says whether a parameter of the path has the name of a literal.
func named(template, path string) bool {
	segments := strings.Split(path, "/")
	for i, s := range strings.Split(template, "/") {
		if strings.HasPrefix(s, "{") && !strings.HasSuffix(s, "+}") && segments[i] != "x" {
			return true
		}
	}
	return false
}

func TestSimpleAnswersHoldForTheWholeRouteKey(t *testing.T) {
	c := route.Compile(rules(route.Deny, "GET /orders a:read", "POST /orders a:write", "GET /orders/{id} a:read", "GET /orders/special b:read", "* /files/{path+}",
		"GET /catch/{p+} a:read", "GET /catch/all b:write"))
	for _, tt := range []struct {
		key, request string
		held         scope.Set
		want         bool
	}{
		{"GET /orders", "GET /orders", scope.NewSet("a:read"), true},
		{"ANY /orders", "GET /orders", scope.NewSet("a:read"), false}, // the cached answer would hold for POST
		{"ANY /orders", "GET /orders", known, false},                  // and for PUT, which has no rule
		{"GET /orders/{name}", "GET /orders/7", scope.NewSet("a:read"), true},
		{"GET /orders/{name}", "GET /orders/special", scope.NewSet("a:read"), false},
		{"GET /orders/special", "GET /orders/special", scope.NewSet("b:read"), true},
		{"ANY /files/{proxy+}", "PUT /files/a/b", nil, true},
		{"ANY /{proxy+}", "PUT /files/a/b", nil, false},
		{"GET /orders/{proxy+}", "GET /orders/7", known, false},                // /orders/7/8 has no rule
		{"GET /catch/{proxy+}", "GET /catch/a", scope.NewSet("a:read"), false}, // the cached yes would hold for /catch/all
		{"GET /catch/{proxy+}", "GET /catch/a", scope.NewSet("a:read", "b:write"), true},
		{"$default", "PUT /files/a", known, false},
		{"GET /orders/{id}/é", "GET /orders/7", known, false},
	} {
		method, path, _ := strings.Cut(tt.request, " ")
		if d := c.DecideKey(tt.key, method, path, tt.held); d.Allowed() != tt.want {
			t.Errorf("%s as %s with %s: %+v", tt.request, tt.key, tt.held, d)
		}
	}
	open := route.Compile(rules(route.Authenticated, "GET /admin a:write"))
	if d := open.DecideKey("$default", "GET", "/x", scope.NewSet("a:read")); d.Allowed() {
		t.Error("a yes for $default would be one for /admin")
	}
	if d := open.DecideKey("$default", "GET", "/x", scope.NewSet("a:write")); !d.Allowed() {
		t.Errorf("nothing under $default is closed: %+v", d)
	}
}

func FuzzTemplates(f *testing.F) {
	for _, s := range []string{"/", "/a/{b}/{c+}", "$connect", "/{a}{b}", "/%41"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		parsed, err := route.ParseTemplate(s)
		if err == nil && parsed.String() != s {
			t.Errorf("%q is written as %q", s, parsed)
		}
	})
}
