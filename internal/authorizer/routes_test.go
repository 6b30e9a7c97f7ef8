package authorizer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tokenwright/tokenwright/internal/authorizer"
	"github.com/tokenwright/tokenwright/internal/dev/aws/iam"
	"github.com/tokenwright/tokenwright/internal/dev/routetest"
	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/scope"
)

// ruled makes rules of lines; see routetest.Rule.
func ruled(t testing.TB, def route.Default, answersFor route.AnswersFor, lines ...string) *route.Compiled {
	t.Helper()
	rules := routetest.Rules("a1b2c3", lines...)
	rules.Default, rules.AnswersFor, rules.Version = def, answersFor, 1
	return route.Compile(rules)
}

// orders are the rules that most tests here have: whoever may write orders may also not read them.
func orders(t testing.TB, answersFor route.AnswersFor) *route.Compiled {
	return ruled(t, route.Deny, answersFor,
		"GET /orders orders:read", "POST /orders orders:write", "GET /orders/{id} orders:read", "DELETE /orders/{id} orders:write orders:delete",
		"GET /reports orders:read | reports:read", "GET /status", "* /admin -", "* $connect live:connect")
}

func holding(scopes ...scope.Scope) principal.Principal {
	p := bearer
	p.Scopes = scope.NewSet(scopes...)
	return p
}

const stage = "arn:aws:execute-api:us-east-1:123456789012:a1b2c3/live/"

func restCall(called string) string {
	return restRequest(stage+called, "203.0.113.7", [2]string{"Authorization", "Bearer at_x"})
}

func httpCall(key, called string) string {
	return `{"version":"2.0","type":"REQUEST","routeArn":"` + stage + called + `","routeKey":"` + key +
		`","headers":{"authorization":"Bearer x"},"requestContext":{"http":{"sourceIp":"203.0.113.7"}}}`
}

// who is the context's part that says who called with the scope orders:read.
const who = `"environment":"live","expiresAt":"2027-02-20T12:00:00.000Z","kind":"personal","scopes":"orders:read",` +
	`"tokenId":"tok_tgNbh7Q7aQPVbfllxJGMII","userId":"usr_tgNbh7Q7aQP"`

// whole is the answer for the whole API to a caller with the scope orders:read, who lacks others.
func whole() string {
	listed := func(prefix string, list ...string) string {
		return `"` + prefix + strings.Join(list, `","`+prefix) + `"`
	}
	quoted := func(list ...string) string { return listed(stage, list...) }
	anywhere := strings.Fields("*//* */./* */../* */. */.. *%2e* *%2E* *%2f* *%2F* *%5c* *%5C* *%6?* *%70* *%72* *%73* *%74* *%75*")
	return `{"principalId":"usr_tgNbh7Q7aQP","policyDocument":{"Version":"2012-10-17","Statement":[` +
		`{"Action":["execute-api:Invoke"],"Effect":"Allow","Resource":[` + quoted("GET/orders", "GET/reports", "GET/status", "GET/orders/*") + `]},` +
		`{"Action":["execute-api:Invoke"],"Effect":"Deny","Resource":[` + quoted("GET/*/*/*", "*/*/") + `,` +
		listed("arn:aws:execute-api:*:*:", anywhere...) + `]}]},` +
		`"context":{"accountId":"acc_acme","challenge":"Bearer error=\"insufficient_scope\", scope=\"orders:delete orders:write\"",` +
		`"code":"insufficient_scope","detail":"The credential lacks what routes of this API need: orders:delete orders:write.",` + who + `}}`
}

func policyOf(effect, resource, who, context string) string {
	return `{"principalId":"` + who + `","policyDocument":{"Version":"2012-10-17","Statement":[{"Action":["execute-api:Invoke"],"Effect":"` + effect +
		`","Resource":["` + resource + `"]}]},"context":{` + context + `}}`
}

