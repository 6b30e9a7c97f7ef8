package iam

import (
	"maps"
	"slices"
)

// Reading is how the items of a transaction are judged. AWS documents that each needs the permission of its own action, and
// not whether the items of one action are judged one by one or together. What is written for one reading alone fails under the
// other, so a policy should hold under both.
type Reading int

const (
	// EitherWay refuses what one of the two other readings refuses.
	EitherWay Reading = iota
	// OneByOne makes a request of each item.
	OneByOne
	// Together makes one request of all items under one action on one resource. Keys that hold a set (dynamodb:LeadingKeys,
	// dynamodb:Attributes) hold the values of all of them; others are alike in all items of a transaction.
	Together
)

// Requests are what is decided on for the items of a transaction; it is allowed when all of them are.
func (r Reading) Requests(items []Request) []Request {
	switch r {
	case OneByOne:
		return items
	case Together:
		return together(items)
	default:
		return append(slices.Clone(items), together(items)...)
	}
}

func together(items []Request) (out []Request) {
	for _, q := range items {
		i := slices.IndexFunc(out, func(o Request) bool { return o.Action == q.Action && o.Resource == q.Resource })
		if i < 0 {
			q.Context = maps.Clone(q.Context)
			out = append(out, q)
			continue
		}
		for key, values := range q.Context {
			all := append(slices.Clone(out[i].Context[key]), values...)
			slices.Sort(all)
			out[i].Context[key] = slices.Compact(all)
		}
	}
	return out
}
