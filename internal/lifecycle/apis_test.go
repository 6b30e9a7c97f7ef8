package lifecycle_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/dev/routetest"
	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
)

// operated is a world whose operator is admin's account.
func operated(t *testing.T) *world {
	t.Helper()
	w := start(t)
	w.OperatorAccount = admin.Account
	return w
}

// wholeAPI reads rules such as "GET /orders/{id} orders:read"; "any" or "none" may stand before the scopes.
func wholeAPI(t *testing.T, api route.APIID, lines ...string) route.Rules {
	t.Helper()
	return *routetest.Rules(api, lines...)
}

// set makes or replaces rules or ends the test.
func (w *world) set(rules route.Rules, ifVersion lifecycle.Field[int64]) route.Rules {
	w.Helper()
	set, _, err := w.SetAPIRules(w.Context(), admin, lifecycle.SetRules{Rules: rules, IfVersion: ifVersion})
	if err != nil {
		w.Fatal(err)
	}
	w.now = w.now.Add(time.Millisecond) // so that events are in order
	return set
}

var blind lifecycle.Field[int64]

// apiEvents are the operator's events about an API, the newest first.
func (w *world) apiEvents(api string) (out []audit.Event) {
	w.Helper()
	page, err := w.Events(w.Context(), admin, lifecycle.EventQuery{Limit: 100})
	if err != nil {
		w.Fatal(err)
	}
	for _, e := range page.Events {
		if e.Target == api {
			out = append(out, e)
		}
	}
	return out
}

func TestRulesAreNeverReplacedBlind(t *testing.T) {
	w := operated(t)
	w.known(admin)
	first := wholeAPI(t, "a1", "GET /orders orders:read")
	try := func(version lifecycle.Field[int64]) error {
		_, _, err := w.SetAPIRules(t.Context(), admin, lifecycle.SetRules{Rules: wholeAPI(t, "a1"), IfVersion: version})
		return err
	}
	w.unchanged("before there are any", func() {
		for _, version := range []lifecycle.Field[int64]{value(int64(1)), value(int64(-1)), null[int64]()} {
			refuses(t, fmt.Sprint(version), try(version), lifecycle.ErrPrecondition, "version_mismatch")
		}
	})
	set, made, err := w.SetAPIRules(t.Context(), admin, lifecycle.SetRules{Rules: first, IfVersion: value(int64(0))})
	if err != nil || !made || set.Version != w.now.UnixMilli() || set.UpdatedBy != admin.User || !set.UpdatedAt.Equal(w.now) {
		t.Fatalf("%+v, %v, %v", set, made, err)
	}
	w.unchanged("once there are some", func() {
		for _, version := range []lifecycle.Field[int64]{blind, null[int64]()} {
			if err := try(version); !errors.Is(err, lifecycle.ErrVersionRequired) {
				t.Errorf("%v: %v", version, err)
			}
		}
		for _, version := range []int64{0, 1, set.Version + 1, -1} {
			refuses(t, fmt.Sprint(version), try(value(version)), lifecycle.ErrPrecondition, "version_mismatch")
			refuses(t, fmt.Sprint(version), w.DeleteAPIRules(t.Context(), admin, "a1", version), lifecycle.ErrPrecondition, "version_mismatch")
		}
		same, made, err := w.SetAPIRules(t.Context(), admin, lifecycle.SetRules{Rules: first, IfVersion: value(set.Version)})
		if err != nil || made || same.Version != set.Version {
			t.Errorf("the same again: %+v, %v, %v", same, made, err)
		}
	})
	if err := try(value(set.Version)); err != nil {
		t.Error(err)
	}
	if err := w.DeleteAPIRules(t.Context(), admin, "a1", set.Version+1); err != nil {
		t.Error(err)
	}
	for _, err := range []error{func() error { _, err := w.APIRules(t.Context(), admin, "a1"); return err }(), w.DeleteAPIRules(t.Context(), admin, "a1", set.Version+1)} {
		if !errors.Is(err, route.ErrNotFound) {
			t.Errorf("after the end: %v", err)
		}
	}
	w.now = w.now.Add(time.Minute)
	if again := w.set(first, blind); again.Version == set.Version || again.Version == set.Version+1 {
		t.Errorf("made anew at version %d, which there was before", again.Version)
	}
}

// sleepy lets other requests in between what is read and what is written.
type sleepy struct {
	lifecycle.Store
	meet *sync.WaitGroup
}

