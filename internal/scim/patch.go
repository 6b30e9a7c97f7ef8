package scim

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

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
	attributes, err := decode(value)
	if err != nil {
		return refusal("invalidValue", "Without a path the value must be an object of attributes.")
	}
	for _, attribute := range attributes.names() {
		if attribute == "id" || attribute == "meta" { // the resource sent back as it was shown
			continue
		}
		if err := set(e, op, attribute, attributes[attribute]); err != nil {
			return err
		}
	}
	return nil
}

// names returns the members' names in a fixed order.
func (m members) names() []string {
	var out []string
	for name := range m {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// wellFormed is a path of RFC 7644, section 3.5.2, as far as one attribute of one user needs it.
var wellFormed = regexp.MustCompile(`^[a-z$][a-z0-9_$-]*(\[[^\[\]]+\])?(\.[a-z$][a-z0-9_$-]*)?$`)

// set changes one attribute. Attributes that are not kept are accepted and ignored, as long as their path could be one.
func set(e *lifecycle.Entry, op, path string, value json.RawMessage) error {
	if op == "remove" {
		return remove(e, path, value)
	}
	attribute := attributeOf(path)
	switch attribute {
	case "active":
		active, err := truth(value)
		e.Active = active
		return err
	case "username":
		if s, err := text(value, "userName"); err != nil || s != e.Subject {
			return immutable()
		}
		return nil
	case "id":
		return refusal("mutability", "id cannot be set.")
	case "displayname":
		return assign(&e.DisplayName, value, "displayName")
	case "externalid":
		return assign(&e.Directory.ExternalID, value, "externalId")
	case "name.givenname":
		return assign(&e.Directory.GivenName, value, "name.givenName")
	case "name.familyname":
		return assign(&e.Directory.FamilyName, value, "name.familyName")
	case "name":
		return setName(e, op, value)
	case "emails":
		return setEmails(e, value)
	case "roles":
		return setRoles(e, op, value)
	}
	switch {
	case isExtension(attribute):
		return nil
	case !wellFormed.MatchString(attribute):
		return refusal("invalidPath", "%.*q is no path of an attribute.", lifecycle.MaxEcho, path)
	case strings.HasPrefix(attribute, "emails[") && strings.HasSuffix(attribute, "].value") && isMainEmail(attribute):
		if strings.Contains(attribute, `type eq "work"`) {
			e.Directory.EmailType = "work"
		}
		return assign(&e.Directory.Email, value, "emails.value")
	case strings.HasPrefix(attribute, "roles[") && strings.HasSuffix(attribute, "].value"):
		return setRoles(e, op, value)
	}
	return nil
}

// attributeOf returns a path in lower case and without the core schema's name, which may stand before it.
func attributeOf(path string) string {
	return strings.TrimPrefix(strings.ToLower(strings.TrimSpace(path)), strings.ToLower(userSchema)+":")
}

func isExtension(attribute string) bool { return strings.HasPrefix(attribute, extensions) }

// isMainEmail tells the one address that is kept from others: providers call it the work one, or the primary one.
func isMainEmail(attribute string) bool {
	return strings.Contains(attribute, `type eq "work"`) || strings.Contains(attribute, "primary eq")
}

func assign(to *string, value json.RawMessage, attribute string) error {
	s, err := text(value, attribute)
	if err == nil {
		*to = s
	}
	return err
}

func setName(e *lifecycle.Entry, op string, value json.RawMessage) error {
	if string(value) == "null" {
		value = json.RawMessage("{}")
	}
	m, err := decode(value)
	if err != nil {
		return refusal("invalidValue", "name must be an object.")
	}
	for sub, to := range map[string]*string{"givenname": &e.Directory.GivenName, "familyname": &e.Directory.FamilyName} {
		if raw, ok := m[sub]; ok || op == "replace" {
			if err := assign(to, raw, "name."+sub); err != nil {
				return err
			}
		}
	}
	return nil
}

func setEmails(e *lifecycle.Entry, value json.RawMessage) error {
	list, err := values(value, "emails")
	if err != nil {
		return err
	}
	e.Directory.Email, e.Directory.EmailType = "", ""
	for _, v := range list {
		if e.Directory.Email == "" || v.Primary {
			e.Directory.Email, e.Directory.EmailType = v.Value, v.Type
		}
	}
	return nil
}

func setRoles(e *lifecycle.Entry, op string, value json.RawMessage) error {
	list, err := values(value, "roles")
	if err != nil {
		return err
	}
	if op == "replace" {
		e.Roles = []string{}
	}
	for _, v := range list {
		if !slices.Contains(e.Roles, v.Value) {
			e.Roles = append(e.Roles, v.Value)
		}
	}
	return nil
}

// removedRole reads which role a path such as roles[value eq "admin"] means.
var removedRole = regexp.MustCompile(`^roles\[value eq "([^"]*)"\]$`)

// remove takes an attribute away.
func remove(e *lifecycle.Entry, path string, value json.RawMessage) error {
	attribute := attributeOf(path)
	switch attribute {
	case "active", "username", "id", "schemas":
		return refusal("mutability", "%s cannot be removed.", path)
	case "roles":
		return removeRoles(e, value)
	case "name":
		e.Directory.GivenName, e.Directory.FamilyName = "", ""
		return nil
	case "emails":
		e.Directory.Email, e.Directory.EmailType = "", ""
		return nil
	}
	if role := removedRole.FindStringSubmatch(attribute); role != nil {
		e.Roles = slices.DeleteFunc(e.Roles, func(r string) bool { return strings.EqualFold(r, role[1]) })
		return nil
	}
	return set(e, "replace", path, json.RawMessage("null"))
}

// removeRoles removes those named by a value, or all.
func removeRoles(e *lifecycle.Entry, value json.RawMessage) error {
	if len(value) == 0 || string(value) == "null" {
		e.Roles = []string{}
		return nil
	}
	list, err := values(value, "roles")
	if err != nil {
		return err
	}
	e.Roles = slices.DeleteFunc(e.Roles, func(r string) bool {
		return slices.ContainsFunc(list, func(v multiValue) bool { return v.Value == r })
	})
	return nil
}
