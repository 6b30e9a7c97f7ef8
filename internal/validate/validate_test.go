package validate_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tokenwright/tokenwright/internal/period"
	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
	"github.com/tokenwright/tokenwright/internal/validate"
)

var (
	noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	here = netip.MustParseAddr("203.0.113.7")
)

// world is a store, a keyring and an identity provider of which each can be made to fail, and which count.
type world struct {
	tok      token.Token
	owner    user.User
	stored   bool
	storeErr error
	reads    int

	policy      settings.Settings
	policyErr   error
	policyReads int // by themselves
	policyAlong int // with a person

	rules                  route.Rules // of every API
	rulesErr               error
	rulesAlong, rulesAlone int // reads with a token or a person, and by themselves

	touches  int
	touchErr error
	slow     time.Duration

	keys   map[string]token.Key
	keyErr error

	claims    validate.Claims
	claimsErr error

	now time.Time
}

func (w *world) Lookup(_ context.Context, id token.ID, along store.Along) (found store.Found, err error) {
	w.reads++
	if w.storeErr != nil {
		return store.Found{}, w.storeErr
	}
	if along.API != "" {
		w.rulesAlong++
		if err = w.rulesErr; err == nil {
			rules := w.rules
			rules.API = along.API
			found.Rules = &rules
		}
	}
	switch {
	case !w.stored || id != w.tok.ID:
		return found, token.ErrNotFound
	case err != nil:
		return store.Found{}, err
	}
	found.Token, found.Owner = w.tok, w.owner
	if along.Account != "" {
		policy := w.policy
		found.Settings = &policy
	}
	return found, nil
}

func (w *world) Routes(_ context.Context, api route.APIID) (route.Rules, error) {
	w.rulesAlone++
	rules := w.rules
	rules.API = api
	return rules, w.rulesErr
}

func (w *world) Settings(context.Context, user.AccountID) (settings.Settings, error) {
	w.policyReads++
	return w.policy, w.policyErr
}

func (w *world) LookupUser(_ context.Context, ref user.Ref, along store.Along) (found store.Found, err error) {
	w.reads++
	if w.storeErr != nil {
		return store.Found{}, w.storeErr
	}
	if along.API != "" {
		w.rulesAlong++
		rules := w.rules
		rules.API = along.API
		found.Rules, err = &rules, w.rulesErr
	}
	if along.Account != "" {
		w.policyAlong++
		policy := w.policy
		found.Settings, err = &policy, errors.Join(err, w.policyErr)
	}
	switch {
	case err != nil:
		return store.Found{}, err
	case ref != w.owner.Ref:
		return found, user.ErrNotFound
	}
	found.Owner = w.owner
	return found, nil
}

func (w *world) Touch(ctx context.Context, _ token.ID, _ time.Time, _ netip.Addr) error {
	w.touches++
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(w.slow):
		return w.touchErr
	}
}

func (w *world) Key(_ context.Context, id string) (token.Key, error) {
	if w.keyErr != nil {
		return token.Key{}, w.keyErr
	}
	key, ok := w.keys[id]
	if !ok {
		return token.Key{}, errors.New("unknown key")
	}
	return key, nil
}

func (w *world) Verify(context.Context, string, time.Time) (validate.Claims, error) {
	return w.claims, w.claimsErr
}

