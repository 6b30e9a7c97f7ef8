package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
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
	// retryPause is that after a fetch that failed; it doubles with each further one, up to refetchPause.
	retryPause = time.Second
	// keysYouth is when keys are fetched anew; as long as that fails, the old ones are used until keysLife.
	keysYouth = 30 * time.Minute
	// keysLife is how long fetched keys are trusted: a key withdrawn by the issuer is refused after this long.
	keysLife     = time.Hour
	maxDocument  = 1 << 20
	maxRedirects = 3
)

// keySet holds the issuer's keys. It fetches as rarely as it can and tells an issuer that
// cannot be reached from a signature that is wrong.
type keySet struct {
	config Config
	client *http.Client // of config, and holds redirects to CheckAddress

	mu      sync.Mutex // held while fetching, so that many waiters make one fetch
	keys    []jose.JSONWebKey
	fetched time.Time // when keys were; zero = never
	tried   time.Time
	failed  error // of the last try
	pause   time.Duration
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
	header := signed.Signatures[0].Header
	if err := checkType(header.ExtraHeaders["typ"]); err != nil {
		return nil, err
	}
	payload, err := k.verified(ctx, signed, header.KeyID, false)
	if errors.Is(err, errNoKey) && header.KeyID == "" { // no id tells that the issuer has a new key
		payload, err = k.verified(ctx, signed, "", true)
	}
	return payload, err
}

var errNoKey = errors.New("signed by no key of the issuer")

func (k *keySet) verified(ctx context.Context, signed *jose.JSONWebSignature, id string, anew bool) ([]byte, error) {
	keys, err := k.find(ctx, id, anew)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		if payload, err := signed.Verify(key); err == nil {
			return payload, nil
		}
	}
	return nil, errNoKey
}

// checkType refuses JWTs of another kind, which the same keys sign: a logout token (OpenID Connect Back-Channel Logout) or
// a security event names a person too. Those of access and ID tokens are RFC 9068's and JWT's own; many name none.
func checkType(typ any) error {
	if typ == nil {
		return nil
	}
	name, _ := typ.(string)
	switch strings.TrimPrefix(strings.ToLower(name), "application/") {
	case "jwt", "at+jwt":
		return nil
	}
	return errors.New("a JWT of another type (typ)")
}

// find returns the keys with this id, or all when the JWT names none, after a fetch if there are none, if they are not
// young, or if anew asks for it.
func (k *keySet) find(ctx context.Context, id string, anew bool) ([]jose.JSONWebKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.config.Now()
	found := k.matching(id)
	if !anew && len(found) > 0 && younger(now.Sub(k.fetched), keysYouth) {
		return found, nil
	}
	k.refresh(ctx, now)
	found = k.matching(id)
	if k.failed != nil && (anew || len(found) == 0 || !younger(now.Sub(k.fetched), keysLife)) {
		return nil, fmt.Errorf("%w: reading the issuer's keys: %s", token.ErrUnavailable, k.failed.Error())
	}
	return found, nil
}

// younger says whether an age is below a bound; a clock that was set back makes nothing young.
func younger(age, bound time.Duration) bool { return age >= 0 && age < bound }

// refresh fetches the keys, unless that was tried a moment ago. With keys in hand an unknown id is most likely made up, and
// one fetch in a while is enough to notice a rotation; after a failure it is sooner.
func (k *keySet) refresh(ctx context.Context, now time.Time) {
	if younger(now.Sub(k.tried), k.pause) {
		return
	}
	keys, err := k.fetch(ctx)
	switch {
	case err == nil:
		k.keys, k.fetched, k.pause = keys, now, refetchPause
	case k.failed == nil:
		k.pause = retryPause
	default:
		k.pause = min(2*k.pause, refetchPause)
	}
	k.tried, k.failed = now, err
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
	if err := k.read(ctx, strings.TrimSuffix(k.config.Issuer, "/")+"/.well-known/openid-configuration", &discovery); err != nil {
		return nil, err
	}
	if discovery.Issuer != k.config.Issuer || discovery.JWKS == "" {
		return nil, fmt.Errorf("the discovery document is of issuer %q, not %q", discovery.Issuer, k.config.Issuer)
	}
	if err := k.config.CheckAddress(discovery.JWKS); err != nil {
		return nil, err
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := k.read(ctx, discovery.JWKS, &set); err != nil {
		return nil, err
	}
	if set.Keys == nil {
		return nil, fmt.Errorf("%s holds no set of keys", discovery.JWKS)
	}
	public := []jose.JSONWebKey{}
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		if json.Unmarshal(raw, &key) != nil { // of a type nobody knows here: RFC 7517, section 5
			continue
		}
		if key.IsPublic() && key.Valid() && (key.Use == "" || key.Use == "sig") {
			public = append(public, key)
		}
	}
	return public, nil
}

func (k *keySet) read(ctx context.Context, address string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := k.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", address, response.Status)
	}
	return json.NewDecoder(io.LimitReader(response.Body, maxDocument)).Decode(into)
}

// CheckAddress refuses an issuer's address that somebody on the way could answer for: one without TLS, but on this machine.
func (c Config) CheckAddress(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "":
		return errors.New("want a URL")
	case u.Scheme == "https" || u.Scheme == "http" && c.isHere(u.Hostname()):
		return nil
	}
	return errors.New("want https: without it, anybody on the way can name their own keys")
}

func (c Config) isHere(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && (ip.IsLoopback() || c.SAMLocal && ip.IsPrivate())
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
