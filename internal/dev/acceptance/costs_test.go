package acceptance_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/dev/storetest"
	"github.com/tokenwright/tokenwright/internal/dynamo/direct"
	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/management"
	"github.com/tokenwright/tokenwright/internal/period"
	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
	"github.com/tokenwright/tokenwright/internal/validate"

	embedded "github.com/tokenwright/tokenwright/internal/dev/aws/dynamodb"
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

// during returns what f asks of DynamoDB, as docs/costs.md writes it.
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

// everybody accepts each JWT as one of the same person, all issued at once.
type everybody struct{}

func (everybody) Verify(_ context.Context, _ string, now time.Time) (validate.Claims, error) {
	return validate.Claims{Account: "acc_demo", Subject: "ada", Roles: user.Statement{Roles: []string{"admin"}, At: time.Unix(1, 0)}, ExpiresAt: now.Add(time.Hour)}, nil
}

// metered is the rules and the validator, each over the store it really has, with the meter between them and the table.
type metered struct {
	*meter
	*lifecycle.Manager
	validator *validate.Validator
	fresh     func() *validate.Validator // a process that has seen nothing
	now       time.Time                  // stands still unless a test moves it
	warm      func(context.Context) error
	counted   []string // rows of the table
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
	fixture := storetest.At(t, web.URL)
	authorizers, err := direct.Open("us-east-1", web.URL, aws.Credentials{AccessKeyID: "acceptance", SecretAccessKey: "secret"}, fixture.Table)
	if err != nil {
		t.Fatal(err)
	}
	all := &metered{t: t, meter: m, warm: fixture.Store.Warm, now: time.Now()}
	clock := func() time.Time { return all.now }
	all.Manager = lifecycle.New(lifecycle.Config{
		Format: format, Store: fixture.Store, Keys: oneKey{}, Catalogue: scope.Shipped(), Now: clock, Random: rand.Reader,
	})
	all.fresh = func() *validate.Validator {
		return validate.New(validate.Config{
			Format: format, Store: authorizers, Keys: oneKey{}, Catalogue: scope.Shipped(), People: everybody{}, Now: clock, TouchBudget: time.Second,
		})
	}
	all.validator = all.fresh()
	return all
}

// admit returns who presents a credential to an API.
func (m *metered) admit(credential string) lifecycle.Caller {
	return m.admitTo("a1b2c3d4e5", credential)
}

func (m *metered) admitTo(api route.APIID, credential string) lifecycle.Caller {
	m.t.Helper()
	a, err := m.validator.Validate(m.t.Context(), validate.Request{Credential: credential, From: storetest.Here, API: api})
	m.must(err)
	return lifecycle.Caller{Principal: a.Principal}
}

func (m *metered) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

// post calls an operation as its function does, all that comes before the rules included.
func (m *metered) post(operation string, endpoint management.Operation, by lifecycle.Caller, body string) {
	m.t.Helper()
	who := map[string]any{}
	for name, value := range by.Context() {
		who[name] = value
	}
	endpoints := &api.Endpoints{Manager: m.Manager, Format: m.Format, Now: m.Now}
	handle := api.Handler(operation, slog.New(slog.DiscardHandler), func(ctx context.Context, r *api.Request) (api.Answer, error) { return endpoint(endpoints, ctx, r) })
	answer, err := handle(m.t.Context(), events.APIGatewayProxyRequest{
		Headers: map[string]string{"Content-Type": "application/json"}, Body: body, RequestContext: events.APIGatewayProxyRequestContext{Authorizer: who},
	})
	m.must(err)
	if answer.StatusCode >= http.StatusBadRequest {
		m.t.Errorf("%s: %d %s", operation, answer.StatusCode, answer.Body)
	}
}

// row counts what f asks of DynamoDB.
func (m *metered) row(what string, f func()) {
	m.t.Helper()
	m.counted = append(m.counted, fmt.Sprintf("| %s | %s |", what, m.during(f)))
}

