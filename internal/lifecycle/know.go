package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/retry"
	"github.com/tokenwright/tokenwright/internal/standing"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Know stores a signed-in person whom the table does not know yet, and their roles when the identity provider said them
// anew: a personal token is cut by the roles that are stored. It returns the caller with the roles that count: what is
// stored may have been said after the JWT, and after the authorizer looked. It stands before every ending, and so is as patient:
// whoever is to be stopped must not hold it up by changing the profile of who stops them.
func (m *Manager) Know(ctx context.Context, c Caller) (Caller, error) {
	if c.Kind != principal.Person || c.Profile == principal.ProfileCurrent {
		return c, nil
	}
	err := persist(ctx, retry.Ending, "your profile", func(ctx context.Context) error {
		counts, err := m.know(ctx, c, m.now())
		if errors.Is(err, store.ErrExists) { // stored by another request, which may have said something else
			return store.ErrChanged
		}
		if err == nil {
			c.Roles, c.RolesStatedAt, c.Profile = counts.Roles, counts.At, principal.ProfileCurrent // so that nothing behind looks again
			c.Scopes = m.Catalogue.OfRoles(counts.Roles)
		}
		return err
	})
	return c, err
}

// know returns the roles that count, and sees to it that they are stored.
func (m *Manager) know(ctx context.Context, c Caller, now time.Time) (user.Statement, error) {
	// The authorizer holds settings for a moment. Where roles are Tokenwright's to give since, the claim must not undo what
	// was given.
	policy, err := m.Store.Settings(ctx, c.Account)
	if err != nil {
		return user.Statement{}, fmt.Errorf("reading the settings of %s: %w", c.Account, err)
	}
	said := user.Statement{Roles: c.Roles, At: c.RolesStatedAt}
	before, err := m.Store.User(ctx, c.User.Ref())
	if errors.Is(err, user.ErrNotFound) {
		return m.meet(ctx, c, standing.Roles(&user.User{}, said, policy.RolesFrom, m.Catalogue), now)
	}
	if err != nil {
		return user.Statement{}, fmt.Errorf("reading %s: %w", c.User, err)
	}
	if !before.IsPerson(c.Account, c.Subject) || before.Status != user.Active {
		return user.Statement{}, forbidden("owner_inactive", "You were suspended or offboarded.")
	}
	counts := standing.Roles(&before, said, policy.RolesFrom, m.Catalogue)
	return counts, m.keepRoles(ctx, c, before, counts, now)
}

// meet stores a person whom nobody has seen.
func (m *Manager) meet(ctx context.Context, c Caller, counts user.Statement, now time.Time) (user.Statement, error) {
	event, err := m.event(c, now, audit.UserCreated, string(c.User), audit.Change{Field: "roles", After: counts.Roles})
	if err != nil {
		return user.Statement{}, err
	}
	met := user.NewPerson(c.Account, c.Subject, now)
	met.Roles, met.RolesStatedAt = counts.Roles, counts.At
	return counts, m.Store.SaveUser(ctx, nil, met, event)
}

// keepRoles stores roles that were said anew. That the same were said again changes nothing that anybody sees: it is kept
// so that what was said in between counts as old, without a version and an event for each new JWT.
func (m *Manager) keepRoles(ctx context.Context, c Caller, before user.User, counts user.Statement, now time.Time) error {
	switch {
	case counts.At.Equal(before.RolesStatedAt) && before.HasRoles(counts.Roles):
		return nil
	case before.HasRoles(counts.Roles):
		err := m.Store.ConfirmRoles(ctx, before, counts.At)
		if errors.Is(err, store.ErrBusy) { // the same roles count with the note and without
			return nil
		}
		return err
	}
	after := before
	after.Roles, after.RolesStatedAt, after.UpdatedAt, after.Version = counts.Roles, counts.At, now, before.Version+1
	event, err := m.event(c, now, audit.UserUpdated, string(c.User), audit.Change{Field: "roles", Before: before.Roles, After: after.Roles})
	if err != nil {
		return err
	}
	return m.Store.SetRoles(ctx, store.UserEnding{Before: before, After: after, Event: event, ByJWT: true, ByProvider: m.isAdmin(before) && !m.isAdmin(after)})
}
