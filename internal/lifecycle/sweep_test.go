package lifecycle_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
	"github.com/tokenwright/tokenwright/internal/validate"
)

// ends returns when TTL removes which token; those that stay for ever are not among them.
func (w *world) ends() map[token.ID]string {
	w.Helper()
	out := map[token.ID]string{}
	for _, it := range w.fixture.Items(w.T, "TOKEN#") {
		if n, ok := it["ttl"].(*types.AttributeValueMemberN); ok && text(it["type"]) == "token" {
			out[token.ID("tok_"+text(it["pk"])[len("OWNER#"):]+text(it["sk"])[len("TOKEN#"):])] = n.Value
		}
	}
	return out
}

// retired says when those tokens are removed that were revoked at an instant.
func retired(at time.Time, ids ...token.ID) map[token.ID]string {
	out := map[token.ID]string{}
	for _, id := range ids {
		out[id] = strconv.FormatInt(at.Add(token.Retention).Unix(), 10)
	}
	return out
}

// swept checks which tokens are removed when, and that no sweep is under way.
func (w *world) swept(what string, want map[token.ID]string) {
	w.Helper()
	if got := w.ends(); !maps.Equal(got, want) {
		w.Errorf("%s: %d tokens have an end, want %d, or another one", what, len(got), len(want))
	}
	for _, prefix := range []string{"PROFILE", "SETTINGS"} {
		for _, it := range w.fixture.Items(w.T, prefix) {
			if it["sweep"] != nil {
				w.Errorf("%s: a sweep of %s is left", what, text(it["pk"]))
			}
		}
	}
}

// sweep takes steps about a person and the account, as the stream does, and takes those that fail again.
func (w *world) sweep(m *lifecycle.Manager, c lifecycle.Caller) {
	w.Helper()
	for range 20 {
		_ = m.Purge(w.Context(), c.User.Ref())
		_ = m.PurgeAccount(w.Context(), c.Account)
	}
}

func (w *world) revokeBefore(target *lifecycle.Person, at time.Time) {
	w.Helper()
	if err := w.RevokeIssuedBefore(w.Context(), admin, target, at, ""); err != nil {
		w.Fatal(err)
	}
}

// crashing fails at three tokens, and twice of three times when a step is noted: once before that is done and once after.
type crashing struct {
	lifecycle.Store
	retired, moved int
}

func (c *crashing) Retire(ctx context.Context, id token.ID, at time.Time) error {
	if c.retired++; slices.Contains([]int{7, 77, 150}, c.retired) {
		return errOutage
	}
	return c.Store.Retire(ctx, id, at)
}

func (c *crashing) MoveSweep(ctx context.Context, account user.AccountID, owner user.Ref, from, to user.Sweep) error {
	switch c.moved++; c.moved % 3 {
	case 1:
		return errOutage
	case 2:
		_ = c.Store.MoveSweep(ctx, account, owner, from, to)
		return errOutage
	}
	return c.Store.MoveSweep(ctx, account, owner, from, to)
}

func TestWhatOneWriteEndedIsForgottenSomeDay(t *testing.T) {
	bob := them(analyst)
	for what, target := range map[string]*lifecycle.Person{"a person's": &bob, "the account's": nil} {
		t.Run(what, func(t *testing.T) {
			w := start(t)
			w.known(admin, analyst)
			old := w.grow(125)
			at := w.now.Add(time.Millisecond)
			w.now = w.now.Add(time.Second)
			w.grow(125)
			w.revokeBefore(target, at)
			config := w.Config
			config.Store = &crashing{Store: w.fixture.Store}
			w.sweep(lifecycle.New(config), analyst)
			w.swept("after crashes", retired(at, old...))
		})
	}
}

func TestASweepLeavesTheEndThatATokenHas(t *testing.T) {
	w := start(t)
	w.known(admin, analyst, evil)
	expires := w.create(analyst, lifecycle.Create{ExpiresAt: value(w.now.Add(time.Hour))})
	revoked := w.create(analyst, lifecycle.Create{ExpiresAt: null[time.Time]()})
	if err := w.Revoke(t.Context(), analyst, id(revoked), 0); err != nil {
		t.Fatal(err)
	}
	robot := w.create(admin, lifecycle.Create{Kind: token.Service, Scopes: list("orders:read"), ExpiresAt: null[time.Time]()})
	w.create(evil, lifecycle.Create{ExpiresAt: null[time.Time]()})
	want := w.ends()
	if len(want) != 2 || want[expires.Token.ID] == "" || want[revoked.Token.ID] == "" {
		t.Fatalf("before, %v", want)
	}
	at := w.now
	w.now = w.now.Add(time.Hour)
	w.create(analyst, lifecycle.Create{ExpiresAt: null[time.Time]()})
	w.revokeBefore(nil, at)
	w.sweep(w.Manager, analyst)
	maps.Copy(want, retired(at, robot.Token.ID))
	w.swept("once", want)

	w.revokeBefore(nil, at.Add(time.Minute))
	w.sweep(w.Manager, analyst)
	w.swept("again, a minute later", want)
}

