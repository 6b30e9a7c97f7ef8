package acceptance

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// bad is a call that must be refused.
type bad struct {
	caller       caller
	method, path string
	body         any
	headers      []string

	status int
	code   string // of the document
	field  string // "field code" of the one field it names; "" = names none
	says   string // what the sentence for people must hold
}

// isAttempt says whether the call was one to change something, understood, and then not let: that leaves a note.
func (b bad) isAttempt() bool {
	return b.method != "GET" && !strings.HasSuffix(b.path, "/check") && (b.status == 403 || b.status == 409)
}

var sentence = regexp.MustCompile(`^[A-Z…“"0-9a-z].*[.?!]$`)

// refuses makes the calls one by one: each must be refused as it says and change nothing of the accounts.
func refuses(t *testing.T, accounts []string, calls map[string]bad) {
	t.Helper()
	for name, b := range calls {
		t.Run(name, func(t *testing.T) {
			var a answer
			noted := unchanged(t, accounts, func() { a = b.caller.call(t, b.method, b.path, b.body, b.headers...).want(t, b.status) })
			p := decode[problem](t, a)
			if b.isAttempt() && (len(noted) != 1 || noted[0] != b.code) || !b.isAttempt() && len(noted) != 0 {
				t.Errorf("the audit notes %q", noted)
			}
			if p.Code != b.code {
				t.Errorf("code %s, want %s: %s", p.Code, b.code, a.body)
			}
			if b.field == "" {
				if len(p.Errors) != 0 {
					t.Errorf("fields are named: %s", a.body)
				}
			} else if len(p.Errors) != 1 || p.Errors[0].Field+" "+p.Errors[0].Code != b.field {
				t.Errorf("%s, want the one field %s", a.body, b.field)
			}
			said := p.Detail
			for _, e := range p.Errors {
				said += "\n" + e.Detail
			}
			for line := range strings.Lines(said) {
				if !sentence.MatchString(strings.TrimSpace(line)) {
					t.Errorf("%q is no sentence", line)
				}
			}
			if !strings.Contains(said, b.says) {
				t.Errorf("%q does not say %q", said, b.says)
			}
		})
	}
}

func list(n int, element func(int) string) (out []string) {
	for i := range n {
		out = append(out, element(i))
	}
	return out
}

