package lifecycle_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/dev/storetest"
	"github.com/tokenwright/tokenwright/internal/job"
	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
	"github.com/tokenwright/tokenwright/internal/validate"
)

// begin starts a job or ends the test.
func (w *world) begin(c lifecycle.Caller, in lifecycle.BulkRevoke) job.Job {
	w.Helper()
	j, err := w.BulkRevoke(w.Context(), c, in)
	if err != nil {
		w.Fatal(err)
	}
	return j
}

// finish takes steps until the job is done, as the stream does.
func (w *world) finish(m *lifecycle.Manager, id job.ID) job.Job {
	w.Helper()
	for range 100 {
		j, err := w.fixture.Store.Job(w.Context(), "acc_acme", id)
		if err != nil {
			w.Fatal(err)
		}
		if j.State == job.Done {
			return j
		}
		_ = m.RunJob(w.Context(), "acc_acme", id) // one that failed is delivered again
	}
	w.Fatal("the job does not end")
	return job.Job{}
}

// revocations returns the events of revoking a token.
func (w *world) revocations(id token.ID) []audit.Event {
	w.Helper()
	found, _, err := w.fixture.Store.TokenEvents(w.Context(), "acc_acme", id, "", 100)
	if err != nil {
		w.Fatal(err)
	}
	return slices.DeleteFunc(found, func(e audit.Event) bool { return e.Action != audit.TokenRevoked })
}

// grow makes tokens of bob's, past all rules.
func (w *world) grow(n int) []token.ID {
	w.Helper()
	owner := storetest.Person("acc_acme", "bob", "analyst")
	var ids []token.ID
	for range n {
		w.now = w.now.Add(time.Millisecond)
		tok := storetest.Token(w.T, owner, w.now)
		w.fixture.Create(w.T, tok)
		ids = append(ids, tok.ID)
	}
	return ids
}

func (w *world) adminsMay() {
	w.settings(func(s *settings.Settings) { s.AdminsMayRevokePersonalTokens = true })
}

func ids(issued ...lifecycle.Issued) []token.ID {
	var out []token.ID
	for _, i := range issued {
		out = append(out, i.Token.ID)
	}
	return out
}

func TestABulkRevocationTellsWhatBecameOfEachToken(t *testing.T) {
	w := start(t)
	w.known(admin, analyst, evil)
	mine, robot, bobs, over, theirs := w.create(admin, lifecycle.Create{}), w.service(admin, "orders:read"), w.create(analyst, lifecycle.Create{}), w.service(admin, "orders:read"), w.service(evil, "orders:read")
	if err := w.Revoke(t.Context(), admin, id(over), 0); err != nil {
		t.Fatal(err)
	}
	nobody := token.ID("tok_" + string(admin.User.Ref()) + "00000000000")
	in := lifecycle.BulkRevoke{IDs: append(ids(mine, robot, bobs, over, theirs, robot), nobody), Reason: "leaked in a build log"}

	w.unchanged("a preview", func() {
		p, complete, err := w.PreviewBulkRevoke(t.Context(), admin, in)
		if err != nil || !complete || p.Counts[job.Revoked] != 2 || p.Counts[job.NotFound] != 2 || p.Counts[job.Refused] != 1 || p.Counts[job.AlreadyRevoked] != 1 {
			t.Errorf("%+v, %v, %v", p, complete, err)
		}
	})
	j := w.begin(admin, in)
	if j.State != job.Running || j.Total != 6 {
		t.Errorf("%+v", j)
	}
	w.accepted(robot.Secret)
	j = w.finish(w.Manager, j.ID)
	want := []job.Result{
		{Token: mine.Token.ID, Outcome: job.Revoked}, {Token: robot.Token.ID, Outcome: job.Revoked}, {Token: bobs.Token.ID, Outcome: job.Refused},
		{Token: over.Token.ID, Outcome: job.AlreadyRevoked}, {Token: theirs.Token.ID, Outcome: job.NotFound}, {Token: nobody, Outcome: job.NotFound},
	}
	if !slices.Equal(j.Results, want) || j.Counts[job.Revoked] != 2 {
		t.Errorf("%+v", j)
	}
	w.refusedFor(mine.Secret, validate.Revoked)
	w.refusedFor(robot.Secret, validate.Revoked)
	w.accepted(bobs.Secret)
	w.accepted(theirs.Secret)
	for _, tt := range []struct {
		id     token.ID
		reason string
	}{{mine.Token.ID, in.Reason}, {robot.Token.ID, in.Reason}, {over.Token.ID, ""}} {
		events := w.revocations(tt.id)
		if len(events) != 1 || events[0].Reason != tt.reason || events[0].Refused != "" || events[0].Actor.User != admin.User || events[0].Origin != admin.Origin {
			t.Errorf("%s has the events %+v", tt.id, events)
		}
	}
	w.toldOnce(j, in.Reason)
}

