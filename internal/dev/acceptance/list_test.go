package acceptance

import (
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"
)

// pages follows a list to its end.
func (c caller) pages(t *testing.T, query url.Values) (ids []string) {
	t.Helper()
	for range 50 {
		p := decode[page](t, c.call(t, "GET", "/v1/tokens?"+query.Encode(), nil).want(t, 200))
		for _, r := range p.Records {
			ids = append(ids, r.ID)
		}
		if !p.HasMore {
			return ids
		}
		query.Set("cursor", *p.Next)
	}
	t.Fatal("the list does not end")
	return nil
}

func TestPagesHoldEveryTokenOnceNewestFirst(t *testing.T) {
	t.Parallel()
	ada, bob := person(t, "acc_pages", "ada", "admin"), person(t, "acc_pages", "bob", "analyst")
	var all, own []string
	for i := range 9 {
		creator := []caller{ada, bob, ada}[i%3]
		token := creator.create(t, object{"name": fmt.Sprint("token ", i)})
		all = append([]string{token.ID}, all...)
		if i%3 != 1 {
			own = append([]string{token.ID}, own...)
		}
		time.Sleep(2 * time.Millisecond) // two of one millisecond have no order
	}
	for _, limit := range []string{"1", "2", "4", "9", "100"} {
		if got := ada.pages(t, url.Values{"limit": {limit}}); !slices.Equal(got, all) {
			t.Errorf("limit %s: %v, want %v", limit, got, all)
		}
		if got := ada.pages(t, url.Values{"limit": {limit}, "owner": {"me"}}); !slices.Equal(got, own) {
			t.Errorf("owner me, limit %s: %v, want %v", limit, got, own)
		}
	}
}

func TestFiltersNarrowTheList(t *testing.T) {
	t.Parallel()
	ada := person(t, "acc_filters", "ada", "admin")
	laptop := ada.create(t, object{"name": "Laptop", "expiresIn": "P1D"})
	paused := ada.create(t, object{"name": "paused", "description": "of the LAPTOP", "environment": "test", "expiresAt": nil})
	ada.call(t, "PATCH", paused.path(), object{"isActive": false}).want(t, 200)
	later := ada.create(t, object{"name": "later", "notBefore": time.Now().Add(time.Hour), "kind": "service", "scopes": []string{}})
	revoked := ada.create(t, object{"name": "revoked"})
	ada.call(t, "DELETE", revoked.path(), nil).want(t, 204)
	future := time.Now().Add(2 * time.Hour).UTC().Format(time.RFC3339)

	for query, want := range map[string][]tok{
		"status=active": {laptop}, "status=inactive": {paused}, "status=scheduled": {later}, "status=revoked": {revoked}, "status=expired": {},
		"kind=service": {later}, "kind=personal&status=active": {laptop}, "environment=test": {paused}, "q=laptop": {paused, laptop}, "q=%20": {paused},
		"q=" + later.ID: {later}, "owner=" + later.UserID: {later}, "expiresBefore=" + time.Now().Add(48*time.Hour).UTC().Format(time.RFC3339): {laptop},
		"lastUsedBefore=" + future: {revoked, later, paused, laptop}, "lastUsedBefore=2020-01-01T00:00:00%2B01:00": {},
	} {
		p := decode[page](t, ada.call(t, "GET", "/v1/tokens?"+query, nil).want(t, 200))
		var got, names []string
		for _, r := range p.Records {
			got = append(got, r.Name)
		}
		for _, token := range want {
			names = append(names, token.Name)
		}
		slices.Sort(got)
		slices.Sort(names)
		if !slices.Equal(got, names) {
			t.Errorf("%s: %v, want %v", query, got, names)
		}
	}
}

func TestTheCatalogueIsOpenToEveryCredential(t *testing.T) {
	t.Parallel()
	token := person(t, "acc_catalogue", "ada", "nobody").create(t, object{"scopes": []string{}})
	type catalogue struct {
		Scopes []struct{ Name string }
		Roles  []struct {
			Name   string
			Scopes []string
		}
	}
	c := decode[catalogue](t, token.bearer().call(t, "GET", "/v1/scopes", nil).want(t, 200))
	if len(c.Scopes) < 13 || len(c.Roles) != 3 || len(c.Roles[2].Scopes) != len(c.Scopes) {
		t.Errorf("%+v", c)
	}
}
