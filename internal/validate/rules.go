package validate

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/token"
)

// RulesAge is how long the rules of an API are held in the process: the longest that changed rules take to be felt. Every
// caller of an API shares one item, which cannot be read on every validation.
const RulesAge = 5 * time.Second

// maxAPIs bounds the APIs whose rules are held. When it is reached all are forgotten and read again.
const maxAPIs = 1000

// apis holds the rules of APIs, made ready to decide.
type apis struct {
	mu   sync.Mutex
	held map[route.APIID]heldRules
}

type heldRules struct {
	compiled *route.Compiled // nil = the API has none
	asked    time.Time       // before the read, so that its duration is no addition to RulesAge
}

func newAPIs() *apis { return &apis{held: map[route.APIID]heldRules{}} }

// fresh returns the rules of an API if they are young enough at now.
func (a *apis) fresh(api route.APIID, now time.Time) (*route.Compiled, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	h, ok := a.held[api]
	age := now.Sub(h.asked)
	return h.compiled, ok && age >= 0 && age < RulesAge
}

// stale returns the API if its rules have to be read, else "".
func (a *apis) stale(api route.APIID, now time.Time) route.APIID {
	if _, ok := a.fresh(api, now); ok {
		return ""
	}
	return api
}

// hold keeps rules that were asked for at an instant. It compiles them under the lock: who else needs them then would only
// do the same work.
func (a *apis) hold(rules *route.Rules, asked time.Time) *route.Compiled {
	a.mu.Lock()
	defer a.mu.Unlock()
	before, ok := a.held[rules.API]
	h := heldRules{asked: asked}
	switch {
	case rules.Version == 0:
	case ok && before.compiled != nil && before.compiled.Rules().Version == rules.Version:
		h.compiled = before.compiled
	default:
		h.compiled = route.Compile(rules)
	}
	if !ok && len(a.held) >= maxAPIs {
		clear(a.held)
	}
	a.held[rules.API] = h
	return h.compiled
}

// rules returns an API's rules, at most RulesAge old; nil when it has none, and for no API.
func (v *Validator) rules(ctx context.Context, api route.APIID, now time.Time) (*route.Compiled, error) {
	if api == "" {
		return nil, nil
	}
	if c, ok := v.apis.fresh(api, now); ok {
		return c, nil
	}
	rules, err := v.Store.Routes(ctx, api)
	if err != nil {
		if !errors.Is(err, token.ErrUnavailable) {
			err = fmt.Errorf("%w: %w", token.ErrUnavailable, err)
		}
		return nil, fmt.Errorf("reading the rules of %s: %w", api, err)
	}
	return v.apis.hold(&rules, now), nil
}