// toldOnce checks that the account's audit tells one refused attempt, which is a job, and nothing of the tokens it named.
func (w *world) toldOnce(j job.Job, reason string) {
	w.Helper()
	events, count := w.attempts("acc_acme")
	if len(events) != 1 || count != 1 {
		w.Fatalf("%d events tell of %d attempts, want one job", len(events), count)
	}
	e := events[0]
	if e.Action != audit.TokenRevoked || e.Target != string(j.ID) || e.Refused != "not_owner" || e.Reason != reason || e.Actor != j.Actor || e.Origin != j.Origin || len(e.Changes) > 0 {
		w.Errorf("the job %s is told as %+v", j.ID, e)
	}
}

func TestAJobIsOneRefusedAttemptHoweverManyTokensItNames(t *testing.T) {
	w := start(t)
	w.known(admin, analyst)
	all := w.grow(205)
	mine := w.create(admin, lifecycle.Create{}).Token.ID
	config := w.Config
	config.Store = &flaky{Store: w.fixture.Store}
	j := w.finish(lifecycle.New(config), w.begin(admin, lifecycle.BulkRevoke{IDs: append([]token.ID{mine}, all...)}).ID)
	if j.Counts[job.Refused] != len(all) || j.Counts[job.Revoked] != 1 {
		t.Errorf("counts %v", j.Counts)
	}
	for _, id := range all {
		if !slices.Contains(j.Results, job.Result{Token: id, Outcome: job.Refused}) {
			t.Errorf("the job does not say that %s was refused", id)
		}
	}
	w.toldOnce(j, "")
}

