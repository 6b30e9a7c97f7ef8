package scim

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/tokenwright/tokenwright/internal/lifecycle"
)

// multi is a multi-valued attribute being patched.
type multi struct {
	name   string
	values []multiValue
	subs   []string // what of a value is kept
	single bool     // one value is kept, not more
}

// attribute returns a sub-attribute for a filter to compare.
func (v multiValue) attribute(name string) (any, bool) {
	switch name {
	case "value":
		return v.Value, true
	case "type":
		return v.Type, v.Type != ""
	case "primary":
		return v.Primary, true
	}
	return nil, false
}

// apply is one operation on the values that a path means (RFC 7644, 3.5.2). One whose filter means none is refused, but for
// an add of what the filter describes: Entra ID makes a first address by emails[type eq "work"].value.
func (m *multi) apply(op string, p path, value json.RawMessage) error {
	if p.sub != "" && !slices.Contains(m.subs, p.sub) {
		return refusal("invalidPath", "Of %s, %s are kept.", m.name, strings.Join(m.subs, " and "))
	}
	meant := func(v multiValue) bool { return p.filter == nil || p.filter.matches(v) }
	switch {
	case !slices.ContainsFunc(m.values, meant):
		return m.where(op, p, value)
	case op == "remove" && (p.sub == "" || p.sub == "value"): // a value without its value is none
		m.values = slices.DeleteFunc(m.values, meant)
		return nil
	case p.sub != "":
		return m.setSub(p.sub, value, meant)
	}
	given, err := values(value, m.name)
	if err != nil {
		return err
	}
	if op == "replace" || m.single {
		m.values = slices.DeleteFunc(m.values, meant)
	}
	m.add(given)
	return nil
}

// where is apply where no value is meant.
func (m *multi) where(op string, p path, value json.RawMessage) error {
	switch {
	case p.filter == nil && op == "remove":
		return nil // of an attribute that is not there
	case p.filter == nil && p.sub == "":
		given, err := values(value, m.name)
		if err != nil {
			return err
		}
		m.add(given)
		return nil
	}
	var one multiValue
	ok := p.filter == nil
	if !ok {
		one, ok = made(p.filter)
	}
	if !ok || op == "remove" || p.filter != nil && (op != "add" || p.sub == "" || m.single && len(m.values) > 0) {
		return refusal("noTarget", "No value of %s is meant by this path.", m.name)
	}
	if err := one.set(m.name, p.sub, value); err != nil {
		return err
	}
	one.Primary = one.Primary || m.single
	if one.Value == "" || p.filter != nil && !p.filter.matches(one) {
		return refusal("noTarget", "No value of %s is meant by this path.", m.name)
	}
	m.add([]multiValue{one})
	return nil
}

func (m *multi) setSub(sub string, value json.RawMessage, meant func(multiValue) bool) error {
	for i, v := range m.values {
		if !meant(v) {
			continue
		}
		if err := m.values[i].set(m.name, sub, value); err != nil {
			return err
		}
	}
	m.values = slices.DeleteFunc(m.values, func(v multiValue) bool { return v.Value == "" })
	return nil
}

// set sets one sub-attribute; null and "" take it away.
func (v *multiValue) set(name, sub string, raw json.RawMessage) (err error) {
	switch sub {
	case "value":
		v.Value, err = text(raw, name+".value")
	case "type":
		v.Type, err = text(raw, name+".type")
	default: // primary, of the one that is kept
		var primary bool
		if primary, err = truth(raw); err == nil && !primary {
			err = refusal("invalidValue", "The one value of %s that is kept is the primary one.", name)
		}
	}
	return err
}

// add adds values that are not there. Of an attribute that keeps one value, the primary one stays, or else the first.
func (m *multi) add(given []multiValue) {
	for _, v := range given {
		if !slices.ContainsFunc(m.values, func(w multiValue) bool { return w.Value == v.Value }) {
			m.values = append(m.values, v)
		}
	}
	if i := slices.IndexFunc(m.values, func(v multiValue) bool { return v.Primary }); m.single && len(m.values) > 1 {
		m.values = m.values[max(i, 0):][:1]
	}
}

// patchEmails patches the one address that is kept. One of which nobody said the type is the work one.
func patchEmails(e *lifecycle.Entry, op string, p path, value json.RawMessage) error {
	m := multi{name: "emails", subs: []string{"value", "type", "primary"}, single: true}
	if e.Directory.Email != "" {
		m.values = []multiValue{{Value: e.Directory.Email, Type: cmp.Or(e.Directory.EmailType, "work"), Primary: true}}
	}
	if err := m.apply(op, p, value); err != nil {
		return err
	}
	e.Directory.Email, e.Directory.EmailType = "", ""
	if len(m.values) > 0 {
		e.Directory.Email, e.Directory.EmailType = m.values[0].Value, m.values[0].Type
	}
	return nil
}

// patchRoles patches roles. The only one is the primary one: Entra ID writes a single role to roles[primary eq "True"].value.
// A remove of some roles by value and without a filter is Entra ID's form.
func patchRoles(e *lifecycle.Entry, op string, p path, value json.RawMessage) error {
	if op == "remove" && p.filter == nil && p.sub == "" && len(value) > 0 && string(value) != "null" {
		list, err := values(value, "roles")
		e.Roles = slices.DeleteFunc(e.Roles, func(r string) bool {
			return slices.ContainsFunc(list, func(v multiValue) bool { return v.Value == r })
		})
		return err
	}
	m := multi{name: "roles", subs: []string{"value"}}
	for _, role := range e.Roles {
		m.values = append(m.values, multiValue{Value: role, Primary: len(e.Roles) == 1})
	}
	if err := m.apply(op, p, value); err != nil {
		return err
	}
	e.Roles = []string{}
	for _, v := range m.values {
		if !slices.Contains(e.Roles, v.Value) {
			e.Roles = append(e.Roles, v.Value)
		}
	}
	return nil
}
