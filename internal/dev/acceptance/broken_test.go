package acceptance

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/validate"
)

// breakAndCall makes a token's item unreadable and calls everything that reads it: that is our fault, said so without
// a word on what is wrong.
func breakAndCall(t *testing.T, token tok) {
	t.Helper()
	owner := person(t, token.AccountID, "ada", "admin")
	set(t, token.pk(), token.sk(), "kind", str("no kind"))
	for _, call := range everyOperation(token) {
		method, path := call[0].(string), call[1].(string)
		switch {
		case path == "/v1/tokens/revoke-issued-before" || strings.HasSuffix(path, "/events"): // read no token
		case strings.HasPrefix(path, "/v1/tokens/") || method == "GET" && path == "/v1/tokens" || path == "/v1/settings/preview":
			ourFault(t, owner, method, path, call[2])
		}
	}
	unavailable(t, token.bearer(), [3]any{"GET", "/v1/ping", nil})
	set(t, token.pk(), token.sk(), "kind", str(token.Kind))
}

func ourFault(t *testing.T, c caller, method, path string, body any, headers ...string) {
	t.Helper()
	ours(t, c.call(t, method, path, body, headers...).want(t, 500))
}

// ours checks an answer of ours about a fault of ours.
func ours(t *testing.T, a answer) {
	t.Helper()
	if p := decode[problem](t, a); p.Code != "internal" || strings.Contains(a.body, "kind") || strings.Contains(a.body, "item") {
		t.Errorf("%s", a.body)
	}
	id := a.header.Get("X-Amzn-Requestid")
	for range 100 { // the answer may be here before the line is
		for line := range strings.Lines(logs.String()) {
			if strings.Contains(line, id) && strings.Contains(line, `"ERROR"`) && strings.Contains(line, `"cause"`) {
				return
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("%s: the log has no cause for %s", a.what, id)
}

func TestWhatCannotBeReadIsOurFaultAndNeverAnAllow(t *testing.T) {
	t.Parallel()
	ada := person(t, "acc_broken", "ada", "admin")
	token := ada.create(t, nil)
	breakAndCall(t, token)
	token.bearer().call(t, "GET", "/v1/ping", nil).want(t, 200)
	for _, name := range []string{"scopes", "cidrs", "kind", "version", "account"} {
		other := ada.create(t, object{"scopes": []string{}, "allowedCidrBlocks": []string{"203.0.113.0/24"}})
		set(t, other.pk(), other.sk(), name, &types.AttributeValueMemberBOOL{Value: true})
		unavailable(t, other.bearer(), [3]any{"GET", "/v1/ping", nil})
		ourFault(t, ada, "GET", other.path(), nil)
	}
	bob := person(t, "acc_broken", "bob", "viewer")
	him := decode[human](t, bob.call(t, "GET", "/v1/users/me", nil).want(t, 200))
	set(t, "OWNER#"+strings.TrimPrefix(him.ID, "usr_"), "PROFILE", "type", str("no user"))
	for _, call := range [][3]any{
		{"GET", "/v1/users", nil}, {"GET", him.path(), nil}, {"PUT", him.path(), object{"displayName": "Bob"}}, {"POST", him.path() + "/suspend", nil},
		{"POST", him.path() + "/resume", nil}, {"DELETE", him.path(), nil}, {"POST", "/v1/tokens/revoke-issued-before", object{"userId": him.ID, "before": "2020-01-01T00:00:00Z"}},
	} {
		ourFault(t, ada, call[0].(string), call[1].(string), call[2])
	}
	unavailable(t, bob, [3]any{"GET", "/v1/ping", nil})
	breakEvents(t, ada, token)
	breakSettings(t, ada)
}

// breakEvents makes an event unreadable.
func breakEvents(t *testing.T, ada caller, token tok) {
	t.Helper()
	e := decode[eventPage](t, ada.call(t, "GET", token.path()+"/events", nil).want(t, 200)).Records[0]
	set(t, "ACCOUNT#"+token.AccountID, "EVENT#"+strings.TrimPrefix(e.ID, "evt_"), "type", str("no event"))
	ourFault(t, ada, "GET", "/v1/events", nil)
	ourFault(t, ada, "GET", token.path()+"/events", nil)
}

// breakSettings makes the policy unreadable. The authorizer holds the one it has read for a second, and as long as it
// does, functions meet the broken one; then nobody is let in.
func breakSettings(t *testing.T, ada caller) {
	t.Helper()
	write := func(kind string, limit types.AttributeValue) {
		rules := func(limit types.AttributeValue) types.AttributeValue {
			return &types.AttributeValueMemberM{Value: attributes{"allowNeverExpire": boolean(true), "requireCidrBlocks": boolean(false), "maxTokens": limit}}
		}
		put(t, attributes{
			"pk": str("SETTINGS#acc_broken"), "sk": str("SETTINGS"), "type": str(kind), "account": str("acc_broken"), "rolesFrom": str("identity-provider"),
			"adminsMayRevoke": boolean(false), "version": number(1), "updatedAt": number(1), "personal": rules(limit), "service": rules(number(0)),
		})
	}
	broken := func(kind string) { write(kind, number(0)) }
	for _, call := range [][3]any{{"GET", "/v1/settings", nil}, {"POST", "/v1/tokens", object{"name": "x"}}, {"PUT", "/v1/settings", object{}}} {
		met := false
		for range 50 {
			broken("settings")
			ada.call(t, "GET", "/v1/ping", nil)
			broken("no settings")
			if a := ada.call(t, call[0].(string), call[1].(string), call[2], "If-Match", `"1"`); a.status == 500 {
				ours(t, a)
				met = true
				break
			}
		}
		if !met {
			t.Errorf("%v never met the broken settings", call)
		}
	}
	time.Sleep(validate.PolicyAge)
	unavailable(t, ada, [3]any{"GET", "/v1/ping", nil})
	write("settings", str("10")) // a limit that is no number is not "no limit"
	unavailable(t, ada, [3]any{"GET", "/v1/ping", nil})
	write("settings", number(10))
	ada.call(t, "GET", "/v1/ping", nil).want(t, 200)
}

func boolean(v bool) types.AttributeValue { return &types.AttributeValueMemberBOOL{Value: v} }

func number(n int) types.AttributeValue { return &types.AttributeValueMemberN{Value: strconv.Itoa(n)} }
