package lifecycle_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/dev/storetest"
	"github.com/tokenwright/tokenwright/internal/job"
	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/validate"
)

// contended starts a world on a table whose transactions take a while, and turn away whoever else is on their items.
func contended(t *testing.T) *world {
	t.Helper()
	return startOn(t, storetest.Contended(t, 2*time.Millisecond))
}

// hammer has clients call again and again, and returns when they are at it; stop waits for them to end.
func (w *world) hammer(clients int, call func(ctx context.Context, client, n int) error) (stop func()) {
	w.Helper()
	ctx, cancel := context.WithCancel(w.Context())
	var running sync.WaitGroup
	var changes atomic.Int64
	for client := range clients {
		running.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				if call(ctx, client, n) == nil {
					changes.Add(1)
				}
				time.Sleep(time.Millisecond) // nobody is nearer than that
			}
		})
	}
	for changes.Load() < 10 {
		time.Sleep(time.Millisecond)
	}
	return func() { cancel(); running.Wait() }
}

// renames has 40 clients rename a token with itself.
func (w *world) renames(issued lifecycle.Issued) (stop func()) {
	c := w.bearer(issued)
	return w.hammer(40, func(ctx context.Context, client, n int) error {
		_, err := w.Update(ctx, c, self, 0, lifecycle.Update{Name: value(fmt.Sprint(client, n))})
		return err
	})
}

func TestATokenThatChangesItselfIsRevokedAtTheFirstCall(t *testing.T) {
	w := contended(t)
	w.known(admin)
	robot := w.service(admin, "tokens:write")
	defer w.renames(robot)()
	for range 2 { // the second time nothing is left to do
		if err := w.Revoke(t.Context(), admin, id(robot), 0); err != nil {
			t.Fatal(err)
		}
	}
	w.refusedFor(robot.Secret, validate.Revoked)
	w.endedOnce(robot.Token.ID)
}

func TestATokenThatChangesItselfIsPausedAtTheFirstCallAndCannotResume(t *testing.T) {
	w := contended(t)
	w.known(admin)
	robot := w.service(admin, "tokens:write")
	c := w.bearer(robot)
	stop := w.renames(robot)
	resume := w.hammerOn(5, func(ctx context.Context) { // let in before the pause, all of them
		_, _ = w.Update(ctx, c, self, 0, lifecycle.Update{Active: value(true)})
	})
	if _, err := w.Update(t.Context(), admin, id(robot), 0, lifecycle.Update{Active: value(false)}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(20 * time.Millisecond)
	stop()
	resume()
	w.refusedFor(robot.Secret, validate.Inactive)
	_, err := w.Update(t.Context(), c, self, 0, lifecycle.Update{Active: value(true)})
	refuses(t, "resuming itself", err, lifecycle.ErrForbidden, "token_inactive")
	if _, err := w.Update(t.Context(), admin, id(robot), 0, lifecycle.Update{Active: value(true)}); err != nil {
		t.Errorf("an administrator resumes it: %v", err)
	}
}

// hammerOn is hammer for calls that may all be refused.
func (w *world) hammerOn(clients int, call func(ctx context.Context)) (stop func()) {
	return w.hammer(clients, func(ctx context.Context, _, _ int) error { call(ctx); return nil })
}

func TestAPersonWhoChangesThemselvesIsStoppedAtTheFirstCall(t *testing.T) {
	carol := person("acc_acme", "carol", "admin")
	for name, end := range map[string]func(*world) error{
		"suspend":  func(w *world) error { _, err := w.Suspend(t.Context(), admin, them(carol), 0); return err },
		"offboard": func(w *world) error { _, err := w.Offboard(t.Context(), admin, them(carol), 0); return err },
		"issued before": func(w *world) error {
			them := them(carol)
			return w.RevokeIssuedBefore(t.Context(), admin, &them, w.now, "stolen")
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := contended(t)
			w.known(admin, carol)
			w.settings(func(s *settings.Settings) { s.RolesFrom = settings.Tokenwright })
			hers := w.create(carol, lifecycle.Create{})
			stop := w.hammer(10, func(ctx context.Context, client, n int) error {
				_, err := w.PutUser(ctx, carol, me, 0, lifecycle.SetUser{DisplayName: value(fmt.Sprint(client, n)), Subject: "carol"})
				return errors.Join(err, ignore(w.Resume(ctx, carol, me, 0)))
			})
			if err := end(w); err != nil {
				t.Error(err)
			}
			time.Sleep(20 * time.Millisecond)
			stop()
			if _, err := w.validate(hers.Secret); err == nil {
				t.Error("her token works")
			}
		})
	}
}

