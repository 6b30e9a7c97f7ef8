package validate_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
	"github.com/tokenwright/tokenwright/internal/validate"
)

const cacheLife = 30 * time.Second

// caching returns start's world with a validator that has a cache.
func caching(t testing.TB) (*world, string, *validate.Validator) {
	t.Helper()
	w, text, v := start(t)
	cache, err := validate.NewCache(cacheLife, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := v.Config
	c.Cache = cache
	return w, text, validate.New(c)
}

func TestACacheSparesReadsForItsLifeAndNoLonger(t *testing.T) {
	w, text, v := caching(t)
	for _, tt := range []struct {
		after time.Duration
		reads int
	}{{0, 1}, {1, 1}, {cacheLife - 1, 1}, {cacheLife, 2}, {cacheLife + 1, 2}, {2*cacheLife - 1, 2}, {2 * cacheLife, 3}} {
		w.now = noon.Add(tt.after)
		if _, err := admit(t.Context(), v, text, here); err != nil || w.reads != tt.reads {
			t.Errorf("after %s: %d reads, %v; want %d", tt.after, w.reads, err, tt.reads)
		}
	}
}

// The delay that a cache adds to a revocation is its life, to the nanosecond, counted from before the read.
func TestARevocationIsFeltAfterTheCachesLifeAtTheLatest(t *testing.T) {
	for name, end := range map[string]func(*world){
		"revoked":    func(w *world) { w.tok.RevokedAt = noon },
		"paused":     func(w *world) { w.tok.Active = false },
		"offboarded": func(w *world) { w.owner.Status = user.Offboarded },
		"removed":    func(w *world) { w.stored = false },
		"rotated":    func(w *world) { w.tok.Secrets = nil },
	} {
		w, text, v := caching(t)
		if _, err := admit(t.Context(), v, text, here); err != nil {
			t.Fatal(err)
		}
		end(w)
		w.now = noon.Add(cacheLife - 1)
		if _, err := admit(t.Context(), v, text, here); err != nil {
			t.Errorf("%s: refused before the cache's life is over: %v", name, err)
		}
		w.now = noon.Add(cacheLife)
		if _, err := admit(t.Context(), v, text, here); !errors.Is(err, validate.ErrDenied) {
			t.Errorf("%s: %v at the end of the cache's life, want a denial", name, err)
		}
	}
}

func TestEveryHitIsCheckedAgain(t *testing.T) {
	for name, tt := range map[string]struct {
		make func(*world)
		from netip.Addr
		at   time.Duration
		want validate.Reason
	}{
		"expiry":           {func(w *world) { w.tok.ExpiresAt = noon.Add(time.Second) }, here, time.Second, validate.Expired},
		"a secret's grace": {func(w *world) { w.tok.Secrets[0].ExpiresAt = noon.Add(time.Second) }, here, time.Second, validate.Superseded},
		"address": {func(w *world) { w.tok.CIDRs = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")} },
			netip.MustParseAddr("198.51.100.1"), 0, validate.AddressDenied},
	} {
		w, text, v := caching(t)
		tt.make(w)
		if _, err := admit(t.Context(), v, text, here); err != nil {
			t.Fatal(err)
		}
		w.now = noon.Add(tt.at)
		var denial *validate.Denial
		if _, err := admit(t.Context(), v, text, tt.from); !errors.As(err, &denial) || denial.Reason != tt.want {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
}

// What became good meanwhile is not refused by what is remembered.
func TestNoRefusalComesFromTheCache(t *testing.T) {
	w, text, v := caching(t)
	w.tok.Active = false
	for range 2 {
		if _, err := admit(t.Context(), v, text, here); err == nil {
			t.Fatal("a paused token is let in")
		}
	}
	if w.reads != 2 {
		t.Errorf("%d reads for two refusals", w.reads)
	}
	w.tok.Active = true
	if _, err := admit(t.Context(), v, text, here); err != nil {
		t.Errorf("a resumed token: %v", err)
	}
	renewed := issue(t, w.tok.ID)
	w.tok.Secrets = []token.SecretVersion{{Digest: w.keys["k1"].Digest(renewed)}}
	if _, err := admit(t.Context(), v, renewed.Reveal(), here); err != nil {
		t.Errorf("a secret that a rotation made a moment ago: %v", err)
	}
}

// Another secret with the id of a remembered token is another entry, and is read and refused.
func TestAHitNeedsTheWholeToken(t *testing.T) {
	w, text, v := caching(t)
	if _, err := admit(t.Context(), v, text, here); err != nil {
		t.Fatal(err)
	}
	if _, err := admit(t.Context(), v, issue(t, w.tok.ID).Reveal(), here); !errors.Is(err, validate.ErrDenied) || w.reads != 2 {
		t.Errorf("a made-up secret: %v after %d reads", err, w.reads)
	}
}

func TestAHitNotesUsesAsOftenAsAReadWould(t *testing.T) {
	w, text, v := caching(t)
	w.tok.LastUsedAt = noon.Add(-time.Hour)
	for range 3 {
		if _, err := admit(t.Context(), v, text, here); err != nil {
			t.Fatal(err)
		}
	}
	if w.touches != 1 {
		t.Errorf("%d notes of three uses in a moment", w.touches)
	}
}

// gate holds every read until it is opened.
type gate struct {
	*world
	mu    sync.Mutex
	begun chan struct{}
	open  chan struct{}
}

func (g *gate) Lookup(ctx context.Context, id token.ID, along store.Along) (store.Found, error) {
	g.begun <- struct{}{}
	select {
	case <-g.open:
	case <-ctx.Done():
		return store.Found{}, fmt.Errorf("%w: %w", token.ErrUnavailable, ctx.Err())
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.world.Lookup(ctx, id, along)
}

func gated(t *testing.T) (*gate, string, *validate.Validator) {
	w, text, v := caching(t)
	g := &gate{world: w, begun: make(chan struct{}, 100), open: make(chan struct{})}
	c := v.Config
	c.Store, c.Catalogue = g, scope.Shipped()
	return g, text, validate.New(c)
}

func TestConcurrentMissesOnOneTokenAreOneRead(t *testing.T) {
	g, text, v := gated(t)
	const callers = 20
	errs := make(chan error, callers)
	for range callers {
		go func() { _, err := admit(t.Context(), v, text, here); errs <- err }()
	}
	<-g.begun
	time.Sleep(20 * time.Millisecond) // lets the others come; those who come later find the entry
	close(g.open)
	for range callers {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if g.reads != 1 {
		t.Errorf("%d reads for %d callers", g.reads, callers)
	}
}

func TestACallerWhoGivesUpDoesNotFailTheOthers(t *testing.T) {
	g, text, v := gated(t)
	leaving, leave := context.WithCancel(t.Context())
	first, second := make(chan error, 1), make(chan error, 1)
	go func() { _, err := admit(leaving, v, text, here); first <- err }()
	<-g.begun
	go func() { _, err := admit(t.Context(), v, text, here); second <- err }()
	leave()
	if err := <-first; !errors.Is(err, token.ErrUnavailable) {
		t.Errorf("who gave up: %v", err)
	}
	close(g.open)
	if err := <-second; err != nil {
		t.Errorf("who stayed: %v", err)
	}
}

func TestACacheForgetsTheOldestWhenItIsFull(t *testing.T) {
	w, text, v := caching(t)
	if _, err := admit(t.Context(), v, text, here); err != nil {
		t.Fatal(err)
	}
	for range 9000 {
		secret := issue(t, w.tok.ID)
		w.tok.Secrets = []token.SecretVersion{{Digest: w.keys["k1"].Digest(secret)}}
		if _, err := admit(t.Context(), v, secret.Reveal(), here); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := admit(t.Context(), v, text, here); err == nil {
		t.Error("9,000 tokens later the first is still remembered, and let in with a secret that is gone")
	}
}

func TestACacheHasALife(t *testing.T) {
	for _, life := range []time.Duration{0, -1, validate.MaxCacheLife + 1} {
		if _, err := validate.NewCache(life, rand.Reader); err == nil {
			t.Errorf("a life of %s is taken", life)
		}
	}
}