func (s *sleepy) Routes(ctx context.Context, api route.APIID) (route.Rules, error) {
	rs, err := s.Store.Routes(ctx, api)
	s.meet.Done()
	s.meet.Wait()
	return rs, err
}

func TestOfTwoWhoMakeRulesOneIsTold(t *testing.T) {
	w := operated(t)
	var meet, all sync.WaitGroup
	meet.Add(2)
	w.Store = &sleepy{w.Store, &meet}
	var errs [2]error
	for i := range errs {
		all.Go(func() {
			_, _, errs[i] = w.SetAPIRules(t.Context(), admin, lifecycle.SetRules{Rules: wholeAPI(t, "a1", fmt.Sprintf("GET /%d", i))})
		})
	}
	all.Wait()
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Fatal(errs)
	}
	refuses(t, "the second", errors.Join(errs[:]...), lifecycle.ErrPrecondition, "version_mismatch")
}

func TestOnlyTheOperatorHasToDoWithRules(t *testing.T) {
	w := operated(t)
	w.set(wholeAPI(t, "a1", "GET /orders orders:read"), blind)
	w.known(evil)
	noScope := holding(admin, "tokens:read")
	acts := map[string]func(c lifecycle.Caller, api route.APIID) error{
		"set": func(c lifecycle.Caller, api route.APIID) error {
			_, _, err := w.SetAPIRules(t.Context(), c, lifecycle.SetRules{Rules: wholeAPI(t, api), IfVersion: value(int64(1))})
			return err
		},
		"delete": func(c lifecycle.Caller, api route.APIID) error { return w.DeleteAPIRules(t.Context(), c, api, 1) },
		"get":    func(c lifecycle.Caller, api route.APIID) error { _, err := w.APIRules(t.Context(), c, api); return err },
		"list":   func(c lifecycle.Caller, _ route.APIID) error { _, err := w.APIs(t.Context(), c, "", 25); return err },
	}
	for what, act := range acts {
		for _, api := range []route.APIID{"a1", "nothing"} {
			w.unchanged(what, func() {
				refuses(t, what+" by another account", act(evil, api), lifecycle.ErrForbidden, "not_operator")
				refuses(t, what+" without the scope", act(noScope, api), lifecycle.ErrForbidden, "insufficient_scope")
			})
		}
	}
	if events := w.apiEvents("a1"); len(events) != 3 || events[2].Action != audit.APIUpdated || events[0].Refused != "insufficient_scope" || events[1].Refused != "insufficient_scope" {
		t.Errorf("%+v", events)
	}
	w.OperatorAccount = ""
	for what, act := range acts {
		nobody := holding(admin, admin.Scopes...)
		nobody.Account = ""
		refuses(t, what+" without an operator", act(admin, "a1"), lifecycle.ErrForbidden, "not_operator")
		refuses(t, what+" without an account", act(nobody, "a1"), lifecycle.ErrForbidden, "not_operator")
	}
}

func TestNobodyLocksTheManagementAPI(t *testing.T) {
	w := operated(t)
	w.known(admin)
	w.unchanged("rules of the API itself", func() {
		_, _, err := w.SetAPIRules(t.Context(), admin, lifecycle.SetRules{Rules: wholeAPI(t, "a1"), Own: "a1"})
		refuses(t, "rules of the API itself", err, lifecycle.ErrConflict, "own_api")
	})
	if events := w.apiEvents("a1"); len(events) != 1 || events[0].Refused != "own_api" {
		t.Errorf("%+v", events)
	}
}

func TestRulesThatCannotHoldAreRefused(t *testing.T) {
	w := operated(t)
	w.known(admin)
	bad := route.Rule{Method: "GET", Match: route.All, Scopes: scope.NewSet("moon:fly", "moon:walk")}
	var many []string
	for i := range 60 {
		many = append(many, fmt.Sprintf("GET /%d moon:fly", i))
	}
	pasted := "GET /at_live_" + strings.Repeat("i", 22) + "_" + strings.Repeat("S", 38)
	for what, tt := range map[string]struct {
		rules  route.Rules
		fields []string
	}{
		"an unknown default": {route.Rules{API: "a1", Default: "allow", AnswersFor: route.WholeAPI}, []string{"default"}},
		"unknown scopes":     {route.Rules{API: "a1", Default: route.Deny, AnswersFor: route.WholeAPI, Rules: []route.Rule{bad}}, []string{"rules[0].scopes[0]", "rules[0].scopes[1]"}},
		"a token":            {wholeAPI(t, "a1", pasted), []string{"rules[0].path"}},
		"too many to tell": {wholeAPI(t, "a1", many...), slices.Collect(func(yield func(string) bool) {
			for i := range 50 {
				yield(fmt.Sprintf("rules[%d].scopes[0]", i))
			}
		})},
	} {
		w.unchanged(what, func() {
			_, _, err := w.SetAPIRules(t.Context(), admin, lifecycle.SetRules{Rules: tt.rules})
			refuses(t, what, err, lifecycle.ErrInvalid, "invalid_fields", tt.fields...)
		})
	}
}

