package lifecycle_test

import (
	"context"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/dev/storetest"
	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/period"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/token"
)

func TestWhoeverWasDemotedMakesNoTokenOfWhatTheyHeld(t *testing.T) {
	for credential := range map[string]bool{"JWT": true, "personal token": true} {
		for way, in := range map[string]lifecycle.Create{
			"a service token": {Name: "x", Kind: token.Service, Scopes: list("orders:write")},
			"once":            {Name: "x", Kind: token.Service, Scopes: list("orders:write"), IdempotencyKey: "k"},
		} {
			t.Run(credential+"/"+way, func(t *testing.T) {
				w, demote := giving(t)
				c := admitted(w)[credential]
				_, err := w.during(demote).Create(t.Context(), c, in)
				refuses(t, "during the demotion", err, lifecycle.ErrForbidden, "insufficient_scope")
				if n := len(w.owned("x")); n != 0 {
					t.Errorf("%d tokens were made", n)
				}
			})
		}
	}
}

func TestADemotionThatTakesNothingFromATokenLetsItBeMade(t *testing.T) {
	w, _ := giving(t)
	cyd := person("acc_acme", "cyd", "admin")
	m := w.during(func() {
		if _, err := w.PutUser(context.WithoutCancel(t.Context()), cyd, them(admin), 0, lifecycle.SetUser{Roles: value([]string{"admin", "viewer"})}); err != nil {
			t.Error(err)
		}
	})
	if _, err := m.Create(t.Context(), admitted(w)["JWT"], lifecycle.Create{Name: "x", Kind: token.Service, Scopes: list("orders:read")}); err != nil {
		t.Error(err)
	}
}

// owned are all tokens of the account with a name.
func (w *world) owned(name string) (out []token.Token) {
	w.Helper()
	for _, it := range w.fixture.Items(w.T, "TOKEN#") {
		if text(it["name"]) == name {
			out = append(out, token.Token{Name: name})
		}
	}
	return out
}

// lessening is what happens to a calling token while its request is on its way.
func lessening(w *world, maker lifecycle.Issued) map[string]struct {
	do   func()
	code string
} {
	change := func(in lifecycle.Update) func() {
		return func() {
			if _, err := w.Update(context.WithoutCancel(w.Context()), admin, id(maker), 0, in); err != nil {
				w.Error(err)
			}
		}
	}
	return map[string]struct {
		do   func()
		code string
	}{
		"revoked": {func() {
			if err := w.Revoke(context.WithoutCancel(w.Context()), admin, id(maker), 0); err != nil {
				w.Error(err)
			}
		}, "token_inactive"},
		"paused":              {change(lifecycle.Update{Active: value(false)}), "token_inactive"},
		"fewer scopes":        {change(lifecycle.Update{Scopes: list("tokens:write", "orders:write")}), "exceeds_caller"},
		"may write no tokens": {change(lifecycle.Update{Scopes: list("orders:read", "orders:write")}), "insufficient_scope"},
		"a shorter life":      {change(lifecycle.Update{ExpiresAt: value(storetest.Noon.Add(time.Hour))}), "outlives_caller"},
		"fewer addresses":     {change(lifecycle.Update{CIDRs: value([]string{"203.0.113.7/32"})}), "addresses_widened"},
	}
}

func TestATokenThatIsLessMeanwhileWritesNothingMore(t *testing.T) {
	for _, kind := range []token.Kind{token.Service, token.Personal} {
		for lessened := range lessening(nil, lifecycle.Issued{}) {
			for _, way := range []string{"create", "rotate", "rotate once", "widen"} {
				if way == "widen" && lessened != "revoked" && lessened != "paused" && lessened != "may write no tokens" && lessened != "fewer addresses" {
					continue // which a change of addresses does not ask for
				}
				t.Run(string(kind)+"/"+lessened+"/"+way, func(t *testing.T) {
					w := start(t)
					w.known(admin)
					scopes := list("tokens:write", "orders:write", "orders:read")
					maker := w.create(admin, lifecycle.Create{Kind: kind, Scopes: scopes, CIDRs: value([]string{"203.0.113.0/24"})})
					other := w.create(admin, lifecycle.Create{Kind: token.Service, Scopes: list("orders:read"), CIDRs: value([]string{"203.0.113.8/32"}), ExpiresIn: period.MustParse("P30D")})
					c, less := w.bearer(maker), lessening(w, maker)[lessened]
					m, err := w.during(less.do), error(nil)
					switch way {
					case "create":
						_, err = m.Create(t.Context(), c, lifecycle.Create{Name: "x", Kind: token.Service, Scopes: list("orders:read"), CIDRs: value([]string{"203.0.113.8/32"}), ExpiresIn: period.MustParse("P30D")})
					case "rotate":
						_, err = m.Rotate(t.Context(), c, id(other), 0, period.Period{})
					case "rotate once":
						_, err = m.RotateOnce(t.Context(), c, id(other), 0, period.Period{}, "k")
					default:
						_, err = m.Update(t.Context(), c, id(other), 0, lifecycle.Update{CIDRs: value([]string{"203.0.113.0/25"})})
					}
					refuses(t, way, err, lifecycle.ErrForbidden, less.code)
					if now, err := w.Get(t.Context(), admin, id(other)); err != nil || now.Version != 1 {
						t.Errorf("the other token is at version %d, %v", now.Version, err)
					}
					if n := len(w.owned("x")); n != 0 {
						t.Errorf("%d tokens were made", n)
					}
				})
			}
		}
	}
}

func TestATokenThatIsNarrowedMeanwhileDoesNotWidenItself(t *testing.T) {
	w := start(t)
	w.known(admin)
	maker := w.create(admin, lifecycle.Create{Kind: token.Service, Scopes: list("tokens:write"), CIDRs: value([]string{"203.0.113.0/24"})})
	m := w.during(lessening(w, maker)["fewer addresses"].do)
	_, err := m.Update(t.Context(), w.bearer(maker), self, 0, lifecycle.Update{CIDRs: value([]string{"203.0.113.0/25"})})
	refuses(t, "itself", err, lifecycle.ErrForbidden, "addresses_widened")
}

func TestALimitCountsForACreationThatBeganBeforeIt(t *testing.T) {
	w := start(t)
	w.known(admin)
	limit := func() { w.settings(func(s *settings.Settings) { s.Personal.MaxTokensPerUser = 1 }) }
	m := w.during(func() {
		limit()
		if _, err := w.Create(context.WithoutCancel(t.Context()), admin, lifecycle.Create{Name: "x"}); err != nil {
			t.Error(err)
		}
	})
	_, err := m.Create(t.Context(), admin, lifecycle.Create{Name: "x"})
	refuses(t, "after one that was counted", err, lifecycle.ErrConflict, "too_many_tokens")

	w = start(t)
	w.known(admin)
	counting := w.during(func() { // counted, and one comes in that read the settings of before
		before, err := w.fixture.Store.Settings(t.Context(), "acc_acme")
		if err != nil {
			t.Error(err)
		}
		w.settings(func(s *settings.Settings) { *s = settings.Default(); s.Version = before.Version })
		if _, err := w.Create(context.WithoutCancel(t.Context()), admin, lifecycle.Create{Name: "x"}); err != nil {
			t.Error(err)
		}
		limit()
	})
	limit()
	_, err = counting.Create(t.Context(), admin, lifecycle.Create{Name: "x"})
	refuses(t, "before one that was not", err, lifecycle.ErrConflict, "too_many_tokens")
	if n := len(w.owned("x")); n != 1 {
		t.Errorf("%d tokens, want 1", n)
	}
}
