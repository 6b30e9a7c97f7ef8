package settings_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/period"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/token"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func TestBreaches(t *testing.T) {
	month := period.MustParse("P30D")
	for _, tt := range []struct {
		name  string
		rules settings.Rules
		token token.Token
		want  string
	}{
		{"no rules, no breach", settings.Rules{AllowNeverExpire: true}, token.Token{}, ""},
		{"a token without end where all must end", settings.Rules{}, token.Token{}, "allowNeverExpire"},
		{"a token that ends where all must end", settings.Rules{}, token.Token{ExpiresAt: noon.AddDate(1, 0, 0)}, ""},
		{"a life at the maximum", settings.Rules{MaxLifetime: month}, token.Token{ExpiresAt: noon.AddDate(0, 0, 30)}, ""},
		{"a life over the maximum", settings.Rules{MaxLifetime: month}, token.Token{ExpiresAt: noon.AddDate(0, 0, 30).Add(time.Millisecond)}, "maxLifetime"},
		{"no end under a maximum", settings.Rules{MaxLifetime: month, AllowNeverExpire: true}, token.Token{}, "maxLifetime"},
		{"no address list where one is asked for", settings.Rules{AllowNeverExpire: true, RequireCidrBlocks: true}, token.Token{}, "requireCidrBlocks"},
		{"an address list where one is asked for", settings.Rules{AllowNeverExpire: true, RequireCidrBlocks: true}, token.Token{CIDRs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, ""},
		{"an address list that keeps nobody out", settings.Rules{AllowNeverExpire: true, RequireCidrBlocks: true}, token.Token{CIDRs: []netip.Prefix{
			netip.MustParsePrefix("128.0.0.0/1"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("0.0.0.0/1"),
		}}, "requireCidrBlocks"},
		{"a list of everywhere where none is asked for", settings.Rules{AllowNeverExpire: true}, token.Token{CIDRs: []netip.Prefix{netip.MustParsePrefix("::/0")}}, ""},
		{"a pattern within the allowed ones", settings.Rules{AllowNeverExpire: true, AllowedScopes: []scope.Pattern{"orders:*"}}, token.Token{Scopes: []scope.Pattern{"orders:read"}}, ""},
		{"the same pattern", settings.Rules{AllowNeverExpire: true, AllowedScopes: []scope.Pattern{"orders:*"}}, token.Token{Scopes: []scope.Pattern{"orders:*"}}, ""},
		{"a pattern wider than the allowed ones", settings.Rules{AllowNeverExpire: true, AllowedScopes: []scope.Pattern{"orders:*"}}, token.Token{Scopes: []scope.Pattern{"*:read"}}, "allowedScopes"},
		{"nothing allowed, nothing asked", settings.Rules{AllowNeverExpire: true, AllowedScopes: []scope.Pattern{}}, token.Token{Scopes: []scope.Pattern{}}, ""},
		{"unused for the time at which it is too long", settings.Rules{AllowNeverExpire: true, RevokeUnusedAfter: month}, token.Token{LastUsedAt: noon.AddDate(0, 0, -30)}, "revokeUnusedAfter"},
		{"used just in time", settings.Rules{AllowNeverExpire: true, RevokeUnusedAfter: month}, token.Token{LastUsedAt: noon.AddDate(0, 0, -30).Add(1)}, ""},
	} {
		tt.token.CreatedAt = noon
		for _, kind := range []token.Kind{token.Personal, token.Service} {
			s := settings.Default()
			*s.For(kind), tt.token.Kind = tt.rules, kind
			if got := s.Breach(&tt.token, noon); got != tt.want {
				t.Errorf("%s (%s): %q, want %q", tt.name, kind, got, tt.want)
			}
		}
	}
}

func TestATokenNeverUsedCountsFromItsCreation(t *testing.T) {
	s := settings.Default()
	s.Personal.RevokeUnusedAfter = period.MustParse("P30D")
	tok := token.Token{Kind: token.Personal, CreatedAt: noon}
	if got := s.Breach(&tok, noon.AddDate(0, 0, 30).Add(-1)); got != "" {
		t.Errorf("before: %q", got)
	}
	if got := s.Breach(&tok, noon.AddDate(0, 0, 30)); got != "revokeUnusedAfter" {
		t.Errorf("at its end: %q", got)
	}
}

func TestATokenWithoutAListIsCut(t *testing.T) {
	r := settings.Rules{AllowedScopes: []scope.Pattern{"*:read"}}
	all := scope.NewSet("orders:read", "orders:write", "tokens:read")
	if got := r.Cut(all).String(); got != "orders:read tokens:read" {
		t.Errorf("cut to %s", got)
	}
	if got := (&settings.Rules{}).Cut(all); got.String() != all.String() {
		t.Errorf("without a rule it is cut to %s", got)
	}
	if all.String() != "orders:read orders:write tokens:read" {
		t.Errorf("the set itself was changed: %s", all)
	}
}

func TestContradictions(t *testing.T) {
	ok := settings.Default()
	if field, why := ok.Contradiction(); field != "" {
		t.Errorf("the default contradicts itself: %s %s", field, why)
	}
	for want, rules := range map[string]settings.Rules{
		"service.defaultLifetime":  {DefaultLifetime: period.MustParse("P2M"), MaxLifetime: period.MustParse("P31D")},
		"service.allowNeverExpire": {DefaultLifetime: period.MustParse("P1D"), MaxLifetime: period.MustParse("P31D"), AllowNeverExpire: true},
	} {
		s := settings.Default()
		s.Service = rules
		if field, why := s.Contradiction(); field != want || why == "" {
			t.Errorf("%q %q, want %s", field, why, want)
		}
	}
	s := settings.Default()
	s.Personal = settings.Rules{}
	if field, _ := s.Contradiction(); field != "personal.defaultLifetime" {
		t.Errorf("must expire, with no default: %q", field)
	}
	s.Service = s.Personal
	for range 100 {
		if field, _ := s.Contradiction(); field != "personal.defaultLifetime" {
			t.Fatalf("of two contradictions %q came first", field)
		}
	}
}
