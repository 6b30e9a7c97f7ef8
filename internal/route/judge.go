package route

import (
	"slices"
	"strings"
)

// judge looks at every path that the rules of one method can tell apart, for whether one policy says of it what they say,
// whoever calls.
//
// A policy has only wildcards, and they cross slashes: GET/orders/* is /orders/7 and /orders/7/items. Whatever a policy
// would admit too much is a fault. So is what it would refuse too much of a path with a rule, but for parameters with the
// name of another rule's literal (an order called "special"): that is refused then, and the README says so.
type judge struct {
	faults   *faults
	compiled *Compiled
	method   string
	entries  []entry // the most specific first
	reached  map[*Rule]bool
	told     map[[2]*Rule]bool // of which two there is a fault already
}

// walk visits each situation once. The machine matches, in this order: each entry's template; the same with parameters
// that are no other rule's literal; its wildcard form; the guards.
func (j *judge) walk() error {
	n := len(j.entries)
	patterns := make([][]element, 3*n, 4*n)
	for i, e := range j.entries {
		patterns[i] = e.rule.Path.elements
		if j.compiled.rules.AnswersFor == WholeAPI {
			patterns[n+i], patterns[2*n+i] = ordinary(e.rule.Path.elements), e.rule.Path.wild()
		}
	}
	if j.compiled.rules.AnswersFor == WholeAPI {
		patterns = append(patterns, j.compiled.guards[j.method]...)
	} else {
		patterns = patterns[:n]
	}
	m := newMachine(patterns...)
	return m.walk(nil, func(s situation, path string) bool {
		decides := -1
		for i := range n {
			if m.matched(s, i) {
				decides = i
				break
			}
		}
		if decides >= 0 {
			j.reached[j.entries[decides].rule] = true
		}
		if len(patterns) > n {
			j.judge(view{m, s, n}, decides, path)
		}
		return len(*j.faults) >= 20
	})
}

func ordinary(elements []element) []element {
	out := slices.Clone(elements)
	for i, e := range out {
		if e.kind == one {
			out[i].kind = plain
		}
	}
	return out
}

// view is what a situation says of a path.
type view struct {
	m *machine
	s situation
	n int
}

func (v view) ordinary(i int) bool { return v.m.matched(v.s, v.n+i) }
func (v view) wild(i int) bool     { return v.m.matched(v.s, 2*v.n+i) }

func (v view) guarded() bool {
	for i := 3 * v.n; i < len(v.s); i++ {
		if v.m.matched(v.s, i) {
			return true
		}
	}
	return false
}

// judge compares what a policy says of one path with what the rules say.
func (j *judge) judge(v view, decides int, path string) {
	rules := j.compiled.rules
	for i, e := range j.entries {
		switch {
		case i == decides || !v.wild(i):
		case decides >= 0:
			if d := j.entries[decides].rule; v.ordinary(decides) && j.takesBack(e, d) {
				j.tell(e.rule, d, path)
			}
		case rules.Default == Deny && !rules.Complete && e.rule.Match != None && !v.guarded():
			j.tell(e.rule, nil, path)
		}
	}
}

// takesBack says whether some caller's policy denies by one entry, reaching a path that another rule admits the caller to.
func (j *judge) takesBack(denied entry, admits *Rule) bool {
	if j.compiled.rules.Default == Authenticated {
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
			j.method, brief(r.Path.String()), brief("/"+path), brief(j.generalised(path)))
		return
	}
	j.faults.add(field(i)+".path", "overlapping",
		"One policy cannot refuse this path to a caller and admit the same caller to %s, as the rule for %s %s does: its wildcards cross slashes. "+
			"Let the two need the same scopes, or "+ways,
		brief("/"+path), j.method, brief(other.Path.String()))
}

func (j *judge) index(r *Rule) int {
	for i := range j.compiled.rules.Rules {
		if &j.compiled.rules.Rules[i] == r {
			return i
		}
	}
	return -1
}

// generalised makes a template of a path that the machine found.
func (j *judge) generalised(path string) string {
	var b strings.Builder
	for i, s := range strings.Split(path, "/") {
		b.WriteByte('/')
		if strings.Trim(s, "x") == "" {
			b.WriteString("{" + string(rune('a'+i)) + "}")
		} else {
			b.WriteString(s)
		}
	}
	return b.String()
}