func TestAJobThatIsCancelledHasToldWhatItWasRefused(t *testing.T) {
	w := start(t)
	w.known(admin, analyst)
	begun := w.begin(admin, lifecycle.BulkRevoke{IDs: w.grow(100), Reason: "spite"})
	if err := w.RunJob(t.Context(), "acc_acme", begun.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.CancelJob(t.Context(), admin, begun.ID); err != nil {
		t.Fatal(err)
	}
	w.toldOnce(begun, "spite")
}

func TestAJobThatIsRefusedNothingLeavesNoAttempt(t *testing.T) {
	w := start(t)
	w.known(admin)
	w.finish(w.Manager, w.begin(admin, lifecycle.BulkRevoke{IDs: ids(w.create(admin, lifecycle.Create{}))}).ID)
	if events, _ := w.attempts("acc_acme"); len(events) > 0 {
		t.Errorf("%+v", events)
	}
}

func TestOthersPersonalTokensAreRevokedWhereTheSettingsSaySo(t *testing.T) {
	w := start(t)
	w.known(admin, analyst)
	bobs := w.create(analyst, lifecycle.Create{})
	w.adminsMay()
	w.finish(w.Manager, w.begin(admin, lifecycle.BulkRevoke{IDs: ids(bobs)}).ID)
	w.refusedFor(bobs.Secret, validate.Revoked)
}

// flaky loses the answer of some writes, and others altogether.
type flaky struct {
	lifecycle.Store
	step int
}

var errOutage = errors.New("the connection broke")

func (f *flaky) StepJob(ctx context.Context, s job.Step) error {
	f.step++
	switch f.step % 3 {
	case 1: // crashed before the write
		return errOutage
	case 2: // crashed behind it
		if err := f.Store.StepJob(ctx, s); err != nil {
			return err
		}
		return errOutage
	}
	return f.Store.StepJob(ctx, s)
}

func TestABulkRevocationSurvivesCrashesAndRevokesEachTokenOnce(t *testing.T) {
	w := start(t)
	w.known(admin, analyst)
	w.adminsMay()
	all := w.grow(205)
	config := w.Config
	config.Store = &flaky{Store: w.fixture.Store}
	j := w.finish(lifecycle.New(config), w.begin(admin, lifecycle.BulkRevoke{IDs: all}).ID)
	w.eachOnce(j, all)
}

func (w *world) eachOnce(j job.Job, all []token.ID) {
	w.Helper()
	if j.Total != len(all) || j.Counts[job.Revoked] != len(all) || len(j.Results) != min(len(all), job.MaxResults) {
		w.Errorf("of %d tokens: total %d, counts %v, %d results", len(all), j.Total, j.Counts, len(j.Results))
	}
	for _, id := range all {
		if events := w.revocations(id); len(events) != 1 {
			w.Errorf("%s has %d events of its revocation", id, len(events))
		}
	}
}

func TestStepsThatRunSideBySideRevokeEachTokenOnce(t *testing.T) {
	w := start(t)
	w.known(admin, analyst)
	w.adminsMay()
	all := w.grow(150)
	begun := w.begin(admin, lifecycle.BulkRevoke{Filter: &job.Filter{Owner: analyst.User}})
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			for range 5 {
				_ = w.RunJob(t.Context(), "acc_acme", begun.ID)
			}
		})
	}
	running.Wait()
	w.eachOnce(w.finish(w.Manager, begun.ID), all)
}

func TestAFilterMayMeanMoreThanTheJobCanTellOf(t *testing.T) {
	w := start(t)
	w.known(admin, analyst)
	w.adminsMay()
	all := w.grow(job.MaxResults + 50)
	filter := job.Filter{Owner: analyst.User, Kind: token.Personal}
	p, complete, err := w.PreviewBulkRevoke(t.Context(), admin, lifecycle.BulkRevoke{Filter: &filter})
	if err != nil || !complete || p.Counts[job.Revoked] != len(all) || len(p.Results) != job.MaxResults {
		t.Errorf("the preview counts %v, complete %v, %v", p.Counts, complete, err)
	}
	j := w.finish(w.Manager, w.begin(admin, lifecycle.BulkRevoke{Filter: &filter}).ID)
	if j.Total != len(all) || j.Counts[job.Revoked] != len(all) || len(j.Results) != job.MaxResults {
		t.Errorf("total %d, counts %v, %d results", j.Total, j.Counts, len(j.Results))
	}
}

func TestAFilterMeansWhatItSays(t *testing.T) {
	w := start(t)
	w.known(admin, evil)
	old := w.service(admin, "orders:read")
	w.now = w.now.Add(48 * time.Hour)
	later := w.now
	used := w.service(admin, "orders:*")
	trial := w.create(admin, lifecycle.Create{Kind: token.Service, Environment: token.Test, Scopes: list("tokens:read")})
	everything := w.create(admin, lifecycle.Create{})
	foreign := w.service(evil, "orders:read")
	over := w.service(admin, "orders:read")
	if err := w.Revoke(t.Context(), admin, id(over), 0); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(48 * time.Hour)
	if err := w.fixture.Store.Touch(t.Context(), old.Token.ID, w.now.Add(-time.Hour), storetest.Here); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		filter job.Filter
		want   []token.ID
	}{
		"owner":                 {job.Filter{Owner: admin.User}, ids(everything)},
		"a token user":          {job.Filter{Owner: old.Token.ID.Owner().ID()}, ids(old)},
		"an owner elsewhere":    {job.Filter{Owner: evil.User}, nil},
		"a token user there":    {job.Filter{Owner: foreign.Token.ID.Owner().ID()}, nil},
		"kind":                  {job.Filter{Kind: token.Service}, ids(trial, used, old)},
		"environment":           {job.Filter{Environment: token.Test}, ids(trial)},
		"scope":                 {job.Filter{Scope: "orders:read"}, ids(everything, used, old)},
		"scope of few":          {job.Filter{Scope: "orders:write"}, ids(everything, used)},
		"created before":        {job.Filter{CreatedBefore: later}, ids(old)},
		"unused since":          {job.Filter{UnusedSince: later.Add(time.Hour)}, ids(everything, trial, used)},
		"everything together":   {job.Filter{Kind: token.Service, Environment: token.Live, Scope: "orders:write", UnusedSince: w.now}, ids(used)},
		"nothing that there is": {job.Filter{CreatedBefore: storetest.Noon}, nil},
	} {
		p, complete, err := w.PreviewBulkRevoke(t.Context(), admin, lifecycle.BulkRevoke{Filter: &tt.filter})
		var got []token.ID
		for _, r := range p.Results {
			got = append(got, r.Token)
		}
		if err != nil || !complete || !slices.Equal(got, tt.want) || p.Total != len(tt.want) {
			t.Errorf("%s: %v, complete %v, %v; want %v", name, got, complete, err, tt.want)
		}
	}
}

