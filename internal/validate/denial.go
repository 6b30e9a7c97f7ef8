package validate

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/standing"
	"github.com/tokenwright/tokenwright/internal/token"
)

// Reason says why a credential was refused, for logs, metrics and, to a holder of the right secret, the caller.
type Reason = standing.Reason

// The reasons. Those of package standing are what a token that is authentic may still be refused for.
const (
	Missing        Reason = "missing"   // no credential at all
	Ambiguous      Reason = "ambiguous" // two different ones
	Malformed      Reason = "malformed" // cannot have been issued here
	Unknown        Reason = "unknown"   // no such token
	WrongSecret    Reason = "wrong_secret"
	Superseded            = standing.Superseded
	Revoked               = standing.Revoked
	Inactive              = standing.Inactive
	Scheduled             = standing.Scheduled
	Expired               = standing.Expired
	OwnerInactive         = standing.OwnerInactive
	InvalidJWT     Reason = "invalid_jwt" // signature, issuer, audience or time
	AddressDenied         = standing.AddressDenied
	PolicyBreach          = standing.PolicyBreach
	PolicyTooLarge Reason = "policy_too_large" // the gateway would not take the answer

	// Of the rules of the API that is called.
	InsufficientScope = Reason(route.InsufficientScope)
	RouteDenied       = Reason(route.RouteDenied)
)

// ErrDenied is the root of every Denial.
var ErrDenied = errors.New("denied")

// Denial is a refusal. It is an error under ErrDenied.
type Denial struct {
	Reason Reason
	Token  token.ID // what the credential claims to be; "" when it claims nothing. Not authentic unless Authentic
	// Detail is for logs; of a PolicyBreach the rule that is broken, and of InsufficientScope a sentence that says what is
	// needed: those the caller may know.
	Detail  string
	Lacking scope.Set // of InsufficientScope
	// Authentic says that the caller showed the right secret, and so may learn the reason.
	Authentic bool
}

// Error names the reason; it holds nothing of the credential but its public id.
func (d *Denial) Error() string {
	s := fmt.Sprintf("denied: %s", d.Reason)
	if d.Detail != "" {
		s += ": " + d.Detail
	}
	return s
}

// Unwrap makes every denial an ErrDenied.
func (d *Denial) Unwrap() error { return ErrDenied }

// Forbidden tells a refusal of an authentic credential that another request could get right (403) from one of the
// credential itself (401).
func (d *Denial) Forbidden() bool {
	return slices.Contains([]Reason{AddressDenied, PolicyBreach, PolicyTooLarge, InsufficientScope, RouteDenied}, d.Reason)
}
