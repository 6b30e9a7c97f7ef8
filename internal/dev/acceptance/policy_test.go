package acceptance

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/validate"
)

type preview struct {
	Tokens, Examined int
	Complete         bool
	Examples         []struct{ ID, Name, Rule string }
}

type policy struct {
	Personal, Service map[string]any
	RolesFrom         string
	Version           int
	UpdatedAt         *time.Time
	Refuses           *preview
}

// enact replaces an account's policy, whatever it is, and waits until it counts everywhere.
func (c caller) enact(t *testing.T, body object) policy {
	t.Helper()
	now := c.call(t, "GET", "/v1/settings", nil).want(t, 200)
	p := decode[policy](t, c.call(t, "PUT", "/v1/settings", body, "If-Match", now.header.Get("ETag")).want(t, 200))
	if p.Version != decode[policy](t, now).Version+1 || p.UpdatedAt == nil {
		t.Errorf("%+v", p)
	}
	time.Sleep(validate.PolicyAge)
	return p
}

// breaks checks that a token is refused because of a rule.
func (k tok) breaks(t *testing.T, rule string) {
	t.Helper()
	a := k.bearer().call(t, "GET", "/v1/ping", nil).want(t, 403)
	if p := decode[problem](t, a); p.Code != "policy" || !strings.Contains(p.Detail, "("+rule+")") {
		t.Errorf("%s, want the rule %s", a.body, rule)
	}
	k.bearer().downstream(t, "GET", nil).want(t, 403)
}

func TestAPolicyRefusesAtUseWithinASecondAndLoosenedLetsIn(t *testing.T) {
	t.Parallel()
	ada := person(t, "acc_use", "ada", "admin")
	forever := ada.create(t, object{"expiresAt": nil, "scopes": []string{"tokens:read", "orders:read"}})
	year := ada.create(t, object{"expiresIn": "P1Y", "scopes": []string{"orders:read"}})
	whole := ada.create(t, object{"expiresIn": "P7D", "allowedCidrBlocks": []string{"127.0.0.0/8"}})
	open := ada.create(t, object{"expiresIn": "P7D", "scopes": []string{"orders:read"}, "allowedCidrBlocks": []string{"0.0.0.0/0"}})
	robot := ada.create(t, object{"kind": "service", "scopes": []string{"orders:*"}, "expiresAt": nil})
	all := []tok{forever, year, whole, open, robot}
	old := time.Now().AddDate(0, 0, -31).UnixMilli()
	unused := ada.create(t, object{"expiresIn": "P90D", "scopes": []string{}})
	set(t, unused.pk(), unused.sk(), "createdAt", &types.AttributeValueMemberN{Value: fmt.Sprint(old)})
	works := func(tokens ...tok) {
		t.Helper()
		for _, k := range tokens {
			k.bearer().call(t, "GET", "/v1/ping", nil).want(t, 200)
		}
	}
	works(all...)
	for _, tt := range []struct {
		settings object
		rule     string
		refused  []tok
		fine     []tok
	}{
		{object{"personal": object{"allowNeverExpire": false}}, "allowNeverExpire", []tok{forever}, []tok{year, whole, robot}},
		{object{"personal": object{"maxLifetime": "P30D", "defaultLifetime": "P7D", "allowNeverExpire": false}}, "maxLifetime", []tok{year}, []tok{whole, robot}},
		{object{"personal": object{"requireCidrBlocks": true}}, "requireCidrBlocks", []tok{forever, year, open}, []tok{whole, robot}},
		{object{"personal": object{"allowedScopes": []string{"orders:*"}}}, "allowedScopes", []tok{forever}, []tok{year, whole, robot}},
		{object{"service": object{"allowedScopes": []string{"orders:read"}}}, "allowedScopes", []tok{robot}, []tok{forever, year, whole}},
		{object{"personal": object{"revokeUnusedAfter": "P30D"}}, "revokeUnusedAfter", []tok{unused}, []tok{forever, year, whole, robot}},
	} {
		asked := decode[preview](t, ada.call(t, "POST", "/v1/settings/preview", tt.settings).want(t, 200))
		said := ada.enact(t, tt.settings)
		if fmt.Sprint(*said.Refuses) != fmt.Sprint(asked) || asked.Examined != 6 || !asked.Complete || len(asked.Examples) != asked.Tokens {
			t.Errorf("%s: preview %+v, then %+v", tt.rule, asked, said.Refuses)
		}
		for _, k := range tt.refused {
			k.breaks(t, tt.rule)
			if !strings.Contains(fmt.Sprint(asked.Examples), k.ID+" "+k.Name+" "+tt.rule) {
				t.Errorf("the preview does not name %s: %+v", k.ID, asked)
			}
		}
		works(tt.fine...)
		ada.enact(t, object{})
		works(all...)
	}
	// A token without a list is cut; an outer address list counts for all.
	ada.enact(t, object{"personal": object{"allowedScopes": []string{"orders:read"}}})
	whole.bearer().downstream(t, "GET", nil).want(t, 200)
	whole.bearer().call(t, "GET", "/v1/settings", nil).want(t, 403)
	ada.enact(t, object{"allowedCidrBlocks": []string{"203.0.113.0/24"}})
	for _, k := range all {
		if p := decode[problem](t, k.bearer().call(t, "GET", "/v1/ping", nil).want(t, 403)); p.Code != "ip_denied" {
			t.Errorf("%+v", p)
		}
	}
	ada.call(t, "GET", "/v1/ping", nil).want(t, 200) // a person can still change it
	ada.enact(t, object{"allowedCidrBlocks": []string{"127.0.0.0/8"}})
	works(all...)
}

