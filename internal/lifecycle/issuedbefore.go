package lifecycle

import (
	"context"
	"time"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/retry"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// RevokeIssuedBefore ends every token of a user, or of the account (no user), that was created before an instant, in one
// write. A user's are refused from the next request on, an account's within the second that settings may be held. One's
// own need nothing when signed in; all others tokens:delete. Among them are other people's personal tokens, which no single call
// revokes unless the settings say so: a signed-in person may end them in this way all the same, because something has
// happened; a token may not.
func (m *Manager) RevokeIssuedBefore(ctx context.Context, c Caller, target *Person, before time.Time, reason string) error {
	c, err := m.Know(ctx, c)
	if err != nil {
		return err
	}
	own := target != nil && c.person(*target) == c.User && !c.IsToken()
	if !own && !c.Scopes.Has(scope.TokensDelete) {
		if target != nil {
			return m.refusedUnread(ctx, c, audit.TokensRevoked, string(c.person(*target)), lacking(scope.TokensDelete))
		}
		return m.refused(ctx, c, audit.TokensRevoked, string(c.Account), lacking(scope.TokensDelete))
	}
	now := m.now()
	if before = token.Millis(before); before.After(now) {
		return Invalid([]FieldError{{Field: "before", Code: "in_future", Detail: "It lies in the future, and would end tokens that nobody has made yet."}})
	}
	if target == nil {
		return m.revokeAccount(ctx, c, before, now, reason)
	}
	return m.revokeUser(ctx, c, c.person(*target), before, reason)
}

// noneOfOthers keeps a token off other people's personal tokens, as Revoke does one by one.
func (m *Manager) noneOfOthers(ctx context.Context, c Caller, target string, mayRevoke bool) error {
	if !c.IsToken() || mayRevoke {
		return nil
	}
	err := forbidden("not_owner", "Other people's personal tokens are among them, and a token ends those only where the settings say so. Sign in.")
	return m.refused(ctx, c, audit.TokensRevoked, target, err)
}

func (m *Manager) revokeAccount(ctx context.Context, c Caller, before, now time.Time, reason string) error {
	return persist(ctx, retry.Ending, "the settings", func(ctx context.Context) error {
		s, err := m.Store.Settings(ctx, c.Account)
		if err != nil {
			return err
		}
		if err := m.noneOfOthers(ctx, c, string(c.Account), s.AdminsMayRevokePersonalTokens); err != nil || !before.After(s.IssuedBefore) {
			return err
		}
		after := s
		after.IssuedBefore, after.Sweep, after.Version, after.UpdatedAt = before, user.Sweep{Before: before}, s.Version+1, now
		event, err := m.event(c, now, audit.TokensRevoked, string(c.Account), audit.Change{Field: "issuedBefore", Before: instant(s.IssuedBefore), After: instant(before)})
		if err != nil {
			return err
		}
		event.Reason = reason
		return m.Store.EndAccount(ctx, c.Account, s, after, event)
	})
}

func (m *Manager) revokeUser(ctx context.Context, c Caller, id user.ID, before time.Time, reason string) error {
	return persist(ctx, retry.Ending, "this user", func(ctx context.Context) error {
		u, err := m.findUser(ctx, c, id)
		if err != nil {
			return err
		}
		if u.Kind == user.Person && id != c.User && c.IsToken() {
			policy, err := m.Store.Settings(ctx, c.Account)
			if err != nil {
				return err
			}
			if err := m.noneOfOthers(ctx, c, string(id), policy.AdminsMayRevokePersonalTokens); err != nil {
				return err
			}
		}
		if !before.After(u.IssuedBefore) {
			return nil
		}
		after := u
		after.IssuedBefore, after.Sweep, after.Version, after.UpdatedAt = before, user.Sweep{Before: before}, u.Version+1, m.now()
		event, err := m.event(c, after.UpdatedAt, audit.TokensRevoked, string(id), diffUsers(&u, &after)...)
		if err != nil {
			return err
		}
		event.Reason = reason
		return m.Store.EndUser(ctx, store.UserEnding{Before: u, After: after, Event: event})
	})
}
