package scim

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/lifecycle"
)

// patch applies a PatchOp (RFC 7644, section 3.5.2), all of it or nothing. It takes the forms that Okta and Entra ID send:
// a path or an object of attributes, whose names may be paths themselves; operations in any case.
func (m members) patch(e *lifecycle.Entry) error {
	var operations []json.RawMessage
	if json.Unmarshal(m["operations"], &operations) != nil || len(operations) == 0 {
		return refusal("invalidSyntax", "Operations must be a list of at least one operation.")
	}
	next := *e
	next.Roles = slices.Clone(e.Roles)
	for _, raw := range operations {
		operation, err := decode(raw)
		if err != nil {
			return err
		}
		if err := operation.apply(&next); err != nil {
			return err
		}
	}
	*e = next
	return nil
}

func (m members) apply(e *lifecycle.Entry) error {
	op, err := text(m["op"], "op")
	if err != nil {
		return err
	}
	op = strings.ToLower(op)
	path, err := text(m["path"], "path")
	if err != nil {
		return err
	}
	value, given := m["value"]
	switch {
	case op != "add" && op != "replace" && op != "remove":
		return refusal("invalidSyntax", "op must be add, replace or remove.")
	case op == "remove" && path == "":
		return refusal("noTarget", "remove needs a path.")
	case op != "remove" && !given:
		return refusal("invalidValue", "%s needs a value.", op)
	case path != "":
		return set(e, op, path, value)
	}
	attributes, err := api.Members(value)
	if err != nil {
		return refusal("invalidValue", "Without a path the value must be an object of attributes.")
	}
	if _, err := fold(attributes); err != nil {
		return err
	}
	for _, attribute := range slices.Sorted(maps.Keys(attributes)) { // whose names may be paths, and hold values that have a case
		switch strings.ToLower(attribute) {
		case "id", "meta", "schemas": // the resource sent back as it was shown
			continue
		}
		if err := set(e, op, attribute, attributes[attribute]); err != nil {
			return err
		}
	}
	return nil
}

// set changes what a path means. Attributes that are not kept are taken and ignored, as long as their path could be one.
func set(e *lifecycle.Entry, op, at string, value json.RawMessage) error {
	p, err := parsePath(at)
	if err != nil {
		return err
	}
	if op == "remove" && p.attribute != "roles" {
		value = json.RawMessage("null")
	}
	switch p.attribute {
	case "emails":
		return patchEmails(e, op, p, value)
	case "roles":
		return patchRoles(e, op, p, value)
	case "name":
		return setName(e, op, p, value)
	case "active", "username", "id", "meta", "schemas", "displayname", "externalid":
		if p.filter != nil || p.sub != "" {
			return refusal("invalidPath", "%s has one value, and no parts.", p.attribute)
		}
		return setSingle(e, op, p.attribute, value)
	}
	return nil
}

// setSingle changes an attribute of one value.
func setSingle(e *lifecycle.Entry, op, attribute string, value json.RawMessage) error {
	switch {
	case attribute == "displayname":
		return assign(&e.DisplayName, value, "displayName")
	case attribute == "externalid":
		return assign(&e.Directory.ExternalID, value, "externalId")
	case attribute == "id" || attribute == "meta" || attribute == "schemas" || op == "remove":
		return refusal("mutability", "%s cannot be set or removed.", attribute)
	case attribute == "active":
		active, err := truth(value)
		e.Active = active
		return err
	}
	if s, err := text(value, "userName"); err != nil || s != e.Subject {
		return immutable()
	}
	return nil
}

func assign(to *string, value json.RawMessage, attribute string) error {
	s, err := text(value, attribute)
	if err == nil {
		*to = s
	}
	return err
}

// setName changes the name, or a part of it. Parts that are not kept are ignored like other attributes.
func setName(e *lifecycle.Entry, op string, p path, value json.RawMessage) error {
	parts := map[string]*string{"givenname": &e.Directory.GivenName, "familyname": &e.Directory.FamilyName}
	switch {
	case p.filter != nil:
		return refusal("invalidPath", "A person has one name, so there is nothing to filter.")
	case parts[p.sub] != nil:
		return assign(parts[p.sub], value, "name."+p.sub)
	case p.sub != "":
		return nil
	}
	if string(value) == "null" {
		value = json.RawMessage("{}")
	}
	m, err := decode(value)
	if err != nil {
		return refusal("invalidValue", "name must be an object.")
	}
	for sub, to := range parts {
		if raw, ok := m[sub]; ok || op != "add" {
			if err := assign(to, raw, "name."+sub); err != nil {
				return err
			}
		}
	}
	return nil
}
