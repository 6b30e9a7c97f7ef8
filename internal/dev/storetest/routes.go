package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/store"
)

// Rules returns full rules of an API.
func Rules(t testing.TB, api route.APIID) route.Rules {
	t.Helper()
	rule := func(method, path string, match route.Match, scopes ...scope.Scope) route.Rule {
		template, err := route.ParseTemplate(path)
		if err != nil {
			t.Fatal(err)
		}
		return route.Rule{Method: method, Path: template, Match: match, Scopes: scope.NewSet(scopes...)}
	}
	return route.Rules{
		API: api, Default: route.Authenticated, AnswersFor: route.OneRequest, Complete: true, Version: 1, UpdatedAt: Noon, UpdatedBy: ada.ID(),
		Rules: []route.Rule{
			rule("GET", "/", route.All), rule("POST", "/orders/{id}/lines/{line+}", route.Any, "orders:read", "orders:write"),
			rule("*", "/internal/{proxy+}", route.None), rule("*", route.Connect, route.All, "orders:read"),
		},
	}
}

func sameRules(t *testing.T, want, got route.Rules) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b route.Template) bool { return a.String() == b.String() }), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("they read differently (- written, + read):\n%s", diff)
	}
}

func (f *Fixture) rules(t *testing.T, api route.APIID) route.Rules {
	t.Helper()
	rs, err := f.Store.Routes(t.Context(), api)
	if err != nil {
		t.Fatal(err)
	}
	return rs
}

func savesRoutes(t *testing.T, f *Fixture) {
	none := f.rules(t, "a1b2c3d4e5")
	sameRules(t, route.Rules{API: "a1b2c3d4e5"}, none)
	first := Rules(t, "a1b2c3d4e5")
	save := func(before, after route.Rules) error {
		return f.Store.SaveRoutes(t.Context(), before, after, Event(t, ada.Account, Noon))
	}
	if err := save(none, first); err != nil {
		t.Fatal(err)
	}
	sameRules(t, first, f.rules(t, "a1b2c3d4e5"))
	if err := save(none, first); !errors.Is(err, store.ErrChanged) {
		t.Errorf("made twice: %v, want ErrChanged", err)
	}
	second := route.Rules{API: first.API, Default: route.Deny, AnswersFor: route.WholeAPI, Version: 2, UpdatedAt: Noon.Add(time.Second), UpdatedBy: "usr_x"}
	if err := save(first, second); err != nil {
		t.Fatal(err)
	}
	sameRules(t, second, f.rules(t, "a1b2c3d4e5"))
	if err := save(first, second); !errors.Is(err, store.ErrChanged) {
		t.Errorf("over an old version: %v, want ErrChanged", err)
	}
	sameRules(t, route.Rules{API: "f6g7h8i9j0"}, f.rules(t, "f6g7h8i9j0"))
	if n := len(f.Items(t, "EVENT#")); n != 2 {
		t.Errorf("%d events for two changes", n)
	}
}

func deletesRoutes(t *testing.T, f *Fixture) {
	none, first := f.rules(t, "a1b2c3d4e5"), Rules(t, "a1b2c3d4e5")
	if err := f.Store.SaveRoutes(t.Context(), none, first, Event(t, ada.Account, Noon)); err != nil {
		t.Fatal(err)
	}
	remove := func(before route.Rules) error {
		return f.Store.DeleteRoutes(t.Context(), before, Event(t, ada.Account, Noon))
	}
	stale := first
	stale.Version = 7
	if err := remove(stale); !errors.Is(err, store.ErrChanged) {
		t.Errorf("of another version: %v, want ErrChanged", err)
	}
	if n := len(f.Items(t, "EVENT#")); n != 1 {
		t.Errorf("a deletion that was refused left %d events", n-1)
	}
	if err := remove(first); err != nil {
		t.Fatal(err)
	}
	sameRules(t, none, f.rules(t, "a1b2c3d4e5"))
	if err := remove(first); !errors.Is(err, store.ErrChanged) {
		t.Errorf("deleted twice: %v, want ErrChanged", err)
	}
	if n := len(f.Items(t, "EVENT#")); n != 2 {
		t.Errorf("%d events for two changes", n)
	}
}

func refusesBrokenRoutes(t *testing.T, f *Fixture) {
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	f.Put(t, map[string]types.AttributeValue{"pk": text("API#a1b2c3d4e5"), "sk": text("ROUTES"), "type": text("routes"), "default": text("maybe")})
	if _, err := f.Store.Routes(t.Context(), "a1b2c3d4e5"); err == nil {
		t.Error("rules that cannot be read are taken for none")
	}
}

func listsRoutes(t *testing.T, f *Fixture) {
	apis := []route.APIID{"a1", "b2", "c3", "d4", "e5"}
	for _, i := range []int{3, 0, 4, 2, 1} {
		if err := f.Store.SaveRoutes(t.Context(), route.Rules{API: apis[i]}, Rules(t, apis[i]), Event(t, ada.Account, Noon)); err != nil {
			t.Fatal(err)
		}
	}
	for _, limit := range []int{1, 2, 5, 100} {
		var got []route.APIID
		var after route.APIID
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
			page, last, err := f.Store.AllRoutes(t.Context(), after, limit)
			if err != nil {
				t.Fatal(err)
			}
			for _, rs := range page {
				sameRules(t, Rules(t, rs.API), rs)
				got = append(got, rs.API)
			}
			if after = last; last == "" {
				if len(got) >= len(apis) {
					break
				}
				got = nil // the index has not followed yet
			}
		}
		if !slices.Equal(got, apis) {
			t.Errorf("by %d they are %v", limit, got)
		}
	}
}
