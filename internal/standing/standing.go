// Package standing says how a token stands with its owner and its account's policy: whether it would be accepted now, and
// what it permits. It is asked on every use of a token and by whoever wants to know without using it. It does no I/O.
package standing

import (
	"net/netip"
	"time"

	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Reason says why a token is not accepted.
type Reason string

// The reasons.
const (
	Superseded    Reason = "superseded" // right once, replaced by a rotation
	Revoked       Reason = "revoked"
	Inactive      Reason = "inactive"
	Scheduled     Reason = "scheduled"
	Expired       Reason = "expired"
	OwnerInactive Reason = "owner_inactive"
	AddressDenied Reason = "ip_denied"
	PolicyBreach  Reason = "policy" // what the account's settings no longer allow; the detail names the rule
)

// Standing is a token with what decides about it.
type Standing struct {
	Token  *token.Token
	Owner  *user.User
	Policy *settings.Settings
}

// Use is one use of a token.
type Use struct {
	Version token.SecretVersion // of the secret that was shown
	From    netip.Addr          // zero = unknown
}

// Refusal says why a token is not accepted now; "" = it is. Without a use (nil), secret and address do not count.
func (s Standing) Refusal(use *Use, now time.Time) (reason Reason, detail string) {
	switch s.Token.Status(now) {
	case token.Revoked:
		return Revoked, ""
	case token.Expired:
		return Expired, ""
	case token.Inactive:
		return Inactive, ""
	case token.Scheduled:
		return Scheduled, ""
	case token.Usable:
	}
	switch {
	case use != nil && !use.Version.Live(now):
		return Superseded, ""
	case s.Owner.Status != user.Active || s.Owner.Account != s.Token.Account || s.Token.Generation != s.Owner.Generation:
		return OwnerInactive, ""
	case s.Token.CreatedAt.Before(s.Owner.IssuedBefore) || s.Token.CreatedAt.Before(s.Policy.IssuedBefore):
		return Revoked, "issued before"
	case use != nil && (!s.Token.AllowsAddress(use.From) || !s.Policy.AllowsAddress(use.From)):
		return AddressDenied, ""
	}
	if rule := s.Policy.Breach(s.Token, now); rule != "" {
		return PolicyBreach, rule
	}
	return "", ""
}

// Scopes returns what the token permits now: a personal one no more than its owner may do.
func (s Standing) Scopes(catalogue *scope.Catalogue) scope.Set {
	if s.Token.Kind != token.Personal {
		return catalogue.Covered(s.Token.Scopes)
	}
	owners := catalogue.OfRoles(s.Owner.Roles)
	if s.Token.Scopes != nil {
		return owners.Intersect(catalogue.Covered(s.Token.Scopes))
	}
	return s.Policy.Personal.Cut(owners)
}
