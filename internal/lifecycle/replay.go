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

// ReplayLife is how long a create can be repeated with the same answer.
const ReplayLife = 24 * time.Hour

// answer is what a record seals. It holds the token's secret, so it is encrypted (AES-256-GCM) under a key made from
// the keyring AND the caller's idempotency key: neither a copy of the table nor that and the keyring opens it without
// what only the caller has.
type answer struct {
	Token  token.Token
	Secret string
}

// replayed returns the answer given before to the same caller, key and request; store.ErrNoReplay when there was none.
func (m *Manager) replayed(ctx context.Context, c Caller, in Create) (Issued, error) {
	r, err := m.Store.Replay(ctx, c.Account, replayDigest(c, in))
	if err != nil {
		return Issued{}, err
	}
	if !m.now().Before(r.ExpiresAt) {
		return Issued{}, store.ErrNoReplay
	}
	if r.Request != fingerprint(in) {
		return Issued{}, keyReused("Use a new key for a new token.")
	}
	key, err := m.Keys.Key(ctx, r.KeyID)
	if err != nil {
		return Issued{}, err
	}
	aead, err := sealer(c, in, key)
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
func (m *Manager) seal(c Caller, in Create, key token.Key, issued Issued, now time.Time) (*store.Replay, error) {
	aead, err := sealer(c, in, key)
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
	r := &store.Replay{Account: c.Account, Digest: replayDigest(c, in), Request: fingerprint(in), KeyID: key.ID, ExpiresAt: now.Add(ReplayLife)}
	r.Sealed = aead.Seal(nonce, nonce, plain, []byte(r.Request))
	return r, nil
}

func sealer(c Caller, in Create, key token.Key) (cipher.AEAD, error) {
	k := key.Derive("idempotency", []byte(c.Account), []byte(c.User), []byte(c.Token), []byte(in.IdempotencyKey))
	block, err := aes.NewCipher(k[:])
	if err != nil {
		return nil, fmt.Errorf("making a sealing key: %w", err)
	}
	return cipher.NewGCM(block)
}

// replayDigest names a record by who asked and with which key, so that nobody meets another's.
func replayDigest(c Caller, in Create) string {
	return digestJSON([]string{string(c.Account), string(c.User), string(c.Token), in.IdempotencyKey})
}

// fingerprint identifies a request's content, defaults filled in.
func fingerprint(in Create) string {
	in.IdempotencyKey = ""
	return digestJSON(struct {
		Create    Create
		ExpiresIn string
	}{in, in.ExpiresIn.String()})
}

func digestJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and times
	}
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
