package validate

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// PolicyAge is how long an account's settings are held in the process: the longest that a changed setting takes to be
// felt. All tokens of an account share one item, and DynamoDB serves about 3,000 strongly consistent reads of an item a
// second, so it cannot be read on every validation.
const PolicyAge = time.Second

// maxPolicies bounds what is held, in accounts and in owners. When it is reached everything is forgotten and read again.
const maxPolicies = 10_000

// policies holds accounts' settings, and which account an owner belongs to, which never changes: with it, settings that
// have grown old are read in the same round trip as the token that needs them.
type policies struct {
	mu       sync.Mutex
	accounts map[user.Ref]user.AccountID
	held     map[user.AccountID]heldPolicy
	last     user.AccountID // the guess for an owner not seen before: most deployments have few accounts
}

type heldPolicy struct {
	settings settings.Settings
	read     time.Time
}

func newPolicies() *policies {
	return &policies{accounts: map[user.Ref]user.AccountID{}, held: map[user.AccountID]heldPolicy{}}
}

// fresh returns the settings of an account if they are young enough at now.
func (p *policies) fresh(account user.AccountID, now time.Time) (settings.Settings, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	h, ok := p.held[account]
	age := now.Sub(h.read)
	return h.settings, ok && age >= 0 && age < PolicyAge
}

// hold keeps settings that were asked for at an instant: not when they arrived, so that the delay stays PolicyAge.
func (p *policies) hold(account user.AccountID, s settings.Settings, asked time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.held) >= maxPolicies {
		clear(p.held)
	}
	p.held[account] = heldPolicy{settings: s, read: asked}
}

// stale returns the account of an owner, or the likeliest, if its settings have to be read; "" when they need not be, or
// when nothing is known yet.
func (p *policies) stale(owner user.Ref, now time.Time) user.AccountID {
	p.mu.Lock()
	account, ok := p.accounts[owner]
	if !ok {
		account = p.last
	}
	p.mu.Unlock()
	if account == "" {
		return ""
	}
	if _, ok := p.fresh(account, now); ok {
		return ""
	}
	return account
}

func (p *policies) learn(owner user.Ref, account user.AccountID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.accounts) >= maxPolicies {
		clear(p.accounts)
	}
	p.accounts[owner], p.last = account, account
}

// lookup reads a token, its owner, the account's settings and, when those held are stale, the rules of the API that is
// called: one round trip to the store, but for the first token of an owner in this process whose account is another than
// that of the token before.
func (v *Validator) lookup(ctx context.Context, id token.ID, api route.APIID, now time.Time) (token.Token, user.User, settings.Settings, error) {
	along := store.Along{Account: v.policies.stale(id.Owner(), now), API: v.apis.stale(api, now)}
	found, err := v.Store.Lookup(ctx, id, along)
	if found.Rules != nil {
		v.apis.hold(found.Rules, now)
	}
	if err != nil {
		return token.Token{}, user.User{}, settings.Settings{}, err
	}
	v.policies.learn(id.Owner(), found.Token.Account)
	if found.Settings != nil {
		v.policies.hold(along.Account, *found.Settings, now)
	}
	s, err := v.policy(ctx, found.Token.Account, now)
	return found.Token, found.Owner, s, err
}

// lookupUser is lookup for a signed-in person, whose account the identity provider names: always one round trip. The error is
// user.ErrNotFound when nobody has seen them; the settings hold for them all the same.
func (v *Validator) lookupUser(ctx context.Context, ref user.Ref, account user.AccountID, api route.APIID, now time.Time) (user.User, settings.Settings, error) {
	along := store.Along{API: v.apis.stale(api, now)}
	if _, held := v.policies.fresh(account, now); !held {
		along.Account = account
	}
	found, err := v.Store.LookupUser(ctx, ref, along)
	if found.Rules != nil {
		v.apis.hold(found.Rules, now)
	}
	if found.Settings != nil {
		v.policies.hold(account, *found.Settings, now)
	}
	if err != nil && !errors.Is(err, user.ErrNotFound) {
		return user.User{}, settings.Settings{}, err
	}
	policy, unread := v.policy(ctx, account, now) // which came with the person
	if unread != nil {
		err = unread
	}
	return found.Owner, policy, err
}

// policy returns an account's settings, at most PolicyAge old.
func (v *Validator) policy(ctx context.Context, account user.AccountID, now time.Time) (settings.Settings, error) {
	if s, ok := v.policies.fresh(account, now); ok {
		return s, nil
	}
	s, err := v.Store.Settings(ctx, account)
	if err != nil {
		if !errors.Is(err, token.ErrUnavailable) {
			err = fmt.Errorf("%w: %w", token.ErrUnavailable, err)
		}
		return settings.Settings{}, fmt.Errorf("reading the settings of %s: %w", account, err)
	}
	v.policies.hold(account, s, now)
	return s, nil
}
