package lifecycle

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/standing"
	"github.com/tokenwright/tokenwright/internal/token"
)

// Update is a request to change a token. Fields that are not set stay.
type Update struct {
	Name        Field[string]
	Description Field[string]
	Active      Field[bool]
	CIDRs       Field[[]string] // null = any address
	Scopes      Field[[]scope.Pattern]
	ExpiresAt   Field[time.Time]
}

// Update changes a token: its owner signed in for nothing, all others with tokens:write, and nobody another's
// personal token. ifVersion 0 = whatever the version.
func (m *Manager) Update(ctx context.Context, c Caller, target Target, ifVersion int64, in Update) (token.Token, error) {
	id, err := c.resolve(target)
	if err != nil {
		return token.Token{}, err
	}
	if c, err = m.Know(ctx, c); err != nil {
		return token.Token{}, err
	}
	if !(c.owns(id) && c.Kind == principal.Person) && !c.Scopes.Has(scope.TokensWrite) {
		return token.Token{}, m.refusedUnread(ctx, c, audit.TokenUpdated, string(id), lacking(scope.TokensWrite))
	}
	var within bounds
	if c.IsToken() && (in.CIDRs.Set || in.Scopes.Set || in.ExpiresAt.Set) {
		if within, err = m.bounds(ctx, c); err != nil {
			return token.Token{}, m.refusedUnread(ctx, c, audit.TokenUpdated, string(id), err)
		}
	}
	edit := func(now time.Time, tok *token.Token, stands standing.Standing) (audit.Action, []audit.Change, error) {
		if err := c.ownersAlone(tok); err != nil {
			return audit.TokenUpdated, nil, err
		}
		if c.Token == id && within.maker.ID == id { // as it is by now
			within.maker = *tok
		}
		if within.maker.ID != "" {
			if err := within.mayWrite(c); err != nil {
				return audit.TokenUpdated, nil, err
			}
		}
		if err := mayChange(tok, now); err != nil {
			return audit.TokenUpdated, nil, err
		}
		if in.Active.Value && !tok.Active && c.Token == id {
			return audit.TokenUpdated, nil, forbidden("token_inactive", "The token was paused a moment ago, and cannot resume itself.")
		}
		within.policy = *stands.Policy
		changes, err := m.apply(c, in, &within, tok, now)
		return audit.TokenUpdated, changes, err
	}
	if in.pauses() {
		return m.end(ctx, c, id, ifVersion, edit)
	}
	return m.changeWithin(ctx, c, id, ifVersion, &within, edit)
}

// pauses says whether the request pauses the token and does nothing else. Together with other fields it is a change like any
// other, which somebody else's change can overtake.
func (in Update) pauses() bool {
	in.Active.Set = in.Active.Set && !in.Active.Value
	return in.Active.Set && !in.Name.Set && !in.Description.Set && !in.CIDRs.Set && !in.Scopes.Set && !in.ExpiresAt.Set
}

// ownersAlone keeps everybody but its owner off a personal token: an administrator who could change or rotate it could
// act as its owner. They offboard the owner instead.
func (c Caller) ownersAlone(tok *token.Token) error {
	if tok.Kind == token.Personal && !c.owns(tok.ID) {
		return forbidden("not_owner", "A personal token is changed, rotated and revoked by its owner alone.")
	}
	return nil
}

