package lifecycle

import (
	"context"
	"errors"

	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/user"
)

// saveUser writes a change: as an ending where it stops the person.
func (m *Manager) saveUser(ctx context.Context, w store.UserEnding) error {
	left := w.Administrators
	switch {
	case w.Before.Status != w.After.Status && w.After.Status != user.Active:
		return m.Store.EndUser(ctx, w)
	case left != nil && left.Other != "":
		return m.Store.SaveUserBeside(ctx, w.Before, w.After, *left, w.Event)
	}
	return m.Store.SaveUser(ctx, &w.Before, w.After, w.Event)
}

// writeUser saves a change; one that takes an administrator away holds, in the same transaction, that another one is
// still there, so that two who remove each other at the same time do not both succeed.
func (m *Manager) writeUser(ctx context.Context, c Caller, w store.UserEnding) error {
	w.Administrators = &store.Administrators{Roles: m.Catalogue.RolesWith(scope.UsersWrite)}
	if !m.isAdmin(w.Before) || m.isAdmin(w.After) {
		return m.saveUser(ctx, w)
	}
	// Most often it is the caller. To go through all the people can take long, and whoever makes many of them must not keep
	// an administrator from being stopped.
	if c.User.Ref() != w.Before.Ref {
		caller, err := m.Store.User(ctx, c.User.Ref())
		if err == nil && caller.Account == c.Account && m.isAdmin(caller) {
			w.Administrators.Other = caller.Ref
			return m.saveUser(ctx, w)
		}
		if err != nil && !errors.Is(err, user.ErrNotFound) {
			return err
		}
	}
	cursor := user.ID("")
	for {
		people, last, err := m.Store.People(ctx, c.Account, cursor, 100)
		if err != nil {
			return err
		}
		for _, other := range people {
			if other.Ref != w.Before.Ref && m.isAdmin(other) {
				w.Administrators.Other = other.Ref
				return m.saveUser(ctx, w)
			}
		}
		if last == "" {
			err := conflict("last_administrator", "This is the last active person who may change people. Make another one first.")
			return m.refused(ctx, c, w.Event.Action, string(w.Before.ID()), err)
		}
		cursor = last
	}
}

// isAdmin says whether u is an active person who may change people.
func (m *Manager) isAdmin(u user.User) bool {
	return u.Kind == user.Person && u.Status == user.Active && m.Catalogue.OfRoles(u.Roles).Has(scope.UsersWrite)
}
