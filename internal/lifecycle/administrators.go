package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/user"
)

// saveUser writes a change: as an ending where it stops or demotes the person and does nothing else. One that does something
// else as well is written at the version that was read. Where others are in the way of that, the ending goes ahead, and the rest is
// decided anew on what is stored then: nothing is written over what somebody else wrote meanwhile, and nobody holds the ending up.
func (m *Manager) saveUser(ctx context.Context, w store.UserEnding) error {
	end, part := m.endingIn(w)
	if end == nil {
		return m.saveWhole(ctx, w)
	}
	if len(part.Event.Changes) == len(w.Event.Changes) {
		return end(ctx, part)
	}
	err := m.saveWhole(ctx, w)
	if w.IfVersion != 0 || !inTheirWay(err) { // whoever asks for a version wants all of it or nothing
		return err
	}
	if err := end(ctx, part); err != nil {
		return err
	}
	return fmt.Errorf("the rest of the change to %s: %w", w.Before.ID(), store.ErrChanged)
}

// endingIn returns what of a change is an ending, with how to write it; nil when nothing is. An offboarding is one as a whole.
func (m *Manager) endingIn(w store.UserEnding) (func(context.Context, store.UserEnding) error, store.UserEnding) {
	part := w
	part.After = w.Before
	part.After.UpdatedAt, part.After.Version = w.After.UpdatedAt, w.After.Version
	switch {
	case w.Before.Status == user.Offboarded: // who is taken in again, be it suspended
	case w.After.Status == user.Offboarded:
		return m.Store.EndUser, w
	case w.After.Status == user.Suspended && (w.Before.Status != user.Suspended || w.Before.SuspendedBy != w.After.SuspendedBy):
		part.After.Status, part.After.SuspendedBy = w.After.Status, w.After.SuspendedBy
		part.Event.Changes = within(w.Event.Changes, "status", "suspendedBy")
		return m.Store.EndUser, part
	case w.Before.Status == w.After.Status && m.demotes(w.Before.Roles, w.After.Roles):
		part.After.Roles, part.After.RolesStatedAt = w.After.Roles, w.After.RolesStatedAt
		part.Event.Changes = within(w.Event.Changes, "roles")
		return m.Store.SetRoles, part
	}
	return nil, part
}

// within are the changes of some fields.
func within(changes []audit.Change, fields ...string) []audit.Change {
	return slices.DeleteFunc(slices.Clone(changes), func(c audit.Change) bool { return !slices.Contains(fields, c.Field) })
}

// demotes says whether roles hold less than others did, and nothing more.
func (m *Manager) demotes(old, roles []string) bool {
	was, is := m.Catalogue.OfRoles(old), m.Catalogue.OfRoles(roles)
	return len(was.Without(is)) > 0 && len(is.Without(was)) == 0
}

func (m *Manager) saveWhole(ctx context.Context, w store.UserEnding) error {
	if left := w.Administrators; w.Giver != nil || w.ByProvider || left != nil && left.Other != "" {
		return m.Store.SaveUserBeside(ctx, w)
	}
	return m.Store.SaveUser(ctx, &w.Before, w.After, w.Event)
}

// writeUser saves a change; one that takes an administrator away holds, in the same transaction, that another one is
// still there, so that two who remove each other at the same time do not both succeed.
func (m *Manager) writeUser(ctx context.Context, c Caller, w store.UserEnding, _ settings.RolesFrom) error {
	w.Administrators = m.administrators()
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

// administrators asks that the user of a change is no administrator; with Other, that another one is left.
func (m *Manager) administrators() *store.Administrators {
	return &store.Administrators{Roles: m.Catalogue.RolesWith(scope.UsersWrite)}
}

// isAdmin says whether u is an active person who may change people.
func (m *Manager) isAdmin(u user.User) bool {
	return u.Kind == user.Person && u.Status == user.Active && m.Catalogue.OfRoles(u.Roles).Has(scope.UsersWrite)
}