// apply edits tok and tells what changed.
func (m *Manager) apply(c Caller, in Update, within *bounds, tok *token.Token, now time.Time) ([]audit.Change, error) {
	var f faults
	before := *tok
	if in.Name.Set {
		f.name(in.Name.Value)
		tok.Name = in.Name.Value
	}
	if in.Description.Set {
		f.description(in.Description.Value)
		tok.Description = in.Description.Value
	}
	if in.Active.Set {
		tok.Active = in.Active.Value
	}
	if in.CIDRs.Set {
		tok.CIDRs = f.cidrs(in.CIDRs.Value)
	}
	if in.Scopes.Set && !in.Scopes.Null {
		f.scopes(m.Catalogue, in.Scopes.Value)
		tok.Scopes = append([]scope.Pattern{}, in.Scopes.Value...)
	}
	if in.ExpiresAt.Set && !in.ExpiresAt.Null {
		tok.ExpiresAt = token.Millis(in.ExpiresAt.Value)
		if !tok.ExpiresAt.After(now) {
			f.add("expiresAt", "in_past", "It has passed already. To end the token now, revoke it.")
		}
	}
	if err := Invalid(f); err != nil {
		return nil, err
	}
	if err := m.onlyLess(in, &before, tok); err != nil {
		return nil, err
	}
	if err := stillPermitted(within.policy.For(tok.Kind), &before, tok, now); err != nil {
		return nil, err
	}
	changes := diff(&before, tok)
	switch {
	case slices.Equal(before.CIDRs, tok.CIDRs):
		return changes, nil
	case c.Token == tok.ID: // the list that this very write replaces, and no older one
		return changes, withinAddresses(tok.CIDRs, before.CIDRs)
	default:
		return changes, withinAddresses(tok.CIDRs, within.maker.CIDRs)
	}
}

// stillPermitted refuses a change to what the account's settings do not let a token be. What does not change stays: a token
// that the settings refuse for something else can be renamed, and be put right step by step.
func stillPermitted(rules *settings.Rules, before, after *token.Token, now time.Time) error {
	var f faults
	for _, changed := range diff(before, after) {
		for _, rule := range []string{settings.RequireCidrBlocks, settings.AllowedScopes, settings.MaxLifetime} {
			if fault := ruleFields[rule]; fault.Field == changed.Field && rules.Breaks(rule, after, now) {
				f = append(f, fault)
			}
		}
	}
	return Invalid(f)
}

// onlyLess refuses a change that would make the secret in circulation worth more than it was when it was handed out.
func (m *Manager) onlyLess(in Update, before, after *token.Token) error {
	ends := !before.ExpiresAt.IsZero()
	if in.ExpiresAt.Set && ends && (in.ExpiresAt.Null || after.ExpiresAt.After(before.ExpiresAt)) {
		return conflict("expiry_extended", "An expiry can be brought forward, never extended. Rotate the token, or create a new one.")
	}
	if !in.Scopes.Set || before.Scopes == nil {
		return nil // a list on a token that had everything its owner may do is always less
	}
	wider := m.Catalogue.Covered(after.Scopes).Without(m.Catalogue.Covered(before.Scopes))
	if in.Scopes.Null || len(wider) > 0 {
		detail := "Scopes can be narrowed, never widened. Create a new token"
		if len(wider) > 0 {
			detail += " for " + wider.String()
		}
		return &Refusal{Root: ErrConflict, Code: "scopes_widened", Detail: detail + ".", Scopes: wider}
	}
	return nil
}

// diff tells the fields that differ, in the form the API shows them.
func diff(a, b *token.Token) []audit.Change {
	var out []audit.Change
	note := func(differ bool, field string, before, after any) {
		if differ {
			out = append(out, audit.Change{Field: field, Before: before, After: after})
		}
	}
	note(a.Name != b.Name, "name", a.Name, b.Name)
	note(a.Description != b.Description, "description", a.Description, b.Description)
	note(a.Active != b.Active, "isActive", a.Active, b.Active)
	note(!slices.Equal(a.CIDRs, b.CIDRs), "allowedCidrBlocks", blocks(a.CIDRs), blocks(b.CIDRs))
	note((a.Scopes == nil) != (b.Scopes == nil) || !slices.Equal(a.Scopes, b.Scopes), "scopes", patterns(a.Scopes), patterns(b.Scopes))
	note(!a.ExpiresAt.Equal(b.ExpiresAt), "expiresAt", instant(a.ExpiresAt), instant(b.ExpiresAt))
	return out
}

// instant, patterns and blocks return nil for "none", else what the API shows.
func instant(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(principal.TimeLayout)
}

func patterns(list []scope.Pattern) any {
	if list == nil {
		return nil
	}
	return texts(list, func(p scope.Pattern) string { return string(p) })
}

func blocks(list []netip.Prefix) any {
	if len(list) == 0 {
		return nil
	}
	return texts(list, netip.Prefix.String)
}

func texts[T any](list []T, text func(T) string) []string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = text(x)
	}
	return out
}
