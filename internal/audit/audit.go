// Package audit is the record of who changed what: the event, and how one is made. It guarantees that an event never
// holds a secret or a digest, because nothing it is built from can. Writing events, in the same transaction as the
// change they tell of, is the store's.
package audit

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tokenwright/tokenwright/internal/base62"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Action names a change of state.
type Action string

// The actions.
const (
	TokenCreated     Action = "token.created"
	TokenUpdated     Action = "token.updated"
	TokenRotated     Action = "token.rotated"
	TokenRevoked     Action = "token.revoked"
	TokenTransferred Action = "token.transferred"

	UserCreated    Action = "user.created"
	UserUpdated    Action = "user.updated"
	UserSuspended  Action = "user.suspended"
	UserResumed    Action = "user.resumed"
	UserOffboarded Action = "user.offboarded"

	// TokensRevoked ends every token of a user or an account that was issued before an instant.
	TokensRevoked   Action = "tokens.revoked"
	SettingsUpdated Action = "settings.updated"

	// APIUpdated makes or replaces the rules of an API, APIDeleted removes them.
	APIUpdated Action = "api.updated"
	APIDeleted Action = "api.deleted"

	// JobCreated begins a bulk revocation; what it does to each token has an event of its own.
	JobCreated   Action = "job.created"
	JobCancelled Action = "job.cancelled"
	JobStopped   Action = "job.stopped" // because whoever began it may not go on
)

var actions = []Action{
	TokenCreated, TokenUpdated, TokenRotated, TokenRevoked, TokenTransferred, UserCreated, UserUpdated, UserSuspended, UserResumed, UserOffboarded,
	TokensRevoked, SettingsUpdated, APIUpdated, APIDeleted, JobCreated, JobCancelled, JobStopped,
}

// ParseAction accepts the names of the actions.
func ParseAction(s string) (Action, bool) { return Action(s), slices.Contains(actions, Action(s)) }

// ID names an event: "evt_" and 22 base62 digits that begin with the time, so ids sort as events happened.
type ID string

const idPrefix, idLen = "evt_", 22

// ParseID checks the form alone.
func ParseID(s string) (ID, bool) {
	digits, ok := strings.CutPrefix(s, idPrefix)
	return ID(s), ok && len(digits) == idLen && base62.Valid(digits)
}

// IDOf returns the id with these digits.
func IDOf(digits string) ID { return ID(idPrefix + digits) }

// Earliest and Latest return the digits between which the ids of events from one instant to another lie, both included;
// the zero time sets no bound.
func Earliest(from time.Time) string {
	return base62.Encode(uint64(max(from.UnixMilli(), 0)), base62.TimeWidth)
}

// Latest is the upper bound.
func Latest(to time.Time) string {
	if to.IsZero() {
		return strings.Repeat("z", idLen)
	}
	return base62.Encode(uint64(max(to.UnixMilli(), 0)), base62.TimeWidth) + strings.Repeat("z", idLen-base62.TimeWidth)
}

// Digits returns the part of the id that sorts.
func (id ID) Digits() string { return string(id[len(idPrefix):]) }

// Actor is who caused an event.
type Actor struct {
	User  user.ID
	Token token.ID // "" when the person was signed in
	Kind  string   // person, personal or service
}

// Origin is the request an event came from, as the gateway saw it.
type Origin struct {
	IP        string
	UserAgent string // cut to 256 bytes
	RequestID string
}

// Change tells one field's value before and after, in the form the API shows it. A nil value means "none".
type Change struct {
	Field  string
	Before any
	After  any
}

// Event is one change of state, or one that was refused, be it repeatedly.
type Event struct {
	ID      ID
	Time    time.Time
	Account user.AccountID
	Action  Action
	Target  string // public id of what changed
	// Stray says that an attempt was about something that the account does not have. It decides where the event is found,
	// and is not stored.
	Stray   bool
	Actor   Actor
	Origin  Origin
	Changes []Change
	Refused string // the refusal's code, or Many; "" = the change was made
	Reason  string // given by the actor, or why it is Many; "" = none
	Count   int64  // how many attempts it tells of; 1 of a change
}

// Subject returns the account's token that an event is about; "" when it is about something else, or about a token that
// the account does not have.
func (e *Event) Subject() token.ID {
	id, err := token.ParseID(e.Target)
	if err != nil || e.Stray {
		return ""
	}
	return id
}

// NewID returns the id of an event at now.
func NewID(now time.Time, random io.Reader) (ID, error) {
	s, err := base62.TimeOrdered(random, now.UnixMilli(), idLen)
	if err != nil {
		return "", fmt.Errorf("naming an audit event: %w", err)
	}
	return ID(idPrefix + s), nil
}
