package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/retry"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Person is which user a call is about: an id, or the caller's own.
type Person struct {
	ID user.ID
	Me bool
}

func (c Caller) person(p Person) user.ID {
	if p.Me {
		return c.User
	}
	return p.ID
}

// User returns one user of the account: oneself for nothing, others with users:read. Whoever asks is stored first, so that they
// find themselves.
func (m *Manager) User(ctx context.Context, c Caller, target Person) (user.User, error) {
	c, err := m.Know(ctx, c)
	if err != nil {
		return user.User{}, err
	}
	id := c.person(target)
	if id != c.User && !c.Scopes.Has(scope.UsersRead) {
		return user.User{}, lacking(scope.UsersRead)
	}
	return m.findUser(ctx, c, id)
}

// findUser reads a user of the caller's account; one of another account is not found.
func (m *Manager) findUser(ctx context.Context, c Caller, id user.ID) (user.User, error) {
	u, err := m.Store.User(ctx, id.Ref())
	if err == nil && u.Account != c.Account {
		err = user.ErrNotFound
	}
	if err != nil {
		return user.User{}, fmt.Errorf("reading %s: %w", id, err)
	}
	return u, nil
}

// UserPage is one page of users. More says whether another follows; Last is where it begins.
type UserPage struct {
	Users []user.User
	More  bool
	Last  user.ID
}

// Users returns people of the account, in the order of their ids. status "" = all.
func (m *Manager) Users(ctx context.Context, c Caller, status user.Status, after user.ID, limit int) (UserPage, error) {
	if !c.Scopes.Has(scope.UsersRead) {
		return UserPage{}, lacking(scope.UsersRead)
	}
	var page UserPage
	for examined := 0; examined < maxExamined; examined += 100 {
		found, last, err := m.Store.People(ctx, c.Account, after, 100)
		if err != nil {
			return UserPage{}, err
		}
		for _, u := range found {
			if status != "" && u.Status != status {
				continue
			}
			if len(page.Users) == limit {
				page.More, page.Last = true, page.Users[limit-1].ID()
				return page, nil
			}
			page.Users = append(page.Users, u)
		}
		if last == "" {
			return page, nil
		}
		after = last
	}
	page.More, page.Last = true, after
	return page, nil
}

// SetUser is a request to make or change a user. Fields that are not set stay.
type SetUser struct {
	Subject     string // needed to make one ahead of the first sign-in; must then belong to the id
	Roles       Field[[]string]
	DisplayName Field[string]
}

// PutUser changes a person's roles and display name, makes one ahead of the first sign-in, and invites an offboarded one
// again, whose old tokens stay dead. It needs users:write.
func (m *Manager) PutUser(ctx context.Context, c Caller, target Person, ifVersion int64, in SetUser) (user.User, error) {
	c, err := m.Know(ctx, c)
	if err != nil {
		return user.User{}, err
	}
	id := c.person(target)
	if !c.Scopes.Has(scope.UsersWrite) {
		return user.User{}, m.refusedUnread(ctx, c, audit.UserUpdated, string(id), lacking(scope.UsersWrite))
	}
	var f faults
	f.displayName(in.DisplayName.Value)
	m.checkRoles(in.Roles.Value, &f)
	if in.Subject != "" && user.RefOf(c.Account, in.Subject).ID() != id {
		f.add("subject", "wrong_subject", "This subject's user id is %s.", user.RefOf(c.Account, in.Subject).ID())
	}
	if err := Invalid(f); err != nil {
		return user.User{}, err
	}
	ch := userChange{
		id: id, patience: retry.Changing, ifVersion: ifVersion, action: audit.UserUpdated, byRoles: true, write: m.writeUser,
		edit: func(u *user.User, from settings.RolesFrom) error { return m.editUser(c, in, from, u) },
	}
	if in.Roles.Set && !m.Catalogue.OfRoles(in.Roles.Value).Has(scope.UsersWrite) {
		ch.patience = retry.Ending // an administrator who is one no more must not be able to hold that up
	}
	if in.Subject != "" && ifVersion == 0 {
		ch.make = func(ctx context.Context, from settings.RolesFrom) (user.User, error) {
			return m.invite(ctx, c, in, from)
		}
	}
	return m.changeUserBy(ctx, c, ch)
}

