package lifecycle_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/dev/storetest"
	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/period"
	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

func TestAPersonCreatesAPersonalToken(t *testing.T) {
	w := start(t)
	issued := w.create(analyst, lifecycle.Create{Name: "laptop"})
	tok := issued.Token
	if tok.Kind != token.Personal || tok.Environment != token.Live || tok.Scopes != nil || tok.ID.Owner() != analyst.User.Ref() || tok.Version != 1 {
		t.Errorf("created %+v", tok)
	}
	if want := storetest.Noon.AddDate(0, 0, 90); !tok.ExpiresAt.Equal(want) {
		t.Errorf("it expires %s, want 90 days on: %s", tok.ExpiresAt, want)
	}
	if got := w.bearer(issued); got.Scopes.String() != analyst.Scopes.String() || got.User != analyst.User {
		t.Errorf("it acts as %+v", got.Principal)
	}
	if n := len(w.fixture.Items(t, "EVENT#")); n != 2 {
		t.Errorf("%d events, want 2: the person and the token", n)
	}
}

func TestAServiceTokenActsAsItself(t *testing.T) {
	w := start(t)
	issued := w.service(admin, "orders:*")
	p := w.bearer(issued)
	if p.User == admin.User || p.User != issued.Token.ID.Owner().ID() || p.Scopes.String() != "orders:read orders:write" {
		t.Errorf("it acts as %+v", p.Principal)
	}
	if issued.Token.CreatedBy != admin.User {
		t.Errorf("created by %s", issued.Token.CreatedBy)
	}
}

func TestARoleThatChangedReachesTheTokens(t *testing.T) {
	w := start(t)
	old := w.create(admin, lifecycle.Create{})
	demoted := person("acc_acme", "ada", "viewer")
	w.create(demoted, lifecycle.Create{})
	if got := w.bearer(old); got.Scopes.Has("orders:write") || !got.Scopes.Has("orders:read") {
		t.Errorf("after the demotion the old token has %v", got.Scopes)
	}
}