// start returns a world with one good personal token of an admin, its text, and a validator over it.
func start(t testing.TB) (*world, string, *validate.Validator) {
	t.Helper()
	w := &world{stored: true, now: noon, policy: settings.Default(), keys: map[string]token.Key{"k1": token.NewKey("k1", []byte("one")), "k2": token.NewKey("k2", []byte("two"))}}
	w.owner = user.User{Ref: user.RefOf("acc_acme", "ada"), Account: "acc_acme", Subject: "ada", Kind: user.Person, Roles: []string{"admin"}, Status: user.Active}
	f := format(t)
	id, err := token.NewID(w.owner.Ref, noon, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	secret := issue(t, id)
	w.tok = token.Token{
		ID: id, Account: "acc_acme", Kind: token.Personal, Environment: token.Live, Active: true, LastUsedAt: noon, CreatedAt: noon,
		Secrets: []token.SecretVersion{{Digest: w.keys["k1"].Digest(secret)}},
	}
	v := validate.New(validate.Config{
		Format: f, Store: w, Keys: w, Catalogue: scope.Shipped(), People: w, Now: func() time.Time { return w.now }, TouchBudget: 50 * time.Millisecond,
	})
	return w, secret.Reveal(), v
}

// admit presents a credential where no API's rules count.
func admit(ctx context.Context, v *validate.Validator, credential string, from netip.Addr) (principal.Principal, error) {
	a, err := v.Validate(ctx, validate.Request{Credential: credential, From: from})
	return a.Principal, err
}

func format(t testing.TB) token.Format {
	t.Helper()
	f, err := token.NewFormat("at")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func issue(t testing.TB, id token.ID) token.Secret {
	t.Helper()
	s, err := format(t).Issue(id, token.Live, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDecisionsOnTokens(t *testing.T) {
	hour := noon.Add(time.Hour)
	tests := []struct {
		name   string
		change func(*world)
		want   validate.Reason // "" = allowed
	}{
		{"a good token is allowed", func(*world) {}, ""},
		{"an unknown token is refused", func(w *world) { w.stored = false }, validate.Unknown},
		{"a wrong secret is refused", func(w *world) { w.tok.Secrets[0].Digest.MAC[31]++ }, validate.WrongSecret},
		{"the right secret under another key is refused", func(w *world) { w.tok.Secrets[0].Digest.KeyID = "k2" }, validate.WrongSecret},
		{"a token without secrets is refused", func(w *world) { w.tok.Secrets = nil }, validate.WrongSecret},
		{"a revoked token is refused", func(w *world) { w.tok.RevokedAt = noon }, validate.Revoked},
		{"a paused token is refused", func(w *world) { w.tok.Active = false }, validate.Inactive},
		{"a token before its time is refused", func(w *world) { w.tok.NotBefore = noon.Add(1) }, validate.Scheduled},
		{"a token at its time is allowed", func(w *world) { w.tok.NotBefore = noon }, ""},
		{"a token just before its expiry is allowed", func(w *world) { w.tok.ExpiresAt = noon.Add(1) }, ""},
		{"a token at its expiry is refused", func(w *world) { w.tok.ExpiresAt = noon }, validate.Expired},
		{"an old secret within its grace is allowed", func(w *world) { w.tok.Rotate(token.SecretVersion{Digest: token.Digest{KeyID: "k2"}}, hour) }, ""},
		{"an old secret at the end of its grace is refused", func(w *world) {
			w.tok.Rotate(token.SecretVersion{Digest: token.Digest{KeyID: "k2"}}, hour)
			w.now = hour
		}, validate.Superseded},
		{"an old secret without grace is refused at once", func(w *world) { w.tok.Rotate(token.SecretVersion{Digest: token.Digest{KeyID: "k2"}}, noon) }, validate.Superseded},
		{"a secret of two rotations ago is refused", func(w *world) {
			w.tok.Rotate(token.SecretVersion{Digest: token.Digest{KeyID: "k2"}}, hour)
			w.tok.Rotate(token.SecretVersion{Digest: token.Digest{KeyID: "k2"}}, hour)
		}, validate.WrongSecret},
		{"a suspended owner's token is refused", func(w *world) { w.owner.Status = user.Suspended }, validate.OwnerInactive},
		{"an offboarded owner's token is refused", func(w *world) { w.owner.Status = user.Offboarded }, validate.OwnerInactive},
		{"a token of before an offboarding stays dead when its owner is back", func(w *world) { w.owner.Generation = 1 }, validate.OwnerInactive},
		{"a token issued before the user's instant is revoked", func(w *world) { w.owner.IssuedBefore = noon.Add(1) }, validate.Revoked},
		{"a token issued at the user's instant is not", func(w *world) { w.owner.IssuedBefore = noon }, ""},
		{"a token issued before the account's instant is revoked", func(w *world) { w.policy.IssuedBefore = noon.Add(1) }, validate.Revoked},
		{"an address off the account's list is refused", func(w *world) { w.policy.AllowedCIDRs = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")} }, validate.AddressDenied},
		{"an address must be on both lists", func(w *world) {
			w.policy.AllowedCIDRs = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
			w.tok.CIDRs = []netip.Prefix{netip.MustParsePrefix("203.0.113.8/32")}
		}, validate.AddressDenied},
		{"a token that never expires where all must is refused", func(w *world) { w.policy.Personal.AllowNeverExpire = false }, validate.PolicyBreach},
		{"a life over the maximum is refused", func(w *world) {
			w.tok.ExpiresAt, w.policy.Personal.MaxLifetime = noon.AddDate(0, 0, 31), period.MustParse("P30D")
		}, validate.PolicyBreach},
		{"a life at the maximum is allowed", func(w *world) {
			w.tok.ExpiresAt, w.policy.Personal.MaxLifetime = noon.AddDate(0, 0, 30), period.MustParse("P30D")
		}, ""},
		{"rules for service tokens do not bind personal ones", func(w *world) { w.policy.Service.AllowNeverExpire = false }, ""},
		{"a token without a list where one is asked for is refused", func(w *world) { w.policy.Personal.RequireCidrBlocks = true }, validate.PolicyBreach},
		{"a scope that is no longer allowed is refused", func(w *world) {
			w.tok.Scopes, w.policy.Personal.AllowedScopes = []scope.Pattern{"orders:*"}, []scope.Pattern{"orders:read"}
		}, validate.PolicyBreach},
		{"a token unused too long is refused", func(w *world) {
			w.tok.LastUsedAt, w.policy.Personal.RevokeUnusedAfter = noon.AddDate(0, 0, -30), period.MustParse("P30D")
		}, validate.PolicyBreach},
		{"a token never used counts from its creation", func(w *world) {
			w.tok.LastUsedAt, w.tok.CreatedAt, w.policy.Personal.RevokeUnusedAfter = time.Time{}, noon.AddDate(0, 0, -30), period.MustParse("P30D")
		}, validate.PolicyBreach},
		{"a token used in time is allowed", func(w *world) {
			w.tok.LastUsedAt, w.policy.Personal.RevokeUnusedAfter = noon.AddDate(0, 0, -30).Add(1), period.MustParse("P30D")
		}, ""},
		{"an owner of another account does not vouch", func(w *world) { w.owner.Account = "acc_other" }, validate.OwnerInactive},
		{"an address on the list is allowed", func(w *world) { w.tok.CIDRs = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")} }, ""},
		{"an address off the list is refused", func(w *world) { w.tok.CIDRs = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")} }, validate.AddressDenied},
		{"a revoked token learns of that and not of its address", func(w *world) {
			w.tok.RevokedAt, w.tok.CIDRs = noon, []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
		}, validate.Revoked},
	}
	for _, tt := range tests {
		w, text, v := start(t)
		tt.change(w)
		p, err := admit(t.Context(), v, text, here)
		var denial *validate.Denial
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v", tt.name, err)
		case tt.want == "" && p.Token != w.tok.ID:
			t.Errorf("%s: principal %+v", tt.name, p)
		case tt.want != "" && (!errors.As(err, &denial) || denial.Reason != tt.want || !errors.Is(err, validate.ErrDenied)):
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		case denial != nil && denial.Authentic == (tt.want == validate.Unknown || tt.want == validate.WrongSecret):
			t.Errorf("%s: authentic = %v", tt.name, denial.Authentic)
		}
		if w.reads != 1 {
			t.Errorf("%s: %d reads, want 1", tt.name, w.reads)
		}
	}
}

func TestMalformedTokensCostNoRead(t *testing.T) {
	w, text, v := start(t)
	w.claimsErr = errors.New("not a JWT")
	for _, bad := range []string{"", "x", text[:68], text + "0", strings.ToLower(text), "at_" + strings.Repeat("a", 1<<20), "Bearer " + text} {
		_, err := admit(t.Context(), v, bad, here)
		var denial *validate.Denial
		if !errors.As(err, &denial) || denial.Reason != validate.Malformed {
			t.Errorf("%.80q: %v, want malformed", bad, err)
		}
	}
	if w.reads != 0 {
		t.Errorf("%d reads", w.reads)
	}
}

func TestAnOutageIsNeverADecision(t *testing.T) {
	down := errors.New("connection refused")
	for name, change := range map[string]func(*world){
		"store":    func(w *world) { w.storeErr = down },
		"keyring":  func(w *world) { w.keyErr = down },
		"key lost": func(w *world) { clear(w.keys) },
		"key of the older version is lost": func(w *world) {
			w.tok.Secrets = append([]token.SecretVersion{{Digest: token.Digest{KeyID: "k9"}}}, w.tok.Secrets...)
		},
	} {
		w, text, v := start(t)
		change(w)
		_, err := admit(t.Context(), v, text, here)
		if !errors.Is(err, token.ErrUnavailable) || errors.Is(err, validate.ErrDenied) {
			t.Errorf("%s: %v, want ErrUnavailable and no denial", name, err)
		}
	}
}

func TestEffectiveScopes(t *testing.T) {
	c := scope.Shipped()
	tests := []struct {
		name   string
		roles  []string
		kind   token.Kind
		scopes []scope.Pattern
		want   scope.Set
	}{
		{"a personal token without a list has what its owner has", []string{"viewer"}, token.Personal, nil, c.OfRoles([]string{"viewer"})},
		{"a list is cut by what the owner may do now", []string{"viewer"}, token.Personal, []scope.Pattern{"orders:*"}, scope.NewSet("orders:read")},
		{"a list does not grow with its owner", []string{"admin"}, token.Personal, []scope.Pattern{"orders:read"}, scope.NewSet("orders:read")},
		{"an owner without roles has tokens without scopes", nil, token.Personal, nil, scope.Set{}},
		{"an empty list is no scope", []string{"admin"}, token.Personal, []scope.Pattern{}, scope.Set{}},
		{"a service token has its own", nil, token.Service, []scope.Pattern{"orders:*"}, scope.NewSet("orders:read", "orders:write")},
		{"a scope that left the catalogue grants nothing", nil, token.Service, []scope.Pattern{"orders:read", "moon:fly"}, scope.NewSet("orders:read")},
	}
	for _, tt := range tests {
		w, text, v := start(t)
		w.owner.Roles, w.tok.Kind, w.tok.Scopes = tt.roles, tt.kind, tt.scopes
		p, err := admit(t.Context(), v, text, here)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if p.Scopes.String() != tt.want.String() || string(p.Kind) != string(tt.kind) {
			t.Errorf("%s: %s with %v, want %v", tt.name, p.Kind, p.Scopes, tt.want)
		}
	}
}

func TestPeople(t *testing.T) {
	jwt := "e30.e30.sig"
	w, _, v := start(t)
	said := func(at time.Time, roles ...string) user.Statement { return user.Statement{Roles: roles, At: at} }
	early, late := noon.Add(-time.Minute), noon.Add(-time.Second)
	check := func(name string, says user.Statement, counts user.Statement, profile principal.Profile) {
		t.Helper()
		w.claims = validate.Claims{Account: "acc_acme", Subject: "ada", Roles: says, ExpiresAt: noon.Add(time.Hour)}
		got, err := admit(t.Context(), v, jwt, here)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		want := principal.Principal{
			Kind: principal.Person, Account: "acc_acme", User: user.RefOf("acc_acme", "ada").ID(), Subject: "ada", Roles: counts.Roles, RolesStatedAt: counts.At,
			Profile: profile, Scopes: scope.Shipped().OfRoles(counts.Roles), ExpiresAt: noon.Add(time.Hour),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	check("roles of which nobody said when are overtaken", said(early, "viewer"), said(early, "viewer"), principal.ProfileStale)
	w.owner.Roles, w.owner.RolesStatedAt = []string{"viewer"}, late
	check("a known person", said(late, "viewer"), said(late, "viewer"), principal.ProfileCurrent)
	check("a JWT from before a demotion gives nothing back", said(early, "admin"), said(late, "viewer"), principal.ProfileCurrent)
	check("a JWT that says nothing changes nothing", user.Statement{}, said(late, "viewer"), principal.ProfileCurrent)
	check("a JWT of the same second widens nothing", said(late, "admin"), said(late, "viewer"), principal.ProfileCurrent)
	check("the same roles said anew are news", said(noon, "viewer"), said(noon, "viewer"), principal.ProfileStale)
	check("new roles count at once", said(noon, "admin"), said(noon, "admin"), principal.ProfileStale)
	check("an empty list takes roles away", user.Statement{Roles: []string{}, At: noon}, user.Statement{Roles: []string{}, At: noon}, principal.ProfileStale)
	w.owner.Roles = []string{"admin"}
	check("a JWT of the same second narrows", said(late, "viewer"), said(late, "viewer"), principal.ProfileStale)
	w.owner.Ref = "somebodyels"
	check("a person never seen", said(early, "admin"), said(early, "admin"), principal.ProfileMissing)
	check("a person never seen whose JWT says nothing", user.Statement{}, user.Statement{}, principal.ProfileMissing)

	w, _, v = start(t)
	w.claims = validate.Claims{Account: "acc_acme", Subject: "ada"}
	refused := func(name string, want validate.Reason) {
		t.Helper()
		_, err := admit(t.Context(), v, jwt, here)
		var denial *validate.Denial
		if !errors.As(err, &denial) || denial.Reason != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	w.owner.Status = user.Suspended
	refused("a suspended person", validate.OwnerInactive)
	w.owner.Status, w.owner.Subject = user.Active, "somebody whose reference is the same"
	refused("another person with the same reference", validate.OwnerInactive)
	w.claimsErr = errors.New("bad signature")
	refused("a bad JWT", validate.InvalidJWT)
	w.claimsErr = token.ErrUnavailable
	if _, err := admit(t.Context(), v, jwt, here); !errors.Is(err, token.ErrUnavailable) || errors.Is(err, validate.ErrDenied) {
		t.Errorf("an identity provider that cannot be reached: %v", err)
	}
	v.People = nil
	refused("a JWT where none are accepted", validate.Malformed)
}

func TestAUseIsNotedOnceAMinuteAndNeverFailsADecision(t *testing.T) {
	w, text, v := start(t)
	steps := []struct {
		used time.Time
		want int
	}{{noon, 0}, {noon.Add(-time.Minute + 1), 0}, {noon.Add(-time.Minute), 1}, {time.Time{}, 2}}
	for _, s := range steps {
		w.tok.LastUsedAt = s.used
		if _, err := admit(t.Context(), v, text, here); err != nil || w.touches != s.want {
			t.Errorf("last used %s: %d notes, %v; want %d", s.used, w.touches, err, s.want)
		}
	}
	w.touchErr = errors.New("throttled")
	if _, err := admit(t.Context(), v, text, here); err != nil {
		t.Errorf("a use that cannot be noted: %v", err)
	}
	w.slow = time.Hour
	if _, err := admit(t.Context(), v, text, here); err != nil {
		t.Errorf("a use that takes too long to note: %v", err)
	}
	before := w.touches
	w.tok.RevokedAt = noon
	if _, err := admit(t.Context(), v, text, here); err == nil || w.touches != before {
		t.Errorf("a refused use is noted: %v", err)
	}
}

func TestSettingsAreHeldForASecondAndCostNoRoundTrip(t *testing.T) {
	w, text, v := start(t)
	use := func(after time.Duration) error {
		w.now = w.now.Add(after)
		_, err := admit(t.Context(), v, text, here)
		return err
	}
	if err := use(0); err != nil || w.reads != 1 || w.policyReads != 1 {
		t.Fatalf("the first use of an owner: %d look-ups, %d reads of the settings, %v", w.reads, w.policyReads, err)
	}
	for range 100 {
		if err := use(50 * time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	if w.reads != 101 || w.policyReads != 1 {
		t.Errorf("%d look-ups and %d further reads for 101 uses in five seconds, want 101 and none", w.reads, w.policyReads-1)
	}
	if err := use(time.Second); err != nil {
		t.Fatal(err)
	}
	w.policy.Personal.AllowNeverExpire = false
	if err := use(validate.PolicyAge - 1); err != nil {
		t.Errorf("within a second the old policy holds: %v", err)
	}
	if err := use(1); !errors.Is(err, validate.ErrDenied) {
		t.Errorf("after a second the new policy does not: %v", err)
	}
	w.policy.Personal.AllowNeverExpire = true
	if err := use(validate.PolicyAge); err != nil {
		t.Errorf("loosened again: %v", err)
	}
}

// Of a person whom nobody has seen no more than of any other.
func TestAJWTIsOneRoundTripWhateverIsDue(t *testing.T) {
	for name, ref := range map[string]user.Ref{"a known person": user.RefOf("acc_acme", "ada"), "a person never seen": "somebodyels"} {
		w, _, v := start(t)
		person(w)
		w.owner.Ref = ref
		for n, tt := range []struct {
			after           time.Duration
			policies, rules int
		}{
			{0, 1, 1}, {1, 1, 1}, {validate.PolicyAge - 1, 1, 1}, {validate.PolicyAge, 2, 1}, {validate.RulesAge - 1, 3, 1}, {validate.RulesAge, 3, 2},
			{2 * validate.RulesAge, 4, 3},
		} {
			w.now = noon.Add(tt.after)
			if ok, err := calls(t.Context(), v, jwt); !ok || err != nil {
				t.Errorf("%s after %s: %v, %v", name, tt.after, ok, err)
			}
			if w.reads != n+1 || w.policyAlong != tt.policies || w.rulesAlong != tt.rules || w.policyReads != 0 || w.rulesAlone != 0 {
				t.Errorf("%s after %s: %d look-ups with %d and %d reads along, %d and %d alone", name, tt.after, w.reads, w.policyAlong, w.rulesAlong, w.policyReads, w.rulesAlone)
			}
		}
	}
}

func TestAnotherOwnerOfTheSameAccountCostsOneRoundTripAsWell(t *testing.T) {
	w, text, v := start(t)
	if _, err := admit(t.Context(), v, text, here); err != nil {
		t.Fatal(err)
	}
	w.owner.Ref = user.RefOf("acc_acme", "bob")
	id, err := token.NewID(w.owner.Ref, noon, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	secret := issue(t, id)
	w.tok.ID, w.tok.Secrets[0].Digest = id, w.keys["k1"].Digest(secret)
	w.now = w.now.Add(time.Hour)
	if _, err := admit(t.Context(), v, secret.Reveal(), here); err != nil {
		t.Fatal(err)
	}
	if w.reads != 2 || w.policyReads != 1 {
		t.Errorf("%d look-ups and %d reads of settings alone, want 2 and 1", w.reads, w.policyReads)
	}
	w.tok.Account, w.owner.Account = "acc_other", "acc_other"
	w.owner.Ref = user.RefOf("acc_other", "eve")
	id, _ = token.NewID(w.owner.Ref, noon, rand.Reader)
	secret = issue(t, id)
	w.tok.ID, w.tok.Secrets[0].Digest = id, w.keys["k1"].Digest(secret)
	w.now = w.now.Add(time.Hour)
	if p, err := admit(t.Context(), v, secret.Reveal(), here); err != nil || p.Account != "acc_other" || w.policyReads != 2 {
		t.Errorf("a wrong guess: %+v, %d reads of settings alone, %v", p, w.policyReads, err)
	}
}

func TestOfferedRolesAndOwnRoles(t *testing.T) {
	w, _, v := start(t)
	w.claims = validate.Claims{Account: "acc_acme", Subject: "ada", Roles: user.Statement{Roles: []string{"admin"}, At: noon}}
	w.owner.Roles, w.policy.RolesFrom = []string{"viewer"}, settings.Tokenwright
	p, err := admit(t.Context(), v, "e30.e30.sig", here)
	if err != nil || p.Profile != principal.ProfileCurrent || p.Scopes.String() != scope.Shipped().OfRoles([]string{"viewer"}).String() {
		t.Errorf("where Tokenwright gives roles the claim counts: %+v, %v", p, err)
	}
	w.owner.Ref = "somebodyels"
	if p, err = admit(t.Context(), v, "e30.e30.sig", here); err != nil || len(p.Scopes) != 0 || p.Profile != principal.ProfileMissing {
		t.Errorf("somebody new has %v, %v", p.Scopes, err)
	}
}

func BenchmarkValidate(b *testing.B) {
	_, text, v := start(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := admit(b.Context(), v, text, here); err != nil {
			b.Fatal(err)
		}
	}
}
