package lifecycle

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
)

// bounds is what a token is held to that the caller makes, changes or gets the secret of.
type bounds struct {
	policy settings.Settings
	maker  token.Token // the calling token as it stands now; zero when a person asks
}

// bounds reads what holds for the caller. The authorizer's word on the calling token may be as old as a gateway's cache,
// and does not tell its addresses; so the token is read again.
func (m *Manager) bounds(ctx context.Context, c Caller) (bounds, error) {
	if !c.IsToken() {
		policy, err := m.Store.Settings(ctx, c.Account)
		if err != nil {
			return bounds{}, fmt.Errorf("reading the settings of %s: %w", c.Account, err)
		}
		return bounds{policy: policy}, nil
	}
	found, err := m.Store.Lookup(ctx, c.Token, store.Along{Account: c.Account})
	if err == nil && found.Settings == nil {
		err = token.ErrNotFound
	}
	if err != nil {
		return bounds{}, fmt.Errorf("reading %s: %w", c.Token, err)
	}
	return bounds{policy: *found.Settings, maker: found.Token}, nil
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
