package lifecycle_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/dev/storetest"
	"github.com/tokenwright/tokenwright/internal/job"
	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// overtaken lets somebody else act before a user is written, once.
type overtaken struct {
	lifecycle.Store
	act func()
}

func (o *overtaken) first() {
	if act := o.act; act != nil {
		o.act = nil
		act()
	}
}

func (o *overtaken) EndUser(ctx context.Context, e store.UserEnding) error {
	o.first()
	return o.Store.EndUser(ctx, e)
}

func (o *overtaken) SaveUser(ctx context.Context, before *user.User, after user.User, event audit.Event) error {
	o.first()
	return o.Store.SaveUser(ctx, before, after, event)
}

func (o *overtaken) SaveUserBeside(ctx context.Context, w store.UserEnding) error {
	o.first()
	return o.Store.SaveUserBeside(ctx, w)
}

func (w *world) overtaken(act func()) *lifecycle.Manager {
	config := w.Config
	config.Store = &overtaken{w.fixture.Store, act}
	return lifecycle.New(config)
}

func (w *world) person(c lifecycle.Caller) user.User {
	w.Helper()
	u, err := w.fixture.Store.User(w.Context(), c.User.Ref())
	if err != nil {
		w.Fatal(err)
	}
	return u
}

// tokenwrights starts a world where roles are Tokenwright's to give.
func tokenwrights(t *testing.T, w *world, people ...lifecycle.Caller) {
	t.Helper()
	w.known(people...)
	w.settings(func(s *settings.Settings) { s.RolesFrom = settings.Tokenwright })
}

func TestASuspensionByTheDirectoryGivesBackNoRolesThatWereTakenMeanwhile(t *testing.T) {
	w := start(t)
	cyd := person("acc_acme", "cyd", "admin")
	tokenwrights(t, w, admin, cyd)
	dir := w.bearer(w.service(admin, "scim:users"))
	m := w.overtaken(func() {
		_, err := w.PutUser(t.Context(), admin, them(cyd), 0, lifecycle.SetUser{Roles: value([]string{}), DisplayName: value("C")})
		if err != nil {
			t.Error(err)
		}
	})
	_, err := m.ChangeEntry(t.Context(), dir, cyd.User, 0, func(e *lifecycle.Entry) error {
		e.Active, e.Roles, e.Directory.Email = false, append(e.Roles, "viewer"), "c@example.com"
		return nil
	})
	// The directory may give no role that holds more than it does itself. It could keep the administrator's, and no more.
	refuses(t, "a role for whom nothing is left", err, lifecycle.ErrForbidden, "exceeds_caller")
	if u := w.person(cyd); len(u.Roles) != 0 || u.Status != user.Suspended || u.DisplayName != "C" {
		t.Errorf("stored: %v, %s, %q", u.Roles, u.Status, u.DisplayName)
	}
}

func TestASuspensionWithMoreInItWritesAllOfItOverNothingElse(t *testing.T) {
	for name, busy := range map[string]bool{"alone": false, "overtaken": true} {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			tokenwrights(t, w, admin, analyst)
			dir := w.bearer(w.service(admin, "scim:users"))
			m, events := w.Manager, 1
			if busy {
				events = 2
				m = w.overtaken(func() {
					if _, err := w.PutUser(t.Context(), admin, them(analyst), 0, lifecycle.SetUser{Roles: value([]string{"viewer"})}); err != nil {
						t.Error(err)
					}
				})
			}
			before := len(w.fixture.Items(t, "EVENT#"))
			u, err := m.ChangeEntry(t.Context(), dir, analyst.User, 0, func(e *lifecycle.Entry) error {
				e.Active, e.Directory.Email = false, "b@example.com"
				return nil
			})
			got := w.person(analyst)
			want := map[bool]string{false: "analyst", true: "viewer"}[busy]
			if err != nil || u.Status != user.Suspended || got.Status != user.Suspended || got.Directory.Email != "b@example.com" || !got.HasRoles([]string{want}) {
				t.Errorf("%+v, %v", got, err)
			}
			if busy {
				events++ // the other's own
			}
			if n := len(w.fixture.Items(t, "EVENT#")) - before; n != events {
				t.Errorf("%d events, want %d", n, events)
			}
			if u.Version != got.Version {
				t.Errorf("version %d told, %d stored", u.Version, got.Version)
			}
		})
	}
}

