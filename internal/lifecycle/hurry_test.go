package lifecycle_test

import (
	"context"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// endless is a store whose account has tokens without end, each page of which takes a while. With stubborn set it does not
// even mind that nobody waits any more.
type endless struct {
	lifecycle.Store
	page     []token.Token
	after    time.Duration
	stubborn bool
}

func (s *endless) Tokens(ctx context.Context, _ user.AccountID, owner user.Ref, _ token.ID, _ int) ([]token.Token, token.ID, error) {
	if s.stubborn {
		time.Sleep(s.after)
		return s.page, s.page[0].ID, nil
	}
	select {
	case <-ctx.Done():
		return nil, "", token.ErrUnavailable
	case <-time.After(s.after):
		return s.page, s.page[0].ID, nil
	}
}

func (w *world) endless(page time.Duration, stubborn bool) {
	w.Helper()
	issued := w.create(admin, lifecycle.Create{})
	w.Store = &endless{w.fixture.Store, []token.Token{issued.Token}, page, stubborn}
}

func TestSettingsAreSavedHoweverManyTokensThereAre(t *testing.T) {
	for name, stubborn := range map[string]bool{"a slow table": false, "one that does not give up": true} {
		w := start(t)
		w.endless(200*time.Millisecond, stubborn)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		in := settings.Default()
		in.Personal.RequireCidrBlocks = true
		saved, preview, err := w.SetSettings(ctx, admin, 0, in)
		if err != nil || ctx.Err() != nil {
			t.Errorf("%s: %v, %v", name, err, ctx.Err())
		}
		if saved.Version != 1 || preview.Complete || preview.Examined == 0 || preview.Total != preview.Examined {
			t.Errorf("%s: version %d, %+v", name, saved.Version, preview)
		}
		cancel()
		if now, err := w.fixture.Store.Settings(t.Context(), "acc_acme"); err != nil || !now.Personal.RequireCidrBlocks {
			t.Errorf("%s: %+v, %v", name, now, err)
		}
	}
}

func TestSettingsAreSavedBeforeAnythingIsCounted(t *testing.T) {
	w := start(t)
	w.endless(time.Hour, false)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second) // less than a count leaves for the answer
	defer cancel()
	saved, preview, err := w.SetSettings(ctx, admin, 0, func() settings.Settings { s := settings.Default(); s.AdminsMayRevokePersonalTokens = true; return s }())
	if err != nil || saved.Version != 1 || preview.Complete || preview.Examined != 0 {
		t.Errorf("version %d, %+v, %v", saved.Version, preview, err)
	}
}

func TestACountSaysWhenItIsNotComplete(t *testing.T) {
	w := start(t)
	w.endless(200*time.Millisecond, false)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	if p, err := w.PreviewSettings(ctx, admin, settings.Default()); err != nil || p.Complete || p.Examined == 0 {
		t.Errorf("preview: %+v, %v", p, err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	if s, err := w.Summarize(ctx, admin); err != nil || s.Complete || s.Total == 0 {
		t.Errorf("summary: %+v, %v", s, err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.PreviewSettings(gone, admin, settings.Default()); err == nil {
		t.Error("a call that was given up has an answer")
	}
}

// crowd is a store in which nobody comes to the end of the people.
type crowd struct{ lifecycle.Store }

func (crowd) People(ctx context.Context, _ user.AccountID, _ user.ID, _ int) ([]user.User, user.ID, error) {
	<-ctx.Done()
	return nil, "", token.ErrUnavailable
}

func TestAnAdministratorStopsAnotherHoweverManyPeopleThereAre(t *testing.T) {
	w := start(t)
	eve := person("acc_acme", "eve", "admin")
	for _, c := range []lifecycle.Caller{admin, eve} {
		w.create(c, lifecycle.Create{})
	}
	w.Store = crowd{w.fixture.Store}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	if got, err := w.Suspend(ctx, admin, lifecycle.Person{ID: eve.User}, 0); err != nil || got.Status != user.Suspended {
		t.Errorf("%s, %v", got.Status, err)
	}
}
