package validate_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
	"github.com/tokenwright/tokenwright/internal/validate"
)

const api route.APIID = "a1b2c3d4e5"

// ruled is a version of rules that let GET on a path pass with one scope.
func ruled(t testing.TB, version int64, path string, needs scope.Scope) route.Rules {
	t.Helper()
	template, err := route.ParseTemplate(path)
	if err != nil {
		t.Fatal(err)
	}
	return route.Rules{
		Default: route.Deny, AnswersFor: route.WholeAPI, Version: version, UpdatedAt: noon.Add(time.Duration(version) * time.Second),
		Rules: []route.Rule{{Method: "GET", Path: template, Scopes: scope.NewSet(needs), Match: route.All}},
	}
}

// calls presents a credential to the API and returns whether its rules admit the caller to GET /orders; an API without
// rules does.
func calls(ctx context.Context, v *validate.Validator, credential string) (bool, error) {
	a, err := v.Validate(ctx, validate.Request{Credential: credential, From: here, API: api})
	if err != nil {
		return false, err
	}
	return a.Routes == nil || a.Routes.Decide("GET", "/orders", a.Principal.Scopes).Allowed(), nil
}

// jwt is a credential that the world takes for ada's.
const jwt = "e30.e30.sig"

func person(w *world) {
	w.claims = validate.Claims{Account: "acc_acme", Subject: "ada", Roles: user.Statement{Roles: []string{"admin"}, At: noon}, ExpiresAt: noon.Add(time.Hour)}
}

func TestRulesComeWithTheTokenAndAreHeldForTenSeconds(t *testing.T) {
	w, text, v := start(t)
	w.rules = ruled(t, 1, "/orders", "orders:read")
	for _, tt := range []struct {
		after time.Duration
		reads int
	}{{0, 1}, {1, 1}, {validate.RulesAge - 1, 1}, {validate.RulesAge, 2}, {2*validate.RulesAge - 1, 2}, {2 * validate.RulesAge, 3}} {
		w.now = noon.Add(tt.after)
		if ok, err := calls(t.Context(), v, text); !ok || err != nil || w.rulesAlong != tt.reads || w.rulesAlone != 0 {
			t.Errorf("after %s: %v, %v; %d reads along, %d alone; want %d and none", tt.after, ok, err, w.rulesAlong, w.rulesAlone, tt.reads)
		}
	}
	if w.reads != 6 {
		t.Errorf("%d look-ups for 6 validations", w.reads)
	}
}

// The age counts from before the read: a store that takes long adds nothing to it.
func TestChangedRulesAreFeltAfterTenSecondsAtTheLatest(t *testing.T) {
	for name, credential := range map[string]string{"a token": "", "a JWT": jwt} {
		w, text, v := start(t)
		person(w)
		if credential == "" {
			credential = text
		}
		w.rules = ruled(t, 1, "/orders", "orders:read")
		expect := func(after time.Duration, want bool) {
			t.Helper()
			w.now = noon.Add(after)
			if ok, err := calls(t.Context(), v, credential); ok != want || err != nil {
				t.Errorf("%s, after %s: %v, %v; want %v", name, after, ok, err, want)
			}
		}
		expect(0, true)
		w.rules = ruled(t, 2, "/elsewhere", "orders:read")
		expect(validate.RulesAge-1, true)
		expect(validate.RulesAge, false)
		w.rules = route.Rules{}
		expect(2*validate.RulesAge-1, false)
		expect(2*validate.RulesAge, true)
	}
}

func TestUnchangedRulesAreNotCompiledAgain(t *testing.T) {
	w, text, v := start(t)
	w.rules = ruled(t, 1, "/orders", "orders:read")
	var before *route.Compiled
	for range 3 {
		a, err := v.Validate(t.Context(), validate.Request{Credential: text, From: here, API: api})
		if err != nil || a.Routes == nil || before != nil && a.Routes != before {
			t.Errorf("%p after %p, %v", a.Routes, before, err)
		}
		before, w.now = a.Routes, w.now.Add(validate.RulesAge)
	}
	if w.rulesAlong != 3 {
		t.Errorf("%d reads", w.rulesAlong)
	}
}

func TestRulesThatCannotBeReadAreNeitherAnAllowNorADenial(t *testing.T) {
	for name, failure := range map[string]error{"an outage": fmt.Errorf("reading: %w", token.ErrUnavailable), "a broken item": errors.New("not an API's rules")} {
		for _, cached := range []bool{false, true} {
			w, text, v := start(t)
			if cached {
				w, text, v = caching(t)
			}
			person(w)
			w.rules = ruled(t, 1, "/orders", "orders:read")
			for _, credential := range []string{text, jwt} {
				w.rulesErr = nil
				if ok, err := calls(t.Context(), v, credential); !ok || err != nil {
					t.Fatalf("%s, before: %v, %v", name, ok, err)
				}
				w.rulesErr = failure
				w.now = w.now.Add(validate.RulesAge - 1)
				if ok, err := calls(t.Context(), v, credential); !ok || err != nil {
					t.Errorf("%s, while the rules are held: %v, %v", name, ok, err)
				}
				w.now = w.now.Add(1)
				if _, err := calls(t.Context(), v, credential); !errors.Is(err, token.ErrUnavailable) || errors.Is(err, validate.ErrDenied) {
					t.Errorf("%s: %v, want ErrUnavailable and no denial", name, err)
				}
				w.rulesErr = nil
				if ok, err := calls(t.Context(), v, credential); !ok || err != nil {
					t.Errorf("%s, when it is over: %v, %v", name, ok, err)
				}
			}
		}
	}
}

