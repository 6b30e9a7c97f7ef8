package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/period"
	"github.com/tokenwright/tokenwright/internal/retry"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Settings returns the account's policy to holders of settings:read.
func (m *Manager) Settings(ctx context.Context, c Caller) (settings.Settings, error) {
	if !c.Scopes.Has(scope.SettingsRead) {
		return settings.Settings{}, lacking(scope.SettingsRead)
	}
	return m.Store.Settings(ctx, c.Account)
}

// SetSettings replaces the account's policy, at the version that the caller has seen: a policy is never written blind.
//
// It also tells which tokens that work today the new policy refuses. That is counted when the policy stands already: to count
// takes the longer the more tokens there are, and whoever makes many must not keep the policy from being set.
func (m *Manager) SetSettings(ctx context.Context, c Caller, ifVersion int64, in settings.Settings) (settings.Settings, Preview, error) {
	none := settings.Settings{}
	c, err := m.Know(ctx, c)
	if err != nil {
		return none, Preview{}, err
	}
	if !c.Scopes.Has(scope.SettingsWrite) {
		return none, Preview{}, m.refused(ctx, c, audit.SettingsUpdated, string(c.Account), lacking(scope.SettingsWrite))
	}
	if err := m.checkSettings(&in); err != nil {
		return none, Preview{}, err
	}
	var before, after settings.Settings
	now := m.now()
	err = persist(ctx, retry.Changing, "the settings", func(ctx context.Context) (err error) {
		if before, err = m.settingsAt(ctx, c, ifVersion); err == nil {
			after, err = m.replaceSettings(ctx, c, before, in, now)
		}
		return err
	})
	if err != nil {
		return none, Preview{}, err
	}
	preview, err := m.preview(ctx, c, &before, &after, now)
	preview.Complete = preview.Complete && err == nil // what is saved is saved
	return after, preview, nil
}

// settingsAt returns the policy, if it is at the version that the caller has seen.
func (m *Manager) settingsAt(ctx context.Context, c Caller, version int64) (settings.Settings, error) {
	s, err := m.Store.Settings(ctx, c.Account)
	if err == nil && s.Version != version {
		err = &Refusal{
			Root: ErrPrecondition, Code: "version_mismatch", Detail: fmt.Sprintf("The settings are at version %d. Read them again and decide anew.", s.Version),
		}
	}
	return s, err
}

// replaceSettings writes a policy over the one that was read.
func (m *Manager) replaceSettings(ctx context.Context, c Caller, before, in settings.Settings, now time.Time) (settings.Settings, error) {
	if c.IsToken() && !token.Within(in.AllowedCIDRs, before.AllowedCIDRs) { // which bounds the calling token, too
		err := forbidden("addresses_widened", "Only a signed-in person lets the account's tokens be used from more addresses.")
		return before, m.refused(ctx, c, audit.SettingsUpdated, string(c.Account), err)
	}
	mover, err := m.mover(ctx, c, before.RolesFrom, in.RolesFrom)
	if err != nil {
		return before, m.refused(ctx, c, audit.SettingsUpdated, string(c.Account), err)
	}
	after := in
	after.IssuedBefore, after.Sweep = before.IssuedBefore, before.Sweep
	changes := diffSettings(&before, &after)
	if len(changes) == 0 {
		return before, nil
	}
	after.Version, after.UpdatedAt = before.Version+1, now
	event, err := m.event(c, now, audit.SettingsUpdated, string(c.Account), changes...)
	if err != nil {
		return before, err
	}
	if mover != nil {
		return after, m.Store.MoveRoles(ctx, c.Account, before, after, *mover, event)
	}
	return after, m.Store.SaveSettings(ctx, c.Account, before, after, event)
}

// mover keeps the account from locking everybody out: whoever changes where roles come from must be a person who can give them,
// and who is stored with such a role while the policy is written. What a JWT, or a directory, says at the same moment takes the
// last administrator only as long as it is the provider's to say; see store.UserEnding. nil = roles stay where they are.
func (m *Manager) mover(ctx context.Context, c Caller, was, is settings.RolesFrom) (*store.Giver, error) {
	switch {
	case was == is:
		return nil, nil
	case c.IsToken():
		return nil, Invalid([]FieldError{{Field: "rolesFrom", Code: "not_a_person", Detail: "Only a signed-in person can change where roles come from."}})
	case !c.Scopes.Has(scope.UsersWrite):
		return nil, lacking(scope.UsersWrite)
	}
	caller, err := m.findUser(ctx, c, c.User)
	switch {
	case err != nil && !errors.Is(err, user.ErrNotFound):
		return nil, err
	case err == nil && caller.Status != user.Active:
		return nil, errInactive
	case !m.isAdmin(caller):
		return nil, lacking(scope.UsersWrite)
	}
	return &store.Giver{Ref: caller.Ref, Roles: caller.Roles}, nil
}

// checkSettings refuses what cannot hold.
func (m *Manager) checkSettings(s *settings.Settings) error {
	var f faults
	for name, r := range s.ByKind() {
		for i, p := range r.AllowedScopes {
			if _, err := m.Catalogue.Expand([]scope.Pattern{p}); err != nil {
				f.add(fmt.Sprintf("%s.allowedScopes[%d]", name, i), "unknown_scope", "%.*q is no scope here. GET /v1/scopes lists them.", MaxEcho, p)
			}
		}
		if len(r.AllowedScopes) > maxScopes {
			f.add(name+".allowedScopes", "too_many", "At most %d scopes.", maxScopes)
		}
		if name == "service" && r.MaxTokensPerUser != 0 {
			f.add("service.maxTokensPerUser", "no_effect", "Each service token has a user of its own, so there is nothing to count.")
		} else if r.MaxTokensPerUser < 0 || r.MaxTokensPerUser > 100_000 {
			f.add(name+".maxTokensPerUser", "bad_value", "Want a number from 1 to 100,000, or null for no limit.")
		}
	}
	if s.RolesFrom != settings.IdentityProvider && s.RolesFrom != settings.Tokenwright {
		f.add("rolesFrom", "bad_value", "Want identity-provider or tokenwright.")
	}
	if field, why := s.Contradiction(); field != "" {
		f.add(field, "contradiction", "%s", why)
	}
	slices.SortFunc(f, func(a, b FieldError) int { return strings.Compare(a.Field, b.Field) })
	return Invalid(f)
}

