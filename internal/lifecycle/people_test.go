package lifecycle_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/dev/storetest"
	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/period"
	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
	"github.com/tokenwright/tokenwright/internal/validate"
)

var me = lifecycle.Person{Me: true}

func them(c lifecycle.Caller) lifecycle.Person { return lifecycle.Person{ID: c.User} }

// known makes people known to the table.
func (w *world) known(people ...lifecycle.Caller) {
	w.Helper()
	for _, c := range people {
		if _, err := w.Know(w.Context(), c); err != nil {
			w.Fatal(err)
		}
	}
}

func TestOffboardingStopsEveryTokenAtOnceAndForGood(t *testing.T) {
	w := start(t)
	w.known(admin, analyst)
	var tokens []lifecycle.Issued
	for range 5 {
		tokens = append(tokens, w.create(analyst, lifecycle.Create{}))
	}
	robot := w.service(admin, "orders:read")
	out, err := w.Offboard(t.Context(), admin, them(analyst), 0)
	if err != nil || out.User.Status != user.Offboarded || out.User.Purge.State != user.PurgePending {
		t.Fatalf("%+v, %v", out, err)
	}
	for _, issued := range tokens {
		w.refusedFor(issued.Secret, validate.OwnerInactive)
	}
	w.accepted(robot.Secret)

	// Invited again: old tokens stay dead, new ones work.
	w.settings(func(s *settings.Settings) { s.RolesFrom = settings.Tokenwright })
	back, err := w.PutUser(t.Context(), admin, them(analyst), 0, lifecycle.SetUser{Subject: "bob", Roles: value([]string{"viewer"})})
	if err != nil || back.Status != user.Active {
		t.Fatalf("%+v, %v", back, err)
	}
	fresh := w.create(analyst, lifecycle.Create{Scopes: list("orders:read")})
	w.accepted(fresh.Secret)
	for _, issued := range tokens {
		w.refusedFor(issued.Secret, validate.OwnerInactive)
	}

	// The purge takes the old ones and leaves the new one.
	for range 3 {
		if err := w.Purge(t.Context(), analyst.User.Ref()); err != nil {
			t.Fatal(err)
		}
	}
	w.accepted(fresh.Secret)
	u, err := w.User(t.Context(), admin, them(analyst))
	if err != nil || u.Purge != (user.Purge{State: user.PurgeDone, Removed: 5}) {
		t.Errorf("the purge stands at %+v, %v", u.Purge, err)
	}
	w.refusedFor(tokens[0].Secret, validate.Unknown)
}

func TestOffboardingListsTheServiceTokensLeftBehind(t *testing.T) {
	w := start(t)
	w.known(admin, analyst, person("acc_acme", "cyd", "admin"))
	first, second := w.service(admin, "orders:read"), w.service(admin, "orders:read")
	cyd := person("acc_acme", "cyd", "admin")
	moved, err := w.Transfer(t.Context(), admin, id(first), 0, cyd.User)
	if err != nil || moved.Steward != cyd.User || moved.Version != 2 {
		t.Fatalf("%+v, %v", moved, err)
	}
	out, err := w.Offboard(t.Context(), cyd, them(admin), 0)
	if err != nil || !slices.Equal(out.ServiceTokens, []token.ID{second.Token.ID}) || out.More {
		t.Errorf("left behind: %v, %v", out.ServiceTokens, err)
	}
	for _, s := range []token.Secret{first.Secret, second.Secret} {
		w.accepted(s)
	}
	_, err = w.Transfer(t.Context(), cyd, id(first), 0, admin.User)
	refuses(t, "to somebody offboarded", err, lifecycle.ErrInvalid, "invalid_fields", "userId")
	_, err = w.Transfer(t.Context(), cyd, id(second), 0, evil.User)
	refuses(t, "to another account", err, lifecycle.ErrInvalid, "invalid_fields", "userId")
	_, err = w.Transfer(t.Context(), cyd, id(second), 1, cyd.User)
	if err != nil {
		t.Error(err)
	}
	_, err = w.Transfer(t.Context(), cyd, id(second), 1, analyst.User)
	refuses(t, "at an old version", err, lifecycle.ErrPrecondition, "version_mismatch")
	mine := w.create(cyd, lifecycle.Create{})
	_, err = w.Transfer(t.Context(), cyd, id(mine), 0, analyst.User)
	refuses(t, "a personal token", err, lifecycle.ErrConflict, "not_a_service_token")
	_, err = w.Transfer(t.Context(), analyst, id(second), 0, analyst.User)
	refuses(t, "without tokens:write", err, lifecycle.ErrForbidden, "insufficient_scope")
}

