package route

import (
	"slices"
	"strings"
)

// judge looks for paths of which one policy says something else than the rules of one method, whoever calls.
//
// A policy has only wildcards, and they cross slashes: GET/orders/* is /orders/7 and /orders/7/items. Whatever a policy
// would admit too much is a fault. So is what it would refuse too much of a path with a rule, but for parameters with the
// name of another rule's literal (an order called "special"): that is refused then, and docs/attaching.md says so.
type judge struct {
	faults  *faults
	rules   *Rules
	effort  *effort
	method  string
	entries []entry // the most specific first
	guards  [][]element
	reached map[*Rule]bool
	told    map[[2]*Rule]bool // of which two there is a fault already
}

// look asks every question there is about these rules, each of as few patterns as it takes.
func (j *judge) look() {
	for i, e := range j.entries {
		if _, ok := j.effort.find([][]element{e.rule.Path.elements}, j.templates(i)); ok {
			j.reached[e.rule] = true
		}
		if j.rules.AnswersFor == OneRequest {
			continue
		}
		j.takenBack(i)
		if j.rules.Default == Deny && !j.rules.Complete && e.rule.Match != None {
			if path, ok := j.effort.find([][]element{e.wild}, append(j.templates(len(j.entries)), j.guards...)); ok {
				j.tell(e.rule, nil, path)
			}
		}
	}
}

// templates are those of the first entries, which decide before the ones that follow.
func (j *judge) templates(n int) [][]element {
	out := make([][]element, n)
	for i := range out {
		out[i] = j.entries[i].rule.Path.elements
	}
	return out
}

// takenBack looks for what one entry admits to and another one's Deny takes back.
func (j *judge) takenBack(admits int) {
	a := j.entries[admits].rule
	for i, e := range j.entries {
		if i == admits || !j.takesBack(e, a) {
			continue
		}
		if path, ok := j.effort.find([][]element{e.wild, ordinary(a.Path.elements)}, j.templates(admits)); ok {
			j.tell(e.rule, a, path)
		}
	}
}

// ordinary is a template with parameters that are no other pattern's literal.
func ordinary(elements []element) []element {
	out := slices.Clone(elements)
	for i, e := range out {
		if e.kind == one {
			out[i].kind = plain
		}
	}
	return out
}

// takesBack says whether some caller's policy denies by one entry, reaching a path that another rule admits the caller to.
func (j *judge) takesBack(denied entry, admits *Rule) bool {
	if j.rules.Default == Authenticated {
		return denied.rule.someoneLacks(admits)
	}
	return slices.ContainsFunc(denied.covers, func(k int) bool { return denied.rule.someoneLacks(admits, j.entries[k].rule) })
}

func (j *judge) tell(r, other *Rule, path string) {
	if j.told[[2]*Rule{r, other}] {
		return
	}
	j.told[[2]*Rule{r, other}] = true
	const ways = "set answersFor to request if API Gateway does not cache by the credential alone."
	i := j.index(r)
	if other == nil {
		j.faults.add(field(i)+".path", "admits_more",
			"One policy that admits to %s %s admits to paths below it that have no rule, such as %s: its wildcards cross slashes. Give %s a rule, "+
				"set complete if the API has no such path, or "+ways,
			j.method, brief(r.Path.String()), brief("/"+path), brief(generalised(path)))
		return
	}
	j.faults.add(field(i)+".path", "overlapping",
		"One policy cannot refuse this path to a caller and admit the same caller to %s, as the rule for %s %s does: its wildcards cross slashes. "+
			"Let the two need the same scopes, or "+ways,
		brief("/"+path), j.method, brief(other.Path.String()))
}

func (j *judge) index(r *Rule) int {
	for i := range j.rules.Rules {
		if &j.rules.Rules[i] == r {
			return i
		}
	}
	return -1
}

// generalised makes a template of a path that the machine found.
func generalised(path string) string {
	var b strings.Builder
	name := byte('a')
	for s := range strings.SplitSeq(path, "/") {
		b.WriteByte('/')
		if s == "" || strings.Trim(s, "x") != "" {
			b.WriteString(s)
			continue
		}
		b.WriteString("{" + string(name) + "}")
		name++
	}
	return b.String()
}
