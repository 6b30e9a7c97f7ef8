package main_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/dev/bench"
	"github.com/tokenwright/tokenwright/internal/dev/standin"
	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
	"github.com/tokenwright/tokenwright/internal/validate"
)

// rules of the API that bench.Event calls: GET on a path needs a scope.
func rules(t *testing.T, path string, needs scope.Scope) *route.Rules {
	t.Helper()
	template, err := route.ParseTemplate(path)
	if err != nil {
		t.Fatal(err)
	}
	return &route.Rules{
		API: "a1b2c3d4e5", Default: route.Deny, AnswersFor: route.WholeAPI, Version: 1, UpdatedAt: token.Millis(time.Now()),
		Rules: []route.Rule{{Method: "GET", Path: template, Scopes: scope.NewSet(needs), Match: route.All}},
	}
}

// called is bench.Event for another API, which has no rules.
func (s *scene) called(api string) standin.Answer {
	return s.send([]byte(strings.ReplaceAll(string(bench.Event(s.token.Reveal())), "a1b2c3d4e5", api)))
}

func TestRulesDecideAndCostNoRequestOfTheirOwn(t *testing.T) {
	t.Parallel()
	s := play(t, nil, func(tok *token.Token, _ *user.User) { tok.Scopes = []scope.Pattern{"orders:read"} })
	s.world.Rules.Store(rules(t, "/orders", "orders:read"))
	s.expect("allow", "with the scope")
	before, refreshed := s.aws.Requests("BatchGetItem"), s.aws.Requests(standin.Refresh)
	for range 20 {
		s.expect("allow", "with the scope")
	}
	if n := s.aws.Requests("BatchGetItem") - before; n != 20 || s.aws.Requests(standin.Refresh)-refreshed > 20/5 { // the settings, once a second
		t.Errorf("%d requests for 20 validations, and %d that refresh", n, s.aws.Requests(standin.Refresh)-refreshed)
	}
	if a := s.ask(); !strings.Contains(string(a.Payload), `:a1b2c3d4e5/live/GET/orders"]`) {
		t.Errorf("the answer is %s", a.Payload)
	}
	if a := s.called("another"); !strings.Contains(string(a.Payload), `:another/live/*"]`) {
		t.Errorf("an API without rules is answered %s", a.Payload)
	}

	s = play(t, nil, func(tok *token.Token, _ *user.User) { tok.Scopes = []scope.Pattern{"orders:write"} })
	s.world.Rules.Store(rules(t, "/orders", "orders:read"))
	s.expect("deny", "without the scope")
	if out := s.process.Output(); !strings.Contains(out, `"reason":"insufficient_scope"`) {
		t.Errorf("logged %s", out)
	}
}

func TestBrokenRulesAreAnErrorUntilTheyAreMended(t *testing.T) {
	for name, fault := range map[string]standin.Fault{
		"no rules at all":   standin.Edits(`{"S":"routes"}`, `{"S":"user"}`),
		"another API's":     standin.Edits(`{"S":"a1b2c3d4e5"}`, `{"S":"another"}`),
		"an unknown word":   standin.Edits(`{"S":"deny"}`, `{"S":"perhaps"}`),
		"an unknown match":  standin.Edits(`{"S":"all"}`, `{"S":"most"}`),
		"a path of no kind": standin.Edits(`{"S":"/orders"}`, `{"S":"orders"}`),
		"throttled":         standin.Refuses(400, "ProvisionedThroughputExceededException"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := play(t, nil, nil)
			s.world.Rules.Store(rules(t, "/orders", "orders:read"))
			s.aws.Break(fault)
			s.expect("error", "while it lasts")
			s.expect("error", "the second time")
			s.aws.Break(nil)
			s.expect("allow", "on the next request")
		})
	}
}

// A token that is remembered needs no read, the rules of an API that was not met yet do.
func TestRememberedTokensWaitForRules(t *testing.T) {
	for name, fault := range map[string]standin.Fault{
		"throttled": standin.Refuses(400, "ThrottlingException"), "hanging up": standin.HangsUp(), "refusing us": standin.Refuses(400, "AccessDeniedException"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := play(t, nil, nil, "CACHE_SECONDS=300")
			s.world.Rules.Store(rules(t, "/orders", "orders:read"))
			if got := answered(s.called("another")); got != "allow" {
				t.Fatalf("at an API without rules: %s", got)
			}
			s.aws.Break(standin.On("BatchGetItem", fault))
			s.expect("error", "while nobody knows the rules")
			s.aws.Break(nil)
			s.expect("allow", "on the next request")
		})
	}
}

func TestChangedRulesAreFeltWhenThoseHeldAreOld(t *testing.T) {
	for _, variables := range [][]string{nil, {"CACHE_SECONDS=300"}} {
		t.Run(fmt.Sprint(variables), func(t *testing.T) {
			t.Parallel()
			s := play(t, nil, nil, variables...)
			s.world.Rules.Store(rules(t, "/orders", "orders:read"))
			s.expect("allow", "before")
			began := time.Now()
			changed := rules(t, "/orders", "moon:fly")
			changed.Version = 2
			s.world.Rules.Store(changed)
			for answered(s.ask()) == "allow" {
				if time.Since(began) > 10*validate.RulesAge { // a busy machine is given time
					t.Fatal("the old rules hold on")
				}
				time.Sleep(100 * time.Millisecond)
			}
			if felt := time.Since(began); felt < validate.RulesAge-time.Second {
				t.Errorf("felt after %s: the rules are read more often than they say", felt)
			}
		})
	}
}