// ParseCIDRs reads an address list as tokens and settings have it; the faults name the field.
func ParseCIDRs(list []string) ([]netip.Prefix, []FieldError) {
	var f faults
	return f.cidrs(list), f
}

// Preview is what settings would do to the tokens that exist.
type Preview struct {
	Examined int
	Refused  []PreviewedToken // at most maxPreviewed of them
	Total    int              // of those refused
	Complete bool             // false: there are more tokens than one call has the time to look at, or looks at
}

// PreviewedToken is one token that settings would refuse, and the rule it breaks.
type PreviewedToken struct {
	ID   token.ID
	Name string
	Rule string
}

const (
	maxPreviewed        = 100
	maxPreviewedExamine = 10_000
)

// PreviewSettings tells which tokens that work today would be refused under other settings, and changes nothing. Tokens
// that today's settings refuse already do not count.
func (m *Manager) PreviewSettings(ctx context.Context, c Caller, in settings.Settings) (Preview, error) {
	if !c.Scopes.Has(scope.SettingsRead) {
		return Preview{}, lacking(scope.SettingsRead)
	}
	if !c.Scopes.Has(scope.TokensRead) {
		return Preview{}, lacking(scope.TokensRead)
	}
	if err := m.checkSettings(&in); err != nil {
		return Preview{}, err
	}
	today, err := m.Store.Settings(ctx, c.Account)
	if err != nil {
		return Preview{}, err
	}
	return m.preview(ctx, c, &today, &in, m.now())
}

func (m *Manager) preview(ctx context.Context, c Caller, today, in *settings.Settings, now time.Time) (Preview, error) {
	p := Preview{Refused: []PreviewedToken{}}
	var err error
	p.Complete, err = m.each(ctx, c, maxPreviewedExamine, func(t *token.Token) {
		p.Examined++
		if s := t.Status(now); s == token.Revoked || s == token.Expired || today.Breach(t, now) != "" {
			return
		}
		if rule := in.Breach(t, now); rule != "" {
			p.Total++
			if len(p.Refused) < maxPreviewed {
				p.Refused = append(p.Refused, PreviewedToken{ID: t.ID, Name: t.Name, Rule: rule})
			}
		}
	})
	return p, err
}

// margin is how much of a call's time a count leaves for the answer.
const margin = 2 * time.Second

// inTime returns a context that ends while there is still time to answer.
func inTime(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-margin))
}

// each shows every token of the account to a function, newest first, and says whether it came to the end within most and
// within the time that the call has.
func (m *Manager) each(ctx context.Context, c Caller, most int, show func(*token.Token)) (bool, error) {
	budget, cancel := inTime(ctx)
	defer cancel()
	after := token.ID("")
	for seen := 0; seen < most && budget.Err() == nil; {
		found, last, err := m.Store.Tokens(budget, c.Account, "", after, 100)
		if err == nil {
			err = m.overtakeAll(budget, c.Account, found)
		}
		switch {
		case err != nil && budget.Err() != nil && ctx.Err() == nil:
			return false, nil
		case err != nil:
			return false, err
		}
		for i := range found {
			show(&found[i])
		}
		if last == "" {
			return true, nil
		}
		after, seen = last, seen+100
	}
	return false, nil
}

// diffSettings tells the fields that differ, in the form the API shows them.
func diffSettings(a, b *settings.Settings) []audit.Change {
	var out []audit.Change
	note := func(field string, before, after any) {
		if fmt.Sprint(before) != fmt.Sprint(after) {
			out = append(out, audit.Change{Field: field, Before: before, After: after})
		}
	}
	for _, kind := range []token.Kind{token.Personal, token.Service} {
		x, y, name := a.For(kind), b.For(kind), string(kind)+"."
		note(name+"defaultLifetime", length(x.DefaultLifetime), length(y.DefaultLifetime))
		note(name+"maxLifetime", length(x.MaxLifetime), length(y.MaxLifetime))
		note(name+"allowNeverExpire", x.AllowNeverExpire, y.AllowNeverExpire)
		note(name+"requireCidrBlocks", x.RequireCidrBlocks, y.RequireCidrBlocks)
		note(name+"allowedScopes", patterns(x.AllowedScopes), patterns(y.AllowedScopes))
		note(name+"revokeUnusedAfter", length(x.RevokeUnusedAfter), length(y.RevokeUnusedAfter))
		note(name+"maxTokensPerUser", fmt.Sprint(x.MaxTokensPerUser), fmt.Sprint(y.MaxTokensPerUser))
	}
	note("allowedCidrBlocks", blocks(a.AllowedCIDRs), blocks(b.AllowedCIDRs))
	note("adminsMayRevokePersonalTokens", a.AdminsMayRevokePersonalTokens, b.AdminsMayRevokePersonalTokens)
	note("rolesFrom", string(a.RolesFrom), string(b.RolesFrom))
	return out
}

func length(p period.Period) any {
	if p.IsZero() {
		return nil
	}
	return p.String()
}
