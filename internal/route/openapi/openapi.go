// Package openapi reads an API's rules out of its OpenAPI document, 3.0 or 3.1, as JSON: which scopes the security
// requirements of each operation name (https://spec.openapis.org/oas/v3.1.1.html#security-requirement-object). It guesses
// nothing: where a document says two things, or something that rules cannot say, there is a fault.
package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/scope"
)

// Field is where faults of a document stand.
const Field = "openapi"

// document is what of it counts. Names are compared to the letter, which encoding/json does for maps alone.
type document struct {
	paths    map[string]map[string]json.RawMessage
	security *[]requirement
	schemes  map[string]json.RawMessage
}

// requirement names schemes that are needed together, each with the scopes it must grant.
type requirement map[string][]string

// anyMethod is how a document for API Gateway says ANY.
const anyMethod = "x-amazon-apigateway-any-method"

const (
	maxFaults = 50
	maxEcho   = 30 // of what the document spells; see package route
)

// Rules returns a rule for each operation of a document, by path and method, and whatever is wrong with it. An operation
// without security admits every valid credential: whether it is asked for one at all is the gateway's business.
func Rules(doc []byte) ([]route.Rule, []route.Fault) {
	d, fault := read(doc)
	if fault != nil {
		return nil, []route.Fault{*fault}
	}
	r := reader{document: d}
	for _, path := range slices.Sorted(maps.Keys(d.paths)) {
		r.path(path, d.paths[path])
	}
	if len(r.rules) == 0 && len(r.faults) == 0 {
		r.fault(Field+".paths", "no_operations", "The document has no operations.")
	}
	return r.rules, r.faults
}

// read reads a document's own members.
func read(doc []byte) (*document, *route.Fault) {
	fault := func(field, code, detail string) (*document, *route.Fault) {
		return nil, &route.Fault{Field: field, Code: code, Detail: detail}
	}
	members, components := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	if json.Unmarshal(doc, &members) != nil || members == nil {
		return fault(Field, "not_openapi", "Want an OpenAPI document as a JSON object.")
	}
	if repeated(doc) {
		return fault(Field, "repeated", "An object of the document has a member more than once.")
	}
	var version string
	if json.Unmarshal(members["openapi"], &version) != nil || !strings.HasPrefix(version, "3.0.") && !strings.HasPrefix(version, "3.1.") {
		return fault(Field+".openapi", "bad_version", "Want a document of OpenAPI 3.0 or 3.1.")
	}
	d := &document{}
	for _, m := range []struct {
		field string
		raw   json.RawMessage
		into  any
	}{{"paths", members["paths"], &d.paths}, {"security", members["security"], &d.security}, {"components", members["components"], &components}} {
		if m.raw != nil && json.Unmarshal(m.raw, m.into) != nil {
			return fault(Field+"."+m.field, "not_openapi", "This is not what OpenAPI has there.")
		}
	}
	if raw := components["securitySchemes"]; raw != nil && json.Unmarshal(raw, &d.schemes) != nil {
		return fault(Field+".components.securitySchemes", "not_openapi", "This is not what OpenAPI has there.")
	}
	return d, nil
}

// repeated says whether an object of valid JSON has a member twice, of which encoding/json would take the last.
func repeated(doc []byte) bool {
	d := json.NewDecoder(bytes.NewReader(doc))
	type level struct {
		names map[string]bool // nil in a list
		value bool            // a name was read, its value comes next
	}
	levels := []level{}
	for {
		t, err := d.Token()
		if err != nil {
			return err != io.EOF
		}
		var at *level
		if len(levels) > 0 {
			at = &levels[len(levels)-1]
		}
		if name, ok := t.(string); ok && at != nil && at.names != nil && !at.value {
			if at.names[name] {
				return true
			}
			at.names[name], at.value = true, true
			continue
		}
		if at != nil {
			at.value = false
		}
		switch t {
		case json.Delim('{'):
			levels = append(levels, level{names: map[string]bool{}})
		case json.Delim('['):
			levels = append(levels, level{})
		case json.Delim('}'), json.Delim(']'):
			levels = levels[:len(levels)-1]
		}
	}
}

