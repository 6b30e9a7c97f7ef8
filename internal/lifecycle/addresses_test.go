package lifecycle_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/period"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/token"
)

// from is an address list as a request has it.
func from(blocks ...string) lifecycle.Field[[]string] {
	return lifecycle.Field[[]string]{Set: true, Value: blocks}
}

// limited is a service token of broad permissions that can be used from 203.0.113.0/24 alone, where the tests are.
func (w *world) limited() lifecycle.Issued {
	w.Helper()
	return w.create(admin, lifecycle.Create{
		Kind: token.Service, Scopes: list("tokens:write", "orders:read", "settings:write", "settings:read", "tokens:read"), CIDRs: from("203.0.113.0/24"),
		ExpiresAt: null[time.Time](),
	})
}

func blocks(tok *token.Token) string { return fmt.Sprint(tok.CIDRs) }

func TestWhatALimitedTokenMakesIsUsableFromNowhereElse(t *testing.T) {
	w := start(t)
	c := w.bearer(w.limited())
	in := func(f lifecycle.Field[[]string]) lifecycle.Create {
		return lifecycle.Create{Name: "child", Kind: token.Service, Scopes: list("orders:read"), CIDRs: f}
	}
	if got := w.create(c, in(lifecycle.Field[[]string]{})); blocks(&got.Token) != "[203.0.113.0/24]" {
		t.Errorf("without a word of addresses the child has %s, want its maker's", blocks(&got.Token))
	}
	if got := w.create(c, in(from("203.0.113.0/25", "203.0.113.200/32"))); blocks(&got.Token) != "[203.0.113.0/25 203.0.113.200/32]" {
		t.Errorf("the child has %s", blocks(&got.Token))
	}
	for name, f := range map[string]lifecycle.Field[[]string]{
		"another block": from("198.51.100.0/24"), "a wider one": from("203.0.112.0/23"), "one too many": from("203.0.113.0/25", "198.51.100.7/32"),
		"an empty list": from(), "null": null[[]string](), "everywhere": from("0.0.0.0/0", "::/0"), "IPv6": from("2001:db8::/32"),
	} {
		w.unchanged(name, func() {
			_, err := w.Create(t.Context(), c, in(f))
			refuses(t, name, err, lifecycle.ErrForbidden, "addresses_widened")
		})
	}
	if got := w.create(admin, in(null[[]string]())); len(got.Token.CIDRs) != 0 {
		t.Errorf("a person's child has %s", blocks(&got.Token))
	}
	if got := w.create(w.bearer(w.service(admin, "tokens:write", "orders:read")), in(from("198.51.100.0/24"))); blocks(&got.Token) != "[198.51.100.0/24]" {
		t.Errorf("a child of a token that is not limited has %s", blocks(&got.Token))
	}
}

func TestAPersonalTokenWithAListMakesNoneWithoutIt(t *testing.T) {
	w := start(t)
	mine := w.create(admin, lifecycle.Create{Scopes: list("tokens:write", "orders:read"), CIDRs: from("203.0.113.7/32")})
	if got := w.create(w.bearer(mine), lifecycle.Create{Scopes: list("orders:read")}); blocks(&got.Token) != "[203.0.113.7/32]" {
		t.Errorf("the child has %s", blocks(&got.Token))
	}
}

func TestOnlyAPersonLetsATokenBeUsedFromMoreAddresses(t *testing.T) {
	w := start(t)
	issued, other := w.limited(), w.create(admin, lifecycle.Create{Kind: token.Service, Scopes: list("orders:read"), CIDRs: from("203.0.113.0/24", "198.51.100.0/24")})
	c := w.bearer(issued)
	update := func(c lifecycle.Caller, target lifecycle.Target, f lifecycle.Field[[]string]) error {
		_, err := w.Update(t.Context(), c, target, 0, lifecycle.Update{CIDRs: f})
		return err
	}
	for name, target := range map[string]lifecycle.Target{"itself": self, "itself by id": id(issued), "another": id(other)} {
		for what, f := range map[string]lifecycle.Field[[]string]{"anywhere": null[[]string](), "an empty list": from(), "more": from("203.0.113.0/24", "198.51.100.7/32")} {
			w.unchanged(name+" to "+what, func() {
				refuses(t, name+" to "+what, update(c, target, f), lifecycle.ErrForbidden, "addresses_widened")
			})
		}
	}
	if err := update(c, id(other), from("203.0.113.0/24", "198.51.100.0/24")); err != nil {
		t.Errorf("the list as it is: %v", err)
	}
	if _, err := w.Update(t.Context(), c, id(other), 0, lifecycle.Update{Name: value("renamed")}); err != nil {
		t.Errorf("another field: %v", err)
	}
	for _, target := range []lifecycle.Target{self, id(other)} {
		if err := update(c, target, from("203.0.113.0/28")); err != nil {
			t.Errorf("less: %v", err)
		}
	}
	refuses(t, "what it had before", update(c, self, from("203.0.113.0/24")), lifecycle.ErrForbidden, "addresses_widened")
	if err := update(admin, id(issued), null[[]string]()); err != nil {
		t.Errorf("a person: %v", err)
	}
	if err := update(c, id(other), null[[]string]()); err != nil {
		t.Errorf("a token that is bound to no address: %v", err)
	}
}

