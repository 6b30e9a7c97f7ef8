package standing

import (
	"slices"

	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Roles returns the roles that a signed-in person has, and when they were said: what is stored, or what the JWT says if it
// was issued later. So a JWT from before a demotion gives nothing back, in whatever order JWTs come.
//
// A JWT tells its time in seconds. Of two from one second nobody knows the later, so the person has what both give.
func Roles(stored *user.User, said user.Statement, from settings.RolesFrom, catalogue *scope.Catalogue) user.Statement {
	kept := stored.Stated()
	switch {
	case from == settings.Tokenwright || said.At.IsZero() || said.At.Before(kept.At):
		return kept
	case said.At.After(kept.At):
		return said
	}
	return user.Statement{Roles: common(kept.Roles, said.Roles, catalogue), At: said.At}
}

// common returns the narrower of two sets of roles, by what they grant; if neither is, what both name.
func common(a, b []string, catalogue *scope.Catalogue) []string {
	inA, inB := catalogue.OfRoles(a), catalogue.OfRoles(b)
	switch {
	case len(inA.Without(inB)) == 0:
		return a
	case len(inB.Without(inA)) == 0:
		return b
	}
	return slices.DeleteFunc(slices.Clone(a), func(role string) bool { return !slices.Contains(b, role) })
}
