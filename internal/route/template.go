package route

import (
	"fmt"
	"slices"
	"strings"
)

// Template is the path of a route as API Gateway writes it: /orders, /orders/{id}, /files/{path+}, or $connect. The
// zero Template is the root, /.
type Template struct {
	elements []element
	connect  bool
}

// element is one segment of a template, or of a pattern made of one.
type element struct {
	kind    elementKind
	literal string
	name    string // of a parameter
}

type elementKind uint8

const (
	literal    elementKind = iota
	one                    // {name}: one segment
	plain                  // of patterns alone: one segment that no other pattern spells
	many                   // {name+}: one segment or more; in a template only at the end
	everything             // of patterns alone: no segment or more
)

const (
	maxSegments = 16
	maxPath     = 256
)

// ParseTemplate reads a path. Its error says what is wrong with it.
func ParseTemplate(s string) (Template, error) {
	bad := func(why string) (Template, error) { return Template{}, fmt.Errorf("%w: %s", ErrBadTemplate, why) }
	switch {
	case s == Connect:
		return Template{connect: true}, nil
	case s == "/":
		return Template{}, nil
	case !strings.HasPrefix(s, "/"):
		return bad("it begins with a slash, or is $connect")
	case len(s) > maxPath:
		return bad(fmt.Sprintf("it has more than %d characters", maxPath))
	}
	var t Template
	for segment := range strings.SplitSeq(s[1:], "/") {
		e, err := parseElement(segment)
		switch {
		case err != nil:
			return Template{}, err
		case t.greedy():
			return bad("only the last segment can be greedy")
		case e.name != "" && slices.ContainsFunc(t.elements, func(other element) bool { return other.name == e.name }):
			return bad("two of its parameters have one name")
		}
		t.elements = append(t.elements, e)
	}
	if len(t.elements) > maxSegments {
		return bad(fmt.Sprintf("it has more than %d segments", maxSegments))
	}
	return t, nil
}

func parseElement(s string) (element, error) {
	inner, isParameter := strings.CutPrefix(s, "{")
	if isParameter {
		inner, closed := strings.CutSuffix(inner, "}")
		name, greedy := strings.CutSuffix(inner, "+")
		if !closed || !consistsOf(name, "._-") {
			return element{}, fmt.Errorf("%w: a parameter is {name} or {name+}, and a whole segment", ErrBadTemplate)
		}
		if greedy {
			return element{kind: many, name: name}, nil
		}
		return element{kind: one, name: name}, nil
	}
	if s == "" {
		return element{}, fmt.Errorf("%w: it has an empty segment", ErrBadTemplate)
	}
	if s == "." || s == ".." || !consistsOf(s, "._~:@$-") {
		return element{}, fmt.Errorf("%w: a segment has letters, digits and . _ ~ : @ $ - alone", ErrBadTemplate)
	}
	return element{kind: literal, literal: s}, nil
}

// consistsOf says whether s is letters, digits and these, and not empty.
func consistsOf(s, others string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(others, r)
	})
}

// String writes the path as it was read.
func (t Template) String() string {
	if t.connect {
		return Connect
	}
	var b strings.Builder
	for _, e := range t.elements {
		b.WriteByte('/')
		switch e.kind {
		case literal:
			b.WriteString(e.literal)
		case one:
			b.WriteString("{" + e.name + "}")
		case many:
			b.WriteString("{" + e.name + "+}")
		case plain, everything: // of patterns alone
		}
	}
	if b.Len() == 0 {
		return "/"
	}
	return b.String()
}

func (t Template) greedy() bool {
	return len(t.elements) > 0 && t.elements[len(t.elements)-1].kind == many
}

// same says whether two templates match the same paths: names do not count.
func (t Template) same(other Template) bool {
	return t.connect == other.connect && slices.EqualFunc(t.elements, other.elements, func(a, b element) bool {
		return a.kind == b.kind && a.literal == b.literal
	})
}

// compare orders templates that match one path by how specific they are, the most specific first.
func (t Template) compare(other Template) int {
	return slices.CompareFunc(t.elements, other.elements, func(a, b element) int { return int(a.kind) - int(b.kind) })
}

// matches says whether the template matches a path's segments.
func (t Template) matches(segments []string) bool {
	if t.connect || len(segments) < len(t.elements) || len(segments) > len(t.elements) && !t.greedy() {
		return false
	}
	for i, e := range t.elements {
		if e.kind == literal && e.literal != segments[i] {
			return false
		}
	}
	return true
}

// wildcard writes what a policy's resource calls the paths of the template, behind the method: each parameter is a
// wildcard, and wildcards cross slashes.
func wildcard(elements []element) string {
	var b strings.Builder
	for i, e := range elements {
		if i > 0 {
			b.WriteByte('/')
		}
		if e.kind == literal {
			b.WriteString(e.literal)
		} else {
			b.WriteByte('*')
		}
	}
	return b.String()
}

// wild returns the pattern that the wildcard form of a template stands for, as long as no segment of a path is empty:
// each parameter is one segment or more, or everything when it is all there is: GET/* is GET/ too.
func (t Template) wild() []element {
	out := slices.Clone(t.elements)
	if len(out) == 1 && out[0].kind != literal {
		return []element{{kind: everything}}
	}
	for i, e := range out {
		if e.kind == one {
			out[i].kind = many
		}
	}
	return out
}

// split returns a path's segments. A path that could be read in two ways is none: with empty segments, with dots for
// segments, or with one of some escapes.
func split(path string, escapes []string) (segments []string, ok bool) {
	rest, ok := strings.CutPrefix(path, "/")
	if !ok || disguised(path, escapes) {
		return nil, false
	}
	if rest == "" {
		return nil, true
	}
	segments = strings.Split(rest, "/")
	for _, s := range segments {
		if s == "" || s == "." || s == ".." {
			return nil, false
		}
	}
	return segments, true
}
