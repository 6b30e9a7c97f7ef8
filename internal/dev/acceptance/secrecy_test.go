package acceptance

import (
	"net/url"
	"path/filepath"
	"strings"
	"testing"
)

func TestASecretIsInTheAnswerThatIssuedItAndNowhereElse(t *testing.T) {
	t.Parallel()
	const account = "acc_secrecy"
	ada := person(t, account, "ada", "admin")
	first := ada.create(t, object{"description": "kept"}, "Idempotency-Key", "a-key-of-adas")
	again := ada.create(t, object{"description": "kept"}, "Idempotency-Key", "another-key")
	service := ada.create(t, object{"kind": "service", "scopes": []string{"*"}, "expiresAt": nil})
	rotated := decode[tok](t, service.bearer().call(t, "POST", "/v1/tokens/self/rotate", object{"gracePeriod": "PT1H"}).want(t, 200))
	secrets := []string{first.Token, again.Token, service.Token, rotated.Token}
	for _, secret := range secrets {
		everyOperationWith(t, ada, secret)
	}
	for _, secret := range []string{first.Token, rotated.Token} {
		whereItDoesNotBelong(t, bearer(secret), secret)
		whereItDoesNotBelong(t, caller{}, secret)
	}
	breakAndCall(t, first)
	ada.call(t, "DELETE", rotated.path(), nil).want(t, 204)
	for _, secret := range secrets {
		everyOperationWith(t, ada, secret)
	}
	for _, fault := range leaks(secrets, stack, filepath.Join(work, "data")) {
		t.Error(fault)
	}
}

// everyOperationWith presents a secret in all ways, right and wrong, to an API that knows it.
func everyOperationWith(t *testing.T, ada caller, secret string) {
	t.Helper()
	for _, c := range []caller{
		bearer(secret), {header: "X-API-Key", value: secret}, {header: "Authorization", value: secret}, {header: "Authorization", value: "Basic " + secret},
		bearer(secret[:68]), bearer(secret + secret), bearer(strings.ToLower(secret)), bearer(secret + strings.Repeat("x", 20_000)),
	} {
		c.call(t, "GET", "/v1/tokens/self", nil)
		c.call(t, "GET", "/v1/tokens", nil)
		c.downstream(t, "GET", nil)
	}
	ada.call(t, "GET", "/v1/ping", nil, "X-API-Key", secret).want(t, 401)
}

// whereItDoesNotBelong puts a secret everywhere else: refusals repeat some of what they refuse.
func whereItDoesNotBelong(t *testing.T, c caller, secret string) {
	t.Helper()
	for _, path := range []string{
		"/v1/tokens/" + secret, "/v1/tokens/" + secret + "/rotate", "/" + secret, "/v1/tokens?q=" + secret, "/v1/tokens?owner=" + secret, "/v1/tokens?cursor=" + secret,
		"/v1/tokens?limit=" + secret, "/v1/tokens?" + secret + "=1", "/v1/tokens?expiresBefore=" + secret, "/v1/ping?token=" + secret, "/v1/scopes?" + url.QueryEscape(secret),
	} {
		c.call(t, "GET", path, nil)
	}
	for _, body := range []any{
		secret, `"` + secret + `"`, object{secret: 1}, `{"` + secret + `":1,"` + secret + `":2}`, object{"name": "x", "token": secret}, object{"name": "x", "kind": secret},
		object{"name": "x", "scopes": []string{secret}}, object{"name": "x", "allowedCidrBlocks": []string{secret}}, object{"name": "x", "expiresIn": secret},
		object{"name": "x", "description": "was " + secret}, object{"name": secret}, object{"name": "x", "reason": secret},
		object{"name": "x", "expiresAt": secret}, object{"name": "x", "scopes": secret}, object{"name": "x", "environment": secret, "gracePeriod": secret},
	} {
		c.call(t, "POST", "/v1/tokens", body)
		c.call(t, "PATCH", "/v1/tokens/self", body)
		c.call(t, "POST", "/v1/tokens/self/rotate", body, "If-Match", secret)
	}
	c.call(t, "POST", "/v1/tokens", object{"name": ""}, "Idempotency-Key", secret)
	c.call(t, "GET", "/v1/ping", nil, "Content-Type", secret)
	c.call(t, "PATCH", "/v1/tokens/self", object{"description": "kept by " + secret[:8]}, "User-Agent", "curl/8 ("+secret+")")
	c.call(t, "PUT", "/v1/users/me", object{"displayName": secret})
	for _, rule := range []object{ruled("GET", "/"+secret), ruled("GET", secret), ruled("GET", "/a", secret), ruled(secret, "/a"), {secret: 1}} {
		c.call(t, "PUT", "/v1/apis/secrecy", rulesOf(rule))
	}
	c.call(t, "PUT", "/v1/apis/"+secret, object{"openapi": object{"openapi": "3.1.0", "paths": object{"/" + secret: object{"get": object{}}}}})
	for _, body := range []object{{"tokenId": secret}, {"tokenId": "self", "method": secret, "path": "/a"}, {"tokenId": "self", "method": "GET", "path": "/" + secret}} {
		c.call(t, "POST", "/v1/apis/secrecy/check", body)
	}
	c.call(t, "POST", "/v1/tokens/revoke-issued-before", object{"before": "2020-01-01T00:00:00Z", "reason": secret})
}
