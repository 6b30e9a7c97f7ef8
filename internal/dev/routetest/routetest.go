// Package routetest writes rules in a line each, for tests.
package routetest

import (
	"strings"

	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/scope"
)

// Rule reads "GET /orders/{id} orders:read orders:write", with "|" among the scopes where one of them is enough, and "-"
// for nobody. A path that is none panics.
func Rule(line string) route.Rule {
	f := strings.Fields(line)
	path, err := route.ParseTemplate(f[1])
	if err != nil {
		panic(line + ": " + err.Error())
	}
	r := route.Rule{Method: f[0], Path: path, Match: route.All}
	for _, word := range f[2:] {
		switch word {
		case "|":
			r.Match = route.Any
		case "-":
			r.Match = route.None
		default:
			r.Scopes = scope.NewSet(append(r.Scopes, scope.Scope(word))...)
		}
	}
	return r
}

// Rules returns rules of an API for it as a whole, denied by default.
func Rules(api route.APIID, lines ...string) *route.Rules {
	rs := &route.Rules{API: api, Default: route.Deny, AnswersFor: route.WholeAPI}
	for _, line := range lines {
		rs.Rules = append(rs.Rules, Rule(line))
	}
	return rs
}
