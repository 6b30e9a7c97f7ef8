package dynamodb

import (
	"maps"
	"slices"
)

// updateTree holds the actions of an update by path, so that every list and
// map is rebuilt once and list indices mean what they meant before.
type updateTree struct {
	action   *updateAction // of a leaf
	children map[pathElement]*updateTree
}

func (u *updateExpression) tree() *updateTree {
	root := &updateTree{}
	for i := range u.actions {
		t := root
		for _, e := range u.actions[i].target.path {
			if t.children == nil {
				t.children = map[pathElement]*updateTree{}
			}
			if t.children[e] == nil {
				t.children[e] = &updateTree{}
			}
			t = t.children[e]
		}
		t.action = &u.actions[i]
	}
	return root
}

// apply returns the item after the update; old itself is not changed.
func (u *updateExpression) apply(old item) (item, error) {
	a := application{old: old}
	v, _ := a.apply(u.tree(), value{kind: "M", doc: old}, true)
	return v.doc, a.err
}

type application struct {
	old item // what the right sides read
	err error
}

func (a *application) fail(err error) (value, bool) {
	if a.err == nil {
		a.err = err
	}
	return value{}, false
}

// apply returns what stands in the place of v, if anything.
func (a *application) apply(t *updateTree, v value, exists bool) (value, bool) {
	switch {
	case a.err != nil:
		return v, exists
	case t.action != nil:
		return a.act(t.action, v, exists)
	case exists && v.kind == "M" && !t.indexed():
		return a.applyMap(t, v), true
	case exists && v.kind == "L" && t.indexed():
		return a.applyList(t, v), true
	default:
		return a.fail(errBadPath())
	}
}

func errBadPath() error {
	return invalid("The document path provided in the update expression is invalid for update")
}

func (t *updateTree) indexed() bool {
	for e := range t.children {
		return e.isIndex // all children are of one sort: conflicts are refused earlier
	}
	return false
}

func (a *application) applyMap(t *updateTree, v value) value {
	doc := maps.Clone(v.doc)
	if doc == nil {
		doc = map[string]value{}
	}
	for e, child := range t.children {
		old, exists := v.doc[e.name]
		if changed, keep := a.apply(child, old, exists); keep {
			doc[e.name] = changed
		} else {
			delete(doc, e.name)
		}
	}
	v.doc = doc
	return v
}

// applyList changes elements in place, drops the removed ones and appends,
// in the order of their indices, those set beyond the end.
func (a *application) applyList(t *updateTree, v value) value {
	indices := slices.SortedFunc(maps.Keys(t.children), func(x, y pathElement) int { return x.index - y.index })
	list := slices.Clone(v.list)
	var removed []int
	for _, e := range indices {
		inside := e.index < len(v.list)
		var old value
		if inside {
			old = v.list[e.index]
		}
		changed, keep := a.apply(t.children[e], old, inside)
		switch {
		case keep && inside:
			list[e.index] = changed
		case keep:
			list = append(list, changed)
		case inside:
			removed = append(removed, e.index)
		}
	}
	for _, i := range slices.Backward(removed) {
		list = slices.Delete(list, i, i+1)
	}
	v.list = list
	return v
}

func (a *application) act(action *updateAction, v value, exists bool) (value, bool) {
	if action.clause == "REMOVE" {
		return value{}, false
	}
	if action.clause == "SET" {
		result, err := action.source.evaluate(a.old)
		if err != nil {
			return a.fail(err)
		}
		return result, true
	}
	operand := action.source.value
	if !exists {
		return operand, action.clause == "ADD"
	}
	if v.kind != operand.kind {
		return a.fail(errWrongOperand())
	}
	if v.kind == "N" {
		sum, err := addNumbers(v, operand, false)
		if err != nil {
			return a.fail(err)
		}
		return sum, true
	}
	return combineSets(v, operand, action.clause == "ADD")
}

// combineSets answers the union or the difference; an empty set is no
// attribute at all.
func combineSets(v, operand value, union bool) (value, bool) {
	set := make([]string, 0, len(v.set)+len(operand.set))
	for _, s := range v.set {
		if !slices.Contains(operand.set, s) {
			set = append(set, s)
		}
	}
	if union {
		set = append(set, operand.set...)
		sortSet(v.kind, set)
	}
	return value{kind: v.kind, set: set}, len(set) > 0
}

// returned picks the attributes UpdateItem answers. For UPDATED_OLD and
// UPDATED_NEW these are, as in DynamoDB Local, the whole top-level attributes
// whose updated path exists in that image.
func (u *updateExpression) returned(mode string, old, changed item) item {
	switch mode {
	case "ALL_OLD":
		return old
	case "ALL_NEW":
		return changed
	case "UPDATED_OLD":
		return u.touched(old)
	case "UPDATED_NEW":
		return u.touched(changed)
	default:
		return nil
	}
}

func (u *updateExpression) touched(it item) item {
	if u == nil {
		return nil
	}
	shown := item{}
	for _, path := range u.paths() {
		if _, ok := lookup(it, path); ok {
			shown[path[0].name] = it[path[0].name]
		}
	}
	return shown
}
