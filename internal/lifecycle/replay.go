package lifecycle

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
)

// ReplayLife is how long a create or a rotation can be repeated with the same answer.
const ReplayLife = 24 * time.Hour

// answer is what a record seals. It holds the token's secret, so it is encrypted (AES-256-GCM) under a key made from
// the keyring AND the caller's idempotency key: neither a copy of the table nor that and the keyring opens it without
// what only the caller has.
type answer struct {
	Token  token.Token
	Secret string
}

// once is a request with an Idempotency-Key.
type once struct {
	operation string // "" = create, so that neither meets the other's record
	key       string
	request   string // digest of its content, which a repetition must match
	advice    string // to whoever repeats the key with another request
}

// replayed returns the answer given before to the same caller, key and request; store.ErrNoReplay when there was none.
func (m *Manager) replayed(ctx context.Context, c Caller, o once) (Issued, error) {
	r, err := m.Store.Replay(ctx, c.Account, o.digest(c))
	if err != nil {
		return Issued{}, err
	}
	if !m.now().Before(r.ExpiresAt) {
		return Issued{}, store.ErrNoReplay
	}
	if r.Request != o.request {
		return Issued{}, keyReused(o.advice)
	}
	key, err := m.Keys.Key(ctx, r.KeyID)
	if err != nil {
		return Issued{}, err
	}
	aead, err := o.sealer(c, key)
	if err != nil {
		return Issued{}, err
	}
	if len(r.Sealed) < aead.NonceSize() {
		return Issued{}, fmt.Errorf("replay record of %s is cut short", c.Account)
	}
	plain, err := aead.Open(nil, r.Sealed[:aead.NonceSize()], r.Sealed[aead.NonceSize():], []byte(r.Request))
	if err != nil {
		return Issued{}, fmt.Errorf("opening a replay record of %s: %w", c.Account, err)
	}
	var a answer
	if err := json.Unmarshal(plain, &a); err != nil {
		return Issued{}, fmt.Errorf("reading a replay record of %s: %w", c.Account, err)
	}
	parsed, err := m.Format.Parse(a.Secret)
	if err != nil {
		return Issued{}, fmt.Errorf("reading a replay record of %s: %w", c.Account, err)
	}
	return Issued{Token: a.Token, Secret: parsed.Secret}, nil
}

// keyReused refuses another request under the idempotency key of an earlier one.
func keyReused(advice string) error {
	return &Refusal{
		Root: ErrInvalid, Code: "idempotency_key_reused", Detail: "This Idempotency-Key came with another request before. " + advice,
		Fields: []FieldError{{Field: "Idempotency-Key", Code: "reused", Detail: "The request differs from the first one with this key."}},
	}
}

// seal makes the record of an answer.
func (m *Manager) seal(c Caller, o once, key token.Key, issued Issued, now time.Time) (*store.Replay, error) {
	aead, err := o.sealer(c, key)
	if err != nil {
		return nil, err
	}
	tok := issued.Token
	tok.Secrets = nil // not part of any answer
	plain, err := json.Marshal(answer{Token: tok, Secret: issued.Secret.Reveal()})
	if err != nil {
		return nil, fmt.Errorf("recording the answer for %s: %w", tok.ID, err)
	}
	nonce := make([]byte, aead.NonceSize())
	if _, err := io.ReadFull(m.Random, nonce); err != nil {
		return nil, fmt.Errorf("reading randomness: %w", err)
	}
	r := &store.Replay{Account: c.Account, Digest: o.digest(c), Request: o.request, KeyID: key.ID, ExpiresAt: now.Add(ReplayLife)}
	r.Sealed = aead.Seal(nonce, nonce, plain, []byte(r.Request))
	return r, nil
}

// sealer makes the key of a record out of the keyring's and of everything that names the record.
func (o once) sealer(c Caller, key token.Key) (cipher.AEAD, error) {
	var parts [][]byte
	for _, name := range o.names(c) {
		parts = append(parts, []byte(name))
	}
	k := key.Derive("idempotency", parts...)
	block, err := aes.NewCipher(k[:])
	if err != nil {
		return nil, fmt.Errorf("making a sealing key: %w", err)
	}
	return cipher.NewGCM(block)
}

// digest names a record.
func (o once) digest(c Caller) string { return digestJSON(o.names(c)) }

// names are who asked, for what and with which key, so that nobody meets another's record.
func (o once) names(c Caller) []string {
	names := []string{string(c.Account), string(c.User), string(c.Token), o.key}
	if o.operation != "" {
		names = append(names, o.operation)
	}
	return names
}

// once identifies a create by its content, defaults filled in.
func (in Create) once() once {
	key := in.IdempotencyKey
	in.IdempotencyKey = ""
	return once{key: key, advice: "Use a new key for a new token.", request: digestJSON(struct {
		Create    Create
		ExpiresIn string
	}{in, in.ExpiresIn.String()})}
}

func digestJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and times
	}
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
