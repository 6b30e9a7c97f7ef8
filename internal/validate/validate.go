// Package validate decides whether a credential is good now: authentic, live, and what it permits. It is the one place
// that does, used by every authorizer. It guarantees one read of the store for a token and one for a signed-in person
// (what many share is held for a short, stated time and brought along), comparison in constant time, and that whatever
// cannot be reached yields an error and never an allow. Taking the credential out of a request and telling a gateway
// the answer are left to others.
package validate

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/standing"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Store is what a decision reads, strongly consistent.
type Store interface {
	// Lookup returns a token, its owner and what comes along in one round trip, or token.ErrNotFound when token or owner
	// are missing.
	Lookup(ctx context.Context, id token.ID, along store.Along) (store.Found, error)
	// LookupUser is Lookup for a signed-in person: user.ErrNotFound, with what came along, when nobody has seen them.
	LookupUser(ctx context.Context, ref user.Ref, along store.Along) (store.Found, error)
	// Settings returns an account's policy, settings.Default when it has none. It is asked where no look-up can bring it.
	Settings(ctx context.Context, account user.AccountID) (settings.Settings, error)
	// Routes returns the rules of an API, at version 0 when it has none. It is asked where no look-up can bring them.
	Routes(ctx context.Context, api route.APIID) (route.Rules, error)
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
	Roles     user.Statement // zero At = the JWT says nothing; at most user.IssuerAhead after the verification
	ExpiresAt time.Time
}

// People verifies JWTs. An error under token.ErrUnavailable says that the identity provider could not be asked; any other,
// that the JWT is not good.
type People interface {
	Verify(ctx context.Context, jwt string, now time.Time) (Claims, error)
}

// Config is what New needs. Every field must be set but People, TouchBudget and Cache.
type Config struct {
	Format    token.Format
	Store     Store
	Keys      Keys
	Catalogue *scope.Catalogue
	People    People           // nil = no JWTs are accepted
	Now       func() time.Time // asked once per decision
	// TouchBudget bounds the time a decision may wait for noting a use; zero = uses are not noted.
	TouchBudget time.Duration
	// Cache spares reads of tokens accepted a moment ago; nil = every validation reads.
	Cache *Cache
}

// Validator decides. It is safe for concurrent use.
type Validator struct {
	Config
	policies *policies
	apis     *apis
}

// New returns a Validator.
func New(c Config) *Validator { return &Validator{Config: c, policies: newPolicies(), apis: newAPIs()} }

// Request is a credential and how it was presented.
type Request struct {
	Credential string
	From       netip.Addr  // zero = unknown, which only tokens without an address list survive
	API        route.APIID // that is called, whose rules are wanted; "" = none
}

// Admission is who presented a credential, and the rules that say what of the API this admits to.
type Admission struct {
	Principal principal.Principal
	Routes    *route.Compiled // at most RulesAge old; nil = the API has none
}

// Validate decides on one credential. It returns whom it admits, or a *Denial, or an error under token.ErrUnavailable. What
// the API's rules say of the request is left to the caller, who alone knows how much of the API an answer is for.
func (v *Validator) Validate(ctx context.Context, r Request) (Admission, error) {
	now := v.Now()
	if v.Format.Claims(r.Credential) || v.People == nil || strings.Count(r.Credential, ".") != 2 {
		return v.token(ctx, r, now)
	}
	return v.person(ctx, r, now)
}

