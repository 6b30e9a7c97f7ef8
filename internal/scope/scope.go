// Package scope is the permission vocabulary: scopes, patterns over them, roles, and the catalogue file that lists
// what a deployment knows. It guarantees that nothing outside the catalogue is ever granted. Who holds what is left to
// others.
package scope

import (
	"errors"
	"slices"
	"strings"
)

// Errors about scopes.
var (
	// ErrUnknown is returned for a scope, pattern or role that the catalogue does not have.
	ErrUnknown = errors.New("unknown scope")
	// ErrBadCatalogue is returned for a catalogue file that cannot be used.
	ErrBadCatalogue = errors.New("bad scope catalogue")
)

// Scope is one permission, "resource:action".
type Scope string

// Pattern stands for one scope or several: "orders:read", "orders:*", "*:read" or "*".
type Pattern string

// Matches says whether the pattern covers s.
func (p Pattern) Matches(s Scope) bool {
	if p == "*" {
		return true
	}
	pResource, pAction, ok := strings.Cut(string(p), ":")
	resource, action, _ := strings.Cut(string(s), ":")
	return ok && (pResource == "*" || pResource == resource) && (pAction == "*" || pAction == action)
}

// Covers says whether every scope that other matches is matched by p as well, whatever the catalogue holds.
func (p Pattern) Covers(other Pattern) bool {
	if p == "*" || p == other {
		return true
	}
	pResource, pAction, ok := strings.Cut(string(p), ":")
	resource, action, also := strings.Cut(string(other), ":")
	return ok && also && (pResource == "*" || pResource == resource) && (pAction == "*" || pAction == action)
}

// Set holds scopes in ascending order, each once. The zero Set is empty. Sets are never changed in place.
type Set []Scope

// NewSet sorts scopes and drops doubles.
func NewSet(scopes ...Scope) Set {
	s := slices.Clone(scopes)
	slices.Sort(s)
	return slices.Compact(s)
}

// ParseSet reads the form of String. It takes every word: what the text says was decided by who wrote it.
func ParseSet(s string) Set {
	var scopes []Scope
	for word := range strings.FieldsSeq(s) {
		scopes = append(scopes, Scope(word))
	}
	return NewSet(scopes...)
}

// Has says whether the set holds want.
func (s Set) Has(want Scope) bool {
	_, ok := slices.BinarySearch(s, want)
	return ok
}

// Intersect returns what is in both sets.
func (s Set) Intersect(other Set) Set {
	out := make(Set, 0, min(len(s), len(other)))
	for _, x := range s {
		if other.Has(x) {
			out = append(out, x)
		}
	}
	return out
}

// Without returns what is in s and not in other.
func (s Set) Without(other Set) Set {
	var out Set
	for _, x := range s {
		if !other.Has(x) {
			out = append(out, x)
		}
	}
	return out
}

// String joins the scopes with spaces, the form of OAuth's scope parameter (RFC 6749, 3.3).
func (s Set) String() string {
	var b strings.Builder
	for i, x := range s {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(string(x))
	}
	return b.String()
}
