package item

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/tokenwright/tokenwright/internal/scope"
)

// reader reads the attributes of one item, each as the type it is written as. One of another type (NULL and the sets are
// such), and one that is missing although every such item has it, is the reader's error: what it would have limited is not
// known. The first such attribute is named; what is read after it is not to be used.
//
// A name that ends in OrNone is for what may be missing: "none" is the absence of the attribute and nothing else.
type reader struct {
	it  Item
	err error
}

func (r *reader) refuse(name, why string) {
	if r.err == nil {
		r.err = fmt.Errorf("%s %s", name, why)
	}
}

// get reads a value of a kind; ok is false when there is none, which is the reader's error.
func (r *reader) get(name string, kind Kind) (v Value, ok bool) {
	if v, ok = r.getOrNone(name, kind); !ok {
		r.refuse(name, "is missing")
	}
	return v, ok
}

// getOrNone is get of what may be missing.
func (r *reader) getOrNone(name string, kind Kind) (v Value, ok bool) {
	v, ok = r.it[name]
	if ok && v.Kind != kind {
		r.refuse(name, "is of another type")
		return Value{}, false
	}
	return v, ok
}

func (r *reader) has(name string) bool {
	_, ok := r.it[name]
	return ok
}

// isA holds that the item is of a type.
func (r *reader) isA(kind string) {
	if r.text("type") != kind {
		r.refuse("type", "is another")
	}
}

func (r *reader) text(name string) string {
	v, _ := r.get(name, Text)
	return v.Text
}

func (r *reader) textOrNone(name string) string {
	v, _ := r.getOrNone(name, Text)
	return v.Text
}

func (r *reader) number(name string) int64 {
	v, ok := r.get(name, Number)
	return r.whole(name, v, ok)
}

func (r *reader) numberOrNone(name string) int64 {
	v, ok := r.getOrNone(name, Number)
	return r.whole(name, v, ok)
}

func (r *reader) whole(name string, v Value, ok bool) int64 {
	if !ok {
		return 0
	}
	n, err := strconv.ParseInt(v.Text, 10, 64)
	if err != nil {
		r.refuse(name, "is no whole number")
	}
	return n
}

func (r *reader) truth(name string) bool {
	switch v := r.it[name]; v.Kind {
	case True, False:
		return v.Kind == True
	default:
		r.refuse(name, "is neither true nor false")
		return false
	}
}

func (r *reader) bytes(name string) string {
	v, _ := r.get(name, Binary)
	return v.Text
}

func (r *reader) instant(name string) time.Time { return time.UnixMilli(r.number(name)).UTC() }

// instantOrNone returns the zero time for none.
func (r *reader) instantOrNone(name string) time.Time {
	v, ok := r.getOrNone(name, Number)
	if !ok {
		return time.Time{}
	}
	return time.UnixMilli(r.whole(name, v, ok)).UTC()
}

func (r *reader) list(name string) []Value {
	v, _ := r.get(name, List)
	return v.Elements
}

// fields reads a map.
func (r *reader) fields(name string) reader {
	v, _ := r.get(name, Map)
	return reader{it: v.Fields, err: r.err}
}

// word reads a text that is one of some.
func word[T ~string](r *reader, name string, known ...T) T {
	w := T(r.text(name))
	if !slices.Contains(known, w) {
		r.refuse(name, "is a word that this version does not know")
	}
	return w
}

func wordOrNone[T ~string](r *reader, name string, known ...T) T {
	if !r.has(name) {
		return ""
	}
	return word(r, name, known...)
}

// texts reads a list of texts and nothing else.
func texts[T ~string](r *reader, name string) []T {
	elements := r.list(name)
	out := make([]T, len(elements))
	for i, e := range elements {
		if e.Kind != Text {
			r.refuse(name, "holds something that is no text")
		}
		out[i] = T(e.Text)
	}
	return out
}

func textsOrNone[T ~string](r *reader, name string) []T {
	if !r.has(name) {
		return nil
	}
	return texts[T](r, name)
}

// patternsOrNone is never nil when there is a list: nil allows everything, an empty list nothing.
func (r *reader) patternsOrNone(name string) []scope.Pattern {
	return textsOrNone[scope.Pattern](r, name)
}

// prefixesOrNone reads an address list. An empty one is never written, and would limit nothing.
func (r *reader) prefixesOrNone(name string) []netip.Prefix {
	if !r.has(name) {
		return nil
	}
	elements := r.list(name)
	if len(elements) == 0 {
		r.refuse(name, "is empty")
	}
	out := make([]netip.Prefix, len(elements))
	for i, e := range elements {
		var err error
		if out[i], err = netip.ParsePrefix(e.Text); err != nil || e.Kind != Text {
			r.refuse(name, "holds something that is no address block")
		}
	}
	return out
}
