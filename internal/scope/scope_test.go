package scope_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tokenwright/tokenwright/internal/scope"
)

func TestPatterns(t *testing.T) {
	tests := []struct {
		pattern scope.Pattern
		scope   scope.Scope
		want    bool
	}{
		{"orders:read", "orders:read", true},
		{"orders:read", "orders:write", false},
		{"orders:*", "orders:write", true},
		{"orders:*", "orders2:write", false},
		{"*:read", "orders:read", true},
		{"*:read", "orders:readall", false},
		{"*", "orders:write", true},
		{"orders", "orders:read", false},
		{"", "orders:read", false},
		{"ord*:read", "orders:read", false},
	}
	for _, tt := range tests {
		if got := tt.pattern.Matches(tt.scope); got != tt.want {
			t.Errorf("%q matches %q = %v", tt.pattern, tt.scope, got)
		}
	}
}

func TestShippedCatalogue(t *testing.T) {
	c := scope.Shipped()
	for _, needed := range []scope.Scope{scope.TokensRead, scope.TokensWrite, scope.TokensDelete} {
		if !c.All().Has(needed) {
			t.Errorf("the shipped catalogue lacks %s, which this service checks", needed)
		}
	}
	viewer, analyst, admin := c.OfRoles([]string{"viewer"}), c.OfRoles([]string{"analyst"}), c.OfRoles([]string{"admin"})
	if diff := cmp.Diff(c.All(), admin); diff != "" {
		t.Errorf("an admin lacks or exceeds the catalogue: %s", diff)
	}
	if got := analyst.Without(viewer); !slices.Equal(got, scope.Set{"orders:write"}) {
		t.Errorf("an analyst has %v beyond a viewer", got)
	}
	for _, s := range viewer {
		if !strings.HasSuffix(string(s), ":read") {
			t.Errorf("a viewer may %s", s)
		}
	}
	if got := c.OfRoles([]string{"viewer", "nobody", "analyst"}); !slices.Equal(got, analyst) {
		t.Errorf("several roles grant %v", got)
	}
	if got := c.OfRoles([]string{"root"}); len(got) != 0 {
		t.Errorf("an unknown role grants %v", got)
	}
}

func TestUnknownScopesGrantNothing(t *testing.T) {
	c := scope.Shipped()
	for _, p := range []scope.Pattern{"", "orders", "orders:fly", "*:fly", "moon:*", "*:*:*", "ORDERS:READ"} {
		if _, err := c.Expand([]scope.Pattern{"orders:read", p}); !errors.Is(err, scope.ErrUnknown) {
			t.Errorf("Expand(%q) = %v, want ErrUnknown", p, err)
		}
		if got := c.Covered([]scope.Pattern{p}); len(got) != 0 {
			t.Errorf("Covered(%q) = %v", p, got)
		}
	}
}

func TestSetsReadAsTheyAreWritten(t *testing.T) {
	s := scope.NewSet("b:x", "a:x", "b:x")
	if s.String() != "a:x b:x" || !slices.Equal(scope.ParseSet(" b:x  a:x "), s) || scope.ParseSet("") != nil {
		t.Errorf("set %v, parsed %v", s, scope.ParseSet(s.String()))
	}
	if got := s.Intersect(scope.NewSet("b:x", "c:x")); got.String() != "b:x" {
		t.Errorf("intersection %v", got)
	}
	if got := s.Without(scope.NewSet("b:x")); got.String() != "a:x" {
		t.Errorf("difference %v", got)
	}
}

func TestBadCataloguesAreRefused(t *testing.T) {
	for name, file := range map[string]string{
		"not JSON":        `{`,
		"unknown member":  `{"scopes":[],"role":[]}`,
		"bad name":        `{"scopes":[{"name":"Orders:read","description":"x"}]}`,
		"no action":       `{"scopes":[{"name":"orders","description":"x"}]}`,
		"no description":  `{"scopes":[{"name":"orders:read"}]}`,
		"double scope":    `{"scopes":[{"name":"a:b","description":"x"},{"name":"a:b","description":"x"}]}`,
		"role of nothing": `{"scopes":[{"name":"a:b","description":"x"}],"roles":[{"name":"r","description":"x","grants":[]}]}`,
		"unknown grant":   `{"scopes":[{"name":"a:b","description":"x"}],"roles":[{"name":"r","description":"x","grants":["a:c"]}]}`,
		"double role":     `{"scopes":[{"name":"a:b","description":"x"}],"roles":[{"name":"r","description":"x","grants":["*"]},{"name":"r","description":"x","grants":["*"]}]}`,
	} {
		if _, err := scope.Load([]byte(file)); !errors.Is(err, scope.ErrBadCatalogue) {
			t.Errorf("%s: Load = %v, want ErrBadCatalogue", name, err)
		}
	}
}
