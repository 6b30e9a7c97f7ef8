// Package audit is the record of who changed what: the event, and how one is made. It guarantees that an event never
// holds a secret or a digest, because nothing it is built from can. Writing events, in the same transaction as the
// change they tell of, is the store's.
package audit

import (
	"fmt"
	"io"
	"time"

	"github.com/tokenwright/tokenwright/internal/base62"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Action names a change of state.
type Action string

// The actions.
const (
	TokenCreated Action = "token.created"
	TokenUpdated Action = "token.updated"
	TokenRotated Action = "token.rotated"
	TokenRevoked Action = "token.revoked"
	UserCreated  Action = "user.created"
	UserUpdated  Action = "user.updated"
)

// ID names an event: "evt_" and 22 base62 digits that begin with the time, so ids sort as events happened.
type ID string

const idPrefix, idLen = "evt_", 22

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

// Event is one change of state.
type Event struct {
	ID      ID
	Time    time.Time
	Account user.AccountID
	Action  Action
	Target  string // public id of what changed
	Actor   Actor
	Origin  Origin
	Changes []Change
}

// NewID returns the id of an event at now.
func NewID(now time.Time, random io.Reader) (ID, error) {
	s, err := base62.TimeOrdered(random, now.UnixMilli(), idLen)
	if err != nil {
		return "", fmt.Errorf("naming an audit event: %w", err)
	}
	return ID(idPrefix + s), nil
}