func TestALimitedTokenTakesNoOtherThatIsUsableFromMore(t *testing.T) {
	w := start(t)
	c := w.bearer(w.limited())
	for blocks, within := range map[string]bool{"": false, "198.51.100.0/24": false, "203.0.112.0/23": false, "203.0.113.0/24": true, "203.0.113.7/32": true} {
		f := null[[]string]()
		if blocks != "" {
			f = from(blocks)
		}
		other := w.create(admin, lifecycle.Create{Kind: token.Service, Scopes: list("orders:read"), CIDRs: f})
		_, err := w.Rotate(t.Context(), c, id(other), 0, period.Period{})
		if within && err != nil {
			t.Errorf("[%s]: %v", blocks, err)
		}
		if !within {
			refuses(t, "["+blocks+"]", err, lifecycle.ErrForbidden, "addresses_widened")
			w.now = w.now.Add(1e6)
		}
	}
	if _, err := w.Rotate(t.Context(), c, self, 0, period.Period{}); err != nil {
		t.Errorf("itself: %v", err)
	}
}

func TestATokenDoesNotLiftTheAccountsAddresses(t *testing.T) {
	w := start(t)
	c := w.bearer(w.service(admin, "settings:write"))
	policy := settings.Default()
	set := func(c lifecycle.Caller, list string) error {
		now, err := w.fixture.Store.Settings(t.Context(), "acc_acme")
		if err != nil {
			t.Fatal(err)
		}
		policy.AllowedCIDRs, _ = lifecycle.ParseCIDRs(nil)
		if list != "" {
			policy.AllowedCIDRs, _ = lifecycle.ParseCIDRs([]string{list})
		}
		_, _, err = w.SetSettings(t.Context(), c, now.Version, policy)
		return err
	}
	for _, list := range []string{"203.0.112.0/23", "203.0.113.0/24"} {
		if err := set(c, list); err != nil {
			t.Errorf("to %s: %v", list, err)
		}
	}
	for _, wider := range []string{"", "203.0.112.0/23", "0.0.0.0/0"} {
		w.unchanged("to ["+wider+"]", func() { refuses(t, "to ["+wider+"]", set(c, wider), lifecycle.ErrForbidden, "addresses_widened") })
	}
	if err := set(admin, ""); err != nil {
		t.Errorf("a person: %v", err)
	}
}

// A token narrowed by a person while it sets its own list back and forth never ends up with more than the person left it.
func TestAListThatAPersonNarrowsStaysNarrow(t *testing.T) {
	w := start(t)
	issued := w.limited()
	c := w.bearer(issued)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 10 {
				_, _ = w.Update(t.Context(), c, self, 0, lifecycle.Update{CIDRs: from("203.0.113.0/24")})
				_, _ = w.Update(t.Context(), c, self, 0, lifecycle.Update{CIDRs: from("203.0.113.0/25")})
			}
		})
	}
	for {
		if _, err := w.Update(t.Context(), admin, id(issued), 0, lifecycle.Update{CIDRs: from("203.0.113.0/26")}); err == nil {
			break
		}
	}
	wg.Wait()
	if got, err := w.Get(t.Context(), admin, id(issued)); err != nil || blocks(&got) != "[203.0.113.0/26]" {
		t.Errorf("%s, %v", blocks(&got), err)
	}
}

func TestAChangeMakesNoTokenThatTheSettingsRefuse(t *testing.T) {
	w := start(t)
	plain := w.create(admin, lifecycle.Create{ExpiresAt: null[time.Time](), Name: "forever"})
	issued := w.create(admin, lifecycle.Create{CIDRs: from("203.0.113.0/24"), ExpiresAt: null[time.Time]()})
	w.settings(func(s *settings.Settings) {
		s.Personal.RequireCidrBlocks, s.Personal.AllowedScopes, s.Personal.AllowNeverExpire = true, []scope.Pattern{"orders:*"}, false
		s.Personal.MaxLifetime = period.MustParse("P30D")
	})
	for name, tt := range map[string]struct {
		in    lifecycle.Update
		field string
	}{
		"no list":             {lifecycle.Update{CIDRs: null[[]string]()}, "allowedCidrBlocks"},
		"an empty list":       {lifecycle.Update{CIDRs: from()}, "allowedCidrBlocks"},
		"the internet":        {lifecycle.Update{CIDRs: from("0.0.0.0/0")}, "allowedCidrBlocks"},
		"the other one":       {lifecycle.Update{CIDRs: from("203.0.113.0/24", "::/0")}, "allowedCidrBlocks"},
		"the internet halved": {lifecycle.Update{CIDRs: from("0.0.0.0/1", "128.0.0.0/1")}, "allowedCidrBlocks"},
		"in four pieces":      {lifecycle.Update{CIDRs: from("0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2")}, "allowedCidrBlocks"},
		"other scopes":        {lifecycle.Update{Scopes: list("tokens:read")}, "scopes"},
		"too long a life":     {lifecycle.Update{ExpiresAt: value(w.now.AddDate(1, 0, 0))}, "expiresAt"},
	} {
		w.unchanged(name, func() {
			_, err := w.Update(t.Context(), admin, id(issued), 0, tt.in)
			refuses(t, name, err, lifecycle.ErrInvalid, "invalid_fields", tt.field)
		})
	}
	for _, in := range []lifecycle.Update{
		{Name: value("renamed")}, {CIDRs: from("203.0.113.0/24")}, {Scopes: list("orders:read")}, {ExpiresAt: value(w.now.AddDate(0, 0, 7))},
	} {
		if _, err := w.Update(t.Context(), admin, id(plain), 0, in); err != nil {
			t.Errorf("put right step by step: %+v: %v", in, err)
		}
	}
	w.accepted(plain.Secret)
	_, err := w.Create(t.Context(), admin, lifecycle.Create{Name: "a", CIDRs: from("0.0.0.0/1", "128.0.0.0/1"), Scopes: list()})
	refuses(t, "a new one for the internet in halves", err, lifecycle.ErrInvalid, "invalid_fields", "allowedCidrBlocks")
}
