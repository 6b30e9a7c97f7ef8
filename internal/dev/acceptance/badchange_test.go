package acceptance

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A parameter without a value asks for nothing, and is not taken for one that is absent: the list would be of everything.
func TestAnEmptyParameterIsRefusedByName(t *testing.T) {
	t.Parallel()
	ada := person(t, "acc_empty_parameter", "ada", "admin")
	calls := map[string]bad{}
	for path, parameters := range map[string]string{
		"/v1/tokens": "limit cursor owner kind status environment expiresBefore lastUsedBefore", "/v1/users": "limit cursor status",
		"/v1/events": "limit cursor actor action token user from to outcome",
	} {
		for _, name := range strings.Fields(parameters) {
			calls[path+" "+name] = bad{ada, "GET", path + "?" + name + "=", nil, nil, 400, "malformed_request", name + " bad_" + emptyIs[name], ""}
		}
	}
	refuses(t, []string{"acc_empty_parameter"}, calls)
}

var emptyIs = map[string]string{
	"limit": "limit", "cursor": "cursor", "owner": "id", "actor": "id", "token": "id", "user": "id", "kind": "value", "status": "value", "environment": "value",
	"action": "value", "outcome": "value", "expiresBefore": "time", "lastUsedBefore": "time", "from": "time", "to": "time",
}

