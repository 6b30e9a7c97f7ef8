package apigateway

import (
	"sync"
	"time"
)

// cache keeps an authorizer's verdicts by the values of its identity sources.
// Only whole verdicts are kept, never errors, and for every route alike.
type cache struct {
	ttl time.Duration // zero: nothing is kept
	now func() time.Time

	mu      sync.Mutex
	entries map[string]cached
}

type cached struct {
	verdict verdict
	until   time.Time
}

func newCache(ttl time.Duration, now func() time.Time) *cache {
	return &cache{ttl: ttl, now: now, entries: map[string]cached{}}
}

func (c *cache) get(key string) (verdict, bool) {
	if c.ttl == 0 {
		return verdict{}, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[key]
	if !ok || !c.now().Before(e.until) {
		return verdict{}, false
	}
	return e.verdict, true
}

func (c *cache) put(key string, v verdict) {
	if c.ttl == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	for old, e := range c.entries {
		if !now.Before(e.until) {
			delete(c.entries, old)
		}
	}
	c.entries[key] = cached{v, now.Add(c.ttl)}
}