func TestASuspensionAtAVersionWritesAllOrNothing(t *testing.T) {
	w := start(t)
	tokenwrights(t, w, admin, analyst)
	dir := w.bearer(w.service(admin, "scim:users"))
	m := w.overtaken(func() {
		if _, err := w.PutUser(t.Context(), admin, them(analyst), 0, lifecycle.SetUser{DisplayName: value("B")}); err != nil {
			t.Error(err)
		}
	})
	_, err := m.ChangeEntry(t.Context(), dir, analyst.User, w.person(analyst).Version, func(e *lifecycle.Entry) error {
		e.Active, e.Directory.Email = false, "b@example.com"
		return nil
	})
	refuses(t, "overtaken", err, lifecycle.ErrPrecondition, "version_mismatch")
	if u := w.person(analyst); u.Status != user.Active || u.Directory.Email != "" {
		t.Errorf("%+v", u)
	}
}

func TestAnAdministratorsSuspensionOfWhomTheDirectorySuspendedIsOvertakenByNobody(t *testing.T) {
	for name, resumes := range map[string]bool{"a change": false, "a resumption": true} {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			tokenwrights(t, w, admin, analyst)
			dir := w.bearer(w.service(admin, "scim:users"))
			set := func(active bool, name string) {
				if _, err := w.ChangeEntry(t.Context(), dir, analyst.User, 0, func(e *lifecycle.Entry) error { e.Active, e.DisplayName = active, name; return nil }); err != nil {
					t.Error(err)
				}
			}
			set(false, "")
			config := w.Config
			counted := &countingEnds{overtaken: overtaken{w.fixture.Store, func() { set(resumes, "B") }}}
			config.Store = counted
			if _, err := lifecycle.New(config).Suspend(t.Context(), admin, them(analyst), 0); err != nil {
				t.Fatal(err)
			}
			if u := w.person(analyst); u.Status != user.Suspended || u.SuspendedBy != user.Administrator || u.DisplayName != "B" || counted.n != 1 {
				t.Errorf("%s by %q, %q, %d endings", u.Status, u.SuspendedBy, u.DisplayName, counted.n)
			}
		})
	}
}

// countingEnds counts the endings.
type countingEnds struct {
	overtaken
	n int
}

func (c *countingEnds) EndUser(ctx context.Context, e store.UserEnding) error {
	c.n++
	return c.overtaken.EndUser(ctx, e)
}

// renamed has a rogue administrator rename somebody from 40 clients.
func (w *world) renamed(by, whom lifecycle.Caller) (stop func()) {
	return w.hammer(40, func(ctx context.Context, client, n int) error {
		_, err := w.PutUser(ctx, by, lifecycle.Person{ID: whom.User}, 0, lifecycle.SetUser{DisplayName: value(fmt.Sprint(client, n))})
		return err
	})
}

func TestAProfileThatOthersChangeHoldsUpNoEndingByItsOwner(t *testing.T) {
	for name, from := range map[string]settings.RolesFrom{"the same roles": settings.Tokenwright, "other roles": settings.IdentityProvider} {
		t.Run(name, func(t *testing.T) {
			w := contended(t)
			rogue := person("acc_acme", "rogue", "admin")
			w.known(admin, rogue)
			w.settings(func(s *settings.Settings) { s.RolesFrom = from })
			defer w.renamed(rogue, admin)()
			for i := range 5 {
				again := admin
				again.Profile, again.RolesStatedAt = principal.ProfileStale, storetest.Noon.Add(time.Duration(i+1)*time.Second)
				if from == settings.IdentityProvider && i%2 == 0 {
					again.Roles = []string{"admin", "viewer"}
				}
				known, err := w.Know(t.Context(), again)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := w.Suspend(t.Context(), known, them(rogue), 0); err != nil {
					t.Fatal(err)
				}
				if _, err := w.Resume(t.Context(), known, them(rogue), 0); err != nil && i < 4 {
					t.Log(err)
				}
			}
		})
	}
}

// unconfirmed is a store on whose profiles others are whenever roles are confirmed.
type unconfirmed struct{ lifecycle.Store }

func (unconfirmed) ConfirmRoles(context.Context, user.User, time.Time) error { return store.ErrBusy }