func TestABadChangeIsRefused(t *testing.T) {
	t.Parallel()
	ada, bob := person(t, "acc_bad_change", "ada", "admin"), person(t, "acc_bad_change", "bob", "analyst")
	token := ada.create(t, object{"scopes": []string{"orders:read"}, "expiresIn": "P30D"})
	ada.call(t, "PATCH", token.path(), object{"name": "second version"}).want(t, 200)
	ended := ada.create(t, nil)
	ada.call(t, "DELETE", ended.path(), nil).want(t, 204)
	service := ada.create(t, object{"kind": "service", "scopes": []string{"tokens:read"}})
	manager := ada.create(t, object{"kind": "service", "scopes": []string{"tokens:write", "tokens:delete"}, "expiresAt": nil}).bearer()

	local := ada.create(t, object{"kind": "service", "scopes": []string{"tokens:*"}, "expiresAt": nil, "allowedCidrBlocks": []string{"127.0.0.1/32"}})

	update := func(body any, status int, code, field, says string, headers ...string) bad {
		return bad{ada, "PATCH", token.path(), body, headers, status, code, field, says}
	}
	invalid := func(name string, value any, field, says string) bad {
		return update(object{name: value}, 422, "invalid_fields", field, says)
	}
	fixed := func(name string, value any) bad { return invalid(name, value, name+" read_only", "changed") }
	rotate := func(body any, status int, code, field, says string, headers ...string) bad {
		return bad{ada, "POST", token.path() + "/rotate", body, headers, status, code, field, says}
	}
	stale := func(method, path string) bad {
		return bad{ada, method, path, object{}, []string{"If-Match", `"1"`}, 412, "version_mismatch", "", "at version 2"}
	}
	unclear := func(method, path, tag string) bad {
		return bad{ada, method, path, object{}, []string{"If-Match", tag}, 400, "malformed_request", "If-Match bad_etag", "ETag"}
	}
	refuses(t, []string{"acc_bad_change"}, map[string]bad{
		"an update without a body":      update(nil, 400, "malformed_request", "body not_json", "JSON object"),
		"an update in plain text":       update(`{}`, 415, "unsupported_media_type", "", "application/json", "Content-Type", "text/plain"),
		"an update over 64 KiB":         update(`{"name":"`+strings.Repeat("x", 64<<10)+`"}`, 413, "too_large", "", "64 KiB"),
		"an update with a parameter":    {ada, "PATCH", token.path() + "?force=1", object{}, nil, 400, "malformed_request", "force unknown_parameter", "no query parameters"},
		"an unknown field":              invalid("colour", "red", "colour unknown_field", "no such field"),
		"an empty name":                 invalid("name", "", "name required", "needs a name"),
		"a name of null":                invalid("name", nil, "name wrong_type", "not null"),
		"an isActive that is text":      invalid("isActive", "no", "isActive wrong_type", "true or false"),
		"host bits":                     invalid("allowedCidrBlocks", []string{"10.0.0.1/8"}, "allowedCidrBlocks[0] host_bits", "10.0.0.0/8"),
		"an unknown scope":              invalid("scopes", []string{"orders:fly"}, "scopes[0] unknown_scope", "orders:fly"),
		"an expiry in the past":         invalid("expiresAt", "2020-01-01T00:00:00Z", "expiresAt in_past", "revoke"),
		"a lifetime":                    fixed("expiresIn", "P1D"),
		"another kind":                  fixed("kind", "service"),
		"another environment":           fixed("environment", "test"),
		"another owner":                 fixed("userId", "usr_EXAMPLEuser"),
		"another account":               fixed("accountId", "acc_other"),
		"another start":                 fixed("notBefore", "2035-01-01T00:00:00Z"),
		"another version":               fixed("version", 7),
		"another secret":                fixed("token", "hunter2"),
		"an expiry that is extended":    update(object{"expiresAt": time.Now().AddDate(0, 0, 31)}, 409, "expiry_extended", "", "Rotate the token, or create a new one"),
		"an expiry that is taken away":  update(object{"expiresAt": nil}, 409, "expiry_extended", "", "never extended"),
		"a scope that is added":         update(object{"scopes": []string{"orders:*"}}, 409, "scopes_widened", "", "orders:write"),
		"scopes that become everything": update(object{"scopes": nil}, 409, "scopes_widened", "", "never widened"),
		"an update of a revoked token":  {ada, "PATCH", ended.path(), object{"name": "x"}, nil, 409, "token_revoked", "", "final"},
		"a revoked token resumed":       {ada, "PATCH", ended.path(), object{"isActive": true}, nil, 409, "token_revoked", "", "final"},
		"a revoked token rotated":       {ada, "POST", ended.path() + "/rotate", nil, nil, 409, "token_revoked", "", "final"},
		"a stale update":                stale("PATCH", token.path()),
		"a stale rotation":              stale("POST", token.path()+"/rotate"),
		"a stale revocation":            stale("DELETE", token.path()),
		"a weak tag":                    {ada, "DELETE", token.path(), nil, []string{"If-Match", `W/"2"`}, 412, "version_mismatch", "", "at version 2"},
		"an update for a bare number":   unclear("PATCH", token.path(), "2"),
		"a rotation for two versions":   unclear("POST", token.path()+"/rotate", `"1", "2"`),
		"a revocation for half a tag":   unclear("DELETE", token.path(), `"2`),
		"a revocation for no tag":       unclear("DELETE", token.path(), ""),
		"a revocation for spaces":       unclear("DELETE", token.path(), "  "),
		"a rotation for an empty tag":   {ada, "POST", token.path() + "/rotate", nil, []string{"If-Match", `""`}, 412, "version_mismatch", "", "at version 2"},
		"a revocation tried out":        {ada, "DELETE", token.path() + "?dryRun=true", nil, nil, 400, "malformed_request", "dryRun unknown_parameter", "no query parameters"},
		"a grace of over 7 days":        rotate(object{"gracePeriod": "P8D"}, 422, "invalid_fields", "gracePeriod too_long", "P7D"),
		"a grace in words":              rotate(object{"gracePeriod": "a day"}, 422, "invalid_fields", "gracePeriod bad_duration", "PT24H"),
		"a grace that is a number":      rotate(object{"gracePeriod": 24}, 422, "invalid_fields", "gracePeriod wrong_type", "duration"),
		"a rotation with a new expiry":  rotate(object{"expiresAt": nil}, 422, "invalid_fields", "expiresAt read_only", "changed"),
		"a rotation in plain text":      rotate(`{}`, 415, "unsupported_media_type", "", "application/json", "Content-Type", "text/plain"),
		"a rotation over 64 KiB":        rotate(`{"gracePeriod":"`+strings.Repeat("P", 64<<10)+`"}`, 413, "too_large", "", "64 KiB"),
		"half a rotation":               rotate(`{"gracePeriod":`, 400, "malformed_request", "body not_json", "JSON object"),

		"an update without leave":                {bob, "PATCH", service.path(), object{"name": "x"}, nil, 403, "insufficient_scope", "", "tokens:write"},
		"a rotation without leave":               {bob, "POST", service.path() + "/rotate", nil, nil, 403, "insufficient_scope", "", "tokens:write"},
		"a revocation without leave":             {bob, "DELETE", service.path(), nil, nil, 403, "insufficient_scope", "", "tokens:delete"},
		"a look without leave":                   {manager, "GET", token.path(), nil, nil, 403, "insufficient_scope", "", "tokens:read"},
		"a list of another's without leave":      {manager, "GET", "/v1/tokens?owner=" + token.UserID, nil, nil, 403, "insufficient_scope", "", "tokens:read"},
		"another's personal token updated":       {manager, "PATCH", token.path(), object{"isActive": false}, nil, 403, "not_owner", "", "owner alone"},
		"another's personal token rotated":       {manager, "POST", token.path() + "/rotate", nil, nil, 403, "not_owner", "", "owner alone"},
		"another's personal token revoked":       {manager, "DELETE", token.path(), nil, nil, 403, "not_owner", "", "owner alone"},
		"a rotation to more than one's own":      {manager, "POST", service.path() + "/rotate", nil, nil, 403, "exceeds_caller", "", "tokens:read"},
		"a list of addresses that a token lifts": {local.bearer(), "PATCH", "/v1/tokens/self", object{"allowedCidrBlocks": []string{}}, nil, 403, "addresses_widened", "", "127.0.0.1/32"},
		"a list that a token widens elsewhere":   {local.bearer(), "PATCH", service.path(), object{"allowedCidrBlocks": []string{"127.0.0.0/31"}}, nil, 403, "addresses_widened", "", "127.0.0.0/31"},
		"a rotation to more addresses":           {local.bearer(), "POST", service.path() + "/rotate", nil, nil, 403, "addresses_widened", "", "every address"},
		"a change of one's own token by token":   {token.bearer(), "PATCH", "/v1/tokens/self", object{"name": "x"}, nil, 403, "insufficient_scope", "", "tokens:write"},
	})
}

