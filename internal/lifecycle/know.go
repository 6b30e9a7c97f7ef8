package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/retry"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/standing"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Know stores a signed-in person whom the table does not know yet, and their roles when the identity provider said them
// anew: a personal token is cut by the roles that are stored. It returns the caller with the roles that count: what is
// stored may have been said after the JWT, and after the authorizer looked. It stands before every ending, and so is as patient:
// whoever is to be stopped must not hold it up by changing the profile of who stops them.
func (m *Manager) Know(ctx context.Context, c Caller) (Caller, error) {
	if c.isKnown() {
		return c, nil
	}
	err := persist(ctx, retry.Ending, "your profile", func(ctx context.Context) error {
		met, counts, err := m.arrival(ctx, c)
		if err == nil {
			_, err = m.keep(ctx, c, met)
		}
		if err == nil {
			c = counts
		}
		return err
	})
	return c, err
}

// isKnown says whether nothing of the caller has to be stored.
func (c Caller) isKnown() bool { return c.IsToken() || c.Profile == principal.ProfileCurrent }

// person is a signed-in person as the table has them, with what holds for them.
type person struct {
	user   user.User
	seen   bool // user is stored
	counts user.Statement
	policy settings.Settings
}

// meet reads a person, who must not be stopped, and tells the roles that count.
//
// The authorizer holds settings for a moment, so they are read as well. Where roles are Tokenwright's to give since, the claim
// must not undo what was given.
func (m *Manager) meet(ctx context.Context, c Caller) (person, error) {
	found, err := m.Store.LookupUser(ctx, c.User.Ref(), store.Along{Account: c.Account})
	if err != nil && !errors.Is(err, user.ErrNotFound) {
		return person{}, fmt.Errorf("reading %s: %w", c.User, err)
	}
	p := person{user: found.Owner, seen: err == nil, policy: *found.Settings}
	if p.seen && (!p.user.IsPerson(c.Account, c.Subject) || p.user.Status != user.Active) {
		return person{}, errInactive
	}
	p.counts = standing.Roles(&p.user, user.Statement{Roles: c.Roles, At: c.RolesStatedAt}, p.policy.RolesFrom, m.Catalogue)
	return p, nil
}

// arrival is the part of Know before anything is written: whom it would store, nil = nobody, and the caller with the roles that
// count.
func (m *Manager) arrival(ctx context.Context, c Caller) (*person, Caller, error) {
	if c.isKnown() {
		return nil, c, nil
	}
	p, err := m.meet(ctx, c)
	return &p, m.as(c, p.counts), err
}

// as is the caller with the roles that count, so that nothing behind looks again.
func (m *Manager) as(c Caller, counts user.Statement) Caller {
	c.Roles, c.RolesStatedAt, c.Profile = counts.Roles, counts.At, principal.ProfileCurrent
	c.Scopes = m.Catalogue.OfRoles(counts.Roles)
	return c
}

// keep stores what counts of a person, and returns them as they are stored then. store.ErrChanged: another request stored them,
// and may have said something else.
func (m *Manager) keep(ctx context.Context, c Caller, p *person) (user.User, error) {
	now := m.now()
	if p.seen {
		return m.keepRoles(ctx, c, p.user, p.counts, now)
	}
	event, err := m.event(c, now, audit.UserCreated, string(c.User), audit.Change{Field: "roles", After: p.counts.Roles})
	if err != nil {
		return user.User{}, err
	}
	made := user.NewPerson(c.Account, c.Subject, now)
	made.Roles, made.RolesStatedAt = p.counts.Roles, p.counts.At
	if err = m.Store.SaveUser(ctx, nil, made, event); errors.Is(err, store.ErrExists) {
		err = store.ErrChanged
	}
	return made, err
}

// keepRoles stores roles that were said anew. That the same were said again changes nothing that anybody sees: it is kept
// so that what was said in between counts as old, without a version and an event for each new JWT.
func (m *Manager) keepRoles(ctx context.Context, c Caller, before user.User, counts user.Statement, now time.Time) (user.User, error) {
	after := before
	after.Roles, after.RolesStatedAt = counts.Roles, counts.At
	switch {
	case counts.At.Equal(before.RolesStatedAt) && before.HasRoles(counts.Roles):
		return before, nil
	case before.HasRoles(counts.Roles):
		after.Roles = before.Roles
		err := m.Store.ConfirmRoles(ctx, before, counts.At)
		if errors.Is(err, store.ErrBusy) { // the same roles count with the note and without
			return before, nil
		}
		return after, err
	}
	after.UpdatedAt, after.Version = now, before.Version+1
	event, err := m.event(c, now, audit.UserUpdated, string(c.User), audit.Change{Field: "roles", Before: before.Roles, After: after.Roles})
	if err != nil {
		return user.User{}, err
	}
	return after, m.Store.SetRoles(ctx, store.UserEnding{Before: before, After: after, Event: event, ByJWT: true, ByProvider: m.isAdmin(before) && !m.isAdmin(after)})
}
