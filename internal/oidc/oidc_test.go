package oidc_test

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/tokenwright/tokenwright/internal/oidc"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/token"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// issuer is an identity provider whose keys can be changed, and which can be shut.
type issuer struct {
	*httptest.Server
	keys    []jose.JSONWebKey
	others  []string // keys that go-jose does not know, as they stand in the set
	jwks    string   // where discovery says the keys are; "" = here
	shut    atomic.Bool
	asked   atomic.Int32 // for its discovery document, also while shut
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

func start(t *testing.T, more ...func(*oidc.Config)) (*issuer, *oidc.Verifier, *time.Time) {
	t.Helper()
	i := &issuer{keys: []jose.JSONWebKey{newKey(t, "a")}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": i.URL, "jwks_uri": cmp.Or(i.jwks, i.URL+"/keys")})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		i.fetches.Add(1)
		set := []any{}
		for _, k := range i.others {
			set = append(set, json.RawMessage(k))
		}
		for _, k := range i.keys {
			set = append(set, k.Public())
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": set})
	})
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "openid-configuration") {
			i.asked.Add(1)
		}
		if i.shut.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(i.Close)
	now := noon
	config := oidc.Config{
		Issuer: i.URL, Audience: "tokenwright", AccountClaim: "org", RolesClaim: "roles", HasRole: scope.Shipped().HasRole, Client: i.Client(), Now: func() time.Time { return now },
	}
	for _, change := range more {
		change(&config)
	}
	return i, oidc.New(config), &now
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
	return signAs(t, key, alg, nil, c)
}

// signAs signs with a typ in the header; nil = none.
func signAs(t *testing.T, key any, alg jose.SignatureAlgorithm, typ any, c claims) string {
	t.Helper()
	o := &jose.SignerOptions{}
	if typ != nil {
		o.WithHeader("typ", typ)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, o)
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
		if err != nil || got.Account != "acc_acme" || got.Subject != "ada" || !got.ExpiresAt.Equal(noon.Add(time.Hour)) || !slices.Equal(got.Roles.Roles, []string{"admin", "viewer"}) || !got.Roles.At.Equal(noon) {
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
		"not yet valid":                  sign(t, own, jose.ES256, i.claims(claims{"nbf": noon.Add(61 * time.Second).Unix()})),
		"issued in the future":           sign(t, own, jose.ES256, i.claims(claims{"iat": noon.Add(61 * time.Second).Unix()})),
		"without the time of its issue":  sign(t, own, jose.ES256, i.claims(claims{"iat": nil})),
		"issued at a text":               sign(t, own, jose.ES256, i.claims(claims{"iat": strconv.FormatInt(noon.Unix(), 10)})),
		"issued at no time":              sign(t, own, jose.ES256, i.claims(claims{"iat": -1e300})),
		"expiring in milliseconds":       sign(t, own, jose.ES256, i.claims(claims{"exp": noon.UnixMilli()})),
		"a logout token":                 signAs(t, own, jose.ES256, "logout+jwt", i.claims(nil)),
		"a security event":               signAs(t, own, jose.ES256, "application/secevent+jwt", i.claims(nil)),
		"a proof of possession":          signAs(t, own, jose.ES256, "dpop+jwt", i.claims(nil)),
		"a type that is no text":         signAs(t, own, jose.ES256, 7, i.claims(nil)),
		"an API token for a subject":     sign(t, own, jose.ES256, i.claims(claims{"sub": "at_live_" + strings.Repeat("x", 22) + "_" + strings.Repeat("y", 38)})),
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
