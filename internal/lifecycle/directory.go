package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/retry"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Entry is a person as an identity provider's directory has them. What it says is what holds: it makes people, suspends
// and resumes them, and offboards them. All of it needs scim:users. An offboarded person is no entry: the provider
// took them out, and may put them in again, which gives them a new life without roles and with none of their old tokens.
type Entry struct {
	Subject     string // of the OIDC JWT; it names the user for good
	Active      bool   // false = suspended; true lifts a directory's suspension, and not an administrator's
	DisplayName string
	Directory   user.Directory
	// Roles count where settings say that roles come from Tokenwright, and only as far as the caller holds what they grant.
	Roles []string
}

func entryOf(u *user.User) Entry {
	return Entry{Subject: u.Subject, Active: u.Status == user.Active, DisplayName: u.DisplayName, Directory: u.Directory, Roles: slices.Clone(u.Roles)}
}

// CreateEntry makes a person, or takes an offboarded one in again. One who is there already is refused with the code
// "uniqueness".
func (m *Manager) CreateEntry(ctx context.Context, c Caller, in Entry) (user.User, error) {
	id := user.RefOf(c.Account, in.Subject).ID()
	if !c.Scopes.Has(scope.SCIMUsers) {
		return user.User{}, m.refusedUnread(ctx, c, audit.UserCreated, string(id), lacking(scope.SCIMUsers))
	}
	if err := token.CheckSubject(in.Subject); err != nil {
		return user.User{}, Invalid([]FieldError{{Field: "subject", Code: "bad_subject", Detail: "Want 1 to 255 characters, none of them a control character, and no token."}})
	}
	return m.changeUserBy(ctx, c, userChange{
		id: id, patience: retry.Changing, action: audit.UserCreated, byRoles: true, write: m.writeUser,
		edit: func(u *user.User, from settings.RolesFrom) error {
			if u.Status != user.Offboarded || u.Subject != in.Subject {
				return uniqueness(in.Subject)
			}
			u.Return(user.ByDirectory)
			return m.enter(c, from, in, u)
		},
		make: func(ctx context.Context, from settings.RolesFrom) (user.User, error) {
			return m.newEntry(ctx, c, in, from)
		},
	})
}

func uniqueness(subject string) error {
	return conflict("uniqueness", "There is a user %.*q already.", MaxEcho, subject)
}

func (m *Manager) newEntry(ctx context.Context, c Caller, in Entry, from settings.RolesFrom) (user.User, error) {
	u := user.NewPerson(c.Account, in.Subject, m.now())
	none := u
	if err := m.enter(c, from, in, &u); err != nil {
		return user.User{}, m.refused(ctx, c, audit.UserCreated, string(u.ID()), err)
	}
	if err := m.makeUser(ctx, c, &none, u); errors.Is(err, store.ErrExists) {
		return user.User{}, m.refused(ctx, c, audit.UserCreated, string(u.ID()), uniqueness(in.Subject))
	} else if err != nil {
		return user.User{}, orBusy(err, "this user")
	}
	return u, nil
}

// enter writes an entry into u.
func (m *Manager) enter(c Caller, from settings.RolesFrom, in Entry, u *user.User) error {
	var f faults
	f.displayName(in.DisplayName)
	f.directory("externalId", in.Directory.ExternalID)
	f.directory("name.givenName", in.Directory.GivenName)
	f.directory("name.familyName", in.Directory.FamilyName)
	f.directory("emails", in.Directory.Email)
	f.directory("emails.type", in.Directory.EmailType)
	if from == settings.Tokenwright {
		m.checkRoles(in.Roles, &f)
	}
	slices.SortFunc(f, func(a, b FieldError) int { return strings.Compare(a.Field, b.Field) })
	if err := Invalid(f); err != nil {
		return err
	}
	u.DisplayName, u.Directory = in.DisplayName, in.Directory
	if in.Active {
		u.Resume(user.ByDirectory) // which does nothing to what an administrator suspended
	} else {
		u.Suspend(user.ByDirectory)
	}
	if from != settings.Tokenwright {
		return nil
	}
	return m.say(c, from, in.Roles, u)
}

func (f *faults) directory(field, s string) {
	if utf8.RuneCountInString(s) > MaxName || strings.ContainsFunc(s, unicode.IsControl) || token.InText(s) {
		f.add(field, "bad_text", "Want at most %d characters, none of them a control character, and no token.", MaxName)
	}
}

// ChangeEntry lets edit change what the directory says of a person; it may be called more than once. The subject cannot
// change.
//
// Where roles come from the identity provider, its word that somebody is out holds for the last administrator as well: the
// next one comes by signing in. Where roles are Tokenwright's own, the last administrator stays.
func (m *Manager) ChangeEntry(ctx context.Context, c Caller, id user.ID, ifVersion int64, edit func(*Entry) error) (user.User, error) {
	if !c.Scopes.Has(scope.SCIMUsers) {
		return user.User{}, m.refusedUnread(ctx, c, audit.UserUpdated, string(id), lacking(scope.SCIMUsers))
	}
	return m.changeEntry(ctx, c, id, ifVersion, audit.UserUpdated, func(u *user.User, from settings.RolesFrom) error {
		entry := entryOf(u)
		if err := edit(&entry); err != nil {
			return err
		}
		if entry.Subject != u.Subject {
			return conflict("mutability", "A user's subject names it and cannot change. Delete this user and create the other one.")
		}
		return m.enter(c, from, entry, u)
	})
}

