package oidc_test

import (
	"errors"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/tokenwright/tokenwright/internal/oidc"
	"github.com/tokenwright/tokenwright/internal/token"
)

func TestAnIssuerThatCannotBeReachedIsNoRefusal(t *testing.T) {
	i, v, now := start(t)
	jwt := sign(t, i.keys[0], jose.ES256, i.claims(nil))
	i.shut.Store(true)
	if _, err := v.Verify(t.Context(), jwt, noon); !errors.Is(err, token.ErrUnavailable) {
		t.Errorf("shut from the start: %v, want ErrUnavailable", err)
	}
	i.shut.Store(false)
	*now = now.Add(time.Second)
	if _, err := v.Verify(t.Context(), jwt, noon); err != nil {
		t.Errorf("it does not recover: %v", err)
	}
	i.shut.Store(true)
	*now = now.Add(time.Hour - time.Millisecond)
	if _, err := v.Verify(t.Context(), jwt, noon); err != nil {
		t.Errorf("with keys in hand: %v", err)
	}
	if _, err := v.Verify(t.Context(), sign(t, newKey(t, "new"), jose.ES256, i.claims(nil)), noon); !errors.Is(err, token.ErrUnavailable) {
		t.Errorf("a key that may be new: %v, want ErrUnavailable", err)
	}
	*now = now.Add(time.Millisecond)
	if _, err := v.Verify(t.Context(), jwt, noon); !errors.Is(err, token.ErrUnavailable) {
		t.Errorf("with keys too old: %v, want ErrUnavailable", err)
	}
}

func TestAFailedFetchCostsASecondAndAnOutageNotOneFetchPerRequest(t *testing.T) {
	i, v, now := start(t)
	jwt := sign(t, i.keys[0], jose.ES256, i.claims(nil))
	verify := func() error { _, err := v.Verify(t.Context(), jwt, noon); return err }
	if err := verify(); err != nil {
		t.Fatal(err)
	}
	*now = now.Add(2 * time.Hour)
	i.shut.Store(true)
	if err := verify(); !errors.Is(err, token.ErrUnavailable) {
		t.Fatalf("shut: %v", err)
	}
	i.shut.Store(false)
	*now = now.Add(time.Second)
	if err := verify(); err != nil {
		t.Errorf("a second after one fetch failed: %v", err)
	}

	*now = now.Add(2 * time.Hour)
	i.shut.Store(true)
	asked := i.asked.Load()
	for range 600 { // a minute, ten times a second
		*now = now.Add(100 * time.Millisecond)
		if err := verify(); !errors.Is(err, token.ErrUnavailable) {
			t.Fatal(err)
		}
	}
	if n := i.asked.Load() - asked; n < 5 || n > 7 {
		t.Errorf("%d fetches in a minute of outage, want one after 0, 1, 3, 7, 15 and 31 seconds", n)
	}
	i.shut.Store(false)
	*now = now.Add(30 * time.Second)
	if err := verify(); err != nil {
		t.Errorf("half a minute after the outage at the latest: %v", err)
	}
}

// Half of their life is left for an issuer that is away when keys are fetched again.
func TestKeysAreFetchedBeforeTheyAreTooOld(t *testing.T) {
	i, v, now := start(t)
	jwt := sign(t, i.keys[0], jose.ES256, i.claims(nil))
	for _, step := range []struct {
		after   time.Duration
		shut    bool
		fetches int32
	}{{0, false, 1}, {29 * time.Minute, false, 1}, {2 * time.Minute, true, 1}, {28 * time.Minute, true, 1}, {10 * time.Second, false, 2}, {59 * time.Minute, true, 2}} {
		i.shut.Store(step.shut)
		*now = now.Add(step.after)
		if _, err := v.Verify(t.Context(), jwt, noon); err != nil {
			t.Errorf("after %s: %v", now.Sub(noon), err)
		}
		if n := i.fetches.Load(); n != step.fetches {
			t.Errorf("after %s: fetched %d times, want %d", now.Sub(noon), n, step.fetches)
		}
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
		_, _ = v.Verify(t.Context(), sign(t, newKey(t, ""), jose.ES256, i.claims(nil)), noon)
	}
	if n := i.fetches.Load(); n != 2 {
		t.Errorf("%d fetches, want 2: one at first, one for the new key, none for a hundred made-up ones", n)
	}
}

