// Package jsonread reads JSON text (RFC 8259) in the order it stands there, without reflection and mostly without
// copying: for the few documents that are read on every validation. It guarantees that it never panics, never goes
// deeper than MaxDepth, and accepts exactly what encoding/json accepts, with the same values. Member names are compared
// as they are, in their case. How long a text may be is for the caller to bound.
package jsonread

import (
	"errors"
	"iter"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// ErrSyntax is returned for a text that is not what was asked for: no JSON, or another type of value.
var ErrSyntax = errors.New("unexpected JSON")

// MaxDepth is how deep objects and arrays may lie in each other.
const MaxDepth = 64

// Kind is the type of the next value.
type Kind byte

// The kinds of values.
const (
	Invalid Kind = iota
	Object
	Array
	String
	Number
	Bool
	Null
)

// Reader walks through one text. After the first error every method yields zero values, and Err tells.
type Reader struct {
	text  string
	at    int
	depth int
	err   error
}

// New returns a reader at the beginning of a text. What it returns refers to the text and lives as long.
func New(text string) *Reader { return &Reader{text: text} }

// Err returns the first error.
func (r *Reader) Err() error { return r.err }

// End says that nothing more may come, and returns the first error.
func (r *Reader) End() error {
	if r.space(); r.at < len(r.text) {
		r.fail()
	}
	return r.err
}

// Next returns the kind of the value that comes next.
func (r *Reader) Next() Kind {
	switch c := r.peek(); c {
	case '{':
		return Object
	case '[':
		return Array
	case '"':
		return String
	case 't', 'f':
		return Bool
	case 'n':
		return Null
	default:
		if c == '-' || isDigit(c) {
			return Number
		}
		return Invalid
	}
}

// Members reads an object and yields its names. The loop's body must read each value, or Skip it, and must not break.
func (r *Reader) Members() iter.Seq[string] {
	return func(yield func(string) bool) {
		if !r.enter('{') {
			return
		}
		for first := true; r.more('}', first); first = false {
			name := r.String()
			if r.expect(':'); r.err != nil || !yield(name) {
				return
			}
		}
	}
}

// Elements reads an array and yields once for each element, which the loop's body must read or Skip.
func (r *Reader) Elements() iter.Seq[int] {
	return func(yield func(int) bool) {
		if !r.enter('[') {
			return
		}
		for i := 0; r.more(']', i == 0); i++ {
			if !yield(i) {
				return
			}
		}
	}
}

// enter goes into an object or array.
func (r *Reader) enter(open byte) bool {
	if r.depth++; r.depth > MaxDepth {
		r.fail()
	}
	return r.expect(open)
}

// more says whether another member follows, after the comma that must precede it; at the end it goes out again.
func (r *Reader) more(closing byte, first bool) bool {
	if r.err != nil {
		return false
	}
	if r.peek() == closing {
		r.at++
		r.depth--
		return false
	}
	return first || r.expect(',')
}

// Null reads null if it comes next, and says so.
func (r *Reader) Null() bool { return r.peek() == 'n' && r.literal("null") }

// Bool reads true or false.
func (r *Reader) Bool() bool {
	if r.peek() == 't' {
		return r.literal("true")
	}
	r.literal("false")
	return false
}

// Number reads a number and returns its text.
func (r *Reader) Number() string {
	r.space()
	start := r.at
	r.accept('-')
	if !r.accept('0') {
		r.digits()
	}
	if r.accept('.') {
		r.digits()
	}
	if r.accept('e') || r.accept('E') {
		if !r.accept('+') {
			r.accept('-')
		}
		r.digits()
	}
	if r.err != nil {
		return ""
	}
	return r.text[start:r.at]
}

// String reads a string. Without escapes it is a part of the text.
func (r *Reader) String() string {
	if !r.expect('"') {
		return ""
	}
	ascii := true
	for i := r.at; i < len(r.text); i++ {
		switch c := r.text[i]; {
		case c == '"':
			s := r.text[r.at:i]
			r.at = i + 1
			if ascii {
				return s
			}
			return valid(s)
		case c == '\\':
			return r.escaped(i)
		case c < ' ':
			r.fail()
			return ""
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	r.fail()
	return ""
}

// escaped reads a string whose first escape stands at i.
func (r *Reader) escaped(i int) string {
	var b strings.Builder
	for from := r.at; i < len(r.text); {
		switch c := r.text[i]; {
		case c == '"':
			b.WriteString(valid(r.text[from:i]))
			r.at = i + 1
			return b.String()
		case c == '\\':
			b.WriteString(valid(r.text[from:i]))
			char, size := unescape(r.text[i:])
			if size == 0 {
				r.fail()
				return ""
			}
			b.WriteRune(char)
			i += size
			from = i
		case c < ' ':
			r.fail()
			return ""
		default:
			i++
		}
	}
	r.fail()
	return ""
}

// unescape reads one escape, of two halves where it needs two; size 0 = it is none.
func unescape(s string) (char rune, size int) {
	if len(s) < 2 {
		return 0, 0
	}
	if plain := strings.IndexByte(`"\/bfnrt`, s[1]); plain >= 0 {
		return rune("\"\\/\b\f\n\r\t"[plain]), 2
	}
	high, ok := unit(s)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(high) {
		return high, 6
	}
	if low, ok := unit(s[6:]); ok {
		if char := utf16.DecodeRune(high, low); char != utf8.RuneError {
			return char, 12
		}
	}
	return utf8.RuneError, 6
}

// unit reads one escape of four hexadecimal digits.
func unit(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	var u rune
	for _, c := range []byte(s[2:6]) {
		switch {
		case isDigit(c):
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		u = u<<4 | rune(c)
	}
	return u, true
}

// valid replaces each byte that is no UTF-8.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string([]rune(s))
}

// Skip reads a value of any kind and forgets it.
func (r *Reader) Skip() {
	switch r.Next() {
	case Object:
		for range r.Members() {
			r.Skip()
		}
	case Array:
		for range r.Elements() {
			r.Skip()
		}
	case String:
		_ = r.String()
	case Number:
		_ = r.Number()
	case Bool:
		_ = r.Bool()
	case Null:
		_ = r.Null()
	case Invalid:
		r.fail()
	}
}

func (r *Reader) fail() {
	if r.err == nil {
		r.err = ErrSyntax
	}
	r.at = len(r.text)
}

func (r *Reader) space() {
	for r.at < len(r.text) {
		switch r.text[r.at] {
		case ' ', '\t', '\n', '\r':
			r.at++
		default:
			return
		}
	}
}

// peek returns the next byte that is no space; 0 at the end.
func (r *Reader) peek() byte {
	if r.space(); r.at < len(r.text) {
		return r.text[r.at]
	}
	return 0
}

func (r *Reader) expect(c byte) bool {
	if r.err != nil || r.peek() != c {
		r.fail()
		return false
	}
	r.at++
	return true
}

// accept takes the byte if it comes next, without space before it.
func (r *Reader) accept(c byte) bool {
	if r.at < len(r.text) && r.text[r.at] == c {
		r.at++
		return true
	}
	return false
}

// digits takes one or more.
func (r *Reader) digits() {
	start := r.at
	for r.at < len(r.text) && isDigit(r.text[r.at]) {
		r.at++
	}
	if r.at == start {
		r.fail()
	}
}

func (r *Reader) literal(word string) bool {
	if r.space(); r.err != nil || !strings.HasPrefix(r.text[r.at:], word) {
		r.fail()
		return false
	}
	r.at += len(word)
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
