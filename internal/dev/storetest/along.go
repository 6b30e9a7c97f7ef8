package storetest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// PutRules writes rules of an API past the store: GET /orders needs the scope orders:read.
func (f *Fixture) PutRules(t testing.TB, api route.APIID, version int) {
	t.Helper()
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	number := func(n int) types.AttributeValue { return &types.AttributeValueMemberN{Value: fmt.Sprint(n)} }
	list := func(v ...types.AttributeValue) types.AttributeValue { return &types.AttributeValueMemberL{Value: v} }
	f.Put(t, map[string]types.AttributeValue{
		"pk": text("API#" + string(api)), "sk": text("ROUTES"), "type": text("routes"), "api": text(string(api)), "default": text("deny"),
		"answersFor": text("api"), "complete": &types.AttributeValueMemberBOOL{}, "version": number(version),
		"updatedAt": number(int(Noon.UnixMilli())), "updatedBy": text("usr_x"),
		"rules": list(&types.AttributeValueMemberM{Value: map[string]types.AttributeValue{
			"method": text("GET"), "path": text("/orders"), "match": text("all"), "scopes": list(text("orders:read")),
		}}),
	})
}

// PutBrokenRules writes something where an API's rules should be.
func (f *Fixture) PutBrokenRules(t testing.TB, api route.APIID) {
	t.Helper()
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	f.Put(t, map[string]types.AttributeValue{"pk": text("API#" + string(api)), "sk": text("ROUTES"), "type": text("no rules")})
}

func bringsRulesAlong(t *testing.T, f *Fixture) {
	f.Save(t, ada)
	tok, unknown := Token(t, ada, Noon), Token(t, ada, Noon.Add(1e9))
	f.Create(t, tok)
	f.PutRules(t, "a1b2c3", 3)
	f.PutBrokenRules(t, "broken")
	along := func(api route.APIID) store.Along { return store.Along{Account: ada.Account, API: api} }

	found, err := f.Store.Lookup(t.Context(), tok.ID, along("a1b2c3"))
	if err != nil || found.Token.ID != tok.ID || found.Owner.Ref != ada.Ref || found.Settings == nil || found.Rules == nil {
		t.Fatalf("with rules and settings: %+v, %v", found, err)
	}
	if r := found.Rules; r.API != "a1b2c3" || r.Version != 3 || len(r.Rules) != 1 || r.Rules[0].Path.String() != "/orders" || !r.Rules[0].Scopes.Has(scope.Scope("orders:read")) {
		t.Errorf("rules %+v", r)
	}
	if found, err = f.Store.Lookup(t.Context(), tok.ID, along("another")); err != nil || found.Rules == nil || found.Rules.Version != 0 {
		t.Errorf("of an API without rules: %+v, %v", found.Rules, err)
	}
	if found, err = f.Store.Lookup(t.Context(), tok.ID, along("broken")); err == nil || errors.Is(err, token.ErrNotFound) || found.Token.ID != "" {
		t.Errorf("with rules that cannot be read: %+v, %v", found, err)
	}
	if found, err = f.Store.Lookup(t.Context(), unknown.ID, along("a1b2c3")); !errors.Is(err, token.ErrNotFound) || found.Rules == nil || found.Rules.Version != 3 {
		t.Errorf("of an unknown token: %+v, %v", found, err)
	}
	if found, err = f.Store.Lookup(t.Context(), unknown.ID, along("broken")); !errors.Is(err, token.ErrNotFound) || found.Rules != nil {
		t.Errorf("of an unknown token, with rules that cannot be read: %+v, %v", found, err)
	}

	of := func(ref user.Ref, api route.APIID) (store.Found, error) {
		return f.Store.LookupUser(t.Context(), ref, along(api))
	}
	if found, err = of(ada.Ref, "a1b2c3"); err != nil || found.Owner.Ref != ada.Ref || found.Settings == nil || found.Rules == nil || found.Rules.Version != 3 {
		t.Errorf("of a user: %+v, %v", found, err)
	}
	if found, err = of("somebodyels", "a1b2c3"); !errors.Is(err, user.ErrNotFound) || found.Settings == nil || found.Rules == nil || found.Rules.Version != 3 {
		t.Errorf("of an unknown user: %+v, %v", found, err)
	}
	if found, err = of("somebodyels", "broken"); err == nil || errors.Is(err, user.ErrNotFound) || found.Settings != nil {
		t.Errorf("of an unknown user, with rules that cannot be read: %+v, %v", found, err)
	}
	if found, err = f.Store.LookupUser(t.Context(), ada.Ref, store.Along{}); err != nil || found.Owner.Ref != ada.Ref || found.Settings != nil || found.Rules != nil {
		t.Errorf("of a user, with nothing along: %+v, %v", found, err)
	}
}
