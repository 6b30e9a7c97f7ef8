package acceptance

import (
	"net/url"
	"strings"
	"testing"
)

const (
	scimUser  = "urn:ietf:params:scim:schemas:core:2.0:User"
	scimPatch = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

func scimPath(token tok) string {
	if token.UserID == "" {
		return "/scim/v2/Users/usr_00000000000"
	}
	return "/scim/v2/Users/" + token.UserID
}

func active(is bool) object {
	return object{"schemas": []string{scimPatch}, "Operations": []object{{"op": "replace", "value": object{"active": is}}}}
}

// scimPerson is a user as SCIM shows one.
type scimPerson struct {
	ID, UserName, DisplayName, ExternalID string
	Active                                bool
	Roles                                 []struct{ Value string }
	Meta                                  struct{ Version, Location string }
}

type scimPage struct {
	TotalResults int
	Resources    []scimPerson
}

// directory is an identity provider's service token.
func directory(t *testing.T, admin caller, scopes ...string) caller {
	t.Helper()
	return admin.create(t, object{"name": "directory", "kind": "service", "scopes": append(scopes, "scim:users")}).bearer()
}

func TestAnIdentityProviderCreatesSuspendsAndOffboards(t *testing.T) {
	t.Parallel()
	const account = "acc_scim"
	ada := person(t, account, "ada", "admin")
	okta := directory(t, ada)
	find := func(name string) scimPage {
		t.Helper()
		return decode[scimPage](t, okta.call(t, "GET", "/scim/v2/Users?startIndex=1&count=100&filter="+url.QueryEscape(`userName eq "`+name+`"`), nil).want(t, 200))
	}
	if found := find("bob"); found.TotalResults != 0 {
		t.Errorf("%+v", found)
	}
	body := object{"schemas": []string{scimUser}, "userName": "bob", "externalId": "00u1", "active": true, "name": object{"givenName": "Bob", "familyName": "Ross"},
		"emails": []object{{"primary": true, "value": "bob@example.com", "type": "work"}}, "locale": "en-US", "groups": []string{}}
	created := decode[scimPerson](t, okta.call(t, "POST", "/scim/v2/Users", body, "Content-Type", "application/scim+json").want(t, 201))
	if !created.Active || created.DisplayName != "Bob Ross" || len(created.Roles) != 0 {
		t.Errorf("%+v", created)
	}
	path := "/scim/v2/Users/" + created.ID
	okta.call(t, "POST", "/scim/v2/Users", body).want(t, 409)
	if found := find("bob"); found.TotalResults != 1 || found.Resources[0].ID != created.ID {
		t.Errorf("%+v", found)
	}
	bob := person(t, account, "bob", "analyst") // signs in, and brings roles
	if him := bob.me(t); him.ID != created.ID || him.DisplayName != "Bob Ross" || strings.Join(him.Roles, " ") != "analyst" {
		t.Errorf("%+v", him)
	}
	token := bob.create(t, nil)

	okta.call(t, "PATCH", path, active(false)).want(t, 200)
	refusedEverywhere(t, token.bearer(), token)
	refusedEverywhere(t, bob, token)
	back := okta.call(t, "PATCH", path, active(true)).want(t, 200)
	token.bearer().downstream(t, "GET", nil).want(t, 200)
	tag := back.header.Get("Etag")
	okta.call(t, "GET", path, nil, "If-None-Match", tag).want(t, 304)

	body["displayName"] = "Robert"
	okta.call(t, "PUT", path, body, "If-Match", `W/"1"`).want(t, 412)
	if renamed := decode[scimPerson](t, okta.call(t, "PUT", path, body, "If-Match", tag).want(t, 200)); renamed.DisplayName != "Robert" || !renamed.Active || len(renamed.Roles) != 1 {
		t.Errorf("%+v", renamed)
	}
	okta.call(t, "PATCH", path, active(false), "If-Match", tag).want(t, 412)
	okta.call(t, "DELETE", path, nil, "If-Match", tag).want(t, 412)
	okta.call(t, "DELETE", path, nil).want(t, 204)
	refusedEverywhere(t, token.bearer(), token)
	for _, method := range []string{"GET", "DELETE"} {
		okta.call(t, method, path, nil).want(t, 404)
	}
	okta.call(t, "PUT", path, body).want(t, 404)
	okta.call(t, "PATCH", path, active(true)).want(t, 404)
	if removed := purged(t, ada, human{ID: created.ID}); removed != 1 {
		t.Errorf("%d tokens were removed", removed)
	}
	again := decode[scimPerson](t, okta.call(t, "POST", "/scim/v2/Users", body).want(t, 201))
	if again.ID != created.ID || len(again.Roles) != 0 {
		t.Errorf("%+v", again)
	}
	refusedEverywhere(t, token.bearer(), token)
	events := decode[eventPage](t, ada.call(t, "GET", "/v1/events?limit=100&outcome=done&user="+created.ID, nil).want(t, 200)).Records
	var actions []string
	for _, e := range events {
		actions = append(actions, strings.TrimPrefix(e.Action, "user."))
	}
	if strings.Join(actions, " ") != "created offboarded updated resumed suspended updated created" {
		t.Errorf("the audit says %v", actions)
	}
}

func TestSCIMRefusesInItsOwnWords(t *testing.T) {
	t.Parallel()
	const account = "acc_scim_bad"
	ada, bob := person(t, account, "ada", "admin"), person(t, account, "bob", "viewer")
	provider, outsider := directory(t, ada), ada.create(t, object{"kind": "service", "scopes": []string{"users:*"}}).bearer()
	her, him := "/scim/v2/Users/"+ada.me(t).ID, "/scim/v2/Users/"+bob.me(t).ID
	user := object{"schemas": []string{scimUser}, "userName": "eve"}
	large := `{"x":"` + strings.Repeat("x", 64<<10) + `"}`
	long := strings.Repeat("x", 10_240)
	stranger := directory(t, person(t, "acc_scim_stranger", "eve", "admin"))
	for _, call := range []struct {
		caller       caller
		method, path string
		body         any
		status       int
		scimType     string
		headers      []string
	}{
		{provider, "GET", "/scim/v2/Users?filter=" + url.QueryEscape(`title eq "x"`), nil, 400, "invalidFilter", nil},
		{provider, "GET", "/scim/v2/Users?count=x", nil, 400, "invalidValue", nil},
		{provider, "POST", "/scim/v2/Users", `{`, 400, "invalidSyntax", nil},
		{provider, "POST", "/scim/v2/Users", object{"schemas": []string{"urn:x"}, "userName": "x"}, 400, "invalidValue", nil},
		{provider, "PUT", him, user, 400, "mutability", nil},
		{provider, "PATCH", him, object{"schemas": []string{scimPatch}, "Operations": []object{{"op": "remove"}}}, 400, "noTarget", nil},
		{provider, "PATCH", him, object{"schemas": []string{scimPatch}, "Operations": []object{{"op": "add", "path": "a[", "value": 1}}}, 400, "invalidPath", nil},
		{outsider, "POST", "/scim/v2/Users", user, 403, "", nil}, {outsider, "GET", "/scim/v2/Users", nil, 403, "", nil}, {outsider, "GET", him, nil, 403, "", nil},
		{outsider, "PUT", him, object{"schemas": []string{scimUser}, "userName": "bob"}, 403, "", nil}, {outsider, "PATCH", him, active(false), 403, "", nil}, {outsider, "DELETE", him, nil, 403, "", nil},
		{stranger, "GET", him, nil, 404, "", nil}, {stranger, "PATCH", him, active(false), 404, "", nil}, {stranger, "DELETE", him, nil, 404, "", nil},
		{provider, "GET", "/scim/v2/Users/ada", nil, 404, "", nil}, {provider, "GET", "/scim/v2/Schemas/urn:x", nil, 404, "", nil}, {provider, "GET", "/scim/v2/ResourceTypes/Group", nil, 404, "", nil},
		{provider, "POST", "/scim/v2/Users", large, 413, "", nil}, {provider, "PUT", him, large, 413, "", nil}, {provider, "PATCH", him, large, 413, "", nil},
		{provider, "POST", "/scim/v2/Users", `{}`, 415, "", []string{"Content-Type", "text/plain"}}, {provider, "PUT", him, `{}`, 415, "", []string{"Content-Type", "text/plain"}},
		{provider, "PATCH", him, `{}`, 415, "", []string{"Content-Type", "text/plain"}},
	} {
		a := call.caller.call(t, call.method, call.path, call.body, call.headers...).want(t, call.status)
		e := decode[struct {
			Schemas                  []string
			Status, ScimType, Detail string
		}](t, a)
		if len(e.Schemas) != 1 || e.ScimType != call.scimType || !sentence.MatchString(e.Detail) {
			t.Errorf("%s %s: %s", call.method, call.path, a.body)
		}
	}
	for _, o := range contract.operations {
		if path, ok := strings.CutPrefix(o.path, "/scim/v2"); ok {
			provider.call(t, o.method, "/scim/v2"+strings.Replace(path, "{id}", "x", 1), nil, "X-Padding", long).want(t, 431)
			if endless := strings.Replace(path, "{id}", strings.Repeat("x", 1600), 1); endless != path {
				provider.call(t, o.method, "/scim/v2"+endless, nil).want(t, 414)
			}
		}
	}
	for _, path := range []string{"/ServiceProviderConfig", "/ResourceTypes", "/ResourceTypes/User", "/Schemas", "/Schemas/" + scimUser} {
		provider.call(t, "GET", "/scim/v2"+path, nil).want(t, 200)
	}
	provider.call(t, "GET", him, nil).want(t, 200)
	// Roles are the account's own: the last administrator stays, and nobody gives what they do not hold.
	rolesHere(t, ada)
	provider.call(t, "PUT", her, object{"schemas": []string{scimUser}, "userName": "ada", "active": false}).want(t, 409)
	provider.call(t, "PATCH", her, active(false)).want(t, 409)
	provider.call(t, "DELETE", her, nil).want(t, 409)
	provider.call(t, "POST", "/scim/v2/Users", object{"schemas": []string{scimUser}, "userName": "eve", "roles": []string{"admin"}}).want(t, 403)
	giver := directory(t, ada, "*:read")
	if made := decode[scimPerson](t, giver.call(t, "POST", "/scim/v2/Users", object{"schemas": []string{scimUser}, "userName": "eve", "roles": []object{{"value": "viewer"}}}).want(t, 201)); len(made.Roles) != 1 {
		t.Errorf("%+v", made)
	}
	// What cannot be read is our fault.
	set(t, "OWNER#"+strings.TrimPrefix(him, "/scim/v2/Users/usr_"), "PROFILE", "type", str("no user"))
	for _, call := range [][3]any{
		{"GET", "/scim/v2/Users", nil}, {"GET", him, nil}, {"DELETE", him, nil}, {"PATCH", him, active(false)}, {"PUT", him, object{"schemas": []string{scimUser}, "userName": "bob"}},
		{"POST", "/scim/v2/Users", object{"schemas": []string{scimUser}, "userName": "bob"}},
	} {
		a := provider.call(t, call[0].(string), call[1].(string), call[2]).want(t, 500)
		if strings.Contains(a.body, "item") || strings.Contains(a.body, "PROFILE") {
			t.Errorf("%s", a.body)
		}
	}
}
