package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/route/openapi"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/token"
)

// sentRules are rules as a request has them.
type sentRules struct {
	route.Rules
	document bool            // they come out of an OpenAPI document
	scopes   [][]scope.Scope // of each rule as they were sent; a rule's own are in order
}

// apiRules reads the rules of an API. What is absent takes its default; what only answers have may stand there, so that an
// answer can be edited and sent back.
func (r *Request) apiRules() (*sentRules, error) {
	o, err := r.objectUpTo(maxDocument, false)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"id", "ruleCount", "updatedAt", "updatedBy", "version"} {
		delete(o.members, name)
	}
	in := &sentRules{Rules: route.Rules{Default: route.Deny, AnswersFor: route.WholeAPI, Complete: plain[bool](o, "complete", "true or false").Value}}
	if f := plain[route.Default](o, "default", "deny or authenticated"); f.Set {
		in.Default = f.Value
	}
	if f := plain[route.AnswersFor](o, "answersFor", "api or request"); f.Set {
		in.AnswersFor = f.Value
	}
	_, listed := o.members["rules"]
	document, imported := o.members[openapi.Field]
	delete(o.members, openapi.Field)
	switch {
	case listed && imported:
		delete(o.members, "rules")
		o.fault(openapi.Field, "contradiction", "Send a list of rules or an OpenAPI document, not both.")
	case !listed && !imported:
		o.fault("rules", "required", "Send a list of rules, or an OpenAPI document as %s.", openapi.Field)
	case imported:
		in.document = true
		o.imported(document, in)
	default:
		o.listed(in)
	}
	return in, o.done()
}

// imported reads rules out of an OpenAPI document.
func (o *object) imported(document []byte, in *sentRules) {
	rules, faults := openapi.Rules(document)
	for _, f := range faults {
		o.faults = append(o.faults, lifecycle.FieldError(f))
	}
	in.Rules.Rules = rules
}

// listed reads the member rules.
func (o *object) listed(in *sentRules) {
	list := plain[[]json.RawMessage](o, "rules", "a list of rules").Value
	if len(list) > route.MaxRules {
		o.fault("rules", "too_many", "At most %d rules.", route.MaxRules)
		return
	}
	for i, raw := range list {
		rule, scopes, faults := readRule(raw)
		o.within(fmt.Sprintf("rules[%d]", i), faults)
		in.Rules.Rules, in.scopes = append(in.Rules.Rules, rule), append(in.scopes, scopes)
	}
}

// readRule reads one rule. Whether its scopes exist, and what it means beside the others, is for route.Rules.Faults.
func readRule(raw json.RawMessage) (r route.Rule, scopes []scope.Scope, faults []lifecycle.FieldError) {
	o, faults := nested(raw, "an object")
	if o == nil {
		return r, nil, faults
	}
	for _, name := range []string{"method", "path", "scopes"} {
		if _, ok := o.members[name]; !ok {
			o.fault(name, "required", "A rule has a method, a path and scopes.")
		}
	}
	r.Method = o.method("method", append(slices.Clone(route.Methods), route.AnyMethod))
	if path := plain[string](o, "path", "the path of a route"); path.Set && !o.hasFault("path") {
		var err error
		if r.Path, err = route.ParseTemplate(path.Value); err != nil {
			o.fault("path", "bad_path", "No route can have this path: %s.", strings.TrimPrefix(err.Error(), route.ErrBadTemplate.Error()+": "))
		}
	}
	scopes = plain[[]scope.Scope](o, "scopes", "a list of scopes").Value
	r.Scopes = scope.NewSet(scopes...)
	if r.Match = choice(o, "match", "all, any or none", parseMatch); r.Match == "" {
		r.Match = route.All
	}
	_ = o.done()
	return r, scopes, o.faults
}

func parseMatch(s string) (route.Match, bool) {
	m := route.Match(s)
	return m, m == route.All || m == route.Any || m == route.None
}

// method reads a member that is one of some methods; absent = "".
func (o *object) method(name string, known []string) string {
	f := plain[string](o, name, "a method such as GET")
	if f.Set && !o.hasFault(name) && !slices.Contains(known, f.Value) {
		o.fault(name, "bad_method", "Want one of %s.", strings.Join(known, ", "))
	}
	return f.Value
}

// located makes a refusal of rules name what was sent: the operation of a document, or the scope where its sender put it.
func (in *sentRules) located(err error) error {
	var refusal *lifecycle.Refusal
	if !errors.As(err, &refusal) || !errors.Is(err, lifecycle.ErrInvalid) {
		return err
	}
	for n := range refusal.Fields {
		f := &refusal.Fields[n]
		var i, j int
		switch count, _ := fmt.Sscanf(f.Field, "rules[%d].scopes[%d]", &i, &j); {
		case in.document && f.Field == "rules":
			f.Field = openapi.Field + ".paths"
		case in.document && count > 0:
			f.Field = openapi.Locate(&in.Rules.Rules[i])
		case count == 2:
			f.Field = fmt.Sprintf("rules[%d].scopes[%d]", i, slices.Index(in.scopes[i], in.Rules.Rules[i].Scopes[j]))
		}
	}
	return err
}

// check reads whose token is asked about, and for which call, if for one.
func (r *Request) check() (lifecycle.Target, *lifecycle.Call, error) {
	o, err := r.object(false)
	if err != nil {
		return lifecycle.Target{}, nil, err
	}
	var target lifecycle.Target
	if id := plain[string](o, "tokenId", "a token id, or self"); id.Value == "self" {
		target.Self = true
	} else if target.ID, err = token.ParseID(id.Value); err != nil && !o.hasFault("tokenId") {
		o.fault("tokenId", "bad_id", "A token id is tok_ and 22 letters or digits, or self.")
	}
	_, hasMethod := o.members["method"]
	path := plain[string](o, "path", "a path such as /orders/7")
	called := &lifecycle.Call{Path: path.Value, Method: o.method("method", route.Methods)}
	switch {
	case !hasMethod && !path.Set:
		return target, nil, o.done()
	case o.hasFault("path"):
	case !path.Set:
		o.fault("path", "required", "A method and a path go together.")
	case path.Value == route.Connect:
		called.Method = ""
	case token.InText(path.Value):
		o.fault("path", "holds_token", "There is a token in it. Name the path alone.")
	case !isPath(path.Value):
		o.fault("path", "bad_path", "Want $connect, or a path that begins with a slash and has at most %d characters, as it is called: without stage and query.", maxPath)
	case !hasMethod:
		o.fault("method", "required", "A method and a path go together; $connect alone has none.")
	}
	return target, called, o.done()
}

const maxPath = 1024

func isPath(s string) bool {
	return strings.HasPrefix(s, "/") && utf8.RuneCountInString(s) <= maxPath && !containsControl(s) && !strings.ContainsAny(s, "?# ")
}
