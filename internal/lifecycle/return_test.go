package lifecycle_test

import (
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/dev/storetest"
	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/user"
)

// offboardedBefore stores somebody as earlier versions left them: offboarded, with the roles of before.
func (w *world) offboardedBefore(subject string, roles ...string) lifecycle.Caller {
	w.Helper()
	u := storetest.Person("acc_acme", subject, roles...)
	u.Status, u.Generation = user.Offboarded, 1
	w.fixture.Save(w.T, u)
	return person("acc_acme", subject, roles...)
}

// about returns what the audit holds about a user, the latest first.
func (w *world) about(id user.ID) (out []audit.Event) {
	w.Helper()
	found, _, err := w.fixture.Store.Events(w.Context(), "acc_acme", time.Time{}, time.Time{}, "", 100)
	if err != nil {
		w.Fatal(err)
	}
	for _, e := range found {
		if e.Target == string(id) {
			out = append(out, e)
		}
	}
	return out
}

func TestOffboardingEmptiesRoles(t *testing.T) {
	w := start(t)
	second := person("acc_acme", "cyd", "admin")
	w.known(admin, second)
	w.now = storetest.Noon.Add(time.Minute)
	out, err := w.Offboard(t.Context(), admin, them(second), 0)
	if err != nil || len(out.User.Roles) != 0 {
		t.Fatalf("%+v, %v", out.User, err)
	}
	if u := w.stored(second); len(u.Roles) != 0 || !u.RolesStatedAt.Equal(w.now) {
		t.Errorf("stored with %v of %s", u.Roles, u.RolesStatedAt)
	}
	event := w.about(second.User)[0]
	if len(event.Changes) != 2 || event.Changes[0].Field != "roles" || event.Changes[1].Field != "status" {
		t.Errorf("the audit shows %+v", event.Changes)
	}
}

func TestWhoeverIsInvitedAgainBeginsWithoutRoles(t *testing.T) {
	for _, from := range []settings.RolesFrom{settings.Tokenwright, settings.IdentityProvider} {
		w := start(t)
		cyd := person("acc_acme", "cyd", "admin")
		w.known(admin, cyd)
		if _, err := w.Offboard(t.Context(), admin, them(cyd), 0); err != nil {
			t.Fatal(err)
		}
		w.settings(func(s *settings.Settings) { s.RolesFrom = from })
		inviter := w.bearer(w.service(admin, "users:write"))
		for subject, gone := range map[string]lifecycle.Caller{"cyd": cyd, "dee": w.offboardedBefore("dee", "admin")} {
			if from == settings.Tokenwright {
				for _, role := range []string{"admin", "viewer"} {
					w.unchanged(role, func() {
						_, err := w.PutUser(t.Context(), inviter, them(gone), 0, lifecycle.SetUser{Subject: subject, Roles: value([]string{role})})
						refuses(t, subject+" as "+role, err, lifecycle.ErrForbidden, "exceeds_caller")
					})
				}
			}
			back, err := w.PutUser(t.Context(), inviter, them(gone), 0, lifecycle.SetUser{Subject: subject})
			if err != nil || back.Status != user.Active || len(back.Roles) != 0 {
				t.Errorf("%s is back as %+v, %v", subject, back, err)
			}
			if u := w.stored(gone); len(u.Roles) != 0 {
				t.Errorf("%s is stored with %v", subject, u.Roles)
			}
			// A JWT from before does not give them back, one from after says what is so.
			old := gone
			old.RolesStatedAt = storetest.Noon.Add(-time.Minute)
			w.known(old)
			if u := w.stored(gone); len(u.Roles) != 0 {
				t.Errorf("an old JWT gives %s %v", subject, u.Roles)
			}
		}
	}
}