func TestAPolicyBoundsWhatIsCreated(t *testing.T) {
	t.Parallel()
	const account = "acc_bounds"
	ada := person(t, account, "ada", "admin")
	ada.create(t, nil)
	ada.enact(t, object{
		"personal": object{"requireCidrBlocks": true, "maxTokensPerUser": 2, "allowedScopes": []string{"orders:*"}}, "service": object{"allowedScopes": []string{"tokens:read"}},
	})
	refuse := func(fields object, status int, code, field, says string) bad {
		return bad{ada, "POST", "/v1/tokens", fields, nil, status, code, field, says}
	}
	here := []string{"127.0.0.0/8"}
	refuses(t, []string{account}, map[string]bad{
		"no address list":           refuse(object{"name": "x"}, 422, "invalid_fields", "allowedCidrBlocks required", "address list"),
		"a list of everywhere":      refuse(object{"name": "x", "allowedCidrBlocks": []string{"0.0.0.0/1", "128.0.0.0/1"}}, 422, "invalid_fields", "allowedCidrBlocks required", "whole internet"),
		"a scope that is not meant": refuse(object{"name": "x", "scopes": []string{"tokens:read"}, "allowedCidrBlocks": here}, 422, "invalid_fields", "scopes not_allowed", "do not allow"),
		"a service token's scope":   refuse(object{"name": "x", "kind": "service", "scopes": []string{"orders:read"}}, 422, "invalid_fields", "scopes not_allowed", "do not allow"),
	})
	second := ada.create(t, object{"allowedCidrBlocks": here})
	refuses(t, []string{account}, map[string]bad{
		"a list taken away": {ada, "PATCH", second.path(), object{"allowedCidrBlocks": nil}, nil, 422, "invalid_fields", "allowedCidrBlocks required", "address list"},
	})
	refuses(t, []string{account}, map[string]bad{"a third token": refuse(object{"name": "x", "allowedCidrBlocks": here}, 409, "too_many_tokens", "", "allow 2")})
	ada.create(t, object{"kind": "service", "scopes": []string{"tokens:read"}})
	ada.call(t, "DELETE", second.path(), nil).want(t, 204)
	ada.create(t, object{"allowedCidrBlocks": here})
}

func TestAdministratorsRevokePersonalTokensWhereTheAccountLetsThem(t *testing.T) {
	t.Parallel()
	ada, bob := person(t, "acc_admins", "ada", "admin"), person(t, "acc_admins", "bob", "analyst")
	token := bob.create(t, nil)
	ada.call(t, "DELETE", token.path(), nil).want(t, 403)
	ada.enact(t, object{"adminsMayRevokePersonalTokens": true})
	ada.call(t, "POST", token.path()+"/rotate", nil).want(t, 403)
	ada.call(t, "DELETE", token.path(), nil).want(t, 204)
	token.bearer().call(t, "GET", "/v1/ping", nil).want(t, 401)
}

