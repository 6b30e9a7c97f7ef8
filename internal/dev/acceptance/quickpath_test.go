package acceptance

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

type orders struct {
	Caller struct {
		AccountID, UserID, TokenID, Kind, Environment string
		Scopes                                        []string
	}
	MayCreate bool
	Orders    []struct{ ID, Item string }
}

func TestFromSignInToARevokedToken(t *testing.T) {
	t.Parallel()
	ada := person(t, "acc_quick", "ada", "admin")

	created := ada.call(t, "POST", "/v1/tokens", object{
		"name": "laptop", "description": "my\tscripts", "scopes": []string{"orders:read"}, "expiresIn": "P30D", "allowedCidrBlocks": []string{"127.0.0.0/8", "::1/128"},
	}).want(t, 201)
	token := decode[tok](t, created)
	if token.Kind != "personal" || token.Environment != "live" || token.Status != "active" || !token.IsActive || token.Version != 1 ||
		token.AccountID != "acc_quick" || token.CreatedBy != token.UserID || !slices.Equal(token.AllowedCidrBlocks, []string{"127.0.0.0/8", "::1/128"}) {
		t.Errorf("created %+v", token)
	}
	if life := token.ExpiresAt.Sub(*token.CreatedAt); life != 30*24*time.Hour {
		t.Errorf("P30D became %v", life)
	}
	if !strings.HasPrefix(token.Token, "at_live_"+strings.TrimPrefix(token.ID, "tok_")+"_") || len(token.Token) != 69 {
		t.Errorf("the token does not have the documented form: %d characters", len(token.Token))
	}
	if location := created.header.Get("Location"); location != token.path() {
		t.Errorf("Location is %s, and the token is at %s", location, token.path())
	}

	listed := decode[orders](t, token.bearer().downstream(t, "GET", nil).want(t, 200))
	if c := listed.Caller; c.AccountID != "acc_quick" || c.UserID != token.UserID || c.TokenID != token.ID || c.Kind != "personal" || c.Environment != "live" ||
		!slices.Equal(c.Scopes, []string{"orders:read"}) || listed.MayCreate || len(listed.Orders) == 0 {
		t.Errorf("the example API saw %+v", listed)
	}
	token.bearer().downstream(t, "POST", object{"item": "lamp", "quantity": 1}).want(t, 403)

	all := decode[page](t, ada.call(t, "GET", "/v1/tokens", nil).want(t, 200))
	if len(all.Records) != 1 || all.Records[0].ID != token.ID || all.HasMore {
		t.Errorf("listed %+v", all)
	}
	shown := ada.call(t, "GET", created.header.Get("Location"), nil).want(t, 200)
	if got := decode[tok](t, shown); got.LastUsedAt == nil || got.LastUsedIP == nil || *got.LastUsedIP != "127.0.0.1" || got.Version != 1 {
		t.Errorf("its use is not noted: %+v", got)
	}

	renamed := ada.call(t, "PATCH", token.path(), object{"name": "desk", "isActive": false}, "If-Match", shown.header.Get("ETag")).want(t, 200)
	if got := decode[tok](t, renamed); got.Name != "desk" || got.Status != "inactive" || got.Version != 2 || renamed.header.Get("ETag") != `"2"` || got.Description != "my\tscripts" {
		t.Errorf("updated to %+v", got)
	}
	token.bearer().call(t, "GET", "/v1/ping", nil).want(t, 401)
	ada.call(t, "PATCH", token.path(), object{"isActive": true}, "Content-Type", "application/merge-patch+json; charset=utf-8").want(t, 200)
	token.bearer().call(t, "GET", "/v1/ping", nil).want(t, 200)

	gone := ada.call(t, "DELETE", token.path(), nil).want(t, 204)
	if gone.body != "" {
		t.Errorf("a body with 204: %s", gone.body)
	}
	token.bearer().call(t, "GET", "/v1/ping", nil).want(t, 401)
	token.bearer().downstream(t, "GET", nil).want(t, 401)
	ada.call(t, "DELETE", token.path(), nil).want(t, 204)
	if got := decode[tok](t, ada.call(t, "GET", token.path(), nil).want(t, 200)); got.Status != "revoked" || got.Version != 4 {
		t.Errorf("after revoking it twice: %+v", got)
	}
}

func TestARotatedSecretIsRefusedOnTheNextRequest(t *testing.T) {
	t.Parallel()
	ada := person(t, "acc_rotate", "ada", "analyst")
	token := ada.create(t, object{"scopes": []string{"orders:read"}})
	for range 3 {
		rotated := decode[tok](t, ada.call(t, "POST", token.path()+"/rotate", nil).want(t, 200))
		if rotated.ID != token.ID || rotated.Token == token.Token || !rotated.ExpiresAt.Equal(*token.ExpiresAt) || rotated.RotatedAt == nil || rotated.Version != token.Version+1 {
			t.Errorf("rotated to %+v", rotated)
		}
		token.bearer().downstream(t, "GET", nil).want(t, 401)
		token = rotated
		token.bearer().downstream(t, "GET", nil).want(t, 200)
	}
	rotated := decode[tok](t, ada.call(t, "POST", token.path()+"/rotate", object{"gracePeriod": nil}).want(t, 200))
	token.bearer().downstream(t, "GET", nil).want(t, 401)
	rotated.bearer().downstream(t, "GET", nil).want(t, 200)
}

