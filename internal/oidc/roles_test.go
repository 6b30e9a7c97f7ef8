package oidc_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/tokenwright/tokenwright/internal/oidc"
)

func TestWhatAJWTSaysOfRolesAndWhen(t *testing.T) {
	i, v, _ := start(t)
	_, grouped, _ := start(t, func(c *oidc.Config) { c.Issuer, c.Client, c.RolesClaim = i.URL, i.Client(), "groups" })
	overage := map[string]any{"groups": "src1"}
	sources := map[string]any{"src1": map[string]string{"endpoint": "https://graph.example/groups"}}
	for what, tt := range map[string]struct {
		verifier *oidc.Verifier
		changes  claims
		says     bool
		roles    []string
		at       time.Time
	}{
		"a list":                          {v, claims{"roles": []string{"viewer"}}, true, []string{"viewer"}, noon},
		"an empty list":                   {v, claims{"roles": []string{}}, true, nil, noon},
		"a text of no names":              {v, claims{"roles": ""}, true, nil, noon},
		"no claim":                        {v, claims{"roles": nil}, false, nil, time.Time{}},
		"an object":                       {v, claims{"roles": map[string]string{"a": "b"}}, false, nil, time.Time{}},
		"issued a minute ago":             {v, claims{"iat": noon.Add(-time.Minute).Unix()}, true, []string{"admin"}, noon.Add(-time.Minute)},
		"issued within a second":          {v, claims{"iat": float64(noon.Unix()) - 0.25}, true, []string{"admin"}, noon.Add(-time.Second)},
		"a clock that is ahead":           {v, claims{"iat": noon.Add(time.Minute).Unix(), "nbf": noon.Add(time.Minute).Unix()}, true, []string{"admin"}, noon.Add(time.Minute)},
		"groups, and too many":            {grouped, claims{"hasgroups": true}, false, nil, time.Time{}},
		"groups, some, and too many":      {grouped, claims{"groups": []string{"viewer"}, "hasgroups": "true"}, false, nil, time.Time{}},
		"groups that stand elsewhere":     {grouped, claims{"_claim_names": overage, "_claim_sources": sources}, false, nil, time.Time{}},
		"an empty list, and too many":     {v, claims{"roles": []string{}, "hasgroups": true}, false, nil, time.Time{}},
		"roles, and too many groups":      {v, claims{"hasgroups": true}, true, []string{"admin"}, noon},
		"roles, and groups elsewhere":     {v, claims{"_claim_names": overage, "_claim_sources": sources}, true, []string{"admin"}, noon},
		"groups, and no word of too many": {grouped, claims{"groups": []string{"viewer"}, "hasgroups": false}, true, []string{"viewer"}, noon},
	} {
		got, err := tt.verifier.Verify(t.Context(), sign(t, i.keys[0], jose.ES256, i.claims(tt.changes)), noon)
		if err != nil || !got.Roles.At.Equal(tt.at) || !slices.Equal(got.Roles.Roles, tt.roles) || (got.Roles.Roles != nil) != tt.says {
			t.Errorf("%s: %+v, %v", what, got.Roles, err)
		}
	}
}

func TestOnlyNamedClientsSayRoles(t *testing.T) {
	i, v, _ := start(t, func(c *oidc.Config) { c.RoleClients = []string{"dashboard", "cli"} })
	for what, tt := range map[string]struct {
		changes claims
		says    bool
	}{
		"azp":                        {claims{"azp": "dashboard"}, true},
		"client_id":                  {claims{"client_id": "cli"}, true},
		"both":                       {claims{"azp": "cli", "client_id": "cli"}, true},
		"another":                    {claims{"azp": "partner"}, false},
		"azp of another":             {claims{"azp": "partner", "client_id": "cli"}, false},
		"client_id of another":       {claims{"azp": "cli", "client_id": "partner"}, false},
		"none":                       {claims{}, false},
		"no text":                    {claims{"azp": 7}, false},
		"an audience is no client":   {claims{"aud": []string{"tokenwright", "cli"}}, false},
		"a name that begins like it": {claims{"azp": "cli2"}, false},
	} {
		got, err := v.Verify(t.Context(), sign(t, i.keys[0], jose.ES256, i.claims(tt.changes)), noon)
		if err != nil || got.Roles.At.IsZero() == tt.says {
			t.Errorf("%s: %+v, %v", what, got.Roles, err)
		}
	}
}

// A person in many groups has what the groups grant that exist here.
func TestRolesThatExistAreKeptBeforeOthers(t *testing.T) {
	i, v, _ := start(t)
	var groups []string
	for n := range 200 {
		groups = append(groups, fmt.Sprintf("a-group-%03d", n))
	}
	got, err := v.Verify(t.Context(), sign(t, i.keys[0], jose.ES256, i.claims(claims{"roles": append(groups, "viewer")})), noon)
	if err != nil || len(got.Roles.Roles) != 50 || !slices.Contains(got.Roles.Roles, "viewer") || !slices.IsSorted(got.Roles.Roles) {
		t.Errorf("%v, %v", got.Roles.Roles, err)
	}
}

func TestTypesOfAccessAndIDTokensAreTaken(t *testing.T) {
	i, v, _ := start(t)
	for _, typ := range []any{nil, "JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt", "application/jwt"} {
		if _, err := v.Verify(t.Context(), signAs(t, i.keys[0], jose.ES256, typ, i.claims(nil)), noon); err != nil {
			t.Errorf("typ %v: %v", typ, err)
		}
	}
}
