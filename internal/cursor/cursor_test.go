package cursor_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/tokenwright/tokenwright/internal/cursor"
	"github.com/tokenwright/tokenwright/internal/token"
)

var key = token.NewKey("k1", []byte(strings.Repeat("k", 32)))

func TestACursorOpensWhereItWasMade(t *testing.T) {
	c := cursor.Seal(key, "tok_1", "acc_acme", "limit=5")
	if id, err := cursor.KeyID(c); err != nil || id != "k1" {
		t.Errorf("KeyID = %q, %v", id, err)
	}
	if got, err := cursor.Open(key, c, "acc_acme", "limit=5"); err != nil || got != "tok_1" {
		t.Errorf("Open = %q, %v", got, err)
	}
}

func TestACursorOpensNowhereElse(t *testing.T) {
	c := cursor.Seal(key, "tok_1", "acc_acme", "limit=5")
	other := token.NewKey("k1", []byte(strings.Repeat("x", 32)))
	raw, _ := base64.RawURLEncoding.DecodeString(c)
	raw[len(raw)-1]++
	forged := base64.RawURLEncoding.EncodeToString(raw)
	for name, open := range map[string]func() (string, error){
		"another account":  func() (string, error) { return cursor.Open(key, c, "acc_evil", "limit=5") },
		"another query":    func() (string, error) { return cursor.Open(key, c, "acc_acme", "limit=6") },
		"a moved border":   func() (string, error) { return cursor.Open(key, c, "acc_acmel", "imit=5") },
		"less context":     func() (string, error) { return cursor.Open(key, c, "acc_acme") },
		"another key":      func() (string, error) { return cursor.Open(other, c, "acc_acme", "limit=5") },
		"another position": func() (string, error) { return cursor.Open(key, forged, "acc_acme", "limit=5") },
		"not base64":       func() (string, error) { return cursor.Open(key, c+"!", "acc_acme", "limit=5") },
		"empty":            func() (string, error) { return cursor.Open(key, "", "acc_acme", "limit=5") },
		"too long":         func() (string, error) { return cursor.Open(key, strings.Repeat("A", 513), "acc_acme", "limit=5") },
	} {
		if got, err := open(); !errors.Is(err, cursor.ErrBad) {
			t.Errorf("%s: Open = %q, %v; want ErrBad", name, got, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(cursor.Seal(key, "tok_1", "a"))
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := cursor.Open(key, s, "a")
		if err == nil && cursor.Seal(key, got, "a") != s {
			t.Errorf("%q opens and was not sealed here", s)
		}
	})
}
