package acceptance

import (
	"strings"
	"testing"
)

// breakAndCall makes a token's item unreadable and calls everything that reads it: that is our fault, said so without
// a word on what is wrong.
func breakAndCall(t *testing.T, token tok) {
	t.Helper()
	owner := person(t, token.AccountID, "ada", "admin")
	set(t, token.pk(), token.sk(), "kind", str("no kind"))
	for _, call := range everyOperation(token) {
		method, path := call[0].(string), call[1].(string)
		if strings.HasPrefix(path, "/v1/tokens/") || method == "GET" && path == "/v1/tokens" {
			ourFault(t, owner, method, path, call[2])
		}
	}
	unavailable(t, token.bearer(), [3]any{"GET", "/v1/ping", nil})
	set(t, token.pk(), token.sk(), "kind", str(token.Kind))
}

func ourFault(t *testing.T, c caller, method, path string, body any) {
	t.Helper()
	a := c.call(t, method, path, body).want(t, 500)
	if p := decode[problem](t, a); p.Code != "internal" || strings.Contains(a.body, "kind") || strings.Contains(a.body, "item") {
		t.Errorf("%s", a.body)
	}
	id := a.header.Get("X-Amzn-Requestid")
	for line := range strings.Lines(logs.String()) {
		if strings.Contains(line, id) && strings.Contains(line, `"ERROR"`) && strings.Contains(line, `"cause"`) {
			return
		}
	}
	t.Errorf("%s %s: the log has no cause for %s", method, path, id)
}

func TestWhatCannotBeReadIsOurFaultAndNeverAnAllow(t *testing.T) {
	t.Parallel()
	ada := person(t, "acc_broken", "ada", "admin")
	token := ada.create(t, nil)
	breakAndCall(t, token)
	token.bearer().call(t, "GET", "/v1/ping", nil).want(t, 200)
	put(t, attributes{"pk": str("ACCOUNT#acc_broken"), "sk": str("SETTINGS"), "type": str("settings"), "maxLifetime": str("a while")})
	ourFault(t, ada, "POST", "/v1/tokens", object{"name": "x"})
}