func TestAPolicyIsNeverWrittenBlindNorAgainstItself(t *testing.T) {
	t.Parallel()
	const account = "acc_blind"
	ada := person(t, account, "ada", "admin")
	first := ada.call(t, "GET", "/v1/settings", nil).want(t, 200)
	if p := decode[policy](t, first); p.Version != 0 || first.header.Get("ETag") != `"0"` || p.RolesFrom != "identity-provider" || p.Personal["defaultLifetime"] != "P90D" || p.UpdatedAt != nil {
		t.Errorf("%s", first.body)
	}
	ada.call(t, "PUT", "/v1/settings", first.body, "If-Match", `"0"`).want(t, 200) // what was read can be sent back
	ada.enact(t, object{"service": object{"maxLifetime": "P1Y", "allowNeverExpire": false}})
	for _, stale := range []string{`"0"`, `"7"`, `W/"1"`} {
		p := decode[problem](t, ada.call(t, "PUT", "/v1/settings", object{}, "If-Match", stale).want(t, 412))
		if p.Code != "version_mismatch" {
			t.Errorf("%s: %+v", stale, p)
		}
	}
	calls := map[string]bad{
		"without a version": {ada, "PUT", "/v1/settings", object{}, nil, 428, "if_match_required", "", "If-Match"},
		"for any version":   {ada, "PUT", "/v1/settings", object{}, []string{"If-Match", "*"}, 428, "if_match_required", "", "If-Match"},
		"for no tag":        {ada, "PUT", "/v1/settings", object{}, []string{"If-Match", ""}, 400, "malformed_request", "If-Match bad_etag", "ETag"},
		"for half a tag":    {ada, "PUT", "/v1/settings", object{}, []string{"If-Match", `"1`}, 400, "malformed_request", "If-Match bad_etag", "ETag"},
	}
	for what, tt := range map[string]struct {
		body  object
		field string
		says  string
	}{
		"a default over the maximum":      {object{"personal": object{"defaultLifetime": "P2Y", "maxLifetime": "P1Y", "allowNeverExpire": false}}, "personal.defaultLifetime contradiction", "over the maximum"},
		"no end under a maximum":          {object{"service": object{"maxLifetime": "P1Y"}}, "service.allowNeverExpire contradiction", "exclude each other"},
		"an end nobody says":              {object{"personal": object{"defaultLifetime": nil, "allowNeverExpire": false}}, "personal.defaultLifetime contradiction", "default lifetime"},
		"an unknown scope":                {object{"personal": object{"allowedScopes": []string{"orders:fly"}}}, "personal.allowedScopes[0] unknown_scope", "orders:fly"},
		"a negative number of tokens":     {object{"personal": object{"maxTokensPerUser": -1}}, "personal.maxTokensPerUser bad_value", "100,000"},
		"no tokens at all":                {object{"personal": object{"maxTokensPerUser": 0}}, "personal.maxTokensPerUser bad_value", "null for no limit"},
		"a number of service tokens":      {object{"service": object{"maxTokensPerUser": 5}}, "service.maxTokensPerUser no_effect", "user of its own"},
		"a number in words":               {object{"personal": object{"maxTokensPerUser": "five"}}, "personal.maxTokensPerUser wrong_type", "number"},
		"roles from nowhere":              {object{"rolesFrom": "ldap"}, "rolesFrom bad_value", "tokenwright"},
		"a lifetime in words":             {object{"service": object{"defaultLifetime": "a year"}}, "service.defaultLifetime bad_duration", "P90D"},
		"host bits":                       {object{"allowedCidrBlocks": []string{"10.0.0.1/8"}}, "allowedCidrBlocks[0] host_bits", "10.0.0.0/8"},
		"an unknown rule":                 {object{"personal": object{"colour": "red"}}, "personal.colour unknown_field", "no such field"},
		"rules that are a list":           {object{"personal": []string{}}, "personal wrong_type", "object"},
		"an unknown setting":              {object{"maxLifetime": "P1Y"}, "maxLifetime unknown_field", "no such field"},
		"a truth that is text":            {object{"adminsMayRevokePersonalTokens": "yes"}, "adminsMayRevokePersonalTokens wrong_type", "true or false"},
		"the same for what might be told": {object{"personal": object{"defaultLifetime": "P2Y", "maxLifetime": "P1Y", "allowNeverExpire": false}}, "personal.defaultLifetime contradiction", "over the maximum"},
	} {
		calls[what] = bad{ada, "PUT", "/v1/settings", tt.body, []string{"If-Match", strconv.Quote("1")}, 422, "invalid_fields", tt.field, tt.says}
		calls[what+", previewed"] = bad{ada, "POST", "/v1/settings/preview", tt.body, nil, 422, "invalid_fields", tt.field, tt.says}
	}
	refuses(t, []string{account}, calls)
	unchanged(t, []string{account}, func() {
		ada.call(t, "POST", "/v1/settings/preview", object{"personal": object{"requireCidrBlocks": true}}).want(t, 200)
	})
}

func TestTheLimitOfTokensIsExactHoweverManyAskAtOnce(t *testing.T) {
	t.Parallel()
	ada := person(t, "acc_limit", "ada", "admin")
	first := ada.create(t, object{"scopes": []string{"tokens:write"}})
	ada.enact(t, object{"personal": object{"maxTokensPerUser": 3}})
	var statuses [12]int
	var wg sync.WaitGroup
	for i := range statuses {
		who := ada
		if i%2 == 0 {
			who = first.bearer()
		}
		wg.Go(func() {
			a := who.call(t, "POST", "/v1/tokens", object{"name": "x", "scopes": []string{}})
			if statuses[i] = a.status; a.status != 201 && decode[problem](t, a).Code != "too_many_tokens" {
				t.Errorf("%s", a.body)
			}
		})
	}
	wg.Wait()
	slices.Sort(statuses[:])
	if statuses[1] != 201 || statuses[2] != 409 {
		t.Errorf("%v, want two made", statuses)
	}
	ada.call(t, "POST", "/v1/tokens/revoke-issued-before", object{"before": time.Now(), "userId": "me"}).want(t, 204)
	ada.create(t, nil)
}
