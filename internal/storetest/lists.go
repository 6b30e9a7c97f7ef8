package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/period"
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
	f.Put(t, map[string]types.AttributeValue{"pk": text("ACCOUNT#acc_acme"), "sk": text("SETTINGS"), "defaultLifetime": text("P7D"), "maxLifetime": text("P30D")})
	if got, err = f.Store.Settings(t.Context(), "acc_acme"); err != nil {
		t.Fatal(err)
	}
	same(t, settings.Settings{DefaultLifetime: period.MustParse("P7D"), MaxLifetime: period.MustParse("P30D")}, got)
	f.Put(t, map[string]types.AttributeValue{"pk": text("ACCOUNT#acc_acme"), "sk": text("SETTINGS"), "maxLifetime": text("a month")})
	if _, err := f.Store.Settings(t.Context(), "acc_acme"); err == nil {
		t.Error("a policy that cannot be read is taken for none")
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
