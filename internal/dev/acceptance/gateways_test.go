package acceptance

import (
	"strings"
	"testing"
)

// shipments calls the example that is an HTTP API.
func (c caller) shipments(t *testing.T, headers ...string) answer {
	t.Helper()
	s := c.stack
	if s == nil {
		s = stack
	}
	return c.send(t, s.HTTPDownstreamURL(), "GET", "/shipments", nil, headers...)
}

func TestAnHTTPAPITakesTokensUntilTheyAreRevoked(t *testing.T) {
	ada := person(t, "acc_http", "ada", "admin")
	token := ada.create(t, object{"scopes": []string{"orders:read"}})
	got := decode[struct{ AccountID, TokenID string }](t, token.bearer().shipments(t).want(t, 200))
	if got.AccountID != "acc_http" || got.TokenID != token.ID {
		t.Errorf("it is told that %+v called", got)
	}
	ada.shipments(t).want(t, 200) // a person's JWT
	ada.call(t, "DELETE", token.path(), nil).want(t, 204)
	// A simple answer can say no and not why; an HTTP API words that by itself.
	if a := token.bearer().shipments(t).want(t, 403); a.body != `{"message":"Forbidden"}` {
		t.Errorf("refused with %s", a.body)
	}
}

func TestAnHTTPAPINamesTheScopeThatIsMissing(t *testing.T) {
	token := person(t, "acc_http", "grace", "admin").create(t, object{"scopes": []string{"orders:write"}})
	a := token.bearer().shipments(t).want(t, 403)
	if got, want := a.header.Get("WWW-Authenticate"), `Bearer error="insufficient_scope", scope="orders:read"`; got != want {
		t.Errorf("WWW-Authenticate: %s, want %s", got, want)
	}
	body := decode[map[string]any](t, a)
	for member, want := range map[string]any{
		"code": "insufficient_scope", "error": "Forbidden", "status": 403.0, "title": "Forbidden", "type": "about:blank", "detail": "This needs the scope orders:read.",
	} {
		if body[member] != want {
			t.Errorf("%s is %v, want %v", member, body[member], want)
		}
	}
	if got := a.header.Get("Content-Type"); got != "application/problem+json" || body["requestId"] == "" {
		t.Errorf("%s: %s", got, a.body)
	}
}

func TestAnHTTPAPIRefusesWhatIsNoCredential(t *testing.T) {
	token := person(t, "acc_http", "linus", "admin").create(t, object{"scopes": []string{"orders:read"}})
	caller{}.shipments(t).want(t, 401)
	bearer("at_live_nonsense").shipments(t).want(t, 403)
	bearer(token.Token[:len(token.Token)-1]+"~").shipments(t).want(t, 403)
	caller{header: "Cookie", value: "Authorization=Bearer " + token.Token}.shipments(t).want(t, 401)
	a := caller{}.send(t, stack.HTTPDownstreamURL(), "GET", "/shipments?access_token="+token.Token+"&Authorization="+token.Token, nil)
	a.want(t, 401)
	// Two values of one header reach the authorizer joined by a comma.
	token.bearer().shipments(t, "authorization", "Bearer "+strings.Replace(token.Token, "live", "test", 1)).want(t, 403)
}