func TestACreateThatCannotBeReadIsRefused(t *testing.T) {
	t.Parallel()
	ada := person(t, "acc_bad_body", "ada", "admin")
	refuse := func(body any, status int, code, field, says string, headers ...string) bad {
		return bad{ada, "POST", "/v1/tokens", body, headers, status, code, field, says}
	}
	malformed := func(body, field string) bad { return refuse(body, 400, "malformed_request", field, "") }
	media := func(contentType string) bad {
		return refuse(`{"name":"x"}`, 415, "unsupported_media_type", "", "application/json", "Content-Type", contentType)
	}
	deep := strings.Repeat(`[`, 20_000)
	refuses(t, []string{"acc_bad_body"}, map[string]bad{
		"no body":                  refuse(nil, 400, "malformed_request", "body not_json", "JSON object"),
		"a form":                   malformed(`name=x`, "body not_json"),
		"a list":                   malformed(`[{"name":"x"}]`, "body not_json"),
		"null":                     malformed(`null`, "body not_json"),
		"half an object":           malformed(`{"name":"x"`, "body not_json"),
		"two objects":              malformed(`{"name":"x"} {"name":"y"}`, "body not_json"),
		"not UTF-8":                malformed("{\"name\":\"\xff\"}", "body not_json"),
		"deeper than anybody goes": malformed(`{"name":`+deep, "body not_json"),
		"a doubled field":          malformed(`{"name":"x","name":"y"}`, "name repeated"),
		"an unknown field":         refuse(`{"name":"x","colour":"red"}`, 422, "invalid_fields", "colour unknown_field", "no such field"),
		"a slip of the pen":        refuse(`{"name":"x","expires_at":null}`, 422, "invalid_fields", "expires_at unknown_field", "expiresAt"),
		"a field in another case":  refuse(`{"name":"x","Kind":"service"}`, 422, "invalid_fields", "Kind unknown_field", "kind"),
		"a field of the answer":    refuse(`{"name":"x","id":"tok_x"}`, 422, "invalid_fields", "id read_only", "set"),
		"a secret of one's own":    refuse(`{"name":"x","token":"hunter2"}`, 422, "invalid_fields", "token read_only", "set"),
		"no content type":          media(""),
		"plain text":               media("text/plain"),
		"a form's content type":    media("application/x-www-form-urlencoded"),
		"over 64 KiB":              refuse(`{"name":"`+strings.Repeat("x", 64<<10)+`"}`, 413, "too_large", "", "64 KiB"),
		"over 6 MB":                refuse(`{"name":"`+strings.Repeat("x", 7<<20)+`"}`, 413, "too_large", "", "too large"),
		"over 10 MB":               refuse(strings.Repeat("x", 10<<20+1), 413, "too_large", "", "too large", "Expect", "100-continue"),
		"a query parameter": {
			ada, "POST", "/v1/tokens?dryRun=true", object{"name": "x"}, nil, 400, "malformed_request", "dryRun unknown_parameter", "no query parameters",
		},
		"an idempotency key too long":      refuse(object{"name": "x"}, 400, "malformed_request", "Idempotency-Key too_long", "255", "Idempotency-Key", strings.Repeat("k", 256)),
		"an empty idempotency key":         refuse(object{"name": "x"}, 400, "malformed_request", "Idempotency-Key empty", "leave the header out", "Idempotency-Key", ""),
		"an idempotency key of two words":  refuse(object{"name": "x"}, 400, "malformed_request", "Idempotency-Key bad_character", "ASCII", "Idempotency-Key", "my key"),
		"an idempotency key beyond ASCII":  refuse(object{"name": "x"}, 400, "malformed_request", "Idempotency-Key bad_character", "ASCII", "Idempotency-Key", "clé"),
		"headers over 10,240 bytes in all": refuse(object{"name": "x"}, 431, "refused", "", "refused", "X-Padding", strings.Repeat("x", 10_240)),
	})
}

