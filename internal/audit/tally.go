package audit

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"

	"github.com/tokenwright/tokenwright/internal/user"
)

// Tally says which events tell of what one user was refused within one minute of the clock, so that an attempt which is
// repeated is counted and not told again. It bounds what anybody can leave in their account's audit: a minute of one user
// leaves MaxKinds events of refused attempts at most, and one more for each action.
type Tally struct {
	Account user.AccountID
	User    user.ID
	Minute  time.Time
	Events  map[string]ID // by what they have in common
}

// MaxKinds is how many sorts of refused attempts of one user are told apart within a minute. Beyond them, all attempts at
// one action are counted in one event, which says so and names no target: whoever made the noise before must not decide
// what the audit says of the attempt that it was made for.
const MaxKinds = 50

// Many stands for the refusal's code in the event that only counts.
const Many = "many"

const onlyCounted = "More was refused to this user within the minute than the audit tells apart. This attempt and further ones at this action are " +
	"only counted here, whatever they were at. The credential and the address are those of the first of them."

// Why returns what the actor gave as the reason or, of an event that only counts, what it counts. That is not stored: it is
// always the same, and most functions may write no reason.
func (e *Event) Why() string {
	if e.Refused == Many {
		return onlyCounted
	}
	return e.Reason
}

// MinuteOf returns the minute to which an instant belongs.
func MinuteOf(t time.Time) time.Time { return t.UTC().Truncate(time.Minute) }

// Place returns the event in which an attempt is to be counted; "" when it is the first of its kind. The kind is what a new
// event is to be entered under. When it is to count only, e becomes what that event says.
func (t *Tally) Place(e *Event) (kind string, id ID) {
	kind = e.kind()
	if id = t.Events[kind]; id != "" || len(t.Events) < MaxKinds {
		return kind, id
	}
	kind = string(e.Action) // no digest looks like it
	e.Target, e.Refused = string(e.Account), Many
	return kind, t.Events[kind]
}

// kind is what attempts must have in common to be counted in one event: all that the event tells of them but the moment, and
// which program it was. Whoever makes ids up does not make events with it: at what the account does not have, all attempts
// are of one kind.
func (e *Event) kind() string {
	target := e.Target
	if e.Stray {
		target = ""
	}
	parts := []string{string(e.Actor.User), string(e.Actor.Token), e.Actor.Kind, e.Origin.IP, string(e.Action), e.Refused, target}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00"))) // no part holds that byte
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}