func TestADirectoryTakesInWithoutRolesToo(t *testing.T) {
	w := start(t)
	w.known(admin)
	w.settings(func(s *settings.Settings) { s.RolesFrom = settings.Tokenwright })
	directory := w.bearer(w.service(admin, "scim:users"))
	gone := w.offboardedBefore("dee", "admin")
	w.unchanged("with the roles of before", func() {
		_, err := w.CreateEntry(t.Context(), directory, lifecycle.Entry{Subject: "dee", Active: true, Roles: []string{"admin"}})
		refuses(t, "with the roles of before", err, lifecycle.ErrForbidden, "exceeds_caller")
	})
	back, err := w.CreateEntry(t.Context(), directory, lifecycle.Entry{Subject: "dee", Active: true})
	if err != nil || len(back.Roles) != 0 || len(w.stored(gone).Roles) != 0 || back.Status != user.Active {
		t.Errorf("%+v, %v", back, err)
	}
}

func TestRolesAreNotSetOnSomebodyOffboarded(t *testing.T) {
	w := start(t)
	w.known(admin)
	w.settings(func(s *settings.Settings) { s.RolesFrom = settings.Tokenwright })
	gone := w.offboardedBefore("dee", "admin")
	w.unchanged("roles", func() {
		_, err := w.PutUser(t.Context(), admin, them(gone), 0, lifecycle.SetUser{Roles: value([]string{"viewer"})})
		refuses(t, "roles", err, lifecycle.ErrConflict, "offboarded")
	})
}

