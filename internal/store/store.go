// Package store is the vocabulary between the rules and whatever keeps tokens: what is read and written as one, and
// how a write is turned down. It decides nothing, so that rules and adapters need not know each other.
package store

import (
	"errors"
	"fmt"
	"time"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// How a write is turned down. Nothing was written then.
var (
	// ErrChanged: the item is not the one that was read.
	ErrChanged = errors.New("changed by another request")
	// ErrExists: the id is taken.
	ErrExists = errors.New("exists already")
	// ErrReplay: the idempotency key has been used before.
	ErrReplay = errors.New("idempotency key used before")
	// ErrNoReplay: the idempotency key has not been used.
	ErrNoReplay = errors.New("no such idempotency key")
	// ErrBusy: others were writing the same items whenever it was tried.
	ErrBusy = errors.New("others are writing it all the time")
	// ErrOwnerInactive: an owner was suspended or offboarded.
	ErrOwnerInactive = errors.New("owner is not active")
)

// Along is what the look-up of a token, or of a user, brings along in its one round trip.
type Along struct {
	Account user.AccountID // whose settings; "" = none
	API     route.APIID    // whose rules; "" = none
}

// Found is what a look-up found.
type Found struct {
	Token token.Token // of the look-up of a user, zero
	Owner user.User
	// Settings are nil when they were not asked for, or asked for of another account than the token's. They are there also when
	// the user that was looked up is not: whoever signs in for the first time is held to them.
	Settings *settings.Settings
	// Rules are nil when they were not asked for; of an API that has none the version is 0. They are there also when the
	// token is not, or the user: whoever guesses ids must not make every guess read them.
	Rules *route.Rules
}

// Creation is everything one create writes, in one transaction.
type Creation struct {
	Token     token.Token
	TokenUser *user.User // of a service token; nil for a personal one, whose owner exists
	// Creator must be active, and of this generation, at that moment (ErrChanged).
	Creator user.User
	// Given says that what the token may do was judged by the creator's roles: they must be those that were read.
	Given bool
	Maker *Maker // nil = a person asks
	// Counted says that the creator's tokens were counted after Creator was read: no other personal token of theirs may come in
	// between, nor one that was counted before one that was not, because the limit was set meanwhile (ErrChanged).
	Counted bool
	Event   audit.Event
	Replay  *Replay // nil without an Idempotency-Key
}

// Maker is the token by which another is made, changed or rotated. What it lets do is judged before the write, so it must be as it
// was read; whatever narrows or ends a token raises its version.
type Maker struct {
	Token   token.ID
	Version int64
	Owner   *Giver // of a personal one; nil = the write holds the owner already, or roles have no say
}

// Replay is the record of one create or rotation that carried an Idempotency-Key.
type Replay struct {
	Account   user.AccountID
	Digest    string // of caller and key; names the record
	Request   string // digest of the request, which a repetition must match
	KeyID     string // of the keyring
	Sealed    []byte // the answer; see the lifecycle package
	ExpiresAt time.Time
}

// An ending is a change that stops something: a token, a person, all that was issued before an instant, a job. It holds
// that the thing is there and not ended yet, and not that it is as it was read: whoever is being stopped must not be able to
// hold it up by changing something else. IfVersion is for a caller who asked for that; 0 = any version.

// TokenEnding revokes a token, or pauses it.
type TokenEnding struct {
	Before, After token.Token
	IfVersion     int64
	Event         audit.Event
	Maker         *Maker // of a change that ends nothing; nil = nobody is held
}

// UserEnding suspends or offboards a person, or ends what they were issued before an instant.
type UserEnding struct {
	Before, After user.User
	IfVersion     int64
	Event         audit.Event
	// Administrators is what keeps an account from losing its last one; nil = nobody asks.
	Administrators *Administrators
	Giver          *Giver // nil = the person gets no more than they had, or nobody gives it
	// ByProvider holds that the account's roles come from its identity provider still: its word takes the last administrator as
	// well, and must not do so where somebody has just made roles Tokenwright's own.
	ByProvider bool
	// ByJWT says that the roles are a JWT's word, which counts unless something was said since.
	ByJWT bool
	// KeepSuspender is an offboarding by a directory, which has no say in an administrator's suspension: what is stored of who
	// suspended the person stays, be it since the person was read.
	KeepSuspender bool
}

// Giver is who gives something on the strength of their roles: they must still be active, and have the roles that were read.
type Giver struct {
	Ref   user.Ref
	Roles []string
}

// Administrators says who is left: another one, or, when Other is "", all of them, because the user is none.
type Administrators struct {
	Roles []string // each makes an administrator
	Other user.Ref // active, and has one of the roles
}

// InTheWayError is returned for a step that met tokens which others are writing, or have ended since. Nothing was written.
type InTheWayError struct{ Tokens []token.ID }

// Error names the tokens.
func (e *InTheWayError) Error() string { return fmt.Sprintf("others are writing %v", e.Tokens) }
