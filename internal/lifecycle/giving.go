package lifecycle

import (
	"context"
	"errors"
	"fmt"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/retry"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/user"
)

// giver returns whom a write must hold in its transaction because they give somebody more than they had: whoever is demoted
// while their request is on its way must not give on what they held when they were let in. A service token holds what it
// does by itself, so nobody is held for it.
func (m *Manager) giver(ctx context.Context, c Caller, before, after *user.User) (*store.Giver, error) {
	had := before.Roles
	if before.Status == user.Offboarded { // earlier versions left roles there, which count no more
		had = nil
	}
	given := m.Catalogue.OfRoles(after.Roles).Without(m.Catalogue.OfRoles(had))
	if len(given) == 0 || c.Kind == principal.Service {
		return nil, nil
	}
	if c.User == before.ID() {
		return nil, exceeding(given)
	}
	caller, err := m.Store.User(ctx, c.User.Ref())
	if err != nil && !errors.Is(err, user.ErrNotFound) {
		return nil, fmt.Errorf("reading %s: %w", c.User, err)
	}
	if caller.Account == c.Account && caller.Status != user.Active {
		return nil, errInactive
	}
	if wider := given.Without(m.Catalogue.OfRoles(caller.Roles)); len(wider) > 0 {
		return nil, exceeding(wider)
	}
	return &store.Giver{Ref: caller.Ref, Roles: caller.Roles}, nil
}

// makeUser writes a new person with what whoever makes them gives.
func (m *Manager) makeUser(ctx context.Context, c Caller, none *user.User, u user.User) error {
	return persist(ctx, retry.Changing, "this user", func(ctx context.Context) error {
		giver, err := m.giver(ctx, c, none, &u)
		if err != nil {
			return m.refused(ctx, c, audit.UserCreated, string(u.ID()), err)
		}
		event, err := m.event(c, u.CreatedAt, audit.UserCreated, string(u.ID()), diffUsers(none, &u)...)
		if err != nil {
			return err
		}
		if giver == nil {
			return m.Store.SaveUser(ctx, nil, u, event)
		}
		return m.Store.SaveUserBeside(ctx, store.UserEnding{After: u, Event: event, Giver: giver})
	})
}
