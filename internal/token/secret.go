package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

const mask = "[secret]"

// Secret is a whole token as its bearer presents it. It prints as a mask through every formatter, log and encoder, so
// that a careless line of code leaks nothing; Reveal is the one way to its text.
type Secret struct{ text string }

// Reveal returns the token itself. Only the answers to create and rotate may carry it.
func (s Secret) Reveal() string { return s.text }

// String returns a mask.
func (Secret) String() string { return mask }

// Format writes a mask for every verb, %#v and %q included.
func (Secret) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, mask) }

// MarshalText returns a mask, which encoding/json and others use.
func (Secret) MarshalText() ([]byte, error) { return []byte(mask), nil }

// LogValue returns a mask.
func (Secret) LogValue() slog.Value { return slog.StringValue(mask) }

// Key is one HMAC key of the keyring. It prints as its id.
type Key struct {
	ID    string // stored with each digest the key makes
	bytes []byte
}

// NewKey returns a key over material, which it keeps.
func NewKey(id string, material []byte) Key { return Key{ID: id, bytes: material} }

// Digest returns the keyed digest of s, the only trace of a secret at rest. HMAC-SHA256 is enough, and a slow password
// hash would protect nothing: the secret has 190 bits of entropy, and without the key a copy of the table cannot even
// be tested against a guess.
func (k Key) Digest(s Secret) Digest {
	m := hmac.New(sha256.New, k.bytes)
	m.Write([]byte(s.text))
	d := Digest{KeyID: k.ID}
	m.Sum(d.MAC[:0])
	return d
}

// Derive returns 32 bytes for another use of the key, bound to a label and to info, such that neither use says
// anything of the other: HMAC as in the expand step of HKDF (RFC 5869), in a domain no token can fall into because no
// token begins with a NUL byte.
func (k Key) Derive(label string, info ...[]byte) [32]byte {
	m := hmac.New(sha256.New, k.bytes)
	m.Write([]byte("\x00" + label + "\x00"))
	for _, part := range info {
		sum := sha256.Sum256(part)
		m.Write(sum[:])
	}
	var out [32]byte
	m.Sum(out[:0])
	return out
}

// Format writes the key's id for every verb, never its bytes.
func (k Key) Format(w fmt.State, _ rune) { _, _ = fmt.Fprintf(w, "key %s", k.ID) }

// Digest is the HMAC-SHA256 of a token, with the id of the key that made it.
type Digest struct {
	KeyID string
	MAC   [sha256.Size]byte
}

// Equal compares in constant time. Digests under different keys are never equal.
func (d Digest) Equal(other Digest) bool {
	return subtle.ConstantTimeCompare(d.MAC[:], other.MAC[:]) == 1 && d.KeyID == other.KeyID
}