func TestSuspendingIsUndone(t *testing.T) {
	w := start(t)
	w.known(admin)
	issued := w.create(analyst, lifecycle.Create{})
	if _, err := w.Suspend(t.Context(), admin, them(analyst), 0); err != nil {
		t.Fatal(err)
	}
	w.refusedFor(issued.Secret, validate.OwnerInactive)
	if _, err := w.Resume(t.Context(), admin, them(analyst), 0); err != nil {
		t.Fatal(err)
	}
	w.accepted(issued.Secret)
	if _, err := w.Offboard(t.Context(), admin, them(analyst), 0); err != nil {
		t.Fatal(err)
	}
	_, err := w.Resume(t.Context(), admin, them(analyst), 0)
	refuses(t, "resuming somebody offboarded", err, lifecycle.ErrConflict, "offboarded")
	_, err = w.Suspend(t.Context(), admin, them(analyst), 0)
	refuses(t, "suspending somebody offboarded", err, lifecycle.ErrConflict, "offboarded")
}

func TestTheLastAdministratorStays(t *testing.T) {
	w := start(t)
	w.known(admin, analyst)
	w.settings(func(s *settings.Settings) { s.RolesFrom = settings.Tokenwright })
	for name, act := range map[string]func() error{
		"offboards themselves": func() error { _, err := w.Offboard(t.Context(), admin, me, 0); return err },
		"suspends themselves":  func() error { _, err := w.Suspend(t.Context(), admin, me, 0); return err },
		"gives up the role": func() error {
			_, err := w.PutUser(t.Context(), admin, me, 0, lifecycle.SetUser{Roles: value([]string{"viewer"})})
			return err
		},
	} {
		w.unchanged(name, func() { refuses(t, name, act(), lifecycle.ErrConflict, "last_administrator") })
	}
	second := person("acc_acme", "cyd", "admin")
	w.known(second)
	if _, err := w.PutUser(t.Context(), admin, them(second), 0, lifecycle.SetUser{Roles: value([]string{"admin"})}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Offboard(t.Context(), admin, me, 0); err != nil {
		t.Errorf("with another administrator: %v", err)
	}
}

// The authorizer may hold the settings of before for a second and pass on what the claim says.
func TestAClaimDoesNotUndoRolesThatTokenwrightGave(t *testing.T) {
	w := start(t)
	w.known(admin, analyst)
	w.settings(func(s *settings.Settings) { s.RolesFrom = settings.Tokenwright })
	if _, err := w.PutUser(t.Context(), admin, them(analyst), 0, lifecycle.SetUser{Roles: value([]string{"viewer"})}); err != nil {
		t.Fatal(err)
	}
	held, stranger := analyst, person("acc_acme", "eve", "admin")
	held.Profile = principal.ProfileStale
	w.known(held, stranger)
	for _, tt := range []struct {
		lifecycle.Caller
		roles []string
	}{{analyst, []string{"viewer"}}, {stranger, nil}} {
		if u, err := w.User(t.Context(), admin, them(tt.Caller)); err != nil || !u.HasRoles(tt.roles) {
			t.Errorf("%s has the roles %v, %v", tt.User, u.Roles, err)
		}
	}
}

func TestTwoAdministratorsDoNotRemoveEachOther(t *testing.T) {
	for round := range 5 {
		w := start(t)
		second := person("acc_acme", "cyd", "admin")
		w.known(admin, second)
		var wg sync.WaitGroup
		errs := make([]error, 2)
		wg.Go(func() { _, errs[0] = w.Offboard(t.Context(), admin, them(second), 0) })
		wg.Go(func() { _, errs[1] = w.Offboard(t.Context(), second, them(admin), 0) })
		wg.Wait()
		page, err := w.Users(t.Context(), admin, user.Active, "", 10)
		if err != nil || len(page.Users) != 1 {
			t.Fatalf("round %d: %d administrators are left, %v; errors %v", round, len(page.Users), err, errs)
		}
	}
}

func TestWhatPutUserRefuses(t *testing.T) {
	w := start(t)
	w.known(admin, analyst, evil)
	manager := holding(analyst, append(slices.Clone(analyst.Scopes), "users:write")...) // may change people, holds little else
	put := func(c lifecycle.Caller, target lifecycle.Person, in lifecycle.SetUser) error {
		_, err := w.PutUser(t.Context(), c, target, 0, in)
		return err
	}
	viewer := lifecycle.SetUser{Roles: value([]string{"viewer"})}
	refuses(t, "roles that the identity provider gives", put(admin, them(analyst), viewer), lifecycle.ErrConflict, "roles_from_identity_provider")
	w.settings(func(s *settings.Settings) { s.RolesFrom = settings.Tokenwright })
	for _, tt := range []struct {
		name string
		err  error
		root error
		code string
		f    []string
	}{
		{"an unknown role", put(admin, them(analyst), lifecycle.SetUser{Roles: value([]string{"viewer", "root"})}), lifecycle.ErrInvalid, "invalid_fields", []string{"roles[1]"}},
		{"a control character", put(admin, them(analyst), lifecycle.SetUser{DisplayName: value("a\x1b")}), lifecycle.ErrInvalid, "invalid_fields", []string{"displayName"}},
		{"a subject of another id", put(admin, them(analyst), lifecycle.SetUser{Subject: "eve"}), lifecycle.ErrInvalid, "invalid_fields", []string{"subject"}},
		{"more than the caller holds", put(manager, them(analyst), lifecycle.SetUser{Roles: value([]string{"admin"})}), lifecycle.ErrForbidden, "exceeds_caller", nil},
		{"without users:write", put(analyst, them(admin), viewer), lifecycle.ErrForbidden, "insufficient_scope", nil},
	} {
		refuses(t, tt.name, tt.err, tt.root, tt.code, tt.f...)
	}
	for name, target := range map[string]lifecycle.Person{"another account's person": them(evil), "an unknown person": {ID: "usr_00000000000"}} {
		if err := put(admin, target, viewer); !errors.Is(err, user.ErrNotFound) {
			t.Errorf("%s: %v, want not found", name, err)
		}
	}
	ahead := lifecycle.Person{ID: user.RefOf("acc_acme", "dora").ID()}
	u, err := w.PutUser(t.Context(), admin, ahead, 0, lifecycle.SetUser{Subject: "dora", Roles: value([]string{"viewer"}), DisplayName: value("Dora")})
	if err != nil || u.DisplayName != "Dora" || !slices.Equal(u.Roles, []string{"viewer"}) || u.Version != 1 {
		t.Errorf("ahead of the first sign-in: %+v, %v", u, err)
	}
}

func TestDemotionReachesTheNextRequest(t *testing.T) {
	w := start(t)
	w.known(admin)
	issued := w.create(person("acc_acme", "cyd", "admin"), lifecycle.Create{})
	listed := w.create(person("acc_acme", "cyd", "admin"), lifecycle.Create{Scopes: list("orders:read", "orders:write")})
	w.settings(func(s *settings.Settings) { s.RolesFrom = settings.Tokenwright })
	set := func(roles ...string) {
		t.Helper()
		if _, err := w.PutUser(t.Context(), admin, lifecycle.Person{ID: issued.Token.ID.Owner().ID()}, 0, lifecycle.SetUser{Roles: value(roles)}); err != nil {
			t.Fatal(err)
		}
	}
	set("viewer")
	if got := w.bearer(issued).Scopes; got.Has("orders:write") || !got.Has("orders:read") {
		t.Errorf("after the demotion: %v", got)
	}
	if got := w.bearer(listed).Scopes.String(); got != "orders:read" {
		t.Errorf("after the demotion the token with a list has %s", got)
	}
	set("analyst")
	if got := w.bearer(issued).Scopes; !got.Has("orders:write") {
		t.Errorf("after the promotion: %v", got)
	}
}

func TestAPolicyIsCheckedAtUseAsWell(t *testing.T) {
	w := start(t)
	issued := w.create(admin, lifecycle.Create{ExpiresAt: null[time.Time]()})
	in := settings.Default()
	in.Personal = settings.Rules{DefaultLifetime: period.MustParse("P7D"), MaxLifetime: period.MustParse("P30D")}

	p, err := w.PreviewSettings(t.Context(), admin, in)
	if err != nil || p.Total != 1 || !p.Complete || p.Refused[0].ID != issued.Token.ID || p.Refused[0].Rule != "allowNeverExpire" {
		t.Errorf("preview: %+v, %v", p, err)
	}
	w.accepted(issued.Secret) // the preview changed nothing
	saved, hit, err := w.SetSettings(t.Context(), admin, 0, in)
	if err != nil || saved.Version != 1 || hit.Total != 1 {
		t.Fatalf("%+v, %+v, %v", saved, hit, err)
	}
	w.refusedFor(issued.Secret, validate.PolicyBreach)
	loose := in
	loose.Personal = settings.Default().Personal
	_, _, err = w.SetSettings(t.Context(), admin, 0, loose)
	refuses(t, "at an old version", err, lifecycle.ErrPrecondition, "version_mismatch")
	if _, _, err = w.SetSettings(t.Context(), admin, 1, loose); err != nil {
		t.Fatal(err)
	}
	w.accepted(issued.Secret)
	_, _, err = w.SetSettings(t.Context(), analyst, 2, loose)
	refuses(t, "without settings:write", err, lifecycle.ErrForbidden, "insufficient_scope")
}

func TestContradictorySettingsAreRefused(t *testing.T) {
	w := start(t)
	w.known(admin)
	for field, change := range map[string]func(*settings.Settings){
		"personal.defaultLifetime": func(s *settings.Settings) {
			s.Personal = settings.Rules{DefaultLifetime: period.MustParse("P31D"), MaxLifetime: period.MustParse("P30D")}
		},
		"service.defaultLifetime":   func(s *settings.Settings) { s.Service = settings.Rules{} },
		"service.allowNeverExpire":  func(s *settings.Settings) { s.Service.MaxLifetime = period.MustParse("P1Y") },
		"personal.allowedScopes[0]": func(s *settings.Settings) { s.Personal.AllowedScopes = append(s.Personal.AllowedScopes, "moon:fly") },
		"personal.maxTokensPerUser": func(s *settings.Settings) { s.Personal.MaxTokensPerUser = -1 },
		"rolesFrom":                 func(s *settings.Settings) { s.RolesFrom = "me" },
	} {
		in := settings.Default()
		change(&in)
		w.unchanged(field, func() {
			_, _, err := w.SetSettings(t.Context(), admin, 0, in)
			refuses(t, field, err, lifecycle.ErrInvalid, "invalid_fields", field)
		})
	}
}

func TestSettingsBoundACreate(t *testing.T) {
	w := start(t)
	w.settings(func(s *settings.Settings) {
		s.Personal.RequireCidrBlocks, s.Personal.MaxTokensPerUser = true, 2
		s.Personal.AllowedScopes = append(s.Personal.AllowedScopes, "orders:*")
	})
	create := func(in lifecycle.Create) error {
		in.Name = "x"
		_, err := w.Create(t.Context(), admin, in)
		return err
	}
	block := []string{"203.0.113.0/24"}
	refuses(t, "no address list", create(lifecycle.Create{}), lifecycle.ErrInvalid, "invalid_fields", "allowedCidrBlocks")
	refuses(t, "a scope not allowed", create(lifecycle.Create{CIDRs: value(block), Scopes: list("tokens:read")}), lifecycle.ErrInvalid, "invalid_fields", "scopes")
	first := w.create(admin, lifecycle.Create{CIDRs: value(block)})
	if got := w.bearer(first).Scopes.String(); got != "orders:read orders:write" {
		t.Errorf("a token without a list has %s, beyond what is allowed", got)
	}
	w.create(admin, lifecycle.Create{CIDRs: value(block)})
	refuses(t, "one too many", create(lifecycle.Create{CIDRs: value(block)}), lifecycle.ErrConflict, "too_many_tokens")
	if err := w.Revoke(t.Context(), admin, id(first), 0); err != nil {
		t.Fatal(err)
	}
	w.create(admin, lifecycle.Create{CIDRs: value(block)})
}

func TestAdministratorsRevokePersonalTokensWhereSettingsSaySo(t *testing.T) {
	w := start(t)
	his := w.create(analyst, lifecycle.Create{})
	refuses(t, "by default", w.Revoke(t.Context(), admin, id(his), 0), lifecycle.ErrForbidden, "not_owner")
	w.settings(func(s *settings.Settings) { s.AdminsMayRevokePersonalTokens = true })
	if err := w.Revoke(t.Context(), admin, id(his), 0); err != nil {
		t.Error(err)
	}
	w.refusedFor(his.Secret, validate.Revoked)
}

func TestRevokingAllIssuedBeforeAnInstant(t *testing.T) {
	w := start(t)
	w.known(admin, analyst)
	old, robot := w.create(analyst, lifecycle.Create{}), w.service(admin, "orders:read")
	w.now = w.now.Add(time.Minute)
	cut := w.now
	fresh := w.create(analyst, lifecycle.Create{})
	who := them(analyst)
	refuses(t, "a colleague's without tokens:delete", w.RevokeIssuedBefore(t.Context(), analyst, &lifecycle.Person{ID: admin.User}, cut, ""), lifecycle.ErrForbidden, "insufficient_scope")
	refuses(t, "in the future", w.RevokeIssuedBefore(t.Context(), admin, &who, w.now.Add(time.Hour), ""), lifecycle.ErrInvalid, "invalid_fields", "before")
	if err := w.RevokeIssuedBefore(t.Context(), analyst, &me, cut, "stolen laptop"); err != nil {
		t.Fatal(err)
	}
	w.refusedFor(old.Secret, validate.Revoked)
	w.accepted(fresh.Secret)
	w.accepted(robot.Secret)
	w.unchanged("an earlier instant", func() {
		if err := w.RevokeIssuedBefore(t.Context(), analyst, &me, cut.Add(-time.Second), ""); err != nil {
			t.Error(err)
		}
	})
	if err := w.RevokeIssuedBefore(t.Context(), admin, nil, w.now, ""); err != nil {
		t.Fatal(err)
	}
	w.refusedFor(robot.Secret, validate.Revoked)
	w.refusedFor(fresh.Secret, validate.Revoked)
	w.now = w.now.Add(time.Millisecond)
	w.accepted(w.create(analyst, lifecycle.Create{}).Secret)
}

func TestATokenIsShownToHaveEndedWhenItFirstDid(t *testing.T) {
	w := start(t)
	w.known(admin, analyst)
	short, long := w.create(analyst, lifecycle.Create{ExpiresAt: value(w.now.Add(time.Minute))}), w.create(analyst, lifecycle.Create{})
	w.now = w.now.Add(time.Hour)
	first := w.now
	for _, of := range []*lifecycle.Person{{ID: analyst.User}, nil} { // the person's, and then the whole account's
		if err := w.RevokeIssuedBefore(t.Context(), admin, of, w.now, ""); err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(time.Hour)
	}
	for what, want := range map[*lifecycle.Issued]token.Status{&short: token.Expired, &long: token.Revoked} {
		got, err := w.Get(t.Context(), analyst, id(*what))
		if err != nil || got.Status(w.now) != want || want == token.Revoked && !got.RevokedAt.Equal(first) {
			t.Errorf("%s, revoked at %s: %v; want %s, of %s", got.Status(w.now), got.RevokedAt, err, want, first)
		}
	}
}

func TestEveryChangeAndEveryRefusedAttemptIsInTheAudit(t *testing.T) {
	w := start(t)
	w.known(admin, analyst)
	issued := w.create(analyst, lifecycle.Create{})
	robot := w.service(admin, "orders:read")
	if _, err := w.Update(t.Context(), analyst, id(issued), 0, lifecycle.Update{Name: value("renamed")}); err != nil {
		t.Fatal(err)
	}
	_ = w.Revoke(t.Context(), admin, id(issued), 0)  // not the owner
	_ = w.Revoke(t.Context(), analyst, id(robot), 0) // no scope
	if _, err := w.Rotate(t.Context(), analyst, id(issued), 0, period.Period{}); err != nil {
		t.Fatal(err)
	}
	list := func(c lifecycle.Caller, q lifecycle.EventQuery) []string {
		t.Helper()
		q.Limit = 2
		var out []string
		for range 20 {
			page, err := w.Events(t.Context(), c, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range page.Events {
				out = append(out, fmt.Sprintf("%s %s %s", e.Action, e.Target, e.Refused))
			}
			if !page.More {
				return out
			}
			q.After = page.Last
		}
		t.Fatal("no end")
		return nil
	}
	bob, tok, bot := string(analyst.User), string(issued.Token.ID), string(robot.Token.ID)
	want := []string{
		"token.rotated " + tok + " ", "token.revoked " + bot + " insufficient_scope", "token.revoked " + tok + " not_owner", "token.updated " + tok + " ",
		"token.created " + bot + " ", "token.created " + tok + " ", "user.created " + bob + " ", "user.created " + string(admin.User) + " ",
	}
	got := list(admin, lifecycle.EventQuery{})
	slices.Sort(want) // events of one millisecond are in no order
	if sorted := slices.Sorted(slices.Values(got)); !slices.Equal(sorted, want) {
		t.Errorf("%q\nwant %q", sorted, want)
	}
	yes, no := true, false
	for name, tt := range map[string]struct {
		q    lifecycle.EventQuery
		want int
	}{
		"refused": {lifecycle.EventQuery{Refused: &yes}, 2}, "done": {lifecycle.EventQuery{Refused: &no}, 6},
		"of a token": {lifecycle.EventQuery{Token: issued.Token.ID}, 4}, "by an actor": {lifecycle.EventQuery{Actor: analyst.User}, 5},
		"an action": {lifecycle.EventQuery{Action: audit.TokenCreated}, 2}, "about a user": {lifecycle.EventQuery{User: analyst.User}, 1},
		"before all": {lifecycle.EventQuery{To: storetest.Noon.Add(-time.Second)}, 0}, "after all": {lifecycle.EventQuery{From: storetest.Noon.Add(time.Hour)}, 0},
	} {
		if got := list(admin, tt.q); len(got) != tt.want {
			t.Errorf("%s: %d events, want %d: %q", name, len(got), tt.want, got)
		}
	}
	if got := list(evil, lifecycle.EventQuery{}); len(got) != 0 {
		t.Errorf("another account reads %q", got)
	}
	noRole := analyst
	noRole.Scopes = nil
	_, err := w.Events(t.Context(), noRole, lifecycle.EventQuery{Limit: 5})
	refuses(t, "without audit:read", err, lifecycle.ErrForbidden, "insufficient_scope")
	page, err := w.TokenEvents(t.Context(), noRole, id(issued), lifecycle.EventQuery{Limit: 10})
	if err != nil || len(page.Events) != 4 {
		t.Errorf("one's own token has %d events, %v", len(page.Events), err)
	}
	if _, err = w.TokenEvents(t.Context(), evil, id(issued), lifecycle.EventQuery{Limit: 10}); !errors.Is(err, token.ErrNotFound) {
		t.Errorf("another account's token: %v", err)
	}
}

func TestSummary(t *testing.T) {
	w := start(t)
	w.create(analyst, lifecycle.Create{ExpiresIn: period.MustParse("P7D")})
	gone := w.create(analyst, lifecycle.Create{})
	w.service(admin, "orders:read")
	w.create(evil, lifecycle.Create{})
	if err := w.Revoke(t.Context(), analyst, id(gone), 0); err != nil {
		t.Fatal(err)
	}
	s, err := w.Summarize(t.Context(), admin)
	if err != nil || s.Total != 3 || s.ByStatus[token.Usable] != 2 || s.ByStatus[token.Revoked] != 1 || s.ByKind[token.Service] != 1 ||
		s.ByOwner[analyst.User] != 2 || s.ExpiringSoon != 1 || s.NeverUsed != 2 || s.UnusedLong != 0 || !s.Complete {
		t.Errorf("%+v, %v", s, err)
	}
}

// No token is created after, or accepted after, its owner's offboarding was acknowledged, whatever races with it.
func TestOffboardingWinsEveryRace(t *testing.T) {
	t.Run("embedded", func(t *testing.T) { offboardingWins(t, start(t)) })
	if url := os.Getenv("DYNAMODB_LOCAL_ENDPOINT"); url != "" {
		t.Run("DynamoDB Local", func(t *testing.T) { offboardingWins(t, startOn(t, storetest.At(t, url))) })
	}
}

func offboardingWins(t *testing.T, w *world) {
	w.known(admin, analyst)
	known := analyst
	known.Profile = principal.ProfileCurrent
	var (
		mu     sync.Mutex
		issued []lifecycle.Issued
		wg     sync.WaitGroup
	)
	ctx, stop := context.WithCancel(t.Context())
	for range 8 {
		wg.Go(func() {
			for ctx.Err() == nil {
				got, err := w.Create(t.Context(), known, lifecycle.Create{Name: "race"})
				if err != nil && !errors.Is(err, lifecycle.ErrForbidden) && !errors.Is(err, token.ErrUnavailable) && !errors.Is(err, store.ErrExists) {
					t.Error(err)
				}
				if err == nil {
					mu.Lock()
					issued = append(issued, got)
					mu.Unlock()
				}
			}
		})
	}
	for {
		mu.Lock()
		n := len(issued)
		mu.Unlock()
		if n > 20 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	for {
		_, err := w.Offboard(t.Context(), admin, them(analyst), 0)
		if err == nil {
			break
		}
		if !errors.Is(err, token.ErrUnavailable) { // creations that hold the profile get in its way
			t.Fatal(err)
		}
	}
	acknowledged := len(w.fixture.Items(t, "TOKEN#"))
	time.Sleep(50 * time.Millisecond)
	stop()
	wg.Wait()
	if after := len(w.fixture.Items(t, "TOKEN#")); after != acknowledged {
		t.Errorf("%d tokens were created after the offboarding", after-acknowledged)
	}
	for _, i := range issued {
		w.refusedFor(i.Secret, validate.OwnerInactive)
	}
	created := 0
	for _, it := range w.fixture.Items(t, "EVENT#") {
		if it["refused"] == nil && text(it["action"]) == "token.created" {
			created++
		}
	}
	if created != acknowledged {
		t.Errorf("%d tokens and %d events of their creation", acknowledged, created)
	}
}

func TestWhatOneWriteEndedShowsAsRevoked(t *testing.T) {
	w := start(t)
	w.known(admin, analyst)
	his, robot := w.create(analyst, lifecycle.Create{}), w.service(admin, "orders:read")
	w.now = w.now.Add(time.Minute)
	who := them(analyst)
	status := func(i lifecycle.Issued) (one, listed token.Status) {
		t.Helper()
		tok, err := w.Get(t.Context(), admin, id(i))
		if err != nil {
			t.Fatal(err)
		}
		page, err := w.List(t.Context(), admin, lifecycle.Query{Limit: 10, Text: string(i.Token.ID)})
		if err != nil || len(page.Tokens) != 1 {
			t.Fatalf("%d tokens, %v", len(page.Tokens), err)
		}
		return tok.Status(w.now), page.Tokens[0].Status(w.now)
	}
	if err := w.RevokeIssuedBefore(t.Context(), admin, &who, w.now, ""); err != nil {
		t.Fatal(err)
	}
	for want, i := range map[token.Status]lifecycle.Issued{token.Revoked: his, token.Usable: robot} {
		if one, listed := status(i); one != want || listed != want {
			t.Errorf("it shows as %s, listed %s, want %s", one, listed, want)
		}
	}
	_, err := w.Rotate(t.Context(), analyst, id(his), 0, period.Period{})
	refuses(t, "rotating it", err, lifecycle.ErrConflict, "token_revoked")
	if err := w.RevokeIssuedBefore(t.Context(), admin, nil, w.now, ""); err != nil {
		t.Fatal(err)
	}
	if one, listed := status(robot); one != token.Revoked || listed != token.Revoked {
		t.Errorf("after the account's revocation it shows as %s, listed %s", one, listed)
	}
	fresh := w.create(analyst, lifecycle.Create{})
	if _, err := w.Offboard(t.Context(), admin, them(analyst), 0); err != nil {
		t.Fatal(err)
	}
	if one, listed := status(fresh); one != token.Revoked || listed != token.Revoked {
		t.Errorf("after the offboarding it shows as %s, listed %s", one, listed)
	}
}

func TestNobodyLocksTheAccountOut(t *testing.T) {
	w := start(t)
	w.known(admin)
	in := settings.Default()
	in.RolesFrom = settings.Tokenwright
	robot := w.bearer(w.service(admin, "settings:*", "tokens:read", "users:*"))
	_, _, err := w.SetSettings(t.Context(), robot, 0, in)
	refuses(t, "a token moves the roles", err, lifecycle.ErrInvalid, "invalid_fields", "rolesFrom")
	keeper := person("acc_acme", "kim")
	keeper.Scopes = append(keeper.Scopes, "settings:write")
	_, _, err = w.SetSettings(t.Context(), keeper, 0, in)
	refuses(t, "a person who cannot give roles", err, lifecycle.ErrForbidden, "insufficient_scope")
	if _, _, err = w.SetSettings(t.Context(), admin, 0, in); err != nil {
		t.Error(err)
	}
}

func TestWhatAServiceTokenMakesHasItsSteward(t *testing.T) {
	w := start(t)
	w.known(admin)
	maker := w.service(admin, "tokens:write", "orders:read")
	made := w.service(w.bearer(maker), "orders:read")
	if made.Token.Steward != admin.User {
		t.Errorf("%s answers for it, want the maker's steward %s", made.Token.Steward, admin.User)
	}
}
