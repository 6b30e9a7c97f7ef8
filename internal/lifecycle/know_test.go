package lifecycle_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/dev/storetest"
	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/period"
	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// saying is what the authorizer makes of bob's JWT when it knows nothing of what is stored.
func saying(second int, roles ...string) lifecycle.Caller {
	c := person("acc_acme", "bob", roles...)
	c.RolesStatedAt, c.Profile = storetest.Noon.Add(time.Duration(second)*time.Second), principal.ProfileStale
	return c
}

// sayingNothing is a JWT without the claim.
func sayingNothing() lifecycle.Caller {
	c := person("acc_acme", "bob")
	c.RolesStatedAt = time.Time{}
	return c
}

func (w *world) hasRoles(what string, c lifecycle.Caller, second int, roles ...string) {
	w.Helper()
	u, err := w.fixture.Store.User(w.Context(), c.User.Ref())
	if err != nil || !u.HasRoles(roles) || !u.RolesStatedAt.Equal(storetest.Noon.Add(time.Duration(second)*time.Second)) {
		w.Errorf("%s: stored with the roles %v of %s, %v; want %v of second %d", what, u.Roles, u.RolesStatedAt, err, roles, second)
	}
}

func TestTheLatestWordOnRolesHoldsInWhateverOrderJWTsCome(t *testing.T) {
	jwts := []lifecycle.Caller{saying(1, "admin"), saying(2, "admin"), saying(3), saying(4, "viewer"), saying(4, "viewer", "analyst")}
	for range 12 {
		w := start(t)
		order := rand.Perm(len(jwts))
		for _, i := range append(order, rand.Perm(len(jwts))...) { // each comes twice
			w.known(jwts[i])
		}
		w.hasRoles(fmt.Sprint(order), analyst, 4, "viewer")
	}
}

func TestAnOlderJWTActsWithTheRolesThatAreStored(t *testing.T) {
	w := start(t)
	w.known(admin, saying(10, "viewer"))
	old := saying(9, "admin")
	was := w.state()
	seen, err := w.Know(t.Context(), old)
	if err != nil || !slices.Equal(seen.Roles, []string{"viewer"}) || seen.Scopes.String() != scope.Shipped().OfRoles([]string{"viewer"}).String() || seen.Profile != principal.ProfileCurrent {
		t.Errorf("%+v, %v", seen, err)
	}
	if len(w.state()) != len(was) {
		t.Error("something was written")
	}
	// Whatever the authorizer made of it a moment ago, it creates no more than a viewer may.
	w.unchanged("a service token", func() {
		_, err := w.Create(t.Context(), old, lifecycle.Create{Name: "x", Kind: token.Service, Scopes: list("orders:read")})
		refuses(t, "a service token", err, lifecycle.ErrForbidden, "insufficient_scope")
	})
	w.unchanged("a scope of before", func() {
		_, err := w.Create(t.Context(), old, lifecycle.Create{Name: "x", Scopes: list("orders:write")})
		refuses(t, "a scope of before", err, lifecycle.ErrForbidden, "exceeds_caller")
	})
	w.hasRoles("after all", analyst, 10, "viewer")
}

// Else whoever was demoted would make the roles of before Tokenwright's own, and so keep them.
func TestAnOlderJWTDoesNotMoveWhereRolesComeFrom(t *testing.T) {
	w := start(t)
	w.known(admin, saying(10, "viewer"))
	for from, to := range map[settings.RolesFrom]settings.RolesFrom{settings.IdentityProvider: settings.Tokenwright, settings.Tokenwright: settings.IdentityProvider} {
		w.settings(func(s *settings.Settings) { s.RolesFrom = from })
		w.unchanged(string(to), func() {
			seen, err := w.Know(t.Context(), saying(9, "admin"))
			if err != nil {
				t.Fatal(err)
			}
			now, err := w.fixture.Store.Settings(t.Context(), "acc_acme")
			if err != nil {
				t.Fatal(err)
			}
			in := now
			in.RolesFrom = to
			_, _, err = w.SetSettings(t.Context(), seen, now.Version, in)
			refuses(t, string(to), err, lifecycle.ErrForbidden, "insufficient_scope")
		})
	}
	w.settings(func(s *settings.Settings) { s.RolesFrom = settings.IdentityProvider })
	w.known(saying(9, "admin"))
	w.hasRoles("with roles from the identity provider again", analyst, 10, "viewer")
}

// What Tokenwright gave or took is a word on roles like any other, and has its time.
func TestAJWTFromBeforeAChangeHereDoesNotUndoIt(t *testing.T) {
	w := start(t)
	w.known(admin, saying(0, "admin"))
	w.settings(func(s *settings.Settings) { s.RolesFrom = settings.Tokenwright })
	w.now = storetest.Noon.Add(20 * time.Second)
	if _, err := w.PutUser(t.Context(), admin, them(analyst), 0, lifecycle.SetUser{Roles: value([]string{"viewer"})}); err != nil {
		t.Fatal(err)
	}
	w.settings(func(s *settings.Settings) { s.RolesFrom = settings.IdentityProvider })
	w.known(saying(19, "admin"))
	w.hasRoles("an older JWT", analyst, 20, "viewer")
	w.known(saying(21, "analyst"))
	w.hasRoles("a newer one", analyst, 21, "analyst")
}

