// Package token says what a token is: its text and how to parse it, its digest, and the rules of its life. It
// guarantees that no secret prints and that every decision about time is made against a given instant. It reads no
// clock, draws no randomness of its own, does no I/O and knows nothing of AWS; storing tokens, finding their keys and
// deciding what they permit are left to others.
package token

import (
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Errors about tokens.
var (
	// ErrMalformed is returned for a presented token this deployment cannot have issued.
	ErrMalformed = errors.New("malformed token")
	// ErrBadID is returned for a string that is no token id.
	ErrBadID = errors.New("token id must be tok_ and 22 letters or digits")
	// ErrNotFound is returned when no such token exists for whoever asks.
	ErrNotFound = errors.New("token not found")
	// ErrUnavailable is returned when something a decision needs (table, keyring, identity provider) cannot be reached.
	// It is never an allow and never a denial: the caller may well be right.
	ErrUnavailable = errors.New("a service this depends on cannot be reached")
)

// Kind says whom a token acts as.
type Kind string

// The kinds of tokens.
const (
	Personal Kind = "personal" // acts as its owner, within what the owner may do now
	Service  Kind = "service"  // acts as its own token user, within its own scopes
)

// ParseKind accepts "personal" and "service".
func ParseKind(s string) (Kind, bool) {
	k := Kind(s)
	return k, k == Personal || k == Service
}

// Status is the state of a token at an instant.
type Status string

// The states of a token; a token that is in several is in the first of them.
const (
	Revoked   Status = "revoked"   // for ever
	Expired   Status = "expired"   // for ever
	Inactive  Status = "inactive"  // paused
	Scheduled Status = "scheduled" // its time has not come
	Usable    Status = "active"
)

// ParseStatus accepts the names of the states.
func ParseStatus(s string) (Status, bool) {
	return Status(s), slices.Contains([]Status{Revoked, Expired, Inactive, Scheduled, Usable}, Status(s))
}

// SecretVersion is one digest under which a token is accepted.
type SecretVersion struct {
	Digest    Digest
	CreatedAt time.Time
	ExpiresAt time.Time // end of the overlap after a rotation; zero = as long as the token
}

// Live says whether a holder of this version is still let in. At ExpiresAt itself it is not.
func (v SecretVersion) Live(now time.Time) bool {
	return v.ExpiresAt.IsZero() || now.Before(v.ExpiresAt)
}

// Token is everything kept of one token. Times are UTC with millisecond precision; a zero time means "none".
type Token struct {
	ID          ID
	Account     user.AccountID
	Kind        Kind
	Environment Environment
	Name        string
	Description string
	Scopes      []scope.Pattern // nil on a personal token = everything the owner may do, as it changes
	CIDRs       []netip.Prefix  // addresses it may be used from; empty = any
	Active      bool
	NotBefore   time.Time
	ExpiresAt   time.Time // zero = never
	CreatedAt   time.Time
	CreatedBy   user.ID
	UpdatedAt   time.Time
	UpdatedBy   user.ID
	RotatedAt   time.Time
	RevokedAt   time.Time
	LastUsedAt  time.Time // up to a minute old
	LastUsedIP  netip.Addr
	Steward     user.ID         // who answers for a service token; "" on a personal one
	Generation  int64           // of the owner when it was made; see user.User
	Version     int64           // rises by one with each change a person made
	Secrets     []SecretVersion // newest first; at most MaxSecrets
}

// LastUse returns when the token was last used, up to a minute old. One that never was counts from its creation.
func (t *Token) LastUse() time.Time {
	if t.LastUsedAt.IsZero() {
		return t.CreatedAt
	}
	return t.LastUsedAt
}

// MaxSecrets is how many versions are kept: the current one and the one before it, live or superseded.
const MaxSecrets = 2

// Retention is how long a token stays readable after it expired or was revoked.
const Retention = 30 * 24 * time.Hour

// TouchInterval is how old the noted use of a token may be before another is noted.
const TouchInterval = time.Minute

// Status returns the state at now. A token is refused at the instant of its expiry, and accepted at that of NotBefore.
func (t *Token) Status(now time.Time) Status {
	switch {
	case !t.RevokedAt.IsZero():
		return Revoked
	case !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt):
		return Expired
	case !t.Active:
		return Inactive
	case now.Before(t.NotBefore):
		return Scheduled
	default:
		return Usable
	}
}

// RemovableAt returns when the item may be forgotten; zero = not yet known.
func (t *Token) RemovableAt() time.Time {
	switch {
	case !t.RevokedAt.IsZero():
		return t.RevokedAt.Add(Retention)
	case !t.ExpiresAt.IsZero():
		return t.ExpiresAt.Add(Retention)
	default:
		return time.Time{}
	}
}

// AllowsAddress says whether the token may be used from addr. A list refuses an address nobody knows: an authorizer
// event without one must not open the list. IPv4 inside IPv6 (RFC 4291, 2.5.5.2) counts as the IPv4 address it is.
func (t *Token) AllowsAddress(addr netip.Addr) bool {
	if len(t.CIDRs) == 0 {
		return true
	}
	addr = addr.Unmap().WithZone("")
	return slices.ContainsFunc(t.CIDRs, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// Rotate makes v the current version. The version before it lives on until graceEnd (at once over when graceEnd is
// now); any older one ends now, so at most two secrets are ever accepted.
func (t *Token) Rotate(v SecretVersion, graceEnd time.Time) {
	versions := []SecretVersion{v}
	if len(t.Secrets) > 0 {
		previous := t.Secrets[0]
		if previous.ExpiresAt.IsZero() || graceEnd.Before(previous.ExpiresAt) {
			previous.ExpiresAt = graceEnd
		}
		versions = append(versions, previous)
	}
	t.Secrets, t.RotatedAt = versions, v.CreatedAt
}

// Millis cuts t to what tokens store: UTC, milliseconds. The zero time stays zero.
func Millis(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Millisecond)
}
