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
	rs := route.Rules{
		API: route.APIID(it.String("api")), Default: route.Default(it.String("default")), AnswersFor: route.AnswersFor(it.String("answersFor")),
		Complete: it.Bool("complete"), Version: it.Int("version"), UpdatedAt: it.Time("updatedAt"), UpdatedBy: user.ID(it.String("updatedBy")),
	}
	bad := func(why string) (route.Rules, error) { return route.Rules{}, fmt.Errorf("rules of %s: %s", api, why) }
	switch {
	case it.String("type") != "routes" || rs.API != api || rs.Version == 0 || it["rules"].Kind != List:
		return bad("not an API's rules")
	case rs.Default != route.Deny && rs.Default != route.Authenticated, rs.AnswersFor != route.WholeAPI && rs.AnswersFor != route.OneRequest:
		return bad("a word that this version does not know")
	}
	rs.Rules = make([]route.Rule, len(it["rules"].Elements))
	for i, e := range it["rules"].Elements {
		r, err := rule(e.Fields)
		if err != nil {
			return bad(err.Error())
		}
		rs.Rules[i] = r
	}
	return rs, nil
}

func rule(it Item) (route.Rule, error) {
	r := route.Rule{Method: it.String("method"), Match: route.Match(it.String("match"))}
	known := r.Method == route.AnyMethod || slices.Contains(route.Methods, r.Method)
	if !known || it["scopes"].Kind != List || !it.mayBeTexts("scopes") || r.Match != route.All && r.Match != route.Any && r.Match != route.None {
		return r, fmt.Errorf("a rule that this version does not know")
	}
	var scopes []scope.Scope
	for _, s := range it.Strings("scopes") {
		scopes = append(scopes, scope.Scope(s))
	}
	r.Scopes = scope.NewSet(scopes...)
	var err error
	r.Path, err = route.ParseTemplate(it.String("path"))
	return r, err
}
