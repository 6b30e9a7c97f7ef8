package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/job"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
)

func stepsJobs(t *testing.T, f *Fixture) {
	ids := grow(t, f, ada, 3, time.Millisecond)
	begun := job.Job{
		ID: job.IDOf("once"), Account: ada.Account, State: job.Running, Actor: audit.Actor{User: ada.ID(), Kind: "person"},
		Origin: audit.Origin{IP: "203.0.113.7", UserAgent: "curl/8.5.0", RequestID: "r-1"}, Reason: "leaked", Request: "digest", Pending: ids,
		Filter: &job.Filter{Owner: ada.ID(), Kind: token.Personal, Environment: token.Live, Scope: "orders:read", CreatedBefore: Noon, UnusedSince: Noon},
		After:  ids[0], Listed: true, Deferred: ids[1:], StopReason: "revoked", Total: 3, Counts: map[job.Outcome]int{job.Refused: 1}, Results: []job.Result{{Token: ids[0], Outcome: job.Refused}},
		CreatedAt: Noon, UpdatedAt: Noon, Version: 1,
	}
	if _, err := f.Store.Job(t.Context(), ada.Account, begun.ID); !errors.Is(err, job.ErrNotFound) {
		t.Fatalf("a job that never was: %v", err)
	}
	create := func(j job.Job) error { return f.Store.CreateJob(t.Context(), j, Event(t, ada.Account, j.CreatedAt)) }
	if err := create(begun); err != nil {
		t.Fatal(err)
	}
	if err := create(begun); !errors.Is(err, store.ErrExists) {
		t.Errorf("a second one of this id: %v", err)
	}
	read, err := f.Store.Job(t.Context(), ada.Account, begun.ID)
	if err != nil {
		t.Fatal(err)
	}
	same(t, begun, read)

	before := tokenOf(t, f, ids[0])
	after := before
	after.RevokedAt, after.Version = Noon, before.Version+1
	next := begun.Copy()
	next.Add(ids[0], job.Revoked)
	next.Pending, next.State, next.Version = nil, job.Done, 2
	step := func() error {
		return f.Store.StepJob(t.Context(), job.Step{Before: begun, After: next, Endings: []store.TokenEnding{{Before: before, After: after, Event: Event(t, ada.Account, Noon)}}})
	}
	if err := step(); err != nil {
		t.Fatal(err)
	}
	events := len(f.Items(t, "EVENT#"))
	if err := step(); !errors.Is(err, store.ErrChanged) {
		t.Errorf("the same step again: %v", err)
	}
	if got := len(f.Items(t, "EVENT#")); got != events {
		t.Errorf("a step that was refused left %d events", got-events)
	}
	if read, err = f.Store.Job(t.Context(), ada.Account, begun.ID); err != nil {
		t.Fatal(err)
	}
	same(t, next, read)
	if got := tokenOf(t, f, ids[0]); !got.RevokedAt.Equal(Noon) {
		t.Errorf("the step did not revoke: %+v", got)
	}
	// Once its time is over, its id is free, whether TTL has come by or not.
	anew := begun
	anew.CreatedAt = begun.EndsAt()
	if err := create(anew); err != nil {
		t.Errorf("an id that is free again: %v", err)
	}
}

func tokenOf(t *testing.T, f *Fixture, id token.ID) token.Token {
	t.Helper()
	found, err := f.Store.TokensNamed(t.Context(), []token.ID{id})
	if err != nil || len(found) != 1 {
		t.Fatalf("%d tokens, %v", len(found), err)
	}
	return found[id]
}

func readsNamed(t *testing.T, f *Fixture) {
	ids := grow(t, f, ada, 105, time.Millisecond) // more than one read takes
	gone := token.ID("tok_" + string(ada.Ref) + "00000000000")
	found, err := f.Store.TokensNamed(t.Context(), append(ids, gone))
	if err != nil || len(found) != len(ids) {
		t.Fatalf("%d of %d tokens, %v", len(found), len(ids), err)
	}
	for _, id := range ids {
		if found[id].ID != id {
			t.Errorf("%s reads as %s", id, found[id].ID)
		}
	}
}
