package oidc

import (
	"slices"
	"strings"
	"time"

	"github.com/tokenwright/tokenwright/internal/base62"
	"github.com/tokenwright/tokenwright/internal/user"
)

// maxRoles is how many names are kept of one person.
const maxRoles = 50

// roles reads what a JWT says of a person's roles. Nothing is said by a JWT without the claim, by one whose issuer left it
// out for its size, and by one of a client that has no say; no roles are only said by an empty list.
func (v *Verifier) roles(claims map[string]any, issued time.Time) user.Statement {
	names, ok := listed(claims[v.config.RolesClaim])
	if !ok || v.leftOut(claims, len(names)) || !v.hasSay(claims) {
		return user.Statement{}
	}
	known, others := []string{}, []string{}
	for _, name := range names {
		switch {
		case v.config.HasRole(name):
			known = append(known, name)
		case couldBeRole(name):
			others = append(others, name)
		}
	}
	return user.Statement{Roles: bounded(known, others), At: issued}
}

// listed reads a list, or a string of names between spaces or commas.
func listed(claim any) (names []string, ok bool) {
	switch c := claim.(type) {
	case string:
		return strings.FieldsFunc(c, func(r rune) bool { return r == ' ' || r == ',' }), true
	case []any:
		for _, x := range c {
			if s, isText := x.(string); isText {
				names = append(names, s)
			}
		}
		return names, true
	}
	return nil, false
}

// leftOut says whether the issuer tells that the roles stand elsewhere, because there are too many (Entra ID's overage):
// _claim_names points to the claim's source (OpenID Connect Core 5.6.2), and hasgroups stands for the claim "groups".
func (v *Verifier) leftOut(claims map[string]any, n int) bool {
	elsewhere, _ := claims["_claim_names"].(map[string]any)
	if _, named := elsewhere[v.config.RolesClaim]; named {
		return true
	}
	has, marked := claims["hasgroups"]
	return marked && has != false && (v.config.RolesClaim == "groups" || n == 0)
}

// hasSay says whether the client that the JWT was issued to may say which roles somebody has: azp (OpenID Connect Core) and
// client_id (RFC 9068), and both where both are there.
func (v *Verifier) hasSay(claims map[string]any) bool {
	if len(v.config.RoleClients) == 0 {
		return true
	}
	named := false
	for _, claim := range []string{"azp", "client_id"} {
		value, there := claims[claim]
		if !there {
			continue
		}
		client, _ := value.(string)
		if !slices.Contains(v.config.RoleClients, client) {
			return false
		}
		named = true
	}
	return named
}

// couldBeRole drops names that no catalogue could have.
func couldBeRole(name string) bool {
	return name != "" && len(name) <= 64 && base62.Valid(strings.NewReplacer("-", "", "_", "").Replace(name))
}

// bounded keeps the roles that exist before those that grant nothing.
func bounded(known, others []string) []string {
	for _, names := range [][]string{known, others} {
		slices.Sort(names)
	}
	names := append(slices.Compact(known), slices.Compact(others)...)
	names = names[:min(len(names), maxRoles)]
	slices.Sort(names)
	return names
}
