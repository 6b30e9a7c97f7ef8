package route

import (
	"slices"
	"strings"
	"sync"

	"github.com/tokenwright/tokenwright/internal/scope"
)

// Compiled are rules made ready to decide. It is safe for concurrent use.
type Compiled struct {
	rules   *Rules
	entries map[string][]entry     // by method, the most specific first
	guards  map[string][][]element // by method
	effort  effort                 // what is left of it
	escapes []string               // that could spell something else

	policies memo[*Policy]
	keys     memo[governed]
}

// memo keeps what was worked out, up to maxHeld results; then it forgets them all. Its zero value is empty.
type memo[T any] struct {
	mu   sync.Mutex
	held map[string]T
}

const maxHeld = 1000

// of returns what is held under a key, or works it out.
func (m *memo[T]) of(key string, work func() T) T {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.held[key]
	if !ok {
		if m.held == nil || len(m.held) >= maxHeld {
			m.held = map[string]T{}
		}
		v = work()
		m.held[key] = v
	}
	return v
}

// entry is a rule as one method has it.
type entry struct {
	rule    *Rule
	pattern string    // its path as a policy's resource has it
	wild    []element // what that matches
	// covers are entries whose pattern reaches paths that this one decides: what a policy admits by them it has to take back
	// with a Deny for this one.
	covers []int
}

// Compile makes rules ready. They must not be changed afterwards.
func Compile(rules *Rules) *Compiled {
	c := &Compiled{rules: rules, effort: effort{maxEffort}, escapes: rules.escapes(), entries: map[string][]entry{}, guards: map[string][][]element{}}
	for _, m := range Methods {
		entries := rules.forMethod(m)
		c.entries[m] = entries
		if rules.AnswersFor == OneRequest {
			continue // no policy is made of them
		}
		for i := range entries {
			for j := range entries {
				if i != j && c.effort.reaches(&entries[j], j < i, &entries[i]) {
					entries[i].covers = append(entries[i].covers, j)
				}
			}
		}
		if rules.Default == Deny {
			c.guards[m] = c.effort.guards(entries)
		}
	}
	return c
}

// Rules returns what was compiled.
func (c *Compiled) Rules() *Rules { return c.rules }

// forMethod returns the rules that count for a method, the most specific first.
func (rs *Rules) forMethod(method string) []entry {
	var out []entry
	for i := range rs.Rules {
		r := &rs.Rules[i]
		if r.Path.connect || r.Method != method && r.Method != AnyMethod {
			continue
		}
		out = append(out, entry{rule: r, pattern: wildcard(r.Path.elements), wild: r.Path.wild()})
	}
	slices.SortStableFunc(out, func(a, b entry) int {
		if c := a.rule.Path.compare(b.rule.Path); c != 0 {
			return c
		}
		return strings.Compare(b.rule.Method, a.rule.Method) // "*" sorts before letters
	})
	return slices.CompactFunc(out, func(a, b entry) bool { return a.rule.Path.same(b.rule.Path) })
}

// reaches says whether the wildcard form of an entry matches paths that another one decides, as far as these two go.
func (e *effort) reaches(wide *entry, moreSpecific bool, decides *entry) bool {
	if disjoint(wide.wild, decides.rule.Path.elements) {
		return false // as most are
	}
	var avoid [][]element
	if moreSpecific {
		avoid = [][]element{wide.rule.Path.elements}
	}
	return e.overlap([][]element{wide.wild, decides.rule.Path.elements}, avoid)
}

// guards are patterns for what wildcards reach and no rule is about: more segments than any rule has, and one segment too
// many for a parameter. A guard that would reach a path with a rule is none.
func (e *effort) guards(entries []entry) [][]element {
	var out [][]element
	longest, root := 0, []element(nil)
	for i := range entries {
		t := entries[i].rule.Path
		longest = max(longest, len(t.elements))
		if len(t.elements) == 1 && t.elements[0].kind != literal {
			out = append(out, root) // GET/* is the root as well
		}
		for at, el := range t.elements {
			if el.kind == one {
				out = append(out, slices.Insert(slices.Clone(entries[i].wild), at, element{kind: many}))
			}
		}
	}
	if len(out) > 0 {
		out = slices.Insert(out, 0, slices.Repeat([]element{{kind: many}}, longest+1))
	}
	out = slices.DeleteFunc(out, func(g []element) bool {
		return slices.ContainsFunc(entries, func(other entry) bool {
			return other.rule.Match != None && !disjoint(g, other.rule.Path.elements) && e.overlap([][]element{g, other.rule.Path.elements}, nil)
		})
	})
	return e.widest(out)
}

