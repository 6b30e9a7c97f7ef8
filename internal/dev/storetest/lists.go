package storetest

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/period"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// walk lists page by page and returns the ids, checking that pages hold what they may.
func walk(t *testing.T, f *Fixture, account user.AccountID, owner user.Ref, limit int) (ids []token.ID) {
	t.Helper()
	var after token.ID
	for page := 0; ; page++ {
		tokens, last, err := f.Store.Tokens(t.Context(), account, owner, after, limit)
		if err != nil {
			t.Fatal(err)
		}
		if len(tokens) > limit || page > 50 {
			t.Fatalf("page %d has %d tokens of %d", page, len(tokens), limit)
		}
		for _, tok := range tokens {
			ids = append(ids, tok.ID)
		}
		if last == "" {
			return ids
		}
		after = last
	}
}

// grow writes n tokens of an owner and returns their ids, newest first.
func grow(t *testing.T, f *Fixture, owner user.User, n int, step time.Duration) (ids []token.ID) {
	t.Helper()
	f.Save(t, owner)
	for i := range n {
		tok := Token(t, owner, Noon.Add(time.Duration(i)*step))
		f.Create(t, tok)
		ids = append([]token.ID{tok.ID}, ids...)
	}
	return ids
}

func listsOwner(t *testing.T, f *Fixture) {
	want := grow(t, f, ada, 12, time.Millisecond)
	grow(t, f, Person("acc_acme", "bob"), 3, time.Millisecond)
	for _, limit := range []int{1, 3, 5, 12, 13, 100} { // 3 and 12 divide the whole exactly
		same(t, want, walk(t, f, ada.Account, ada.Ref, limit))
	}
	if ids := walk(t, f, ada.Account, user.RefOf("acc_acme", "nobody"), 5); len(ids) != 0 {
		t.Errorf("a stranger owns %v", ids)
	}
}

func listsAccount(t *testing.T, f *Fixture) {
	bob := Person("acc_acme", "bob")
	f.Save(t, ada)
	f.Save(t, bob)
	var want []token.ID
	for i := range 13 {
		owner := []user.User{ada, bob}[i%2]
		tok := Token(t, owner, Noon.Add(time.Duration(i)*time.Millisecond))
		f.Create(t, tok)
		want = append([]token.ID{tok.ID}, want...)
	}
	grow(t, f, Person("acc_other", "mallory"), 2, time.Millisecond)
	// The index follows the table; on one machine it has done so within the second.
	deadline := time.Now().Add(10 * time.Second)
	for len(walk(t, f, ada.Account, "", 100)) < len(want) && time.Now().Before(deadline) {
		time.Sleep(50 * time.Millisecond)
	}
	for _, limit := range []int{1, 4, 13, 100} {
		same(t, want, walk(t, f, ada.Account, "", limit))
	}
	if ids := walk(t, f, "acc_nobody", "", 5); len(ids) != 0 {
		t.Errorf("an empty account holds %v", ids)
	}
}

func readsSettings(t *testing.T, f *Fixture) {
	got, err := f.Store.Settings(t.Context(), "acc_acme")
	if err != nil {
		t.Fatal(err)
	}
	same(t, settings.Default(), got)
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	f.Put(t, map[string]types.AttributeValue{"pk": text("SETTINGS#acc_acme"), "sk": text("SETTINGS"), "maxLifetime": text("a month")})
	if _, err := f.Store.Settings(t.Context(), "acc_acme"); err == nil {
		t.Error("a policy that cannot be read is taken for none")
	}
}