func TestEachChangeOfRulesIsToldInTheAudit(t *testing.T) {
	w := operated(t)
	first := wholeAPI(t, "a1", "GET /orders/{id} orders:write orders:read", "* /internal/{p+} -")
	made := w.set(first, blind).Version
	second := first
	second.Default, second.Rules = route.Authenticated, first.Rules[1:]
	w.set(second, value(made))
	large := wholeAPI(t, "a1")
	large.AnswersFor = route.OneRequest
	for i := range route.MaxRules {
		large.Rules = append(large.Rules, wholeAPI(t, "a1", fmt.Sprintf("GET /%s%d orders:read", strings.Repeat("a", 40), i)).Rules...)
	}
	w.set(large, value(made+1))
	other := large
	other.Rules = append(wholeAPI(t, "a1", "GET /other").Rules, large.Rules[1:]...)
	w.set(other, value(made+2))
	if err := w.DeleteAPIRules(t.Context(), admin, "a1", made+3); err != nil {
		t.Fatal(err)
	}
	old := []string{"GET /orders/{id} all orders:read orders:write", "* /internal/{p+} none"}
	want := [][]audit.Change{
		{{Field: "default", Before: "deny"}, {Field: "answersFor", Before: "request"}, {Field: "complete", Before: false}, {Field: "rules", Before: "300 rules"}},
		{{Field: "rules", Before: "300 rules", After: "300 rules"}},
		{
			{Field: "default", Before: "authenticated", After: "deny"}, {Field: "answersFor", Before: "api", After: "request"},
			{Field: "rules", Before: old[1:], After: "300 rules"},
		},
		{{Field: "default", Before: "deny", After: "authenticated"}, {Field: "rules", Before: old, After: old[1:]}},
		{{Field: "default", After: "deny"}, {Field: "answersFor", After: "api"}, {Field: "complete", After: false}, {Field: "rules", After: old}},
	}
	var got [][]audit.Change
	for _, e := range w.apiEvents("a1") {
		if deleted := len(got) == 0; e.Actor.User != admin.User || e.Account != admin.Account || (e.Action == audit.APIDeleted) != deleted {
			t.Errorf("%+v", e)
		}
		got = append(got, e.Changes)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAPIsAreListedByID(t *testing.T) {
	w := operated(t)
	for _, api := range []route.APIID{"c3", "a1", "b2"} {
		w.set(wholeAPI(t, api), blind)
	}
	for limit := 1; limit <= 4; limit++ {
		var got []route.APIID
		after := route.APIID("")
		for {
			page, err := w.APIs(t.Context(), admin, after, limit)
			if err != nil || len(page.APIs) > limit {
				t.Fatalf("%+v, %v", page, err)
			}
			for _, rs := range page.APIs {
				got = append(got, rs.API)
			}
			if after = page.Last; !page.More {
				break
			}
		}
		if !slices.Equal(got, []route.APIID{"a1", "b2", "c3"}) {
			t.Errorf("by %d: %v", limit, got)
		}
	}
}

// gone is a store whose rules cannot be written.
type gone struct{ lifecycle.Store }

func (gone) SaveRoutes(context.Context, route.Rules, route.Rules, audit.Event) error {
	return token.ErrUnavailable
}
func (gone) DeleteRoutes(context.Context, route.Rules, audit.Event) error {
	return token.ErrUnavailable
}

func TestAnOutageIsToldAsOne(t *testing.T) {
	w := operated(t)
	is := w.set(wholeAPI(t, "a1"), blind)
	w.Store = gone{w.Store}
	_, _, err := w.SetAPIRules(t.Context(), admin, lifecycle.SetRules{Rules: wholeAPI(t, "b2")})
	for what, err := range map[string]error{"set": err, "delete": w.DeleteAPIRules(t.Context(), admin, "a1", is.Version)} {
		if !errors.Is(err, token.ErrUnavailable) || errors.Is(err, store.ErrChanged) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
