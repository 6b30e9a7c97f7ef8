package scim_test

import (
	"net/url"
	"slices"
	"testing"

	"github.com/tokenwright/tokenwright/internal/user"
)

func filter(expression string) string { return "/scim/v2/Users?filter=" + url.QueryEscape(expression) }

const (
	listed = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	core   = "urn:ietf:params:scim:schemas:core:2.0:User"
)

// The requests of Okta's SCIM 2.0 specification test, in its order, and those of its lifecycle documentation after it.
func TestOkta(t *testing.T) {
	p := start(t)
	p.call("POST", "/scim/v2/Users", `{"schemas":["`+core+`"],"userName":"first@okta.local","name":{"givenName":"Fi","familyName":"Rst"},"emails":[{"primary":true,"value":"first@okta.local","type":"work"}]}`).is(201)

	// Required test: the Users endpoint has at least one user, of the expected form.
	first := p.call("GET", "/scim/v2/Users?count=1&startIndex=1", "").is(200, "schemas.0", listed, "itemsPerPage", 1.0, "startIndex", 1.0, "totalResults", 1.0,
		"Resources.0.name.familyName", "Rst", "Resources.0.name.givenName", "Fi", "Resources.0.userName", "first@okta.local", "Resources.0.active", true,
		"Resources.0.emails.0.value", "first@okta.local", "Resources.0.schemas.0", core)
	id, _ := first.at("Resources.0.id").(string)
	// Required test: get that user by id.
	p.call("GET", "/scim/v2/Users/"+id, "").is(200, "id", id, "name.familyName", "Rst", "emails.0.value", "first@okta.local", "meta.resourceType", "User")
	// Required test: a filter that matches nobody.
	p.call("GET", filter(`userName eq "nobody@okta.local"`)+"&startIndex=1&count=100", "").is(200, "schemas.0", listed, "totalResults", 0.0)
	// Required test: an id that does not exist.
	p.call("GET", "/scim/v2/Users/010101001010101011001010101011", "").refuses(404, nil)
	// Required test: the user about to be created does not exist.
	p.call("GET", filter(`userName eq "Runscope300@okta.local"`), "").is(200, "totalResults", 0.0)
	// Required test: create it, as Okta does.
	realistic := `{"schemas":["` + core + `"],"userName":"runscope300@okta.local","name":{"givenName":"Runscope","familyName":"Fan"},
		"emails":[{"primary":true,"value":"runscope300@okta.local","type":"work"}],"displayName":"Runscope Fan","locale":"en-US",
		"externalId":"00ujl29u0le5T6Aj10h7","groups":[],"password":"1mz050nq","active":true}`
	created := p.call("POST", "/scim/v2/Users", realistic).is(201, "active", true, "name.familyName", "Fan", "name.givenName", "Runscope",
		"schemas.0", core, "userName", "runscope300@okta.local", "externalId", "00ujl29u0le5T6Aj10h7", "displayName", "Runscope Fan")
	id = created.id()
	if created.headers["Location"] != "https://api.example.com/live/scim/v2/Users/"+id || created.at("meta.location") != created.headers["Location"] || created.at("password") != nil {
		t.Errorf("%v %s", created.headers, created.text)
	}
	// Required test: it is there.
	p.call("GET", "/scim/v2/Users/"+id, "").is(200, "userName", "runscope300@okta.local", "name.familyName", "Fan")
	// Required test: it cannot be created again.
	p.call("POST", "/scim/v2/Users", realistic).refuses(409, "uniqueness")
	// Update.
	p.call("PUT", "/scim/v2/Users/"+id, `{"schemas":["`+core+`"],"id":"`+id+`","userName":"runscope300@okta.local","name":{"givenName":"Another","middleName":"Excited","familyName":"User"},
		"emails":[{"primary":true,"value":"another@okta.local","type":"work"}],"active":true,"groups":[],"meta":{"resourceType":"User"}}`).is(200,
		"name.givenName", "Another", "name.familyName", "User", "emails.0.value", "another@okta.local", "active", true, "displayName", "Another User")
	// Deactivate, both ways that Okta has, and reactivate.
	p.call("PATCH", "/scim/v2/Users/"+id, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","value":{"active":false}}]}`).is(200, "active", false)
	if u := p.stored(id); u.Status != user.Suspended {
		t.Errorf("deactivated, the user is %s", u.Status)
	}
	p.call("PATCH", "/scim/v2/Users/"+id, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","value":{"active":true}}]}`).is(200, "active", true)
	p.call("PUT", "/scim/v2/Users/"+id, `{"schemas":["`+core+`"],"userName":"runscope300@okta.local","active":false}`).is(200, "active", false)
	p.call("GET", filter(`userName eq "runscope300@okta.local"`), "").is(200, "totalResults", 1.0, "Resources.0.id", id, "Resources.0.active", false)
	p.call("PUT", "/scim/v2/Users/"+id, `{"schemas":["`+core+`"],"userName":"runscope300@okta.local","active":true}`).is(200, "active", true)

	want := []string{"user.resumed", "user.suspended", "user.resumed", "user.suspended", "user.updated", "user.created uniqueness", "user.created"}
	if got := p.actions(id); !slices.Equal(got, want) {
		t.Errorf("the audit says %v, want %v", got, want)
	}
}

// The requests of Microsoft's "Develop and plan provisioning for a SCIM endpoint in Microsoft Entra ID", and of its validator.
func TestEntraID(t *testing.T) {
	p := start(t)
	patch := func(operations string) string {
		return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + operations + `]}`
	}
	// Testing the connection: a filter for somebody who does not exist.
	p.call("GET", filter(`userName eq "3d5ae6a9-8d44-4d3b-b5e9-2d2a1fa8c2aa"`), "").is(200, "totalResults", 0.0, "schemas.0", listed, "startIndex", 1.0)
	const name = "Test_User_ab6490ee-1e48-479e-a20b-2d77186b5dd1"
	created := p.call("POST", "/scim/v2/Users", `{"schemas":["`+core+`","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
		"externalId":"0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef","userName":"`+name+`","active":true,
		"emails":[{"primary":true,"type":"work","value":"Test_User_fd0ea19b-0777-472c-9f96-4f70d2226f2e@testuser.com"}],
		"meta":{"resourceType":"User"},"name":{"formatted":"givenName familyName","familyName":"familyName","givenName":"givenName"},"roles":[],
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"bob","manager":{"value":"SuzzyQ"}}}`).is(201,
		"externalId", "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef", "userName", name, "active", true, "name.familyName", "familyName", "displayName", "givenName familyName")
	id := created.id()
	p.call("GET", "/scim/v2/Users/"+id, "").is(200, "userName", name)
	p.call("GET", filter(`userName eq "`+name+`"`), "").is(200, "totalResults", 1.0, "itemsPerPage", 1.0, "Resources.0.externalId", "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef")
	p.call("GET", filter(`externalId eq "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef"`), "").is(200, "totalResults", 1.0, "Resources.0.id", id)
	p.call("GET", filter(`userName eq "non-existent user"`), "").is(200, "totalResults", 0.0)
	p.call("GET", "/scim/v2/Users/5171a35d82074e068ce2", "").refuses(404, nil)
	// Update: multi-valued and single-valued properties.
	p.call("PATCH", "/scim/v2/Users/"+id, patch(`{"op":"Replace","path":"emails[type eq \"work\"].value","value":"updatedEmail@microsoft.com"},
		{"op":"Replace","path":"name.familyName","value":"updatedFamilyName"}`)).is(200, "emails.0.value", "updatedEmail@microsoft.com", "name.familyName", "updatedFamilyName")
	p.call("PATCH", "/scim/v2/Users/"+id, patch(`{"op":"Replace","path":"displayName","value":"Ab"},{"op":"Add","path":"nickName","value":"Babs"},
		{"op":"Replace","path":"userName","value":"`+name+`"},
		{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department","value":"Sales"}`)).is(200, "displayName", "Ab")
	// The form with the flag aadOptscim062020: one operation with paths for names.
	p.call("PATCH", "/scim/v2/Users/"+id, patch(`{"op":"replace","value":{"displayName":"Bjfe","name.givenName":"Kkom","emails[type eq \"work\"].value":"kk@microsoft.com",
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department":"Legal"}}`)).is(200, "displayName", "Bjfe", "name.givenName", "Kkom", "emails.0.value", "kk@microsoft.com")
	// The user's name cannot change, because tokens are bound to it.
	p.call("PATCH", "/scim/v2/Users/"+id, patch(`{"op":"Replace","path":"userName","value":"5b50642d@testuser.com"}`)).refuses(400, "mutability")
	// Disable: as booleans, and as the strings that Entra ID sends without the flag.
	for _, value := range []string{`false`, `"False"`} {
		p.call("PATCH", "/scim/v2/Users/"+id, patch(`{"op":"Replace","path":"active","value":`+value+`}`)).is(200, "active", false)
		p.call("PATCH", "/scim/v2/Users/"+id, patch(`{"op":"Add","path":"active","value":"True"}`)).is(200, "active", true)
	}
	p.call("PATCH", "/scim/v2/Users/"+id, patch(`{"op":"Remove","path":"displayName"}`)).is(200, "displayName", nil)
	// Delete, for good; and create anew.
	p.call("DELETE", "/scim/v2/Users/"+id, "").is(204)
	if u := p.stored(id); u.Status != user.Offboarded || u.Generation != 1 || u.Purge.State != user.PurgePending {
		t.Errorf("deleted, the user is %+v", u)
	}
	p.call("GET", "/scim/v2/Users/"+id, "").refuses(404, nil)
	p.call("DELETE", "/scim/v2/Users/"+id, "").refuses(404, nil)
	p.call("PATCH", "/scim/v2/Users/"+id, patch(`{"op":"Replace","path":"active","value":true}`)).refuses(404, nil)
	p.call("GET", filter(`userName eq "`+name+`"`), "").is(200, "totalResults", 0.0)
	p.call("GET", "/scim/v2/Users", "").is(200, "totalResults", 0.0)
	p.call("POST", "/scim/v2/Users", `{"schemas":["`+core+`"],"userName":"`+name+`"}`).is(201, "id", id, "active", true, "externalId", nil)
	if u := p.stored(id); u.Status != user.Active || u.Generation != 1 || len(u.Roles) != 0 {
		t.Errorf("taken in again, the user is %+v", u)
	}
}

// A provider follows meta.location, so it must name the domain and base path that it called.
func TestLocationsFollowTheDomainThatWasCalled(t *testing.T) {
	p := start(t)
	for prefix, want := range map[string]string{"/live": "/live/scim/v2", "/tokens": "/tokens/scim/v2", "/scim": "/scim/scim/v2"} {
		p.prefix = prefix
		for path, location := range map[string]string{
			"/scim/v2/ServiceProviderConfig": "/ServiceProviderConfig", "/scim/v2/ResourceTypes/User": "/ResourceTypes/User",
		} {
			if got := p.call("GET", path, "").at("meta.location"); got != "https://api.example.com"+want+location {
				t.Errorf("%s%s is at %v", prefix, path, got)
			}
		}
		created := p.call("POST", "/scim/v2/Users", `{"schemas":["`+core+`"],"userName":"of`+prefix[1:]+`"}`).is(201)
		if location := "https://api.example.com" + want + "/Users/" + created.id(); created.headers["Location"] != location || created.at("meta.location") != location {
			t.Errorf("%s: %v, not %s", prefix, created.headers, location)
		}
	}
}