func TestAFilterNeverTouchesWhatIsCreatedLater(t *testing.T) {
	w := start(t)
	w.known(admin)
	before := w.service(admin, "orders:read")
	j := w.begin(admin, lifecycle.BulkRevoke{Filter: &job.Filter{Scope: "orders:read"}})
	w.now = w.now.Add(time.Millisecond)
	after := w.service(admin, "orders:read")
	w.finish(w.Manager, j.ID)
	w.refusedFor(before.Secret, validate.Revoked)
	w.accepted(after.Secret)
}

func TestAnIdempotencyKeyNamesOneJob(t *testing.T) {
	w := start(t)
	w.known(admin)
	robot, other := w.service(admin, "orders:read"), w.service(admin, "orders:read")
	in := lifecycle.BulkRevoke{IDs: ids(robot), IdempotencyKey: "again"}
	first := w.begin(admin, in)
	w.finish(w.Manager, first.ID)
	again := w.begin(admin, in)
	if again.ID != first.ID || again.State != job.Done || again.Counts[job.Revoked] != 1 {
		t.Errorf("%+v and then %+v", first, again)
	}
	in.IDs = ids(other)
	_, err := w.BulkRevoke(t.Context(), admin, in)
	refuses(t, "another request under the key", err, lifecycle.ErrInvalid, "idempotency_key_reused", "Idempotency-Key")
	// The key is the caller's own, and lives as long as the job.
	carol := person("acc_acme", "carol", "admin")
	w.known(carol)
	if theirs := w.begin(carol, in); theirs.ID == first.ID {
		t.Error("two callers share a job")
	}
	w.now = w.now.Add(job.Retention)
	if anew := w.begin(admin, in); anew.State != job.Running || anew.Total != 1 {
		t.Errorf("after the first is over: %+v", anew)
	}
}

func TestOnlyThoseWhoMayRevokeBeginAndSeeJobs(t *testing.T) {
	w := start(t)
	w.known(admin, analyst, evil)
	robot := w.service(admin, "orders:read")
	j := w.begin(admin, lifecycle.BulkRevoke{IDs: ids(robot)})
	w.unchanged("a job without the scope", func() {
		_, err := w.BulkRevoke(t.Context(), analyst, lifecycle.BulkRevoke{IDs: ids(robot)})
		refuses(t, "beginning", err, lifecycle.ErrForbidden, "insufficient_scope")
		_, _, err = w.PreviewBulkRevoke(t.Context(), analyst, lifecycle.BulkRevoke{IDs: ids(robot)})
		refuses(t, "a preview", err, lifecycle.ErrForbidden, "insufficient_scope")
		_, err = w.Job(t.Context(), analyst, j.ID)
		refuses(t, "looking", err, lifecycle.ErrForbidden, "insufficient_scope")
	})
	if _, err := w.Job(t.Context(), evil, j.ID); !errors.Is(err, job.ErrNotFound) {
		t.Errorf("another account's job: %v", err)
	}
	if got, err := w.Job(t.Context(), admin, j.ID); err != nil || got.ID != j.ID {
		t.Errorf("%+v, %v", got, err)
	}
	w.now = w.now.Add(job.Retention)
	if _, err := w.Job(t.Context(), admin, j.ID); !errors.Is(err, job.ErrNotFound) {
		t.Errorf("a job whose time is over: %v", err)
	}
}

