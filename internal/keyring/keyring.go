// Package keyring holds the HMAC keys of digests, read from one secret. It guarantees that a key, once loaded, is
// served from memory; that an unknown key id leads to one reload, since the keyring may just have been rotated; and
// that without a keyring every use fails. Making and rotating keys are left to others.
package keyring

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tokenwright/tokenwright/internal/token"
)

// ErrUnknownKey is returned for an id that the keyring does not have, not even after a reload.
var ErrUnknownKey = errors.New("unknown digest key")

// Source reads the secret's text.
type Source func(ctx context.Context) (string, error)

const (
	// maxAge is how long a loaded keyring is taken for current when new digests are made. An old one still works.
	maxAge = 15 * time.Minute
	// reloadPause keeps a table full of unknown key ids from turning every request into a read of the secret.
	reloadPause = time.Second
	minKeyBytes = 32
)

// Keyring serves keys. The zero Keyring is not usable; it is safe for concurrent use.
type Keyring struct {
	source Source
	now    func() time.Time

	mu     sync.Mutex // held while loading, so that many waiters make one read
	keys   map[string]token.Key
	newest string // id of the key that makes new digests
	loaded time.Time
	tried  time.Time
}

// New returns a keyring that has not been loaded yet.
func New(source Source, now func() time.Time) *Keyring { return &Keyring{source: source, now: now} }

// Load reads the secret, for functions that want it before their first request. Its failure is no failure yet: the
// first request tries again.
func (k *Keyring) Load(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.load(ctx)
}

// Key returns the key with this id. An id that is not known leads to one reload; then it is ErrUnknownKey. A keyring
// that cannot be read is token.ErrUnavailable.
func (k *Keyring) Key(ctx context.Context, id string) (token.Key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if key, ok := k.keys[id]; ok {
		return key, nil
	}
	if k.keys == nil || !within(reloadPause, k.tried, k.now()) {
		if err := k.load(ctx); err != nil {
			return token.Key{}, err
		}
	}
	key, ok := k.keys[id]
	if !ok {
		return token.Key{}, fmt.Errorf("%w %q", ErrUnknownKey, id)
	}
	return key, nil
}

// Current returns the key that new digests are made with. It is read anew now and then; when that fails, the one in
// memory goes on.
func (k *Keyring) Current(ctx context.Context) (token.Key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !within(maxAge, k.loaded, k.now()) {
		if err := k.load(ctx); err != nil && k.keys == nil {
			return token.Key{}, err
		}
	}
	return k.keys[k.newest], nil
}

// within says whether something happened less than a while ago. What lies in the future did not: a clock that was set
// back must not keep anything for longer.
func within(a time.Duration, since, now time.Time) bool {
	age := now.Sub(since)
	return age >= 0 && age < a
}

// load reads and parses the secret; the caller holds the lock. What is in memory stays when it fails.
func (k *Keyring) load(ctx context.Context) error {
	k.tried = k.now()
	text, err := k.source(ctx)
	if err != nil {
		return fmt.Errorf("reading the keyring: %w: %s", token.ErrUnavailable, err.Error())
	}
	keys, newest, err := parse(text)
	if err != nil {
		return fmt.Errorf("reading the keyring: %w: %s", token.ErrUnavailable, err.Error())
	}
	k.keys, k.newest, k.loaded = keys, newest, k.now()
	return nil
}

// parse reads the secret:
//
//	{"current": "k2", "k1": "<at least 32 characters>", "k2": "…"}
//
// It is flat because Secrets Manager can generate a random value for a top-level member only. No error of it quotes
// the text.
func parse(text string) (map[string]token.Key, string, error) {
	var members map[string]string
	if err := json.Unmarshal([]byte(text), &members); err != nil {
		return nil, "", errors.New("the secret is no flat JSON object of strings")
	}
	current := members["current"]
	delete(members, "current")
	keys := make(map[string]token.Key, len(members))
	for id, material := range members {
		if len(material) < minKeyBytes {
			return nil, "", fmt.Errorf("key %q is shorter than %d characters", id, minKeyBytes)
		}
		keys[id] = token.NewKey(id, []byte(material))
	}
	if _, ok := keys[current]; !ok {
		return nil, "", fmt.Errorf("the current key %q is not in the secret", current)
	}
	return keys, current, nil
}
