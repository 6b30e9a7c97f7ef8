package lifecycle_test

import (
	"context"
	"sync"
	"testing"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// between lets something happen just before the first write of a person, of settings or of a token.
type between struct {
	lifecycle.Store
	once sync.Once
	act  func()
}

func (b *between) SaveUser(ctx context.Context, before *user.User, after user.User, event audit.Event) error {
	b.once.Do(b.act)
	return b.Store.SaveUser(ctx, before, after, event)
}

func (b *between) SaveUserBeside(ctx context.Context, w store.UserEnding) error {
	b.once.Do(b.act)
	return b.Store.SaveUserBeside(ctx, w)
}

func (b *between) EndUser(ctx context.Context, e store.UserEnding) error {
	b.once.Do(b.act)
	return b.Store.EndUser(ctx, e)
}

func (b *between) SetRoles(ctx context.Context, e store.UserEnding) error {
	b.once.Do(b.act)
	return b.Store.SetRoles(ctx, e)
}

func (b *between) SaveSettings(ctx context.Context, account user.AccountID, before, after settings.Settings, event audit.Event) error {
	b.once.Do(b.act)
	return b.Store.SaveSettings(ctx, account, before, after, event)
}

func (b *between) MoveRoles(ctx context.Context, account user.AccountID, before, after settings.Settings, mover store.Giver, event audit.Event) error {
	b.once.Do(b.act)
	return b.Store.MoveRoles(ctx, account, before, after, mover, event)
}

func (b *between) CreateToken(ctx context.Context, c store.Creation) error {
	b.once.Do(b.act)
	return b.Store.CreateToken(ctx, c)
}

func (b *between) UpdateToken(ctx context.Context, before, after token.Token, event audit.Event) error {
	b.once.Do(b.act)
	return b.Store.UpdateToken(ctx, before, after, event)
}

func (b *between) UpdateTokenBeside(ctx context.Context, w store.TokenEnding, replay *store.Replay) error {
	b.once.Do(b.act)
	return b.Store.UpdateTokenBeside(ctx, w, replay)
}

// giving is a world whose roles are Tokenwright's, with two administrators and somebody with none; demote takes ada's away.
func giving(t *testing.T) (w *world, demote func()) {
	w = start(t)
	second := person("acc_acme", "cyd", "admin")
	w.known(admin, second, person("acc_acme", "dee"))
	w.settings(func(s *settings.Settings) { s.RolesFrom = settings.Tokenwright })
	return w, func() {
		if _, err := w.PutUser(context.WithoutCancel(t.Context()), second, them(admin), 0, lifecycle.SetUser{Roles: value([]string{"viewer"})}); err != nil {
			t.Error(err)
		}
	}
}

// admitted are callers as the authorizer let them in: by a JWT, and by a token of their own.
func admitted(w *world) map[string]lifecycle.Caller {
	signed := admin
	signed.Profile = principal.ProfileCurrent
	return map[string]lifecycle.Caller{"JWT": signed, "personal token": w.bearer(w.create(admin, lifecycle.Create{}))}
}

func gives(m *lifecycle.Manager, c lifecycle.Caller) map[string]func(context.Context) error {
	roles := value([]string{"admin"})
	dee, eve := person("acc_acme", "dee"), person("acc_acme", "eve")
	return map[string]func(context.Context) error{
		"to themselves": func(ctx context.Context) error {
			_, err := m.PutUser(ctx, c, me, 0, lifecycle.SetUser{Roles: roles})
			return err
		},
		"to somebody": func(ctx context.Context) error {
			_, err := m.PutUser(ctx, c, them(dee), 0, lifecycle.SetUser{Roles: roles})
			return err
		},
		"to somebody new": func(ctx context.Context) error {
			_, err := m.PutUser(ctx, c, them(eve), 0, lifecycle.SetUser{Subject: "eve", Roles: roles})
			return err
		},
		"over SCIM": func(ctx context.Context) error {
			_, err := m.ChangeEntry(ctx, c, dee.User, 0, func(e *lifecycle.Entry) error { e.Roles = roles.Value; return nil })
			return err
		},
		"to a new one, SCIM": func(ctx context.Context) error {
			_, err := m.CreateEntry(ctx, c, lifecycle.Entry{Subject: "eve", Active: true, Roles: roles.Value})
			return err
		},
	}
}

func TestWhoeverWasDemotedGivesNobodyWhatTheyHeld(t *testing.T) {
	for way := range gives(nil, admin) {
		for _, credential := range []string{"JWT", "personal token"} {
			t.Run(way+"/"+credential, func(t *testing.T) {
				w, demote := giving(t)
				c := admitted(w)[credential]
				c.Scopes = append(scope.Set{}, append(c.Scopes, scope.SCIMUsers)...)
				demote()
				err := gives(w.Manager, c)[way](t.Context())
				refuses(t, "after the demotion", err, lifecycle.ErrForbidden, "exceeds_caller")
			})
			if way == "to themselves" { // as long as they are administrators, that gives nothing
				continue
			}
			t.Run(way+"/"+credential+"/in between", func(t *testing.T) {
				w, demote := giving(t)
				c := admitted(w)[credential]
				c.Scopes = append(scope.Set{}, append(c.Scopes, scope.SCIMUsers)...)
				config := w.Config
				config.Store = &between{Store: w.fixture.Store, act: demote}
				err := gives(lifecycle.New(config), c)[way](t.Context())
				refuses(t, "during the demotion", err, lifecycle.ErrForbidden, "exceeds_caller")
				w.hasRolesNow("themselves", admin, "viewer")
				w.hasRolesNow("somebody", person("acc_acme", "dee"))
			})
		}
	}
}

func (w *world) hasRolesNow(what string, c lifecycle.Caller, roles ...string) {
	w.Helper()
	if u := w.stored(c); !u.HasRoles(roles) {
		w.Errorf("%s: stored with %v, want %v", what, u.Roles, roles)
	}
}

// The caller is the other administrator whom a demotion needs, and the one who gives: one item, held once.
func TestAnAdministratorReplacesAnothersRolesByOthersTheyHold(t *testing.T) {
	w, _ := giving(t)
	if _, err := w.PutUser(t.Context(), admin, them(person("acc_acme", "cyd")), 0, lifecycle.SetUser{Roles: value([]string{"analyst"})}); err != nil {
		t.Fatal(err)
	}
	w.hasRolesNow("cyd", person("acc_acme", "cyd"), "analyst")
}

func TestAServiceTokenGivesWhatItHolds(t *testing.T) {
	w, _ := giving(t)
	robot := w.bearer(w.service(admin, "users:write", "orders:read"))
	viewer := scope.Shipped().OfRoles([]string{"viewer"})
	robot.Scopes = append(append(scope.Set{}, viewer...), scope.UsersWrite)
	if _, err := w.PutUser(t.Context(), robot, them(person("acc_acme", "dee")), 0, lifecycle.SetUser{Roles: value([]string{"viewer"})}); err != nil {
		t.Fatal(err)
	}
	w.hasRolesNow("dee", person("acc_acme", "dee"), "viewer")
}
