// Package settings is an account's policy: which tokens it allows. A policy is checked when a token is made and each
// time it is used, so what it forbids today is refused today, and works again when it is loosened. The package reads no
// clock and does no I/O.
package settings

import (
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"time"

	"github.com/tokenwright/tokenwright/internal/period"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// RolesFrom says whose word on a person's roles counts.
type RolesFrom string

// The sources of roles.
const (
	IdentityProvider RolesFrom = "identity-provider" // the JWT's claim, refreshed with each sign-in that changes it
	Tokenwright      RolesFrom = "tokenwright"       // PUT /v1/users/{id}; the claim is ignored
)

// Rules bound one kind of token. A zero field sets no bound.
type Rules struct {
	DefaultLifetime   period.Period   // of a token that asks for none; zero = it never expires
	MaxLifetime       period.Period   // zero = no limit
	AllowNeverExpire  bool            // whether expiresAt may be null
	RequireCidrBlocks bool            // whether a token needs an address list, of less than the whole internet
	AllowedScopes     []scope.Pattern // nil = every scope
	RevokeUnusedAfter period.Period   // zero = never; a token never used counts from its creation
	MaxTokensPerUser  int             // of those that are neither revoked nor expired; 0 = no limit
}

// Settings are an account's policy.
type Settings struct {
	Personal Rules
	Service  Rules

	AllowedCIDRs                  []netip.Prefix // every use must come from one of them as well; empty = anywhere
	AdminsMayRevokePersonalTokens bool           // with tokens:delete
	RolesFrom                     RolesFrom
	IssuedBefore                  time.Time // tokens created before this instant are revoked; zero = none
	Sweep                         user.Sweep

	Version   int64 // rises by one with each change; 0 = never set
	UpdatedAt time.Time
}

// Default is the policy of an account that never set one.
func Default() Settings {
	rules := Rules{DefaultLifetime: period.MustParse("P90D"), AllowNeverExpire: true}
	return Settings{Personal: rules, Service: rules, RolesFrom: IdentityProvider}
}

// For returns the rules for a kind of token.
func (s *Settings) For(kind token.Kind) *Rules {
	if kind == token.Service {
		return &s.Service
	}
	return &s.Personal
}

// The rules that a token can break, named as the settings name them.
const (
	AllowNeverExpire  = "allowNeverExpire"
	MaxLifetime       = "maxLifetime"
	RequireCidrBlocks = "requireCidrBlocks"
	RevokeUnusedAfter = "revokeUnusedAfter"
	AllowedScopes     = "allowedScopes"
)

var allRules = [...]string{AllowNeverExpire, MaxLifetime, RequireCidrBlocks, RevokeUnusedAfter, AllowedScopes}

// Breach says which rule a token breaks at an instant; "" = none. It is what both the creation of a token and every use
// of it ask.
func (s *Settings) Breach(t *token.Token, now time.Time) string {
	r := s.For(t.Kind)
	for _, rule := range &allRules {
		if r.Breaks(rule, t, now) {
			return rule
		}
	}
	return ""
}

// Breaks says whether a token breaks one rule at an instant.
func (r *Rules) Breaks(rule string, t *token.Token, now time.Time) bool {
	switch rule {
	case AllowNeverExpire:
		return t.ExpiresAt.IsZero() && !r.AllowNeverExpire
	case MaxLifetime:
		return !r.MaxLifetime.IsZero() && (t.ExpiresAt.IsZero() || t.ExpiresAt.After(r.MaxLifetime.AddTo(t.CreatedAt)))
	case RequireCidrBlocks:
		return r.RequireCidrBlocks && (len(t.CIDRs) == 0 || token.Everywhere(t.CIDRs))
	case RevokeUnusedAfter:
		return !r.RevokeUnusedAfter.IsZero() && !now.Before(r.RevokeUnusedAfter.AddTo(t.LastUse()))
	case AllowedScopes:
		return !r.allows(t.Scopes)
	default:
		return false
	}
}

// allows says whether each pattern of a token is within the allowed ones. A token without a list is cut by them instead
// (see Cut).
func (r *Rules) allows(patterns []scope.Pattern) bool {
	if r.AllowedScopes == nil {
		return true
	}
	return !slices.ContainsFunc(patterns, func(p scope.Pattern) bool {
		return !slices.ContainsFunc(r.AllowedScopes, func(a scope.Pattern) bool { return a.Covers(p) })
	})
}

// Cut takes from a set what the rules do not allow.
func (r *Rules) Cut(set scope.Set) scope.Set {
	if r.AllowedScopes == nil {
		return set
	}
	return slices.DeleteFunc(slices.Clone(set), func(s scope.Scope) bool {
		return !slices.ContainsFunc(r.AllowedScopes, func(a scope.Pattern) bool { return a.Matches(s) })
	})
}

// AllowsAddress says whether the outer list admits addr. A list refuses an address nobody knows.
func (s *Settings) AllowsAddress(addr netip.Addr) bool {
	return (&token.Token{CIDRs: s.AllowedCIDRs}).AllowsAddress(addr)
}

// ByKind goes through the rules of each kind of token, in the order of the answers.
func (s *Settings) ByKind() iter.Seq2[string, *Rules] {
	return func(yield func(string, *Rules) bool) {
		_ = yield("personal", &s.Personal) && yield("service", &s.Service)
	}
}

// Contradiction says what in the settings cannot hold at once; "" = nothing.
func (s *Settings) Contradiction() (field, why string) {
	epoch := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, r := range s.ByKind() {
		switch {
		case r.MaxLifetime.IsZero():
			if r.DefaultLifetime.IsZero() && !r.AllowNeverExpire {
				return name + ".defaultLifetime", "Tokens must expire, so there must be a default lifetime."
			}
		case r.AllowNeverExpire:
			return name + ".allowNeverExpire", "A maximum lifetime and tokens that never expire exclude each other."
		case !r.DefaultLifetime.IsZero() && r.DefaultLifetime.AddTo(epoch).After(r.MaxLifetime.AddTo(epoch)):
			return name + ".defaultLifetime", fmt.Sprintf("The default %s is over the maximum %s.", r.DefaultLifetime, r.MaxLifetime)
		}
	}
	return "", ""
}