func TestBulkRevocationsThatMakeNoSenseAreRefused(t *testing.T) {
	w := start(t)
	w.known(admin)
	many := make([]token.ID, lifecycle.MaxBulk+1)
	for i := range many {
		many[i] = token.ID("tok_" + string(user.RefOf("a", "b")) + "00000000000")
	}
	for what, tt := range map[string]struct {
		in    lifecycle.BulkRevoke
		field string
	}{
		"nothing":          {lifecycle.BulkRevoke{}, "ids"},
		"too many":         {lifecycle.BulkRevoke{IDs: many}, "ids"},
		"both":             {lifecycle.BulkRevoke{IDs: many[:1], Filter: &job.Filter{Kind: token.Service}}, "filter"},
		"an empty filter":  {lifecycle.BulkRevoke{Filter: &job.Filter{}}, "filter"},
		"an unknown scope": {lifecycle.BulkRevoke{Filter: &job.Filter{Scope: "orders:fly"}}, "filter.scope"},
	} {
		w.unchanged(what, func() {
			_, err := w.BulkRevoke(t.Context(), admin, tt.in)
			refuses(t, what, err, lifecycle.ErrInvalid, "invalid_fields", tt.field)
		})
	}
}

func TestWhatOneWriteEndedIsRevokedAlready(t *testing.T) {
	w := start(t)
	w.known(admin, analyst)
	w.adminsMay()
	mine, bobs := w.create(admin, lifecycle.Create{}), w.create(analyst, lifecycle.Create{})
	if err := w.RevokeIssuedBefore(t.Context(), admin, &me, w.now, "laptop stolen"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Offboard(t.Context(), admin, them(analyst), 0); err != nil {
		t.Fatal(err)
	}
	j := w.finish(w.Manager, w.begin(admin, lifecycle.BulkRevoke{IDs: ids(mine, bobs)}).ID)
	if j.Counts[job.AlreadyRevoked] != 2 || len(w.revocations(mine.Token.ID))+len(w.revocations(bobs.Token.ID)) != 0 {
		t.Errorf("%+v", j)
	}
	if j := w.finish(w.Manager, w.begin(admin, lifecycle.BulkRevoke{Filter: &job.Filter{Kind: token.Personal}}).ID); j.Total != 0 {
		t.Errorf("a filter matches what is over: %+v", j)
	}
}

func TestAJobStopsWhenItsMakerMayNotGoOn(t *testing.T) {
	for name, tt := range map[string]struct {
		byToken bool
		lose    func(*world, lifecycle.Issued) error
		reason  string
	}{
		"the person is suspended": {false, func(w *world, _ lifecycle.Issued) error {
			_, err := w.Suspend(t.Context(), other, them(admin), 0)
			return err
		}, "owner_inactive"},
		"the person is offboarded": {false, func(w *world, _ lifecycle.Issued) error {
			_, err := w.Offboard(t.Context(), other, them(admin), 0)
			return err
		}, "owner_inactive"},
		"the person has other roles": {false, func(w *world, _ lifecycle.Issued) error {
			_, err := w.PutUser(t.Context(), other, them(admin), 0, lifecycle.SetUser{Roles: value([]string{"viewer"})})
			return err
		}, "insufficient_scope"},
		"the token is revoked": {true, func(w *world, i lifecycle.Issued) error { return w.Revoke(t.Context(), other, id(i), 0) }, "revoked"},
		"the token is paused": {true, func(w *world, i lifecycle.Issued) error {
			_, err := w.Update(t.Context(), other, id(i), 0, lifecycle.Update{Active: value(false)})
			return err
		}, "inactive"},
		"the token is narrowed": {true, func(w *world, i lifecycle.Issued) error {
			_, err := w.Update(t.Context(), other, id(i), 0, lifecycle.Update{Scopes: list("tokens:read")})
			return err
		}, "insufficient_scope"},
		"the token was issued before": {true, func(w *world, _ lifecycle.Issued) error {
			return w.RevokeIssuedBefore(t.Context(), other, nil, w.now, "")
		}, "revoked"},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			w.known(admin, other, analyst)
			w.settings(func(s *settings.Settings) { s.RolesFrom, s.AdminsMayRevokePersonalTokens = settings.Tokenwright, true })
			maker, c := w.service(admin, "tokens:delete", "tokens:read"), admin
			all := w.grow(60)
			if tt.byToken {
				c = w.bearer(maker)
			}
			j := w.begin(c, lifecycle.BulkRevoke{IDs: all})
			if err := w.RunJob(t.Context(), "acc_acme", j.ID); err != nil {
				t.Fatal(err)
			}
			if err := tt.lose(w, maker); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				if err := w.RunJob(t.Context(), "acc_acme", j.ID); err != nil {
					t.Error(err)
				}
			}
			j, err := w.fixture.Store.Job(t.Context(), "acc_acme", j.ID)
			if err != nil || j.State != job.Stopped || j.StopReason != tt.reason || j.Counts[job.Revoked] != 40 || len(j.Pending) != 20 {
				t.Errorf("state %s for %q, counts %v, %d pending, %v", j.State, j.StopReason, j.Counts, len(j.Pending), err)
			}
			w.noted(audit.JobStopped, string(j.ID), 1)
			_, err = w.CancelJob(t.Context(), other, j.ID)
			refuses(t, "cancelling what is stopped", err, lifecycle.ErrConflict, "job_over")
		})
	}
}

