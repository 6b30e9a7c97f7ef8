package lifecycle_test

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/dev/storetest"
	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
	"github.com/tokenwright/tokenwright/internal/validate"
)

// world is a manager over the real store, on the embedded server unless a test says otherwise, with a clock of its own.
type world struct {
	*testing.T
	*lifecycle.Manager
	fixture *storetest.Fixture
	now     time.Time
}

type keys struct{}

func (keys) Key(_ context.Context, id string) (token.Key, error) {
	return token.NewKey(id, []byte(strings.Repeat(id, 16))), nil
}
func (k keys) Current(ctx context.Context) (token.Key, error) { return k.Key(ctx, "k1") }

func start(t *testing.T) *world {
	t.Helper()
	return startOn(t, storetest.Embedded(t))
}

func startOn(t *testing.T, fixture *storetest.Fixture) *world {
	t.Helper()
	format, err := token.NewFormat("at")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, fixture: fixture, now: storetest.Noon}
	w.Manager = lifecycle.New(lifecycle.Config{
		Format: format, Store: w.fixture.Store, Keys: keys{}, Catalogue: scope.Shipped(), Now: func() time.Time { return w.now }, Random: rand.Reader,
	})
	return w
}

// person is a signed-in person whom the store may not know yet.
func person(account user.AccountID, subject string, roles ...string) lifecycle.Caller {
	return lifecycle.Caller{Principal: principal.Principal{
		Kind: principal.Person, Account: account, User: user.RefOf(account, subject).ID(), Subject: subject, Roles: roles, RolesStatedAt: storetest.Noon,
		Profile: principal.ProfileMissing, Scopes: scope.Shipped().OfRoles(roles),
	}, Origin: audit.Origin{IP: "203.0.113.7", RequestID: "r-1"}}
}

var (
	admin   = person("acc_acme", "ada", "admin")
	analyst = person("acc_acme", "bob", "analyst")
	evil    = person("acc_evil", "mallory", "admin")
)

// holding is a person whom the table knows, admitted with some scopes.
func holding(c lifecycle.Caller, scopes ...scope.Scope) lifecycle.Caller {
	c.Scopes, c.Profile = scope.NewSet(scopes...), principal.ProfileCurrent
	return c
}

// create issues a token or ends the test.
func (w *world) create(c lifecycle.Caller, in lifecycle.Create) lifecycle.Issued {
	w.Helper()
	if in.Name == "" {
		in.Name = "laptop"
	}
	issued, err := w.Create(w.Context(), c, in)
	if err != nil {
		w.Fatalf("create: %v", err)
	}
	w.now = w.now.Add(time.Millisecond) // so that tokens are in order
	return issued
}

func (w *world) service(c lifecycle.Caller, scopes ...scope.Pattern) lifecycle.Issued {
	w.Helper()
	return w.create(c, lifecycle.Create{Kind: token.Service, Scopes: list(scopes...)})
}

// bearer is whoever presents the token: what the authorizer makes of it.
func (w *world) bearer(issued lifecycle.Issued) lifecycle.Caller {
	w.Helper()
	p, err := w.validate(issued.Secret)
	if err != nil {
		w.Fatalf("the token is refused: %v", err)
	}
	return lifecycle.Caller{Principal: p}
}

func (w *world) validate(s token.Secret) (principal.Principal, error) {
	v := validate.New(validate.Config{Format: w.Format, Store: w.fixture.Store, Keys: keys{}, Catalogue: w.Catalogue, Now: func() time.Time { return w.now }})
	a, err := v.Validate(w.Context(), validate.Request{Credential: s.Reveal(), From: storetest.Here})
	return a.Principal, err
}

// refusedFor checks that a secret is refused for a reason.
func (w *world) refusedFor(s token.Secret, want validate.Reason) {
	w.Helper()
	_, err := w.validate(s)
	var denial *validate.Denial
	if !errors.As(err, &denial) || denial.Reason != want {
		w.Errorf("the secret is answered %v, want %s", err, want)
	}
}

func (w *world) accepted(s token.Secret) {
	w.Helper()
	if _, err := w.validate(s); err != nil {
		w.Errorf("the secret is refused: %v", err)
	}
}

// refuses checks an error's root, its code and the fields it names.
func refuses(t *testing.T, what string, err, root error, code string, fields ...string) {
	t.Helper()
	var r *lifecycle.Refusal
	if !errors.As(err, &r) || !errors.Is(err, root) || r.Code != code {
		t.Errorf("%s: %v, want %v %s", what, err, root, code)
		return
	}
	var named []string
	for _, f := range r.Fields {
		named = append(named, f.Field)
		if f.Detail == "" || f.Code == "" {
			t.Errorf("%s: field %s says nothing", what, f.Field)
		}
	}
	if !slices.Equal(named, fields) {
		t.Errorf("%s: names fields %v, want %v", what, named, fields)
	}
}

// unchanged runs f and checks that it left the table as it was, but for the audit's note of a refused attempt.
func (w *world) unchanged(what string, f func()) {
	w.Helper()
	before := w.state()
	f()
	if diff := cmp.Diff(before, w.state(), cmpopts.IgnoreUnexported(types.AttributeValueMemberS{}, types.AttributeValueMemberN{}, types.AttributeValueMemberB{},
		types.AttributeValueMemberBOOL{}, types.AttributeValueMemberL{}, types.AttributeValueMemberM{})); diff != "" {
		w.Errorf("%s: the table changed: %s", what, diff)
	}
}

func (w *world) state() []map[string]types.AttributeValue {
	return slices.DeleteFunc(w.fixture.Items(w.T, ""), func(it map[string]types.AttributeValue) bool {
		return it["refused"] != nil || text(it["type"]) == "tally"
	})
}

// settings writes the account's policy past all rules.
func (w *world) settings(change func(*settings.Settings)) {
	w.Helper()
	before, err := w.fixture.Store.Settings(w.Context(), "acc_acme")
	if err != nil {
		w.Fatal(err)
	}
	after := before
	change(&after)
	after.Version++
	if err := w.fixture.Store.SaveSettings(w.Context(), "acc_acme", before, after, storetest.Event(w.T, "acc_acme", w.now)); err != nil {
		w.Fatal(err)
	}
}

func list(p ...scope.Pattern) lifecycle.Field[[]scope.Pattern] {
	return lifecycle.Field[[]scope.Pattern]{Set: true, Value: p}
}

func value[T any](v T) lifecycle.Field[T] { return lifecycle.Field[T]{Set: true, Value: v} }

func null[T any]() lifecycle.Field[T] { return lifecycle.Field[T]{Set: true, Null: true} }

func id(i lifecycle.Issued) lifecycle.Target { return lifecycle.Target{ID: i.Token.ID} }

var self = lifecycle.Target{Self: true}

func text(v types.AttributeValue) string {
	s, _ := v.(*types.AttributeValueMemberS)
	if s == nil {
		return ""
	}
	return s.Value
}