func TestThePagesStateWhatOperationsAskOfDynamoDB(t *testing.T) {
	m := newMetered(t)
	m.allRows()
	_, table, _ := strings.Cut(section(t, readFile(t, "docs/costs.md"), "## What it asks of DynamoDB"), "|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	slices.Sort(m.counted)
	if diff := cmp.Diff(slices.Compact(m.counted), slices.Sorted(slices.Values(strings.Split(table, "\n")))); diff != "" {
		t.Errorf("what was counted (-) is not what docs/costs.md states (+): %s", diff)
	}
}

// allRows does everything once.
func (m *metered) allRows() {
	t, ctx := m.t, m.t.Context()
	row := m.row
	row("start a function that uses the table", func() { m.must(m.warm(ctx)) })
	var person lifecycle.Caller
	row("validate a JWT when both are due", func() { person = m.admit("a.b.c") })
	row("validate a JWT", func() { person = m.admit("a.b.c") })
	m.now = m.now.Add(validate.PolicyAge)
	row("validate a JWT, once a second for each account", func() { person = m.admit("a.b.c") })
	m.now = m.now.Add(validate.RulesAge)
	m.admitTo("", "a.b.c") // the account's settings are young from here on
	row("validate a JWT, once in 5 seconds for each API", func() { person = m.admit("a.b.c") })

	var issued lifecycle.Issued
	create := func(in lifecycle.Create) func() {
		in.Name = "laptop"
		return func() {
			var err error
			issued, err = m.Create(ctx, person, in)
			m.must(err)
		}
	}
	row("create the first token of a person, or the first with new roles", func() { m.post("create-token", (*api.Endpoints).Create, person, `{"name": "laptop"}`) })
	person = m.admit("a.b.c")
	if person.Profile != principal.ProfileCurrent {
		t.Fatalf("the person's profile is %s", person.Profile)
	}
	row("create a personal token", create(lifecycle.Create{}))
	row("create a personal token with `Idempotency-Key`", create(lifecycle.Create{IdempotencyKey: "one"}))
	row("the same once more", create(lifecycle.Create{IdempotencyKey: "one"}))
	newer := person
	newer.Profile, newer.RolesStatedAt = principal.ProfileStale, m.now
	row("note a person's newer JWT, before the change they ask for", func() { _, err := m.Know(ctx, newer); m.must(err) })
	service := lifecycle.Field[[]scope.Pattern]{Set: true, Value: []scope.Pattern{"orders:read"}}
	row("create a service token", create(lifecycle.Create{Kind: token.Service, Scopes: service}))
	m.rowsOfValidation(issued.Secret.Reveal())

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
	once := func() { _, err := m.RotateOnce(ctx, person, target, 0, period.Period{}, "one"); m.must(err) }
	row("rotate with `Idempotency-Key`", once)
	row("the same rotation once more", once)
	row("narrow a token, or bring its end forward", func() {
		_, err := m.Update(ctx, person, target, 0, lifecycle.Update{ExpiresAt: lifecycle.Field[time.Time]{Set: true, Value: m.now.Add(time.Hour)}})
		m.must(err)
	})
	row("revoke", func() { m.must(m.Revoke(ctx, person, target, 0)) })
	row("list a token's events, here 6", func() {
		_, err := m.TokenEvents(ctx, person, target, lifecycle.EventQuery{Limit: 25})
		m.must(err)
	})
	m.apiRows(person, target)
	m.peopleRows(person)
	m.rowsOfOthersTokens(person)
	create(lifecycle.Create{Scopes: lifecycle.Field[[]scope.Pattern]{Set: true, Value: []scope.Pattern{"tokens:write", "orders:read"}}})()
	person = m.admit(issued.Secret.Reveal())
	row("create a service token with another token", create(lifecycle.Create{Kind: token.Service, Scopes: service}))
}

// peopleRows are the rows of the operations on people, policy and audit.
func (m *metered) peopleRows(ada lifecycle.Caller) {
	ctx, row := m.t.Context(), m.row
	bob := lifecycle.Caller{Principal: principal.Principal{
		Kind: principal.Person, Account: ada.Account, User: user.RefOf(ada.Account, "bob").ID(), Subject: "bob", Roles: []string{"admin"}, RolesStatedAt: time.Unix(1, 0),
		Profile: principal.ProfileMissing,
	}}
	_, err := m.Know(ctx, bob)
	m.must(err)
	him := lifecycle.Person{ID: bob.User}
	policy, err := m.Settings(ctx, ada)
	m.must(err)
	row("get a user", func() { _, err := m.User(ctx, ada, him); m.must(err) })
	row("list users, here 2", func() { _, err := m.Users(ctx, ada, "", "", 25); m.must(err) })
	row("suspend or demote the first of two administrators", func() { _, err := m.Suspend(ctx, ada, him, 0); m.must(err) })
	row("resume", func() { _, err := m.Resume(ctx, ada, him, 0); m.must(err) })
	_, err = m.Suspend(ctx, ada, him, 0)
	m.must(err)
	row("offboard anybody else, however many tokens they have", func() { _, err := m.Offboard(ctx, ada, him, 0); m.must(err) })
	row("a step of the purge that follows, here the last", func() { m.must(m.Purge(ctx, bob.User.Ref())) })
	row("revoke all that was issued before an instant", func() {
		m.must(m.RevokeIssuedBefore(ctx, ada, &lifecycle.Person{Me: true}, time.Unix(1, 0), ""))
	})
	row("read the settings", func() { _, err := m.Settings(ctx, ada); m.must(err) })
	row("replace or preview the settings, here with 4 tokens: the reads", func() { _, err := m.PreviewSettings(ctx, ada, policy); m.must(err) })
	row("list the account's events", func() { _, err := m.Events(ctx, ada, lifecycle.EventQuery{Limit: 25}); m.must(err) })
	row("count the account's tokens, here 4", func() { _, err := m.Summarize(ctx, ada); m.must(err) })
	carol := lifecycle.Person{ID: user.RefOf(ada.Account, "carol").ID()}
	row("invite a person", func() { _, err := m.PutUser(ctx, ada, carol, 0, lifecycle.SetUser{Subject: "carol"}); m.must(err) })
	limited := policy
	limited.Personal.MaxTokensPerUser = 9
	_, _, err = m.SetSettings(ctx, ada, policy.Version, limited)
	m.must(err)
	row("create a personal token where the settings limit their number, here with up to 99 there", func() {
		_, err := m.Create(ctx, ada, lifecycle.Create{Name: "x"})
		m.must(err)
	})
	entries := ada
	entries.Scopes = append(slices.Clone(ada.Scopes), scope.SCIMUsers)
	row("make a person by SCIM", func() {
		_, err := m.CreateEntry(ctx, entries, lifecycle.Entry{Subject: "dan", Active: true})
		m.must(err)
	})
	row("change, suspend or resume a person by SCIM", func() {
		_, err := m.ChangeEntry(ctx, entries, user.RefOf(ada.Account, "dan").ID(), 0, func(e *lifecycle.Entry) error { e.Active = false; return nil })
		m.must(err)
	})
	row("offboard a person by SCIM", func() { m.must(m.DeleteEntry(ctx, entries, user.RefOf(ada.Account, "dan").ID(), 0)) })
	refuse := func() {
		nobody := ada
		nobody.Scopes = nil
		if _, err := m.Suspend(ctx, nobody, him, 0); !errors.Is(err, lifecycle.ErrForbidden) {
			m.t.Errorf("a suspension without leave: %v", err)
		}
	}
	row("refuse a change, which is noted", refuse)
	row("refuse it again within the minute", refuse)
	_, err = m.Create(ctx, ada, lifecycle.Create{Name: "y", ExpiresAt: lifecycle.Field[time.Time]{Set: true, Null: true}})
	m.must(err)
	m.now = m.now.Add(time.Second)
	m.must(m.RevokeIssuedBefore(ctx, ada, &lifecycle.Person{Me: true}, m.now, ""))
	row("a step through up to 100 tokens after it, here with 1 that had no end", func() { m.must(m.Purge(ctx, ada.User.Ref())) })
}

// rowsOfOthersTokens are what administrators do with other people's tokens, where the settings let them.
func (m *metered) rowsOfOthersTokens(ada lifecycle.Caller) {
	ctx := m.t.Context()
	eve := lifecycle.Caller{Principal: principal.Principal{
		Kind: principal.Person, Account: ada.Account, User: user.RefOf(ada.Account, "eve").ID(), Subject: "eve", Profile: principal.ProfileMissing,
	}}
	policy, err := m.Settings(ctx, ada)
	m.must(err)
	loose := policy
	loose.AdminsMayRevokePersonalTokens = true
	_, _, err = m.SetSettings(ctx, ada, policy.Version, loose)
	m.must(err)
	var theirs [2]token.ID
	for i := range theirs {
		issued, err := m.Create(ctx, eve, lifecycle.Create{Name: "x"})
		m.must(err)
		theirs[i] = issued.Token.ID
	}
	m.row("revoke another's token, where the settings allow it", func() { m.must(m.Revoke(ctx, ada, lifecycle.Target{ID: theirs[0]}, 0)) })
	j, err := m.BulkRevoke(ctx, ada, lifecycle.BulkRevoke{IDs: theirs[1:]})
	m.must(err)
	m.row("a step of a bulk revocation, here with 1 token", func() { m.must(m.RunJob(ctx, ada.Account, j.ID)) })
}

// apiRows are the rows of the operations on rules.
func (m *metered) apiRows(ada lifecycle.Caller, target lifecycle.Target) {
	ctx, row := m.t.Context(), m.row
	m.OperatorAccount = ada.Account
	var version lifecycle.Field[int64]
	set := func(api route.APIID, reach route.AnswersFor) {
		rs, _, err := m.SetAPIRules(ctx, ada, lifecycle.SetRules{Rules: route.Rules{API: api, Default: route.Deny, AnswersFor: reach}, IfVersion: version})
		m.must(err)
		version = lifecycle.Field[int64]{Set: true, Value: rs.Version}
	}
	set("a1", route.WholeAPI)
	row("make or replace an API's rules", func() { set("a1", route.OneRequest) })
	row("get an API's rules", func() { _, err := m.APIRules(ctx, ada, "a1"); m.must(err) })
	row("check what a token may call", func() { _, err := m.CheckAPI(ctx, ada, "a1", target, nil); m.must(err) })
	version = lifecycle.Field[int64]{}
	row("make or replace an API's rules", func() { set("b2", route.WholeAPI) })
	row("list APIs with rules, here 2", func() { _, err := m.APIs(ctx, ada, "", 25); m.must(err) })
	row("remove an API's rules", func() { m.must(m.DeleteAPIRules(ctx, ada, "b2", version.Value)) })
}

// rowsOfValidation are what a token costs that was never used, of an account whose settings were just read, at
// an API whose rules were.
func (m *metered) rowsOfValidation(presented string) {
	m.t.Helper()
	m.row("validate a token, once a minute for each token", func() { m.admit(presented) })
	m.row("validate a token", func() { m.admit(presented) })
	m.now = m.now.Add(validate.PolicyAge)
	m.row("validate a token, once a second for each account", func() { m.admit(presented) })
	m.now = m.now.Add(validate.RulesAge)
	m.admitTo("", presented)
	m.row("validate a token, once in 5 seconds for each API", func() { m.admit(presented) })
	m.now = m.now.Add(validate.RulesAge)
	m.row("validate a token when both are due", func() { m.admit(presented) })
	m.validator = m.fresh()
	m.row("validate the first token that a process meets", func() { m.admit(presented) })
	m.row("refuse a token of another form, or with a wrong checksum", func() {
		_, err := m.validator.Validate(m.t.Context(), validate.Request{Credential: presented[:len(presented)-1] + "~", From: storetest.Here})
		if !errors.Is(err, validate.ErrDenied) {
			m.t.Errorf("a broken token is answered %v", err)
		}
	})
}
