package scope

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tokenwright/tokenwright/internal/base62"
)

// The scopes of this service itself. The catalogue file must list them.
const (
	TokensRead   Scope = "tokens:read"
	TokensWrite  Scope = "tokens:write"
	TokensDelete Scope = "tokens:delete"

	UsersRead     Scope = "users:read"
	UsersWrite    Scope = "users:write"
	UsersDelete   Scope = "users:delete"
	SettingsRead  Scope = "settings:read"
	SettingsWrite Scope = "settings:write"
	AuditRead     Scope = "audit:read"
	SCIMUsers     Scope = "scim:users"
	APIsRead      Scope = "apis:read"
	APIsWrite     Scope = "apis:write"
)

//go:embed catalogue.json
var shipped []byte

// Definition describes one scope to the people who grant it.
type Definition struct {
	Name        Scope  `json:"name"`
	Description string `json:"description"`
}

// Role is a named set of scopes.
type Role struct {
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Grants      []Pattern `json:"grants"`
}

// Catalogue is the reviewed list of the scopes and roles that exist in a deployment:
//
//	{"scopes": [{"name": "orders:read", "description": "…"}],
//	 "roles":  [{"name": "viewer", "description": "…", "grants": ["*:read"]}]}
//
// It is read-only after Load and safe for concurrent use.
type Catalogue struct {
	Scopes []Definition `json:"scopes"`
	Roles  []Role       `json:"roles"`

	all    Set
	byRole map[string]Set
}

// Shipped returns the catalogue compiled into the functions, catalogue.json beside this file. A file that does not
// load stops the build's tests; at run time it is a broken invariant and panics.
func Shipped() *Catalogue {
	c, err := Load(shipped)
	if err != nil {
		panic(err)
	}
	return c
}

// Load reads a catalogue and refuses what a reviewer would: bad names, doubles, missing sentences, roles that grant
// nothing, unknown members.
func Load(file []byte) (*Catalogue, error) {
	var c Catalogue
	d := json.NewDecoder(bytes.NewReader(file))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadCatalogue, err)
	}
	for _, s := range c.Scopes {
		resource, action, ok := strings.Cut(string(s.Name), ":")
		if !ok || !isName(resource) || !isName(action) || s.Description == "" || c.all.Has(s.Name) {
			return nil, fmt.Errorf("%w: scope %q needs a unique name like orders:read and a description", ErrBadCatalogue, s.Name)
		}
		c.all = NewSet(append(c.all, s.Name)...)
	}
	c.byRole = make(map[string]Set, len(c.Roles))
	for _, r := range c.Roles {
		grants, err := c.Expand(r.Grants)
		if _, double := c.byRole[r.Name]; err != nil || double || !isName(r.Name) || r.Description == "" || len(grants) == 0 {
			return nil, fmt.Errorf("%w: role %q needs a unique name, a description and grants of known scopes", ErrBadCatalogue, r.Name)
		}
		c.byRole[r.Name] = grants
	}
	return &c, nil
}

// All returns every scope there is.
func (c *Catalogue) All() Set { return c.all }

// Expand returns the scopes that patterns stand for now. A pattern that stands for none is ErrUnknown, naming it.
func (c *Catalogue) Expand(patterns []Pattern) (Set, error) {
	for _, p := range patterns {
		if !slices.ContainsFunc(c.all, p.Matches) {
			return nil, fmt.Errorf("%w %q", ErrUnknown, p)
		}
	}
	return c.Covered(patterns), nil
}

// Covered is Expand for what is already stored: a scope that has left the catalogue since then grants nothing.
func (c *Catalogue) Covered(patterns []Pattern) Set {
	out := make(Set, 0, len(patterns))
	for _, s := range c.all {
		if slices.ContainsFunc(patterns, func(p Pattern) bool { return p.Matches(s) }) {
			out = append(out, s)
		}
	}
	return out
}

// OfRoles returns what the named roles grant together. A role that the catalogue does not have grants nothing: the
// identity provider's names are not ours to refuse.
func (c *Catalogue) OfRoles(names []string) Set {
	if len(names) == 1 {
		return c.byRole[names[0]]
	}
	var all []Scope
	for _, name := range names {
		all = append(all, c.byRole[name]...)
	}
	return NewSet(all...)
}

// RolesWith returns the roles that hold a scope.
func (c *Catalogue) RolesWith(s Scope) []string {
	var names []string
	for _, r := range c.Roles {
		if c.byRole[r.Name].Has(s) {
			names = append(names, r.Name)
		}
	}
	return names
}

// HasRole says whether the catalogue has a role of this name.
func (c *Catalogue) HasRole(name string) bool {
	_, ok := c.byRole[name]
	return ok
}

// isName accepts lower-case letters, digits, '-' and '_', beginning with a letter.
func isName(s string) bool {
	return s != "" && s[0] >= 'a' && s[0] <= 'z' && s == strings.ToLower(s) &&
		base62.Valid(strings.NewReplacer("-", "", "_", "").Replace(s))
}