// widest leaves out what a pattern before it matches as well.
func (e *effort) widest(patterns [][]element) [][]element {
	var out [][]element
	for _, p := range patterns {
		if !slices.ContainsFunc(out, func(q []element) bool { return e.within(p, q) }) {
			out = append(out, p)
		}
	}
	return out
}

// within says whether one pattern matches everything that another one does.
func (e *effort) within(p, q []element) bool {
	deep := !slices.ContainsFunc(q, func(el element) bool { return el.kind != many }) && len(q) > 0
	return deep && len(p) >= len(q) || !e.overlap([][]element{p}, [][]element{q})
}

// Policy is what a caller may call, as resources of a policy behind the stage: "GET/orders/*". A resource under Deny
// counts before one under Allow.
type Policy struct {
	Allow []string // none = nothing at all
	Deny  []string
	// Anywhere is under Deny as well, wherever in a resource it stands: irregular paths.
	Anywhere []string
	// Lacking are the scopes that rules of the API ask for and the caller does not hold.
	Lacking scope.Set
}

// irregular are paths that rules are not about and a wildcard would match: with an empty segment or with dots for a segment.
// Escapes that could spell something else are irregular as well.
var irregular = []string{"*//*", "*/./*", "*/../*", "*/.", "*/.."}

// slashed are those that end in a slash. Behind the stage "GET/" is the root, which does not.
const slashed = "*/*/"

// Policy returns what a caller with these scopes may call, the same one for the same scopes. It must not be changed.
func (c *Compiled) Policy(held scope.Set) *Policy {
	return c.policies.of(held.String(), func() *Policy { return c.policy(held) })
}

func (c *Compiled) policy(held scope.Set) *Policy {
	p := &Policy{}
	var lacking []scope.Scope
	for _, m := range Methods {
		entries := c.entries[m]
		permitted := make([]bool, len(entries))
		var allow, deny []string
		for i, e := range entries {
			if permitted[i] = e.rule.Permits(held); permitted[i] {
				allow = append(allow, m+"/"+e.pattern)
			} else {
				lacking = append(lacking, e.rule.Scopes.Without(held)...)
			}
		}
		if c.rules.Default == Authenticated {
			allow = []string{m + "/*"}
		}
		for i, e := range entries {
			if !permitted[i] && (c.rules.Default == Authenticated || slices.ContainsFunc(e.covers, func(j int) bool { return permitted[j] })) {
				deny = append(deny, m+"/"+e.pattern)
			}
		}
		if len(allow) > 0 {
			for _, g := range c.guards[m] {
				deny = append(deny, m+"/"+wildcard(g))
			}
		}
		p.Allow, p.Deny = append(p.Allow, allow...), append(p.Deny, deny...)
	}
	if slices.ContainsFunc(p.Allow, func(s string) bool { return strings.Contains(s, "*") }) {
		p.Deny, p.Anywhere = append(p.Deny, slashed), slices.Clone(irregular)
		for _, e := range c.escapes {
			p.Anywhere = append(p.Anywhere, "*"+e+"*")
		}
	}
	p.Lacking = scope.NewSet(lacking...)
	return p
}

// Admits says whether a gateway that applies the policy lets a request pass: "GET/orders/7".
func (p *Policy) Admits(request string) bool {
	matches := func(resource string) bool { return matchesWildcard(resource, request) }
	return slices.ContainsFunc(p.Allow, matches) && !slices.ContainsFunc(p.Deny, matches) && !slices.ContainsFunc(p.Anywhere, matches)
}

// matchesWildcard matches as a policy does: * is any number of characters, slashes included, and ? is one.
func matchesWildcard(pattern, s string) bool {
	first, rest, wild := strings.Cut(pattern, "*")
	if !beginsWith(s, first) {
		return false
	}
	s = s[len(first):]
	if !wild {
		return s == ""
	}
	for {
		var part string
		if part, rest, wild = strings.Cut(rest, "*"); !wild {
			return len(s) >= len(part) && beginsWith(s[len(s)-len(part):], part)
		}
		i := indexOf(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
}

// beginsWith is strings.HasPrefix for a pattern in which ? is any character.
func beginsWith(s, pattern string) bool {
	if strings.IndexByte(pattern, '?') < 0 {
		return strings.HasPrefix(s, pattern)
	}
	if len(s) < len(pattern) {
		return false
	}
	for i := range len(pattern) {
		if pattern[i] != '?' && pattern[i] != s[i] {
			return false
		}
	}
	return true
}

// indexOf is strings.Index for such a pattern.
func indexOf(s, pattern string) int {
	if strings.IndexByte(pattern, '?') < 0 {
		return strings.Index(s, pattern)
	}
	for i := 0; i+len(pattern) <= len(s); i++ {
		if beginsWith(s[i:], pattern) {
			return i
		}
	}
	return -1
}