func ignore[T any](_ T, err error) error { return err }

func TestAnAdministratorHoldsUpNoOtherOnesEnd(t *testing.T) {
	w := contended(t)
	dave := person("acc_acme", "dave", "admin")
	w.known(admin, dave)
	w.settings(func(s *settings.Settings) { s.RolesFrom = settings.Tokenwright })
	defer w.hammer(10, func(ctx context.Context, client, n int) error {
		roles := []string{"admin"}
		if n%2 == 0 {
			roles = []string{"admin", "viewer"}
		}
		_, err := w.PutUser(ctx, dave, me, 0, lifecycle.SetUser{DisplayName: value(fmt.Sprint(client, n)), Roles: value(roles)})
		return err
	})()
	if _, err := w.Offboard(t.Context(), admin, them(admin), 0); err != nil {
		t.Error(err)
	}
}

func TestSettingsThatChangeAllTheTimeHoldUpNoRevocation(t *testing.T) {
	w := contended(t)
	w.known(admin)
	robot := w.service(admin, "orders:read")
	defer w.hammer(20, func(ctx context.Context, _, n int) error {
		s, err := w.Settings(ctx, admin)
		if err != nil {
			return err
		}
		s.Service.MaxTokensPerUser, s.Personal.MaxTokensPerUser = 0, 1000+n
		_, _, err = w.SetSettings(ctx, admin, s.Version, s)
		return err
	})()
	if err := w.RevokeIssuedBefore(t.Context(), admin, nil, w.now, "stolen"); err != nil {
		t.Error(err)
	}
	w.refusedFor(robot.Secret, validate.Revoked)
}

// endedOnce checks that each token was revoked by one event. What it did before, and tried to do behind it, left many others.
func (w *world) endedOnce(tokens ...token.ID) {
	w.Helper()
	ended := map[string]int{}
	for _, it := range w.state() {
		if text(it["action"]) == string(audit.TokenRevoked) {
			ended[text(it["target"])]++
		}
	}
	for _, id := range tokens {
		if ended[string(id)] != 1 {
			w.Errorf("%d events of the revocation of %s", ended[string(id)], id)
		}
	}
}

// counting counts the steps that were written.
type counting struct {
	lifecycle.Store
	steps int
}

func (c *counting) StepJob(ctx context.Context, s job.Step) error {
	err := c.Store.StepJob(ctx, s)
	if err == nil {
		c.steps++
	}
	return err
}

