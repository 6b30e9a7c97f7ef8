package lifecycle_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/period"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// viewer may read all of an account's events and change nothing but their own.
func viewer(account user.AccountID, subject string) lifecycle.Caller {
	return person(account, subject, "viewer")
}

// attempts returns an account's events of refused attempts, newest first, and how many attempts they tell of.
func (w *world) attempts(account user.AccountID) (events []audit.Event, count int64) {
	w.Helper()
	refused := true
	q := lifecycle.EventQuery{Refused: &refused, Limit: 100}
	for {
		page, err := w.Events(w.Context(), viewer(account, "auditor"), q)
		if err != nil {
			w.Fatal(err)
		}
		for _, e := range page.Events {
			events, count = append(events, e), count+e.Count
		}
		if q.After = page.Last; !page.More {
			return events, count
		}
	}
}

// told returns what the events of a token tell: "" when it is answered like one that never was.
func (w *world) told(c lifecycle.Caller, id token.ID) (out string) {
	w.Helper()
	page, err := w.TokenEvents(w.Context(), c, lifecycle.Target{ID: id}, lifecycle.EventQuery{Limit: 100})
	if err != nil && !errors.Is(err, token.ErrNotFound) {
		w.Fatal(err)
	}
	for _, e := range page.Events {
		out += fmt.Sprintf("%s %s %s %d; ", e.Action, e.Actor.User, e.Refused, e.Count)
	}
	return out
}

// attack tries everything with a token without leave.
func (w *world) attack(c lifecycle.Caller, id token.ID) {
	w.Helper()
	target := lifecycle.Target{ID: id}
	_, updated := w.Update(w.Context(), c, target, 0, lifecycle.Update{Name: value("ours")})
	_, rotated := w.Rotate(w.Context(), c, target, 0, period.Period{})
	_, transferred := w.Transfer(w.Context(), c, target, 0, c.User)
	for what, err := range map[string]error{"update": updated, "rotate": rotated, "transfer": transferred, "revoke": w.Revoke(w.Context(), c, target, 0)} {
		refuses(w.T, what, err, lifecycle.ErrForbidden, "insufficient_scope")
	}
}

func TestARefusedAttemptIsToldToTheAccountOfWhoeverTriedAlone(t *testing.T) {
	w := start(t)
	theirs, unknown := w.service(admin, "orders:read").Token.ID, token.ID("tok_0000000000000000000000")
	before := w.told(admin, theirs)
	intruder := viewer("acc_evil", "vic")
	w.attack(intruder, theirs)
	w.attack(intruder, unknown)
	for _, c := range []lifecycle.Caller{intruder, evil} {
		if got := w.told(c, theirs) + w.told(c, unknown); got != "" {
			t.Errorf("another account sees %s", got)
		}
	}
	if after := w.told(admin, theirs); after != before {
		t.Errorf("the account itself sees %s, want %s", after, before)
	}
	if events, _ := w.attempts("acc_acme"); len(events) != 0 {
		t.Errorf("the account itself sees %+v", events)
	}
	if events, count := w.attempts("acc_evil"); len(events) != 4 || count != 8 {
		t.Errorf("8 attempts at 4 actions are told as %d: %+v", count, events)
	}
}

func TestARefusedAttemptAtTheAccountsOwnTokenIsToldWithIt(t *testing.T) {
	w := start(t)
	w.known(analyst)
	issued := w.create(analyst, lifecycle.Create{})
	insider := viewer("acc_acme", "vic")
	w.attack(insider, issued.Token.ID)
	want := fmt.Sprintf("token.revoked %s insufficient_scope 1; ", insider.User)
	page, err := w.TokenEvents(t.Context(), analyst, id(issued), lifecycle.EventQuery{Limit: 100, Action: audit.TokenRevoked})
	if err != nil || len(page.Events) != 1 || fmt.Sprintf("token.revoked %s %s %d; ", page.Events[0].Actor.User, page.Events[0].Refused, page.Events[0].Count) != want {
		t.Errorf("the owner sees %+v, %v; want %s", page.Events, err, want)
	}
}

// Events outlive the token; what is tried with its id when it is gone tells nobody that it was there.
func TestTheEventsOfATokenThatIsGoneStayWithItsAccount(t *testing.T) {
	w := start(t)
	w.known(analyst)
	issued := w.create(analyst, lifecycle.Create{ExpiresIn: period.MustParse("P1D")})
	gone := issued.Token.ID
	w.now = w.now.AddDate(0, 0, 40)
	before := w.told(admin, gone)
	w.attack(viewer("acc_acme", "vic"), gone)
	w.attack(viewer("acc_evil", "vic"), gone)
	if got := w.told(admin, gone); got != before || before == "" {
		t.Errorf("its account sees %q, and before the attempts %q", got, before)
	}
	if got := w.told(evil, gone); got != "" {
		t.Errorf("another account sees %s", got)
	}
}

