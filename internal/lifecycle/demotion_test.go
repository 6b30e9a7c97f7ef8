package lifecycle_test

import (
	"context"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/dev/storetest"
	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/user"
)

// demoting lets whoever is being demoted act before each try to write their roles.
type demoting struct {
	lifecycle.Store
	act   func()
	tries int
}

func (d *demoting) SetRoles(ctx context.Context, e store.UserEnding) error {
	d.tries++
	d.act()
	return d.Store.SetRoles(ctx, e)
}

func TestWhoeverIsDemotedDoesNotHoldItUp(t *testing.T) {
	for name, how := range map[string]func(try int) lifecycle.SetUser{
		"by the same roles, said again": func(int) lifecycle.SetUser { return lifecycle.SetUser{Roles: value([]string{"admin"})} },
		"by another name":               func(int) lifecycle.SetUser { return lifecycle.SetUser{DisplayName: value("x")} },
		"by other roles that make an administrator": func(try int) lifecycle.SetUser {
			return lifecycle.SetUser{Roles: value([][]string{{"admin"}, {"admin", "viewer"}}[try%2])}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			rogue := person("acc_acme", "rogue", "admin")
			tokenwrights(t, w, admin, rogue)
			config := w.Config
			begun := time.Now()
			config.Now = func() time.Time { return storetest.Noon.Add(time.Minute + time.Since(begun)) }
			own := lifecycle.New(config)
			d := &demoting{Store: w.fixture.Store}
			d.act = func() {
				if _, err := own.PutUser(context.WithoutCancel(t.Context()), rogue, me, 0, how(d.tries)); err != nil {
					t.Log(err)
				}
			}
			config.Store = d
			_, err := lifecycle.New(config).PutUser(t.Context(), admin, them(rogue), 0, lifecycle.SetUser{Roles: value([]string{"viewer"})})
			if err != nil || d.tries != 1 || !w.person(rogue).HasRoles([]string{"viewer"}) {
				t.Errorf("%d tries, %v; stored %v", d.tries, err, w.person(rogue).Roles)
			}
		})
	}
}

// The directory read somebody who was no administrator. Before it writes they sign in as one, and make roles Tokenwright's own.
func TestADirectoryTakesNobodyWhoBecameTheLastAdministrator(t *testing.T) {
	for name, say := range map[string]func(context.Context, *lifecycle.Manager, lifecycle.Caller) error{
		"suspends": func(ctx context.Context, m *lifecycle.Manager, directory lifecycle.Caller) error {
			_, err := m.ChangeEntry(ctx, directory, admin.User, 0, func(e *lifecycle.Entry) error { e.Active = false; return nil })
			return err
		},
		"offboards": func(ctx context.Context, m *lifecycle.Manager, directory lifecycle.Caller) error {
			return m.DeleteEntry(ctx, directory, admin.User, 0)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			w.known(admin)
			directory := w.bearer(w.service(admin, "scim:users"))
			w.known(adas(10))
			err := say(t.Context(), w.during(func() {
				back, err := w.Know(t.Context(), adas(20, "admin"))
				if err != nil {
					t.Fatal(err)
				}
				if err := w.move(w.Manager, back, settings.Tokenwright); err != nil {
					t.Error(err)
				}
			}), directory)
			refuses(t, name, err, lifecycle.ErrConflict, "last_administrator")
			if u := w.stored(admin); u.Status != user.Active || !u.HasRoles([]string{"admin"}) {
				t.Errorf("%s with %v", u.Status, u.Roles)
			}
		})
	}
}
