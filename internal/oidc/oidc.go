// Package oidc verifies the JWTs of signed-in people. It guarantees the checks of OpenID Connect Core 3.1.3.7 that
// apply to a bearer: signature by a key of the issuer's JWKS with an asymmetric algorithm, issuer, audience, expiry and
// not-before; and that an identity provider that cannot be asked is told apart from a JWT that is not good. Whether the
// person may still sign in is left to others.
package oidc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"

	"github.com/tokenwright/tokenwright/internal/base62"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
	"github.com/tokenwright/tokenwright/internal/validate"
)

// ErrClaims is returned for a verified JWT whose claims name no account or person.
var ErrClaims = errors.New("claims name no account or person")

// algorithms are the signatures accepted: never "none", never HMAC, whose key a public JWKS cannot hold.
var algorithms = []string{gooidc.RS256, gooidc.RS384, gooidc.RS512, gooidc.ES256, gooidc.ES384, gooidc.ES512, gooidc.PS256, gooidc.EdDSA}

// Config says whom to trust.
type Config struct {
	Issuer       string // exactly as in the JWTs' iss
	Audience     string // one of the JWTs' aud
	AccountClaim string // a string
	RolesClaim   string // a string, or a list of strings
	Client       *http.Client
	Now          func() time.Time
}

// Verifier verifies JWTs of one issuer. It asks the issuer for its keys when the first JWT comes, and again when one
// names a key it does not know. It is safe for concurrent use.
type Verifier struct {
	config Config
	keys   *keySet
}

// New returns a Verifier. It does no I/O.
func New(c Config) *Verifier {
	return &Verifier{config: c, keys: &keySet{issuer: c.Issuer, client: c.Client, now: c.Now}}
}

// Verify checks a JWT against an instant. An error under token.ErrUnavailable says that the issuer could not be asked.
func (v *Verifier) Verify(ctx context.Context, jwt string, now time.Time) (validate.Claims, error) {
	signature := &remembering{keySet: v.keys}
	verifier := gooidc.NewVerifier(v.config.Issuer, signature, &gooidc.Config{
		ClientID: v.config.Audience, SupportedSigningAlgs: algorithms, Now: func() time.Time { return now },
	})
	id, err := verifier.Verify(ctx, jwt)
	if err != nil {
		if errors.Is(signature.err, token.ErrUnavailable) {
			return validate.Claims{}, signature.err
		}
		return validate.Claims{}, fmt.Errorf("verifying a JWT: %w", err)
	}
	var claims map[string]any
	if err := id.Claims(&claims); err != nil {
		return validate.Claims{}, fmt.Errorf("reading claims: %w", err)
	}
	if !now.Before(id.Expiry) { // the verifier lets one pass at the instant of its expiry
		return validate.Claims{}, errors.New("verifying a JWT: it has reached its expiry")
	}
	return v.person(id, claims)
}

func (v *Verifier) person(id *gooidc.IDToken, claims map[string]any) (validate.Claims, error) {
	name, _ := claims[v.config.AccountClaim].(string)
	account, err := user.ParseAccount(name)
	if err != nil {
		return validate.Claims{}, fmt.Errorf("%w: claim %q: %w", ErrClaims, v.config.AccountClaim, err)
	}
	if err := user.CheckSubject(id.Subject); err != nil {
		return validate.Claims{}, fmt.Errorf("%w: claim \"sub\": %w", ErrClaims, err)
	}
	return validate.Claims{Account: account, Subject: id.Subject, Roles: roles(claims[v.config.RolesClaim]), ExpiresAt: id.Expiry.UTC()}, nil
}

const maxRoles = 50

// roles reads a list, or a string of names between spaces or commas. Names that no catalogue could have are dropped.
func roles(claim any) []string {
	var names []string
	switch c := claim.(type) {
	case string:
		names = strings.FieldsFunc(c, func(r rune) bool { return r == ' ' || r == ',' })
	case []any:
		for _, x := range c {
			if s, ok := x.(string); ok {
				names = append(names, s)
			}
		}
	}
	names = slices.DeleteFunc(names, func(s string) bool {
		return s == "" || len(s) > 64 || !base62.Valid(strings.NewReplacer("-", "", "_", "").Replace(s))
	})
	slices.Sort(names)
	names = slices.Compact(names)
	return names[:min(len(names), maxRoles)]
}