func (m *Manager) checkRoles(roles []string, f *faults) {
	for i, r := range roles {
		if !m.Catalogue.HasRole(r) {
			f.add(fmt.Sprintf("roles[%d]", i), "unknown_role", "%.*q is no role here. GET /v1/scopes lists them.", MaxEcho, r)
		}
	}
}

// editUser applies a request to u.
func (m *Manager) editUser(c Caller, in SetUser, from settings.RolesFrom, u *user.User) error {
	if in.DisplayName.Set {
		u.DisplayName = in.DisplayName.Value
	}
	switch {
	case u.Status == user.Offboarded && in.Subject != "":
		u.Return(user.Administrator)
	case u.Status == user.Offboarded && len(in.Roles.Value) > 0:
		return conflict("offboarded", "The person is offboarded. PUT them with their subject to invite them again.")
	}
	if !in.Roles.Set {
		return nil
	}
	return m.say(c, from, in.Roles.Value, u)
}

// say gives u roles. That they have them already is a word of its own where it is Tokenwright's to give them: no JWT of before
// undoes it, once roles are the identity provider's again.
func (m *Manager) say(c Caller, from settings.RolesFrom, roles []string, u *user.User) error {
	if u.HasRoles(roles) && from == settings.IdentityProvider {
		return nil
	}
	if err := m.mayGive(c, from, u.Roles, roles); err != nil {
		return err
	}
	u.Roles = slices.Compact(slices.Sorted(slices.Values(roles)))
	u.Stating(m.now())
	return nil
}

// mayGive refuses roles that are the identity provider's to give, and roles that hold more than the caller does.
func (m *Manager) mayGive(c Caller, from settings.RolesFrom, old, roles []string) error {
	if from == settings.IdentityProvider {
		return conflict("roles_from_identity_provider", "The account takes roles from its identity provider. Change them there, or set rolesFrom to tokenwright.")
	}
	added := m.Catalogue.OfRoles(roles).Without(m.Catalogue.OfRoles(old))
	if wider := added.Without(c.Scopes); len(wider) > 0 {
		return exceeding(wider)
	}
	return nil
}

func exceeding(wider scope.Set) error {
	return &Refusal{Root: ErrForbidden, Code: "exceeds_caller", Detail: "You cannot grant what you do not hold: " + wider.String() + ".", Scopes: wider}
}

// invite makes a person ahead of their first sign-in.
func (m *Manager) invite(ctx context.Context, c Caller, in SetUser, from settings.RolesFrom) (user.User, error) {
	u := user.NewPerson(c.Account, in.Subject, m.now())
	none := u
	if err := m.editUser(c, in, from, &u); err != nil {
		return user.User{}, m.refused(ctx, c, audit.UserCreated, string(u.ID()), err)
	}
	if err := m.makeUser(ctx, c, &none, u); err != nil {
		if errors.Is(err, store.ErrExists) {
			return user.User{}, conflict("busy", "The person has just signed in. Try again.")
		}
		return user.User{}, orBusy(err, "this user")
	}
	return u, nil
}

// Suspend stops a person and all their tokens, until Resume. It is one write.
func (m *Manager) Suspend(ctx context.Context, c Caller, target Person, ifVersion int64) (user.User, error) {
	return m.setStatus(ctx, c, target, ifVersion, audit.UserSuspended, scope.UsersWrite, func(u *user.User) error {
		if u.Status == user.Offboarded {
			return conflict("offboarded", "The person is offboarded.")
		}
		u.Suspend(user.Administrator)
		return nil
	})
}

// Resume undoes Suspend, and the suspension by a directory.
func (m *Manager) Resume(ctx context.Context, c Caller, target Person, ifVersion int64) (user.User, error) {
	return m.setStatus(ctx, c, target, ifVersion, audit.UserResumed, scope.UsersWrite, func(u *user.User) error {
		if u.Status == user.Offboarded {
			return conflict("offboarded", "The person is offboarded, which is final for their tokens. PUT them with their subject to invite them again.")
		}
		u.Resume(user.Administrator)
		return nil
	})
}

