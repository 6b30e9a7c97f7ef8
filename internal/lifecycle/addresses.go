package lifecycle

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/tokenwright/tokenwright/internal/retry"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/standing"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// bounds is what a token is held to that the caller makes, changes or gets the secret of.
type bounds struct {
	policy settings.Settings
	maker  token.Token // the calling token as it stands now; zero when a person asks
	owner  user.User   // of that token
	scopes scope.Set   // what that token permits now
}

// bounds reads what holds for a calling token. The authorizer's word on it may be as old as a gateway's cache, and does not tell
// its addresses; so the token is read again.
func (m *Manager) bounds(ctx context.Context, c Caller) (bounds, error) {
	found, err := m.Store.Lookup(ctx, c.Token, store.Along{Account: c.Account})
	if err == nil && found.Settings == nil {
		err = token.ErrNotFound
	}
	if err != nil {
		return bounds{}, fmt.Errorf("reading %s: %w", c.Token, err)
	}
	stands := standing.Standing{Token: &found.Token, Owner: &found.Owner, Policy: found.Settings}
	if reason, _ := stands.Refusal(nil, m.now()); reason != "" {
		return bounds{}, forbidden("token_inactive", "The calling token stopped working a moment ago (%s).", reason)
	}
	return bounds{policy: *found.Settings, maker: found.Token, owner: found.Owner, scopes: stands.Scopes(m.Catalogue)}, nil
}

// hold cuts the caller to what their token is worth now.
func (b *bounds) hold(c Caller) Caller {
	if c.IsToken() {
		c.Scopes, c.ExpiresAt = c.Scopes.Intersect(b.scopes), b.maker.ExpiresAt
	}
	return c
}

// mayWrite refuses a calling token that may write others no more.
func (b *bounds) mayWrite(c Caller) error {
	if !b.hold(c).Scopes.Has(scope.TokensWrite) {
		return lacking(scope.TokensWrite)
	}
	return nil
}

// held is the calling token as a write of another one has to find it; nil when a person asks, or the token is that other one.
func (b *bounds) held(target token.ID) *store.Maker {
	if b.maker.ID == "" || b.maker.ID == target {
		return nil
	}
	held := &store.Maker{Token: b.maker.ID, Version: b.maker.Version}
	if b.maker.Kind == token.Personal {
		held.Owner = &store.Giver{Ref: b.owner.Ref, Roles: b.owner.Roles}
	}
	return held
}

// changeWithin reads a token, lets edit change a copy, and writes the difference with its event. ifVersion is what the caller believes
// the version to be (0 = any). A token that another request changed in between is read and edited again, unless the caller named a
// version; and where the calling token, by which edit judges, has changed, that is read again first.
func (m *Manager) changeWithin(ctx context.Context, c Caller, id token.ID, ifVersion int64, within *bounds, edit tokenEdit) (token.Token, error) {
	return m.changeBy(ctx, c, id, retry.Changing, ifVersion, edit, func(ctx context.Context, w store.TokenEnding) error {
		if w.Maker = within.held(id); w.Maker == nil {
			return m.Store.UpdateToken(ctx, w.Before, w.After, w.Event)
		}
		err := m.Store.UpdateTokenBeside(ctx, w, nil)
		if !inTheirWay(err) {
			return err
		}
		now, unreadable := m.bounds(ctx, c)
		if unreadable != nil {
			return m.refused(ctx, c, w.Event.Action, string(id), unreadable)
		}
		*within = now
		return err
	})
}

// withinAddresses refuses a list that reaches further than another one: a token that can be used from few addresses must
// not be a way to one that can be used from more. Only a signed-in person widens.
func withinAddresses(list, bound []netip.Prefix) error {
	if token.Within(list, bound) {
		return nil
	}
	wider := "every address"
	if len(list) > 0 {
		wider = few(list, func(p netip.Prefix) bool { return !token.Covers(bound, p) })
	}
	all := func(netip.Prefix) bool { return true }
	return forbidden("addresses_widened", "The calling token may be used from %s; it cannot let another, nor itself, be used from %s. A signed-in person can.", few(bound, all), wider)
}

// few names those blocks of a list that a function wants, the first five of them.
func few(list []netip.Prefix, wanted func(netip.Prefix) bool) string {
	var names []string
	for _, p := range list {
		if !wanted(p) {
			continue
		}
		if len(names) == 5 {
			return strings.Join(names, ", ") + " and others"
		}
		names = append(names, p.String())
	}
	return strings.Join(names, ", ")
}
