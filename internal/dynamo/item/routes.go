package item

import (
	"fmt"
	"slices"

	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/user"
)

// OfRoutes draws the rules of an API:
//
//	{"pk": "API#a1b2c3d4e5", "sk": "ROUTES", "type": "routes", "api": "a1b2c3d4e5", "default": "deny", "answersFor": "api",
//	 "complete": false, "rules": [{"method": "GET", "path": "/orders/{id}", "scopes": ["orders:read"], "match": "all"}],
//	 "updatedAt": ms, "updatedBy": "usr_…", "version": 1795336476123, "accountPk": "APIS", "accountSk": "a1b2c3d4e5"}
func OfRoutes(rs *route.Rules) Item {
	it := RoutesKey(rs.API).Item()
	it["type"], it["api"] = String("routes"), String(string(rs.API))
	it["accountPk"], it["accountSk"] = String(AllRoutes), String(string(rs.API))
	it["default"], it["answersFor"], it["complete"] = String(string(rs.Default)), String(string(rs.AnswersFor)), Bool(rs.Complete)
	it["version"], it["updatedAt"], it["updatedBy"] = Int(rs.Version), Time(rs.UpdatedAt), String(string(rs.UpdatedBy))
	it["rules"] = ListOf(rs.Rules, func(r route.Rule) Value {
		return MapOf(Item{
			"method": String(r.Method), "path": String(r.Path.String()), "match": String(string(r.Match)),
			"scopes": ListOf(r.Scopes, func(s scope.Scope) Value { return String(string(s)) }),
		})
	})
	return it
}

// Routes reads the rules of an API; without an item (nil) it has none, and the version is 0. Rules that cannot be read
// are an error: without them everybody would be admitted.
func Routes(it Item, api route.APIID) (route.Rules, error) {
	if it == nil {
		return route.Rules{API: api}, nil
	}
	r := reader{it: it}
	r.isA("routes")
	rs := route.Rules{
		API: route.APIID(r.text("api")), Default: word(&r, "default", route.Deny, route.Authenticated), AnswersFor: word(&r, "answersFor", route.WholeAPI, route.OneRequest),
		Complete: r.truth("complete"), Version: r.number("version"), UpdatedAt: r.instant("updatedAt"), UpdatedBy: user.ID(r.text("updatedBy")),
	}
	elements := r.list("rules")
	rs.Rules = make([]route.Rule, len(elements))
	for i, e := range elements {
		rs.Rules[i] = rule(&r, e)
	}
	if r.err == nil && (rs.API != api || rs.Version == 0) {
		r.refuse("api or version", "is another")
	}
	if r.err != nil {
		return route.Rules{}, fmt.Errorf("rules of %s: %w", api, r.err)
	}
	return rs, nil
}

func rule(of *reader, e Value) route.Rule {
	r := reader{it: e.Fields}
	out := route.Rule{
		Method: r.text("method"), Scopes: scope.NewSet(texts[scope.Scope](&r, "scopes")...), Match: word(&r, "match", route.All, route.Any, route.None),
	}
	if out.Method != route.AnyMethod && !slices.Contains(route.Methods, out.Method) {
		r.refuse("method", "is none that this version knows")
	}
	var err error
	if out.Path, err = route.ParseTemplate(r.text("path")); err != nil {
		r.refuse("path", "is none")
	}
	if r.err != nil {
		of.refuse("a rule:", r.err.Error())
	}
	return out
}
