package scim

import (
	"context"
	"net/http"

	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/user"
)

const (
	configSchema       = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
	resourceTypeSchema = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
	schemaSchema       = "urn:ietf:params:scim:schemas:core:2.0:Schema"
)

// Config answers GET /scim/v2/ServiceProviderConfig, /ResourceTypes and /Schemas, the latter two with an id behind them as
// well: what this service speaks (RFC 7644, section 4). Whoever has a credential that works may read it.
func Config(_ context.Context, r *api.Request) (api.Answer, error) {
	id := r.Event().PathParameters["id"]
	switch r.Event().Resource {
	case "/scim/v2/ServiceProviderConfig":
		return answer(http.StatusOK, providerConfig(base(r))), nil
	case "/scim/v2/ResourceTypes":
		return answer(http.StatusOK, listOf([]resourceType{userType(base(r))}, 1, 1)), nil
	case "/scim/v2/Schemas":
		return answer(http.StatusOK, listOf([]schema{describeUser(base(r))}, 1, 1)), nil
	case "/scim/v2/ResourceTypes/{id}":
		if id == "User" {
			return answer(http.StatusOK, userType(base(r))), nil
		}
	case "/scim/v2/Schemas/{id}":
		if id == userSchema {
			return answer(http.StatusOK, describeUser(base(r))), nil
		}
	}
	return api.Answer{}, user.ErrNotFound
}

type supported struct {
	Supported bool `json:"supported"`
}

type bulkSupport struct {
	Supported      bool `json:"supported"`
	MaxOperations  int  `json:"maxOperations"`
	MaxPayloadSize int  `json:"maxPayloadSize"`
}

type filterSupport struct {
	Supported  bool `json:"supported"`
	MaxResults int  `json:"maxResults"`
}

type scheme struct {
	Type        string `json:"type"`
	Name        string `json:"name"`
	Description string `json:"description"`
	SpecURI     string `json:"specUri"`
	Primary     bool   `json:"primary"`
}

type provider struct {
	Schemas               []string      `json:"schemas"`
	Patch                 supported     `json:"patch"`
	Bulk                  bulkSupport   `json:"bulk"`
	Filter                filterSupport `json:"filter"`
	ChangePassword        supported     `json:"changePassword"`
	Sort                  supported     `json:"sort"`
	ETag                  supported     `json:"etag"`
	AuthenticationSchemes []scheme      `json:"authenticationSchemes"`
	Meta                  meta          `json:"meta"`
}

func providerConfig(base string) provider {
	return provider{
		Schemas: []string{configSchema}, Patch: supported{true}, Filter: filterSupport{Supported: true, MaxResults: maxCount}, ETag: supported{true},
		AuthenticationSchemes: []scheme{{
			Type: "oauthbearertoken", Name: "Service token", Description: "A service token with the scope scim:users, as a bearer token.",
			SpecURI: "https://www.rfc-editor.org/rfc/rfc6750", Primary: true,
		}},
		Meta: meta{ResourceType: "ServiceProviderConfig", Location: base + "/ServiceProviderConfig"},
	}
}

type resourceType struct {
	Schemas     []string `json:"schemas"`
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Endpoint    string   `json:"endpoint"`
	Schema      string   `json:"schema"`
	Meta        meta     `json:"meta"`
}

func userType(base string) resourceType {
	return resourceType{
		Schemas: []string{resourceTypeSchema}, ID: "User", Name: "User", Description: "A person of the account", Endpoint: "/Users", Schema: userSchema,
		Meta: meta{ResourceType: "ResourceType", Location: base + "/ResourceTypes/User"},
	}
}

type schema struct {
	Schemas     []string    `json:"schemas"`
	ID          string      `json:"id"`
	Name        string      `json:"name"`
	Description string      `json:"description"`
	Attributes  []attribute `json:"attributes"`
	Meta        meta        `json:"meta"`
}

type attribute struct {
	Name            string      `json:"name"`
	Type            string      `json:"type"`
	MultiValued     bool        `json:"multiValued"`
	Description     string      `json:"description"`
	CanonicalValues []string    `json:"canonicalValues,omitempty"`
	Required        bool        `json:"required"`
	CaseExact       bool        `json:"caseExact"`
	Mutability      string      `json:"mutability"`
	Returned        string      `json:"returned"`
	Uniqueness      string      `json:"uniqueness"`
	SubAttributes   []attribute `json:"subAttributes,omitempty"`
}

func describeUser(base string) schema {
	one := func(name, kind, description string, sub ...attribute) attribute {
		return attribute{Name: name, Type: kind, Description: description, CaseExact: true, Mutability: "readWrite", Returned: "default", Uniqueness: "none", SubAttributes: sub}
	}
	many := func(name, description string, sub ...attribute) attribute {
		a := one(name, "complex", description, sub...)
		a.MultiValued = true
		return a
	}
	value := one("value", "string", "The value")
	kind := one("type", "string", "As the provider calls it")
	kind.CanonicalValues = []string{"work", "home", "other"}
	formatted := one("formatted", "string", "Given and family name. Of a new person without a displayName it is taken as that")
	formatted.Mutability = "readOnly"
	userName := one("userName", "string", "The subject (sub) with which the person signs in. It names the user for good.")
	userName.Required, userName.Mutability, userName.Uniqueness = true, "immutable", "server"
	attributes := []attribute{
		userName,
		one("displayName", "string", "What the person is shown as"),
		one("active", "boolean", "false suspends the person and all their tokens, true resumes them"),
		one("name", "complex", "The person's name", formatted, one("givenName", "string", "Given name"), one("familyName", "string", "Family name")),
		many("emails", "The person's address; the primary one is kept, else the first", value, kind, one("primary", "boolean", "true: it is the one that is kept")),
		many("roles", "Roles of Tokenwright's catalogue; ignored where the account takes roles from its identity provider", value),
	}
	return schema{
		Schemas: []string{schemaSchema}, ID: userSchema, Name: "User", Description: "A person of the account", Attributes: attributes,
		Meta: meta{ResourceType: "Schema", Location: base + "/Schemas/" + userSchema},
	}
}