func TestTokensThatChangeThemselvesHoldUpNeitherAJobNorTheirNeighbours(t *testing.T) {
	for name, tt := range map[string]struct {
		hammering, clients, most int
	}{
		"one, from 20 clients": {1, 20, 3},
		"a dozen of them":      {12, 1, 13},
	} {
		t.Run(name, func(t *testing.T) {
			w := contended(t)
			w.known(admin)
			issued := make([]lifecycle.Issued, 40)
			for i := range issued {
				issued[i] = w.service(admin, "tokens:write")
			}
			var callers []lifecycle.Caller
			for _, i := range issued[:tt.hammering] {
				callers = append(callers, w.bearer(i))
			}
			stop := w.hammer(tt.clients*tt.hammering, func(ctx context.Context, client, n int) error {
				_, err := w.Update(ctx, callers[client%len(callers)], self, 0, lifecycle.Update{Name: value(fmt.Sprint(client, n))})
				return err
			})
			config := w.Config
			counted := &counting{Store: w.fixture.Store}
			config.Store = counted
			j := w.finish(lifecycle.New(config), w.begin(admin, lifecycle.BulkRevoke{IDs: ids(issued...)}).ID)
			stop()
			if j.Total != 40 || j.Counts[job.Revoked] != 40 {
				t.Errorf("counts %v of %d", j.Counts, j.Total)
			}
			w.endedOnce(ids(issued...)...)
			if counted.steps > tt.most {
				t.Errorf("%d steps, want at most %d", counted.steps, tt.most)
			}
		})
	}
}

func TestATokenEndedBetweenReadAndStepIsCountedAsEndedAlready(t *testing.T) {
	w := start(t)
	w.known(admin)
	first, second := w.service(admin, "orders:read"), w.service(admin, "orders:read")
	config := w.Config
	meddling := &meddling{Store: w.fixture.Store, before: func() {
		if err := w.Revoke(t.Context(), admin, id(first), 0); err != nil {
			t.Error(err)
		}
	}}
	config.Store = meddling
	j := w.finish(lifecycle.New(config), w.begin(admin, lifecycle.BulkRevoke{IDs: ids(first, second)}).ID)
	want := []job.Result{{Token: second.Token.ID, Outcome: job.Revoked}, {Token: first.Token.ID, Outcome: job.AlreadyRevoked}}
	if !slices.Equal(j.Results, want) || len(w.revocations(first.Token.ID)) != 1 {
		t.Errorf("%+v", j)
	}
}

// meddling lets somebody else act before a step is written, once.
type meddling struct {
	lifecycle.Store
	before func()
}

func (m *meddling) StepJob(ctx context.Context, s job.Step) error {
	if act := m.before; act != nil {
		m.before = nil
		act()
	}
	return m.Store.StepJob(ctx, s)
}

func TestAnEndingAtAVersionHoldsThatVersion(t *testing.T) {
	w := start(t)
	bob := analyst
	w.known(admin, bob)
	robot := w.service(admin, "orders:read")
	if _, err := w.Update(t.Context(), admin, id(robot), 1, lifecycle.Update{Name: value("renamed")}); err != nil {
		t.Fatal(err)
	}
	refuses(t, "revoking an older version", w.Revoke(t.Context(), admin, id(robot), 1), lifecycle.ErrPrecondition, "version_mismatch")
	_, err := w.Suspend(t.Context(), admin, them(bob), 7)
	refuses(t, "suspending another version", err, lifecycle.ErrPrecondition, "version_mismatch")
	if err := w.Revoke(t.Context(), admin, id(robot), 2); err != nil {
		t.Error(err)
	}
}

func TestABusyChangeGivesUpAndSaysSo(t *testing.T) {
	w := start(t)
	w.known(admin)
	robot := w.service(admin, "orders:read")
	config := w.Config
	config.Store = busy{w.fixture.Store}
	_, err := lifecycle.New(config).Update(t.Context(), admin, id(robot), 0, lifecycle.Update{Name: value("x")})
	refuses(t, "a change", err, lifecycle.ErrConflict, "busy")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := lifecycle.New(config).RunJob(ctx, "acc_acme", w.begin(admin, lifecycle.BulkRevoke{IDs: ids(robot)}).ID); !errors.Is(err, token.ErrUnavailable) {
		t.Errorf("a step that never gets through is to be delivered again: %v", err)
	}
}

// busy is a store on whose items others are all the time.
type busy struct{ lifecycle.Store }

func (busy) UpdateToken(context.Context, token.Token, token.Token, audit.Event) error {
	return store.ErrBusy
}

func (busy) StepJob(context.Context, job.Step) error { return store.ErrBusy }
