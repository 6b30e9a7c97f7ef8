package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/user"
)

// ensureUser stores a signed-in person before their first token, and their roles when the identity provider changed
// them: a personal token is cut by the roles that are stored.
func (m *Manager) ensureUser(ctx context.Context, c Caller, now time.Time) error {
	if c.Kind != principal.Person || c.Profile == principal.ProfileCurrent {
		return nil
	}
	for range attempts {
		err := m.saveUser(ctx, c, now)
		if !errors.Is(err, store.ErrExists) && !errors.Is(err, store.ErrChanged) {
			return err
		}
	}
	return conflict("busy", "Other requests keep changing your profile. Try again.")
}

func (m *Manager) saveUser(ctx context.Context, c Caller, now time.Time) error {
	before, err := m.Store.User(ctx, c.User.Ref())
	if errors.Is(err, user.ErrNotFound) {
		event, err := m.event(c, now, audit.UserCreated, string(c.User), audit.Change{Field: "roles", After: c.Roles})
		if err != nil {
			return err
		}
		return m.Store.SaveUser(ctx, nil, user.User{
			Ref: c.User.Ref(), Account: c.Account, Subject: c.Subject, Kind: user.Person, Roles: c.Roles, Status: user.Active,
			CreatedAt: now, UpdatedAt: now, Version: 1,
		}, event)
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", c.User, err)
	}
	if !before.IsPerson(c.Account, c.Subject) || before.Status != user.Active {
		return forbidden("owner_inactive", "You were suspended or offboarded.")
	}
	if before.HasRoles(c.Roles) {
		return nil
	}
	after := before
	after.Roles, after.UpdatedAt, after.Version = c.Roles, now, before.Version+1
	event, err := m.event(c, now, audit.UserUpdated, string(c.User), audit.Change{Field: "roles", Before: before.Roles, After: after.Roles})
	if err != nil {
		return err
	}
	return m.Store.SaveUser(ctx, &before, after, event)
}