// Without an id nothing says that the issuer has a new key.
func TestANewKeyWithoutAnIDIsFetched(t *testing.T) {
	i, v, now := start(t)
	for range 2 {
		i.keys = []jose.JSONWebKey{newKey(t, "")}
		if _, err := v.Verify(t.Context(), sign(t, i.keys[0], jose.ES256, i.claims(nil)), noon); err != nil {
			t.Error(err)
		}
		*now = now.Add(time.Minute)
	}
}

func TestKeysOfUnknownTypesLockNobodyOut(t *testing.T) {
	i, v, _ := start(t)
	i.others = []string{
		`{"kty":"AKP","alg":"ML-DSA-44","kid":"a","pub":"unH59k4RuutY-pxvu24U5h8YZD2rSVtHU5qRZsoBmBMcRPgmu9VuNOVdteXi1zNIXjnqJg_GAAxepLqA00Vc3lO0"}`,
		`{"kty":"OKP","crv":"Ed448","x":"X9dEm1m0Yf0s54fsYWrUah2hNCSFpw4fig6nXYDpZ3jt8SR2m0bHBhvWeD3x5Q9s0foavq_oJWGA"}`,
		`{"kty":"EC","crv":"secp256k1","x":"WKn-ZIGevcwGIyyrzFoZNBdaq9_TsqzGl96oc0CWuis","y":"y77t-RvAHRKTsSGdIYUfweuOvwrvDD-Q3Hv5J0fSKbE"}`,
		`{"kty":"oct","k":"c2VjcmV0"}`, `{}`, `null`, `7`,
	}
	if _, err := v.Verify(t.Context(), sign(t, i.keys[0], jose.ES256, i.claims(nil)), noon); err != nil {
		t.Error(err)
	}
	i, v, _ = start(t)
	i.keys, i.others = nil, i.others[:0]
	if _, err := v.Verify(t.Context(), sign(t, newKey(t, "a"), jose.ES256, i.claims(nil)), noon); err == nil || errors.Is(err, token.ErrUnavailable) {
		t.Errorf("an issuer without keys: %v, want a refusal", err)
	}
}

func TestKeysComeOverTLSAlone(t *testing.T) {
	i, v, _ := start(t)
	i.jwks = "http://issuer.example/keys"
	if _, err := v.Verify(t.Context(), sign(t, i.keys[0], jose.ES256, i.claims(nil)), noon); !errors.Is(err, token.ErrUnavailable) {
		t.Errorf("keys without TLS: %v", err)
	}
	for address, good := range map[string]bool{
		"https://issuer.example": true, "https://issuer.example/realms/a": true, "http://127.0.0.1:3000/_local/oidc": true, "http://localhost:8080": true, "http://[::1]:3000": true,
		"http://issuer.example": false, "http://127.0.0.1.example": false, "http://localhost.example": false, "http://10.0.0.1": false, "ftp://issuer.example": false,
		"issuer.example": false, "https://": false, "": false, "http://[::1": false,
	} {
		if err := (oidc.Config{}).CheckAddress(address); (err == nil) != good {
			t.Errorf("%q: %v", address, err)
		}
	}
	for address, good := range map[string]bool{
		"http://172.17.0.1:4000/_local/oidc": true, "http://127.0.0.1:3000": true, "https://issuer.example": true, "http://203.0.113.7": false, "http://issuer.example": false,
	} {
		if err := (oidc.Config{SAMLocal: true}).CheckAddress(address); (err == nil) != good {
			t.Errorf("in a container of the SAM CLI, %q: %v", address, err)
		}
	}
}
