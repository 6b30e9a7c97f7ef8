package audit_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/audit"
)

func attempt(target string) audit.Event {
	return audit.Event{
		Action: audit.TokenRevoked, Target: target, Refused: "insufficient_scope", Count: 1,
		Actor: audit.Actor{User: "usr_vic", Kind: "person"}, Origin: audit.Origin{IP: "203.0.113.7", UserAgent: "curl/8.5.0", RequestID: "r-1"},
	}
}

func TestAttemptsAreOfOneKindWhenTheyTellTheSame(t *testing.T) {
	tally := audit.Tally{Events: map[string]audit.ID{}}
	first := attempt("tok_a")
	kind, id := tally.Place(&first)
	if id != "" {
		t.Fatalf("the first attempt is counted in %s", id)
	}
	tally.Events[kind] = "evt_first"
	for name, tt := range map[string]struct {
		change func(*audit.Event)
		same   bool
	}{
		"another second of the minute": {func(e *audit.Event) { e.Time = e.Time.Add(time.Second) }, true},
		"another request":              {func(e *audit.Event) { e.Origin.RequestID, e.Origin.UserAgent = "r-2", "wget" }, true},
		"another target":               {func(e *audit.Event) { e.Target = "tok_b" }, false},
		"another action":               {func(e *audit.Event) { e.Action = audit.TokenRotated }, false},
		"another reason":               {func(e *audit.Event) { e.Refused = "not_owner" }, false},
		"another token":                {func(e *audit.Event) { e.Actor.Token = "tok_c" }, false},
		"another address":              {func(e *audit.Event) { e.Origin.IP = "203.0.113.8" }, false},
		"at what is not there":         {func(e *audit.Event) { e.Stray = true }, false},
	} {
		e := attempt("tok_a")
		tt.change(&e)
		if _, id := tally.Place(&e); (id == "evt_first") != tt.same {
			t.Errorf("%s: counted in %q", name, id)
		}
	}
	a, b := attempt("tok_a"), attempt("tok_b")
	a.Stray, b.Stray = true, true
	kindOfA, _ := tally.Place(&a)
	if kindOfB, _ := tally.Place(&b); kindOfA != kindOfB {
		t.Error("attempts at two made-up ids are of two kinds")
	}
	if a.Subject() != "" {
		t.Error("a made-up id is a token's")
	}
}

func TestAMinuteOfOneUserIsBounded(t *testing.T) {
	tally := audit.Tally{Events: map[string]audit.ID{}}
	for i := range 10 * audit.MaxKinds {
		e := attempt(fmt.Sprint("tok_", i))
		if i%2 == 0 {
			e.Action = audit.TokenRotated
		}
		kind, id := tally.Place(&e)
		if id == "" {
			tally.Events[kind] = "evt_new"
		}
	}
	if got, want := len(tally.Events), audit.MaxKinds+2; got != want {
		t.Errorf("%d events, want %d", got, want)
	}
	// What is only counted says nothing of any one attempt.
	late := attempt("tok_0123456789ABCDEFGHIJKL")
	late.Account = "acc_acme"
	if kind, id := tally.Place(&late); id == "" || kind != string(late.Action) {
		t.Errorf("one attempt more is entered in %q under %s", id, kind)
	}
	if late.Target != "acc_acme" || late.Refused != audit.Many || late.Reason != "" || late.Why() == "" || late.Subject() != "" {
		t.Errorf("the event that counts says %+v", late)
	}
	// Who is known by then is still counted where they are told.
	e := attempt("tok_1")
	if kind, id := tally.Place(&e); id == "" || kind == string(e.Action) || e.Target != "tok_1" {
		t.Errorf("the first kind of all is counted under %s", kind)
	}
}
