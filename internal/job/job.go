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

// The states of a job.
const (
	Running State = "running"
	Done    State = "done"
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

	// What is still to do: the ids in Pending, or what Filter matches and comes after After.
	Pending []token.ID
	Filter  *Filter // nil for a job of ids
	After   token.ID

	Total   int // of a filter: matched so far
	Counts  map[Outcome]int
	Results []Result // of the first MaxResults

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
	c.Counts, c.Results, c.Pending = maps.Clone(j.Counts), slices.Clone(j.Results), slices.Clone(j.Pending)
	return c
}
