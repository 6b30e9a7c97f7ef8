package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/user"
)

func confirmsRoles(t *testing.T, f *Fixture) {
	f.Save(t, ada)
	again := ada
	for _, at := range []time.Time{Noon, Noon.Add(time.Minute)} { // first of roles of which nobody said when
		if err := f.Store.ConfirmRoles(t.Context(), again, at); err != nil {
			t.Fatal(err)
		}
		if err := f.Store.ConfirmRoles(t.Context(), again, at.Add(time.Hour)); !errors.Is(err, store.ErrChanged) {
			t.Errorf("noted over another note: %v, want ErrChanged", err)
		}
		again.RolesStatedAt = at
	}
	got, err := f.Store.User(t.Context(), ada.Ref)
	if err != nil {
		t.Fatal(err)
	}
	same(t, again, got) // the version too
	if n := len(f.Items(t, "EVENT#")); n != 1 {
		t.Errorf("%d events, want that of the start", n)
	}
	older := ada // read before the notes
	older.Roles, older.RolesStatedAt, older.Version = []string{"viewer"}, Noon.Add(time.Second), 2
	if err := f.Store.SaveUser(t.Context(), &ada, older, Event(t, ada.Account, Noon)); !errors.Is(err, store.ErrChanged) {
		t.Errorf("roles written over those that were said later: %v, want ErrChanged", err)
	}
	changed := again
	changed.DisplayName, changed.Version = "Ada", 2
	if err := f.Store.SaveUser(t.Context(), &ada, changed, Event(t, ada.Account, Noon)); !errors.Is(err, store.ErrChanged) {
		t.Errorf("roles of another time written over those that were read: %v, want ErrChanged", err)
	}
	if err := f.Store.SaveUser(t.Context(), &again, changed, Event(t, ada.Account, Noon)); err != nil {
		t.Error(err)
	}
	must(t, f.Store.ConfirmRoles(t.Context(), again, Noon.Add(time.Hour))) // read before the name changed, which is nothing to it
	changed.RolesStatedAt = Noon.Add(time.Hour)
	other := changed
	other.Roles, other.Version = []string{"viewer"}, 3
	must(t, f.Store.SaveUser(t.Context(), &changed, other, Event(t, ada.Account, Noon)))
	if err := f.Store.ConfirmRoles(t.Context(), changed, Noon.Add(2*time.Hour)); !errors.Is(err, store.ErrChanged) {
		t.Errorf("noted on a user whose roles changed: %v, want ErrChanged", err)
	}
	if err := f.Store.ConfirmRoles(t.Context(), Person(ada.Account, "nobody"), Noon); !errors.Is(err, store.ErrChanged) {
		t.Errorf("noted on nobody: %v, want ErrChanged", err)
	}
}

// Versions before this one wrote no suspendedBy.
func readsOldSuspensions(t *testing.T, f *Fixture) {
	for by, want := range map[user.Suspender]user.Suspender{user.Nobody: user.Administrator, user.Administrator: user.Administrator, user.ByDirectory: user.ByDirectory} {
		u := Person(ada.Account, "suspended by "+string(by))
		u.Status, u.SuspendedBy = user.Suspended, by
		f.Save(t, u)
		for _, it := range f.Items(t, "PROFILE") {
			if _, named := it["suspendedBy"]; it["pk"].(*types.AttributeValueMemberS).Value == "OWNER#"+string(u.Ref) && named == (by == user.Nobody) {
				t.Errorf("written by %q: %v", by, it["suspendedBy"])
			}
		}
		if got, err := f.Store.User(t.Context(), u.Ref); err != nil || got.SuspendedBy != want {
			t.Errorf("written by %q, it reads as by %q, %v", by, got.SuspendedBy, err)
		}
	}
}

