package dynamodb

import (
	"maps"
	"slices"
)

// projection is a parsed ProjectionExpression; nil shows everything.
type projection struct{ paths [][]pathElement }

func (sc *scope) projection(text *string) (*projection, error) {
	if text == nil {
		return nil, nil
	}
	p := newParser(*text)
	nodes := p.projection()
	if message := p.finish(); message != "" {
		return nil, invalid("Invalid ProjectionExpression: %s", message)
	}
	r := &resolver{scope: sc, kind: "ProjectionExpression"}
	proj := &projection{}
	for _, n := range nodes {
		r.resolve(n)
		proj.paths = append(proj.paths, n.path)
	}
	r.checkOverlap(proj.paths)
	return proj, r.err
}

func (p *parser) projection() []*node {
	var paths []*node
	for {
		if k := p.peek().kind; k != tokenWord && k != tokenName {
			p.unexpected()
			return nil
		}
		paths = append(paths, p.path())
		if !p.accept(",") {
			return paths
		}
	}
}

// topLevel lists the attributes the projection starts from.
func (proj *projection) topLevel() []string {
	if proj == nil {
		return nil
	}
	names := map[string]bool{}
	for _, path := range proj.paths {
		names[path[0].name] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// of answers the projected part of an item. Elements picked from a list move
// together in the order of their indices.
func (proj *projection) of(it item) item {
	if proj == nil || it == nil {
		return it
	}
	v, _ := pick(value{kind: "M", doc: it}, proj.paths)
	if v.doc == nil {
		return item{}
	}
	return v.doc
}

func pick(v value, paths [][]pathElement) (value, bool) {
	groups := map[pathElement][][]pathElement{}
	for _, path := range paths {
		if len(path) == 0 {
			return v, true
		}
		groups[path[0]] = append(groups[path[0]], path[1:])
	}
	picked := value{kind: v.kind}
	order := slices.SortedFunc(maps.Keys(groups), func(a, b pathElement) int { return a.index - b.index })
	for _, e := range order {
		c, ok := v.child(e)
		if !ok {
			continue
		}
		if c, ok = pick(c, groups[e]); !ok {
			continue
		}
		if e.isIndex {
			picked.list = append(picked.list, c)
			continue
		}
		if picked.doc == nil {
			picked.doc = map[string]value{}
		}
		picked.doc[e.name] = c
	}
	return picked, picked.list != nil || picked.doc != nil
}