func TestWhatACreateRefuses(t *testing.T) {
	w := start(t)
	long := strings.Repeat("ü", 255)
	past, future := storetest.Noon.Add(-time.Second), storetest.Noon.AddDate(0, 1, 0)
	many := make([]string, 101)
	for i := range many {
		many[i] = fmt.Sprintf("10.0.%d.0/24", i)
	}
	tests := []struct {
		name   string
		in     lifecycle.Create
		fields []string // none = accepted
	}{
		{"no name", lifecycle.Create{Name: ""}, []string{"name"}},
		{"a name of spaces", lifecycle.Create{Name: " \u00a0 "}, []string{"name"}},
		{"255 characters", lifecycle.Create{Name: long}, nil},
		{"256 characters", lifecycle.Create{Name: long + "x"}, []string{"name"}},
		{"a control character in the name", lifecycle.Create{Name: "a\x1b[31m"}, []string{"name"}},
		{"a line break in the name", lifecycle.Create{Name: "a\nb"}, []string{"name"}},
		{"a line break in the description", lifecycle.Create{Name: "a", Description: "b\nc\td"}, nil},
		{"a control character in the description", lifecycle.Create{Name: "a", Description: "b\x00"}, []string{"description"}},
		{"1,025 characters of description", lifecycle.Create{Name: "a", Description: strings.Repeat("x", 1025)}, []string{"description"}},
		{"an unknown scope", lifecycle.Create{Name: "a", Scopes: list("orders:read", "orders:fly")}, []string{"scopes[1]"}},
		{"a pattern that stands for nothing", lifecycle.Create{Name: "a", Scopes: list("moon:*")}, []string{"scopes[0]"}},
		{"101 scopes", lifecycle.Create{Name: "a", Scopes: list(make([]scope.Pattern, 101)...)}, []string{"scopes"}},
		{"no scopes at all", lifecycle.Create{Name: "a", Scopes: list()}, nil},
		{"an expiry in the past", lifecycle.Create{Name: "a", ExpiresAt: value(past)}, []string{"expiresAt"}},
		{"an expiry now", lifecycle.Create{Name: "a", ExpiresAt: value(storetest.Noon)}, []string{"expiresAt"}},
		{"no expiry", lifecycle.Create{Name: "a", ExpiresAt: null[time.Time]()}, nil},
		{"an end that is now", lifecycle.Create{Name: "a", ExpiresIn: period.MustParse("PT0.0001S")}, []string{"expiresIn"}},
		{"both expiresAt and expiresIn", lifecycle.Create{Name: "a", ExpiresAt: value(future), ExpiresIn: period.MustParse("P1D")}, []string{"expiresIn"}},
		{"a start after the end", lifecycle.Create{Name: "a", ExpiresAt: value(future), NotBefore: future}, []string{"notBefore"}},
		{"a bad CIDR", lifecycle.Create{Name: "a", CIDRs: value([]string{"203.0.113.0/24", "203.0.113.0/33"})}, []string{"allowedCidrBlocks[1]"}},
		{"an address without length", lifecycle.Create{Name: "a", CIDRs: value([]string{"203.0.113.7"})}, []string{"allowedCidrBlocks[0]"}},
		{"host bits", lifecycle.Create{Name: "a", CIDRs: value([]string{"203.0.113.7/24"})}, []string{"allowedCidrBlocks[0]"}},
		{"v4 in v6", lifecycle.Create{Name: "a", CIDRs: value([]string{"::ffff:203.0.113.0/120"})}, []string{"allowedCidrBlocks[0]"}},
		{"101 blocks", lifecycle.Create{Name: "a", CIDRs: value(many)}, []string{"allowedCidrBlocks"}},
		{"100 blocks", lifecycle.Create{Name: "a", CIDRs: value(many[:100])}, nil},
		{"several faults at once", lifecycle.Create{Scopes: list("x:y"), ExpiresAt: value(past)}, []string{"name", "scopes[0]", "expiresAt"}},
		{"a service token without scopes", lifecycle.Create{Name: "a", Kind: token.Service}, []string{"scopes"}},
	}
	for _, tt := range tests {
		if tt.fields == nil {
			if _, err := w.Create(t.Context(), admin, tt.in); err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
			continue
		}
		w.unchanged(tt.name, func() {
			_, err := w.Create(t.Context(), admin, tt.in)
			refuses(t, tt.name, err, lifecycle.ErrInvalid, "invalid_fields", tt.fields...)
		})
	}
}

func TestNobodyGrantsWhatTheyDoNotHold(t *testing.T) {
	w := start(t)
	end := storetest.Noon.AddDate(0, 0, 10)
	mint := w.create(admin, lifecycle.Create{Kind: token.Service, Scopes: list("tokens:write", "orders:read"), ExpiresAt: value(end)})
	c := w.bearer(mint)
	child := lifecycle.Create{Name: "child", Kind: token.Service, Scopes: list("orders:read")}

	if got := w.create(c, child); !got.Token.ExpiresAt.Equal(end) {
		t.Errorf("a child's default expiry is %s, want its maker's: %s", got.Token.ExpiresAt, end)
	}
	with := func(change func(*lifecycle.Create)) lifecycle.Create {
		in := child
		change(&in)
		return in
	}
	for name, tt := range map[string]struct {
		caller lifecycle.Caller
		in     lifecycle.Create
		code   string
	}{
		"wider scopes":          {c, with(func(in *lifecycle.Create) { in.Scopes = list("orders:*") }), "exceeds_caller"},
		"all scopes":            {c, with(func(in *lifecycle.Create) { in.Scopes = list("*") }), "exceeds_caller"},
		"a longer life":         {c, with(func(in *lifecycle.Create) { in.ExpiresAt = value(end.Add(time.Millisecond)) }), "outlives_caller"},
		"an endless life":       {c, with(func(in *lifecycle.Create) { in.ExpiresAt = null[time.Time]() }), "outlives_caller"},
		"a person's own limits": {analyst, lifecycle.Create{Name: "a", Scopes: list("orders:read", "tokens:write")}, "exceeds_caller"},
		"service by an analyst": {analyst, child, "insufficient_scope"},
	} {
		w.unchanged(name, func() {
			_, err := w.Create(t.Context(), tt.caller, tt.in)
			refuses(t, name, err, lifecycle.ErrForbidden, tt.code)
		})
	}
	_, err := w.Create(t.Context(), c, with(func(in *lifecycle.Create) { in.Kind = token.Personal }))
	refuses(t, "a personal token by a service token", err, lifecycle.ErrInvalid, "invalid_fields", "kind")
}

