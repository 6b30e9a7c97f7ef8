package acceptance

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/dev/local"
)

// client checks every answer of the API against the document, so a call with an answer outside it is an error.
var client = &http.Client{Transport: &checking{base: &http.Transport{
	MaxIdleConnsPerHost: 32, DisableCompression: true, ExpectContinueTimeout: 5 * time.Second,
}}}

type checking struct{ base http.RoundTripper }

func (c *checking) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := noteSources(); err != nil {
		return nil, err
	}
	var sent []byte
	if r.GetBody != nil {
		again, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		if sent, err = io.ReadAll(again); err != nil {
			return nil, err
		}
	}
	a, err := c.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(a.Body)
	_ = a.Body.Close()
	if err != nil {
		return nil, err
	}
	a.Body = io.NopCloser(bytes.NewReader(body))
	if strings.HasPrefix(r.URL.Path, "/_local/") { // the stand-in for an identity provider is no part of the API
		return a, nil
	}
	answers.keep(a, body)
	if strings.HasPrefix(r.URL.Path, "/orders") || r.URL.Path == "/shipments" { // the examples are no part of it either
		return a, nil
	}
	if err := contract.check(r, sent, a, body); err != nil {
		return nil, fmt.Errorf("the answer does not fit openapi.yaml: %d %v %s: %w", a.StatusCode, a.Header, body, err)
	}
	return a, nil
}

// archive keeps all answers, and the secrets that were issued in them.
type archive struct {
	mu      sync.Mutex
	kept    []string
	secrets map[string]bool
}

// keep files an answer, without the one secret that an answer to create or rotate is there to give.
func (r *archive) keep(a *http.Response, body []byte) {
	var issued struct{ Token string }
	if a.StatusCode < 300 && json.Unmarshal(body, &issued) == nil && issued.Token != "" {
		body = bytes.Replace(body, []byte(issued.Token), nil, 1)
	}
	if issued.Token != "" {
		r.note(issued.Token)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept = append(r.kept, fmt.Sprintf("%d %v %s", a.StatusCode, a.Header, body))
}

// note files a secret that was issued.
func (r *archive) note(secret string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.secrets == nil {
		r.secrets = map[string]bool{}
	}
	r.secrets[secret] = true
}

func (r *archive) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string{}, r.kept...)
}

// issued returns every secret there ever was.
func (r *archive) issued() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for secret := range r.secrets {
		out = append(out, secret)
	}
	return out
}

// caller is somebody with a credential.
type caller struct {
	stack   *local.Stack // nil = the one that all tests share
	header  string       // "" = no credential
	value   string
	account string // of a person
}

// person signs somebody in.
func person(t *testing.T, account, subject, roles string) caller {
	return personOf(t, stack, account, subject, roles)
}

func personOf(t *testing.T, s *local.Stack, account, subject, roles string) caller {
	t.Helper()
	c := signIn(t, s, account, subject, roles)
	c.call(t, "GET", "/v1/users/me", nil) // is stored with the first call that is not merely a list
	return c
}

// signIn returns a person whom the table need not know.
func signIn(t *testing.T, s *local.Stack, account, subject, roles string) caller {
	t.Helper()
	a, err := client.PostForm(s.URL()+"/_local/sign-in", url.Values{"account": {account}, "subject": {subject}, "roles": {roles}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Body.Close() }()
	var signed struct {
		JWT string `json:"access_token"`
	}
	if err := json.NewDecoder(a.Body).Decode(&signed); err != nil || signed.JWT == "" {
		t.Fatalf("signing in: %s %v", a.Status, err)
	}
	c := bearer(signed.JWT)
	c.stack, c.account = s, account
	return c
}

func bearer(credential string) caller {
	return caller{header: "Authorization", value: "Bearer " + credential}
}

// call makes one call. A body that is a string goes out as it is, everything else as JSON; headers are names and values.
func (c caller) call(t *testing.T, method, path string, body any, headers ...string) answer {
	t.Helper()
	return c.send(t, cmp.Or(c.stack, stack).URL(), method, path, body, headers...)
}

// downstream calls the example API.
func (c caller) downstream(t *testing.T, method string, body any) answer {
	t.Helper()
	return c.send(t, cmp.Or(c.stack, stack).DownstreamURL(), method, "/orders", body)
}

func (c caller) send(t *testing.T, base, method, path string, body any, headers ...string) answer {
	t.Helper()
	var text string
	switch body := body.(type) {
	case nil:
	case string:
		text = body
	default:
		encoded, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		text = string(encoded)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, base+path, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if text == "" {
		r.Body, r.GetBody = nil, nil
	} else {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.header != "" {
		r.Header[c.header] = []string{c.value}
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header[headers[i]] = []string{headers[i+1]}
	}
	a, err := client.Do(r)
	if err != nil {
		t.Fatalf("%s %.200s: %v", method, path, err)
	}
	defer func() { _ = a.Body.Close() }()
	got, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{status: a.StatusCode, header: a.Header, body: string(got), what: method + " " + path}
}

// answer is what a call got.
type answer struct {
	status int
	header http.Header
	body   string
	what   string
}

// want ends the test unless the status is the wanted one.
func (a answer) want(t *testing.T, status int) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("%.200s: %d %v %s, want %d", a.what, a.status, a.header, a.body, status)
	}
	return a
}

func decode[T any](t *testing.T, a answer) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatalf("%s: %v in %s", a.what, err, a.body)
	}
	return v
}

// tok is a token as answers show it.
type tok struct {
	ID, AccountID, UserID, Kind, Environment, Name, Description, Hint, Status, CreatedBy, UpdatedBy, Token string
	Scopes, AllowedCidrBlocks                                                                              []string
	IsActive                                                                                               bool
	NotBefore, ExpiresAt, CreatedAt, UpdatedAt, RotatedAt, LastUsedAt                                      *time.Time
	LastUsedIP, Steward                                                                                    *string
	Version                                                                                                int64
}

func (k tok) path() string   { return "/v1/tokens/" + k.ID }
func (k tok) bearer() caller { return bearer(k.Token) }

type page struct {
	Records []tok
	HasMore bool
	Next    *string
}

type problem struct {
	Status       int
	Detail, Code string
	Errors       []struct{ Field, Code, Detail string }
}

type object = map[string]any

// create creates a token from name and fields.
func (c caller) create(t *testing.T, fields object, headers ...string) tok {
	t.Helper()
	body := object{"name": t.Name()}
	for name, value := range fields {
		body[name] = value
	}
	return decode[tok](t, c.call(t, "POST", "/v1/tokens", body, headers...).want(t, 201))
}
