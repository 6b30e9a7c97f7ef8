package token

import (
	"fmt"
	"hash/crc32"
	"io"
	"strings"

	"github.com/tokenwright/tokenwright/internal/base62"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Lengths of the parts of a token, in characters.
const (
	refLen      = 11                   // token reference: 7 of time, 4 random
	idLen       = user.RefLen + refLen // what follows "tok_" in an id
	secretLen   = 32                   // base62 digits: 190 bits
	checksumLen = 6                    // CRC-32 in base62
	tailLen     = secretLen + checksumLen
	maxPrefix   = 16
)

// Environment separates tokens for real use from tokens for trying things out.
type Environment string

// The environments.
const (
	Live Environment = "live"
	Test Environment = "test"
)

// ParseEnvironment accepts "live" and "test".
func ParseEnvironment(s string) (Environment, bool) {
	e := Environment(s)
	return e, e == Live || e == Test
}

// Format is the shape of every token of one deployment:
//
//	at_live_3kT9bQ0vXzA1mN7cR2sW5e_Zr8…38 in all…
//	│  │    │                      └ 32 base62 digits of secret, then 6 of CRC-32 over everything before them
//	│  │    └ 22 base62 digits: owner reference (11) and token reference (11)
//	│  └ environment
//	└ prefix
//
// The zero Format parses nothing; use NewFormat.
type Format struct{ prefix string }

// NewFormat returns the format with the deployment's prefix: a lower-case letter, then up to 15 lower-case letters
// and digits.
func NewFormat(prefix string) (Format, error) {
	if prefix == "" || len(prefix) > maxPrefix || strings.ToLower(prefix) != prefix || !base62.Valid(prefix) || prefix[0] <= '9' {
		return Format{}, fmt.Errorf("token prefix %q: want a lower-case letter, then up to 15 lower-case letters and digits", prefix)
	}
	return Format{prefix: prefix}, nil
}

// Pattern returns the regular expression that finds tokens of this deployment in text.
func (f Format) Pattern() string {
	return fmt.Sprintf(`\b%s_(live|test)_[0-9A-Za-z]{%d}_[0-9A-Za-z]{%d}\b`, f.prefix, idLen, tailLen)
}

// Claims says whether s begins like a token of this deployment, so that anything else may be tried as another kind of
// credential. It does not say that s is well formed.
func (f Format) Claims(s string) bool { return strings.HasPrefix(s, f.prefix+"_") }

// Issue draws a new secret for id. The result is the only copy: nothing stored leads back to it.
func (f Format) Issue(id ID, env Environment, random io.Reader) (Secret, error) {
	secret, err := base62.Random(random, secretLen)
	if err != nil {
		return Secret{}, fmt.Errorf("drawing the secret of %s: %w", id, err)
	}
	body := f.prefix + "_" + string(env) + "_" + id.digits() + "_" + secret
	return Secret{body + checksum(body)}, nil
}

// Unverified is what a well-formed token says of itself. Nobody has checked yet that it was ever issued.
type Unverified struct {
	ID          ID
	Environment Environment
	Secret      Secret
}

// Parse reads a presented token. It does no I/O and answers ErrMalformed for everything that this deployment cannot
// have issued, be it by form or by checksum.
func (f Format) Parse(s string) (Unverified, error) {
	const envLen = 4
	p := len(f.prefix)
	if p == 0 || len(s) != p+1+envLen+1+idLen+1+tailLen || s[:p] != f.prefix || s[p] != '_' {
		return Unverified{}, ErrMalformed
	}
	rest := s[p+1:]
	env, ok := ParseEnvironment(rest[:envLen])
	id, tail := rest[envLen+1:envLen+1+idLen], rest[envLen+1+idLen+1:]
	if !ok || rest[envLen] != '_' || rest[envLen+1+idLen] != '_' || !base62.Valid(id) || !base62.Valid(tail) {
		return Unverified{}, ErrMalformed
	}
	if body := s[:len(s)-checksumLen]; checksum(body) != s[len(body):] {
		return Unverified{}, ErrMalformed
	}
	return Unverified{ID: ID(idPrefix + id), Environment: env, Secret: Secret{s}}, nil
}

// Hint returns what may be shown of a token for ever: prefix, environment and the ends of the id, none of the secret.
func (f Format) Hint(id ID, env Environment) string {
	d := id.digits()
	return fmt.Sprintf("%s_%s_%s…%s", f.prefix, env, d[:4], d[len(d)-4:])
}

// checksum finds typing errors and made-up tokens without a look-up. It protects nothing: anyone can compute it.
func checksum(body string) string {
	return base62.Encode(uint64(crc32.ChecksumIEEE([]byte(body))), checksumLen)
}
