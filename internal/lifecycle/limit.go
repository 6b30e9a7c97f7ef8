package lifecycle

import (
	"context"
	"time"

	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// hasRoom refuses one token more than a person may have. Those that ended do not count, however they did. The count holds for
// the creator as read before it; see store.Creation.
func (m *Manager) hasRoom(ctx context.Context, c Caller, creator *user.User, policy *settings.Settings, now time.Time) error {
	limit := policy.Personal.MaxTokensPerUser
	if limit == 0 {
		return nil
	}
	live, after := 0, token.ID("")
	for {
		found, last, err := m.Store.Tokens(ctx, c.Account, creator.Ref, after, 100)
		if err != nil {
			return err
		}
		for i := range found {
			overtake(&found[i], creator, policy)
			if s := found[i].Status(now); s != token.Revoked && s != token.Expired {
				live++
			}
		}
		if live >= limit {
			return tooMany(limit)
		}
		if last == "" {
			return nil
		}
		after = last
	}
}

func tooMany(limit int) error {
	return conflict("too_many_tokens", "The account's settings allow %d tokens, and you have as many. Revoke one first.", limit)
}