func TestRepeatedAttemptsAreToldOnceAMinute(t *testing.T) {
	w := start(t)
	w.known(admin)
	robots := []token.ID{w.service(admin, "orders:read").Token.ID, w.service(admin, "orders:read").Token.ID}
	w.now = audit.MinuteOf(w.now).Add(time.Hour)
	began := w.now
	vic := viewer("acc_acme", "vic")
	elsewhere, another := vic, viewer("acc_acme", "val")
	elsewhere.Origin.IP = "203.0.113.8"
	byToken := vic
	byToken.Kind, byToken.Token = "personal", robots[0]
	revoke := func(c lifecycle.Caller, id token.ID) {
		refuses(t, "revoke", w.Revoke(t.Context(), c, lifecycle.Target{ID: id}, 0), lifecycle.ErrForbidden, "insufficient_scope")
	}
	for _, tt := range []struct {
		name   string
		do     func()
		events int
	}{
		{"the first", func() { revoke(vic, robots[0]) }, 1},
		{"the same again", func() {
			revoke(vic, robots[0])
			w.now = began.Add(time.Minute - time.Millisecond)
			revoke(vic, robots[0])
		}, 1},
		{"another token", func() { revoke(vic, robots[1]) }, 2},
		{"another action", func() { _, _ = w.Rotate(t.Context(), vic, lifecycle.Target{ID: robots[0]}, 0, period.Period{}) }, 3},
		{"another caller", func() { revoke(another, robots[0]) }, 4},
		{"another credential of the caller", func() { revoke(byToken, robots[0]) }, 5},
		{"another address", func() { revoke(elsewhere, robots[0]) }, 6},
		{"another person as the target", func() { _, _ = w.Suspend(t.Context(), vic, lifecycle.Person{ID: admin.User}, 0) }, 7},
		{"a person who is none", func() { _, _ = w.Suspend(t.Context(), vic, lifecycle.Person{ID: "usr_00000000000"}, 0) }, 8},
		{"another who is none", func() { _, _ = w.Suspend(t.Context(), vic, lifecycle.Person{ID: evil.User}, 0) }, 8},
		{"a made-up API", func() { _ = w.DeleteAPIRules(t.Context(), vic, "a1", 1) }, 9},
		{"another made-up API", func() { _ = w.DeleteAPIRules(t.Context(), vic, "a2", 1) }, 9},
		{"the next minute", func() { w.now = began.Add(time.Minute); revoke(vic, robots[0]) }, 10},
	} {
		if tt.do(); len(first(w.attempts("acc_acme"))) != tt.events {
			t.Errorf("%s: %d events, want %d", tt.name, len(first(w.attempts("acc_acme"))), tt.events)
		}
	}
	events, count := w.attempts("acc_acme")
	if last := events[len(events)-1]; last.Count != 3 || !last.Time.Equal(began) || last.Target != string(robots[0]) || last.Origin != vic.Origin || count != 14 {
		t.Errorf("%d attempts, the first of them %+v", count, last)
	}
}

func first(events []audit.Event, _ int64) []audit.Event { return events }

func TestNobodyFillsTheAuditWithRefusedAttempts(t *testing.T) {
	w := start(t)
	w.known(admin)
	vic := viewer("acc_acme", "vic")
	try := func(id token.ID) {
		refuses(t, "revoke", w.Revoke(t.Context(), vic, lifecycle.Target{ID: id}, 0), lifecycle.ErrForbidden, "insufficient_scope")
	}
	for i := range 1000 {
		owner := []user.Ref{admin.User.Ref(), evil.User.Ref()}[i%2]
		madeUp, err := token.NewID(owner, w.now, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		try(madeUp)
	}
	if events, count := w.attempts("acc_acme"); len(events) != 1 || count != 1000 {
		t.Errorf("1,000 attempts on made-up ids leave %d events that tell of %d", len(events), count)
	}
	// Who knows the account's tokens is bound as well.
	var robots []token.ID
	for range audit.MaxKinds + 20 {
		robots = append(robots, w.service(admin, "orders:read").Token.ID)
	}
	for range 2 {
		for _, id := range robots {
			try(id)
		}
	}
	events, count := w.attempts("acc_acme")
	if len(events) > audit.MaxKinds+1 || count != 1000+int64(2*len(robots)) {
		t.Errorf("attempts on %d tokens leave %d events, that tell of %d", len(robots), len(events), count)
	}
}

func TestNoiseHidesNoAttemptBehindAnotherTarget(t *testing.T) {
	w := start(t)
	w.known(admin)
	vic, victim := viewer("acc_acme", "vic"), w.service(admin, "orders:read").Token.ID
	try := func(id token.ID) {
		refuses(t, "revoke", w.Revoke(t.Context(), vic, lifecycle.Target{ID: id}, 0), lifecycle.ErrForbidden, "insufficient_scope")
	}
	told := map[string]int64{}
	for range audit.MaxKinds + 1 { // the last of the noise begins the event that only counts
		id := w.service(admin, "orders:read").Token.ID
		try(id)
		told[string(id)]++
	}
	try(victim)
	events, _ := w.attempts("acc_acme")
	for _, e := range events {
		if e.Refused == "insufficient_scope" {
			if told[e.Target] -= e.Count; told[e.Target] != 0 {
				t.Errorf("%s tells %d attempts that were not", e.Target, -told[e.Target])
			}
			continue
		}
		if e.Refused != audit.Many || e.Target != "acc_acme" || e.Subject() != "" || e.Reason != "" || e.Why() == "" || e.Count != 2 || e.Action != audit.TokenRevoked || e.Actor.User != vic.User {
			t.Errorf("what is only counted is told as %+v", e)
		}
	}
	if len(events) != audit.MaxKinds+1 {
		t.Errorf("%d events", len(events))
	}
}

func TestAttemptsAtTheSameMomentAreAllRefusedAndAllCounted(t *testing.T) {
	w := start(t)
	w.known(admin)
	var robots []token.ID
	for range 8 {
		robots = append(robots, w.service(admin, "orders:read").Token.ID)
	}
	vic := viewer("acc_acme", "vic")
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			if err := w.Revoke(t.Context(), vic, lifecycle.Target{ID: robots[i%len(robots)]}, 0); !errors.Is(err, lifecycle.ErrForbidden) {
				t.Errorf("an attempt is answered %v", err)
			}
		})
	}
	all.Wait()
	if events, count := w.attempts("acc_acme"); len(events) != len(robots) || count != 40 {
		t.Errorf("40 attempts at 8 tokens leave %d events that tell of %d", len(events), count)
	}
}
