package route

import (
	"slices"
	"strings"

	"github.com/tokenwright/tokenwright/internal/scope"
)

// Reason says why a request was refused.
type Reason string

// The reasons.
const (
	InsufficientScope Reason = "insufficient_scope" // of the rule that decided
	RouteDenied       Reason = "route_denied"       // no scope would help: no rule, a rule that admits nobody, or a path read in two ways
)

// Decision is what rules say of a request.
type Decision struct {
	Reason  Reason    // "" = admitted
	Rule    *Rule     // that decided; nil = the default
	Lacking scope.Set // what the rule needs and the caller does not hold; of a rule that asks for any, all of them
}

// Allowed says whether the request is admitted.
func (d Decision) Allowed() bool { return d.Reason == "" }

// of returns what one rule, nil for the default, decides.
func (rs *Rules) of(r *Rule, held scope.Set) Decision {
	switch {
	case r == nil && rs.Default == Authenticated, r != nil && r.Permits(held):
		return Decision{Rule: r}
	case r == nil || r.Match == None:
		return Decision{Rule: r, Reason: RouteDenied}
	}
	return Decision{Rule: r, Reason: InsufficientScope, Lacking: r.Scopes.Without(held)}
}

// exactly decides on one method and path, by the one rule that is about them.
func (c *Compiled) exactly(method, path string, held scope.Set) Decision {
	segments, ok := split(path, c.escapes)
	if !ok || !slices.Contains(Methods, method) {
		return Decision{Reason: RouteDenied}
	}
	for i := range c.entries[method] {
		if e := &c.entries[method][i]; e.rule.Path.matches(segments) {
			return c.rules.of(e.rule, held)
		}
	}
	return c.rules.of(nil, held)
}

// Decide says whether a caller may call a path with a method: exactly, or as far as one answer for the whole API can tell.
func (c *Compiled) Decide(method, path string, held scope.Set) Decision {
	d := c.exactly(method, path, held)
	if c.rules.AnswersFor == OneRequest || !d.Allowed() {
		return d // what the rules refuse stays refused, whatever a policy says of its ARN
	}
	p := c.Policy(held)
	if p.Admits(method + path) {
		return d
	}
	// Below a path that ends in a parameter, or with a literal's name for an id: a wildcard reaches there.
	for i := range c.entries[method] {
		if e := &c.entries[method][i]; !e.rule.Permits(held) && matchesWildcard(method+"/"+e.pattern, method+path) {
			return c.rules.of(e.rule, held)
		}
	}
	return Decision{Reason: RouteDenied}
}

// DecideConnect says whether a caller may open a WebSocket.
func (c *Compiled) DecideConnect(held scope.Set) Decision {
	for i := range c.rules.Rules {
		if r := &c.rules.Rules[i]; r.Path.connect {
			return c.rules.of(r, held)
		}
	}
	return c.rules.of(nil, held)
}

// DecideDefault says whether a caller may call what has no routes, such as an AppSync API.
func (c *Compiled) DecideDefault(held scope.Set) Decision { return c.rules.of(nil, held) }

// DecideKey says whether a caller may call every request that an HTTP API's route key ("GET /orders/{id}", "ANY /files/{path+}",
// "$default") stands for, and the one that was called: a gateway that caches one yes or no by the route key repeats it for
// all of them. A route whose key has a rule of its own is decided by that rule, because what more specific rules are about
// are routes with keys of their own. Any other, and each that ends in {name+}, behind which there may be no routes at all,
// is admitted when whatever rule could be about it admits the caller. With OneRequest the key does not count.
func (c *Compiled) DecideKey(key, method, path string, held scope.Set) Decision {
	d := c.exactly(method, path, held)
	if c.rules.AnswersFor == OneRequest || !d.Allowed() {
		return d
	}
	g := c.keys.of(key, func() governed { return c.govern(key) })
	for _, r := range g.rules {
		if other := c.rules.of(r, held); !other.Allowed() {
			return other
		}
	}
	if g.byDefault && c.rules.Default == Deny {
		return Decision{Reason: RouteDenied}
	}
	return d
}

// governed is which rules decide on the requests of a route key, and whether some of them have none.
type governed struct {
	rules     []*Rule
	byDefault bool
}

func (c *Compiled) govern(key string) (g governed) {
	e := effort{maxEffort}
	method, path, _ := strings.Cut(key, " ")
	methods, templates := []string{method}, []Template{}
	if method == "ANY" || key == "$default" {
		methods = Methods
	}
	if t, err := ParseTemplate(path); err == nil && !t.connect {
		templates = append(templates, t)
	} else { // $default, or a path that no rule can name
		templates = append(templates, Template{}, Template{elements: []element{{kind: many}}})
	}
	for _, m := range methods {
		for _, t := range templates {
			g.add(&e, c.entries[m], t)
		}
	}
	return g
}

func (g *governed) add(effort *effort, entries []entry, t Template) {
	own := slices.IndexFunc(entries, func(e entry) bool { return e.rule.Path.same(t) })
	if own >= 0 && !t.greedy() {
		g.rules = append(g.rules, entries[own].rule)
		return
	}
	all := make([][]element, len(entries))
	for i, e := range entries {
		all[i] = e.rule.Path.elements
		if effort.overlap([][]element{t.elements, all[i]}, nil) {
			g.rules = append(g.rules, e.rule)
		}
	}
	g.byDefault = g.byDefault || effort.overlap([][]element{t.elements}, all)
}
