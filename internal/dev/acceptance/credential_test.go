package acceptance

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/tokenwright/tokenwright/internal/dev/oidc"
	"github.com/tokenwright/tokenwright/internal/token"
)

// everyOperation lists one call of each operation that would succeed for the owner of a token.
func everyOperation(token tok) [][3]any {
	return [][3]any{
		{"POST", "/v1/tokens", object{"name": "x", "scopes": []string{}}}, {"GET", "/v1/tokens", nil}, {"GET", token.path(), nil}, {"PATCH", token.path(), object{"name": "y"}},
		{"POST", token.path() + "/rotate", nil}, {"GET", "/v1/scopes", nil}, {"GET", "/v1/ping", nil},
		{"GET", token.path() + "/events", nil}, {"GET", "/v1/tokens/summary", nil}, {"GET", "/v1/events", nil}, {"GET", "/v1/users", nil}, {"GET", "/v1/users/me", nil},
		{"PUT", "/v1/users/me", object{"displayName": "Ada"}}, {"POST", "/v1/users/me/resume", nil}, {"GET", "/v1/settings", nil}, {"PUT", "/v1/settings", object{}},
		{"POST", "/v1/settings/preview", object{}}, {"POST", token.path() + "/transfer", object{"userId": "usr_EXAMPLEuser"}},
		{"POST", "/v1/tokens/revoke-issued-before", object{"userId": "me", "before": "2020-01-01T00:00:00Z"}},
		{"POST", "/v1/tokens/bulk-revoke", object{"ids": []string{token.ID}, "dryRun": true}}, {"GET", "/v1/jobs/job_0000000000000000000000", nil}, {"DELETE", "/v1/jobs/job_0000000000000000000000", nil},
		{"GET", "/v1/apis", nil}, {"GET", "/v1/apis/none", nil}, {"PUT", "/v1/apis/none", object{"rules": []object{}}}, {"DELETE", "/v1/apis/none", nil},
		{"POST", "/v1/apis/none/check", object{"tokenId": token.ID}},
		{"GET", "/scim/v2/ServiceProviderConfig", nil}, {"GET", "/scim/v2/ResourceTypes", nil}, {"GET", "/scim/v2/ResourceTypes/User", nil}, {"GET", "/scim/v2/Schemas", nil},
		{"GET", "/scim/v2/Schemas/" + scimUser, nil}, {"POST", "/scim/v2/Users", object{"schemas": []string{scimUser}, "userName": "eve"}}, {"GET", "/scim/v2/Users", nil},
		{"GET", scimPath(token), nil}, {"PUT", scimPath(token), object{"schemas": []string{scimUser}, "userName": "ada"}}, {"PATCH", scimPath(token), active(false)}, {"DELETE", scimPath(token), nil},
		{"DELETE", token.path(), nil}, {"POST", "/v1/users/me/suspend", nil}, {"DELETE", "/v1/users/me", nil},
	}
}

// refusedEverywhere calls every operation with a credential that must not be let in, and the example API.
func refusedEverywhere(t *testing.T, c caller, token tok) {
	t.Helper()
	for _, call := range everyOperation(token) {
		c.refused(t, call[0].(string), call[1].(string), call[2])
	}
	c.downstream(t, "GET", nil).want(t, 401)
}

// refused checks that the answer is the one everybody gets, so that nothing can be learnt from it.
func (c caller) refused(t *testing.T, method, path string, body any) {
	t.Helper()
	a := c.call(t, method, path, body)
	id := a.header.Get("X-Amzn-Requestid")
	const all = `{"type":"about:blank","title":"Unauthorized","status":401,"detail":"The credential is missing or not valid.", "error":"Unauthorized","code":"unauthorized","requestId":""}`
	if got := strings.Replace(a.body, id, "", 1); a.status != 401 || got != all {
		t.Errorf("%s %s with %.90q: %d %s", method, path, c.value, a.status, a.body)
	}
}

