package storetest

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// listed reads a list of events page by page and returns their ids, checking that pages hold what they may.
func listed(t *testing.T, limit int, read func(after audit.ID) ([]audit.Event, audit.ID, error)) (ids []audit.ID) {
	t.Helper()
	var after audit.ID
	for range 50 {
		events, last, err := read(after)
		if err != nil {
			t.Fatal(err)
		}
		if len(events) > limit {
			t.Fatalf("%d events on a page of %d", len(events), limit)
		}
		for _, e := range events {
			ids = append(ids, e.ID)
		}
		if after = last; last == "" {
			return ids
		}
	}
	t.Fatal("the list does not end")
	return nil
}

func newest(events []audit.Event) (ids []audit.ID) {
	for _, e := range events {
		ids = append(ids, e.ID)
	}
	slices.Sort(ids)
	slices.Reverse(ids)
	return ids
}

// refusal is the event of a refused attempt.
func refusal(t *testing.T, account user.AccountID, at time.Time) audit.Event {
	t.Helper()
	e := Event(t, account, at)
	e.Refused, e.Reason, e.Changes = "forbidden", "because", []audit.Change{{Field: "roles", Before: []string{"a"}, After: []string{}}, {Field: "isActive", After: false}}
	return e
}

func listsEvents(t *testing.T, f *Fixture) {
	var all []audit.Event
	for i := range 12 {
		// Changes and refused attempts lie apart: five of a kind in a row, then mixed.
		e := Event(t, ada.Account, Noon.Add(time.Duration(i)*time.Second))
		if i < 5 || i%2 == 0 {
			e = refusal(t, ada.Account, e.Time)
		}
		f.Tell(t, e)
		all = append(all, e)
		got, _, err := f.Store.Events(t.Context(), ada.Account, time.Time{}, time.Time{}, "", 1)
		if err != nil {
			t.Fatal(err)
		}
		same(t, []audit.Event{e}, got)
	}
	f.Tell(t, Event(t, "acc_other", Noon))
	f.Tell(t, refusal(t, "acc_other", Noon))
	want := newest(all)
	walk := func(from, to time.Time, limit int) []audit.ID {
		return listed(t, limit, func(after audit.ID) ([]audit.Event, audit.ID, error) {
			return f.Store.Events(t.Context(), ada.Account, from, to, after, limit)
		})
	}
	for _, limit := range []int{1, 2, 3, 5, 12, 100} {
		same(t, want, walk(time.Time{}, time.Time{}, limit))
	}
	same(t, want[5:9], walk(Noon.Add(3*time.Second), Noon.Add(6*time.Second), 2))
}

func listsTokenEvents(t *testing.T, f *Fixture) {
	f.Save(t, ada)
	tok, other := Token(t, ada, Noon), Token(t, ada, Noon.Add(time.Millisecond))
	var all []audit.Event
	for i := range 8 {
		for _, about := range []token.Token{tok, other} {
			e := Event(t, ada.Account, Noon.Add(time.Duration(i)*time.Second))
			if i%3 == 0 {
				e = refusal(t, ada.Account, e.Time)
			}
			e.Target = string(about.ID)
			f.Tell(t, e)
			if about.ID == tok.ID {
				all = append(all, e)
			}
		}
	}
	for _, limit := range []int{1, 2, 8, 100} {
		var got []audit.ID
		for deadline := time.Now().Add(10 * time.Second); len(got) < len(all) && time.Now().Before(deadline); { // the index may follow later
			got = listed(t, limit, func(after audit.ID) ([]audit.Event, audit.ID, error) {
				return f.Store.TokenEvents(t.Context(), ada.Account, tok.ID, after, limit)
			})
		}
		same(t, newest(all), got)
	}
}

// former enters an event where earlier versions entered the events of all accounts about a token.
func former(t *testing.T, f *Fixture, e audit.Event, about token.ID) {
	t.Helper()
	e.Stray = true
	f.Tell(t, e)
	for _, it := range f.Items(t, "EVENT#"+e.ID.Digits()) {
		it["accountPk"], it["accountSk"] = &types.AttributeValueMemberS{Value: "EVENTS#" + string(about)}, &types.AttributeValueMemberS{Value: e.ID.Digits()}
		f.Put(t, it)
	}
}