func why(code, detail, scopes string) string {
	challenge := "Bearer"
	if scopes != "" {
		challenge = `Bearer error=\"insufficient_scope\", scope=\"` + scopes + `\"`
	}
	return `"challenge":"` + challenge + `","code":"` + code + `","detail":"` + detail + `"`
}

const (
	nobodyHere = "The rules of this API admit nobody here."
	lacks      = "The credential lacks what routes of this API need: "
)

func TestRulesInTheWordsOfEachGateway(t *testing.T) {
	reader := holding("orders:read")
	api, request := orders(t, route.WholeAPI), orders(t, route.OneRequest)
	allowed, lacking, closed := outcome{"allowed", ""}, outcome{"denied", "insufficient_scope"}, outcome{"denied", "route_denied"}
	simple := func(ok bool, context string) string {
		return fmt.Sprintf(`{"isAuthorized":%v,"context":{%s}}`, ok, context)
	}
	me := `"accountId":"acc_acme",` + who
	websocket := `{"type":"REQUEST","methodArn":"` + stage + `$connect","headers":{"Authorization":"Bearer x"},"requestContext":{"eventType":"CONNECT"}}`
	restToken := `{"type":"TOKEN","methodArn":"` + stage + `GET/orders","authorizationToken":"Bearer x"}`
	http1 := strings.Replace(restCall("GET/orders"), `{`, `{"version":"1.0",`, 1)
	appsync := `{"authorizationToken":"Bearer x","requestContext":{"apiId":"a1b2c3"}}`
	for _, tt := range []struct {
		name    string
		rules   *route.Compiled
		caller  principal.Principal
		kind    authorizer.ResponseKind
		event   string
		want    string
		counted outcome
	}{
		{"REST", api, reader, "", restCall("GET/orders"), whole(), allowed},
		{"REST, refused, but others are not", api, reader, "", restCall("POST/orders"), whole(), lacking},
		{"REST, no rule", api, reader, "", restCall("GET/elsewhere"), whole(), closed},
		{"REST, a rule that admits nobody", api, reader, "", restCall("GET/admin"), whole(), closed},
		{"REST, one segment too many", api, reader, "", restCall("GET/orders/7/items"), whole(), closed},
		{"REST TOKEN", api, reader, "", restToken, whole(), allowed},
		{"HTTP 1.0", api, reader, "", http1, whole(), allowed},
		{"HTTP 2.0, IAM", api, reader, authorizer.IAM, httpCall("GET /orders", "GET/orders"), whole(), allowed},
		{"HTTP 2.0, IAM, refused", api, reader, authorizer.IAM, httpCall("POST /orders", "POST/orders"), whole(), lacking},
		{"REST, a path in disguise", api, reader, "", restCall("GET/orders/%61"), whole(), closed},
		{"nothing is admitted", ruled(t, route.Deny, route.WholeAPI, "GET /orders orders:read"), holding("orders:write"), "", restCall("GET/orders"),
			policyOf("Deny", stage+"*", "nobody", why("insufficient_scope", lacks+"orders:read.", "orders:read")), lacking},
		{"nothing is admitted, whoever calls", ruled(t, route.Deny, route.WholeAPI, "* /admin -"), reader, "", restCall("GET/admin"),
			policyOf("Deny", stage+"*", "nobody", why("route_denied", nobodyHere, "")), closed},

		{"one request", request, reader, "", restCall("GET/orders/7"), policyOf("Allow", stage+"GET/orders/7", "usr_tgNbh7Q7aQP", me), allowed},
		{"one request, refused", request, reader, "", restCall("POST/orders"), policyOf("Deny", stage+"*", "nobody", why("insufficient_scope", "This needs the scope orders:write.", "orders:write")), lacking},
		{"one request, two scopes missing", request, reader, "", restCall("DELETE/orders/7"),
			policyOf("Deny", stage+"*", "nobody", why("insufficient_scope", "This needs the scopes orders:delete orders:write.", "orders:delete orders:write")), lacking},
		{"one request, one of two scopes missing", request, holding("orders:write"), "", restCall("GET/reports"),
			policyOf("Deny", stage+"*", "nobody", why("insufficient_scope", "This needs one of the scopes orders:read reports:read.", "orders:read reports:read")), lacking},
		{"one request, no rule", request, reader, "", restCall("GET/elsewhere"), policyOf("Deny", stage+"*", "nobody", why("route_denied", nobodyHere, "")), closed},
		{"one request, in disguise", request, reader, "", restCall("GET/orders/%61"), policyOf("Deny", stage+"*", "nobody", why("route_denied", nobodyHere, "")), closed},
		{"one request with a wildcard", request, reader, "", restCall("GET/orders/*"), policyOf("Deny", stage+"*", "nobody", why("route_denied", nobodyHere, "")), closed},
		{"one request with half a wildcard", request, reader, "", restCall("GET/orders/a?"), policyOf("Deny", stage+"*", "nobody", why("route_denied", nobodyHere, "")), closed},
		{"one request with a variable", request, reader, "", restCall("GET/orders/${aws:userid}"), policyOf("Deny", stage+"*", "nobody", why("route_denied", nobodyHere, "")), closed},
		{"one request, too long", request, reader, "", restCall("GET/orders/" + strings.Repeat("x", 500)),
			policyOf("Deny", stage+"*", "nobody", why("policy_too_large", "The permissions of this credential are more than the gateway can take.", "")), outcome{"denied", "policy_too_large"}},

		{"simple", api, reader, authorizer.Simple, httpCall("GET /orders/{id}", "GET/orders/7"), simple(true, me), allowed},
		{"simple, refused", api, reader, authorizer.Simple, httpCall("POST /orders", "POST/orders"), simple(false, why("insufficient_scope", "This needs the scope orders:write.", "orders:write")), lacking},
		{"simple, $default stands for more than it may", api, reader, authorizer.Simple, httpCall("$default", "GET/orders"), simple(false, why("route_denied", nobodyHere, "")), closed},
		{"simple, no route key", api, reader, authorizer.Simple, httpCall("", "GET/orders"), simple(false, why("route_denied", nobodyHere, "")), closed},
		{"simple, $default for one request", request, reader, authorizer.Simple, httpCall("$default", "GET/orders"), simple(true, me), allowed},

		{"WebSocket", api, holding("live:connect"), "", websocket,
			policyOf("Allow", stage+"*", "usr_tgNbh7Q7aQP", strings.Replace(me, "orders:read", "live:connect", 1)), allowed},
		{"WebSocket, refused", api, reader, "", websocket, policyOf("Deny", stage+"*", "nobody", why("insufficient_scope", "This needs the scope live:connect.", "live:connect")), lacking},

		{"AppSync", ruled(t, route.Authenticated, route.WholeAPI), reader, "", appsync, `{"isAuthorized":true,"resolverContext":{` + me + `},"ttlOverride":0}`, allowed},
		{"AppSync, refused", api, reader, "", appsync, `{"isAuthorized":false,"ttlOverride":0}`, closed},
	} {
		if tt.kind == "" {
			tt.kind = authorizer.Simple
		}
		j := &judge{principal: tt.caller, routes: tt.rules}
		got, counted, log, err := ask(t, j, tt.kind, tt.event)
		if err != nil || counted != tt.counted || j.api != "a1b2c3" {
			t.Errorf("%s: counted %v, asked about %q: %v", tt.name, counted, j.api, err)
		}
		if diff := cmp.Diff(anything(t, tt.want), anything(t, got)); diff != "" {
			t.Errorf("%s (- want, + got):\n%s", tt.name, diff)
		}
		if !strings.Contains(log, `"account":"acc_acme"`) || counted.reason != "" && !strings.Contains(log, counted.reason) {
			t.Errorf("%s: logged %s", tt.name, log)
		}
	}
}

