package iam

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// Usage notes which parts of statements were needed to allow requests. It is safe for concurrent use.
type Usage struct {
	mu     sync.Mutex
	needed map[*Statement]map[string]bool    // by part
	kinds  map[*Statement]map[string]Request // by all the parts that a request needed
}

// Note notes that a statement allowed a request.
func (u *Usage) Note(by *Statement, r Request) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.needed[by] == nil {
		if u.needed == nil {
			u.needed, u.kinds = map[*Statement]map[string]bool{}, map[*Statement]map[string]Request{}
		}
		u.needed[by], u.kinds[by] = map[string]bool{}, map[string]Request{}
	}
	var all strings.Builder
	by.parts(func(part string, meets func(Request) bool) {
		if meets(r) {
			u.needed[by][part] = true
			all.WriteString(part + "\n")
		}
	})
	if _, known := u.kinds[by][all.String()]; !known {
		u.kinds[by][all.String()] = r
	}
}

// Unneeded lists what a statement allows and no request needed: actions, resources and values of conditions.
func (u *Usage) Unneeded(s *Statement) (parts []string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	s.parts(func(part string, _ func(Request) bool) {
		if !u.needed[s][part] {
			parts = append(parts, part)
		}
	})
	return parts
}

// Examples returns one of each kind of requests that a statement allowed. Requests are of a kind when they need the same parts.
func (u *Usage) Examples(s *Statement) (requests []Request) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, kind := range slices.Sorted(maps.Keys(u.kinds[s])) {
		requests = append(requests, u.kinds[s][kind])
	}
	return requests
}

// parts calls f for everything that a statement lists, with whether a request makes use of it.
func (s *Statement) parts(f func(part string, meets func(Request) bool)) {
	for _, p := range s.actions {
		f("Action "+p, func(r Request) bool { return matchAction(p, r.Action) })
	}
	for _, p := range s.resources {
		f("Resource "+p, func(r Request) bool { return MatchARN(p, r.Resource) })
	}
	for _, c := range s.conditions {
		for _, p := range c.values {
			f(c.key+" "+p, func(r Request) bool {
				return c.match != nil && slices.ContainsFunc(lookup(r, c.key), func(v string) bool { return c.match(p, v) })
			})
		}
	}
}
