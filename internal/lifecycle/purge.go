package lifecycle

import (
	"context"
	"errors"

	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// purgeStep is how many token items one step of a purge removes. Its end is noted on the profile, which starts the next
// step: a step that fails or is cut off is done again, and only by itself.
const purgeStep = 100

// Purge removes the next token items of an offboarded user. The tokens have been refused since the offboarding; this is
// housekeeping, changes no state that anybody decides by, and so leaves no audit event.
func (m *Manager) Purge(ctx context.Context, owner user.Ref) error {
	u, err := m.Store.User(ctx, owner)
	if errors.Is(err, user.ErrNotFound) || err == nil && u.Purge.State != user.PurgePending {
		return nil
	}
	if err != nil {
		return err
	}
	var doomed []token.ID
	after := token.ID("")
	for len(doomed) < purgeStep {
		found, last, err := m.Store.Tokens(ctx, u.Account, owner, after, purgeStep)
		if err != nil {
			return err
		}
		for i := range found {
			if found[i].Generation < u.Generation && len(doomed) < purgeStep {
				doomed = append(doomed, found[i].ID)
			}
		}
		if last == "" {
			break
		}
		after = last
	}
	state := user.PurgePending
	if len(doomed) == 0 {
		state = user.PurgeDone
	}
	return m.Store.Forget(ctx, owner, doomed, state)
}