func (m *Manager) changeEntry(ctx context.Context, c Caller, id user.ID, ifVersion int64, action audit.Action, edit func(*user.User, settings.RolesFrom) error) (user.User, error) {
	return m.changeUserBy(ctx, c, userChange{
		id: id, patience: retry.Ending, ifVersion: ifVersion, action: action, byRoles: true, entry: true, edit: edit,
		write: func(ctx context.Context, c Caller, w store.UserEnding, from settings.RolesFrom) error {
			w.Event.Action, w.KeepSuspender = entryAction(action, w.Before.Status, w.After.Status), w.After.Status == user.Offboarded
			if from == settings.Tokenwright {
				return m.writeUser(ctx, c, w, from)
			}
			// Where others are in the way of this, perhaps by making roles Tokenwright's own, that is read again.
			if w.ByProvider = m.isAdmin(w.Before) && !m.isAdmin(w.After); !m.isAdmin(w.Before) { // nor by the time it is written
				w.Administrators = m.administrators()
			}
			return m.saveUser(ctx, w)
		},
	})
}

// entryAction names a change by what is most of it.
func entryAction(action audit.Action, before, after user.Status) audit.Action {
	switch {
	case before == after || after == user.Offboarded:
		return action
	case after == user.Active:
		return audit.UserResumed
	default:
		return audit.UserSuspended
	}
}

// DeleteEntry offboards a person.
func (m *Manager) DeleteEntry(ctx context.Context, c Caller, id user.ID, ifVersion int64) error {
	if !c.Scopes.Has(scope.SCIMUsers) {
		return m.refusedUnread(ctx, c, audit.UserOffboarded, string(id), lacking(scope.SCIMUsers))
	}
	_, err := m.changeEntry(ctx, c, id, ifVersion, audit.UserOffboarded, func(u *user.User, _ settings.RolesFrom) error {
		u.Offboard(user.ByDirectory, m.now())
		return nil
	})
	return err
}

// Entry returns one person who is not offboarded.
func (m *Manager) Entry(ctx context.Context, c Caller, id user.ID) (user.User, error) {
	if !c.Scopes.Has(scope.SCIMUsers) {
		return user.User{}, lacking(scope.SCIMUsers)
	}
	u, err := m.findUser(ctx, c, id)
	if err == nil && !isEntry(&u) {
		err = fmt.Errorf("reading %s: %w", id, user.ErrNotFound)
	}
	return u, err
}

func isEntry(u *user.User) bool { return u.Kind == user.Person && u.Status != user.Offboarded }

// EntryBySubject returns the person with a subject, strongly consistent.
func (m *Manager) EntryBySubject(ctx context.Context, c Caller, subject string) (user.User, error) {
	u, err := m.Entry(ctx, c, user.RefOf(c.Account, subject).ID())
	if err == nil && u.Subject != subject {
		err = user.ErrNotFound
	}
	return u, err
}

// EntryQuery says which people to list. Zero fields do not filter.
type EntryQuery struct {
	ExternalID string
	Skip       int
	Limit      int // 0 = count alone
}

// maxEntries bounds how many people one list looks at. A list tells how many there are, and so reads all of them.
const maxEntries = 10_000

// Entries lists people in the order of their ids, and tells how many match in all. The index it reads lags by fractions
// of a second.
func (m *Manager) Entries(ctx context.Context, c Caller, q EntryQuery) ([]user.User, int, error) {
	if !c.Scopes.Has(scope.SCIMUsers) {
		return nil, 0, lacking(scope.SCIMUsers)
	}
	var page []user.User
	after, total := user.ID(""), 0
	for examined := 0; examined < maxEntries; examined += 100 {
		found, last, err := m.Store.People(ctx, c.Account, after, 100)
		if err != nil {
			return nil, 0, err
		}
		for i := range found {
			if !isEntry(&found[i]) || q.ExternalID != "" && found[i].Directory.ExternalID != q.ExternalID {
				continue
			}
			if total >= q.Skip && len(page) < q.Limit {
				page = append(page, found[i])
			}
			total++
		}
		if last == "" {
			return page, total, nil
		}
		after = last
	}
	return nil, 0, &Refusal{Root: ErrMalformed, Code: "too_many", Detail: fmt.Sprintf("There are more than %d people. Filter by userName.", maxEntries)}
}

// diffDirectories tells the fields that differ, in the form SCIM shows them.
func diffDirectories(a, b user.Directory) []audit.Change {
	var out []audit.Change
	for _, f := range []struct{ field, before, after string }{
		{"externalId", a.ExternalID, b.ExternalID}, {"name.givenName", a.GivenName, b.GivenName},
		{"name.familyName", a.FamilyName, b.FamilyName}, {"email", a.Email, b.Email}, {"emailType", a.EmailType, b.EmailType},
	} {
		if f.before != f.after {
			out = append(out, audit.Change{Field: f.field, Before: f.before, After: f.after})
		}
	}
	return out
}
