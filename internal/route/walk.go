package route

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
)

// This file is patterns over the segments of a path, matched side by side: the one machine behind every question of the
// form "is there a path that these match and those do not". A path is regular here, without empty segments.

// machine walks all paths at once, as far as its patterns can tell them apart.
type machine struct {
	patterns [][]element
	other    string // a segment that no pattern spells
	effort   *effort
}

// effort bounds the work that rules can cause: people write them, and patterns can overlap in more ways than there is
// time for.
type effort struct{ left int }

// maxEffort is in patterns that were taken one segment further: a fifth of a second on one core.
const maxEffort = 2_000_000

func (e *effort) spent() bool { return e.left <= 0 }

// positions is where a pattern may stand after some segments: bit i, before its i-th element. Templates have at most
// maxSegments elements, guards one more.
type positions uint32

// situation is where every pattern stands.
type situation []positions

func newMachine(e *effort, patterns ...[]element) *machine {
	m := &machine{patterns: patterns, other: "x", effort: e}
	for slices.ContainsFunc(patterns, func(p []element) bool { return spells(p, m.other) }) {
		m.other += "x"
	}
	return m
}

func spells(pattern []element, s string) bool {
	return slices.ContainsFunc(pattern, func(e element) bool { return e.literal == s })
}

func (m *machine) start() situation {
	s := make(situation, len(m.patterns))
	for i, p := range m.patterns {
		s[i] = 1
		if len(p) > 0 && p[0].kind == everything {
			s[i] |= 1 << 1
		}
	}
	return s
}

// matched says whether a pattern matches the path so far.
func (m *machine) matched(s situation, i int) bool { return s[i]&(1<<len(m.patterns[i])) != 0 }

func (m *machine) step(s situation, segment string) situation {
	m.effort.left -= len(s)
	next := make(situation, len(s))
	for i, p := range m.patterns {
		next[i] = step(p, s[i], segment, segment == m.other)
	}
	return next
}

func step(pattern []element, at positions, segment string, isOther bool) (next positions) {
	for i := 0; at>>i != 0; i++ {
		if at&(1<<i) == 0 {
			continue
		}
		if i > 0 && pattern[i-1].kind >= many {
			next |= 1 << i
		}
		if i == len(pattern) {
			continue
		}
		e := pattern[i]
		if e.kind != literal && (e.kind != plain || isOther) || e.kind == literal && e.literal == segment {
			next |= 1 << (i + 1)
		}
	}
	return next
}

// segments returns the segments that make a difference now.
func (m *machine) segments(s situation) []string {
	out := []string{m.other}
	for i, p := range m.patterns {
		for j, e := range p {
			if s[i]&(1<<j) != 0 && e.kind == literal {
				out = append(out, e.literal)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// errTooComplex is returned when the effort is spent.
var errTooComplex = errors.New("too many ways in which the paths overlap")

// walk shows every situation once, with the shortest path that leads there, until visit says stop. worth says whether to
// go on from a situation.
func (m *machine) walk(worth func(situation) bool, visit func(s situation, path string) (stop bool)) error {
	type found struct {
		at   situation
		path string
	}
	queue := []found{{m.start(), ""}}
	seen := map[string]bool{queue[0].at.key(): true}
	for len(queue) > 0 {
		if m.effort.spent() {
			return errTooComplex
		}
		f := queue[0]
		queue = queue[1:]
		if visit(f.at, strings.TrimPrefix(f.path, "/")) {
			return nil
		}
		for _, segment := range m.segments(f.at) {
			next := m.step(f.at, segment)
			key := next.key()
			if seen[key] || !worth(next) {
				continue
			}
			seen[key] = true
			queue = append(queue, found{next, f.path + "/" + segment})
		}
	}
	return nil
}

// key names a situation; patterns that are out of the game leave no trace.
func (s situation) key() string {
	var b []byte
	for i, p := range s {
		if p != 0 {
			b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(i)), uint64(p))
		}
	}
	return string(b)
}

// disjoint says of two patterns at a glance that no path matches both; false = they have to be looked at.
func disjoint(a, b []element) bool {
	if tooLong(a, b) || tooLong(b, a) {
		return true
	}
	for i := range min(len(a), len(b)) {
		if a[i].kind >= many || b[i].kind >= many {
			return false
		}
		if a[i].kind == literal && b[i].kind == literal && a[i].literal != b[i].literal {
			return true
		}
	}
	return false
}

// tooLong says whether every path of one pattern has more segments than any of the other.
func tooLong(a, b []element) bool {
	wide := func(e element) bool { return e.kind >= many }
	return len(a) > len(b) && a[0].kind != everything && !slices.ContainsFunc(b, wide)
}

// find returns the shortest path that all of some patterns match and none of others does. When the effort is spent before
// there is one, it says that there is, without telling which: whoever asks errs on the safe side.
func (e *effort) find(match, avoid [][]element) (path string, found bool) {
	if len(match) == 2 && disjoint(match[0], match[1]) {
		return "", false
	}
	patterns := slices.Clone(match)
	for _, p := range avoid {
		if !disjoint(match[0], p) {
			patterns = append(patterns, p)
		}
	}
	m := newMachine(e, patterns...)
	alive := func(s situation) bool { return !slices.Contains(s[:len(match)], 0) }
	err := m.walk(alive, func(s situation, at string) bool {
		found = true
		for i := range m.patterns {
			found = found && m.matched(s, i) == (i < len(match))
		}
		path = at
		return found
	})
	return path, found || err != nil
}

// overlap says whether there is a path that all of some patterns match and none of others does.
func (e *effort) overlap(match, avoid [][]element) bool {
	_, found := e.find(match, avoid)
	return found
}