func TestAPersonalTokenCreatesWithTheScopeAlone(t *testing.T) {
	w := start(t)
	narrow := w.bearer(w.create(admin, lifecycle.Create{Scopes: list("orders:read")}))
	_, err := w.Create(t.Context(), narrow, lifecycle.Create{Name: "x", Scopes: list("orders:read")})
	refuses(t, "without tokens:write", err, lifecycle.ErrForbidden, "insufficient_scope")

	writer := w.bearer(w.create(admin, lifecycle.Create{Scopes: list("orders:read", "tokens:write")}))
	_, err = w.Create(t.Context(), writer, lifecycle.Create{Name: "x"})
	refuses(t, "everything the owner may do", err, lifecycle.ErrInvalid, "invalid_fields", "scopes")
	if got := w.create(writer, lifecycle.Create{Scopes: list("orders:read")}); got.Token.ID.Owner() != admin.User.Ref() || got.Token.Kind != token.Personal {
		t.Errorf("created %+v", got.Token)
	}
}

func TestAccountSettingsBoundTheLifetime(t *testing.T) {
	w := start(t)
	w.settings(func(s *settings.Settings) {
		s.Personal = settings.Rules{DefaultLifetime: period.MustParse("P90D"), MaxLifetime: period.MustParse("P30D")}
	})
	for name, in := range map[string]lifecycle.Create{
		"expiresIn": {Name: "a", ExpiresIn: period.MustParse("P31D")},
		"expiresAt": {Name: "a", ExpiresAt: value(storetest.Noon.AddDate(0, 0, 30).Add(time.Millisecond))},
	} {
		_, err := w.Create(t.Context(), admin, in)
		refuses(t, "over the maximum by "+name, err, lifecycle.ErrInvalid, "invalid_fields", name)
	}
	_, err := w.Create(t.Context(), admin, lifecycle.Create{Name: "a", ExpiresAt: null[time.Time]()})
	refuses(t, "never, where it must expire", err, lifecycle.ErrInvalid, "invalid_fields", "expiresAt")
	if got := w.create(admin, lifecycle.Create{}); !got.Token.ExpiresAt.Equal(storetest.Noon.AddDate(0, 0, 30)) {
		t.Errorf("the default is not cut to the maximum: %s", got.Token.ExpiresAt)
	}
	if got := w.create(evil, lifecycle.Create{ExpiresAt: null[time.Time]()}); !got.Token.ExpiresAt.IsZero() {
		t.Error("the settings reach another account")
	}
}

func TestAnInactivePersonCreatesNothing(t *testing.T) {
	w := start(t)
	gone := storetest.Person("acc_acme", "ada", "admin")
	gone.Status = user.Offboarded
	w.fixture.Save(t, gone)
	for _, seen := range []principal.Profile{principal.ProfileMissing, principal.ProfileStale, principal.ProfileCurrent} {
		c := admin
		c.Profile = seen // by the authorizer, a moment ago
		w.unchanged(string(seen), func() {
			_, err := w.Create(t.Context(), c, lifecycle.Create{Name: "a"})
			refuses(t, string(seen), err, lifecycle.ErrForbidden, "owner_inactive")
		})
	}
}

