// Package user says who stands behind tokens: the people of an account and the token users that service tokens act
// as. It guarantees that a reference is derived the same way everywhere; it reads no clock and does no I/O.
package user

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tokenwright/tokenwright/internal/base62"
)

// Errors of this package.
var (
	// ErrBadAccount is returned for an account id outside the accepted alphabet.
	ErrBadAccount = errors.New("account id must be 1 to 64 letters, digits or . _ : -")
	// ErrBadID is returned for a string that is no user id.
	ErrBadID = errors.New("user id must be usr_ and 11 letters or digits")
	// ErrNotFound is returned when no such user exists for whoever asks.
	ErrNotFound = errors.New("user not found")
	// ErrBadSubject is returned for a subject that cannot name a person.
	ErrBadSubject = errors.New("subject must be 1 to 255 characters, none of them a control character, and no token")
)

// AccountID names a tenant, as the identity provider's claim spells it (by convention acc_…).
type AccountID string

// ParseAccount accepts what may stand in a partition key without a way to forge another key: no '#', no space.
func ParseAccount(s string) (AccountID, error) {
	if s == "" || len(s) > 64 || !base62.Valid(strings.NewReplacer(".", "", "_", "", ":", "", "-", "").Replace(s)) {
		return "", ErrBadAccount
	}
	return AccountID(s), nil
}

// RefLen is the length of an owner reference.
const RefLen = 11

// Ref is the owner reference: the first half of every token id of one owner, and the owner's partition in the table.
type Ref string

// RefOf derives a person's reference: SHA-256 over account and subject, both length-prefixed so that no two pairs
// collide by moving a border, cut to 11 base62 digits (65 bits). The same person always gets the same reference, which
// is what lets the id in a token find its owner. Two people with one reference would be refused, not mixed: every read
// and write of a profile compares account and subject.
func RefOf(account AccountID, subject string) Ref {
	h := sha256.New()
	h.Write([]byte("tokenwright owner reference v1"))
	for _, part := range []string{string(account), subject} {
		var size [4]byte
		binary.BigEndian.PutUint32(size[:], uint32(len(part))) //nolint:gosec // bounded to 255 bytes by ParseAccount and CheckSubject
		h.Write(size[:])
		h.Write([]byte(part))
	}
	n := new(big.Int).SetBytes(h.Sum(nil)[:16])
	digits := make([]byte, RefLen)
	for i, rest := RefLen-1, new(big.Int); i >= 0; i-- {
		n.DivMod(n, big.NewInt(62), rest)
		digits[i] = base62.Alphabet[rest.Int64()]
	}
	return Ref(digits)
}

// NewRef draws the reference of a token user, who has no subject to derive it from.
func NewRef(random io.Reader) (Ref, error) {
	s, err := base62.Random(random, RefLen)
	return Ref(s), err
}

// CheckSubject refuses subjects that are empty, over 255 characters or hold control characters.
func CheckSubject(s string) error {
	if s == "" || utf8.RuneCountInString(s) > 255 || strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
		return ErrBadSubject
	}
	return nil
}

const idPrefix = "usr_"

// ID is the public handle of a user, "usr_" and the reference.
type ID string

// ID returns the public handle of the owner with this reference.
func (r Ref) ID() ID { return ID(idPrefix + string(r)) }

// ParseID checks the form alone; whether such a user exists is the store's to say.
func ParseID(s string) (ID, error) {
	ref, ok := strings.CutPrefix(s, idPrefix)
	if !ok || len(ref) != RefLen || !base62.Valid(ref) {
		return "", ErrBadID
	}
	return ID(s), nil
}

// Ref returns the owner reference inside the id; "" for the zero ID.
func (id ID) Ref() Ref { return Ref(strings.TrimPrefix(string(id), idPrefix)) }

// Kind tells people from token users.
type Kind string

// The kinds of users.
const (
	Person  Kind = "person"  // signs in with an OIDC JWT
	Service Kind = "service" // the token user behind exactly one service token
)

// Status of a user. Only an active user's tokens work.
type Status string

// The states of a user.
const (
	Active     Status = "active"
	Suspended  Status = "suspended"  // reversible: tokens work again after a resume
	Offboarded Status = "offboarded" // final for the tokens that exist
)

// Suspender says who suspended a person, and so who may lift it.
type Suspender string

// The suspenders. An administrator lifts either's suspension, a directory only its own.
const (
	Nobody        Suspender = ""
	Administrator Suspender = "administrator"
	ByDirectory   Suspender = "directory" // the identity provider, over SCIM
)

// ParseStatus accepts the names of the states.
func ParseStatus(s string) (Status, bool) {
	return Status(s), slices.Contains([]Status{Active, Suspended, Offboarded}, Status(s))
}

