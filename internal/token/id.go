package token

import (
	"io"
	"strings"
	"time"

	"github.com/tokenwright/tokenwright/internal/base62"
	"github.com/tokenwright/tokenwright/internal/user"
)

const idPrefix = "tok_"

// ID is the public handle of a token, "tok_" and 22 base62 digits. It names; it never authenticates.
type ID string

// NewID returns the id of a token that owner gets now. Its second half begins with the time in milliseconds, so an
// owner's tokens sort by age in the table; it is no secret.
func NewID(owner user.Ref, now time.Time, random io.Reader) (ID, error) {
	ref, err := base62.TimeOrdered(random, now.UnixMilli(), refLen)
	if err != nil {
		return "", err
	}
	return ID(idPrefix + string(owner) + ref), nil
}

// ParseID checks the form alone; whether such a token exists is the store's to say.
func ParseID(s string) (ID, error) {
	digits, ok := strings.CutPrefix(s, idPrefix)
	if !ok || len(digits) != idLen || !base62.Valid(digits) {
		return "", ErrBadID
	}
	return ID(s), nil
}

// Owner returns the reference of the token's owner, in whose partition the token lies.
func (id ID) Owner() user.Ref { return user.Ref(id.digits()[:user.RefLen]) }

// Ref returns the half of the id that is the token's own.
func (id ID) Ref() string { return id.digits()[user.RefLen:] }

// digits returns the 22 digits; an ID that did not come from NewID or ParseID is a bug and panics here.
func (id ID) digits() string {
	if len(id) != len(idPrefix)+idLen {
		panic("token: id not made by NewID or ParseID")
	}
	return string(id[len(idPrefix):])
}
