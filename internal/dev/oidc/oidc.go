// Package oidc is the identity provider of the local stack: an OpenID Connect
// issuer whose discovery document and keys are real, and a sign-in that asks
// for no password and so believes whatever it is told.
//
// It guarantees tokens an ordinary verifier accepts (RS256, a JWKS, the usual
// claims). It is for one machine: it has no users, no sessions, no login page,
// and must never be reachable from elsewhere.
package oidc

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// keyBits is the size of the signing key.
const keyBits = 2048

// Options of Open.
type Options struct {
	// KeyPath is the file of the signing key, made on first use, mode 0600.
	KeyPath string
	// Issuer is the iss claim and the URL the handler is served at, without a
	// slash at its end.
	Issuer string
	// Audience is the aud claim of the tokens.
	Audience string
	// AccountClaim and RolesClaim name the claims that carry them; empty means
	// "account" and "roles".
	AccountClaim, RolesClaim string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Issuer signs tokens and serves what verifiers need. It is safe for concurrent use.
type Issuer struct {
	options Options
	signer  jose.Signer
	public  jose.JSONWebKeySet
}

// Open reads the signing key, or makes one.
func Open(o Options) (*Issuer, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.AccountClaim == "" {
		o.AccountClaim = "account"
	}
	if o.RolesClaim == "" {
		o.RolesClaim = "roles"
	}
	key, err := signingKey(o.KeyPath)
	if err != nil {
		return nil, err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return nil, fmt.Errorf("using the key in %s: %w", o.KeyPath, err)
	}
	return &Issuer{options: o, signer: signer, public: jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key.Public()}}}, nil
}

func signingKey(path string) (key jose.JSONWebKey, err error) {
	data, err := os.ReadFile(path) //nolint:gosec // the stack's own data folder
	if errors.Is(err, os.ErrNotExist) {
		return newKey(path)
	}
	if err != nil {
		return key, fmt.Errorf("reading the sign-in key: %w", err)
	}
	if err := json.Unmarshal(data, &key); err != nil {
		return key, fmt.Errorf("reading the sign-in key in %s: %w", path, err)
	}
	return key, nil
}

func newKey(path string) (jose.JSONWebKey, error) {
	private, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return jose.JSONWebKey{}, fmt.Errorf("making the sign-in key: %w", err)
	}
	key := jose.JSONWebKey{Key: private, KeyID: rand.Text()[:12], Algorithm: string(jose.RS256), Use: "sig"}
	data, err := json.Marshal(key)
	if err == nil {
		err = os.WriteFile(path, data, 0o600)
	}
	if err != nil {
		return key, fmt.Errorf("keeping the sign-in key: %w", err)
	}
	return key, nil
}

// Sign makes a token of the claims as they are; nothing is added, so that a
// test can also make tokens that must be refused.
func (i *Issuer) Sign(claims map[string]any) (string, error) {
	return jwt.Signed(i.signer).Claims(claims).Serialize()
}

// Claims are those of a good token for the person, to sign as they are or to
// spoil first.
func (i *Issuer) Claims(p Person) map[string]any {
	now := i.options.Now()
	claims := map[string]any{
		"iss": i.options.Issuer, "aud": i.options.Audience, "sub": p.Subject, "jti": rand.Text(),
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(p.Lifetime).Unix(),
		i.options.AccountClaim: p.Account, i.options.RolesClaim: p.Roles,
	}
	if p.Name != "" {
		claims["name"] = p.Name
	}
	if p.Email != "" {
		claims["email"] = p.Email
	}
	return claims
}

// Handler serves the discovery document and the keys below prefix, e.g.
// /_local/oidc.
func (i *Issuer) Handler(prefix string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+prefix+"/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]any{
			"issuer":                                i.options.Issuer,
			"jwks_uri":                              i.options.Issuer + "/jwks.json",
			"response_types_supported":              []string{"id_token"},
			"subject_types_supported":               []string{"public"},
			"id_token_signing_alg_values_supported": []string{string(jose.RS256)},
		})
	})
	mux.HandleFunc("GET "+prefix+"/jwks.json", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, i.public)
	})
	return mux
}

func answer(w http.ResponseWriter, status int, body any) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
