// Package cursor makes the marks between pages of a list. A cursor is opaque and authenticated: it holds a position
// that could otherwise be forged to point anywhere, so it is only read back where it was made, for the same account and
// the same query.
package cursor

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"strings"

	"github.com/tokenwright/tokenwright/internal/token"
)

// ErrBad is returned for a cursor that was not made here, or for another account or query.
var ErrBad = errors.New("bad cursor")

const (
	macLen = 16
	maxLen = 512
)

// Seal returns a cursor for a position, bound to a context.
func Seal(key token.Key, position string, context ...string) string {
	mac := sign(key, position, context)
	return base64.RawURLEncoding.EncodeToString([]byte(string(mac[:macLen]) + key.ID + "\x00" + position))
}

// KeyID returns the id of the key that a cursor names; the cursor is not authenticated yet.
func KeyID(cursor string) (string, error) {
	_, id, _, err := split(cursor)
	return id, err
}

// Open returns the position in a cursor that Seal made with this key and context, else ErrBad.
func Open(key token.Key, cursor string, context ...string) (string, error) {
	got, id, position, err := split(cursor)
	if err != nil {
		return "", err
	}
	want := sign(key, position, context)
	if id != key.ID || subtle.ConstantTimeCompare([]byte(got), want[:macLen]) != 1 {
		return "", ErrBad
	}
	return position, nil
}

func split(cursor string) (mac, keyID, position string, err error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(cursor) > maxLen || len(raw) < macLen {
		return "", "", "", ErrBad
	}
	keyID, position, ok := strings.Cut(string(raw[macLen:]), "\x00")
	if !ok {
		return "", "", "", ErrBad
	}
	return string(raw[:macLen]), keyID, position, nil
}

func sign(key token.Key, position string, context []string) [32]byte {
	parts := [][]byte{[]byte(position)}
	for _, c := range context {
		parts = append(parts, []byte(c))
	}
	return key.Derive("cursor", parts...)
}
