package lifecycle_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/token"
)

// atMost limits the personal tokens of a person.
func (w *world) atMost(n int) {
	w.Helper()
	w.settings(func(s *settings.Settings) { s.Personal.MaxTokensPerUser = n })
}

// known is the caller as the authorizer shows somebody whom the table knows.
func known(c lifecycle.Caller) lifecycle.Caller {
	c.Profile = principal.ProfileCurrent
	return c
}

// atOnce makes n requests at the same time and returns how many tokens were made; all others must be told of the limit.
func (w *world) atOnce(n int, c func(i int) (lifecycle.Caller, lifecycle.Create)) int64 {
	w.Helper()
	var made atomic.Int64
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			caller, in := c(i)
			_, err := w.Create(w.Context(), caller, in)
			var r *lifecycle.Refusal
			switch {
			case err == nil:
				made.Add(1)
			case !errors.As(err, &r) || r.Code != "too_many_tokens" || !errors.Is(err, lifecycle.ErrConflict):
				w.Errorf("request %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	return made.Load()
}

func TestTheLimitIsExactHoweverManyAskAtOnce(t *testing.T) {
	for _, tt := range []struct{ limit, requests int }{{2, 12}, {2, 40}, {1, 12}, {9, 12}} {
		t.Run(fmt.Sprintf("%d of %d", tt.limit, tt.requests), func(t *testing.T) {
			w := start(t)
			w.create(admin, lifecycle.Create{})
			if err := w.RevokeIssuedBefore(t.Context(), admin, &lifecycle.Person{Me: true}, w.now, ""); err != nil {
				t.Fatal(err)
			}
			w.atMost(tt.limit)
			made := w.atOnce(tt.requests, func(int) (lifecycle.Caller, lifecycle.Create) { return known(admin), lifecycle.Create{Name: "a"} })
			if tokens := len(w.fixture.Items(t, "TOKEN#")) - 1; made != int64(tt.limit) || tokens != tt.limit {
				t.Errorf("%d made and %d there, want %d", made, tokens, tt.limit)
			}
		})
	}
}

func TestThePersonAndTheirTokensShareOneLimit(t *testing.T) {
	w := start(t)
	mint := w.bearer(w.create(admin, lifecycle.Create{Scopes: list("tokens:write", "orders:read")}))
	w.atMost(4)
	made := w.atOnce(16, func(i int) (lifecycle.Caller, lifecycle.Create) {
		in := lifecycle.Create{Name: "a", Scopes: list("orders:read")}
		if i%4 == 0 {
			in.IdempotencyKey = fmt.Sprintf("key-%d", i)
		}
		if i%2 == 0 {
			return mint, in
		}
		return known(admin), in
	})
	if made != 3 {
		t.Errorf("%d beside the first, want 3", made)
	}
	w.create(person("acc_acme", "eve", "admin"), lifecycle.Create{}) // a colleague's are the colleague's
	w.service(admin, "orders:read")                                  // and a service token is nobody's
}

func TestOneKeyRepeatedAtTheLimitIsOneToken(t *testing.T) {
	w := start(t)
	w.create(admin, lifecycle.Create{})
	w.atMost(2)
	ids := make([]token.ID, 12)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			issued, err := w.Create(t.Context(), known(admin), lifecycle.Create{Name: "ci", IdempotencyKey: "same"})
			if ids[i] = issued.Token.ID; err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("answers %v", ids)
		}
	}
}

func TestWhatOneWriteEndedLeavesRoom(t *testing.T) {
	w := start(t)
	w.atMost(2)
	full := func(what string) {
		t.Helper()
		_, err := w.Create(t.Context(), admin, lifecycle.Create{Name: "a"})
		refuses(t, what, err, lifecycle.ErrConflict, "too_many_tokens")
	}
	pair := func() {
		w.now = w.now.Add(time.Second)
		w.create(admin, lifecycle.Create{})
		w.create(admin, lifecycle.Create{ExpiresAt: null[time.Time]()})
		w.now = w.now.Add(time.Second)
	}
	pair()
	full("at the limit")
	if err := w.RevokeIssuedBefore(t.Context(), admin, &lifecycle.Person{Me: true}, w.now, ""); err != nil {
		t.Fatal(err)
	}
	pair()
	full("after one's own were ended")
	if err := w.RevokeIssuedBefore(t.Context(), admin, nil, w.now, ""); err != nil {
		t.Fatal(err)
	}
	pair()
	full("after the account's were ended")

	eve := person("acc_acme", "eve", "admin")
	w.create(eve, lifecycle.Create{})
	if _, err := w.Offboard(t.Context(), eve, lifecycle.Person{ID: admin.User}, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := w.PutUser(t.Context(), eve, lifecycle.Person{ID: admin.User}, 0, lifecycle.SetUser{Subject: "ada"}); err != nil {
		t.Fatal(err)
	}
	pair()
	full("invited again")
}

func TestALimitThatIsLoweredEndsNothingAndHoldsForWhatComes(t *testing.T) {
	w := start(t)
	first := w.create(admin, lifecycle.Create{})
	second := w.create(admin, lifecycle.Create{})
	paused := w.create(admin, lifecycle.Create{})
	if _, err := w.Update(t.Context(), admin, id(paused), 0, lifecycle.Update{Active: value(false)}); err != nil {
		t.Fatal(err)
	}
	w.atMost(2)
	w.accepted(first.Secret)
	for _, gone := range []lifecycle.Issued{first, second} { // a paused one counts: it can come back
		_, err := w.Create(t.Context(), admin, lifecycle.Create{Name: "a"})
		refuses(t, "over the limit", err, lifecycle.ErrConflict, "too_many_tokens")
		if err := w.Revoke(t.Context(), admin, id(gone), 0); err != nil {
			t.Fatal(err)
		}
	}
	w.create(admin, lifecycle.Create{})
}
