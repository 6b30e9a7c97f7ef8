// Package oidc verifies the JWTs of signed-in people. It guarantees the checks of OpenID Connect Core 3.1.3.7 that
// apply to a bearer: type, signature by a key of the issuer's JWKS with an asymmetric algorithm, issuer, audience, and the
// times of expiry, issue and not-before; and that an identity provider that cannot be asked is told apart from a JWT that
// is not good. Whether the person may still sign in is left to others.
package oidc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"

	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
	"github.com/tokenwright/tokenwright/internal/validate"
)

// ErrClaims is returned for a verified JWT whose claims name no account or person.
var ErrClaims = errors.New("claims name no account or person")

// algorithms are the signatures accepted: never "none", never HMAC, whose key a public JWKS cannot hold.
var algorithms = []string{gooidc.RS256, gooidc.RS384, gooidc.RS512, gooidc.ES256, gooidc.ES384, gooidc.ES512, gooidc.PS256, gooidc.EdDSA}

// leeway is how far the issuer's clock may be ahead, for iat and nbf alike. An expiry has none.
const leeway = user.IssuerAhead

// Config says whom to trust.
type Config struct {
	Issuer       string // exactly as in the JWTs' iss
	Audience     string // one of the JWTs' aud
	AccountClaim string // a string
	RolesClaim   string // a string, or a list of strings
	// RoleClients are the clients (azp or client_id) whose JWTs say which roles somebody has; empty = all.
	RoleClients []string
	// HasRole says which roles exist here: they come first where a JWT lists more than are kept.
	HasRole func(role string) bool
	// SAMLocal says that this runs in a container of the SAM CLI, which reaches the machine it runs on by a private address.
	SAMLocal bool
	Client   *http.Client
	Now      func() time.Time
}

// Verifier verifies JWTs of one issuer. It asks the issuer for its keys when the first JWT comes, and again when one
// names a key it does not know. It is safe for concurrent use.
type Verifier struct {
	config Config
	keys   *keySet
}

// New returns a Verifier. It does no I/O.
func New(c Config) *Verifier {
	client := *c.Client
	client.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		if len(via) >= maxRedirects {
			return errors.New("too many redirects")
		}
		return c.CheckAddress(r.URL.String())
	}
	return &Verifier{config: c, keys: &keySet{config: c, client: &client}}
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
	issued, err := instants(id, claims, now)
	if err != nil {
		return validate.Claims{}, fmt.Errorf("verifying a JWT: %w", err)
	}
	return v.person(id, claims, issued)
}

// lastExpiry is the last instant that RFC 3339 can write. An issuer that counts in milliseconds is beyond it.
const lastExpiry = 253402300799

// instants holds a JWT to its times where the verifier lets more pass: the instant of its expiry, five minutes of nbf, and
// any iat. It returns when the JWT was issued, at the latest now.
func instants(id *gooidc.IDToken, claims map[string]any, now time.Time) (time.Time, error) {
	issued, ok := claims["iat"].(float64) // seconds, perhaps with a fraction (RFC 7519, section 2)
	nbf, _ := claims["nbf"].(float64)
	latest := float64(now.Add(leeway).Unix())
	switch {
	case !now.Before(id.Expiry):
		return time.Time{}, errors.New("it has reached its expiry")
	case id.Expiry.Unix() > lastExpiry:
		return time.Time{}, errors.New("its expiry is after the year 9999")
	case !ok || issued <= 0:
		return time.Time{}, errors.New("it does not say when it was issued (iat)")
	case issued > latest:
		return time.Time{}, errors.New("it is issued in the future")
	case nbf > latest:
		return time.Time{}, errors.New("it is not yet valid")
	}
	// As the issuer says it, though it may be a moment ahead: cut to now, a JWT would become younger by being shown again.
	return time.Unix(int64(issued), 0).UTC(), nil
}

func (v *Verifier) person(id *gooidc.IDToken, claims map[string]any, issued time.Time) (validate.Claims, error) {
	name, _ := claims[v.config.AccountClaim].(string)
	account, err := user.ParseAccount(name)
	if err != nil {
		return validate.Claims{}, fmt.Errorf("%w: claim %q: %w", ErrClaims, v.config.AccountClaim, err)
	}
	if err := token.CheckSubject(id.Subject); err != nil {
		return validate.Claims{}, fmt.Errorf("%w: claim \"sub\": %w", ErrClaims, err)
	}
	return validate.Claims{Account: account, Subject: id.Subject, Roles: v.roles(claims, issued), ExpiresAt: id.Expiry.UTC()}, nil
}