func savesSettings(t *testing.T, f *Fixture) {
	first := settings.Default()
	first.Version, first.UpdatedAt = 1, Noon
	full := settings.Settings{
		Personal: settings.Rules{
			DefaultLifetime: period.MustParse("P7D"), MaxLifetime: period.MustParse("P30D"), RequireCidrBlocks: true,
			AllowedScopes: []scope.Pattern{"orders:*"}, RevokeUnusedAfter: period.MustParse("P90D"), MaxTokensPerUser: 7,
		},
		Service:      settings.Rules{AllowNeverExpire: true, AllowedScopes: []scope.Pattern{}},
		AllowedCIDRs: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}, AdminsMayRevokePersonalTokens: true,
		RolesFrom: settings.Tokenwright, IssuedBefore: Noon, Sweep: user.Sweep{Before: Noon}, Version: 2, UpdatedAt: Noon,
	}
	save := func(before, after settings.Settings) error {
		return f.Store.SaveSettings(t.Context(), ada.Account, before, after, Event(t, ada.Account, Noon))
	}
	if err := save(settings.Default(), first); err != nil {
		t.Fatal(err)
	}
	if err := save(settings.Default(), first); !errors.Is(err, store.ErrChanged) {
		t.Errorf("a second first policy: %v, want ErrChanged", err)
	}
	if err := save(first, full); err != nil {
		t.Fatal(err)
	}
	if err := save(first, full); !errors.Is(err, store.ErrChanged) {
		t.Errorf("over an old version: %v, want ErrChanged", err)
	}
	got, err := f.Store.Settings(t.Context(), ada.Account)
	if err != nil {
		t.Fatal(err)
	}
	same(t, full, got)
	f.Save(t, ada)
	tok := Token(t, ada, Noon)
	f.Create(t, tok)
	found, err := f.Store.Lookup(t.Context(), tok.ID, store.Along{Account: ada.Account})
	if err != nil || found.Settings == nil {
		t.Fatalf("with the token: %v, %v", found.Settings, err)
	}
	same(t, full, *found.Settings)
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	f.Put(t, map[string]types.AttributeValue{"pk": text("SETTINGS#acc_broken"), "sk": text("SETTINGS"), "type": text("no settings")})
	for _, account := range []user.AccountID{"", "acc_other", "acc_broken"} {
		if found, err := f.Store.Lookup(t.Context(), tok.ID, store.Along{Account: account}); err != nil || found.Settings != nil || found.Rules != nil {
			t.Errorf("with the account %q: %v, %v", account, found, err)
		}
	}
}

func savesPeople(t *testing.T, f *Fixture) {
	f.Save(t, ada)
	if err := f.Store.SaveUser(t.Context(), nil, ada, Event(t, ada.Account, Noon)); !errors.Is(err, store.ErrExists) {
		t.Errorf("saved twice: %v, want ErrExists", err)
	}
	after := ada
	after.Roles, after.Version = []string{"viewer"}, 2
	if err := f.Store.SaveUser(t.Context(), &ada, after, Event(t, ada.Account, Noon)); err != nil {
		t.Fatal(err)
	}
	if err := f.Store.SaveUser(t.Context(), &ada, after, Event(t, ada.Account, Noon)); !errors.Is(err, store.ErrChanged) {
		t.Errorf("changed by an old version: %v, want ErrChanged", err)
	}
	got, err := f.Store.User(t.Context(), ada.Ref)
	if err != nil {
		t.Fatal(err)
	}
	same(t, after, got)
	if n := len(f.Items(t, "EVENT#")); n != 2 {
		t.Errorf("%d events for two changes", n)
	}
}

func transfers(t *testing.T, f *Fixture) {
	bob, gone := Person("acc_acme", "bob"), Person("acc_acme", "gone")
	gone.Status = user.Suspended
	for _, u := range []user.User{ada, bob, gone} {
		f.Save(t, u)
	}
	robot := user.User{Ref: "robot012345", Account: ada.Account, Kind: user.Service, Status: user.Active, CreatedAt: Noon, UpdatedAt: Noon, Version: 1}
	tok := Token(t, robot, Noon)
	tok.Kind, tok.Steward = token.Service, ada.ID()
	if err := f.Store.CreateToken(t.Context(), store.Creation{Token: tok, TokenUser: &robot, Creator: ada, Event: Event(t, ada.Account, Noon)}); err != nil {
		t.Fatal(err)
	}
	stewarded := func(u user.User) []token.ID {
		ids, last, err := f.Store.Stewarded(t.Context(), u.Ref, "", 10)
		if err != nil || last != "" {
			t.Fatalf("last %s, %v", last, err)
		}
		return ids
	}
	same(t, []token.ID{tok.ID}, stewarded(ada))
	give := func(to user.ID) error {
		after := tok
		after.Steward, after.Version = to, 2
		return f.Store.TransferToken(t.Context(), tok, after, Event(t, ada.Account, Noon))
	}
	for _, to := range []user.ID{gone.ID(), Person("acc_other", "mallory").ID(), robot.ID()} {
		if err := give(to); !errors.Is(err, store.ErrOwnerInactive) {
			t.Errorf("to %s: %v, want ErrOwnerInactive", to, err)
		}
	}
	if err := give(bob.ID()); err != nil {
		t.Fatal(err)
	}
	if err := give(bob.ID()); !errors.Is(err, store.ErrChanged) {
		t.Errorf("by an old version: %v, want ErrChanged", err)
	}
	if len(stewarded(ada)) != 0 || len(stewarded(bob)) != 1 {
		t.Errorf("ada answers for %v, bob for %v", stewarded(ada), stewarded(bob))
	}
}