func TestRolesThatCannotBeConfirmedCountAllTheSame(t *testing.T) {
	w := start(t)
	w.known(saying(1, "viewer"))
	w.Store = unconfirmed{w.fixture.Store}
	got, err := w.Know(t.Context(), saying(2, "viewer"))
	if err != nil || !slices.Equal(got.Roles, []string{"viewer"}) || got.Profile != principal.ProfileCurrent {
		t.Errorf("%v, %v", got, err)
	}
}

func TestAnAdministratorWhoChangesThemselvesIsDemotedAtTheFirstCall(t *testing.T) {
	for name, roles := range map[string][]string{"to nothing": {}, "to a viewer": {"viewer"}} {
		t.Run(name, func(t *testing.T) {
			w := contended(t)
			rogue := person("acc_acme", "rogue", "admin")
			tokenwrights(t, w, admin, rogue)
			stop := w.renamed(rogue, rogue)
			got, err := w.PutUser(t.Context(), admin, them(rogue), 0, lifecycle.SetUser{Roles: value(roles)})
			if err != nil || !got.HasRoles(roles) {
				t.Errorf("%v, %v", got.Roles, err)
			}
			stop()
			if u := w.person(rogue); !u.HasRoles(roles) {
				t.Errorf("stored: %v", u.Roles)
			}
		})
	}
}

func TestAttemptsRefusedAtOnceAreRefusedAndCounted(t *testing.T) {
	w := startOn(t, storetest.Contended(t, 20*time.Millisecond))
	w.known(admin)
	vic := viewer("acc_acme", "vic")
	w.known(vic)
	var running sync.WaitGroup
	for i := range 60 {
		running.Go(func() {
			_, err := w.Suspend(t.Context(), vic, them(person("acc_acme", fmt.Sprint(i), "viewer")), 0)
			refuses(t, "a suspension", err, lifecycle.ErrForbidden, "insufficient_scope")
		})
	}
	running.Wait()
	if _, count := w.attempts("acc_acme"); count != 60 {
		t.Errorf("%d attempts are told, want 60", count)
	}
}

// unnoted is a store on whose tallies others are all the time.
type unnoted struct{ lifecycle.Store }

func (unnoted) Note(context.Context, audit.Tally, string, audit.Event) error { return store.ErrBusy }

func TestAnAttemptThatCannotBeNotedIsAnOutage(t *testing.T) {
	w := start(t)
	w.Store = unnoted{w.fixture.Store}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := w.Suspend(ctx, viewer("acc_acme", "vic"), them(admin), 0); !errors.Is(err, token.ErrUnavailable) {
		t.Errorf("%v, want it unavailable", err)
	}
}

func TestManyServiceTokensMadeAtOnceAreAllMade(t *testing.T) {
	w := startOn(t, storetest.Contended(t, 40*time.Millisecond))
	w.known(admin)
	var running sync.WaitGroup
	for range 40 {
		running.Go(func() {
			if _, err := w.Create(t.Context(), admin, lifecycle.Create{Name: "x", Kind: token.Service, Scopes: list("orders:read")}); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
}

// crowded is a store on whose items others are all the time.
type crowded struct{ lifecycle.Store }

func (crowded) SaveUser(context.Context, *user.User, user.User, audit.Event) error {
	return store.ErrBusy
}

func (crowded) SaveSettings(context.Context, user.AccountID, settings.Settings, settings.Settings, audit.Event) error {
	return store.ErrBusy
}

func (crowded) CreateJob(context.Context, job.Job, audit.Event) error { return store.ErrBusy }

func TestAWriteThatOthersAreInTheWayOfIsRefusedAsBusy(t *testing.T) {
	w := start(t)
	w.known(admin)
	dir := w.bearer(w.service(admin, "scim:users"))
	robot := w.service(admin, "orders:read")
	w.Store = crowded{w.fixture.Store}
	_, invited := w.PutUser(t.Context(), admin, them(analyst), 0, lifecycle.SetUser{Subject: "bob"})
	_, entered := w.CreateEntry(t.Context(), dir, lifecycle.Entry{Subject: "bob", Active: true})
	in := settings.Default()
	in.Personal.RequireCidrBlocks = true
	_, _, saved := w.SetSettings(t.Context(), admin, 0, in)
	_, begun := w.BulkRevoke(t.Context(), admin, lifecycle.BulkRevoke{IDs: ids(robot)})
	for what, err := range map[string]error{"an invitation": invited, "an entry": entered, "settings": saved, "a job": begun} {
		refuses(t, what, err, lifecycle.ErrConflict, "busy")
	}
}
