package scim_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/user"
)

// patched is a person as a PATCH leaves them.
type patched struct {
	roles               []string
	email, emailType    string
	given, family, name string
	suspended           bool
}

func (p *provider) shows(id string) patched {
	u := p.stored(id)
	return patched{u.Roles, u.Directory.Email, u.Directory.EmailType, u.Directory.GivenName, u.Directory.FamilyName, u.DisplayName, u.Status == user.Suspended}
}

// Every shape of a path is evaluated as RFC 7644 says, or refused with nothing changed.
func TestPatchesDoWhatTheirPathSaysOrAreRefused(t *testing.T) {
	p := start(t)
	p.caller = bearer(t, "acc_acme", scope.Shipped().All()...)
	p.settings(func(s *settings.Settings) { s.RolesFrom = settings.Tokenwright })
	roles := func(r ...string) func(*patched) { return func(x *patched) { x.roles = r } }
	email := func(address, kind string) func(*patched) {
		return func(x *patched) { x.email, x.emailType = address, kind }
	}
	nothing := func(*patched) {}
	for i, tt := range []struct {
		op, path, value string
		refused         string
		change          func(*patched)
	}{
		// A value filter means the values that match it, and no others.
		{"remove", `roles[value eq "viewer"]`, ``, "", roles("admin", "analyst")},
		{"remove", `roles[value eq "viewer"].value`, ``, "", roles("admin", "analyst")},
		{"Remove", `Roles[Value EQ "viewer"].Value`, ``, "", roles("admin", "analyst")},
		{"remove", `urn:ietf:params:scim:schemas:core:2.0:User:roles[value eq "viewer"]`, ``, "", roles("admin", "analyst")},
		{"remove", `roles[value eq "viewer" or value eq "admin"]`, ``, "", roles("analyst")},
		{"remove", `roles[not (value eq "viewer")]`, ``, "", roles("viewer")},
		{"remove", `roles[value ne "viewer"]`, ``, "", roles("viewer")},
		{"remove", `roles[value sw "a" and not (value ew "min")]`, ``, "", roles("admin", "viewer")},
		{"remove", `roles[value co "iew" or value eq "admin" and value eq "analyst"]`, ``, "", roles("admin", "analyst")},
		{"remove", `roles[(value co "iew" or value eq "admin") and value pr]`, ``, "", roles("analyst")},
		{"replace", `roles[value eq "viewer"].value`, `"viewer"`, "", nothing},
		{"replace", `roles[value eq "admin" or value eq "analyst"]`, `{"value":"viewer"}`, "", roles("viewer")},
		{"remove", `roles[value eq "nobody"]`, ``, "noTarget", nothing},
		{"remove", `roles[value eq "Viewer"]`, ``, "noTarget", nothing},
		{"remove", `roles[value eq "nobody"].value`, ``, "noTarget", nothing},
		{"replace", `roles[value eq "nobody"].value`, `"viewer"`, "noTarget", nothing},
		{"add", `roles[value eq "nobody"].value`, `"viewer"`, "noTarget", nothing},
		{"remove", `roles[display eq "viewer"]`, ``, "noTarget", nothing},
		{"replace", `roles[primary eq "True"].value`, `"viewer"`, "noTarget", nothing}, // three roles, none of them primary
		{"remove", `roles[value eq "viewer"].display`, ``, "invalidPath", nothing},
		{"replace", `roles.type`, `"x"`, "invalidPath", nothing},
		// Filters that are none.
		{"remove", `roles[value eq viewer]`, ``, "invalidFilter", nothing},
		{"remove", `roles[value eq "viewer]`, ``, "invalidFilter", nothing},
		{"remove", `roles[value]`, ``, "invalidFilter", nothing},
		{"remove", `roles[]`, ``, "invalidFilter", nothing},
		{"remove", `roles[value gt "a"]`, ``, "invalidFilter", nothing},
		{"remove", `roles[value co 7]`, ``, "invalidFilter", nothing},
		{"remove", `roles[value eq "viewer" and]`, ``, "invalidFilter", nothing},
		{"remove", `roles[(value eq "viewer"]`, ``, "invalidFilter", nothing},
		{"remove", `roles[value eq "viewer" value eq "admin"]`, ``, "invalidFilter", nothing},
		{"remove", `roles[not value eq "viewer"]`, ``, "invalidFilter", nothing},
		{"remove", `roles[` + strings.Repeat("(", 30) + `value pr` + strings.Repeat(")", 30) + `]`, ``, "invalidFilter", nothing},
		// Paths that are none.
		{"remove", `roles[value eq "viewer"`, ``, "invalidPath", nothing},
		{"remove", `roles[value eq "viewer"]value`, ``, "invalidPath", nothing},
		{"remove", `roles[value eq "viewer"].`, ``, "invalidPath", nothing},
		{"remove", `roles.value.x`, ``, "invalidPath", nothing},
		{"remove", `[value eq "viewer"]`, ``, "invalidPath", nothing},
		{"replace", `active[value eq "true"]`, `false`, "invalidPath", nothing},
		{"replace", `active.value`, `false`, "invalidPath", nothing},
		{"replace", `name[givenName eq "Ada"].givenName`, `"Eve"`, "invalidPath", nothing},
		{"replace", `displayName.x`, `"Eve"`, "invalidPath", nothing},
		{"replace", `urn:ietf:params:scim:schemas:core:2.0:Group:displayName`, `"Eve"`, "invalidPath", nothing},
		{"replace", strings.Repeat("x", 1001), `"Eve"`, "invalidPath", nothing},
		// All roles, and some.
		{"remove", `roles`, ``, "", roles()},
		{"remove", `roles.value`, ``, "", roles()},
		{"remove", `roles`, `[{"value":"viewer"},{"value":"admin"}]`, "", roles("analyst")},
		{"replace", `roles`, `[{"value":"viewer"}]`, "", roles("viewer")},
		{"replace", `roles`, `[]`, "", roles()},
		{"replace", `roles.value`, `"viewer"`, "", roles("viewer")},
		{"add", `roles`, `["viewer"]`, "", nothing},
		{"add", `roles`, `["none such"]`, "invalidValue", nothing},
		// One address is kept.
		{"replace", `emails[type eq "work"].value`, `"new@x.example"`, "", email("new@x.example", "work")},
		{"replace", `emails[type eq "Work"].value`, `"new@x.example"`, "", email("new@x.example", "work")},
		{"Replace", `emails[primary eq true].value`, `"new@x.example"`, "", email("new@x.example", "work")},
		{"Replace", `emails[primary eq "True"].value`, `"new@x.example"`, "", email("new@x.example", "work")},
		{"replace", `emails[type eq "work" and primary eq true]`, `{"value":"new@x.example","type":"home"}`, "", email("new@x.example", "home")},
		{"replace", `emails[type eq "work"].type`, `"home"`, "", email("ada@x.example", "home")},
		{"remove", `emails[type eq "work"].value`, ``, "", email("", "")},
		{"remove", `emails[value eq "ada@x.example"]`, ``, "", email("", "")},
		{"replace", `emails[type eq "home"].value`, `"new@x.example"`, "noTarget", nothing},
		{"add", `emails[type eq "home"].value`, `"new@x.example"`, "noTarget", nothing},
		{"remove", `emails[type eq "home"]`, ``, "noTarget", nothing},
		{"replace", `emails[primary eq false].value`, `"new@x.example"`, "noTarget", nothing},
		{"replace", `emails[type eq "work"].primary`, `false`, "invalidValue", nothing},
		{"replace", `emails[type eq "work"].value`, `7`, "invalidValue", nothing},
		{"replace", `emails[type eq "work"].display`, `"x"`, "invalidPath", nothing},
		{"replace", `emails`, `[{"value":"a@x.example","type":"home"},{"value":"b@x.example","type":"work","primary":true}]`, "", email("b@x.example", "work")},
		{"replace", `emails.value`, `"new@x.example"`, "", email("new@x.example", "work")},
		// The others.
		{"Replace", `active`, `"False"`, "", func(x *patched) { x.suspended = true }},
		{"replace", `ACTIVE`, `false`, "", func(x *patched) { x.suspended = true }},
		{"replace", `active`, `"no"`, "invalidValue", nothing},
		{"remove", `active`, ``, "mutability", nothing},
		{"replace", `meta`, `{}`, "mutability", nothing},
		{"replace", `name.familyName`, `"King"`, "", func(x *patched) { x.family = "King" }},
		{"remove", `name.givenName`, ``, "", func(x *patched) { x.given = "" }},
		{"replace", `name`, `{"familyName":"King"}`, "", func(x *patched) { x.given, x.family = "", "King" }},
		{"add", `name`, `{"familyName":"King"}`, "", func(x *patched) { x.family = "King" }},
		{"remove", `displayName`, ``, "", func(x *patched) { x.name = "" }},
		{"Add", ``, `{"active":"False","name.familyName":"King","emails[type eq \"work\"].value":"K@x.example"}`, "", func(x *patched) {
			x.suspended, x.family, x.email = true, "King", "K@x.example"
		}},
		{"replace", ``, `{"roles[value eq \"nobody\"].value":"viewer","active":false}`, "noTarget", nothing},
		{"replace", ``, `{"active":false,"Active":true}`, "invalidSyntax", nothing},
		// What is not kept is ignored, as docs/people.md says.
		{"replace", `phoneNumbers[type eq "mobile"].value`, `"1"`, "", nothing},
		{"add", `addresses[type eq "work"].locality`, `"Paris"`, "", nothing},
		{"add", `addresses[type eq].locality`, `"Paris"`, "invalidFilter", nothing},
		{"add", `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department`, `"Sales"`, "", nothing},
	} {
		t.Run(fmt.Sprintf("%s %.60s", tt.op, tt.path), func(t *testing.T) {
			p.T = t
			id := p.create(fmt.Sprintf("ada%d", i), `,"displayName":"Ada L","name":{"givenName":"Ada","familyName":"Lovelace"},
				"emails":[{"value":"ada@x.example","type":"work","primary":true}],"roles":["admin","analyst","viewer"]`).is(201).id()
			want := p.shows(id)
			operation := fmt.Sprintf(`{"op":%q`, tt.op)
			if tt.path != "" {
				operation += fmt.Sprintf(`,"path":%q`, tt.path)
			}
			if tt.value != "" {
				operation += `,"value":` + tt.value
			}
			a := p.patch(id, `{"op":"replace","path":"nickName","value":"x"},`+operation+`}`)
			if tt.refused != "" {
				a.refuses(400, tt.refused)
			} else {
				a.is(200)
			}
			tt.change(&want)
			got := p.shows(id)
			slices.Sort(got.roles)
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("leaves %+v, want %+v", got, want)
			}
		})
	}
}