func listsPeople(t *testing.T, f *Fixture) {
	var want []user.ID
	for _, subject := range []string{"a", "b", "c", "d", "e"} {
		u := Person("acc_acme", subject)
		f.Save(t, u)
		want = append(want, u.ID())
	}
	slices.Sort(want)
	f.Save(t, Person("acc_other", "x"))
	f.Save(t, user.User{Ref: "robot012345", Account: "acc_acme", Kind: user.Service, Status: user.Active, CreatedAt: Noon, UpdatedAt: Noon, Version: 1})
	for _, limit := range []int{2, 5, 100} {
		var got []user.ID
		var after user.ID
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
			people, last, err := f.Store.People(t.Context(), "acc_acme", after, limit)
			if err != nil {
				t.Fatal(err)
			}
			for _, u := range people {
				got = append(got, u.ID())
			}
			if after = last; last == "" {
				if len(got) >= len(want) {
					break
				}
				got = nil // the index has not followed yet
			}
		}
		same(t, want, got)
	}
}

func savesBeside(t *testing.T, f *Fixture) {
	bob := Person("acc_acme", "bob")
	f.Save(t, ada)
	f.Save(t, bob)
	after, changed := ada, bob
	after.Roles, after.Version = []string{}, 2
	changed.Roles, changed.Version = []string{"viewer", "admin"}, 2
	if err := f.Store.SaveUser(t.Context(), &bob, changed, Event(t, ada.Account, Noon)); err != nil {
		t.Fatal(err)
	}
	beside := func(roles ...string) error {
		left := store.Administrators{Roles: roles, Other: bob.Ref}
		return f.Store.SaveUserBeside(t.Context(), store.UserEnding{Before: ada, After: after, Administrators: &left, Event: Event(t, ada.Account, Noon)})
	}
	if err := beside("owner", "keeper"); !errors.Is(err, store.ErrChanged) {
		t.Errorf("beside one who is no administrator: %v, want ErrChanged", err)
	}
	if err := beside("owner", "admin"); err != nil {
		t.Errorf("beside an administrator: %v", err)
	}
}

func holdsTheGiver(t *testing.T, f *Fixture) {
	bob, cyd := Person("acc_acme", "bob", "viewer"), Person("acc_acme", "cyd")
	f.Save(t, ada)
	f.Save(t, bob)
	f.Save(t, cyd)
	after, anew := cyd, Person("acc_acme", "dee", "viewer")
	after.Roles, after.Version = []string{"viewer"}, 2
	give := func(w store.UserEnding, left *store.Administrators, ref user.Ref, roles ...string) error {
		w.Event, w.Administrators, w.Giver = Event(t, ada.Account, Noon), left, &store.Giver{Ref: ref, Roles: roles}
		return f.Store.SaveUserBeside(t.Context(), w)
	}
	admins := &store.Administrators{Roles: []string{"admin"}, Other: ada.Ref}
	for what, err := range map[string]error{
		"by one with other roles":                  give(store.UserEnding{Before: cyd, After: after}, nil, bob.Ref, "admin"),
		"by one with other roles, beside another":  give(store.UserEnding{Before: cyd, After: after}, admins, bob.Ref, "admin"),
		"by an administrator who has other roles":  give(store.UserEnding{Before: cyd, After: after}, admins, ada.Ref, "viewer"),
		"by one with other roles, to somebody new": give(store.UserEnding{After: anew}, nil, bob.Ref, "admin"),
		"by nobody":                       give(store.UserEnding{After: anew}, nil, Person("acc_acme", "eve").Ref, "viewer"),
		"by one who is said to have none": give(store.UserEnding{After: anew}, nil, bob.Ref),
	} {
		if !errors.Is(err, store.ErrChanged) {
			t.Errorf("%s: %v, want ErrChanged", what, err)
		}
	}
	for _, err := range []error{
		give(store.UserEnding{After: anew}, nil, bob.Ref, "viewer"),
		give(store.UserEnding{Before: cyd, After: after}, admins, ada.Ref, ada.Roles...),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	if err := give(store.UserEnding{After: anew}, nil, bob.Ref, "viewer"); !errors.Is(err, store.ErrExists) {
		t.Errorf("to somebody who is there: %v, want ErrExists", err)
	}
}
