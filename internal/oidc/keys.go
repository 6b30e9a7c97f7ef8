package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/tokenwright/tokenwright/internal/token"
)

const (
	// fetchTimeout bounds reading the issuer's documents, both together.
	fetchTimeout = 3 * time.Second
	// refetchPause keeps JWTs with made-up key ids from turning each request into one to the issuer.
	refetchPause = 30 * time.Second
	// keysLife is how long fetched keys are trusted: a key withdrawn by the issuer is refused after this long.
	keysLife    = time.Hour
	maxDocument = 1 << 20
)

// keySet holds the issuer's keys. It fetches as rarely as it can and tells an issuer that
// cannot be reached from a signature that is wrong.
type keySet struct {
	issuer string
	client *http.Client
	now    func() time.Time

	mu      sync.Mutex // held while fetching, so that many waiters make one fetch
	keys    []jose.JSONWebKey
	fetched time.Time
	tried   time.Time
}

// VerifySignature returns the payload of a JWT that one of the issuer's keys signed.
func (k *keySet) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	var allowed []jose.SignatureAlgorithm
	for _, a := range algorithms {
		allowed = append(allowed, jose.SignatureAlgorithm(a))
	}
	signed, err := jose.ParseSignedCompact(jwt, allowed)
	if err != nil {
		return nil, fmt.Errorf("parsing a JWT: %w", err)
	}
	keys, err := k.find(ctx, signed.Signatures[0].Header.KeyID)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		if payload, err := signed.Verify(key); err == nil {
			return payload, nil
		}
	}
	return nil, errors.New("signed by no key of the issuer")
}

// find returns the keys with this id, or all when the JWT names none, after a fetch if there are none.
func (k *keySet) find(ctx context.Context, id string) ([]jose.JSONWebKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	if found := k.matching(id); len(found) > 0 && now.Sub(k.fetched) < keysLife {
		return found, nil
	}
	// With keys in hand an unknown id is most likely made up, and one fetch in a while is enough to notice a rotation.
	// Without any, nobody can be let in, so each request tries.
	if k.keys == nil || now.Sub(k.tried) >= refetchPause {
		k.tried = now
		keys, err := k.fetch(ctx)
		if err != nil {
			return nil, fmt.Errorf("%w: reading the issuer's keys: %s", token.ErrUnavailable, err.Error())
		}
		k.keys, k.fetched = keys, now
	}
	if now.Sub(k.fetched) >= keysLife {
		return nil, fmt.Errorf("%w: the issuer's keys are too old to trust", token.ErrUnavailable)
	}
	return k.matching(id), nil
}

func (k *keySet) matching(id string) []jose.JSONWebKey {
	if id == "" {
		return k.keys
	}
	return (&jose.JSONWebKeySet{Keys: k.keys}).Key(id)
}

// fetch reads the discovery document (OpenID Connect Discovery 1.0) and the JWKS (RFC 7517) it names.
func (k *keySet) fetch(ctx context.Context) ([]jose.JSONWebKey, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	var discovery struct {
		Issuer string `json:"issuer"`
		JWKS   string `json:"jwks_uri"`
	}
	if err := k.read(ctx, strings.TrimSuffix(k.issuer, "/")+"/.well-known/openid-configuration", &discovery); err != nil {
		return nil, err
	}
	if discovery.Issuer != k.issuer || discovery.JWKS == "" {
		return nil, fmt.Errorf("the discovery document is of issuer %q, not %q", discovery.Issuer, k.issuer)
	}
	var set jose.JSONWebKeySet
	if err := k.read(ctx, discovery.JWKS, &set); err != nil {
		return nil, err
	}
	public := []jose.JSONWebKey{}
	for _, key := range set.Keys {
		if key.IsPublic() && key.Valid() && (key.Use == "" || key.Use == "sig") {
			public = append(public, key)
		}
	}
	return public, nil
}

func (k *keySet) read(ctx context.Context, url string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := k.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, response.Status)
	}
	return json.NewDecoder(io.LimitReader(response.Body, maxDocument)).Decode(into)
}

// remembering keeps the error of one verification, which the verifier passes on as text alone.
type remembering struct {
	*keySet
	err error
}

// VerifySignature is keySet's.
func (r *remembering) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	payload, err := r.keySet.VerifySignature(ctx, jwt)
	r.err = err
	return payload, err
}