func TestAGracePeriodKeepsTwoSecretsAndNoThird(t *testing.T) {
	t.Parallel()
	ada := person(t, "acc_grace", "ada", "viewer")
	first := ada.create(t, object{"scopes": []string{"orders:read"}})
	second := decode[tok](t, ada.call(t, "POST", first.path()+"/rotate", object{"gracePeriod": "PT24H"}).want(t, 200))
	for _, token := range []tok{first, second} {
		token.bearer().call(t, "GET", "/v1/ping", nil).want(t, 200)
	}
	third := decode[tok](t, second.bearer().call(t, "POST", "/v1/tokens/self/rotate", object{"gracePeriod": "P7D"}).want(t, 200))
	first.bearer().call(t, "GET", "/v1/ping", nil).want(t, 401)
	for _, token := range []tok{second, third} {
		token.bearer().call(t, "GET", "/v1/ping", nil).want(t, 200)
	}
	ada.call(t, "DELETE", third.path(), nil).want(t, 204)
	for _, token := range []tok{first, second, third} {
		token.bearer().call(t, "GET", "/v1/ping", nil).want(t, 401)
	}
}

func TestAServiceTokenActsForItselfWithItsOwnScopes(t *testing.T) {
	t.Parallel()
	ada := person(t, "acc_service", "ada", "admin")
	service := ada.create(t, object{"kind": "service", "scopes": []string{"tokens:*", "orders:*"}, "environment": "test", "expiresAt": nil})
	if service.UserID == service.CreatedBy || service.Kind != "service" || service.ExpiresAt != nil || !strings.HasPrefix(service.Token, "at_test_") {
		t.Errorf("created %+v", service)
	}
	order := service.bearer().downstream(t, "POST", object{"item": "lamp", "quantity": 1}).want(t, 201)
	if !strings.Contains(order.body, service.UserID) {
		t.Errorf("the order is not attributed to the token's own user: %s", order.body)
	}
	child := service.bearer().create(t, object{"scopes": []string{"orders:read"}})
	if child.Kind != "service" || child.CreatedBy != service.UserID || child.UserID == service.UserID {
		t.Errorf("a service token created %+v", child)
	}
	service.bearer().call(t, "PATCH", child.path(), object{"name": "narrowed", "scopes": []string{}}).want(t, 200)
	child.bearer().downstream(t, "GET", nil).want(t, 403)
	rotated := decode[tok](t, service.bearer().call(t, "POST", child.path()+"/rotate", nil).want(t, 200))
	rotated.bearer().call(t, "GET", "/v1/ping", nil).want(t, 200)
	service.bearer().call(t, "DELETE", child.path(), nil).want(t, 204)
	rotated.bearer().call(t, "GET", "/v1/ping", nil).want(t, 401)
	if all := decode[page](t, service.bearer().call(t, "GET", "/v1/tokens?kind=service", nil).want(t, 200)); len(all.Records) != 2 || all.Records[0].ID != child.ID {
		t.Errorf("listed %+v", all)
	}
}

func TestSelfIsTheCallingToken(t *testing.T) {
	t.Parallel()
	token := person(t, "acc_self", "ada", "viewer").create(t, object{"scopes": []string{}})
	shown := decode[tok](t, token.bearer().call(t, "GET", "/v1/tokens/self", nil).want(t, 200))
	if shown.ID != token.ID || shown.Token != "" {
		t.Errorf("self is %+v", shown)
	}
	token.bearer().call(t, "PATCH", "/v1/tokens/self", object{"name": "x"}).want(t, 403)
	rotated := decode[tok](t, token.bearer().call(t, "POST", "/v1/tokens/self/rotate", nil).want(t, 200))
	token.bearer().call(t, "GET", "/v1/tokens/self", nil).want(t, 401)
	rotated.bearer().call(t, "DELETE", "/v1/tokens/self", nil, "If-Match", `"2"`).want(t, 204)
	rotated.bearer().call(t, "GET", "/v1/tokens/self", nil).want(t, 401)
}

func TestEveryWayToPresentATokenWorks(t *testing.T) {
	t.Parallel()
	token := person(t, "acc_ways", "ada", "viewer").create(t, nil).Token
	for _, c := range []caller{
		{header: "Authorization", value: "Bearer " + token}, {header: "authorization", value: "bearer " + token}, {header: "AUTHORIZATION", value: "BEARER   " + token},
		{header: "Authorization", value: "token " + token}, {header: "Authorization", value: "Token " + token},
		{header: "X-API-Key", value: token}, {header: "x-api-key", value: token}, {header: "X-Api-Key", value: " " + token + "\t"},
	} {
		c.call(t, http.MethodGet, "/v1/ping", nil).want(t, 200)
	}
	bearer(token).call(t, "GET", "/v1/ping", nil, "X-API-Key", token).want(t, 200) // one credential, said twice
}

func TestScopesAreThoseTheOwnerHoldsNow(t *testing.T) {
	t.Parallel()
	analyst := person(t, "acc_now", "ada", "analyst")
	everything := analyst.create(t, nil)
	listed := analyst.create(t, object{"scopes": []string{"orders:*"}})
	if everything.Scopes != nil {
		t.Errorf("a token without a list of scopes has %v", everything.Scopes)
	}
	everything.bearer().downstream(t, "POST", object{"item": "lamp", "quantity": 1}).want(t, 201)
	listed.bearer().downstream(t, "POST", object{"item": "lamp", "quantity": 1}).want(t, 201)

	person(t, "acc_now", "ada", "viewer").create(t, nil) // the identity provider took the role away
	for _, token := range []tok{everything, listed} {
		token.bearer().downstream(t, "POST", object{"item": "lamp", "quantity": 1}).want(t, 403)
		token.bearer().downstream(t, "GET", nil).want(t, 200)
	}
}