func TestIdempotencyKeys(t *testing.T) {
	w := start(t)
	in := lifecycle.Create{Name: "ci", IdempotencyKey: "7f9c", ExpiresIn: period.MustParse("P7D")}
	first := w.create(admin, in)
	tokens := func() int { return len(w.fixture.Items(t, "TOKEN#")) }

	w.now = w.now.Add(time.Hour)
	again := w.create(admin, in)
	if again.Secret != first.Secret || again.Token.ID != first.Token.ID || !again.Token.ExpiresAt.Equal(first.Token.ExpiresAt) || tokens() != 1 {
		t.Errorf("the repetition answers %s, want %s; %d tokens", again.Token.ID, first.Token.ID, tokens())
	}
	other := in
	other.Name = "another"
	_, err := w.Create(t.Context(), admin, other)
	refuses(t, "another request with the key", err, lifecycle.ErrInvalid, "idempotency_key_reused", "Idempotency-Key")
	other = in
	other.ExpiresIn = period.MustParse("P8D")
	_, err = w.Create(t.Context(), admin, other)
	refuses(t, "another lifetime with the key", err, lifecycle.ErrInvalid, "idempotency_key_reused", "Idempotency-Key")

	for name, c := range map[string]lifecycle.Caller{"a colleague": analyst, "another account": evil, "a namesake": person("acc_evil", "ada", "admin")} {
		if got := w.create(c, in); got.Token.ID == first.Token.ID || got.Token.Account != c.Account {
			t.Errorf("%s is given %s of %s", name, got.Token.ID, got.Token.Account)
		}
	}
	w.now = w.now.Add(lifecycle.ReplayLife)
	if got := w.create(admin, in); got.Token.ID == first.Token.ID {
		t.Error("after its life the key still repeats")
	}
}

// A repetition hands out the secret again, so it may yield no more than a new token would.
func TestARepeatedCreationIsAuthorizedAnew(t *testing.T) {
	in := lifecycle.Create{Name: "ci", Kind: token.Service, Scopes: list("orders:read"), IdempotencyKey: "7f9c"}
	for what, tt := range map[string]struct {
		then func(w *world, maker, made lifecycle.Issued) error
		root error
		code string
	}{
		"the maker may be used from fewer addresses": {func(w *world, maker, _ lifecycle.Issued) error {
			_, err := w.Update(w.Context(), admin, id(maker), 0, lifecycle.Update{CIDRs: value([]string{"203.0.113.7/32"})})
			return err
		}, lifecycle.ErrForbidden, "addresses_widened"},
		"the token is revoked": {func(w *world, _, made lifecycle.Issued) error { return w.Revoke(w.Context(), admin, id(made), 0) },
			lifecycle.ErrConflict, "token_revoked"},
		"the token has another secret": {func(w *world, _, made lifecycle.Issued) error {
			_, err := w.Rotate(w.Context(), admin, id(made), 0, period.Period{})
			return err
		}, lifecycle.ErrConflict, "rotated_again"},
	} {
		t.Run(what, func(t *testing.T) {
			w := start(t)
			maker := w.create(admin, lifecycle.Create{Kind: token.Service, Scopes: list("tokens:write", "orders:read")})
			made := w.create(w.bearer(maker), in)
			if again := w.create(w.bearer(maker), in); again.Secret != made.Secret {
				t.Fatal("a repetition makes another token")
			}
			if err := tt.then(w, maker, made); err != nil {
				t.Fatal(err)
			}
			_, err := w.Create(t.Context(), w.bearer(maker), in)
			refuses(t, what, err, tt.root, tt.code)
		})
	}
}

func TestOneKeyAtTheSameTimeIsOneToken(t *testing.T) {
	w := start(t)
	w.create(admin, lifecycle.Create{}) // the profile
	known := admin
	known.Profile = principal.ProfileCurrent
	var wg sync.WaitGroup
	ids := make([]token.ID, 8)
	for i := range ids {
		wg.Go(func() {
			issued, err := w.Create(t.Context(), known, lifecycle.Create{Name: "ci", IdempotencyKey: "same"})
			if err != nil && !errors.Is(err, lifecycle.ErrConflict) {
				t.Error(err)
			}
			ids[i] = issued.Token.ID
		})
	}
	wg.Wait()
	if n := len(w.fixture.Items(t, "TOKEN#")); n != 2 {
		t.Errorf("%d tokens, want the first and one more", n)
	}
	for _, got := range ids {
		if got != ids[0] && got != "" {
			t.Errorf("answers %v", ids)
		}
	}
}
