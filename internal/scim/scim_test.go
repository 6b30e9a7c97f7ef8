package scim_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tokenwright/tokenwright/internal/dev/storetest"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/user"
)

func (p *provider) create(userName string, more string) answer {
	p.Helper()
	return p.call("POST", "/scim/v2/Users", fmt.Sprintf(`{"schemas":[%q],"userName":%q%s}`, core, userName, more))
}

func (p *provider) patch(id, operations string, headers ...string) answer {
	p.Helper()
	return p.call("PATCH", "/scim/v2/Users/"+id, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[`+operations+`]}`, headers...)
}

func TestListsArePaged(t *testing.T) {
	p := start(t)
	var all []string
	for i := range 7 {
		all = append(all, p.create(fmt.Sprintf("user%d", i), "").is(201).id())
	}
	slices.Sort(all)
	var got []string
	for _, query := range []string{"startIndex=1&count=3", "startIndex=4&count=3", "startIndex=7&count=3"} {
		page := p.call("GET", "/scim/v2/Users?"+query, "").is(200, "totalResults", 7.0)
		for _, r := range page.at("Resources").([]any) {
			got = append(got, r.(map[string]any)["id"].(string))
		}
	}
	if !slices.Equal(got, all) {
		t.Errorf("paged through %v, want %v", got, all)
	}
	p.call("GET", "/scim/v2/Users?count=0", "").is(200, "totalResults", 7.0, "itemsPerPage", 0.0)
	p.call("GET", "/scim/v2/Users?startIndex=-5&count=-1", "").is(200, "startIndex", 1.0, "itemsPerPage", 0.0)
	p.call("GET", "/scim/v2/Users?startIndex=8", "").is(200, "totalResults", 7.0, "itemsPerPage", 0.0)
	p.call("GET", "/scim/v2/Users?startIndex=99999999999999999999&count=99999999999999999999", "").is(200, "totalResults", 7.0, "itemsPerPage", 0.0)
	p.call("GET", "/scim/v2/Users?count=99999999999999999999", "").is(200, "totalResults", 7.0, "itemsPerPage", 7.0)
	p.call("GET", "/scim/v2/Users?count=many", "").refuses(400, "invalidValue")
	p.call("GET", "/scim/v2/Users?attributes=userName&sortBy=userName", "").is(200, "totalResults", 7.0)
}

func TestFiltersThatAreNotUnderstoodAreRefused(t *testing.T) {
	p := start(t)
	p.create(`quo"ted`, `,"externalId":"x"`).is(201)
	for _, f := range []string{`userName`, `userName eq`, `userName eq ada`, `userName eq 'ada'`, `userName eq ""`, `userName eq "a" or userName eq "b"`, `userName co "a"`, `title eq "a"`, `active eq true`, `userName pr`,
		`emails[type eq "work"].value eq "a"`, `not (userName eq "a")`, `userName eq "a`, `userName eq "a" x`} {
		p.call("GET", filter(f), "").refuses(400, "invalidFilter")
	}
	for _, f := range []string{`userName eq "quo\"ted"`, `USERNAME Eq "quo\"ted"`, `urn:ietf:params:scim:schemas:core:2.0:User:userName eq "quo\"ted"`, `externalId eq "x"`,
		`id eq "` + string(user.RefOf("acc_acme", `quo"ted`).ID()) + `"`, ` userName  eq  "quo\"ted" `} {
		p.call("GET", filter(f), "").is(200, "totalResults", 1.0, "Resources.0.userName", `quo"ted`)
	}
	for _, f := range []string{`externalId eq "y"`, `id eq "y"`, `id eq "usr_00000000000"`, `userName eq "Quo\"ted"`} {
		p.call("GET", filter(f), "").is(200, "totalResults", 0.0)
	}
}

