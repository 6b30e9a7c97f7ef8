package lifecycle_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/tokenwright/tokenwright/internal/dev/storetest"
	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/standing"
	"github.com/tokenwright/tokenwright/internal/token"
)

func TestACheckSaysWhatTheAuthorizerWould(t *testing.T) {
	w := operated(t)
	w.known(admin, analyst, evil)
	rules := wholeAPI(t, "a1", "GET /orders orders:read", "POST /orders orders:write tokens:write", "* /internal -", "* $connect orders:write")
	rules.AnswersFor = route.OneRequest
	w.set(rules, blind)
	issued := w.create(analyst, lifecycle.Create{Scopes: list("orders:*")})
	check := func(c lifecycle.Caller, target lifecycle.Target, call *lifecycle.Call) lifecycle.APICheck {
		t.Helper()
		got, err := w.CheckAPI(t.Context(), c, "a1", target, call)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for call, want := range map[lifecycle.Call]string{
		{Method: "GET", Path: "/orders"}: " ", {Method: "POST", Path: "/orders"}: "insufficient_scope tokens:write", {Method: "GET", Path: "/internal"}: "route_denied ",
		{Method: "GET", Path: "/else"}: "route_denied ", {Path: route.Connect}: " ",
	} {
		got := check(analyst, id(issued), &call)
		if said := fmt.Sprint(got.Decision.Reason, " ", got.Decision.Lacking); said != want || got.Refusal != "" || got.Scopes.String() != "orders:read orders:write" {
			t.Errorf("%v: %q, %+v", call, said, got)
		}
	}
	var permitted []string
	all := check(admin, id(issued), nil)
	for i := range rules.Rules {
		yes, missing := all.Permits(&rules.Rules[i])
		permitted = append(permitted, fmt.Sprint(yes, " ", missing))
	}
	if want := []string{"true ", "false tokens:write", "false ", "true "}; !slices.Equal(permitted, want) {
		t.Errorf("%q", permitted)
	}
	// A role that is gone takes its scopes along.
	w.known(person(analyst.Account, analyst.Subject, "viewer"))
	if got := check(admin, id(issued), nil); got.Scopes.String() != "orders:read" {
		t.Errorf("as a viewer: %s", got.Scopes)
	}
}

func TestATokenThatIsNotUsableIsAllowedNothing(t *testing.T) {
	w := operated(t)
	w.known(admin, analyst)
	open := wholeAPI(t, "a1", "GET /orders")
	open.Default = route.Authenticated
	w.set(open, blind)
	for want, end := range map[standing.Reason]func(lifecycle.Issued) error{
		standing.Revoked: func(i lifecycle.Issued) error { return w.Revoke(t.Context(), analyst, id(i), 0) },
		standing.Expired: func(i lifecycle.Issued) error { w.now = i.Token.ExpiresAt; return nil },
		standing.Inactive: func(i lifecycle.Issued) error {
			_, err := w.Update(t.Context(), analyst, id(i), 0, lifecycle.Update{Active: value(false)})
			return err
		},
		standing.PolicyBreach: func(lifecycle.Issued) error {
			w.settings(func(s *settings.Settings) { s.Personal.RequireCidrBlocks = true })
			return nil
		},
		standing.OwnerInactive: func(lifecycle.Issued) error { _, err := w.Offboard(t.Context(), admin, them(analyst), 0); return err },
	} {
		t.Run(string(want), func(t *testing.T) {
			w.settings(func(s *settings.Settings) { s.Personal.RequireCidrBlocks, s.RolesFrom = false, settings.Tokenwright })
			if _, err := w.PutUser(t.Context(), admin, them(analyst), 0, lifecycle.SetUser{Subject: "bob", Roles: value([]string{"analyst"})}); err != nil {
				t.Fatal(err)
			}
			issued := w.create(analyst, lifecycle.Create{})
			if err := end(issued); err != nil {
				t.Fatal(err)
			}
			for _, call := range []*lifecycle.Call{{Method: "GET", Path: "/orders"}, {Method: "GET", Path: "/else"}, {Path: route.Connect}, nil} {
				got, err := w.CheckAPI(t.Context(), admin, "a1", id(issued), call)
				if err != nil || got.Refusal != want || len(got.Scopes) != 0 || call != nil && got.Decision.Allowed() {
					t.Errorf("%v: %+v, %v", call, got, err)
				}
				if yes, _ := got.Permits(&open.Rules[0]); yes {
					t.Errorf("%v: a rule permits it", call)
				}
			}
		})
	}
}

func TestWhoMayCheckWhat(t *testing.T) {
	w := operated(t)
	w.known(admin, analyst, evil)
	w.set(wholeAPI(t, "a1", "GET /orders orders:read"), blind)
	open := wholeAPI(t, "open", "GET /elsewhere orders:read")
	open.Default = route.Authenticated
	w.set(open, blind)
	mine, theirs, abroad := w.create(analyst, lifecycle.Create{}), w.create(admin, lifecycle.Create{}), w.create(evil, lifecycle.Create{})
	call := &lifecycle.Call{Method: "GET", Path: "/orders"}
	narrow := analyst
	narrow.Scopes = scope.NewSet("apis:read")
	noScope := analyst
	noScope.Scopes = scope.NewSet("tokens:read")
	before := len(w.fixture.Items(t, "EVENT#"))
	check := func(c lifecycle.Caller, api route.APIID, target lifecycle.Target, call *lifecycle.Call) error {
		_, err := w.CheckAPI(t.Context(), c, api, target, call)
		return err
	}
	for what, err := range map[string]error{
		"one's own": check(narrow, "a1", id(mine), call), "all rules of the operator": check(narrow, "a1", id(mine), nil), "another's with the scope": check(analyst, "a1", id(theirs), call),
		"one's own in another account": check(evil, "a1", id(abroad), call), "self": check(w.bearer(mine), "a1", self, call),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	refuses(t, "another's", check(narrow, "a1", id(theirs), call), lifecycle.ErrForbidden, "insufficient_scope")
	refuses(t, "without apis:read", check(noScope, "a1", id(mine), call), lifecycle.ErrForbidden, "insufficient_scope")
	refuses(t, "all rules in another account", check(evil, "a1", id(abroad), nil), lifecycle.ErrForbidden, "not_operator")
	refuses(t, "self by a person", check(analyst, "a1", self, call), lifecycle.ErrMalformed, "no_self", "id")
	for what, err := range map[string]error{
		"another account's": check(evil, "a1", id(mine), call), "the operator on another account's": check(admin, "a1", id(abroad), call),
		"never was": check(admin, "a1", lifecycle.Target{ID: storetest.Token(t, storetest.Person("acc_acme", "x"), w.now).ID}, call),
	} {
		if !errors.Is(err, token.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := check(admin, "b2", id(mine), call); !errors.Is(err, route.ErrNotFound) {
		t.Errorf("an API without rules: %v", err)
	}
	// Others are told of it what they are told of one that is open to every valid credential: not that there are no rules.
	nothing := func(api route.APIID) string {
		got, err := w.CheckAPI(t.Context(), evil, api, id(abroad), call)
		return fmt.Sprint(got.Token, got.Refusal, got.Scopes, got.Whole, got.Decision.Allowed(), got.Decision.Lacking, err)
	}
	if bare, ruled := nothing("b2"), nothing("open"); bare != ruled {
		t.Errorf("an API without rules is told apart:\n%s\n%s", bare, ruled)
	}
	if got, err := w.CheckAPI(t.Context(), evil, "b2", id(abroad), &lifecycle.Call{Path: route.Connect}); err != nil || !got.Decision.Allowed() {
		t.Errorf("$connect of an API without rules: %+v, %v", got.Decision, err)
	}
	if after := len(w.fixture.Items(t, "EVENT#")); after != before {
		t.Errorf("checks left %d events", after-before)
	}
}