var other = person("acc_acme", "olga", "admin")

// noted checks how many events there are of an action on a target, refused attempts aside.
func (w *world) noted(action audit.Action, target string, want int) {
	w.Helper()
	n := 0
	for _, it := range w.state() {
		if text(it["action"]) == string(action) && text(it["target"]) == target {
			n++
		}
	}
	if n != want {
		w.Errorf("%d events %s of %s, want %d", n, action, target, want)
	}
}

func TestATokenMayBeAmongThoseThatItsOwnJobRevokes(t *testing.T) {
	w := start(t)
	w.known(admin, analyst)
	w.adminsMay()
	maker := w.service(admin, "tokens:delete")
	all := append(ids(maker), w.grow(60)...)
	for _, in := range []lifecycle.BulkRevoke{{IDs: all}, {Filter: &job.Filter{Environment: token.Live}}} {
		p, complete, err := w.PreviewBulkRevoke(t.Context(), w.bearer(maker), in)
		if err != nil || !complete || p.Counts[job.Revoked] != len(all) {
			t.Errorf("the preview counts %v, complete %v, %v", p.Counts, complete, err)
		}
	}
	j := w.finish(w.Manager, w.begin(w.bearer(maker), lifecycle.BulkRevoke{Filter: &job.Filter{Environment: token.Live}}).ID)
	w.eachOnce(j, all)
	if last := j.Results[len(all)-1].Token; last != maker.Token.ID {
		t.Errorf("%s came last, want the job's own", last)
	}
}