func anything(t *testing.T, text string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

// What a gateway may cache by the credential alone tells nothing of the request that it was made for.
func TestTheAnswerForAWholeAPIIsTheSameForEveryRoute(t *testing.T) {
	for _, caller := range []principal.Principal{holding("orders:read"), holding()} {
		first := ""
		for _, called := range []string{"GET/orders", "POST/orders", "GET/orders/7", "GET/elsewhere", "TRACE/orders", "GET/", "GET", ""} {
			got, _, _, err := ask(t, &judge{principal: caller, routes: orders(t, route.WholeAPI)}, authorizer.IAM, restCall(called))
			if first == "" {
				first = got
			}
			if err != nil || got != first {
				t.Errorf("%s: %v\n got %s\nwant %s", called, err, got, first)
			}
		}
	}
}

func TestAPolicyBeyondTheGatewaysLimitsIsADenial(t *testing.T) {
	var lines []string
	for i := range 120 {
		lines = append(lines, fmt.Sprintf("GET /a%03d/{id} orders:read", i))
	}
	long := "GET /" + strings.Repeat("x/", 15) + strings.Repeat("y", 200) + " orders:read"
	for name, rules := range map[string]*route.Compiled{"too many": ruled(t, route.Deny, route.WholeAPI, lines...), "too long": ruled(t, route.Deny, route.WholeAPI, long)} {
		arn := stage + "GET/a000/7"
		if name == "too long" {
			arn = strings.Replace(arn, "live", strings.Repeat("s", 250), 1)
		}
		got, counted, _, err := ask(t, &judge{principal: holding("orders:read"), routes: rules}, authorizer.IAM, restRequest(arn, "", [2]string{"Authorization", "Bearer x"}))
		if err != nil || strings.Contains(got, "Allow") || counted != (outcome{"denied", "policy_too_large"}) {
			t.Errorf("%s: %.300s, %v, %v", name, got, counted, err)
		}
	}
}

// Rules that say there are no other routes leave it to a policy to admit to paths that nobody has; the request that was
// refused for it is taken back by name, or with everything else where it has no name of its own.
func TestAPolicyTakesBackTheRequestThatTheRulesRefuse(t *testing.T) {
	rules := routetest.Rules("a1b2c3", "GET /orders/{id} orders:read", "GET /orders/{id}/items orders:write", "GET /orders/{id}/items/{n} orders:write")
	rules.Default, rules.Complete, rules.Version = route.Deny, true, 1
	compiled := route.Compile(rules)
	if !compiled.Policy(scope.NewSet("orders:read")).Admits("GET/orders/7/other") {
		t.Fatal("the policy takes nothing back: this test shows nothing")
	}
	for called, others := range map[string]bool{"GET/orders/7/other": true, "GET/orders/7/other*": false, "GET/orders/7/" + strings.Repeat("x", 500): false} {
		got, counted, _, err := ask(t, &judge{principal: holding("orders:read"), routes: compiled}, authorizer.IAM, restCall(called))
		if err != nil || counted != (outcome{"denied", "route_denied"}) || applies(t, got, called) {
			t.Errorf("%.40s: %.300s, %v, %v", called, got, counted, err)
		}
		if applies(t, got, "GET/orders/7") != others {
			t.Errorf("%.40s: what it says of others: %.300s", called, got)
		}
	}
}

// What a gateway that decodes before it routes takes for another path is refused by a cached policy too.
func TestACachedPolicyRefusesALiteralInDisguise(t *testing.T) {
	got, _, _, err := ask(t, &judge{principal: holding("orders:read"), routes: ruled(t, route.Authenticated, route.WholeAPI, "* /admin/{rest+} orders:write", "* /admin orders:write")}, authorizer.IAM, restCall("GET/orders"))
	if err != nil {
		t.Fatal(err)
	}
	for called, want := range map[string]bool{
		"GET/orders": true, "GET/users/ada%40example.com": true, "GET/admin": false, "GET/admin/x": false, "GET/%61dmin": false, "GET/%61dmin/x": false,
		"GET/a%64m%69n": false, "GET/admi%6E/x": false, "GET/admi%6e": false, "GET/x/%2e%2e/admin": false, "GET/x%5cadmin": false,
	} {
		if applies(t, got, called) != want {
			t.Errorf("%s: want %v of %s", called, want, got)
		}
	}
}

// applies evaluates a policy of the authorizer as a gateway does.
func applies(t *testing.T, answer, called string) bool {
	t.Helper()
	var a struct{ PolicyDocument json.RawMessage }
	if err := json.Unmarshal([]byte(answer), &a); err != nil {
		t.Fatal(err)
	}
	statements, err := iam.ParsePolicy(a.PolicyDocument)
	if err != nil {
		t.Fatalf("%s: %v", answer, err)
	}
	decision, _ := iam.Decide(statements, iam.Request{Action: "execute-api:Invoke", Resource: stage + called})
	return decision == iam.Allow
}

var someScopes = []scope.Scope{"a:read", "a:write", "b:read"}

// some draws a value.
func some[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// randomRules draws rules over few segments, so that they meet; some of them no policy can say.
func randomRules(t *testing.T, r *rand.Rand, answersFor route.AnswersFor) *route.Compiled {
	var lines []string
	for range 1 + r.IntN(6) {
		path := ""
		for i := range r.IntN(4) {
			path += "/" + some(r, "a", "b", "c", fmt.Sprintf("{x%d}", i))
		}
		if r.IntN(8) == 0 {
			path += "/{rest+}"
		}
		if path == "" {
			path = "/"
		}
		lines = append(lines, some(r, "GET", "GET", "POST", "*")+" "+path+" "+some(r, "", "a:read", "a:write", "a:read a:write", "a:read | b:read", "-"))
	}
	return ruled(t, some(r, route.Deny, route.Deny, route.Authenticated), answersFor, lines...)
}

func randomCall(r *rand.Rand) string {
	called := some(r, "GET", "GET", "POST", "PUT", "TRACE") + "/"
	for i := range r.IntN(6) {
		if i > 0 {
			called += "/"
		}
		called += some(r, "a", "a", "b", "c", "d", "d", "7", "é", "a:b", "", "..", "%61", "%2F", "*", "?")
	}
	return called
}

// The policy that answers a request says of it what the rules say, whatever the rules; and where one policy can say it
// all, the one for any other request says it too, as a gateway's cache would have it.
func TestAGatewayDecidesByThePolicyAsTheRulesDo(t *testing.T) {
	known := scope.NewSet(someScopes...)
	r := rand.New(rand.NewPCG(1, 2))
	var admitted, refused, fromCache int
	for range 400 {
		answersFor := some(r, route.WholeAPI, route.WholeAPI, route.OneRequest)
		rules := randomRules(t, r, answersFor)
		exact := answersFor == route.WholeAPI && len(rules.Rules().Faults(known)) == 0
		var held []scope.Scope
		for _, s := range someScopes {
			if r.IntN(2) == 0 {
				held = append(held, s)
			}
		}
		j := &judge{principal: holding(held...), routes: rules}
		a := authorizer.New(authorizer.Config{
			Validator: j, HTTPResponse: authorizer.IAM, Log: slog.New(slog.DiscardHandler), Count: func(context.Context, string, string) {},
		})
		ask := func(called string) string {
			answer, err := a.Handle(t.Context(), []byte(restCall(called)))
			if err != nil {
				t.Fatal(err)
			}
			return string(answer)
		}
		cached := ask("GET/a")
		for range 40 {
			called := randomCall(r)
			method, path, _ := strings.Cut(called, "/")
			want := rules.Decide(method, "/"+path, j.principal.Scopes).Allowed()
			if want && answersFor == route.OneRequest && strings.ContainsAny(called, "*?") {
				want = false
			}
			if got := applies(t, ask(called), called); got != want {
				t.Fatalf("%+v, %v: %s: %v, want %v", rules.Rules(), held, called, got, want)
			}
			if want {
				admitted++
			} else {
				refused++
			}
			if !exact || strings.Contains(called, "%") || strings.Contains(called, "..") {
				continue
			}
			fromCache++
			if got := applies(t, cached, called); got != want {
				t.Fatalf("%+v, %v: %s from the cache: %v, want %v", rules.Rules(), held, called, got, want)
			}
		}
	}
	if admitted < 1000 || refused < 1000 || fromCache < 1000 {
		t.Errorf("%d admitted, %d refused, %d out of a cache: too few to tell", admitted, refused, fromCache)
	}
}

// Whatever is called, an Allow for one request names nothing but it, and no answer is beyond the gateway's limits.
func FuzzRules(f *testing.F) {
	for _, called := range []string{"GET/orders", "GET/orders/%61", "GET/orders/*", "POST//", "", "GET/orders/${x}", "GET/orders/\"\\\n"} {
		f.Add(called, "GET /orders")
	}
	api, request := orders(f, route.WholeAPI), orders(f, route.OneRequest)
	f.Fuzz(func(t *testing.T, called, key string) {
		for _, rules := range []*route.Compiled{api, request} {
			for _, kind := range []authorizer.ResponseKind{authorizer.Simple, authorizer.IAM} {
				event, err := json.Marshal(map[string]any{"version": "2.0", "routeArn": stage + called, "routeKey": key, "headers": map[string]string{"authorization": "Bearer x"}})
				if err != nil {
					t.Fatal(err)
				}
				a := authorizer.New(authorizer.Config{
					Validator: &judge{principal: holding("orders:read"), routes: rules}, HTTPResponse: kind, Log: slog.New(slog.DiscardHandler),
					Count: func(context.Context, string, string) {},
				})
				answer, err := a.Handle(t.Context(), event)
				if err != nil || len(answer) > 8<<10 {
					t.Fatalf("%q: %d bytes, %v", called, len(answer), err)
				}
				var read struct {
					IsAuthorized   *bool
					PolicyDocument struct {
						Statement []struct {
							Effect   string
							Resource []string
						}
					}
				}
				if err := json.Unmarshal(answer, &read); err != nil {
					t.Fatal(err)
				}
				for _, s := range read.PolicyDocument.Statement {
					for _, resource := range s.Resource {
						if s.Effect == "Allow" && rules == request && (strings.ContainsAny(resource, "*?") || strings.Contains(resource, "${")) || len(resource) > 512 {
							t.Errorf("%q: %s", called, answer)
						}
					}
				}
			}
		}
	})
}

func BenchmarkAnswer(b *testing.B) {
	var lines []string
	for i := range 8 { // 32 rules
		for _, line := range []string{"GET /v1/r%d orders:read", "POST /v1/r%d orders:write", "GET /v1/r%d/{id} orders:read", "DELETE /v1/r%d/{id} orders:write"} {
			lines = append(lines, fmt.Sprintf(line, i))
		}
	}
	event := []byte(restCall("GET/v1/r7/1234"))
	for name, rules := range map[string]*route.Compiled{
		"rules=0": nil, "rules=32": ruled(b, route.Deny, route.WholeAPI, lines...), "rules=32,request": ruled(b, route.Deny, route.OneRequest, lines...),
	} {
		b.Run(name, func(b *testing.B) {
			a := authorizer.New(authorizer.Config{
				Validator: &judge{principal: holding("orders:read"), routes: rules}, HTTPResponse: authorizer.IAM, Log: slog.New(slog.DiscardHandler),
				Count: func(context.Context, string, string) {},
			})
			b.ReportAllocs()
			for b.Loop() {
				if _, err := a.Handle(b.Context(), event); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