// Offboarded is what an offboarding leaves behind for someone to decide on.
type Offboarded struct {
	User user.User
	// ServiceTokens are those the person answers for and that go on working. At most 100; More says whether there may be more,
	// which List with the person as the Steward tells.
	ServiceTokens []token.ID
	More          bool
}

// Offboard ends a person and all their tokens, however many, in one write; the tokens' items are removed afterwards.
func (m *Manager) Offboard(ctx context.Context, c Caller, target Person, ifVersion int64) (Offboarded, error) {
	u, err := m.setStatus(ctx, c, target, ifVersion, audit.UserOffboarded, scope.UsersDelete, func(u *user.User) error {
		if u.Status != user.Offboarded {
			u.Offboard(user.Administrator, m.now())
		}
		return nil
	})
	if err != nil {
		return Offboarded{}, err
	}
	out := Offboarded{User: u}
	out.ServiceTokens, out.More, err = m.leftBehind(ctx, c, u.ID())
	return out, err
}

const maxLeftBehind = 100

// leftBehind returns live service tokens that a person answers for, and whether there may be more.
func (m *Manager) leftBehind(ctx context.Context, c Caller, steward user.ID) ([]token.ID, bool, error) {
	var ids []token.ID
	now, after := m.now(), token.ID("")
	for examined := 0; examined < maxExamined; examined += 100 {
		found, last, err := m.stewarded(ctx, c, steward, after, 100)
		if err == nil {
			err = m.overtakeAll(ctx, c.Account, found)
		}
		if err != nil {
			return nil, false, err
		}
		for i := range found {
			if s := found[i].Status(now); s == token.Revoked || s == token.Expired {
				continue
			}
			if len(ids) == maxLeftBehind {
				return ids, true, nil
			}
			ids = append(ids, found[i].ID)
		}
		if last == "" {
			return ids, false, nil
		}
		after = last
	}
	return ids, true, nil
}

func (m *Manager) setStatus(ctx context.Context, c Caller, target Person, ifVersion int64, action audit.Action, needs scope.Scope, edit func(*user.User) error) (user.User, error) {
	c, err := m.Know(ctx, c)
	if err != nil {
		return user.User{}, err
	}
	id := c.person(target)
	if !c.Scopes.Has(needs) {
		return user.User{}, m.refusedUnread(ctx, c, action, string(id), lacking(needs))
	}
	return m.changeUser(ctx, c, id, ifVersion, action, edit)
}

// changeUser makes a change that has nothing to do with roles. One that stops the person cannot be held up by them.
func (m *Manager) changeUser(ctx context.Context, c Caller, id user.ID, ifVersion int64, action audit.Action, edit func(*user.User) error) (user.User, error) {
	patience := retry.Changing
	if action == audit.UserSuspended || action == audit.UserOffboarded {
		patience = retry.Ending
	}
	return m.changeUserBy(ctx, c, userChange{
		id: id, patience: patience, ifVersion: ifVersion, action: action, write: m.writeUser,
		edit: func(u *user.User, _ settings.RolesFrom) error { return edit(u) },
	})
}

// userChange is a change of a person.
type userChange struct {
	id        user.ID
	patience  retry.Patience
	ifVersion int64
	action    audit.Action
	byRoles   bool // where roles come from decides about it, and is read along; else from is ""
	entry     bool // who is no person in the directory is not found
	edit      func(u *user.User, from settings.RolesFrom) error
	write     func(ctx context.Context, c Caller, w store.UserEnding, from settings.RolesFrom) error
	// make makes the person where there is none; nil = that is an error.
	make func(ctx context.Context, from settings.RolesFrom) (user.User, error)
}

// read reads whom a change is about, and where roles come from.
func (m *Manager) read(ctx context.Context, c Caller, ch *userChange) (u user.User, from settings.RolesFrom, err error) {
	if !ch.byRoles {
		u, err = m.findUser(ctx, c, ch.id)
		return u, "", err
	}
	found, err := m.Store.LookupUser(ctx, ch.id.Ref(), store.Along{Account: c.Account})
	if err == nil && found.Owner.Account != c.Account {
		err = user.ErrNotFound
	}
	if err != nil {
		err = fmt.Errorf("reading %s: %w", ch.id, err)
	}
	if found.Settings != nil {
		from = found.Settings.RolesFrom
	}
	return found.Owner, from, err
}

