package route

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tokenwright/tokenwright/internal/scope"
)

// Fault says what is wrong with rules: which member of the JSON that API callers send, a code for machines and a
// sentence for people.
type Fault struct{ Field, Code, Detail string }

const (
	// MaxRules bounds the rules of one API.
	MaxRules = 300
	// maxScopes bounds the scopes of one rule.
	maxScopes = 20
	// maxEcho bounds what a fault repeats of a path: somebody may have pasted a token into it.
	maxEcho = 30
)

// Faults says why rules cannot be accepted; none = they can. known are the scopes there are.
func (rs *Rules) Faults(known scope.Set) []Fault {
	var f faults
	if rs.Default != Deny && rs.Default != Authenticated {
		f.add("default", "bad_value", "Want deny or authenticated.")
	}
	if rs.AnswersFor != WholeAPI && rs.AnswersFor != OneRequest {
		f.add("answersFor", "bad_value", "Want api or request.")
	}
	if len(rs.Rules) > MaxRules {
		f.add("rules", "too_many", "At most %d rules.", MaxRules)
		return f
	}
	for i := range rs.Rules {
		f.rule(i, &rs.Rules[i], known)
		if first := slices.IndexFunc(rs.Rules[:i], func(r Rule) bool {
			return r.Method == rs.Rules[i].Method && r.Path.same(rs.Rules[i].Path)
		}); first >= 0 {
			f.add(field(i), "duplicate", "The rule for %s %s is about the same.", rs.Rules[first].Method, brief(rs.Rules[first].Path.String()))
		}
	}
	if len(f) > 0 {
		return f // what follows is about rules that make sense each
	}
	return rs.together()
}

type faults []Fault

func (f *faults) add(field, code, format string, args ...any) {
	*f = append(*f, Fault{field, code, fmt.Sprintf(format, args...)})
}

func field(rule int) string { return fmt.Sprintf("rules[%d]", rule) }

// rule checks one rule by itself.
func (f *faults) rule(i int, r *Rule, known scope.Set) {
	if r.Method != AnyMethod && (!slices.Contains(Methods, r.Method) || r.Path.connect) {
		f.add(field(i)+".method", "bad_method", "Want one of %s, or * for all of them; the path $connect has *.", strings.Join(Methods, ", "))
	}
	for j, s := range r.Scopes {
		if !known.Has(s) {
			f.add(fmt.Sprintf("%s.scopes[%d]", field(i), j), "unknown_scope", "%.*q is no scope here. GET /v1/scopes lists them.", maxEcho, s)
		}
	}
	switch {
	case len(r.Scopes) > maxScopes:
		f.add(field(i)+".scopes", "too_many", "At most %d scopes.", maxScopes)
	case r.Match != All && r.Match != Any && r.Match != None:
		f.add(field(i)+".match", "bad_value", "Want all, any or none.")
	case r.Match == None && len(r.Scopes) > 0:
		f.add(field(i)+".match", "contradiction", "none admits nobody, so there are no scopes.")
	case r.Match == Any && len(r.Scopes) == 0:
		f.add(field(i)+".match", "contradiction", "Nobody has one of no scopes. With all, no scopes admit every valid credential.")
	}
}

// together checks what rules make of each other.
func (rs *Rules) together() []Fault {
	var f faults
	tooLarge := Fault{"rules", "too_large", "One policy for all of this is over API Gateway's 8 KB. Use fewer rules, or set answersFor to request."}
	if rs.AnswersFor == WholeAPI && rs.size() > maxPolicySize {
		return []Fault{tooLarge}
	}
	c := Compile(rs)
	if rs.AnswersFor == WholeAPI && rs.size()+c.guardSize() > maxPolicySize {
		return []Fault{tooLarge}
	}
	reached, walked := map[*Rule]bool{}, []string{}
	for _, m := range Methods {
		if slices.ContainsFunc(walked, func(other string) bool { return slices.EqualFunc(c.entries[m], c.entries[other], sameRule) }) {
			continue // the same rules were looked at under another method
		}
		walked = append(walked, m)
		j := judge{
			faults: &f, rules: rs, effort: &c.effort, method: m, entries: c.entries[m], guards: c.guards[m], reached: reached, told: map[[2]*Rule]bool{},
		}
		if j.look(); j.effort.spent() {
			f.add("rules", "too_complex", "There are too many ways in which the paths overlap. Use fewer parameters, or set answersFor to request.")
			return f
		}
	}
	for i := range rs.Rules {
		if r := &rs.Rules[i]; !r.Path.connect && !reached[r] {
			f.add(field(i), "unreachable", "More specific rules decide on everything that this one is about.")
		}
	}
	return f
}

func sameRule(a, b entry) bool { return a.rule == b.rule }

const (
	// stageARN is what a resource of a policy has before the method: arn:aws-us-gov:execute-api:us-gov-east-1:123456789012:a1b2c3d4e5/live/
	// with a longer stage, and what JSON adds.
	stageARN = 90
	// anywhereARN is what is denied anywhere: arn:aws-us-gov:execute-api:*:*:*%6?* and what JSON adds.
	anywhereARN = 40
	// maxPolicySize leaves 2 KB of API Gateway's 8 for who calls and with which scopes.
	maxPolicySize = 6 << 10
)

// size is the most that resources for the rules take in any caller's policy.
func (rs *Rules) size() int {
	n := stageARN + (len(irregular)+len(rs.escapes()))*anywhereARN
	if rs.Default == Authenticated {
		n += len(Methods) * stageARN
	}
	for i := range rs.Rules {
		r := &rs.Rules[i]
		methods := Methods
		if r.Method != AnyMethod {
			methods = []string{r.Method}
		}
		for _, m := range methods {
			n += stageARN + len(m) + len(wildcard(r.Path.elements))
		}
	}
	return n
}

// guardSize is what the resources that no rule is about take in one.
func (c *Compiled) guardSize() (n int) {
	for m, guards := range c.guards {
		for _, g := range guards {
			n += stageARN + len(m) + len(wildcard(g))
		}
	}
	return n
}

// brief cuts a path for a fault.
func brief(s string) string {
	if len(s) > maxEcho {
		return s[:maxEcho] + "…"
	}
	return s
}
