package acceptance_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/period"
	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/storetest"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
	"github.com/tokenwright/tokenwright/internal/validate"

	embedded "github.com/tokenwright/tokenwright/internal/local/dynamodb"
)

// meter stands before DynamoDB and notes each request: its operation, and how many items it names.
type meter struct {
	next  http.Handler
	mu    sync.Mutex
	notes []string
}

func (m *meter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	var request struct {
		RequestItems  map[string]struct{ Keys []any }
		TransactItems []any
	}
	_ = json.Unmarshal(body, &request) // the server behind says what is wrong with it
	_, note, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	items := len(request.TransactItems)
	for _, table := range request.RequestItems {
		items += len(table.Keys)
	}
	if items > 0 {
		note += fmt.Sprintf(" (%d)", items)
	}
	m.mu.Lock()
	m.notes = append(m.notes, note)
	m.mu.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	m.next.ServeHTTP(w, r)
}

// during returns what f asks of DynamoDB, as README writes it.
func (m *meter) during(f func()) string {
	m.mu.Lock()
	m.notes = nil
	m.mu.Unlock()
	f()
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.notes) == 0 {
		return "none"
	}
	return strings.Join(m.notes, ", ")
}

type oneKey struct{}

func (oneKey) Current(ctx context.Context) (token.Key, error) { return oneKey{}.Key(ctx, "k1") }
func (oneKey) Key(_ context.Context, id string) (token.Key, error) {
	return token.NewKey(id, bytes.Repeat([]byte("k"), 64)), nil
}

// everybody accepts each JWT as one of the same person.
type everybody struct{}

func (everybody) Verify(_ context.Context, _ string, now time.Time) (validate.Claims, error) {
	return validate.Claims{Account: "acc_demo", Subject: "ada", Roles: []string{"admin"}, ExpiresAt: now.Add(time.Hour)}, nil
}

// metered is the rules and the validator over the real store, with the meter between them and the table.
type metered struct {
	*meter
	*lifecycle.Manager
	validator *validate.Validator
	warm      func(context.Context) error
	t         *testing.T
}

func newMetered(t *testing.T) *metered {
	t.Helper()
	server, err := embedded.Open(embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := &meter{next: server}
	web := httptest.NewServer(m)
	t.Cleanup(func() { web.Close(); _ = server.Close() })
	format, err := token.NewFormat("at")
	if err != nil {
		t.Fatal(err)
	}
	table := storetest.At(t, web.URL).Store
	return &metered{t: t, meter: m, warm: table.Warm,
		Manager: lifecycle.New(lifecycle.Config{
			Format: format, Store: table, Keys: oneKey{}, Catalogue: scope.Shipped(), Now: time.Now, Random: rand.Reader,
		}),
		validator: validate.New(validate.Config{
			Format: format, Store: table, Keys: oneKey{}, Catalogue: scope.Shipped(), People: everybody{}, Now: time.Now, TouchBudget: time.Second,
		}),
	}
}

// admit returns who presents a credential.
func (m *metered) admit(credential string) lifecycle.Caller {
	m.t.Helper()
	p, err := m.validator.Validate(m.t.Context(), credential, storetest.Here)
	m.must(err)
	return lifecycle.Caller{Principal: p}
}

func (m *metered) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

func TestREADMEStatesWhatOperationsAskOfDynamoDB(t *testing.T) {
	m, ctx := newMetered(t), t.Context()
	readme := readFile(t, "README.md")
	row := func(what string, f func()) {
		t.Helper()
		if want := fmt.Sprintf("| %s | %s |", what, m.during(f)); !strings.Contains(readme, want) {
			t.Errorf("README lacks the row %s", want)
		}
	}
	row("start a function that uses the table", func() { m.must(m.warm(ctx)) })
	var person lifecycle.Caller
	row("validate a JWT", func() { person = m.admit("a.b.c") })

	var issued lifecycle.Issued
	create := func(in lifecycle.Create) func() {
		in.Name = "laptop"
		return func() {
			var err error
			issued, err = m.Create(ctx, person, in)
			m.must(err)
		}
	}
	row("create the first token of a person, or the first with new roles", create(lifecycle.Create{}))
	person = m.admit("a.b.c")
	if person.Profile != principal.ProfileCurrent {
		t.Fatalf("the person's profile is %s", person.Profile)
	}
	row("create a personal token", create(lifecycle.Create{}))
	row("create a personal token with `Idempotency-Key`", create(lifecycle.Create{IdempotencyKey: "one"}))
	row("the same once more", create(lifecycle.Create{IdempotencyKey: "one"}))
	service := lifecycle.Field[[]scope.Pattern]{Set: true, Value: []scope.Pattern{"orders:read"}}
	row("create a service token", create(lifecycle.Create{Kind: token.Service, Scopes: service}))

	presented := issued.Secret.Reveal()
	row("validate a token, once a minute for each token", func() { m.admit(presented) })
	row("validate a token", func() { m.admit(presented) })
	row("refuse a token of another form, or with a wrong checksum", func() {
		_, err := m.validator.Validate(ctx, presented[:len(presented)-1]+"~", storetest.Here)
		if !errors.Is(err, validate.ErrDenied) {
			t.Errorf("a broken token is answered %v", err)
		}
	})

	target := lifecycle.Target{ID: issued.Token.ID}
	row("get", func() { _, err := m.Get(ctx, person, target); m.must(err) })
	row("list one's own tokens", func() {
		_, err := m.List(ctx, person, lifecycle.Query{Owner: user.RefOf("acc_demo", "ada").ID(), Limit: 25})
		m.must(err)
	})
	row("list the account's tokens, here 4", func() { _, err := m.List(ctx, person, lifecycle.Query{Limit: 25}); m.must(err) })
	row("update", func() {
		_, err := m.Update(ctx, person, target, 0, lifecycle.Update{Name: lifecycle.Field[string]{Set: true, Value: "desktop"}})
		m.must(err)
	})
	row("rotate", func() { _, err := m.Rotate(ctx, person, target, 0, period.Period{}); m.must(err) })
	row("revoke", func() { m.must(m.Revoke(ctx, person, target, 0)) })
}