func movesRoles(t *testing.T, f *Fixture) {
	f.Save(t, ada)
	bob := Person("acc_acme", "bob", "viewer")
	f.Save(t, bob)
	moved, demoted, event := settings.Default(), ada, func() audit.Event { return Event(t, ada.Account, Noon) }
	moved.RolesFrom, moved.Version, moved.UpdatedAt = settings.Tokenwright, 1, Noon
	move := func(before settings.Settings, roles ...string) error {
		return f.Store.MoveRoles(t.Context(), ada.Account, before, moved, store.Giver{Ref: ada.Ref, Roles: roles}, event())
	}
	demoted.Roles, demoted.Status, demoted.SuspendedBy, demoted.Version = []string{}, user.Suspended, user.ByDirectory, 2
	said := store.UserEnding{Before: ada, After: demoted, ByProvider: true}
	say := func(write func(context.Context, store.UserEnding) error) error {
		said.Event = event()
		return write(t.Context(), said)
	}
	if err := move(settings.Default(), "viewer"); !errors.Is(err, store.ErrChanged) {
		t.Errorf("by one who has other roles: %v, want ErrChanged", err)
	}
	must(t, move(settings.Default(), ada.Roles...))
	if err := move(settings.Default(), ada.Roles...); !errors.Is(err, store.ErrChanged) {
		t.Errorf("over settings that are there: %v, want ErrChanged", err)
	}
	for what, write := range map[string]func(context.Context, store.UserEnding) error{
		"roles": f.Store.SetRoles, "a change": f.Store.SaveUserBeside, "an ending": f.Store.EndUser,
	} {
		if err := say(write); !errors.Is(err, store.ErrChanged) {
			t.Errorf("%s by the provider's word, which counts no more: %v, want ErrChanged", what, err)
		}
	}
	back := moved
	back.RolesFrom, back.Version = settings.IdentityProvider, 2
	must(t, f.Store.MoveRoles(t.Context(), ada.Account, moved, back, store.Giver{Ref: ada.Ref, Roles: ada.Roles}, event()))
	must(t, say(f.Store.SetRoles))
}

func holdsTheMaker(t *testing.T, f *Fixture) {
	f.Save(t, ada)
	maker, other := Token(t, ada, Noon), Token(t, ada, Noon)
	f.Create(t, maker)
	f.Create(t, other)
	owner := &store.Giver{Ref: ada.Ref, Roles: ada.Roles}
	creator, err := f.Store.User(t.Context(), ada.Ref)
	must(t, err)
	write := func(held store.Maker) map[string]error {
		made := store.Creation{Token: Token(t, ada, Noon), Creator: creator, Given: true, Event: Event(t, ada.Account, Noon)}
		made.Maker, made.Creator.Roles = &store.Maker{Token: held.Token, Version: held.Version}, held.Owner.Roles
		before := tokenOf(t, f, other.ID)
		return map[string]error{
			"create": f.Store.CreateToken(t.Context(), made),
			"change": f.Store.UpdateTokenBeside(t.Context(), store.TokenEnding{
				Before: before, After: changed(before, "changed"), Event: Event(t, ada.Account, Noon), Maker: &held,
			}, nil),
		}
	}
	all := func(what string, held store.Maker, want error) {
		t.Helper()
		for name, err := range write(held) {
			if !errors.Is(err, want) {
				t.Errorf("%s, %s: %v, want %v", name, what, err, want)
			}
		}
	}
	all("as read", store.Maker{Token: maker.ID, Version: 1, Owner: owner}, nil)
	all("a token that is gone", store.Maker{Token: Token(t, ada, Noon).ID, Version: 1, Owner: owner}, store.ErrChanged)
	all("with other roles", store.Maker{Token: maker.ID, Version: 1, Owner: &store.Giver{Ref: ada.Ref, Roles: []string{"owner"}}}, store.ErrChanged)
	revoked := maker
	revoked.RevokedAt, revoked.Version = Noon, 2
	must(t, f.Store.EndToken(t.Context(), store.TokenEnding{Before: maker, After: revoked, Event: Event(t, ada.Account, Noon)}))
	all("revoked since", store.Maker{Token: maker.ID, Version: 1, Owner: owner}, store.ErrChanged)
}