func TestACachedTokenObeysRulesOfTheLastTenSeconds(t *testing.T) {
	w, text, v := caching(t)
	w.rules = ruled(t, 1, "/orders", "orders:read")
	if ok, err := calls(t.Context(), v, text); !ok || err != nil {
		t.Fatal(ok, err)
	}
	w.rules = ruled(t, 2, "/elsewhere", "orders:read")
	w.now = noon.Add(validate.RulesAge)
	if ok, err := calls(t.Context(), v, text); ok || err != nil || w.reads != 1 || w.rulesAlone != 1 {
		t.Errorf("%v, %v; %d look-ups, %d reads of rules alone", ok, err, w.reads, w.rulesAlone)
	}
	if ok, err := calls(t.Context(), v, text); ok || err != nil || w.reads != 1 || w.rulesAlone != 1 {
		t.Errorf("once more: %v, %v; %d look-ups, %d reads of rules alone", ok, err, w.reads, w.rulesAlone)
	}
}

// Whoever guesses ids costs what they always cost.
func TestUnknownTokensDoNotMakeEveryGuessReadTheRules(t *testing.T) {
	w, text, v := start(t)
	w.stored = false
	for range 5 {
		if _, err := calls(t.Context(), v, text); !errors.Is(err, validate.ErrDenied) {
			t.Errorf("an unknown token: %v", err)
		}
	}
	if w.reads != 5 || w.rulesAlong != 1 || w.rulesAlone != 0 {
		t.Errorf("%d look-ups with %d reads of the rules, %d alone", w.reads, w.rulesAlong, w.rulesAlone)
	}
}

func TestAPIsAreHeldApartAndNotWithoutBound(t *testing.T) {
	w, text, v := start(t)
	for round := range 2 {
		for i := range 1500 { // more than are held
			r := validate.Request{Credential: text, From: here, API: route.APIID(fmt.Sprintf("api%d", i))}
			a, err := v.Validate(t.Context(), r)
			if err != nil || a.Routes != nil {
				t.Fatalf("%s: %+v, %v", r.API, a.Routes, err)
			}
		}
		if round == 0 && w.rulesAlong != 1500 {
			t.Errorf("%d reads for 1,500 APIs", w.rulesAlong)
		}
	}
	if w.rulesAlong <= 1500 || w.rulesAlone != 0 {
		t.Errorf("%d reads: all 1,500 are held", w.rulesAlong)
	}
}

// Nobody gets another API's rules, however many ask at once, and the race detector sees nothing.
func TestConcurrentCallsOfManyAPIs(t *testing.T) {
	w, text, plain := caching(t)
	c := plain.Config
	c.Store = &perAPI{world: w, t: t}
	v := validate.New(c)
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			id := route.APIID(fmt.Sprintf("api%d", i%4))
			for range 50 {
				a, err := v.Validate(t.Context(), validate.Request{Credential: text, From: here, API: id})
				switch {
				case err != nil:
					t.Error(err)
				case a.Routes == nil || a.Routes.Rules().API != id || !a.Routes.Decide("GET", "/"+string(id), a.Principal.Scopes).Allowed():
					t.Errorf("%s has %+v", id, a.Routes)
				}
			}
		})
	}
	group.Wait()
}

// perAPI is a world in which each API has a rule for the path of its name.
type perAPI struct {
	*world
	t  *testing.T
	mu sync.Mutex
}

func (p *perAPI) Routes(_ context.Context, id route.APIID) (route.Rules, error) {
	rules := ruled(p.t, 1, "/"+string(id), "orders:read")
	rules.API = id
	return rules, nil
}

func (p *perAPI) Lookup(ctx context.Context, id token.ID, along store.Along) (store.Found, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	found, err := p.world.Lookup(ctx, id, along)
	if along.API != "" {
		rules, _ := p.Routes(ctx, along.API)
		found.Rules = &rules
	}
	return found, err
}

func BenchmarkValidateWithRules(b *testing.B) {
	w, text, v := start(b)
	w.rules = ruled(b, 1, "/orders", "orders:read")
	r := validate.Request{Credential: text, From: here, API: api}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Validate(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
}

// What was read in the future was not read: a clock that is set back holds nothing for longer.
func TestAClockThatIsSetBackHoldsNothingForLonger(t *testing.T) {
	w, text, v := start(t)
	w.rules = ruled(t, 1, "/orders", "orders:read")
	if ok, err := calls(t.Context(), v, text); !ok || err != nil {
		t.Fatalf("%v, %v", ok, err)
	}
	w.now = w.now.Add(-time.Minute)
	w.rules = ruled(t, 2, "/elsewhere", "orders:read")
	if ok, err := calls(t.Context(), v, text); ok || err != nil {
		t.Errorf("by rules from the future: %v, %v", ok, err)
	}
	w.now = w.now.Add(-time.Minute)
	w.policy.IssuedBefore = noon.Add(time.Hour)
	if _, err := calls(t.Context(), v, text); err == nil {
		t.Error("admitted by settings from the future")
	}
}
