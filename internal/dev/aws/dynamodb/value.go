package dynamodb

import (
	"maps"
	"slices"
	"strings"
)

// value is one attribute value. Only the member that belongs to kind is set.
type value struct {
	kind string           // "S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M"
	str  string           // S; N in canonical form; B as raw bytes
	flag bool             // BOOL
	set  []string         // SS, NS, BS: sorted, no duplicates
	list []value          // L
	doc  map[string]value // M
}

// item is a whole item, or the attributes an answer shows of one.
type item map[string]value

func numberValue(d decimal) value     { return value{kind: "N", str: d.String()} }
func (v value) isSet() bool           { return len(v.kind) == 2 && v.kind[1] == 'S' }
func (v value) isKeyType() bool       { return v.kind == "S" || v.kind == "N" || v.kind == "B" }
func (v value) member(s string) value { return value{kind: v.kind[:1], str: s} }

// equal compares by value: numbers numerically, sets without order.
func (v value) equal(o value) bool {
	if v.kind != o.kind {
		return false
	}
	switch v.kind {
	case "L":
		return slices.EqualFunc(v.list, o.list, value.equal)
	case "M":
		return maps.EqualFunc(v.doc, o.doc, value.equal)
	case "SS", "NS", "BS":
		return slices.Equal(v.set, o.set)
	default:
		return v.str == o.str && v.flag == o.flag
	}
}

// compare orders two scalars; ok is false when they have no order.
func (v value) compare(o value) (c int, ok bool) {
	if v.kind != o.kind || !v.isKeyType() {
		return 0, false
	}
	return compareScalar(v.kind, v.str, o.str), true
}

func compareScalar(kind, a, b string) int {
	if kind == "N" {
		return mustDecimal(a).compare(mustDecimal(b))
	}
	return strings.Compare(a, b) // bytes: UTF-8 order for S, unsigned for B
}

func sortSet(kind string, set []string) {
	slices.SortFunc(set, func(a, b string) int { return compareScalar(kind[:1], a, b) })
}

// depth counts nested levels; a scalar is one.
func (v value) depth() int {
	deepest := 0
	for _, e := range v.list {
		deepest = max(deepest, e.depth())
	}
	for _, e := range v.doc {
		deepest = max(deepest, e.depth())
	}
	return deepest + 1
}

// size is the number of bytes the service counts for a value.
func (v value) size() int {
	n := 0
	switch v.kind {
	case "S", "B":
		return len(v.str)
	case "N":
		return numberSize(v.str)
	case "BOOL", "NULL":
		return 1
	case "L", "M":
		n = 3 + len(v.list) + len(v.doc)
	}
	for _, s := range v.set {
		n += v.member(s).size()
	}
	for _, e := range v.list {
		n += e.size()
	}
	for k, e := range v.doc {
		n += len(k) + e.size()
	}
	return n
}

// numberSize: one byte for two digits, one more, and one for the sign.
func numberSize(s string) int {
	d := mustDecimal(s)
	n := (len(d.digits)+1)/2 + 1
	if d.negative {
		n++
	}
	return n
}

func (it item) size() int {
	n := 0
	for k, v := range it {
		n += len(k) + v.size()
	}
	return n
}