func TestABadIDIsRefused(t *testing.T) {
	t.Parallel()
	ada := person(t, "acc_bad_id", "ada", "admin")
	token := ada.create(t, nil)
	calls := map[string]bad{}
	for what, call := range map[string]struct {
		method, below string
		body          any
	}{
		"get": {"GET", "", nil}, "update": {"PATCH", "", object{}}, "revoke": {"DELETE", "", nil}, "rotate": {"POST", "/rotate", nil},
		"events": {"GET", "/events", nil}, "transfer": {"POST", "/transfer", object{"userId": token.UserID}},
	} {
		for which, id := range map[string]string{
			"no token's": "me", "a short": token.ID[:25], "a long": token.ID + "0", "a user's": token.UserID, "an upper-case": strings.ToUpper(token.ID),
			"an escaped": "tok_%2e%2e%2f" + token.ID[13:], "a punctuated": token.ID[:25] + "-", "a secret as": token.Token,
		} {
			calls[what+" with "+which+" id"] = bad{ada, call.method, "/v1/tokens/" + id + call.below, call.body, nil, 400, "malformed_request", "id bad_id", "tok_ and 22"}
		}
		calls[what+" with self by a person"] = bad{ada, call.method, "/v1/tokens/self" + call.below, call.body, nil, 400, "no_self", "id no_self", "signed in as a person"}
		calls[what+" with an unknown id"] = bad{ada, call.method, "/v1/tokens/tok_0000000000000000000000" + call.below, call.body, nil, 404, "not_found", "", "no such token"}
		calls[what+" with an unknown id of one's own"] = bad{ada, call.method, "/v1/tokens/" + token.ID[:15] + "00000000000" + call.below, call.body, nil, 404, "not_found", "", "no such token"}
		calls[what+" with an endless id"] = bad{ada, call.method, "/v1/tokens/tok_" + strings.Repeat("0", 1600) + call.below, call.body, nil, 414, "refused", "", "refused"}
		calls[what+" with endless headers"] = bad{ada, call.method, token.path() + call.below, call.body, []string{"X-Padding", strings.Repeat("x", 10_240)}, 431, "refused", "", "refused"}
	}
	calls["a get with a parameter"] = bad{ada, "GET", token.path() + "?verbose=1", nil, nil, 400, "malformed_request", "verbose unknown_parameter", "no query parameters"}
	refuses(t, []string{"acc_bad_id"}, calls)
}