func (v *Validator) token(ctx context.Context, r Request, now time.Time) (Admission, error) {
	presented, err := v.Format.Parse(r.Credential)
	if err != nil {
		return Admission{}, &Denial{Reason: Malformed}
	}
	if a, ok := v.remembered(ctx, presented.Secret, r, now); ok {
		return a, nil
	}
	found, err := v.read(ctx, presented, r.API, now)
	tok, owner, policy := &found.tok, &found.owner, &found.policy
	if errors.Is(err, token.ErrNotFound) {
		return Admission{}, &Denial{Reason: Unknown, Token: presented.ID}
	}
	if err != nil {
		return Admission{}, fmt.Errorf("%w: reading %s: %w", token.ErrUnavailable, presented.ID, err)
	}
	version, err := v.authentic(ctx, tok, presented.Secret)
	if err != nil {
		return Admission{}, err
	}
	stands := standing.Standing{Token: tok, Owner: owner, Policy: policy}
	if reason, detail := stands.Refusal(&standing.Use{Version: version, From: r.From}, now); reason != "" {
		return Admission{}, &Denial{Reason: reason, Token: tok.ID, Detail: detail, Authentic: true}
	}
	routes, err := v.rules(ctx, r.API, now) // which came with the token
	if err != nil {
		return Admission{}, err
	}
	if v.touch(ctx, tok, r.From, now) {
		tok.LastUsedAt = now
	}
	v.remember(presented.Secret, found)
	return Admission{v.principal(stands), routes}, nil
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

func (v *Validator) principal(s standing.Standing) principal.Principal {
	p := principal.Principal{
		Kind: principal.Service, Account: s.Token.Account, User: s.Owner.ID(), Token: s.Token.ID, Environment: s.Token.Environment,
		ExpiresAt: s.Token.ExpiresAt, Scopes: s.Scopes(v.Catalogue),
	}
	if s.Token.Kind == token.Personal {
		p.Kind = principal.Personal
	}
	return p
}

// touch notes the use when the noted one is old. What it cannot note within its budget it leaves: a use is no reason
// to refuse or to wait. It says whether it tried.
func (v *Validator) touch(ctx context.Context, tok *token.Token, from netip.Addr, now time.Time) bool {
	if v.TouchBudget <= 0 || now.Sub(tok.LastUsedAt) < token.TouchInterval {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, v.TouchBudget)
	defer cancel()
	_ = v.Store.Touch(ctx, tok.ID, now, from) // see above
	return true
}

// person decides on a JWT: what the identity provider says, unless the account says that this person is out, or that
// roles are its own to give.
func (v *Validator) person(ctx context.Context, r Request, now time.Time) (Admission, error) {
	claims, err := v.People.Verify(ctx, r.Credential, now)
	if errors.Is(err, token.ErrUnavailable) {
		return Admission{}, err
	}
	if err != nil {
		return Admission{}, &Denial{Reason: InvalidJWT, Detail: err.Error()}
	}
	ref := user.RefOf(claims.Account, claims.Subject)
	known, policy, err := v.lookupUser(ctx, ref, claims.Account, r.API, now)
	missing := errors.Is(err, user.ErrNotFound)
	switch {
	case err != nil && !missing:
		return Admission{}, fmt.Errorf("%w: reading %s: %w", token.ErrUnavailable, ref.ID(), err)
	case !missing && (known.Status != user.Active || !known.IsPerson(claims.Account, claims.Subject)):
		return Admission{}, &Denial{Reason: OwnerInactive, Authentic: true}
	}
	routes, err := v.rules(ctx, r.API, now) // which came with the person
	if err != nil {
		return Admission{}, err
	}
	p := principal.Principal{
		Kind: principal.Person, Account: claims.Account, User: ref.ID(), Subject: claims.Subject, ExpiresAt: claims.ExpiresAt,
	}
	counts := standing.Roles(&known, claims.Roles, policy.RolesFrom, v.Catalogue)
	p.Roles, p.RolesStatedAt, p.Profile = counts.Roles, counts.At, profile(&known, missing, counts)
	p.Scopes = v.Catalogue.OfRoles(p.Roles)
	return Admission{p, routes}, nil
}

// profile says what the table has to learn of a person. Roles that were said anew are news as well, be they the same:
// only so are those of an older JWT known to be older.
func profile(known *user.User, missing bool, counts user.Statement) principal.Profile {
	switch {
	case missing:
		return principal.ProfileMissing
	case known.HasRoles(counts.Roles) && known.RolesStatedAt.Equal(counts.At):
		return principal.ProfileCurrent
	}
	return principal.ProfileStale
}