func TestAJobIsCancelledAndWhatItDidStays(t *testing.T) {
	w := start(t)
	w.known(admin, analyst, evil)
	w.adminsMay()
	robot, foreign := w.service(admin, "tokens:delete", "audit:read"), w.service(admin, "tokens:delete")
	j := w.begin(admin, lifecycle.BulkRevoke{IDs: w.grow(60)})
	if err := w.RunJob(t.Context(), "acc_acme", j.ID); err != nil {
		t.Fatal(err)
	}
	w.unchanged("cancelling without leave", func() {
		_, err := w.CancelJob(t.Context(), analyst, j.ID)
		refuses(t, "without the scope", err, lifecycle.ErrForbidden, "insufficient_scope")
		_, err = w.CancelJob(t.Context(), w.bearer(robot), j.ID)
		refuses(t, "by a token that did not begin it", err, lifecycle.ErrForbidden, "not_maker")
		if _, err := w.CancelJob(t.Context(), evil, j.ID); !errors.Is(err, job.ErrNotFound) {
			t.Errorf("another account's: %v", err)
		}
	})
	for range 2 { // the second time it is cancelled already
		got, err := w.CancelJob(t.Context(), other, j.ID)
		if err != nil || got.State != job.Cancelled || got.Counts[job.Revoked] != 40 {
			t.Errorf("%+v, %v", got, err)
		}
	}
	w.unchanged("a step of a cancelled job", func() {
		if err := w.RunJob(t.Context(), "acc_acme", j.ID); err != nil {
			t.Error(err)
		}
	})
	w.noted(audit.JobCancelled, string(j.ID), 1)

	own := w.begin(w.bearer(robot), lifecycle.BulkRevoke{IDs: ids(foreign)})
	if got, err := w.CancelJob(t.Context(), w.bearer(robot), own.ID); err != nil || got.State != job.Cancelled {
		t.Errorf("a token cancels what it began: %+v, %v", got, err)
	}
	done := w.finish(w.Manager, w.begin(admin, lifecycle.BulkRevoke{IDs: ids(foreign)}).ID)
	_, err := w.CancelJob(t.Context(), admin, done.ID)
	refuses(t, "cancelling what is done", err, lifecycle.ErrConflict, "job_over")
}

func TestAStepUnderWayDoesNotBringACancelledJobBack(t *testing.T) {
	w := start(t)
	w.known(admin, analyst)
	w.adminsMay()
	all := w.grow(3)
	j := w.begin(admin, lifecycle.BulkRevoke{IDs: all})
	config := w.Config
	config.Store = &meddling{Store: w.fixture.Store, before: func() {
		if _, err := w.CancelJob(t.Context(), admin, j.ID); err != nil {
			t.Error(err)
		}
	}}
	if err := lifecycle.New(config).RunJob(t.Context(), "acc_acme", j.ID); err != nil {
		t.Error(err)
	}
	got, err := w.fixture.Store.Job(t.Context(), "acc_acme", j.ID)
	if err != nil || got.State != job.Cancelled || len(got.Results) != 0 || len(w.revocations(all[0])) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestATokenEndsNobodyElsesPersonalTokensByAnInstant(t *testing.T) {
	w := start(t)
	w.known(admin, analyst)
	bobs, robot, target := w.create(analyst, lifecycle.Create{}), w.service(admin, "tokens:delete"), w.service(admin, "orders:read")
	bob, robots := them(analyst), lifecycle.Person{ID: target.Token.ID.Owner().ID()}
	w.unchanged("by a token", func() {
		for what, who := range map[string]*lifecycle.Person{"another person's": &bob, "the account's": nil} {
			refuses(t, what, w.RevokeIssuedBefore(t.Context(), w.bearer(robot), who, w.now, ""), lifecycle.ErrForbidden, "not_owner")
		}
	})
	if err := w.RevokeIssuedBefore(t.Context(), w.bearer(robot), &robots, w.now, ""); err != nil {
		t.Errorf("a service token's: %v", err)
	}
	w.refusedFor(target.Secret, validate.Revoked)
	w.accepted(bobs.Secret)
	mine := w.create(admin, lifecycle.Create{Scopes: list("tokens:delete")})
	if err := w.RevokeIssuedBefore(t.Context(), w.bearer(mine), &me, w.now.Add(-time.Hour), ""); err != nil {
		t.Errorf("its owner's own: %v", err)
	}
	w.adminsMay()
	if err := w.RevokeIssuedBefore(t.Context(), w.bearer(robot), &bob, w.now, ""); err != nil {
		t.Errorf("where the settings say so: %v", err)
	}
	w.refusedFor(bobs.Secret, validate.Revoked)
	if err := w.RevokeIssuedBefore(t.Context(), w.bearer(robot), nil, w.now, ""); err != nil {
		t.Errorf("the account's, where the settings say so: %v", err)
	}
}
