package oidc_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/tokenwright/tokenwright/internal/oidc"
	"github.com/tokenwright/tokenwright/internal/token"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// issuer is an identity provider whose keys can be changed, and which can be shut.
type issuer struct {
	*httptest.Server
	keys    []jose.JSONWebKey
	shut    atomic.Bool
	fetches atomic.Int32
}

func newKey(t *testing.T, id string) jose.JSONWebKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return jose.JSONWebKey{Key: k, KeyID: id, Algorithm: "ES256", Use: "sig"}
}

func start(t *testing.T) (*issuer, *oidc.Verifier, *time.Time) {
	t.Helper()
	i := &issuer{keys: []jose.JSONWebKey{newKey(t, "a")}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": i.URL, "jwks_uri": i.URL + "/keys"})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		i.fetches.Add(1)
		var set jose.JSONWebKeySet
		for _, k := range i.keys {
			set.Keys = append(set.Keys, k.Public())
		}
		_ = json.NewEncoder(w).Encode(set)
	})
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if i.shut.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(i.Close)
	now := noon
	return i, oidc.New(oidc.Config{
		Issuer: i.URL, Audience: "tokenwright", AccountClaim: "org", RolesClaim: "roles", Client: i.Client(), Now: func() time.Time { return now },
	}), &now
}

type claims map[string]any

func (i *issuer) claims(changes claims) claims {
	c := claims{
		"iss": i.URL, "aud": "tokenwright", "sub": "ada", "org": "acc_acme", "roles": []string{"admin"}, "exp": noon.Add(time.Hour).Unix(), "iat": noon.Unix(),
	}
	for name, v := range changes {
		if c[name] = v; v == nil {
			delete(c, name)
		}
	}
	return c
}

func sign(t *testing.T, key any, alg jose.SignatureAlgorithm, c claims) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestAGoodJWTNamesThePerson(t *testing.T) {
	i, v, _ := start(t)
	for name, roles := range map[string]any{
		"a list": []string{"viewer", "admin", "admin"}, "spaces": "viewer admin", "commas": "admin,viewer",
		"oddities dropped": []any{"admin", 7, "viewer", "a b", "x#y", "", strings.Repeat("x", 65)},
	} {
		got, err := v.Verify(t.Context(), sign(t, i.keys[0], jose.ES256, i.claims(claims{"roles": roles})), noon)
		if err != nil || got.Account != "acc_acme" || got.Subject != "ada" || !got.ExpiresAt.Equal(noon.Add(time.Hour)) || !slices.Equal(got.Roles, []string{"admin", "viewer"}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if n := i.fetches.Load(); n != 1 {
		t.Errorf("the keys were fetched %d times, want once", n)
	}
}

func TestBadJWTsAreRefused(t *testing.T) {
	i, v, _ := start(t)
	own := i.keys[0]
	stranger := newKey(t, "a") // the right id, another key
	unlisted := newKey(t, "b")
	part := func(c any) string {
		b, _ := json.Marshal(c)
		return base64.RawURLEncoding.EncodeToString(b)
	}
	good := sign(t, own, jose.ES256, i.claims(nil))
	public, _ := own.Public().MarshalJSON()
	for name, jwt := range map[string]string{
		"alg none":                       part(claims{"alg": "none"}) + "." + part(i.claims(nil)) + ".",
		"alg none, signed":               part(claims{"alg": "none"}) + "." + strings.SplitN(good, ".", 2)[1],
		"HMAC under the public key":      sign(t, jose.JSONWebKey{Key: public, KeyID: "a"}, jose.HS256, i.claims(nil)),
		"another issuer":                 sign(t, own, jose.ES256, i.claims(claims{"iss": "https://evil.example"})),
		"another audience":               sign(t, own, jose.ES256, i.claims(claims{"aud": "other"})),
		"no audience":                    sign(t, own, jose.ES256, i.claims(claims{"aud": nil})),
		"expired":                        sign(t, own, jose.ES256, i.claims(claims{"exp": noon.Add(-time.Second).Unix()})),
		"expiring now":                   sign(t, own, jose.ES256, i.claims(claims{"exp": noon.Unix()})),
		"without expiry":                 sign(t, own, jose.ES256, i.claims(claims{"exp": nil})),
		"not yet valid":                  sign(t, own, jose.ES256, i.claims(claims{"nbf": noon.Add(time.Hour).Unix()})),
		"signed by a stranger":           sign(t, stranger, jose.ES256, i.claims(nil)),
		"signed by a key not in the set": sign(t, unlisted, jose.ES256, i.claims(nil)),
		"without account":                sign(t, own, jose.ES256, i.claims(claims{"org": nil})),
		"with a forged account":          sign(t, own, jose.ES256, i.claims(claims{"org": "a#TOKENS"})),
		"without subject":                sign(t, own, jose.ES256, i.claims(claims{"sub": nil})),
		"a changed payload":              strings.Split(good, ".")[0] + "." + part(i.claims(claims{"org": "acc_evil"})) + "." + strings.Split(good, ".")[2],
		"garbage":                        "a.b.c",
		"empty parts":                    "..",
	} {
		if got, err := v.Verify(t.Context(), jwt, noon); err == nil || errors.Is(err, token.ErrUnavailable) {
			t.Errorf("%s: %+v, %v; want a refusal", name, got, err)
		}
	}
}

func TestAnIssuerThatCannotBeReachedIsNoRefusal(t *testing.T) {
	i, v, now := start(t)
	jwt := sign(t, i.keys[0], jose.ES256, i.claims(nil))
	i.shut.Store(true)
	if _, err := v.Verify(t.Context(), jwt, noon); !errors.Is(err, token.ErrUnavailable) {
		t.Errorf("shut from the start: %v, want ErrUnavailable", err)
	}
	i.shut.Store(false)
	if _, err := v.Verify(t.Context(), jwt, noon); err != nil {
		t.Errorf("it does not recover: %v", err)
	}
	i.shut.Store(true)
	if _, err := v.Verify(t.Context(), jwt, noon); err != nil {
		t.Errorf("with keys in hand: %v", err)
	}
	*now = now.Add(2 * time.Hour)
	if _, err := v.Verify(t.Context(), jwt, noon); !errors.Is(err, token.ErrUnavailable) {
		t.Errorf("with keys too old: %v, want ErrUnavailable", err)
	}
}

func TestKeysAreFetchedAgainForANewOneAndRarelyForMadeUpOnes(t *testing.T) {
	i, v, now := start(t)
	if _, err := v.Verify(t.Context(), sign(t, i.keys[0], jose.ES256, i.claims(nil)), noon); err != nil {
		t.Fatal(err)
	}
	i.keys = append(i.keys, newKey(t, "b"))
	*now = now.Add(time.Minute)
	if _, err := v.Verify(t.Context(), sign(t, i.keys[1], jose.ES256, i.claims(nil)), noon); err != nil {
		t.Errorf("a rotated key: %v", err)
	}
	for range 50 {
		_, _ = v.Verify(t.Context(), sign(t, newKey(t, "made-up"), jose.ES256, i.claims(nil)), noon)
	}
	if n := i.fetches.Load(); n != 2 {
		t.Errorf("%d fetches, want 2: one at first, one for the new key, none for fifty made-up ones", n)
	}
}