// What Entra ID sends to write a first address and a single role.
func TestAnAddDescribesWhatItMakes(t *testing.T) {
	p := start(t)
	p.caller = bearer(t, "acc_acme", scope.Shipped().All()...)
	p.settings(func(s *settings.Settings) { s.RolesFrom = settings.Tokenwright })
	id := p.create("ada", "").is(201).id()
	p.patch(id, `{"op":"replace","path":"emails[type eq \"work\"].value","value":"a@x.example"}`).refuses(400, "noTarget")
	p.patch(id, `{"op":"add","path":"emails[type eq \"work\"].type","value":"work"}`).refuses(400, "noTarget")
	p.patch(id, `{"op":"Add","path":"emails[type eq \"work\"].value","value":"a@x.example"}`).is(200, "emails.0.value", "a@x.example", "emails.0.type", "work")
	p.patch(id, `{"op":"Add","path":"roles[primary eq \"True\"].value","value":"analyst"}`).is(200, "roles.0.value", "analyst", "roles.1", nil)
	p.patch(id, `{"op":"Add","path":"roles[primary eq \"True\"].value","value":"viewer"}`).is(200, "roles.0.value", "viewer", "roles.1", nil)
}

// An address of which the provider never said the type is the work one.
func TestAnAddressWithoutATypeIsTheWorkOne(t *testing.T) {
	p := start(t)
	id := p.create("ada", `,"emails":["a@x.example"]`).is(201).id()
	p.patch(id, `{"op":"replace","path":"emails[type eq \"work\"].value","value":"b@x.example"}`).is(200, "emails.0.value", "b@x.example")
}

func TestSCIMSaysTruthfullyWhomAnAdministratorSuspended(t *testing.T) {
	p := start(t)
	id := p.create("ada", "").is(201).id()
	u := p.stored(id)
	suspended := u
	suspended.Suspend(user.Administrator)
	suspended.Version++
	p.save(u, suspended)
	for range 2 {
		p.patch(id, `{"op":"replace","path":"active","value":true}`).is(200, "active", false)
		p.call("PUT", "/scim/v2/Users/"+id, `{"schemas":["`+core+`"],"userName":"ada","active":true}`).is(200, "active", false)
		p.patch(id, `{"op":"replace","path":"active","value":false}`).is(200, "active", false)
	}
	if got := p.stored(id); got.Version != suspended.Version || got.SuspendedBy != user.Administrator {
		t.Errorf("%+v", got)
	}
}