func TestABadFieldOfACreateIsNamed(t *testing.T) {
	t.Parallel()
	ada, bob := person(t, "acc_bad_field", "ada", "admin"), person(t, "acc_bad_field", "bob", "analyst")
	short := ada.create(t, object{"kind": "service", "scopes": []string{"tokens:write"}, "expiresIn": "P1D"}).bearer()
	helper := ada.create(t, object{"scopes": []string{"tokens:write", "orders:read"}}).bearer()
	local := ada.create(t, object{"kind": "service", "scopes": []string{"tokens:write"}, "expiresAt": nil, "allowedCidrBlocks": []string{"127.0.0.1/32"}}).bearer()
	with := func(who caller, fields object, status int, code, field, says string) bad {
		body := object{"name": "x"}
		for name, value := range fields {
			body[name] = value
		}
		return bad{who, "POST", "/v1/tokens", body, nil, status, code, field, says}
	}
	invalid := func(name string, value any, code, says string) bad {
		field, _, _ := strings.Cut(code, " ")
		if field == code {
			code = name + " " + code
		}
		return with(ada, object{name: value}, 422, "invalid_fields", code, says)
	}
	addresses := func(i int) string { return fmt.Sprintf("10.0.%d.0/24", i) }
	refuses(t, []string{"acc_bad_field"}, map[string]bad{
		"no name":                       with(ada, object{"name": ""}, 422, "invalid_fields", "name required", "needs a name"),
		"a blank name":                  invalid("name", " \u00a0 ", "required", "needs a name"),
		"a name of 256 characters":      invalid("name", strings.Repeat("ä", 256), "too_long", "255"),
		"a line break in the name":      invalid("name", "a\nb", "control_character", "Control characters"),
		"an escape in the name":         invalid("name", "a\x1b[31mb", "control_character", "Control characters"),
		"a name of null":                invalid("name", nil, "wrong_type", "not null"),
		"a name that is a number":       invalid("name", 7, "wrong_type", "text"),
		"a description too long":        invalid("description", strings.Repeat("x", 1025), "too_long", "1024"),
		"a token in the name":           invalid("name", "was at_live_"+strings.Repeat("i", 22)+"_"+strings.Repeat("S", 38), "holds_token", "a token in it"),
		"a bell in the description":     invalid("description", "a\ab", "control_character", "Control characters"),
		"an unknown kind":               invalid("kind", "robot", "bad_value", "personal or service"),
		"an unknown environment":        invalid("environment", "prod", "bad_value", "live or test"),
		"an unknown scope":              invalid("scopes", []string{"orders:read", "orders:fly"}, "scopes[1] unknown_scope", "orders:fly"),
		"an unknown pattern":            invalid("scopes", []string{"moon:*"}, "scopes[0] unknown_scope", "/v1/scopes"),
		"scopes in one string":          invalid("scopes", "orders:read", "wrong_type", "list of scopes"),
		"over 100 scopes":               invalid("scopes", list(101, func(int) string { return "orders:read" }), "too_many", "100"),
		"an expiry in the past":         invalid("expiresAt", "2020-01-01T00:00:00Z", "in_past", "passed"),
		"an expiry at the zero time":    invalid("expiresAt", "0001-01-01T00:00:00Z", "bad_time", "RFC 3339"),
		"an expiry without a zone":      invalid("expiresAt", "2035-01-01T00:00:00", "bad_time", "RFC 3339"),
		"an expiry in the year 10000":   invalid("expiresAt", "9999-12-31T23:59:59-12:00", "bad_time", "RFC 3339"),
		"an expiry that is a number":    invalid("expiresAt", 1767225600, "wrong_type", "a time such as"),
		"a lifetime in words":           invalid("expiresIn", "3 months", "bad_duration", "P90D"),
		"a negative lifetime":           invalid("expiresIn", "-P1D", "bad_duration", "P90D"),
		"no lifetime at all":            invalid("expiresIn", "PT0S", "bad_duration", "P90D"),
		"a lifetime of 101 years":       invalid("expiresIn", "P101Y", "bad_duration", "P90D"),
		"expiresAt and expiresIn":       with(ada, object{"expiresAt": nil, "expiresIn": "P1D"}, 422, "invalid_fields", "expiresIn ambiguous", "not both"),
		"a start after the end":         with(ada, object{"notBefore": time.Now().Add(48 * time.Hour), "expiresIn": "P1D"}, 422, "invalid_fields", "notBefore after_expiry", "before it starts"),
		"no CIDR":                       invalid("allowedCidrBlocks", []string{"10.0.0.0/8", "localhost"}, "allowedCidrBlocks[1] bad_cidr", "localhost"),
		"an address without a length":   invalid("allowedCidrBlocks", []string{"203.0.113.7"}, "allowedCidrBlocks[0] bad_cidr", "203.0.113.7/32"),
		"a length over 32":              invalid("allowedCidrBlocks", []string{"203.0.113.0/33"}, "allowedCidrBlocks[0] bad_cidr", "CIDR"),
		"host bits":                     invalid("allowedCidrBlocks", []string{"203.0.113.7/24"}, "allowedCidrBlocks[0] host_bits", "203.0.113.0/24"),
		"host bits in IPv6":             invalid("allowedCidrBlocks", []string{"2001:db8::1/32"}, "allowedCidrBlocks[0] host_bits", "2001:db8::1/128"),
		"IPv4 inside IPv6":              invalid("allowedCidrBlocks", []string{"::ffff:10.0.0.0/104"}, "allowedCidrBlocks[0] bad_cidr", "IPv4"),
		"over 100 blocks":               invalid("allowedCidrBlocks", list(101, addresses), "too_many", "100"),
		"a service token of no scopes":  with(ada, object{"kind": "service"}, 422, "invalid_fields", "scopes required", "list its scopes"),
		"a token's token of no scopes":  with(helper, nil, 422, "invalid_fields", "scopes required", "must list"),
		"a service token's personal":    with(short, object{"kind": "personal", "scopes": []string{}}, 422, "invalid_fields", "kind not_a_person", "no person"),
		"a scope the person lacks":      with(bob, object{"scopes": []string{"orders:read", "tokens:write"}}, 403, "exceeds_caller", "", "tokens:write"),
		"a pattern the person lacks":    with(bob, object{"scopes": []string{"*"}}, 403, "exceeds_caller", "", "users:delete"),
		"a scope the token lacks":       with(helper, object{"scopes": []string{"orders:write"}}, 403, "exceeds_caller", "", "orders:write"),
		"a service token without leave": with(bob, object{"kind": "service", "scopes": []string{}}, 403, "insufficient_scope", "", "tokens:write"),
		"more addresses than its maker": with(local, object{"scopes": []string{}, "allowedCidrBlocks": []string{"127.0.0.0/8"}}, 403, "addresses_widened", "", "127.0.0.0/8"),
		"no addresses, by one with":     with(local, object{"scopes": []string{}, "allowedCidrBlocks": []string{}}, 403, "addresses_widened", "", "every address"),
		"addresses of null, by one":     with(local, object{"scopes": []string{}, "allowedCidrBlocks": nil}, 403, "addresses_widened", "", "every address"),
		"a life beyond the token's":     with(short, object{"scopes": []string{}, "expiresIn": "P30D"}, 403, "outlives_caller", "", "longer life"),
		"a life without an end":         with(short, object{"scopes": []string{}, "expiresAt": nil}, 403, "outlives_caller", "", "longer life"),
	})
}

func TestEveryBadFieldIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	ada := person(t, "acc_bad_all", "ada", "admin")
	a := ada.call(t, "POST", "/v1/tokens", object{"description": strings.Repeat("x", 1025), "scopes": []string{"a:b", "c:d"}, "expiresAt": "2020-01-01T00:00:00Z", "allowedCidrBlocks": []string{"x"}}).want(t, 422)
	var got []string
	for _, e := range decode[problem](t, a).Errors {
		got = append(got, e.Field)
	}
	if strings.Join(got, " ") != "name description allowedCidrBlocks[0] scopes[0] scopes[1] expiresAt" {
		t.Errorf("named %v", got)
	}
}

func TestAnAccountsPolicyBoundsLifetimes(t *testing.T) {
	t.Parallel()
	ada := person(t, "acc_policy", "ada", "admin")
	rules := object{"defaultLifetime": "P7D", "maxLifetime": "P30D", "allowNeverExpire": false}
	ada.call(t, "PUT", "/v1/settings", object{"personal": rules}, "If-Match", `"0"`).want(t, 200)
	refuse := func(name string, value any, field, says string) bad {
		return bad{ada, "POST", "/v1/tokens", object{"name": "x", name: value}, nil, 422, "invalid_fields", field, says}
	}
	refuses(t, []string{"acc_policy"}, map[string]bad{
		"a lifetime over the maximum": refuse("expiresIn", "P31D", "expiresIn over_maximum", "P30D"),
		"an expiry over the maximum":  refuse("expiresAt", time.Now().AddDate(0, 0, 31), "expiresAt over_maximum", "P30D"),
	})
	never := ada.call(t, "POST", "/v1/tokens", object{"name": "x", "expiresAt": nil}).want(t, 422)
	if p := decode[problem](t, never); p.Errors[0].Field != "expiresAt" || p.Errors[0].Code != "must_expire" {
		t.Errorf("a token without end: %s", never.body)
	}
	token := ada.create(t, nil)
	if life := token.ExpiresAt.Sub(*token.CreatedAt); life != 7*24*time.Hour {
		t.Errorf("the account's default of P7D became %v", life)
	}
}