type reader struct {
	document *document
	rules    []route.Rule
	faults   []route.Fault
}

func (r *reader) fault(field, code, format string, args ...any) {
	if len(r.faults) < maxFaults {
		r.faults = append(r.faults, route.Fault{Field: field, Code: code, Detail: fmt.Sprintf(format, args...)})
	}
}

// Locate says where in a document a rule came from.
func Locate(r *route.Rule) string {
	method := strings.ToLower(r.Method)
	if r.Method == route.AnyMethod {
		method = anyMethod
	}
	return at(r.Path.String()) + "." + method
}

func at(path string) string { return fmt.Sprintf("%s.paths.%.*s", Field, maxEcho, path) }

func (r *reader) path(path string, item map[string]json.RawMessage) {
	if strings.HasPrefix(path, "x-") {
		return
	}
	if _, ok := item["$ref"]; ok {
		r.fault(at(path), "reference", "A path that is a reference cannot be read. Put what it refers to in its place.")
		return
	}
	template, err := route.ParseTemplate(path)
	if err != nil {
		r.fault(at(path), "bad_path", "No route can have this path: %s.", strings.TrimPrefix(err.Error(), route.ErrBadTemplate.Error()+": "))
		return
	}
	for _, name := range slices.Sorted(maps.Keys(item)) {
		method := strings.ToUpper(name)
		switch {
		case name == anyMethod:
			method = route.AnyMethod
		case name != strings.ToLower(name) || !slices.Contains(route.Methods, method):
			continue // summaries, parameters, extensions; trace, which API Gateway does not have
		}
		rule := route.Rule{Method: method, Path: template}
		if r.operation(at(path)+"."+name, item[name], &rule) {
			r.rules = append(r.rules, rule)
		}
	}
}

// operation reads what one operation needs.
func (r *reader) operation(where string, raw json.RawMessage, into *route.Rule) bool {
	var op map[string]json.RawMessage
	var security *[]requirement
	if json.Unmarshal(raw, &op) != nil || op["security"] != nil && json.Unmarshal(op["security"], &security) != nil {
		r.fault(where, "not_openapi", "This is no operation of OpenAPI.")
		return false
	}
	if security == nil {
		security = r.document.security
	}
	into.Match = route.All
	if security == nil {
		return true
	}
	before := len(r.faults)
	var alternatives []scope.Set
	for _, q := range *security {
		alternatives = append(alternatives, r.scopes(where, q))
	}
	alternatives = slices.CompactFunc(alternatives, slices.Equal)
	r.combine(where, alternatives, into)
	return len(r.faults) == before
}

// scopes returns what a requirement asks for, of all its schemes together.
func (r *reader) scopes(where string, q requirement) scope.Set {
	var all []scope.Scope
	for _, scheme := range slices.Sorted(maps.Keys(q)) {
		if _, ok := r.document.schemes[scheme]; !ok {
			r.fault(where+".security", "unknown_scheme", "components.securitySchemes has no %.*q.", maxEcho, scheme)
		}
		for _, s := range q[scheme] {
			all = append(all, scope.Scope(s))
		}
	}
	return scope.NewSet(all...)
}

// combine makes a rule of alternatives, as far as rules can say "or".
func (r *reader) combine(where string, alternatives []scope.Set, into *route.Rule) {
	none := func(s scope.Set) bool { return len(s) == 0 }
	several := func(s scope.Set) bool { return len(s) > 1 }
	switch {
	case len(alternatives) == 0:
	case len(alternatives) == 1:
		into.Scopes = alternatives[0]
	case slices.ContainsFunc(alternatives, none):
		r.fault(where+".security", "ambiguous_security", "One alternative needs scopes and another none. Keep the one that a token has to meet.")
	case slices.ContainsFunc(alternatives, several):
		r.fault(where+".security", "unsupported_security", "A rule needs all of some scopes or any of them, not one group of scopes or another.")
	default:
		into.Match, into.Scopes = route.Any, scope.NewSet(slices.Concat(alternatives...)...)
	}
}
