package validate

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/standing"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Cache keeps what was read of accepted tokens, for a short, set time: the longest that a revocation, a rotation or an
// offboarding goes unnoticed by a process that has it. It holds no secret: an entry is found by a digest of the token
// under a key that this process drew and nobody else knows. An entry spares the read and nothing else: secret, status,
// times, address, owner and scopes are checked on every hit, and whatever a hit does not admit is read anew, so that no
// refusal comes from the cache. It is safe for concurrent use.
type Cache struct {
	life time.Duration
	key  token.Key

	mu         sync.Mutex
	young, old map[cacheKey]cached // entries are written to young and live on in old until it is full again
	flights    map[cacheKey]*flight
}

type cacheKey [sha256.Size]byte

type cached struct {
	tok    token.Token
	owner  user.User
	policy settings.Settings // as it was read with them; a hit asks for one that is young enough
	asked  time.Time         // before the read, so that its duration is no addition to life
}

// flight is a read under way that others wait for.
type flight struct {
	done  chan struct{}
	found cached
	err   error
}

// maxCached bounds the entries, each of one or two kilobytes.
const maxCached = 8192

// MaxCacheLife bounds what NewCache accepts.
const MaxCacheLife = 5 * time.Minute

// NewCache returns a cache whose entries serve for life, which must be positive.
func NewCache(life time.Duration, random io.Reader) (*Cache, error) {
	if life <= 0 || life > MaxCacheLife {
		return nil, fmt.Errorf("a cache life of %s is not within %s", life, MaxCacheLife)
	}
	key := make([]byte, sha256.Size)
	if _, err := io.ReadFull(random, key); err != nil {
		return nil, fmt.Errorf("drawing the cache's key: %w", err)
	}
	return &Cache{life: life, key: token.NewKey("cache", key), young: map[cacheKey]cached{}, flights: map[cacheKey]*flight{}}, nil
}

// remembered decides from the cache; ok is false when it cannot, or would have to refuse. The rules of the API are no
// older than without a cache.
func (v *Validator) remembered(ctx context.Context, presented token.Secret, r Request, now time.Time) (a Admission, ok bool) {
	if v.Cache == nil {
		return a, false
	}
	key := v.Cache.keyOf(presented)
	found, ok := v.Cache.get(key, now)
	if !ok {
		return a, false
	}
	policy, err := v.policy(ctx, found.tok.Account, now)
	if err != nil {
		return a, false
	}
	version, err := v.authentic(ctx, &found.tok, presented)
	if err != nil {
		return a, false
	}
	stands := standing.Standing{Token: &found.tok, Owner: &found.owner, Policy: &policy}
	if reason, _ := stands.Refusal(&standing.Use{Version: version, From: r.From}, now); reason != "" {
		return a, false
	}
	if a.Routes, err = v.rules(ctx, r.API, now); err != nil {
		return a, false
	}
	if v.touch(ctx, &found.tok, r.From, now) {
		found.tok.LastUsedAt = now
		v.Cache.put(key, found)
	}
	a.Principal = v.principal(stands)
	return a, true
}

// remember keeps what an accepted token was read as.
func (v *Validator) remember(presented token.Secret, found cached) {
	if v.Cache != nil {
		v.Cache.put(v.Cache.keyOf(presented), found)
	}
}

// read reads a token and its owner. With a cache, those who ask for one token at the same time share one read.
func (v *Validator) read(ctx context.Context, presented token.Unverified, api route.APIID, now time.Time) (cached, error) {
	one := func() (cached, error) {
		tok, owner, policy, err := v.lookup(ctx, presented.ID, api, now)
		return cached{tok, owner, policy, now}, err
	}
	if v.Cache == nil {
		return one()
	}
	return v.Cache.once(ctx, v.Cache.keyOf(presented.Secret), one)
}

func (c *Cache) keyOf(s token.Secret) cacheKey { return c.key.Digest(s).MAC }

// get returns an entry that was asked for less than life ago.
func (c *Cache) get(key cacheKey, now time.Time) (cached, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found, ok := c.young[key]
	if !ok {
		found, ok = c.old[key]
	}
	age := now.Sub(found.asked)
	return found, ok && age >= 0 && age < c.life
}

func (c *Cache) put(key cacheKey, found cached) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.young) >= maxCached/2 {
		c.young, c.old = map[cacheKey]cached{}, c.young
	}
	c.young[key] = found
}

// once reads for all who ask while it is under way. When it fails because its own caller gave up, another reads.
func (c *Cache) once(ctx context.Context, key cacheKey, read func() (cached, error)) (cached, error) {
	for {
		c.mu.Lock()
		f, underWay := c.flights[key]
		if !underWay {
			f = &flight{done: make(chan struct{})}
			c.flights[key] = f
		}
		c.mu.Unlock()
		if !underWay {
			c.fly(key, f, read)
			return f.found, f.err
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return cached{}, fmt.Errorf("%w: %w", token.ErrUnavailable, ctx.Err())
		}
		if f.err == nil || errors.Is(f.err, token.ErrNotFound) {
			return f.found, f.err
		}
		if ctx.Err() != nil {
			return cached{}, f.err
		}
	}
}

func (c *Cache) fly(key cacheKey, f *flight, read func() (cached, error)) {
	f.err = token.ErrUnavailable // what others see if read panics
	defer func() {
		c.mu.Lock()
		delete(c.flights, key)
		c.mu.Unlock()
		close(f.done)
	}()
	f.found, f.err = read()
}
