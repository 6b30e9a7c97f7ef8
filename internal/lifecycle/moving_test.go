package lifecycle_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/dev/storetest"
	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/settings"
)

// during is the manager of a world in which something happens just before the first write of a person or of settings.
func (w *world) during(act func()) *lifecycle.Manager {
	config := w.Config
	config.Store = &between{Store: w.fixture.Store, act: act}
	return lifecycle.New(config)
}

// adas is what the authorizer makes of ada's JWT when it knows nothing of what is stored.
func adas(second int, roles ...string) lifecycle.Caller {
	c := person("acc_acme", "ada", roles...)
	c.RolesStatedAt, c.Profile = storetest.Noon.Add(time.Duration(second)*time.Second), principal.ProfileStale
	return c
}

// move sets where roles come from, as somebody who has just read the settings.
func (w *world) move(m *lifecycle.Manager, c lifecycle.Caller, to settings.RolesFrom) error {
	w.Helper()
	now, err := w.fixture.Store.Settings(w.Context(), "acc_acme")
	if err != nil {
		w.Fatal(err)
	}
	in := now
	in.RolesFrom = to
	_, _, err = m.SetSettings(w.Context(), c, now.Version, in)
	return err
}

func TestWhoeverMovesRolesCanGiveThemAtThatMoment(t *testing.T) {
	for name, tt := range map[string]struct {
		from, to  settings.RolesFrom
		meanwhile func(*world, lifecycle.Caller)
		code      string
	}{
		"a lesser JWT of their own": {settings.IdentityProvider, settings.Tokenwright, func(w *world, _ lifecycle.Caller) { w.known(adas(10, "viewer")) }, "insufficient_scope"},
		"a demotion here": {settings.Tokenwright, settings.IdentityProvider, func(w *world, cyd lifecycle.Caller) {
			if _, err := w.PutUser(w.Context(), cyd, them(admin), 0, lifecycle.SetUser{Roles: value([]string{"viewer"})}); err != nil {
				w.Error(err)
			}
		}, "insufficient_scope"},
		"a suspension": {settings.Tokenwright, settings.IdentityProvider, func(w *world, cyd lifecycle.Caller) {
			if _, err := w.Suspend(w.Context(), cyd, them(admin), 0); err != nil {
				w.Error(err)
			}
		}, "owner_inactive"},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			cyd := person("acc_acme", "cyd", "admin")
			w.known(admin, cyd)
			w.settings(func(s *settings.Settings) { s.RolesFrom = tt.from })
			err := w.move(w.during(func() { tt.meanwhile(w, cyd) }), admin, tt.to)
			refuses(t, name, err, lifecycle.ErrForbidden, tt.code)
			if s, err := w.fixture.Store.Settings(t.Context(), "acc_acme"); err != nil || s.RolesFrom != tt.from {
				t.Errorf("roles come from %s, %v", s.RolesFrom, err)
			}
		})
	}
}

func TestAChangeOfSettingsThatLeavesRolesWhereTheyAreAsksNobodyElse(t *testing.T) {
	w := start(t)
	w.known(admin)
	in := settings.Default()
	in.AdminsMayRevokePersonalTokens = true
	if _, _, err := w.during(func() { w.known(adas(10, "viewer")) }).SetSettings(t.Context(), admin, 0, in); err != nil {
		t.Error(err)
	}
}

// As long as the identity provider says who is an administrator, its word takes the last one. Once roles are Tokenwright's own
// there would be nobody to make another.
func TestTheProvidersWordTakesNoAdministratorFromAnAccountThatHasJustLeftIt(t *testing.T) {
	for name, tt := range map[string]struct {
		say     func(context.Context, *lifecycle.Manager, lifecycle.Caller) error
		settled func(error) bool
	}{
		"a lesser JWT": {func(ctx context.Context, m *lifecycle.Manager, _ lifecycle.Caller) error {
			_, err := m.Know(ctx, adas(10, "viewer"))
			return err
		}, func(err error) bool { return err == nil }},
		"SCIM suspends": {func(ctx context.Context, m *lifecycle.Manager, dir lifecycle.Caller) error {
			_, err := m.ChangeEntry(ctx, dir, admin.User, 0, func(e *lifecycle.Entry) error { e.Active = false; return nil })
			return err
		}, isLast},
		"SCIM suspends, and names": {func(ctx context.Context, m *lifecycle.Manager, dir lifecycle.Caller) error {
			_, err := m.ChangeEntry(ctx, dir, admin.User, 0, func(e *lifecycle.Entry) error { e.Active, e.DisplayName = false, "Ada"; return nil })
			return err
		}, isLast},
		"SCIM offboards": {func(ctx context.Context, m *lifecycle.Manager, dir lifecycle.Caller) error {
			return m.DeleteEntry(ctx, dir, admin.User, 0)
		}, isLast},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			w.known(admin)
			dir := w.bearer(w.service(admin, scope.Pattern(scope.SCIMUsers)))
			err := tt.say(t.Context(), w.during(func() {
				if err := w.move(w.Manager, admin, settings.Tokenwright); err != nil {
					t.Error(err)
				}
			}), dir)
			if !tt.settled(err) {
				t.Error(err)
			}
			w.hasRolesNow("the last administrator", admin, "admin")
			if u := w.stored(admin); u.Status != "active" {
				t.Errorf("the last administrator is %s", u.Status)
			}
		})
	}
}

func isLast(err error) bool {
	var r *lifecycle.Refusal
	return errors.As(err, &r) && r.Code == "last_administrator"
}
