package lifecycle

import (
	"context"
	"errors"
	"time"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/period"
	"github.com/tokenwright/tokenwright/internal/retry"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/standing"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
)

// Rotate gives a token a new secret: same id, scopes and expiry. The old secret stops at once, or after grace.
//
// A person rotates their own tokens for nothing, and a token itself. A token that rotates another gets to know its
// secret, so that needs tokens:write and may yield no more than the calling token has, and from nowhere else.
func (m *Manager) Rotate(ctx context.Context, c Caller, target Target, ifVersion int64, grace period.Period) (Issued, error) {
	return m.RotateOnce(ctx, c, target, ifVersion, grace, "")
}

// RotateOnce is Rotate for a request that may be repeated: under one idempotency key ("" = none) the same request is answered
// with the same secret for ReplayLife, and rotates once. Without one, the repetition of a call whose answer was lost ends
// the secret that it issued.
func (m *Manager) RotateOnce(ctx context.Context, c Caller, target Target, ifVersion int64, grace period.Period, key string) (Issued, error) {
	r := rotation{Manager: m, grace: grace, ifVersion: ifVersion}
	var err error
	if r.id, err = c.resolve(target); err != nil {
		return Issued{}, err
	}
	if c, err = m.Know(ctx, c); err != nil {
		return Issued{}, err
	}
	r.caller = c
	r.free = c.owns(r.id) && (!c.IsToken() || c.Token == r.id)
	if !r.free && !c.Scopes.Has(scope.TokensWrite) {
		return Issued{}, m.refusedUnread(ctx, c, audit.TokenRotated, string(r.id), lacking(scope.TokensWrite))
	}
	if !r.free && c.IsToken() {
		if r.within, err = m.bounds(ctx, c); err != nil {
			return Issued{}, m.refusedUnread(ctx, c, audit.TokenRotated, string(r.id), err)
		}
	}
	if key == "" {
		return r.rotate(ctx, nil)
	}
	once := once{
		operation: "rotate", key: key, advice: "Use a new key to rotate again.",
		request: digestJSON([]any{r.id, ifVersion, grace.String()}),
	}
	var issued Issued
	err = persist(ctx, retry.Changing, "what this Idempotency-Key stands for", func(ctx context.Context) (err error) {
		if issued, err = r.again(ctx, once); !errors.Is(err, store.ErrNoReplay) {
			return err
		}
		issued, err = r.rotate(ctx, &once)
		if errors.Is(err, ErrPrecondition) {
			// Perhaps by another request with this key, which the version of If-Match was meant for as well.
			if first, none := r.again(ctx, once); !errors.Is(none, store.ErrNoReplay) {
				issued = first
				return none
			}
		}
		if errors.Is(err, store.ErrReplay) { // another was quicker
			return store.ErrChanged
		}
		return err
	})
	return issued, err
}

// rotation is one request to rotate.
type rotation struct {
	*Manager
	caller    Caller
	id        token.ID
	free      bool   // needs no permission
	within    bounds // of a token that rotates another
	grace     period.Period
	ifVersion int64
}

// rotate gives the token its secret, and keeps the answer if it may be asked for again.
func (r *rotation) rotate(ctx context.Context, once *once) (Issued, error) {
	key, err := r.Keys.Current(ctx)
	if err != nil {
		return Issued{}, err
	}
	var secret token.Secret
	m := r.Manager
	if once != nil {
		m = New(m.Config)
		m.Store = recording{m.Store, func(after token.Token, now time.Time) (*store.Replay, error) {
			return m.seal(r.caller, *once, key, Issued{Token: after, Secret: secret}, now)
		}}
	}
	tok, err := m.changeWithin(ctx, r.caller, r.id, r.ifVersion, &r.within, func(now time.Time, tok *token.Token, stands standing.Standing) (audit.Action, []audit.Change, error) {
		if err := m.mayRotate(r.caller, tok, stands.Owner, &r.within, r.free, now); err != nil {
			return audit.TokenRotated, nil, err
		}
		end, err := graceEnd(r.grace, now)
		if err != nil {
			return "", nil, err
		}
		if secret, err = m.Format.Issue(tok.ID, tok.Environment, m.Random); err != nil {
			return "", nil, err
		}
		tok.Rotate(token.SecretVersion{Digest: key.Digest(secret), CreatedAt: now}, end)
		return audit.TokenRotated, []audit.Change{{Field: "oldSecretExpiresAt", After: instant(end)}}, nil
	})
	return Issued{Token: tok, Secret: secret}, err
}

// recording is a store that writes the record of an answer into the transaction of the change.
type recording struct {
	Store
	seal func(after token.Token, now time.Time) (*store.Replay, error)
}

// UpdateToken writes what changed, the event and the record.
func (s recording) UpdateToken(ctx context.Context, before, after token.Token, event audit.Event) error {
	return s.UpdateTokenBeside(ctx, store.TokenEnding{Before: before, After: after, Event: event}, nil)
}

// UpdateTokenBeside is the same beside the calling token.
func (s recording) UpdateTokenBeside(ctx context.Context, w store.TokenEnding, _ *store.Replay) error {
	replay, err := s.seal(w.After, w.Event.Time)
	if err != nil {
		return err
	}
	return s.Store.UpdateTokenBeside(ctx, w, replay)
}

// again returns the answer given before; store.ErrNoReplay when there was none. Whoever asks must still be allowed to rotate
// the token, as it is now, and the secret must still be one of its own: handed out once more it would be worth nothing.
func (r *rotation) again(ctx context.Context, once once) (Issued, error) {
	issued, err := r.replayed(ctx, r.caller, once)
	if err != nil {
		return Issued{}, err
	}
	now := r.now()
	s, err := r.find(ctx, r.caller, r.id, now)
	if err != nil {
		return Issued{}, err
	}
	if err = r.mayRotate(r.caller, s.Token, s.Owner, &r.within, r.free, now); err == nil {
		err = r.stillGood(ctx, s.Token, issued.Secret, now)
	}
	if err != nil {
		return Issued{}, r.refused(ctx, r.caller, audit.TokenRotated, string(r.id), err)
	}
	return issued, nil
}

// stillGood refuses a secret that the token has no longer.
func (m *Manager) stillGood(ctx context.Context, tok *token.Token, secret token.Secret, now time.Time) error {
	for _, v := range tok.Secrets {
		if !v.Live(now) {
			continue
		}
		key, err := m.Keys.Key(ctx, v.Digest.KeyID)
		if err != nil {
			return err
		}
		if key.Digest(secret).Equal(v.Digest) {
			return nil
		}
	}
	return conflict("rotated_again", "The secret that this request issued was replaced by a later rotation. Rotate the token, with a new Idempotency-Key.")
}
