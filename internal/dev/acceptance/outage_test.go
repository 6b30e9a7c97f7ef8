package acceptance

import (
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tokenwright/tokenwright/internal/dev/local"
	"github.com/tokenwright/tokenwright/internal/dev/oidc"
)

// another starts a stack of the test's own.
func another(t *testing.T, data string, parameters map[string]string) *local.Stack {
	t.Helper()
	s, err := start(data, parameters)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

func TestTokensSurviveARestart(t *testing.T) {
	t.Parallel()
	s := another(t, "restart", nil)
	ada := personOf(t, s, "acc_restart", "ada", "admin")
	personal, service := ada.create(t, nil, "Idempotency-Key", "restart"), ada.create(t, object{"kind": "service", "scopes": []string{"tokens:read"}})
	revoked := ada.create(t, nil)
	ada.call(t, "DELETE", revoked.path(), nil).want(t, 204)
	before := snapshot(t, s, "acc_restart")
	s.Stop()

	s = another(t, "restart", nil)
	if diff := cmp.Diff(before, snapshot(t, s, "acc_restart")); diff != "" || len(before) == 0 {
		t.Errorf("the table is not what it was:\n%s", diff)
	}
	on := func(token tok) caller {
		c := token.bearer()
		c.stack = s
		return c
	}
	on(personal).downstream(t, "GET", nil).want(t, 200)
	on(service).call(t, "GET", "/v1/tokens/"+personal.ID, nil).want(t, 200)
	on(revoked).call(t, "GET", "/v1/ping", nil).want(t, 401)
	ada = personOf(t, s, "acc_restart", "ada", "admin")
	if again := ada.create(t, nil, "Idempotency-Key", "restart"); again.Token != personal.Token {
		t.Error("an idempotency key is forgotten")
	}
	for _, fault := range leaks([]string{personal.Token, service.Token, revoked.Token}, s, work+"/restart") {
		t.Error(fault)
	}
}

// unavailable checks that a call is neither allowed nor taken for a bad credential.
func unavailable(t *testing.T, c caller, call [3]any) {
	t.Helper()
	a := c.call(t, call[0].(string), call[1].(string), call[2]).want(t, 503)
	if p := decode[problem](t, a); p.Code != "unavailable" || a.header.Get("Retry-After") == "" {
		t.Errorf("%v %s", a.header, a.body)
	}
}

func TestWithoutTheKeyringNothingIsAllowed(t *testing.T) {
	t.Parallel()
	s := another(t, "keyring", nil)
	ada := personOf(t, s, "acc_keyring", "ada", "admin")
	token := ada.create(t, nil)
	s.Stop()

	s = another(t, "keyring", nil) // its functions have not started, so none has the keyring yet
	secret := s.Template().Secrets[0].ARN
	good, err := s.Secrets().Value(secret)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Secrets().Put(secret, `{"current":"k1"}`); err != nil {
		t.Fatal(err)
	}
	ada = personOf(t, s, "acc_keyring", "ada", "admin")
	before := snapshot(t, s, "acc_keyring")
	bearerThere := token.bearer()
	bearerThere.stack = s
	for _, call := range everyOperation(token) {
		unavailable(t, bearerThere, call)
	}
	bearerThere.downstream(t, "GET", nil).want(t, 503)
	unavailable(t, ada, [3]any{"POST", "/v1/tokens", object{"name": "x"}})
	unavailable(t, ada, [3]any{"POST", token.path() + "/rotate", nil})
	if diff := cmp.Diff(before, snapshot(t, s, "acc_keyring")); diff != "" {
		t.Errorf("the table changed:\n%s", diff)
	}
	if err := s.Secrets().Put(secret, good); err != nil {
		t.Fatal(err)
	}
	bearerThere.call(t, "GET", "/v1/ping", nil).want(t, 200)
	ada.create(t, nil)
}

func TestWithoutTheIdentityProviderNobodySignsIn(t *testing.T) {
	t.Parallel()
	const nowhere = "http://127.0.0.1:9/oidc"
	s := another(t, "issuer", map[string]string{"OidcIssuer": nowhere})
	claims := s.Issuer().Claims(oidc.Person{Account: "acc_issuer", Subject: "ada", Roles: []string{"admin"}, Lifetime: time.Hour})
	maps.Copy(claims, map[string]any{"iss": nowhere})
	signed, err := s.Issuer().Sign(claims)
	if err != nil {
		t.Fatal(err)
	}
	ada := bearer(signed)
	ada.stack = s
	for _, call := range everyOperation(tok{ID: "tok_0000000000000000000000"}) {
		unavailable(t, ada, call)
	}
}
