package lifecycle

import (
	"context"
	"errors"

	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// purgeStep is how many token items one step of a purge removes, and one of a sweep looks at. Its end is noted on the
// profile, or in the settings, which starts the next step: a step that fails or is cut off is done again, and only by itself.
const purgeStep = 100

// Purge takes the next step with the tokens of a user that one write ended: it removes those of somebody offboarded, and then
// notes when the others may be forgotten. All of them have been refused since that write; this is housekeeping, changes no
// state that anybody decides by, and so leaves no audit event.
func (m *Manager) Purge(ctx context.Context, owner user.Ref) error {
	u, err := m.Store.User(ctx, owner)
	switch {
	case errors.Is(err, user.ErrNotFound):
		return nil
	case err != nil:
		return err
	case u.Purge.State == user.PurgePending:
		return m.forget(ctx, &u)
	default:
		return m.sweep(ctx, u.Account, owner, u.Sweep)
	}
}

// PurgeAccount is Purge for what an account was issued before an instant.
func (m *Manager) PurgeAccount(ctx context.Context, account user.AccountID) error {
	s, err := m.Store.Settings(ctx, account)
	if err != nil {
		return err
	}
	return m.sweep(ctx, account, "", s.Sweep)
}

// forget removes the next token items of an offboarded user.
func (m *Manager) forget(ctx context.Context, u *user.User) error {
	var doomed []token.ID
	after := token.ID("")
	for len(doomed) < purgeStep {
		found, last, err := m.Store.Tokens(ctx, u.Account, u.Ref, after, purgeStep)
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
	return m.Store.Forget(ctx, u.Ref, doomed, state)
}

// sweep gives the next of the tokens that were issued before an instant, and would stay for ever, the end of their retention.
// The instant only ever moves on, so an end that is noted is right for good.
func (m *Manager) sweep(ctx context.Context, account user.AccountID, owner user.Ref, at user.Sweep) error {
	if at.Before.IsZero() {
		return nil
	}
	found, last, err := m.Store.Tokens(ctx, account, owner, token.ID(at.After), purgeStep)
	if err != nil {
		return err
	}
	var ended []token.Token
	for i := range found {
		if found[i].RemovableAt().IsZero() && found[i].CreatedAt.Before(at.Before) {
			ended = append(ended, found[i])
		}
	}
	if err := m.overtakeAll(ctx, account, ended); err != nil {
		return err
	}
	for i := range ended {
		if end := ended[i].RemovableAt(); !end.IsZero() {
			if err := m.Store.Retire(ctx, ended[i].ID, end); err != nil {
				return err
			}
		}
	}
	next := user.Sweep{Before: at.Before, After: string(last)}
	if last == "" {
		next = user.Sweep{}
	}
	if err := m.Store.MoveSweep(ctx, account, owner, at, next); !errors.Is(err, store.ErrChanged) {
		return err
	}
	return nil // a later revocation began a sweep of its own, or this step was taken twice; that write calls the next step
}