func keepsFormerEvents(t *testing.T, f *Fixture) {
	f.Save(t, ada)
	tok := Token(t, ada, Noon)
	var ours []audit.Event
	for i := range 9 {
		at := Noon.Add(time.Duration(i) * time.Second)
		e := Event(t, ada.Account, at)
		e.Target = string(tok.ID)
		ours = append(ours, e)
		if i < 6 { // an older function runs for minutes beside a newer one
			former(t, f, e, tok.ID)
		} else {
			f.Tell(t, e)
		}
		theirs := refusal(t, "acc_other", at)
		theirs.Target, theirs.Refused = string(tok.ID), "insufficient_scope"
		former(t, f, theirs, tok.ID)
	}
	lacked := refusal(t, ada.Account, Noon)
	lacked.Target, lacked.Refused = string(tok.ID), "insufficient_scope"
	former(t, f, lacked, tok.ID)
	of := func(account user.AccountID, limit int) []audit.ID {
		return listed(t, limit, func(after audit.ID) ([]audit.Event, audit.ID, error) {
			return f.Store.TokenEvents(t.Context(), account, tok.ID, after, limit)
		})
	}
	for deadline := time.Now().Add(10 * time.Second); len(of(ada.Account, 100)) < len(ours) && time.Now().Before(deadline); {
		time.Sleep(50 * time.Millisecond)
	}
	for _, limit := range []int{1, 4, 100} {
		same(t, newest(ours), of(ada.Account, limit))
		if got := of("acc_other", limit); len(got) != 0 {
			t.Errorf("another account finds %v under the token", got)
		}
	}
}

// misplaces puts an item of one account into each partition of the index that another account's lists read.
func misplaces(t *testing.T, f *Fixture) {
	theirs := Person("acc_other", "mallory")
	f.Save(t, theirs)
	tok := Token(t, theirs, Noon)
	f.Create(t, tok)
	e := refusal(t, theirs.Account, Noon)
	e.Target = string(tok.ID)
	f.Tell(t, e)
	f.Save(t, ada)
	own := Token(t, ada, Noon)
	f.Create(t, own)
	for _, it := range f.Items(t, "") {
		move := func(partition string) {
			it["accountPk"] = &types.AttributeValueMemberS{Value: partition}
			f.Put(t, it)
		}
		switch sort := it["sk"].(*types.AttributeValueMemberS).Value; {
		case it["account"] == nil || it["account"].(*types.AttributeValueMemberS).Value != "acc_other":
		case sort == "PROFILE":
			move("ACCOUNT#acc_acme#USERS")
		case strings.HasPrefix(sort, "TOKEN#"):
			move("ACCOUNT#acc_acme#TOKENS")
		case it["refused"] != nil && strings.HasPrefix(sort, "EVENT#"):
			move("EVENTS#acc_acme#" + string(tok.ID))
		}
	}
	for deadline := time.Now().Add(10 * time.Second); len(walk(t, f, ada.Account, "", 100)) == 0 && time.Now().Before(deadline); {
		time.Sleep(50 * time.Millisecond)
	}
	for _, limit := range []int{1, 100} {
		same(t, []token.ID{own.ID}, walk(t, f, ada.Account, "", limit))
		var people []user.User
		for after, more := user.ID(""), true; more; more = after != "" {
			page, last, err := f.Store.People(t.Context(), ada.Account, after, limit)
			if err != nil {
				t.Fatal(err)
			}
			people, after = append(people, page...), last
		}
		same(t, []user.User{ada}, people)
		if events, _, err := f.Store.TokenEvents(t.Context(), ada.Account, tok.ID, "", limit); err != nil || len(events) != 0 {
			t.Errorf("events %+v, %v", events, err)
		}
	}
}

func countsRefusals(t *testing.T, f *Fixture) {
	minute := audit.MinuteOf(Noon)
	tally := func() audit.Tally {
		got, err := f.Store.Tally(t.Context(), ada.Account, ada.ID(), minute)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	none := tally()
	if len(none.Events) != 0 {
		t.Fatalf("before anything was refused: %+v", none)
	}
	first, second := refusal(t, ada.Account, Noon), refusal(t, ada.Account, Noon.Add(time.Second))
	if err := f.Store.Note(t.Context(), none, "one", first); err != nil {
		t.Fatal(err)
	}
	if err := f.Store.Note(t.Context(), none, "two", second); !errors.Is(err, store.ErrChanged) {
		t.Errorf("entered in a tally that is another by now: %v, want ErrChanged", err)
	}
	if err := f.Store.Note(t.Context(), tally(), "two", second); err != nil {
		t.Fatal(err)
	}
	same(t, audit.Tally{Account: ada.Account, User: ada.ID(), Minute: minute, Events: map[string]audit.ID{"one": first.ID, "two": second.ID}}, tally())
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if err := f.Store.Count(t.Context(), ada.Account, first.ID); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if err := f.Store.Count(t.Context(), "acc_other", first.ID); err == nil {
		t.Error("an attempt is counted in another account's event")
	}
	first.Count = 11
	got, _, err := f.Store.Events(t.Context(), ada.Account, time.Time{}, time.Time{}, "", 10)
	if err != nil {
		t.Fatal(err)
	}
	same(t, []audit.Event{second, first}, got)
	for _, who := range []struct {
		account user.AccountID
		person  user.ID
		minute  time.Time
	}{{"acc_other", ada.ID(), minute}, {ada.Account, "usr_00000000000", minute}, {ada.Account, ada.ID(), minute.Add(time.Minute)}} {
		if got, err := f.Store.Tally(t.Context(), who.account, who.person, who.minute); err != nil || len(got.Events) != 0 {
			t.Errorf("of %+v: %+v, %v", who, got, err)
		}
	}
}
