// Package job is a change to many tokens that is done in steps: what was asked, how far it is, and what became of each
// token. It reads no clock and does no I/O.
package job

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/base62"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Errors of this package.
var (
	// ErrBadID is returned for a string that is no job id.
	ErrBadID = errors.New("job id must be job_ and 22 letters or digits")
	// ErrNotFound is returned when no such job exists for whoever asks.
	ErrNotFound = errors.New("job not found")
)

// MaxResults is of how many tokens a job tells what became of them; beyond that it counts. An item with that many
// results is under 60 KB, of the 400 that DynamoDB allows.
const MaxResults = 1000

// Retention is how long a job can be looked at.
const Retention = 30 * 24 * time.Hour

// ID names a job: "job_" and 22 base62 digits.
type ID string

const idPrefix, idLen = "job_", 22

// NewID draws an id.
func NewID(random io.Reader) (ID, error) {
	digits, err := base62.Random(random, idLen)
	return ID(idPrefix + digits), err
}

// IDOf derives an id, so that who asks twice with one idempotency key names one job. Each part is preceded by its length:
// no two lists collide by moving a border.
func IDOf(parts ...string) ID {
	h := sha256.New()
	h.Write([]byte("tokenwright job v1"))
	for _, part := range parts {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		h.Write(size[:])
		h.Write([]byte(part))
	}
	n, rest := new(big.Int).SetBytes(h.Sum(nil)), new(big.Int)
	digits := make([]byte, idLen)
	for i := range digits {
		n.DivMod(n, big.NewInt(62), rest)
		digits[i] = base62.Alphabet[rest.Int64()]
	}
	return ID(idPrefix + string(digits))
}

// ParseID checks the form alone.
func ParseID(s string) (ID, error) {
	digits, ok := strings.CutPrefix(s, idPrefix)
	if !ok || len(digits) != idLen || !base62.Valid(digits) {
		return "", ErrBadID
	}
	return ID(s), nil
}

// State says whether there is more to do.
type State string

// The states of a job. The last three are final.
const (
	Running   State = "running"
	Done      State = "done"
	Cancelled State = "cancelled" // by somebody
	Stopped   State = "stopped"   // because whoever began it may not revoke tokens any more
)

// Outcome says what became of one token.
type Outcome string

// The outcomes.
const (
	Revoked        Outcome = "revoked"
	AlreadyRevoked Outcome = "already_revoked" // before, and not by this job
	NotFound       Outcome = "not_found"       // also: of another account
	Refused        Outcome = "refused"         // somebody else's personal token
)

// Result is what became of one token.
type Result struct {
	Token   token.ID
	Outcome Outcome
}

// Filter says which of an account's tokens are meant. Zero fields do not filter.
type Filter struct {
	Owner         user.ID
	Kind          token.Kind
	Environment   token.Environment
	Scope         scope.Scope // tokens that have it; one without a list counts as having every scope
	CreatedBefore time.Time
	UnusedSince   time.Time // last used, or else created, before that
}

// Job is a bulk revocation. It carries who asked and from where, because each token's event names them.
type Job struct {
	ID      ID
	Account user.AccountID
	State   State
	Actor   audit.Actor
	Origin  audit.Origin
	Reason  string
	Request string // digest of what was asked, which a repetition must match

	// What is still to do: the ids in Pending, or what Filter matches and comes after After, until all is Listed.
	Pending []token.ID
	Filter  *Filter // nil for a job of ids
	After   token.ID
	Listed  bool
	// Deferred are tokens that others were writing when their turn came. They are taken one by one, when nothing else is
	// left, so that they hold up nobody.
	Deferred []token.ID

	Total   int // of a filter: matched so far
	Counts  map[Outcome]int
	Results []Result // of the first MaxResults
	// StopReason says of a stopped job why: as a token is refused, "owner_inactive", or "insufficient_scope".
	StopReason string

	CreatedAt time.Time
	UpdatedAt time.Time
	Version   int64 // rises by one with each step
}

// EndsAt returns when the job is forgotten.
func (j *Job) EndsAt() time.Time { return j.CreatedAt.Add(Retention) }

// Add notes what became of a token.
func (j *Job) Add(id token.ID, outcome Outcome) {
	j.Counts[outcome]++
	if len(j.Results) < MaxResults {
		j.Results = append(j.Results, Result{Token: id, Outcome: outcome})
	}
}

// Copy returns a job that can be changed without changing j.
func (j *Job) Copy() Job {
	c := *j
	c.Counts, c.Results, c.Pending, c.Deferred = maps.Clone(j.Counts), slices.Clone(j.Results), slices.Clone(j.Pending), slices.Clone(j.Deferred)
	return c
}

// MaxDeferred is how many tokens wait for their turn before they come first.
const MaxDeferred = 100

// NextDeferred says whether the next token to take is a deferred one.
func (j *Job) NextDeferred() bool {
	return len(j.Deferred) >= MaxDeferred || len(j.Deferred) > 0 && j.exhausted()
}

// TakeDeferred takes the next of them; the token that the job was begun with waits for all others.
func (j *Job) TakeDeferred() token.ID {
	at := max(0, slices.IndexFunc(j.Deferred, func(id token.ID) bool { return id != j.Actor.Token }))
	id := j.Deferred[at]
	j.Deferred = slices.Delete(j.Deferred, at, at+1)
	return id
}

// DeferOwn defers the token that the job was begun with, and says whether it is that: revoked any sooner, it could
// not go on.
func (j *Job) DeferOwn(id token.ID) bool {
	own := id == j.Actor.Token
	if own {
		j.Deferred = append(j.Deferred, id)
	}
	return own
}

// Settle says of a job that is under way whether it has something left to do.
func (j *Job) Settle() {
	j.State = Running
	if j.exhausted() && len(j.Deferred) == 0 {
		j.State = Done
	}
}

func (j *Job) exhausted() bool {
	if j.Filter != nil {
		return j.Listed
	}
	return len(j.Pending) == 0
}

// Step is what one step of a job writes, all or nothing.
type Step struct {
	Before, After Job
	Endings       []store.TokenEnding
	Notes         []audit.Event // that no change goes with
	// Alone says that the step deals with one token which had to wait already: it is tried for as long as it takes.
	Alone bool
}