func TestAJWTThatSaysNothingOfRolesChangesNone(t *testing.T) {
	w := start(t)
	w.known(sayingNothing())
	u, err := w.fixture.Store.User(t.Context(), analyst.User.Ref())
	if err != nil || len(u.Roles) != 0 || !u.RolesStatedAt.IsZero() {
		t.Fatalf("somebody new has %v of %s, %v", u.Roles, u.RolesStatedAt, err)
	}
	w.known(saying(10, "analyst"))
	w.unchanged("nothing said", func() {
		silent := sayingNothing()
		silent.Profile = principal.ProfileStale
		seen, err := w.Know(t.Context(), silent)
		if err != nil || !slices.Equal(seen.Roles, []string{"analyst"}) || !seen.Scopes.Has("orders:write") {
			t.Errorf("it acts with %v, %v", seen.Roles, err)
		}
	})
	w.known(saying(11))
	w.hasRoles("an empty list", analyst, 11)
}

func TestTheSameRolesSaidAnewAreNeitherAVersionNorAnEvent(t *testing.T) {
	w := start(t)
	w.known(saying(10, "viewer"))
	before, events := w.stored(analyst), len(w.fixture.Items(t, "EVENT#"))
	w.known(saying(20, "viewer"))
	after := w.stored(analyst)
	if after.Version != before.Version || !after.UpdatedAt.Equal(before.UpdatedAt) || len(w.fixture.Items(t, "EVENT#")) != events {
		t.Errorf("%+v", after)
	}
	w.known(saying(15, "admin")) // from between
	w.hasRoles("what was said in between", analyst, 20, "viewer")
}

func (w *world) stored(c lifecycle.Caller) user.User {
	w.Helper()
	u, err := w.fixture.Store.User(w.Context(), c.User.Ref())
	if err != nil {
		w.Fatal(err)
	}
	return u
}

func TestOfManyJWTsAtOnceTheLatestHolds(t *testing.T) {
	for round := range 5 {
		w := start(t)
		if round%2 == 0 {
			w.known(saying(0, "admin"))
		}
		var wg sync.WaitGroup
		for i := range 12 {
			roles := []string{"admin"}
			if i == 11 {
				roles = []string{"viewer"}
			}
			wg.Go(func() {
				for range 20 { // as somebody does who was told to try again
					if _, err := w.Know(t.Context(), saying(i, roles...)); err == nil {
						return
					}
				}
				t.Errorf("the JWT of second %d is never heard", i)
			})
		}
		wg.Wait()
		w.hasRoles("twelve at once", analyst, 11, "viewer")
	}
}

func TestTheSameRolesGivenAgainHereAreAWordOfTheirOwn(t *testing.T) {
	w := start(t)
	w.known(admin, saying(0, "viewer"))
	directory := w.bearer(w.service(admin, "scim:users"))
	w.settings(func(s *settings.Settings) { s.RolesFrom = settings.Tokenwright })
	was := w.stored(analyst)
	for i, again := range []func() error{
		func() error {
			_, err := w.PutUser(t.Context(), admin, them(analyst), 0, lifecycle.SetUser{Roles: value([]string{"viewer"})})
			return err
		},
		func() error {
			_, err := w.ChangeEntry(t.Context(), directory, analyst.User, 0, func(*lifecycle.Entry) error { return nil })
			return err
		},
	} {
		second := 20 + 20*i
		w.now = storetest.Noon.Add(time.Duration(second) * time.Second)
		if err := again(); err != nil {
			t.Fatal(err)
		}
		w.hasRoles("said again", analyst, second, "viewer")
		if u := w.stored(analyst); u.Version != was.Version {
			t.Errorf("version %d after %d", u.Version, was.Version)
		}
	}
	w.settings(func(s *settings.Settings) { s.RolesFrom = settings.IdentityProvider })
	w.known(saying(39, "admin"))
	w.hasRoles("a JWT of before", analyst, 40, "viewer")
}

// Where a JWT was dated ahead, what is said here a moment later is as new as that, and the narrower counts.
func TestAChangeHereIsNotOlderThanWhatItReplaces(t *testing.T) {
	w := start(t)
	w.known(admin, saying(50, "admin"))
	w.settings(func(s *settings.Settings) { s.RolesFrom = settings.Tokenwright })
	if _, err := w.PutUser(t.Context(), admin, them(analyst), 0, lifecycle.SetUser{Roles: value([]string{"viewer"})}); err != nil {
		t.Fatal(err)
	}
	w.settings(func(s *settings.Settings) { s.RolesFrom = settings.IdentityProvider })
	w.known(saying(50, "admin"))
	w.hasRoles("the JWT of before", analyst, 50, "viewer")
}