func TestABadListIsRefused(t *testing.T) {
	t.Parallel()
	ada, bob := person(t, "acc_bad_list", "ada", "admin"), person(t, "acc_bad_list", "bob", "admin")
	for range 3 {
		ada.create(t, nil)
	}
	first := decode[page](t, ada.call(t, "GET", "/v1/tokens?limit=1", nil).want(t, 200))
	cursor := *first.Next
	forged := func(i int) string {
		other := byte('A')
		if cursor[i] == other {
			other = 'B'
		}
		return cursor[:i] + string(other) + cursor[i+1:]
	}
	list := func(query, field, says string) bad {
		return bad{ada, "GET", "/v1/tokens?" + query, nil, nil, 400, "malformed_request", field, says}
	}
	calls := map[string]bad{
		"no tokens on a page":       list("limit=0", "limit bad_limit", "1 to 100"),
		"too many on a page":        list("limit=101", "limit bad_limit", "1 to 100"),
		"less than none on a page":  list("limit=-1", "limit bad_limit", "1 to 100"),
		"some on a page":            list("limit=some", "limit bad_limit", "1 to 100"),
		"half a token on a page":    list("limit=1.5", "limit bad_limit", "1 to 100"),
		"two limits":                list("limit=1&limit=2", "limit repeated", "2 times"),
		"an unknown parameter":      list("page=2", "page unknown_parameter", "cursor"),
		"an unknown kind":           list("kind=robot", "kind bad_value", "personal or service"),
		"an unknown status":         list("status=dead", "status bad_value", "revoked"),
		"an unknown environment":    list("environment=prod", "environment bad_value", "live or test"),
		"no user":                   list("owner=ada", "owner bad_id", "usr_"),
		"a text too long":           list("q="+strings.Repeat("x", 256), "q bad_text", "255"),
		"a control character":       list("q=%00", "q bad_text", "control character"),
		"an expiry that is no time": list("expiresBefore=tomorrow", "expiresBefore bad_time", "RFC 3339"),
		"a use that is no time":     list("lastUsedBefore=2026", "lastUsedBefore bad_time", "RFC 3339"),
		"a made-up cursor":          list("limit=1&cursor=next", "cursor bad_cursor", "Start again"),
		"an empty cursor":           list("limit=1&cursor=", "cursor bad_cursor", "Start again"),
		"half a cursor":             list("limit=1&cursor="+cursor[:len(cursor)/2], "cursor bad_cursor", "Start again"),
		"a cursor of 600 letters":   list("limit=1&cursor="+strings.Repeat("A", 600), "cursor bad_cursor", "Start again"),
		"a cursor of another list":  list("limit=2&cursor="+cursor, "cursor bad_cursor", "same query"),
		"another user's cursor":     {bob, "GET", "/v1/tokens?limit=1&cursor=" + cursor, nil, nil, 400, "malformed_request", "cursor bad_cursor", "Start again"},
		"headers without end":       {ada, "GET", "/v1/tokens", nil, []string{"X-Padding", strings.Repeat("x", 10_240)}, 431, "refused", "", "refused"},
		"a parameter of scopes":     {ada, "GET", "/v1/scopes?role=admin", nil, nil, 400, "malformed_request", "role unknown_parameter", "no query parameters"},
		"a parameter of ping":       {ada, "GET", "/v1/ping?loud=1", nil, nil, 400, "malformed_request", "loud unknown_parameter", "no query parameters"},
	}
	for _, i := range []int{0, len(cursor) / 2, len(cursor) - 2} {
		calls[fmt.Sprintf("a cursor with character %d changed", i)] = list("limit=1&cursor="+forged(i), "cursor bad_cursor", "Start again")
	}
	refuses(t, []string{"acc_bad_list"}, calls)
	ada.call(t, "GET", "/v1/tokens?limit=1&cursor="+cursor, nil).want(t, 200)
}

func TestPathsAndMethodsThatDoNotExistAreNotFound(t *testing.T) {
	t.Parallel()
	ada := person(t, "acc_bad_path", "ada", "admin")
	token := ada.create(t, nil)
	unchanged(t, []string{"acc_bad_path"}, func() {
		for _, call := range [][2]string{
			{"GET", "/"}, {"GET", "/v2/tokens"}, {"PUT", token.path()}, {"POST", token.path()}, {"DELETE", "/v1/tokens"}, {"GET", token.path() + "/rotate"},
			{"DELETE", token.path() + "/rotate"}, {"POST", "/v1/ping"}, {"GET", "/v1//tokens"}, {"GET", "/V1/tokens"}, {"OPTIONS", "/v1/tokens"},
		} {
			for _, c := range []caller{ada, {}} {
				c.call(t, call[0], call[1], nil).want(t, 404)
			}
		}
	})
}
