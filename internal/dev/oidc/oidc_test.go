package oidc_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"

	"github.com/tokenwright/tokenwright/internal/dev/oidc"
)

type provider struct {
	*oidc.Issuer
	url    string
	verify *gooidc.IDTokenVerifier
}

func start(t *testing.T, keyPath string) *provider {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	issuer, err := oidc.Open(oidc.Options{KeyPath: keyPath, Issuer: server.URL + "/_local/oidc", Audience: "local"})
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("/_local/oidc/", issuer.Handler("/_local/oidc"))
	mux.Handle("/_local/sign-in", issuer.SignIn())
	p, err := gooidc.NewProvider(t.Context(), server.URL+"/_local/oidc")
	if err != nil {
		t.Fatal(err)
	}
	return &provider{issuer, server.URL, p.Verifier(&gooidc.Config{ClientID: "local"})}
}

func (p *provider) signIn(t *testing.T, form url.Values) (*http.Response, map[string]any) {
	t.Helper()
	r, err := http.PostForm(p.url+"/_local/sign-in", form)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	return r, body
}

func good() url.Values {
	return url.Values{"account": {"acc_demo"}, "subject": {"ada"}, "roles": {"admin, viewer analyst"}, "name": {"Ada"}, "email": {"ada@example.com"}, "expiresIn": {"600"}}
}

func TestSignInGivesATokenAnOrdinaryVerifierAccepts(t *testing.T) {
	p := start(t, filepath.Join(t.TempDir(), "key"))
	r, body := p.signIn(t, good())
	if r.StatusCode != 200 || body["token_type"] != "Bearer" || body["expires_in"] != 600.0 {
		t.Fatalf("%d %v", r.StatusCode, body)
	}
	token, err := p.verify.Verify(t.Context(), body["access_token"].(string))
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		Account, Name, Email string
		Roles                []string
	}
	if err := token.Claims(&claims); err != nil {
		t.Fatal(err)
	}
	if token.Subject != "ada" || claims.Account != "acc_demo" || strings.Join(claims.Roles, " ") != "admin viewer analyst" || claims.Name != "Ada" || claims.Email != "ada@example.com" {
		t.Errorf("subject %s, claims %+v", token.Subject, claims)
	}
	if left := time.Until(token.Expiry); left < 9*time.Minute || left > 10*time.Minute {
		t.Errorf("expires in %s", left)
	}
}

func TestSignInNamesTheFieldThatIsWrong(t *testing.T) {
	p := start(t, filepath.Join(t.TempDir(), "key"))
	for _, test := range []struct{ field, value string }{
		{"account", ""}, {"account", "two words"}, {"account", strings.Repeat("a", 256)}, {"subject", ""}, {"subject", " "},
		{"subject", "a\x00b"}, {"roles", ""}, {"roles", ", ,"}, {"email", "nobody"}, {"expiresIn", "0"}, {"expiresIn", "86401"},
		{"expiresIn", "soon"}, {"name", strings.Repeat("n", 256)},
	} {
		form := good()
		form.Set(test.field, test.value)
		r, body := p.signIn(t, form)
		errors, _ := body["errors"].([]any)
		if r.StatusCode != 400 || r.Header.Get("Content-Type") != "application/problem+json" || len(errors) != 1 {
			t.Fatalf("%s=%q: %d %v", test.field, test.value, r.StatusCode, body)
		}
		if named := errors[0].(map[string]any)["field"]; named != test.field || !strings.HasPrefix(body["detail"].(string), test.field) {
			t.Errorf("%s=%q: names %v, says %q", test.field, test.value, named, body["detail"])
		}
	}
	r, err := http.Get(p.url + "/_local/sign-in")
	if err != nil || r.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: %v %v", r, err)
	}
	_ = r.Body.Close()
}

func TestTheKeySurvivesARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	first := start(t, path)
	second := start(t, path)
	claims := second.Claims(oidc.Person{Account: "a", Subject: "s", Roles: []string{"admin"}, Lifetime: time.Hour})
	token, err := first.Sign(claims) // signed by the first, for the second
	if err != nil {
		t.Fatal(err)
	}
	if _, err := second.verify.Verify(t.Context(), token); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v (%v), want 0600", info.Mode(), err)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := oidc.Open(oidc.Options{KeyPath: path}); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a broken key file gave %v", err)
	}
}

func TestSpoiledClaimsAreSignedAsTheyAre(t *testing.T) {
	p := start(t, filepath.Join(t.TempDir(), "key"))
	for name, value := range map[string]any{"iss": "https://elsewhere.example", "aud": "other", "exp": time.Now().Add(-time.Minute).Unix()} {
		claims := p.Claims(oidc.Person{Account: "a", Subject: "s", Lifetime: time.Hour})
		claims[name] = value
		token, err := p.Sign(claims)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.verify.Verify(t.Context(), token); err == nil {
			t.Errorf("a token with %s=%v was accepted", name, value)
		}
	}
}