// A later revocation begins at the newest token, wherever an earlier sweep was; and a step of the earlier one that is still
// under way neither ends the later one nor moves it on.
func TestALaterRevocationIsSweptFromTheBeginning(t *testing.T) {
	w := start(t)
	w.known(admin, analyst)
	bob := them(analyst)
	old := w.grow(150)
	w.now = w.now.Add(time.Second)
	first := w.now
	w.revokeBefore(&bob, first)
	if err := w.Purge(t.Context(), analyst.User.Ref()); err != nil || len(w.ends()) != 100 {
		t.Fatalf("%d, %v", len(w.ends()), err)
	}
	between := w.grow(120)
	w.now = w.now.Add(time.Second)
	late := &later{Store: w.fixture.Store, meanwhile: func() { w.revokeBefore(&bob, w.now) }}
	config := w.Config
	config.Store = late
	if err := lifecycle.New(config).Purge(t.Context(), analyst.User.Ref()); err != nil || !errors.Is(late.moved, store.ErrChanged) {
		t.Fatalf("%v, the step that is late is noted: %v", err, late.moved)
	}
	w.sweep(w.Manager, analyst)
	want := retired(w.now, between...)
	maps.Copy(want, retired(first, old...))
	w.swept("at last", want)
}

// later lets something happen just before a step is noted.
type later struct {
	lifecycle.Store
	meanwhile func()
	moved     error
}

func (l *later) MoveSweep(ctx context.Context, account user.AccountID, owner user.Ref, from, to user.Sweep) error {
	l.meanwhile()
	l.moved = l.Store.MoveSweep(ctx, account, owner, from, to)
	return l.moved
}

func TestSettingsThatAreSavedLeaveTheSweepAlone(t *testing.T) {
	w := start(t)
	w.known(admin, analyst)
	old := w.grow(3)
	at := w.now.Add(time.Millisecond)
	w.now = w.now.Add(time.Second)
	w.revokeBefore(nil, at)
	policy, err := w.Settings(t.Context(), admin)
	if err != nil {
		t.Fatal(err)
	}
	changed := settings.Default()
	changed.AdminsMayRevokePersonalTokens = true
	if _, _, err := w.SetSettings(t.Context(), admin, policy.Version, changed); err != nil {
		t.Fatal(err)
	}
	w.sweep(w.Manager, analyst)
	w.swept("after settings were saved", retired(at, old...))
}

// Whoever is offboarded while a sweep is under way keeps nothing, and nothing of a sweep.
func TestAPurgeAndASweepOfOnePersonBothEnd(t *testing.T) {
	w := start(t)
	w.known(admin, analyst)
	w.grow(130)
	w.now = w.now.Add(time.Second)
	bob := them(analyst)
	w.revokeBefore(&bob, w.now)
	if _, err := w.Offboard(t.Context(), admin, bob, 0); err != nil {
		t.Fatal(err)
	}
	w.sweep(w.Manager, analyst)
	w.swept("in the end", map[token.ID]string{})
	if n := len(w.fixture.Items(t, "TOKEN#")); n != 0 {
		t.Errorf("%d tokens are left", n)
	}
}

func TestASweepChangesNothingThatAnybodySees(t *testing.T) {
	w := start(t)
	w.known(admin, analyst)
	issued := w.create(analyst, lifecycle.Create{ExpiresAt: null[time.Time]()})
	w.now = w.now.Add(time.Second)
	bob := them(analyst)
	w.revokeBefore(&bob, w.now)
	before, err := w.Get(t.Context(), analyst, id(issued))
	if err != nil || before.Status(w.now) != token.Revoked {
		t.Fatalf("%+v, %v", before, err)
	}
	w.sweep(w.Manager, analyst)
	after, err := w.Get(t.Context(), analyst, id(issued))
	if err != nil || after.Version != before.Version || !after.RevokedAt.Equal(before.RevokedAt) {
		t.Errorf("%+v, %v, before %+v", after, err, before)
	}
	w.refusedFor(issued.Secret, validate.Revoked)
	for range 2 {
		w.unchanged("a step about nothing", func() { w.sweep(w.Manager, analyst) })
	}
}
