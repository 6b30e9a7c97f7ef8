// Package validate decides whether a credential is good now: authentic, live, and what it permits. It is the one
// place that does, used by every authorizer. It guarantees one read of the store for a token and one for a signed-in
// person, comparison in constant time, and that whatever cannot be reached yields an error and never an allow. Taking
// the credential out of a request and telling a gateway the answer are left to others.
package validate

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Store is what a decision reads, strongly consistent.
type Store interface {
	// TokenAndOwner returns both in one round trip, or token.ErrNotFound when either is missing.
	TokenAndOwner(ctx context.Context, id token.ID) (token.Token, user.User, error)
	// User returns the owner, or user.ErrNotFound.
	User(ctx context.Context, ref user.Ref) (user.User, error)
	// Touch notes a use of the token. It fails silently for whoever was quicker.
	Touch(ctx context.Context, id token.ID, at time.Time, from netip.Addr) error
}

// Keys finds digest keys. Any error of it means that nobody can tell whether a secret is right: a keyring that cannot be
// read, or that lost a key, is our fault and not the caller's.
type Keys interface {
	Key(ctx context.Context, id string) (token.Key, error)
}

// Claims is what a verified JWT says of a person.
type Claims struct {
	Account   user.AccountID
	Subject   string
	Roles     []string
	ExpiresAt time.Time
}

// People verifies JWTs. An error under token.ErrUnavailable says that the identity provider could not be asked; any other,
// that the JWT is not good.
type People interface {
	Verify(ctx context.Context, jwt string, now time.Time) (Claims, error)
}

// Config is what New needs. Every field must be set but People and TouchBudget.
type Config struct {
	Format    token.Format
	Store     Store
	Keys      Keys
	Catalogue *scope.Catalogue
	People    People           // nil = no JWTs are accepted
	Now       func() time.Time // asked once per decision
	// TouchBudget bounds the time a decision may wait for noting a use; zero = uses are not noted.
	TouchBudget time.Duration
}

// Validator decides. It is safe for concurrent use.
type Validator struct{ Config }

// New returns a Validator.
func New(c Config) *Validator { return &Validator{Config: c} }

// Validate decides on one credential presented from an address (the zero Addr = unknown, which only tokens without an
// address list survive). It returns the principal, or a *Denial, or an error under token.ErrUnavailable.
func (v *Validator) Validate(ctx context.Context, credential string, from netip.Addr) (principal.Principal, error) {
	now := v.Now()
	if v.Format.Claims(credential) || v.People == nil || strings.Count(credential, ".") != 2 {
		return v.token(ctx, credential, from, now)
	}
	return v.person(ctx, credential, now)
}

func (v *Validator) token(ctx context.Context, credential string, from netip.Addr, now time.Time) (principal.Principal, error) {
	presented, err := v.Format.Parse(credential)
	if err != nil {
		return principal.Principal{}, &Denial{Reason: Malformed}
	}
	tok, owner, err := v.Store.TokenAndOwner(ctx, presented.ID)
	if errors.Is(err, token.ErrNotFound) {
		return principal.Principal{}, &Denial{Reason: Unknown, Token: presented.ID}
	}
	if err != nil {
		return principal.Principal{}, fmt.Errorf("%w: reading %s: %w", token.ErrUnavailable, presented.ID, err)
	}
	version, err := v.authentic(ctx, &tok, presented.Secret)
	if err != nil {
		return principal.Principal{}, err
	}
	if reason := refusal(&tok, &owner, version, from, now); reason != "" {
		return principal.Principal{}, &Denial{Reason: reason, Token: tok.ID, Authentic: true}
	}
	v.touch(ctx, &tok, from, now)
	return v.principal(&tok, &owner), nil
}

// authentic finds the version of the secret that was presented. Each version is compared under the key it names.
func (v *Validator) authentic(ctx context.Context, tok *token.Token, presented token.Secret) (token.SecretVersion, error) {
	for _, version := range tok.Secrets {
		key, err := v.Keys.Key(ctx, version.Digest.KeyID)
		if err != nil {
			return token.SecretVersion{}, fmt.Errorf("%w: checking %s: %w", token.ErrUnavailable, tok.ID, err)
		}
		if key.Digest(presented).Equal(version.Digest) {
			return version, nil
		}
	}
	return token.SecretVersion{}, &Denial{Reason: WrongSecret, Token: tok.ID}
}

// refusal says why an authentic token is not accepted now; "" = it is.
func refusal(tok *token.Token, owner *user.User, version token.SecretVersion, from netip.Addr, now time.Time) Reason {
	switch tok.Status(now) {
	case token.Revoked:
		return Revoked
	case token.Expired:
		return Expired
	case token.Inactive:
		return Inactive
	case token.Scheduled:
		return Scheduled
	case token.Usable:
	}
	switch {
	case !version.Live(now):
		return Superseded
	case owner.Status != user.Active || owner.Account != tok.Account:
		return OwnerInactive
	case !tok.AllowsAddress(from):
		return AddressDenied
	}
	return ""
}

func (v *Validator) principal(tok *token.Token, owner *user.User) principal.Principal {
	p := principal.Principal{
		Kind: principal.Service, Account: tok.Account, User: owner.ID(), Token: tok.ID, Environment: tok.Environment,
		ExpiresAt: tok.ExpiresAt,
	}
	if tok.Kind != token.Personal {
		p.Scopes = v.Catalogue.Covered(tok.Scopes)
		return p
	}
	p.Kind = principal.Personal
	p.Scopes = v.Catalogue.OfRoles(owner.Roles)
	if tok.Scopes != nil {
		p.Scopes = p.Scopes.Intersect(v.Catalogue.Covered(tok.Scopes))
	}
	return p
}

// touch notes the use when the noted one is old. What it cannot note within its budget it leaves: a use is no reason
// to refuse or to wait.
func (v *Validator) touch(ctx context.Context, tok *token.Token, from netip.Addr, now time.Time) {
	if v.TouchBudget <= 0 || now.Sub(tok.LastUsedAt) < token.TouchInterval {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, v.TouchBudget)
	defer cancel()
	_ = v.Store.Touch(ctx, tok.ID, now, from) // see above
}

// person decides on a JWT: what the identity provider says, unless the account says that this person is out.
func (v *Validator) person(ctx context.Context, jwt string, now time.Time) (principal.Principal, error) {
	claims, err := v.People.Verify(ctx, jwt, now)
	if errors.Is(err, token.ErrUnavailable) {
		return principal.Principal{}, err
	}
	if err != nil {
		return principal.Principal{}, &Denial{Reason: InvalidJWT, Detail: err.Error()}
	}
	ref := user.RefOf(claims.Account, claims.Subject)
	p := principal.Principal{
		Kind: principal.Person, Account: claims.Account, User: ref.ID(), Subject: claims.Subject, Roles: claims.Roles,
		Scopes: v.Catalogue.OfRoles(claims.Roles), ExpiresAt: claims.ExpiresAt, Profile: principal.ProfileMissing,
	}
	switch known, err := v.Store.User(ctx, ref); {
	case errors.Is(err, user.ErrNotFound):
		return p, nil
	case err != nil:
		return principal.Principal{}, fmt.Errorf("%w: reading %s: %w", token.ErrUnavailable, ref.ID(), err)
	case known.Status != user.Active || !known.IsPerson(claims.Account, claims.Subject):
		return principal.Principal{}, &Denial{Reason: OwnerInactive, Authentic: true}
	case known.HasRoles(claims.Roles):
		p.Profile = principal.ProfileCurrent
	default:
		p.Profile = principal.ProfileStale
	}
	return p, nil
}
