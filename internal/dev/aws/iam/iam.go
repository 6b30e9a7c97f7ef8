// Package iam reads the policy statements of the template and of authorizer
// answers, and decides whether they allow one request.
//
// It guarantees what IAM guarantees for identity policies: an explicit Deny
// wins, then an Allow, and what no statement names is refused. It understands
// only the condition operators and keys listed in condition.go; everything else
// is an error when the statement is parsed, because a condition that were
// skipped would let a function do locally what AWS refuses. It leaves out what
// the local stack has no use for: principals, policy variables, permission
// boundaries, resource policies.
package iam

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Decision is what a set of statements says about a request.
type Decision int

// Ordered from the weakest to the strongest: ExplicitDeny overrides Allow.
const (
	ImplicitDeny Decision = iota
	Allow
	ExplicitDeny
)

// Request is one call to decide on. Context holds the condition keys the call
// has; a key that is absent is absent for the conditions too, and so is one
// that the action does not have on AWS (see reference.go).
type Request struct {
	Action   string
	Resource string
	Context  map[string][]string
}

// Statement is one parsed policy statement. The zero value allows nothing.
type Statement struct {
	Sid          string
	Source       any // what it was parsed from
	Deny         bool
	actions      []string
	notActions   []string
	resources    []string
	notResources []string
	conditions   []condition
}

// Actions are those a statement names.
func (s *Statement) Actions() []string { return s.actions }

// Resources are those a statement names.
func (s *Statement) Resources() []string { return s.resources }

// Values are what a statement's conditions list for a condition key.
func (s *Statement) Values(key string) (values []string) {
	for _, c := range s.conditions {
		if strings.EqualFold(c.key, key) {
			values = append(values, c.values...)
		}
	}
	return values
}

// Decide applies the statements to a request. It also answers the statement that decided: the first of its kind that applies,
// nil when none does.
func Decide(statements []Statement, r Request) (decision Decision, by *Statement) {
	for i := range statements {
		switch s := &statements[i]; {
		case !s.applies(r):
		case s.Deny:
			return ExplicitDeny, s
		case by == nil:
			decision, by = Allow, s
		}
	}
	return decision, by
}

func (s *Statement) applies(r Request) bool {
	action := func(p string) bool { return matchAction(p, r.Action) }
	resource := func(p string) bool { return MatchARN(p, r.Resource) }
	if s.notActions != nil && slices.ContainsFunc(s.notActions, action) {
		return false
	}
	if s.notActions == nil && !slices.ContainsFunc(s.actions, action) {
		return false
	}
	if s.notResources != nil && slices.ContainsFunc(s.notResources, resource) {
		return false
	}
	if s.notResources == nil && !slices.ContainsFunc(s.resources, resource) {
		return false
	}
	for _, c := range s.conditions {
		if !c.holds(r) {
			return false
		}
	}
	return true
}

// ParsePolicy reads a policy document: an object whose Statement is one
// statement or a list of them.
func ParsePolicy(document []byte) ([]Statement, error) {
	var policy struct {
		Version   string
		Statement json.RawMessage
	}
	if err := json.Unmarshal(document, &policy); err != nil {
		return nil, fmt.Errorf("the policy document is not a JSON object: %w", err)
	}
	var one any
	if err := json.Unmarshal(policy.Statement, &one); err != nil {
		return nil, fmt.Errorf("the policy document has no Statement")
	}
	list, many := one.([]any)
	if !many {
		list = []any{one}
	}
	statements := make([]Statement, 0, len(list))
	for i, raw := range list {
		s, err := Parse(raw)
		if err != nil {
			return nil, fmt.Errorf("statement %d: %w", i+1, err)
		}
		statements = append(statements, s)
	}
	return statements, nil
}
