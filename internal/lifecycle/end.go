package lifecycle

import (
	"context"
	"time"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/job"
	"github.com/tokenwright/tokenwright/internal/period"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/standing"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Endings are the writes that stop something. Each needs no more than that it is there and not stopped yet (store.ErrChanged),
// and goes on for as long as others keep writing the same items.
type Endings interface {
	// EndToken revokes a token, or pauses it.
	EndToken(ctx context.Context, e store.TokenEnding) error
	// EndUser suspends or offboards a person, or ends what they were issued before an instant. Nothing else is written.
	EndUser(ctx context.Context, e store.UserEnding) error
	// SetRoles writes the roles alone, over those that were read (store.ErrChanged) and whatever else changed.
	SetRoles(ctx context.Context, w store.UserEnding) error
	// EndAccount ends what an account was issued before an instant.
	EndAccount(ctx context.Context, account user.AccountID, before, after settings.Settings, event audit.Event) error
	// CancelJob ends a job that runs.
	CancelJob(ctx context.Context, before, after job.Job, event audit.Event) error
}

// Revoke ends a token for ever, from the moment it returns: one's own for nothing, a service token with tokens:delete, and
// with it another's personal token where the account's settings say so.
// Revoking what is revoked changes nothing and succeeds.
func (m *Manager) Revoke(ctx context.Context, c Caller, target Target, ifVersion int64) error {
	id, err := c.resolve(target)
	if err != nil {
		return err
	}
	if c, err = m.Know(ctx, c); err != nil {
		return err
	}
	if !c.owns(id) && !c.Scopes.Has(scope.TokensDelete) {
		return m.refusedUnread(ctx, c, audit.TokenRevoked, string(id), lacking(scope.TokensDelete))
	}
	_, err = m.end(ctx, c, id, ifVersion, func(now time.Time, tok *token.Token, stands standing.Standing) (audit.Action, []audit.Change, error) {
		if err := c.mayRevoke(tok, stands.Policy); err != nil || !tok.RevokedAt.IsZero() {
			return audit.TokenRevoked, nil, err
		}
		was := tok.Status(now)
		tok.RevokedAt = now
		return audit.TokenRevoked, []audit.Change{{Field: "status", Before: string(was), After: string(token.Revoked)}}, nil
	})
	return err
}

// mayRevoke keeps others off a personal token, unless the account lets administrators revoke them.
func (c Caller) mayRevoke(tok *token.Token, policy *settings.Settings) error {
	if policy.AdminsMayRevokePersonalTokens {
		return nil
	}
	return c.ownersAlone(tok)
}

// maxGrace bounds the overlap of two secrets.
var maxGrace = period.MustParse("P7D")

func (m *Manager) mayRotate(c Caller, tok *token.Token, owner *user.User, within *bounds, free bool, now time.Time) error {
	if err := c.ownersAlone(tok); err != nil {
		return err
	}
	if err := mayChange(tok, now); err != nil || free {
		return err
	}
	if err := within.mayWrite(c); err != nil {
		return err
	}
	if err := within.hold(c).withinCaller(m.mayDo(tok, owner), tok.ExpiresAt); err != nil {
		return err
	}
	return withinAddresses(tok.CIDRs, within.maker.CIDRs)
}

// graceEnd returns when the old secret stops: now, without a grace period.
func graceEnd(grace period.Period, now time.Time) (time.Time, error) {
	if grace.IsZero() {
		return now, nil
	}
	end := token.Millis(grace.AddTo(now))
	if end.After(maxGrace.AddTo(now)) {
		return time.Time{}, Invalid([]FieldError{{Field: "gracePeriod", Code: "too_long", Detail: "At most P7D."}})
	}
	return end, nil
}

// mayDo returns what a bearer of the token may do now.
func (m *Manager) mayDo(tok *token.Token, owner *user.User) scope.Set {
	if tok.Kind == token.Service {
		return m.Catalogue.Covered(tok.Scopes)
	}
	if tok.Scopes == nil {
		// It grows with its owner, so no list of the caller's covers it.
		return m.Catalogue.All()
	}
	return m.Catalogue.Covered(tok.Scopes).Intersect(m.Catalogue.OfRoles(owner.Roles))
}