func TestADirectoryLiftsOnlyItsOwnSuspension(t *testing.T) {
	w := start(t)
	w.known(admin, analyst)
	directory := w.bearer(w.service(admin, "scim:users"))
	enter := func(active bool) {
		t.Helper()
		if _, err := w.ChangeEntry(t.Context(), directory, analyst.User, 0, func(e *lifecycle.Entry) error { e.Active = active; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	suspend := func() {
		t.Helper()
		if _, err := w.Suspend(t.Context(), admin, them(analyst), 0); err != nil {
			t.Fatal(err)
		}
	}
	resume := func() {
		t.Helper()
		if _, err := w.Resume(t.Context(), admin, them(analyst), 0); err != nil {
			t.Fatal(err)
		}
	}
	is := func(what string, status user.Status, by user.Suspender) {
		t.Helper()
		if u := w.stored(analyst); u.Status != status || u.SuspendedBy != by {
			t.Errorf("%s: %s by %q, want %s by %q", what, u.Status, u.SuspendedBy, status, by)
		}
	}
	enter(false)
	is("the directory suspends", user.Suspended, user.ByDirectory)
	enter(true)
	is("and resumes", user.Active, user.Nobody)
	suspend()
	enter(true)
	is("an administrator suspends, the directory says active", user.Suspended, user.Administrator)
	enter(false)
	enter(true)
	is("the directory suspends as well, and resumes", user.Suspended, user.Administrator)
	resume()
	is("an administrator resumes", user.Active, user.Nobody)
	enter(false)
	resume()
	is("an administrator resumes whom the directory suspended", user.Active, user.Nobody)
	enter(false)
	suspend()
	is("an administrator suspends whom the directory suspended", user.Suspended, user.Administrator)
	enter(true)
	is("and the directory says active", user.Suspended, user.Administrator)
	if _, err := w.Offboard(t.Context(), admin, them(analyst), 0); err != nil {
		t.Fatal(err)
	}
	is("offboarded", user.Offboarded, user.Nobody)
	back, err := w.CreateEntry(t.Context(), directory, lifecycle.Entry{Subject: "bob", Active: true})
	if err != nil || back.Status != user.Active {
		t.Errorf("taken in again: %+v, %v", back, err)
	}
}

// A directory that takes somebody out and in again has not asked the administrator who suspended them.
func TestADirectoryLetsNobodyInByTakingThemOutFirst(t *testing.T) {
	w := start(t)
	w.known(admin, analyst)
	dir := w.bearer(w.service(admin, "scim:users"))
	if _, err := w.Suspend(t.Context(), admin, them(analyst), 0); err != nil {
		t.Fatal(err)
	}
	if err := w.DeleteEntry(t.Context(), dir, analyst.User, 0); err != nil {
		t.Fatal(err)
	}
	back, err := w.CreateEntry(t.Context(), dir, lifecycle.Entry{Subject: "bob", Active: true})
	if err != nil || back.Status != user.Suspended || back.SuspendedBy != user.Administrator {
		t.Errorf("taken in again as %s by %q, %v", back.Status, back.SuspendedBy, err)
	}
	if back, err = w.Resume(t.Context(), admin, them(analyst), 0); err != nil || back.Status != user.Active {
		t.Errorf("the administrator's word: %s, %v", back.Status, err)
	}
}

// An issuer's clock may be ahead; what it said before an offboarding is of before all the same.
func TestAJWTFromAheadGivesNothingBackAfterAnOffboarding(t *testing.T) {
	w := start(t)
	ahead := saying(30, "admin")
	w.known(admin, ahead)
	if _, err := w.Offboard(t.Context(), admin, them(ahead), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := w.PutUser(t.Context(), admin, them(ahead), 0, lifecycle.SetUser{Subject: "bob"}); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(2 * time.Second)
	for _, c := range []lifecycle.Caller{ahead, saying(29, "admin")} {
		if seen, err := w.Know(t.Context(), c); err != nil || len(seen.Roles) != 0 {
			t.Errorf("a JWT of %s: acts as %v, %v", c.RolesStatedAt, seen.Roles, err)
		}
	}
}

func TestADirectoryTakesNobodyOutPastASuspensionOfThatMoment(t *testing.T) {
	for name, was := range map[string]bool{"active": true, "suspended by the directory": false} {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			w.known(admin, analyst)
			dir := w.bearer(w.service(admin, "scim:users"))
			if _, err := w.ChangeEntry(t.Context(), dir, analyst.User, 0, func(e *lifecycle.Entry) error { e.Active = was; return nil }); err != nil {
				t.Fatal(err)
			}
			m := w.during(func() {
				if _, err := w.Suspend(t.Context(), admin, them(analyst), 0); err != nil {
					t.Error(err)
				}
			})
			if err := m.DeleteEntry(t.Context(), dir, analyst.User, 0); err != nil {
				t.Fatal(err)
			}
			back, err := w.CreateEntry(t.Context(), dir, lifecycle.Entry{Subject: "bob", Active: true})
			if err != nil || back.Status != user.Suspended || back.SuspendedBy != user.Administrator {
				t.Errorf("taken in again as %s by %q, %v", back.Status, back.SuspendedBy, err)
			}
		})
	}
}

func TestAnAdministratorsOffboardingLeavesNoSuspensionOfThatMoment(t *testing.T) {
	w := start(t)
	second := person("acc_acme", "cyd", "admin")
	w.known(admin, second, analyst)
	m := w.during(func() {
		if _, err := w.Suspend(t.Context(), second, them(analyst), 0); err != nil {
			t.Error(err)
		}
	})
	if _, err := m.Offboard(t.Context(), admin, them(analyst), 0); err != nil {
		t.Fatal(err)
	}
	if u := w.stored(analyst); u.Status != user.Offboarded || u.SuspendedBy != user.Nobody {
		t.Errorf("%s, suspended by %q", u.Status, u.SuspendedBy)
	}
}

func TestADirectoryTakesNobodyOutPastASuspensionOfAnEarlierVersion(t *testing.T) {
	w := start(t)
	w.known(admin)
	u := storetest.Person("acc_acme", "bob", "analyst")
	u.Status = user.Suspended // with no word of by whom
	w.fixture.Save(t, u)
	dir := w.bearer(w.service(admin, "scim:users"))
	if err := w.DeleteEntry(t.Context(), dir, analyst.User, 0); err != nil {
		t.Fatal(err)
	}
	back, err := w.CreateEntry(t.Context(), dir, lifecycle.Entry{Subject: "bob", Active: true})
	if err != nil || back.Status != user.Suspended || back.SuspendedBy != user.Administrator {
		t.Errorf("taken in again as %s by %q, %v", back.Status, back.SuspendedBy, err)
	}
}
