package dynamodb

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// holds evaluates a resolved condition against an item; a missing item is an
// empty one.
func (n *node) holds(it item) bool {
	switch n.op {
	case "AND":
		return n.args[0].holds(it) && n.args[1].holds(it)
	case "OR":
		return n.args[0].holds(it) || n.args[1].holds(it)
	case "NOT":
		return !n.args[0].holds(it)
	case "BETWEEN":
		return n.compares(it, 0, 1, ">=") && n.compares(it, 0, 2, "<=")
	case "IN":
		return slices.ContainsFunc(n.args[1:], func(arg *node) bool {
			a, okA := n.args[0].operand(it)
			b, okB := arg.operand(it)
			return okA && okB && a.equal(b)
		})
	case "function":
		return n.functionHolds(it)
	default:
		return n.compares(it, 0, 1, n.op)
	}
}

// compares applies op to two arguments. What is missing or has another type
// is neither equal nor ordered; only <> holds for it.
func (n *node) compares(it item, i, j int, op string) bool {
	a, okA := n.args[i].operand(it)
	b, okB := n.args[j].operand(it)
	if op == "=" || op == "<>" {
		return (okA && okB && a.equal(b)) == (op == "=")
	}
	if !okA || !okB {
		return false
	}
	c, ok := a.compare(b)
	if !ok {
		return false
	}
	switch op {
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	default:
		return c >= 0
	}
}

// operand is the value of an operand; ok is false when the item has none.
func (n *node) operand(it item) (v value, ok bool) {
	switch n.op {
	case "path":
		return lookup(it, n.path)
	case "value":
		return n.value, true
	default: // size() is the only function the resolver lets through here
		v, ok := n.args[0].operand(it)
		if !ok {
			return value{}, false
		}
		return sizeOf(v)
	}
}

// sizeOf counts a string in UTF-16 units, as the service's Java does.
func sizeOf(v value) (value, bool) {
	n := 0
	switch v.kind {
	case "S":
		n = len(utf16.Encode([]rune(v.str)))
	case "B":
		n = len(v.str)
	case "SS", "NS", "BS":
		n = len(v.set)
	case "L":
		n = len(v.list)
	case "M":
		n = len(v.doc)
	default:
		return value{}, false
	}
	return value{kind: "N", str: strconv.Itoa(n)}, true
}

func (n *node) functionHolds(it item) bool {
	first, ok := n.args[0].operand(it)
	switch n.text {
	case "attribute_exists":
		return ok
	case "attribute_not_exists":
		return !ok
	}
	second, okSecond := n.args[1].operand(it)
	if !ok || !okSecond {
		return false
	}
	switch n.text {
	case "attribute_type":
		return first.kind == second.str
	case "begins_with":
		return first.kind == second.kind && (first.kind == "S" || first.kind == "B") && strings.HasPrefix(first.str, second.str)
	default:
		return contains(first, second)
	}
}

func contains(whole, part value) bool {
	switch whole.kind {
	case "S", "B":
		return whole.kind == part.kind && strings.Contains(whole.str, part.str)
	case "SS", "NS", "BS":
		return whole.kind[:1] == part.kind && slices.Contains(whole.set, part.str)
	case "L":
		return slices.ContainsFunc(whole.list, part.equal)
	default:
		return false
	}
}

// lookup follows a document path.
func lookup(it item, path []pathElement) (value, bool) {
	v := value{kind: "M", doc: it}
	for _, e := range path {
		var ok bool
		if v, ok = v.child(e); !ok {
			return value{}, false
		}
	}
	return v, true
}

func (v value) child(e pathElement) (value, bool) {
	if e.isIndex {
		if v.kind != "L" || e.index >= len(v.list) {
			return value{}, false
		}
		return v.list[e.index], true
	}
	c, ok := v.doc[e.name]
	return c, ok
}
