// Package openapi reads an API's rules out of its OpenAPI document, 3.0 or 3.1, as JSON: which scopes the security
// requirements of each operation name (https://spec.openapis.org/oas/v3.1.1.html#security-requirement-object). It guesses
// nothing: where a document says two things, or something that rules cannot say, there is a fault.
package openapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/scope"
)

// Field is where faults of a document stand.
const Field = "openapi"

type document struct {
	OpenAPI    string                                `json:"openapi"`
	Paths      map[string]map[string]json.RawMessage `json:"paths"`
	Security   *[]requirement                        `json:"security"`
	Components struct {
		SecuritySchemes map[string]json.RawMessage `json:"securitySchemes"`
	} `json:"components"`
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
	var d document
	if err := json.Unmarshal(doc, &d); err != nil {
		return nil, []route.Fault{{Field: Field, Code: "not_openapi", Detail: "Want an OpenAPI document as a JSON object."}}
	}
	if !strings.HasPrefix(d.OpenAPI, "3.0.") && !strings.HasPrefix(d.OpenAPI, "3.1.") {
		return nil, []route.Fault{{Field: Field + ".openapi", Code: "bad_version", Detail: "Want a document of OpenAPI 3.0 or 3.1."}}
	}
	r := reader{document: &d}
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		r.path(path, d.Paths[path])
	}
	if len(r.rules) == 0 && len(r.faults) == 0 {
		r.fault(Field+".paths", "no_operations", "The document has no operations.")
	}
	return r.rules, r.faults
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
	var op struct {
		Security *[]requirement `json:"security"`
	}
	if err := json.Unmarshal(raw, &op); err != nil {
		r.fault(where, "not_openapi", "This is no operation of OpenAPI.")
		return false
	}
	if op.Security == nil {
		op.Security = r.document.Security
	}
	into.Match = route.All
	if op.Security == nil {
		return true
	}
	before := len(r.faults)
	var alternatives []scope.Set
	for _, q := range *op.Security {
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
		if _, ok := r.document.Components.SecuritySchemes[scheme]; !ok {
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