func TestBadRequestsAreRefusedInSCIMsWords(t *testing.T) {
	p := start(t)
	id := p.create("ada", "").is(201).id()
	const patched = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":`
	for what, tt := range map[string]struct {
		method, body string
		scimType     string
	}{
		"no JSON":                   {"POST", `{`, "invalidSyntax"},
		"no body":                   {"POST", ``, "invalidSyntax"},
		"no object":                 {"POST", `[]`, "invalidSyntax"},
		"no schemas":                {"POST", `{"userName":"x"}`, "invalidSyntax"},
		"schemas no list":           {"POST", `{"schemas":"` + core + `","userName":"x"}`, "invalidSyntax"},
		"another schema":            {"POST", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"userName":"x"}`, "invalidValue"},
		"an old schema":             {"POST", `{"schemas":["urn:scim:schemas:core:1.0"],"userName":"x"}`, "invalidValue"},
		"an extension alone":        {"POST", `{"schemas":["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"userName":"x"}`, "invalidSyntax"},
		"no userName":               {"POST", `{"schemas":["` + core + `"]}`, "invalidValue"},
		"a number for userName":     {"POST", `{"schemas":["` + core + `"],"userName":7}`, "invalidValue"},
		"a userName too long":       {"POST", `{"schemas":["` + core + `"],"userName":"` + strings.Repeat("x", 256) + `"}`, "invalidValue"},
		"an attribute twice":        {"POST", `{"schemas":["` + core + `"],"userName":"x","active":true,"Active":false}`, "invalidSyntax"},
		"active no boolean":         {"POST", `{"schemas":["` + core + `"],"userName":"x","active":"maybe"}`, "invalidValue"},
		"active null":               {"POST", `{"schemas":["` + core + `"],"userName":"x","active":null}`, "invalidValue"},
		"a name no object":          {"POST", `{"schemas":["` + core + `"],"userName":"x","name":"x"}`, "invalidValue"},
		"emails of numbers":         {"POST", `{"schemas":["` + core + `"],"userName":"x","emails":[7]}`, "invalidValue"},
		"a displayName too long":    {"POST", `{"schemas":["` + core + `"],"userName":"x","displayName":"` + strings.Repeat("x", 256) + `"}`, "invalidValue"},
		"a control character":       {"POST", `{"schemas":["` + core + `"],"userName":"x","externalId":"a\u0007"}`, "invalidValue"},
		"another userName":          {"PUT", `{"schemas":["` + core + `"],"userName":"eve"}`, "mutability"},
		"a user as a patch":         {"PATCH", `{"schemas":["` + core + `"],"Operations":[{"op":"replace","value":{"active":false}}]}`, "invalidValue"},
		"no operations":             {"PATCH", patched + `[]}`, "invalidSyntax"},
		"operations no list":        {"PATCH", patched + `{}}`, "invalidSyntax"},
		"an operation no object":    {"PATCH", patched + `["replace"]}`, "invalidSyntax"},
		"an unknown operation":      {"PATCH", patched + `[{"op":"move","path":"active","value":true}]}`, "invalidSyntax"},
		"no value":                  {"PATCH", patched + `[{"op":"replace","path":"active"}]}`, "invalidValue"},
		"a value without a path":    {"PATCH", patched + `[{"op":"replace","value":"False"}]}`, "invalidValue"},
		"removing nothing":          {"PATCH", patched + `[{"op":"remove"}]}`, "noTarget"},
		"removing active":           {"PATCH", patched + `[{"op":"remove","path":"active"}]}`, "mutability"},
		"removing userName":         {"PATCH", patched + `[{"op":"remove","path":"userName"}]}`, "mutability"},
		"a path that is none":       {"PATCH", patched + `[{"op":"replace","path":"emails[type eq","value":"x"}]}`, "invalidPath"},
		"an id":                     {"PATCH", patched + `[{"op":"replace","path":"id","value":"usr_00000000000"}]}`, "mutability"},
		"a good and a bad one":      {"PATCH", patched + `[{"op":"replace","path":"active","value":false},{"op":"replace","path":"userName","value":"eve"}]}`, "mutability"},
		"a displayName of nonsense": {"PATCH", patched + `[{"op":"replace","path":"displayName","value":{}}]}`, "invalidValue"},
	} {
		t.Run(what, func(t *testing.T) {
			p.T = t
			path := "/scim/v2/Users"
			if tt.method != "POST" {
				path += "/" + id
			}
			p.call(tt.method, path, tt.body).refuses(400, tt.scimType)
		})
	}
	p.T = t
	if u := p.stored(id); u.Version != 1 || u.Status != user.Active {
		t.Errorf("a refused request changed the user: %+v", u)
	}
	p.call("GET", "/scim/v2/Users", "").is(200, "totalResults", 1.0)
	p.call("POST", "/scim/v2/Users", `{}`, "Content-Type", "text/plain").refuses(415, nil)
	p.call("POST", "/scim/v2/Users", strings.Repeat(" ", 65<<10)).refuses(413, nil)
	p.call("PATCH", "/scim/v2/Users/"+id, patched+`[{"op":"replace","value":{"active":false}}]}`, "Content-Type", "application/json").is(200, "active", false)
}

func TestChangesCanBeMeantForOneVersion(t *testing.T) {
	p := start(t)
	created := p.create("ada", "").is(201)
	id, tag := created.id(), created.headers["ETag"]
	if tag != `W/"1"` || created.at("meta.version") != tag {
		t.Fatalf("the tag is %q, and %v in the body", tag, created.at("meta.version"))
	}
	p.call("GET", "/scim/v2/Users/"+id, "", "If-None-Match", tag).is(304)
	p.patch(id, `{"op":"replace","path":"displayName","value":"Ada"}`, "If-Match", tag).is(200, "meta.version", `W/"2"`)
	for _, stale := range []string{tag, `"1"`, `W/"7"`, `nonsense`} {
		p.patch(id, `{"op":"replace","path":"active","value":false}`, "If-Match", stale).refuses(412, nil)
		p.call("PUT", "/scim/v2/Users/"+id, `{"schemas":["`+core+`"],"userName":"ada","active":false}`, "If-Match", stale).refuses(412, nil)
		p.call("DELETE", "/scim/v2/Users/"+id, "", "If-Match", stale).refuses(412, nil)
	}
	p.call("GET", "/scim/v2/Users/"+id, "", "If-None-Match", tag).is(200, "displayName", "Ada", "active", true)
	p.patch(id, `{"op":"replace","path":"displayName","value":"Ada"}`).is(200, "meta.version", `W/"2"`) // no change, no version
	p.call("DELETE", "/scim/v2/Users/"+id, "", "If-Match", `W/"2"`).is(204)
}

func TestWithoutTheScopeNothingIsToldOrDone(t *testing.T) {
	p := start(t)
	id := p.create("ada", "").is(201).id()
	before := p.stored(id)
	p.caller = bearer(t, "acc_acme", scope.UsersRead, scope.UsersWrite, scope.UsersDelete)
	p.create("eve", "").refuses(403, nil)
	p.call("GET", "/scim/v2/Users", "").refuses(403, nil)
	p.call("GET", filter(`userName eq "ada"`), "").refuses(403, nil)
	p.call("GET", filter(`externalId eq "ada"`), "").refuses(403, nil)
	p.call("GET", filter(`id eq "ada"`), "").refuses(403, nil)
	p.call("GET", "/scim/v2/Users/"+id, "").refuses(403, nil)
	p.call("PUT", "/scim/v2/Users/"+id, `{"schemas":["`+core+`"],"userName":"ada","active":false}`).refuses(403, nil)
	p.patch(id, `{"op":"replace","path":"active","value":false}`).refuses(403, nil)
	p.call("DELETE", "/scim/v2/Users/"+id, "").refuses(403, nil)
	if after := p.stored(id); after.Version != before.Version {
		t.Errorf("changed to %+v", after)
	}
	if got := p.actions(id); len(got) != 3 || got[0] != "user.offboarded insufficient_scope" {
		t.Errorf("the audit says %v", got)
	}
}

func TestAnotherAccountsPeopleDoNotExist(t *testing.T) {
	p := start(t)
	id := p.create("ada", `,"externalId":"x"`).is(201).id()
	p.caller = bearer(t, "acc_evil", scope.SCIMUsers)
	p.call("GET", "/scim/v2/Users/"+id, "").refuses(404, nil)
	p.call("PUT", "/scim/v2/Users/"+id, `{"schemas":["`+core+`"],"userName":"ada"}`).refuses(404, nil)
	p.patch(id, `{"op":"replace","path":"active","value":false}`).refuses(404, nil)
	p.call("DELETE", "/scim/v2/Users/"+id, "").refuses(404, nil)
	for _, f := range []string{`userName eq "ada"`, `externalId eq "x"`, `id eq "` + id + `"`} {
		p.call("GET", filter(f), "").is(200, "totalResults", 0.0)
	}
	p.call("GET", "/scim/v2/Users", "").is(200, "totalResults", 0.0)
	if other := p.create("ada", "").is(201).id(); other == id {
		t.Error("two accounts share a user")
	}
}

func TestATokenUserIsNoSCIMUser(t *testing.T) {
	p := start(t)
	robot := storetest.Person("acc_acme", "")
	robot.Ref, robot.Kind = user.RefOf("acc_acme", "robot"), user.Service
	p.fixture.Save(t, robot)
	p.call("GET", "/scim/v2/Users/"+string(robot.ID()), "").refuses(404, nil)
	p.patch(string(robot.ID()), `{"op":"replace","path":"active","value":false}`).refuses(404, nil)
	p.call("DELETE", "/scim/v2/Users/"+string(robot.ID()), "").refuses(404, nil)
}

func TestRolesCountWhereTheyAreTokenwrights(t *testing.T) {
	p := start(t)
	id := p.create("ada", `,"roles":[{"value":"analyst"}]`).is(201, "roles", nil).id()
	p.patch(id, `{"op":"Add","path":"roles","value":[{"value":"no such role"}]}`).is(200, "roles", nil)

	p.settings(func(s *settings.Settings) { s.RolesFrom = settings.Tokenwright })
	p.patch(id, `{"op":"Add","path":"roles","value":[{"value":"no such role"}]}`).refuses(400, "invalidValue")
	// Nobody gives what they do not hold.
	p.patch(id, `{"op":"Add","path":"roles","value":[{"value":"viewer"}]}`).refuses(403, nil)
	p.create("eve", `,"roles":["admin"]`).refuses(403, nil)
	p.caller = bearer(t, "acc_acme", scope.Shipped().All()...)
	p.patch(id, `{"op":"Add","path":"roles","value":[{"value":"viewer","primary":"True"}]}`).is(200, "roles.0.value", "viewer")
	p.patch(id, `{"op":"Add","path":"roles","value":[{"value":"analyst"},{"value":"viewer"}]}`).is(200, "roles.0.value", "analyst", "roles.1.value", "viewer", "roles.2", nil)
	p.patch(id, `{"op":"Remove","path":"roles[value eq \"viewer\"]"}`).is(200, "roles.0.value", "analyst", "roles.1", nil)
	p.patch(id, `{"op":"Replace","path":"roles[primary eq \"True\"].value","value":"viewer"}`).is(200, "roles.0.value", "viewer", "roles.1", nil)
	p.call("PUT", "/scim/v2/Users/"+id, `{"schemas":["`+core+`"],"userName":"ada","displayName":"Ada"}`).is(200, "roles.0.value", "viewer")
	p.patch(id, `{"op":"Remove","path":"roles","value":[{"value":"viewer"}]}`).is(200, "roles", nil)
	p.create("grace", `,"roles":["analyst"]`).is(201, "roles.0.value", "analyst")
}

func TestTheLastAdministratorStaysWhereRolesAreTokenwrights(t *testing.T) {
	p := start(t)
	ada := storetest.Person("acc_acme", "ada", "admin")
	p.fixture.Save(t, ada)
	id := string(ada.ID())
	p.settings(func(s *settings.Settings) { s.RolesFrom = settings.Tokenwright })
	p.patch(id, `{"op":"replace","path":"active","value":false}`).refuses(409, nil)
	p.call("DELETE", "/scim/v2/Users/"+id, "").refuses(409, nil)
	if u := p.stored(id); u.Status != user.Active {
		t.Errorf("the last administrator is %s", u.Status)
	}
	// Where the provider gives roles, its word that somebody left holds for everybody.
	p.settings(func(s *settings.Settings) { s.RolesFrom = settings.IdentityProvider })
	p.patch(id, `{"op":"replace","path":"active","value":false}`).is(200, "active", false)
	p.call("DELETE", "/scim/v2/Users/"+id, "").is(204)
}

func TestAPersonWhoSignedInFirstIsFoundAndKept(t *testing.T) {
	p := start(t)
	ada := storetest.Person("acc_acme", "ada", "analyst")
	p.fixture.Save(t, ada)
	p.create("ada", "").refuses(409, "uniqueness")
	p.call("GET", filter(`userName eq "ada"`), "").is(200, "Resources.0.id", string(ada.ID()))
	p.call("PUT", "/scim/v2/Users/"+string(ada.ID()), `{"schemas":["`+core+`"],"userName":"ada","externalId":"00u1"}`).is(200, "externalId", "00u1", "active", true, "roles.0.value", "analyst")
}

func TestAUserCanBeCreatedSuspended(t *testing.T) {
	p := start(t)
	id := p.create("ada", `,"active":false`).is(201, "active", false).id()
	if u := p.stored(id); u.Status != user.Suspended {
		t.Errorf("the user is %s", u.Status)
	}
}

func TestConfigurationSaysWhatIsSpoken(t *testing.T) {
	p := start(t)
	p.call("GET", "/scim/v2/ServiceProviderConfig", "").is(200, "patch.supported", true, "bulk.supported", false, "filter.supported", true, "etag.supported", true,
		"sort.supported", false, "changePassword.supported", false, "authenticationSchemes.0.type", "oauthbearertoken",
		"meta.location", "https://api.example.com/live/scim/v2/ServiceProviderConfig")
	p.call("GET", "/scim/v2/ResourceTypes", "").is(200, "totalResults", 1.0, "Resources.0.endpoint", "/Users", "Resources.0.schema", core)
	p.call("GET", "/scim/v2/ResourceTypes/User", "").is(200, "id", "User")
	p.call("GET", "/scim/v2/ResourceTypes/Group", "").refuses(404, nil)
	p.call("GET", "/scim/v2/Schemas", "").is(200, "totalResults", 1.0, "Resources.0.id", core)
	p.call("GET", "/scim/v2/Schemas/"+core, "").is(200, "attributes.0.name", "userName", "attributes.0.mutability", "immutable")
	p.call("GET", "/scim/v2/Schemas/urn:x", "").refuses(404, nil)
}

func TestAnAddressKeepsTheTypeItsProviderGaveIt(t *testing.T) {
	p := start(t)
	for _, c := range []struct {
		emails string
		value  any
		kind   any
	}{
		{`[{"value":"a@home.example","type":"home"}]`, "a@home.example", "home"},
		{`[{"value":"a@work.example","type":"work"},{"value":"a@home.example","type":"home","primary":true}]`, "a@home.example", "home"},
		{`[{"value":"a@work.example"}]`, "a@work.example", nil},
		{`["a@work.example"]`, "a@work.example", nil},
	} {
		id := p.create("user "+c.emails, `,"emails":`+c.emails).is(201).id()
		shown := p.call("GET", "/scim/v2/Users/"+id, "").is(200, "emails.0.value", c.value, "emails.0.type", c.kind, "emails.0.primary", true)
		p.call("PUT", "/scim/v2/Users/"+id, shown.text).is(200, "emails.0.value", c.value, "emails.0.type", c.kind)
		work := p.patch(id, `{"op":"replace","path":"emails[type eq \"work\"].value","value":"new@work.example"}`)
		if c.kind == "home" {
			work.refuses(400, "noTarget")
		} else {
			work.is(200, "emails.0.value", "new@work.example", "emails.0.type", "work")
		}
		p.patch(id, `{"op":"remove","path":"emails"}`).is(200, "emails", nil)
		p.patch(id, `{"op":"add","path":"emails","value":[{"value":"b@example.com"}]}`).is(200, "emails.0.type", nil)
	}
	p.create("wrong", `,"emails":[{"value":"a@home.example","type":7}]`).refuses(400, "invalidValue")
	p.create("long", `,"emails":[{"value":"a@home.example","type":"`+strings.Repeat("x", 256)+`"}]`).refuses(400, "invalidValue")
}

func TestWhoHasNoDisplayNameIsShownByAsMuchOfTheNameAsThatMayHold(t *testing.T) {
	p := start(t)
	long := strings.Repeat("ä", 255)
	p.create("parts", `,"name":{"givenName":"`+long+`","familyName":"`+long+`"}`).is(201, "displayName", long, "name.givenName", long, "name.familyName", long)
	p.create("formatted", `,"name":{"formatted":"`+long+long+`"}`).is(201, "displayName", long)
	p.create("own", `,"displayName":"`+long+`x"`).refuses(400, "invalidValue")
}

// TestTheSchemaNamesWhatIsReturned holds a user with everything against the schema that the service describes.
func TestTheSchemaNamesWhatIsReturned(t *testing.T) {
	p := start(t)
	described := p.call("GET", "/scim/v2/Schemas/"+core, "").is(200)
	known := map[string]bool{"schemas": true, "id": true, "externalId": true, "meta": true} // common to all resources (RFC 7643, section 3.1)
	var read func(prefix string, attributes any)
	read = func(prefix string, attributes any) {
		list, _ := attributes.([]any)
		for _, one := range list {
			a := one.(map[string]any)
			name := prefix + a["name"].(string)
			known[name] = true
			read(name+".", a["subAttributes"])
		}
	}
	read("", described.at("attributes"))
	user := p.create("ada", `,"displayName":"Ada","name":{"givenName":"Ada","familyName":"Lovelace"},"emails":[{"value":"a@example.com","type":"home"}]`).is(201, "name.formatted", "Ada Lovelace")
	for name, value := range user.body {
		if !known[name] {
			t.Errorf("%s is returned and not in the schema", name)
		}
		if list, ok := value.([]any); ok && len(list) > 0 {
			value = list[0]
		}
		if sub, ok := value.(map[string]any); ok && name != "meta" {
			for inner := range sub {
				if !known[name+"."+inner] {
					t.Errorf("%s.%s is returned and not in the schema", name, inner)
				}
			}
		}
	}
}