// User is one owner of tokens.
type User struct {
	Ref     Ref
	Account AccountID
	Subject string // of the OIDC JWT; "" for a token user
	Kind    Kind
	Roles   []string // names from the catalogue; none for a token user, whose token carries its own scopes
	// RolesStatedAt is when Roles were said: the iat of the identity provider's JWT, or the moment somebody here gave or took
	// them. A JWT that is older has no say. Zero = nobody ever said anything, or an earlier version did not note it; see Stated.
	RolesStatedAt time.Time
	Status        Status
	SuspendedBy   Suspender // of a suspended person, and of one whom a directory took out since
	// Generation rises by one when the user is offboarded. A token of an earlier generation is dead for ever, also
	// when the person is invited again: that is what makes offboarding one write, and no clock has a say in it.
	Generation int64
	// IssuedBefore revokes the tokens created before this instant; zero = none.
	IssuedBefore time.Time
	DisplayName  string
	// Made rises by one with each personal token that is made, Counted with each for which those that stand were counted, because
	// the account limits them. They count nothing that is there: they tell apart who was at it at the same time.
	Made      int64
	Counted   int64
	Purge     Purge
	Sweep     Sweep
	Directory Directory
	CreatedAt time.Time
	UpdatedAt time.Time
	Version   int64 // rises by one with each change
}

// Directory is what an identity provider keeps with a person for itself (SCIM). Nothing is ever decided by it.
type Directory struct {
	ExternalID string // the provider's own id
	GivenName  string
	FamilyName string
	Email      string
	EmailType  string // "work", "home" or as the provider calls it; "" if it did not say
}

// Purge tells how far the removal of an offboarded user's token items is. The tokens are refused from the offboarding
// on; the purge is housekeeping.
type Purge struct {
	State   PurgeState
	Removed int64 // token items removed so far
}

// PurgeState is a state of a purge.
type PurgeState string

// The states of a purge.
const (
	NoPurge      PurgeState = ""
	PurgePending PurgeState = "pending"
	PurgeDone    PurgeState = "done"
)

// Sweep is how far it is that the tokens which one write ended get the end of their retention. They are refused from that write
// on; the sweep is housekeeping.
type Sweep struct {
	Before time.Time // those created before this instant; zero = there is nothing to do
	After  string    // the id of the token that was looked at last; "" = none yet
}

// ID returns the public handle.
func (u User) ID() ID { return u.Ref.ID() }

// NewPerson returns a person whom nobody has seen: active, and without roles.
func NewPerson(account AccountID, subject string, now time.Time) User {
	return User{
		Ref: RefOf(account, subject), Account: account, Subject: subject, Kind: Person, Roles: []string{}, Status: Active,
		CreatedAt: now, UpdatedAt: now, Version: 1,
	}
}

// IsPerson says whether u is the person of that account and subject, and not another whose reference happens to be
// the same.
func (u User) IsPerson(account AccountID, subject string) bool {
	return u.Kind == Person && u.Account == account && u.Subject == subject
}

// IssuerAhead is how far the clock of an identity provider may be ahead of ours.
const IssuerAhead = time.Minute

// Offboard ends the user and every token of theirs. They hold no roles from then on, and no JWT that was
// shown before gives them any, be its issuer's clock ahead. Who had suspended them is kept when a directory takes them out; see Return.
func (u *User) Offboard(by Suspender, now time.Time) {
	if by == Administrator {
		u.SuspendedBy = Nobody
	}
	u.Status, u.Generation, u.Purge = Offboarded, u.Generation+1, Purge{State: PurgePending}
	u.Roles = []string{}
	u.Stating(now)
}

// Return takes an offboarded user in again, without roles: earlier versions left those of before on the profile, with no
// word of when they were said. The purge of what they had goes on. Whom an administrator had suspended, a directory does
// not let in by taking them out first.
func (u *User) Return(by Suspender) {
	u.Status, u.Roles = Active, []string{}
	if by == ByDirectory && u.SuspendedBy == Administrator {
		u.Status = Suspended
	} else {
		u.SuspendedBy = Nobody
	}
	u.Stating(u.UpdatedAt)
}

// Stating notes when the user's roles were said here: never earlier than what was known before.
func (u *User) Stating(at time.Time) {
	if at.After(u.RolesStatedAt) {
		u.RolesStatedAt = at
	}
}

// Suspend stops the user. A directory's suspension of somebody whom an administrator suspended changes nothing.
func (u *User) Suspend(by Suspender) {
	if u.Status != Suspended || by == Administrator {
		u.Status, u.SuspendedBy = Suspended, by
	}
}

// Resume undoes Suspend, if who asks may lift it.
func (u *User) Resume(by Suspender) {
	if by == Administrator || u.SuspendedBy == ByDirectory {
		u.Status, u.SuspendedBy = Active, Nobody
	}
}

// Statement is what somebody who may says of a person's roles.
type Statement struct {
	Roles []string
	At    time.Time // when it was said; zero = nothing was
}

// Stated returns what is known of the user's roles. Earlier versions did not note when they were said: with the latest change of
// the user, for all that is known.
func (u User) Stated() Statement {
	if u.RolesStatedAt.IsZero() && (len(u.Roles) > 0 || u.Version > 1) {
		return Statement{Roles: u.Roles, At: u.UpdatedAt}
	}
	return Statement{Roles: u.Roles, At: u.RolesStatedAt}
}

// HasRoles says whether these are the user's roles, in any order.
func (u User) HasRoles(roles []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(u.Roles)), slices.Sorted(slices.Values(roles)))
}

// String names the user in logs without the subject, which may be an e-mail address.
func (u User) String() string { return fmt.Sprintf("%s of %s", u.ID(), u.Account) }