// changeUserBy reads a person, lets edit change a copy, and writes the difference with its event, like changeWithin does for
// tokens. A change that would leave the account without an administrator is refused.
func (m *Manager) changeUserBy(ctx context.Context, c Caller, ch userChange) (u user.User, err error) {
	err = persist(ctx, ch.patience, "this user", func(ctx context.Context) error {
		now := m.now()
		before, from, err := m.read(ctx, c, &ch)
		if errors.Is(err, user.ErrNotFound) && ch.make != nil {
			u, err = ch.make(ctx, from)
			return err
		}
		if err == nil && ch.entry && !isEntry(&before) {
			err = fmt.Errorf("reading %s: %w", ch.id, user.ErrNotFound)
		}
		if err != nil {
			return err
		}
		if before.Kind != user.Person {
			err := conflict("not_a_person", "This is the user behind a service token. Change the token.")
			return m.refused(ctx, c, ch.action, string(ch.id), err)
		}
		u = before
		if err := ch.edit(&u, from); err != nil {
			return m.refused(ctx, c, ch.action, string(ch.id), err)
		}
		if c.User == ch.id && before.Status != user.Active && u.Status == user.Active {
			// They were let in a moment ago, when they were active still.
			return m.refused(ctx, c, ch.action, string(ch.id), forbidden("owner_inactive", "You were suspended or offboarded a moment ago."))
		}
		if err := atVersion("user", before.Version, ch.ifVersion); err != nil {
			return err
		}
		changes := diffUsers(&before, &u)
		if len(changes) == 0 {
			return m.confirm(ctx, &before, &u)
		}
		u.UpdatedAt, u.Version = now, before.Version+1
		giver, err := m.giver(ctx, c, &before, &u)
		if err != nil {
			return m.refused(ctx, c, ch.action, string(ch.id), err)
		}
		event, err := m.event(c, now, ch.action, string(ch.id), changes...)
		if err != nil {
			return err
		}
		return ch.write(ctx, c, store.UserEnding{Before: before, After: u, IfVersion: ch.ifVersion, Event: event, Giver: giver}, from)
	})
	if err != nil {
		return user.User{}, err
	}
	return u, nil
}

// confirm notes that the same roles were said again, which is no change that anybody sees.
func (m *Manager) confirm(ctx context.Context, before, u *user.User) error {
	at := u.RolesStatedAt
	*u = *before
	if at.Equal(before.RolesStatedAt) {
		return nil
	}
	u.RolesStatedAt = at
	return m.Store.ConfirmRoles(ctx, *before, at)
}

func suspender(u *user.User) any {
	if u.SuspendedBy == user.Nobody {
		return nil
	}
	return string(u.SuspendedBy)
}

// diffUsers tells the fields that differ, in the form the API shows them.
func diffUsers(a, b *user.User) []audit.Change {
	var out []audit.Change
	if a.DisplayName != b.DisplayName {
		out = append(out, audit.Change{Field: "displayName", Before: a.DisplayName, After: b.DisplayName})
	}
	if !a.HasRoles(b.Roles) {
		out = append(out, audit.Change{Field: "roles", Before: a.Roles, After: b.Roles})
	}
	if a.Status != b.Status {
		out = append(out, audit.Change{Field: "status", Before: string(a.Status), After: string(b.Status)})
	}
	if a.SuspendedBy != b.SuspendedBy {
		out = append(out, audit.Change{Field: "suspendedBy", Before: suspender(a), After: suspender(b)})
	}
	if !a.IssuedBefore.Equal(b.IssuedBefore) {
		out = append(out, audit.Change{Field: "issuedBefore", Before: instant(a.IssuedBefore), After: instant(b.IssuedBefore)})
	}
	return append(out, diffDirectories(a.Directory, b.Directory)...)
}