func TestRolesOfAnEarlierVersionAreAsNewAsTheLastChange(t *testing.T) {
	for _, roles := range [][]string{{"viewer"}, {}} {
		w := start(t)
		u := storetest.Person("acc_acme", "bob", roles...)
		u.Version, u.UpdatedAt = 2, storetest.Noon.Add(30*time.Second)
		w.fixture.Save(t, u)
		w.known(saying(29, "admin"))
		w.hasRoles("an older JWT", analyst, 30, roles...)
		w.known(saying(31, "analyst"))
		w.hasRoles("a newer one", analyst, 31, "analyst")
	}
}

// meetings counts how often somebody is met.
type meetings struct {
	lifecycle.Store
	who user.Ref
	n   int
}

func (c *meetings) LookupUser(ctx context.Context, ref user.Ref, along store.Along) (store.Found, error) {
	if ref == c.who {
		c.n++
	}
	return c.Store.LookupUser(ctx, ref, along)
}

func TestEveryChangeStoresWhoAsksAndMeetsThemOnce(t *testing.T) {
	eve := person("acc_acme", "eve", "admin")
	for what, do := range map[string]func(w *world, of lifecycle.Target, ctx context.Context) error{
		"create": func(w *world, _ lifecycle.Target, ctx context.Context) error {
			_, err := w.Create(ctx, eve, lifecycle.Create{Name: "x"})
			return err
		},
		"create, to be repeated": func(w *world, _ lifecycle.Target, ctx context.Context) error {
			_, err := w.Create(ctx, eve, lifecycle.Create{Name: "x", IdempotencyKey: "k"})
			return err
		},
		"update": func(w *world, of lifecycle.Target, ctx context.Context) error {
			_, err := w.Update(ctx, eve, of, 0, lifecycle.Update{Name: value("x")})
			return err
		},
		"rotate": func(w *world, of lifecycle.Target, ctx context.Context) error {
			_, err := w.Rotate(ctx, eve, of, 0, period.Period{})
			return err
		},
		"transfer": func(w *world, of lifecycle.Target, ctx context.Context) error {
			_, err := w.Transfer(ctx, eve, of, 0, eve.User)
			return err
		},
		"revoke": func(w *world, of lifecycle.Target, ctx context.Context) error { return w.Revoke(ctx, eve, of, 0) },
		"revoke what was issued before": func(w *world, _ lifecycle.Target, ctx context.Context) error {
			return w.RevokeIssuedBefore(ctx, eve, nil, storetest.Noon, "")
		},
		"begin a job": func(w *world, of lifecycle.Target, ctx context.Context) error {
			_, err := w.BulkRevoke(ctx, eve, lifecycle.BulkRevoke{IDs: []token.ID{of.ID}})
			return err
		},
		"cancel a job": func(w *world, of lifecycle.Target, ctx context.Context) error {
			_, err := w.CancelJob(ctx, eve, w.begin(admin, lifecycle.BulkRevoke{IDs: []token.ID{of.ID}}).ID)
			return err
		},
		"look at oneself": func(w *world, _ lifecycle.Target, ctx context.Context) error {
			_, err := w.User(ctx, eve, lifecycle.Person{Me: true})
			return err
		},
		"change a person": func(w *world, _ lifecycle.Target, ctx context.Context) error {
			_, err := w.PutUser(ctx, eve, them(admin), 0, lifecycle.SetUser{DisplayName: value("Ada")})
			return err
		},
		"suspend": func(w *world, _ lifecycle.Target, ctx context.Context) error {
			_, err := w.Suspend(ctx, eve, them(admin), 0)
			return err
		},
		"resume": func(w *world, _ lifecycle.Target, ctx context.Context) error {
			_, err := w.Resume(ctx, eve, them(admin), 0)
			return err
		},
		"offboard": func(w *world, _ lifecycle.Target, ctx context.Context) error {
			_, err := w.Offboard(ctx, eve, them(admin), 0)
			return err
		},
		"set the policy": func(w *world, _ lifecycle.Target, ctx context.Context) error {
			now, err := w.fixture.Store.Settings(ctx, "acc_acme")
			if err == nil {
				_, _, err = w.SetSettings(ctx, eve, now.Version, now)
			}
			return err
		},
		"set rules": func(w *world, _ lifecycle.Target, ctx context.Context) error {
			_, _, err := w.SetAPIRules(ctx, eve, lifecycle.SetRules{Rules: route.Rules{API: "a1", Default: route.Deny, AnswersFor: route.WholeAPI}})
			return err
		},
		"remove rules": func(w *world, _ lifecycle.Target, ctx context.Context) error {
			w.fixture.PutRules(w.T, "a1", 3)
			return w.DeleteAPIRules(ctx, eve, "a1", 3)
		},
	} {
		t.Run(what, func(t *testing.T) {
			w := start(t)
			w.OperatorAccount = "acc_acme"
			w.known(admin)
			of := id(w.service(admin, "orders:read"))
			met := &meetings{Store: w.fixture.Store, who: eve.User.Ref()}
			w.Store = met
			if err := do(w, of, t.Context()); err != nil {
				t.Fatal(err)
			}
			if u := w.stored(eve); !u.HasRoles(eve.Roles) || met.n != 1 {
				t.Errorf("stored as %+v, met %d times", u, met.n)
			}
		})
	}
}
