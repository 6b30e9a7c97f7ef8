package lifecycle

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/token"
)

// Bounds of what a token may carry. Together they keep an item well under DynamoDB's 400 KB and a validation's read
// within one 4 KB unit in all but the oddest cases.
const (
	MaxName        = 255 // characters, of what people are called as well
	maxDescription = 1024
	maxCIDRs       = 100
	maxScopes      = 100
)

// faults collects field errors.
type faults []FieldError

func (f *faults) add(field, code, format string, args ...any) {
	*f = append(*f, FieldError{Field: field, Code: code, Detail: fmt.Sprintf(format, args...)})
}

// text checks what people write for people to read.
func (f *faults) text(field, s string, most int, control func(rune) bool) {
	switch {
	case utf8.RuneCountInString(s) > most:
		f.add(field, "too_long", "At most %d characters.", most)
	case strings.ContainsFunc(s, control):
		f.add(field, "control_character", "Control characters are not allowed.")
	case token.InText(s):
		f.add(field, "holds_token", "There is a token in it, and whoever may read this could use it. Leave it out, and rotate that token if others have seen it.")
	}
}

func (f *faults) name(s string) {
	if strings.TrimSpace(s) == "" {
		f.add("name", "required", "A token needs a name.")
		return
	}
	f.text("name", s, MaxName, unicode.IsControl)
}

func (f *faults) displayName(s string) { f.text("displayName", s, MaxName, unicode.IsControl) }

// description may have several lines.
func (f *faults) description(s string) {
	f.text("description", s, maxDescription, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' })
}

// cidrs parses an address list. A block with host bits set is refused rather than rounded: its author may have meant
// one address or the whole net.
func (f *faults) cidrs(list []string) []netip.Prefix {
	if len(list) > maxCIDRs {
		f.add("allowedCidrBlocks", "too_many", "At most %d blocks.", maxCIDRs)
		return nil
	}
	var out []netip.Prefix
	for i, s := range list {
		field := fmt.Sprintf("allowedCidrBlocks[%d]", i)
		p, err := netip.ParsePrefix(s)
		switch {
		case err != nil:
			f.add(field, "bad_cidr", "%.*q is no CIDR block. Write it like 203.0.113.0/24 or 2001:db8::/32; one address is 203.0.113.7/32.", MaxEcho, s)
		case p.Addr().Is4In6() || p.Addr().Is6() && strings.Contains(s, "."):
			f.add(field, "bad_cidr", "%.*q holds IPv4 inside IPv6. Write the IPv4 block, or hexadecimal groups.", MaxEcho, s)
		case p.Masked() != p:
			f.add(field, "host_bits", "%s has host bits set. Did you mean %s, or one address, %s/%d?", p, p.Masked(), p.Addr(), p.Addr().BitLen())
		case !slices.Contains(out, p):
			out = append(out, p)
		}
	}
	return out
}

// scopes checks patterns against the catalogue and returns what they stand for.
func (f *faults) scopes(catalogue *scope.Catalogue, patterns []scope.Pattern) scope.Set {
	if len(patterns) > maxScopes {
		f.add("scopes", "too_many", "At most %d scopes.", maxScopes)
		return nil
	}
	for i, p := range patterns {
		if _, err := catalogue.Expand([]scope.Pattern{p}); err != nil {
			f.add(fmt.Sprintf("scopes[%d]", i), "unknown_scope", "%.*q is no scope here. GET /v1/scopes lists them.", MaxEcho, p)
		}
	}
	return catalogue.Covered(patterns)
}

// mayChange refuses every change to a token that is over.
func mayChange(tok *token.Token, now time.Time) error {
	switch tok.Status(now) {
	case token.Revoked:
		return conflict("token_revoked", "The token was revoked, which is final. Create a new one.")
	case token.Expired:
		return conflict("token_expired", "The token has expired, which is final. Create a new one.")
	case token.Inactive, token.Scheduled, token.Usable:
	}
	return nil
}

// withinCaller refuses what would give a calling token's bearer more than that token gives: permissions it lacks, or
// a life longer than its own. People are cut by their permissions alone.
func (c Caller) withinCaller(grants scope.Set, expiresAt time.Time) error {
	if wider := grants.Without(c.Scopes); len(wider) > 0 {
		return &Refusal{Root: ErrForbidden, Code: "exceeds_caller", Detail: "You cannot grant what you do not hold: " + wider.String() + ".", Scopes: wider}
	}
	if c.IsToken() && !c.ExpiresAt.IsZero() && (expiresAt.IsZero() || expiresAt.After(c.ExpiresAt)) {
		return forbidden("outlives_caller", "The calling token ends at %s; it cannot give a longer life than its own.", c.ExpiresAt.UTC().Format(time.RFC3339))
	}
	return nil
}
