package item

import (
	"strconv"
	"time"
)

// Kind is one of DynamoDB's types, as far as items here use them.
type Kind uint8

// The kinds of values.
const (
	Other  Kind = iota // a type that no item of ours has; also the zero Value, an absent attribute
	Text               // S
	Number             // N, as decimal text
	Binary             // B
	False              // BOOL
	True               // BOOL
	List               // L
	Map                // M
)

// Value is the value of one attribute. Values are never changed in place.
type Value struct {
	Kind     Kind
	Text     string // of Text, Number and, as raw bytes, Binary
	Elements []Value
	Fields   Item
}

// Item is one item, or a map inside one. "None" is the absence of an attribute; times are milliseconds since 1970.
type Item map[string]Value

// String returns a text.
func String(s string) Value { return Value{Kind: Text, Text: s} }

// Int returns a number.
func Int(n int64) Value { return Value{Kind: Number, Text: strconv.FormatInt(n, 10)} }

// Bytes returns a binary value.
func Bytes(b []byte) Value { return Value{Kind: Binary, Text: string(b)} }

// Time returns an instant.
func Time(t time.Time) Value { return Int(t.UnixMilli()) }

// Bool returns a truth.
func Bool(b bool) Value {
	if b {
		return Value{Kind: True}
	}
	return Value{Kind: False}
}

// ListOf returns a list of what one makes of each element; an empty list is stored as such.
func ListOf[T any](values []T, one func(T) Value) Value {
	out := make([]Value, len(values))
	for i, v := range values {
		out[i] = one(v)
	}
	return Value{Kind: List, Elements: out}
}

// MapOf returns a map.
func MapOf(fields Item) Value { return Value{Kind: Map, Fields: fields} }

// SetString sets a text, and leaves "" out.
func (it Item) SetString(name, s string) {
	if s != "" {
		it[name] = String(s)
	}
}

// SetTime sets an instant, and leaves the zero time out.
func (it Item) SetTime(name string, t time.Time) {
	if !t.IsZero() {
		it[name] = Time(t)
	}
}

// String reads a key, which DynamoDB keeps to be a text; "" when there is none. Other attributes have a reader.
func (it Item) String(name string) string {
	if v := it[name]; v.Kind == Text {
		return v.Text
	}
	return ""
}
