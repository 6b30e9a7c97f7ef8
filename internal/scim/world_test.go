package scim_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/dev/storetest"
	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/scim"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// provider is an identity provider that calls the operations, over the real store on the embedded server.
type provider struct {
	*testing.T
	fixture *storetest.Fixture
	manager *lifecycle.Manager
	caller  principal.Principal
	prefix  string // what precedes the path: the stage, or the base path of a domain; empty means "/live"
	log     bytes.Buffer
}

func start(t *testing.T) *provider {
	t.Helper()
	p := &provider{T: t, fixture: storetest.Embedded(t)}
	now := storetest.Noon
	tick := func() time.Time { now = now.Add(time.Millisecond); return now } // so that events are in order
	p.manager = lifecycle.New(lifecycle.Config{Store: p.fixture.Store, Catalogue: scope.Shipped(), Now: tick, Random: rand.Reader})
	p.caller = bearer(t, "acc_acme", scope.SCIMUsers)
	return p
}

// bearer is who presents a service token with some scopes.
func bearer(t *testing.T, account user.AccountID, scopes ...scope.Scope) principal.Principal {
	t.Helper()
	robot := user.RefOf(account, "robot")
	id, err := token.NewID(robot, storetest.Noon, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return principal.Principal{Kind: principal.Service, Account: account, User: robot.ID(), Token: id, Environment: token.Live, Scopes: scope.NewSet(scopes...)}
}

// answer is one answer of the API.
type answer struct {
	t       *testing.T
	status  int
	headers map[string]string
	body    map[string]any
	text    string
}

// call sends a request as API Gateway passes it on. The path may have a query; headers are pairs.
func (p *provider) call(method, path, body string, headers ...string) answer {
	p.Helper()
	u, err := url.Parse(path)
	if err != nil {
		p.Fatal(err)
	}
	resource, id, endpoint := p.route(method, u.Path)
	event := events.APIGatewayProxyRequest{
		HTTPMethod: method, Path: u.Path, Resource: resource, Body: body, PathParameters: map[string]string{"id": id},
		Headers:               map[string]string{"Host": "api.example.com", "X-Forwarded-Proto": "https", "Content-Type": "application/scim+json; charset=utf-8"},
		QueryStringParameters: map[string]string{},
	}
	for name, values := range u.Query() {
		event.QueryStringParameters[name] = values[0]
	}
	for i := 0; i < len(headers); i += 2 {
		event.Headers[headers[i]] = headers[i+1]
	}
	event.RequestContext.Path, event.RequestContext.RequestID = cmp.Or(p.prefix, "/live")+u.Path, "r-1"
	event.RequestContext.Authorizer = map[string]any{}
	for k, v := range p.caller.Context() {
		event.RequestContext.Authorizer[k] = v
	}
	response, err := scim.Handler("test", slog.New(slog.NewJSONHandler(&p.log, nil)), endpoint)(p.Context(), event)
	if err != nil {
		p.Fatalf("a handler returned an error: %v", err)
	}
	a := answer{t: p.T, status: response.StatusCode, headers: response.Headers, text: response.Body}
	if response.Body != "" {
		if err := json.Unmarshal([]byte(response.Body), &a.body); err != nil {
			p.Fatalf("%s %s answers %q", method, path, response.Body)
		}
		if response.Headers["Content-Type"] != "application/scim+json" {
			p.Errorf("%s %s answers as %s", method, path, response.Headers["Content-Type"])
		}
	}
	return a
}

// route is what template.yaml says of the paths.
func (p *provider) route(method, path string) (resource, id string, endpoint api.Endpoint) {
	p.Helper()
	e := &scim.Endpoints{Manager: p.manager}
	rest := strings.TrimPrefix(path, "/scim/v2")
	if id, ok := strings.CutPrefix(rest, "/Users/"); ok {
		return "/scim/v2/Users/{id}", id, map[string]api.Endpoint{"GET": e.GetUser, "PUT": e.ReplaceUser, "PATCH": e.PatchUser, "DELETE": e.DeleteUser}[method]
	}
	if rest == "/Users" {
		return path, "", map[string]api.Endpoint{"GET": e.ListUsers, "POST": e.CreateUser}[method]
	}
	collection, id, ok := strings.Cut(strings.TrimPrefix(rest, "/"), "/")
	if ok {
		return "/scim/v2/" + collection + "/{id}", id, scim.Config
	}
	return path, "", scim.Config
}

// at walks into the body: "Resources.0.userName".
func (a answer) at(path string) any {
	var v any = a.body
	for step := range strings.SplitSeq(path, ".") {
		switch inner := v.(type) {
		case map[string]any:
			v = inner[step]
		case []any:
			i := int(step[0] - '0')
			if i >= len(inner) {
				return nil
			}
			v = inner[i]
		default:
			return nil
		}
	}
	return v
}

// is checks the status and pairs of a path and what stands there.
func (a answer) is(status int, pairs ...any) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("answered %d %s, want %d", a.status, a.text, status)
	}
	for i := 0; i < len(pairs); i += 2 {
		if got := a.at(pairs[i].(string)); got != pairs[i+1] {
			a.t.Errorf("%s is %v, want %v, in %s", pairs[i], got, pairs[i+1], a.text)
		}
	}
	return a
}

// refuses checks SCIM's error.
func (a answer) refuses(status int, scimType any) {
	a.t.Helper()
	a.is(status, "schemas.0", "urn:ietf:params:scim:api:messages:2.0:Error", "scimType", scimType)
	if text, _ := a.at("status").(string); text != map[int]string{400: "400", 403: "403", 404: "404", 409: "409", 412: "412", 413: "413", 415: "415", 500: "500", 503: "503"}[status] {
		a.t.Errorf("the error's status is %v", a.at("status"))
	}
	if a.at("detail") == "" || a.at("detail") == nil {
		a.t.Error("the error says nothing")
	}
}

func (a answer) id() string {
	a.t.Helper()
	id, _ := a.at("id").(string)
	if id == "" {
		a.t.Fatalf("no id in %s", a.text)
	}
	return id
}

// settings changes the account's policy past all rules.
func (p *provider) settings(change func(*settings.Settings)) {
	p.Helper()
	before, err := p.fixture.Store.Settings(p.Context(), "acc_acme")
	if err != nil {
		p.Fatal(err)
	}
	after := before
	change(&after)
	after.Version++
	if err := p.fixture.Store.SaveSettings(p.Context(), "acc_acme", before, after, storetest.Event(p.T, "acc_acme", storetest.Noon)); err != nil {
		p.Fatal(err)
	}
}

// actions returns what the audit holds about a user, the latest first; refused ones by their code.
func (p *provider) actions(id string) (out []string) {
	p.Helper()
	found, _, err := p.fixture.Store.Events(context.Background(), "acc_acme", time.Time{}, time.Time{}, "", 100)
	if err != nil {
		p.Fatal(err)
	}
	for _, e := range found {
		if e.Target == id {
			out = append(out, string(e.Action)+map[bool]string{true: " " + e.Refused}[e.Refused != ""])
		}
	}
	return out
}

func (p *provider) stored(id string) user.User {
	p.Helper()
	u, err := p.fixture.Store.User(p.Context(), user.ID(id).Ref())
	if err != nil {
		p.Fatal(err)
	}
	return u
}

// save writes a user past all rules.
func (p *provider) save(before, after user.User) {
	p.Helper()
	if err := p.fixture.Store.SaveUser(p.Context(), &before, after, storetest.Event(p.T, before.Account, storetest.Noon)); err != nil {
		p.Fatal(err)
	}
}