func TestATokenThatIsNotExactlyTheIssuedOneIsRefused(t *testing.T) {
	t.Parallel()
	issued := person(t, "acc_bad_token", "ada", "admin").create(t, nil)
	secret := issued.Token
	variants := map[string]string{
		"truncated by one": secret[:len(secret)-1], "truncated by half": secret[:len(secret)/2], "without its prefix": secret[3:], "doubled": secret + secret,
		"followed by itself": secret + " " + secret, "with a space inside": secret[:40] + " " + secret[40:], "with a space for an underscore": strings.Replace(secret, "_", " ", 1),
		"lower-cased": strings.ToLower(secret), "upper-cased": strings.ToUpper(secret), "in quotes": `"` + secret + `"`, "with a comma": secret + ",", "of nothing": "",
		"as the id alone": issued.ID, "as a hint": "at_live_" + issued.ID[4:8], "of another environment": strings.Replace(secret, "live", "test", 1),
		"of another prefix": "xx" + secret[2:], "percent-encoded": strings.Replace(secret, "_", "%5F", 1), "in base64": base64.StdEncoding.EncodeToString([]byte(secret)),
		"beyond ASCII": secret[:68] + "é", "of 9 KB": secret + strings.Repeat("0", 9000),
	}
	format, err := token.NewFormat("at")
	if err != nil {
		t.Fatal(err)
	}
	for what, id := range map[string]token.ID{"with another secret": token.ID(issued.ID), "that nobody has": "tok_0000000000000000000000"} {
		forged, err := format.Issue(id, token.Live, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		variants[what] = forged.Reveal()
	}
	unchanged(t, []string{"acc_bad_token"}, func() {
		for what, variant := range variants {
			t.Run(what, func(t *testing.T) {
				bearer(variant).refused(t, "DELETE", issued.path(), nil)
				caller{header: "X-API-Key", value: variant}.refused(t, "GET", "/v1/ping", nil)
			})
		}
		for i := range secret {
			changed := byte('0')
			if secret[i] == changed {
				changed = '1'
			}
			bearer(secret[:i]+string(changed)+secret[i+1:]).refused(t, "GET", "/v1/ping", nil)
		}
	})
	issued.bearer().call(t, "GET", "/v1/ping", nil).want(t, 200)
}

func TestATokenOfAMegabyteIsRefusedUnread(t *testing.T) {
	t.Parallel()
	secret := person(t, "acc_huge_token", "ada", "admin").create(t, nil).Token
	for _, header := range []string{"Authorization", "X-API-Key"} {
		c := caller{header: header, value: "Bearer " + secret + strings.Repeat("0", 1<<20)}
		for _, path := range []string{"/v1/ping", "/v1/scopes"} {
			if a := c.call(t, "GET", path, nil).want(t, 431); strings.Contains(a.body, secret[:20]) {
				t.Errorf("it is repeated: %.200s", a.body)
			}
		}
	}
}

func TestWithoutOneCredentialNobodyIsLetIn(t *testing.T) {
	t.Parallel()
	ada := person(t, "acc_no_credential", "ada", "admin")
	one, other := ada.create(t, nil), ada.create(t, nil)
	unchanged(t, []string{"acc_no_credential"}, func() {
		for _, c := range []caller{
			{}, {header: "Authorization", value: one.Token}, {header: "Authorization", value: "Basic " + base64.StdEncoding.EncodeToString([]byte("ada:"+one.Token))},
			{header: "Authorization", value: "Bearer"}, {header: "X-API-Key", value: "Bearer " + one.Token}, {header: "Cookie", value: "token=" + one.Token},
		} {
			refusedEverywhere(t, c, one)
		}
		caller{}.refused(t, "GET", "/v1/ping?access_token="+one.Token, nil)
		for _, key := range []string{other.Token, strings.TrimPrefix(ada.value, "Bearer ")} {
			one.bearer().call(t, "DELETE", one.path(), nil, "X-API-Key", key).want(t, 401)
		}
	})
	r, err := http.NewRequestWithContext(t.Context(), "GET", stack.URL()+"/v1/ping", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header["X-API-Key"] = []string{one.Token, other.Token}
	a, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Body.Close() }()
	if body, _ := io.ReadAll(a.Body); a.StatusCode != 401 {
		t.Errorf("two keys in two headers of one name: %d %s", a.StatusCode, body)
	}
}

func TestAJWTThatIsNotTheIssuersIsRefused(t *testing.T) {
	t.Parallel()
	ada := person(t, "acc_bad_jwt", "ada", "admin")
	mine := ada.create(t, nil)
	claims := func(change object) map[string]any {
		c := stack.Issuer().Claims(oidc.Person{Account: "acc_bad_jwt", Subject: "ada", Roles: []string{"admin"}, Lifetime: time.Hour})
		maps.Copy(c, change)
		for name, value := range change {
			if value == nil {
				delete(c, name)
			}
		}
		return c
	}
	signed := func(change object) string {
		text, err := stack.Issuer().Sign(claims(change))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	bearer(signed(nil)).call(t, "GET", mine.path(), nil).want(t, 200)
	bearer(signed(object{"aud": []string{"other", "tokenwright-local"}})).call(t, "GET", mine.path(), nil).want(t, 200)

	now := time.Now()
	variants := map[string]string{
		"of another issuer": signed(object{"iss": "https://issuer.example"}), "of no issuer": signed(object{"iss": nil}),
		"for another audience": signed(object{"aud": "other"}), "for no audience": signed(object{"aud": nil}),
		"that has expired": signed(object{"exp": now.Add(-time.Second).Unix()}), "that never expires": signed(object{"exp": nil}),
		"that is not valid yet": signed(object{"nbf": now.Add(time.Hour).Unix()}),
		"of no account":         signed(object{"account": nil}), "of an account that is a number": signed(object{"account": 7}),
		"of a forged key of the table": signed(object{"account": "acc_bad_jwt#TOKENS"}), "of nobody": signed(object{"sub": ""}),
		"of a subject with a line break": signed(object{"sub": "ada\n"}),
	}
	good := strings.Split(signed(nil), ".")
	part := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	variants["without a signature"] = good[0] + "." + good[1] + "."
	variants["with alg none"] = part(object{"alg": "none", "typ": "JWT"}) + "." + good[1] + "."
	variants["with alg none and a signature"] = part(object{"alg": "none", "typ": "JWT"}) + "." + good[1] + "." + good[2]
	variants["with another's claims"] = good[0] + "." + part(claims(object{"sub": "bob"})) + "." + good[2]
	maps.Copy(variants, signedByOthers(t, claims(nil), good[0]))
	unchanged(t, []string{"acc_bad_jwt"}, func() {
		for what, variant := range variants {
			t.Run(what, func(t *testing.T) { refusedEverywhere(t, bearer(variant), mine) })
		}
	})
}

// signedByOthers signs claims with keys that are not in the JWKS.
func signedByOthers(t *testing.T, claims map[string]any, header string) map[string]string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(header)
	if err != nil {
		t.Fatal(err)
	}
	var own struct{ Kid string }
	if err := json.Unmarshal(raw, &own); err != nil || own.Kid == "" {
		t.Fatalf("the issuer names no key: %s", raw)
	}
	public := fetchText(t, stack.URL()+"/_local/oidc/jwks.json")
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for what, key := range map[string]jose.SigningKey{
		"by a key under the issuer's key id":   {Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: rsaKey, KeyID: own.Kid}},
		"by a key nobody knows":                {Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: rsaKey, KeyID: "mine"}},
		"by a key without an id":               {Algorithm: jose.RS256, Key: rsaKey},
		"by another kind of key":               {Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: ecKey, KeyID: own.Kid}},
		"with the public keys as an HMAC key":  {Algorithm: jose.HS256, Key: jose.JSONWebKey{Key: []byte(public), KeyID: own.Kid}},
		"with an HMAC key of the caller's own": {Algorithm: jose.HS256, Key: []byte(strings.Repeat("k", 32))},
	} {
		signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType("JWT"))
		if err != nil {
			t.Fatal(err)
		}
		if out[what], err = jwt.Signed(signer).Claims(claims).Serialize(); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func fetchText(t *testing.T, url string) string {
	t.Helper()
	a, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Body.Close() }()
	body, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestWhoIsOutIsOutAtOnce(t *testing.T) {
	t.Parallel()
	ada, bob := person(t, "acc_out", "ada", "admin"), person(t, "acc_out", "bob", "admin")
	mine, service := ada.create(t, nil), ada.create(t, object{"kind": "service", "scopes": []string{"tokens:read"}})
	bobs := bob.create(t, nil)
	for _, status := range []string{"suspended", "offboarded"} {
		set(t, mine.pk(), "PROFILE", "status", str(status))
		refusedEverywhere(t, mine.bearer(), mine)
		refusedEverywhere(t, ada, mine)
		for _, token := range []tok{service, bobs} {
			token.bearer().call(t, "GET", "/v1/ping", nil).want(t, 200)
		}
		set(t, mine.pk(), "PROFILE", "status", str("active"))
		mine.bearer().call(t, "GET", "/v1/ping", nil).want(t, 200)
	}
	set(t, service.pk(), "PROFILE", "status", str("offboarded"))
	refusedEverywhere(t, service.bearer(), service)
}

func TestATokenIsRefusedFromOtherAddresses(t *testing.T) {
	t.Parallel()
	ada := person(t, "acc_address", "ada", "admin")
	token := ada.create(t, object{"allowedCidrBlocks": []string{"203.0.113.0/24", "2001:db8::/32"}})
	unchanged(t, []string{"acc_address"}, func() {
		for _, call := range everyOperation(token) {
			// The gateway's word on the address counts, not the client's.
			a := token.bearer().call(t, call[0].(string), call[1].(string), call[2], "X-Forwarded-For", "203.0.113.7").want(t, 403)
			if p := decode[problem](t, a); p.Code != "ip_denied" || !strings.Contains(p.Detail, "address") {
				t.Errorf("%s", a.body)
			}
		}
		token.bearer().downstream(t, "GET", nil).want(t, 403)
	})
	ada.call(t, "PATCH", token.path(), object{"allowedCidrBlocks": []string{"127.0.0.1/32"}}).want(t, 200)
	token.bearer().call(t, "GET", "/v1/ping", nil).want(t, 200)
}
