package scim

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/lifecycle"
)

// members is a JSON object by its members' names in lower case: attribute names are case-insensitive (RFC 7643, 2.1).
type members map[string]json.RawMessage

func fold(in map[string]json.RawMessage) (members, error) {
	out := make(members, len(in))
	for name, value := range in {
		key := strings.ToLower(name)
		if _, double := out[key]; double {
			return nil, refusal("invalidSyntax", "The attribute %.*q stands there more than once.", lifecycle.MaxEcho, name)
		}
		out[key] = value
	}
	return out, nil
}

func decode(raw json.RawMessage) (members, error) {
	in, err := api.Members(raw)
	if err != nil {
		return nil, err
	}
	return fold(in)
}

// body reads a request body and holds that it is of a schema. Extensions of a user are taken beside it.
func body(r *api.Request, schema string) (members, error) {
	in, err := r.Members(mediaType, plainMediaType)
	if err != nil {
		return nil, err
	}
	m, err := fold(in)
	if err != nil {
		return nil, err
	}
	var schemas []string
	if raw, ok := m["schemas"]; !ok || json.Unmarshal(raw, &schemas) != nil {
		return nil, refusal("invalidSyntax", "Name the schemas: [%q].", schema)
	}
	found := false
	for _, s := range schemas {
		found = found || strings.EqualFold(s, schema)
		if !strings.EqualFold(s, schema) && (schema != userSchema || !strings.HasPrefix(strings.ToLower(s), extensions)) {
			return nil, refusal("invalidValue", "%.*q is no schema of this request. Want %q.", lifecycle.MaxEcho, s, schema)
		}
	}
	if !found {
		return nil, refusal("invalidSyntax", "The schemas lack %q.", schema)
	}
	return m, nil
}

// replace writes a whole user resource into an entry: what is absent is cleared, but for active and roles, which change
// only when they are named.
func (m members) replace(e *lifecycle.Entry) error {
	subject, err := text(m["username"], "userName")
	if err != nil {
		return err
	}
	if subject == "" {
		return refusal("invalidValue", "A user needs a userName: the subject (sub) with which the person signs in.")
	}
	if e.Subject != "" && e.Subject != subject {
		return immutable()
	}
	next := lifecycle.Entry{Subject: subject, Active: e.Active, Roles: e.Roles}
	for _, attribute := range []string{"externalid", "name", "displayname", "emails", "roles", "active"} {
		if raw, ok := m[attribute]; ok {
			if err := set(&next, "replace", attribute, raw); err != nil {
				return err
			}
		}
	}
	if next.DisplayName == "" {
		next.DisplayName = m.formatted(&next)
	}
	*e = next
	return nil
}

// formatted is what a user without a displayName is shown as. Nobody sent it as one, so it is cut rather than refused.
func (m members) formatted(e *lifecycle.Entry) string {
	s := strings.TrimSpace(e.Directory.GivenName + " " + e.Directory.FamilyName)
	if inner, err := decode(m["name"]); err == nil {
		if given, err := text(inner["formatted"], "name.formatted"); err == nil && given != "" {
			s = given
		}
	}
	if letters := []rune(s); len(letters) > lifecycle.MaxName {
		s = string(letters[:lifecycle.MaxName])
	}
	return s
}

func immutable() error {
	return refusal("mutability", "userName is the subject with which a person signs in, and names the user for good. Delete this user and create the other one.")
}

// text reads a string; absent and null are "".
func text(raw json.RawMessage, attribute string) (string, error) {
	var s *string
	if len(raw) == 0 {
		return "", nil
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", refusal("invalidValue", "%s must be text.", attribute)
	}
	if s == nil {
		return "", nil
	}
	return *s, nil
}

// truth reads a boolean, also one in quotes: Entra ID sends "False".
func truth(raw json.RawMessage) (bool, error) {
	var b *bool
	if json.Unmarshal(raw, &b) == nil && b != nil {
		return *b, nil
	}
	if s, err := text(raw, "active"); err == nil {
		switch strings.ToLower(s) {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
	}
	return false, refusal("invalidValue", "active must be true or false.")
}

// values reads a multi-valued attribute: objects with a value, or plain strings; one of them, or a list.
func values(raw json.RawMessage, attribute string) ([]multiValue, error) {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		list = []json.RawMessage{raw}
	}
	var out []multiValue
	for _, one := range list {
		if string(one) == "null" {
			continue
		}
		var v multiValue
		if json.Unmarshal(one, &v.Value) != nil {
			m, err := decode(one)
			if err != nil {
				return nil, refusal("invalidValue", "%s must be a list of objects, each with a value.", attribute)
			}
			if v.Value, err = text(m["value"], attribute+".value"); err != nil {
				return nil, err
			}
			if v.Type, err = text(m["type"], attribute+".type"); err != nil {
				return nil, err
			}
			if primary, ok := m["primary"]; ok {
				v.Primary, _ = truth(primary)
			}
		}
		if v.Value != "" {
			out = append(out, v)
		}
	}
	return out, nil
}

// fields tells which attributes cannot be accepted, and why.
func fields(err error, otherwise string) string {
	var r *lifecycle.Refusal
	if !errors.As(err, &r) || len(r.Fields) == 0 {
		return otherwise
	}
	var out []string
	for _, f := range r.Fields {
		field := f.Field
		if field == "subject" {
			field = "userName"
		}
		out = append(out, field+": "+f.Detail)
	}
	return strings.Join(out, " ")
}

// count reads a number of the query; what is under least counts as that, and what is over everything there could be as much.
func count(parameters map[string]string, name string, otherwise, least int) (int, error) {
	s, ok := parameters[name]
	if !ok {
		return otherwise, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, refusal("invalidValue", "%s must be a whole number.", name)
	}
	return min(max(n, least), math.MaxInt32), nil
}
