package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/job"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// ending is one way to stop something: what makes the thing and changes it once more than the ending has read, and the ending.
type ending struct {
	stage func()
	end   func(ifVersion int64) error
}

// endings are all of them, each on something of its own.
func endings(t *testing.T, f *Fixture) map[string]ending {
	t.Helper()
	f.Save(t, ada)
	event := func() audit.Event { return Event(t, ada.Account, Noon) }
	all := map[string]ending{}
	tokenEnding := func(name string, edit func(*token.Token)) {
		tok := Token(t, ada, Noon)
		after := tok
		after.Version++
		edit(&after)
		all[name] = ending{func() {
			f.Create(t, tok)
			must(t, f.Store.UpdateToken(t.Context(), tok, changed(tok, "hammered"), event()))
		}, func(v int64) error {
			return f.Store.EndToken(t.Context(), store.TokenEnding{Before: tok, After: after, IfVersion: v, Event: event()})
		}}
	}
	tokenEnding("revoke", func(tok *token.Token) { tok.RevokedAt = Noon })
	tokenEnding("pause", func(tok *token.Token) { tok.Active = false })
	userEnding := func(name string, edit func(*user.User)) {
		bob := Person("acc_acme", "bob-"+name)
		after := bob
		after.Version++
		edit(&after)
		all[name] = ending{func() {
			f.Save(t, bob)
			hammered := bob
			hammered.DisplayName, hammered.Version = "hammered", 2
			must(t, f.Store.SaveUser(t.Context(), &bob, hammered, event()))
		}, func(v int64) error {
			return f.Store.EndUser(t.Context(), store.UserEnding{Before: bob, After: after, IfVersion: v, Event: event()})
		}}
	}
	userEnding("suspend", func(u *user.User) { u.Status = user.Suspended })
	userEnding("offboard", func(u *user.User) { u.Offboard(user.Administrator, Noon) })
	userEnding("issued before", func(u *user.User) { u.IssuedBefore = Noon })
	return all
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func endsOnce(t *testing.T, f *Fixture) {
	for name, e := range endings(t, f) {
		before := len(f.Items(t, ""))
		if err := e.end(0); !errors.Is(err, store.ErrChanged) || len(f.Items(t, "")) != before {
			t.Errorf("%s of what is not there: %v", name, err)
		}
		e.stage()
		if err := e.end(0); err != nil {
			t.Errorf("%s of what changed since it was read: %v", name, err)
		}
		events := len(f.Items(t, "EVENT#"))
		if err := e.end(0); !errors.Is(err, store.ErrChanged) || len(f.Items(t, "EVENT#")) != events {
			t.Errorf("%s of what is ended: %v, want ErrChanged and no event", name, err)
		}
	}
	event := Event(t, ada.Account, Noon)
	first := settings.Default()
	first.Version, first.UpdatedAt = 1, Noon
	must(t, f.Store.SaveSettings(t.Context(), ada.Account, settings.Default(), first, event))
	hammered, after := first, first
	hammered.Version, hammered.AdminsMayRevokePersonalTokens = 2, true
	must(t, f.Store.SaveSettings(t.Context(), ada.Account, first, hammered, Event(t, ada.Account, Noon)))
	after.Version, after.IssuedBefore = 2, Noon
	end := func(before settings.Settings) error {
		return f.Store.EndAccount(t.Context(), ada.Account, before, after, Event(t, ada.Account, Noon))
	}
	if err := end(settings.Default()); !errors.Is(err, store.ErrChanged) {
		t.Errorf("what an account was issued, on settings that were not there when it was read: %v", err)
	}
	if err := end(first); err != nil {
		t.Errorf("what an account was issued: %v", err)
	}
	if got, err := f.Store.Settings(t.Context(), ada.Account); err != nil || got.Version != 3 || !got.AdminsMayRevokePersonalTokens || !got.IssuedBefore.Equal(Noon) {
		t.Errorf("the settings are %+v, %v", got, err)
	}
	if err := end(first); !errors.Is(err, store.ErrChanged) {
		t.Errorf("the same once more: %v", err)
	}
}

func endsAtVersion(t *testing.T, f *Fixture) {
	for name, e := range endings(t, f) {
		e.stage()
		if err := e.end(1); !errors.Is(err, store.ErrChanged) {
			t.Errorf("%s at an older version: %v, want ErrChanged", name, err)
		}
		if err := e.end(2); err != nil {
			t.Errorf("%s at the version that is: %v", name, err)
		}
	}
}

func endsAlone(t *testing.T, f *Fixture) {
	f.Save(t, ada)
	tok := Token(t, ada, Noon)
	f.Create(t, tok)
	now := changed(tok, "hammered")
	now.Secrets, now.ExpiresAt = []token.SecretVersion{{CreatedAt: Noon, Digest: token.Digest{KeyID: "k2"}}}, Noon.Add(time.Hour)
	must(t, f.Store.UpdateToken(t.Context(), tok, now, Event(t, ada.Account, Noon)))
	after := tok
	after.RevokedAt, after.Version = Noon, 2
	must(t, f.Store.EndToken(t.Context(), store.TokenEnding{Before: tok, After: after, Event: Event(t, ada.Account, Noon)}))
	want := now
	want.RevokedAt, want.Version = Noon, 3
	same(t, want, tokenOf(t, f, tok.ID))
	if err := f.Store.UpdateToken(t.Context(), now, changed(now, "again"), Event(t, ada.Account, Noon)); !errors.Is(err, store.ErrChanged) {
		t.Errorf("a change that was read before the ending: %v", err)
	}
}

func endsForGood(t *testing.T, f *Fixture) {
	f.Save(t, ada)
	read, stronger := ada, ada
	stronger.Roles, stronger.Version = []string{"admin", "owner"}, 2
	must(t, f.Store.SaveUser(t.Context(), &ada, stronger, Event(t, ada.Account, Noon)))
	end := func(edit func(*user.User)) error {
		after := read
		after.Version++
		edit(&after)
		return f.Store.EndUser(t.Context(), store.UserEnding{Before: read, After: after, Event: Event(t, ada.Account, Noon)})
	}
	must(t, end(func(u *user.User) { u.Offboard(user.Administrator, Noon); u.Roles = []string{} }))
	if err := end(func(u *user.User) { u.Status = user.Suspended }); !errors.Is(err, store.ErrChanged) {
		t.Errorf("a suspension behind an offboarding: %v", err)
	}
	must(t, end(func(u *user.User) { u.IssuedBefore = Noon }))
	got, err := f.Store.User(t.Context(), ada.Ref)
	if err != nil || got.Status != user.Offboarded || got.Generation != 1 || got.Version != 4 || len(got.Roles) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func endsBeside(t *testing.T, f *Fixture) {
	bob := Person("acc_acme", "bob", "admin")
	f.Save(t, ada)
	f.Save(t, bob)
	suspended := ada
	suspended.Status, suspended.Version = user.Suspended, 2
	end := func(other user.Ref, roles ...string) error {
		return f.Store.EndUser(t.Context(), store.UserEnding{
			Before: ada, After: suspended, Event: Event(t, ada.Account, Noon), Administrators: &store.Administrators{Roles: roles, Other: other},
		})
	}
	if err := end("", "owner", "admin"); !errors.Is(err, store.ErrChanged) {
		t.Errorf("one who was taken for no administrator and is: %v, want ErrChanged", err)
	}
	if err := end(bob.Ref, "owner"); !errors.Is(err, store.ErrChanged) {
		t.Errorf("beside one who is no administrator: %v, want ErrChanged", err)
	}
	hammered := bob
	hammered.DisplayName, hammered.Roles, hammered.Version = "hammered", []string{"viewer", "admin"}, 2
	must(t, f.Store.SaveUser(t.Context(), &bob, hammered, Event(t, ada.Account, Noon)))
	if err := end(bob.Ref, "owner", "admin"); err != nil {
		t.Errorf("beside an administrator who goes on to change: %v", err)
	}
	left := suspended
	left.Offboard(user.Administrator, Noon)
	if err := f.Store.EndUser(t.Context(), store.UserEnding{
		Before: suspended, After: left, Event: Event(t, ada.Account, Noon), Administrators: &store.Administrators{Roles: []string{"admin"}},
	}); err != nil {
		t.Errorf("one who is suspended, and so no administrator: %v", err)
	}
	gone := bob
	gone.Offboard(user.Administrator, Noon)
	if err := f.Store.EndUser(t.Context(), store.UserEnding{
		Before: bob, After: gone, Event: Event(t, ada.Account, Noon), Administrators: &store.Administrators{Roles: []string{"admin"}, Other: ada.Ref},
	}); !errors.Is(err, store.ErrChanged) {
		t.Errorf("beside one who is suspended: %v, want ErrChanged", err)
	}
}

func stepsAround(t *testing.T, f *Fixture) {
	ids := grow(t, f, ada, 3, time.Millisecond)
	begun := job.Job{
		ID: job.IDOf("around"), Account: ada.Account, State: job.Running, Actor: audit.Actor{User: ada.ID(), Kind: "person"}, Request: "digest", Pending: ids,
		Total: 3, Counts: map[job.Outcome]int{}, CreatedAt: Noon, UpdatedAt: Noon, Version: 1,
	}
	must(t, f.Store.CreateJob(t.Context(), begun, Event(t, ada.Account, Noon)))
	step := job.Step{Before: begun, After: begun.Copy()}
	step.After.Version, step.After.Pending = 2, nil
	for _, id := range ids {
		before := tokenOf(t, f, id)
		after := before
		after.RevokedAt, after.Version = Noon, before.Version+1
		step.Endings = append(step.Endings, store.TokenEnding{Before: before, After: after, Event: Event(t, ada.Account, Noon)})
	}
	hammered, ended := step.Endings[0].Before, step.Endings[1]
	must(t, f.Store.UpdateToken(t.Context(), hammered, changed(hammered, "hammered"), Event(t, ada.Account, Noon)))
	ended.Event = Event(t, ada.Account, Noon)
	must(t, f.Store.EndToken(t.Context(), ended))

	var way *store.InTheWayError
	if err := f.Store.StepJob(t.Context(), step); !errors.As(err, &way) || !slices.Equal(way.Tokens, ids[1:2]) {
		t.Fatalf("a step that meets an ended token: %v, want %s in the way", err, ids[1])
	}
	if got := tokenOf(t, f, ids[0]); !got.RevokedAt.IsZero() {
		t.Error("a step that was turned down revoked a token")
	}
	step.Endings = slices.Delete(step.Endings, 1, 2)
	must(t, f.Store.StepJob(t.Context(), step))
	for _, id := range ids {
		if got := tokenOf(t, f, id); got.RevokedAt.IsZero() {
			t.Errorf("%s is not revoked", id)
		}
	}
	cancelled := begun
	cancelled.State, cancelled.Version = job.Cancelled, 2
	must(t, f.Store.CancelJob(t.Context(), begun, cancelled, Event(t, ada.Account, Noon))) // read before the step
	if got, err := f.Store.Job(t.Context(), ada.Account, begun.ID); err != nil || got.State != job.Cancelled || got.Version != 3 || len(got.Pending) != 0 {
		t.Errorf("the job is %+v, %v", got, err)
	}
	if err := f.Store.CancelJob(t.Context(), begun, cancelled, Event(t, ada.Account, Noon)); !errors.Is(err, store.ErrChanged) {
		t.Errorf("cancelled twice: %v", err)
	}
	late := step
	late.Before, late.After, late.Endings = step.After, step.After.Copy(), nil
	late.After.Version++
	if err := f.Store.StepJob(t.Context(), late); !errors.Is(err, store.ErrChanged) {
		t.Errorf("a step under way when the job was cancelled: %v", err)
	}
}
