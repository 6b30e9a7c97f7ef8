// Package route says which scopes the routes of an API need: the rules that its operator sets, what they decide for one
// request, and the policy that says the same of every request at once. It guarantees that a policy never admits to a
// path, however it is spelled, what the rules refuse, and that rules which no policy can tell apart are named before they
// are accepted. It knows paths and scopes; reading events and writing answers is the authorizer's.
package route

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/tokenwright/tokenwright/internal/base62"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Errors about rules.
var (
	// ErrNotFound is returned for an API that has no rules.
	ErrNotFound = errors.New("no rules for this API")
	// ErrBadAPIID is returned for what cannot be the id of an API.
	ErrBadAPIID = errors.New("bad API id")
	// ErrBadTemplate is returned for a path that no route can have.
	ErrBadTemplate = errors.New("bad path")
)

// APIID is the id that API Gateway or AppSync gave an API, the first part of its standard host name. The rules of an API
// hold for all its stages.
type APIID string

// ParseAPIID checks the form alone: up to 64 lower-case letters and digits.
func ParseAPIID(s string) (APIID, error) {
	if s == "" || len(s) > 64 || s != strings.ToLower(s) || !base62.Valid(s) {
		return "", ErrBadAPIID
	}
	return APIID(s), nil
}

// Match says how many of a rule's scopes a caller needs.
type Match string

// The ways to match.
const (
	All  Match = "all"  // every one; a rule without scopes admits every valid credential
	Any  Match = "any"  // at least one
	None Match = "none" // nobody is admitted, whatever they hold; the rule has no scopes
)

// Default says what happens to requests that no rule is about.
type Default string

// The defaults.
const (
	Deny          Default = "deny"
	Authenticated Default = "authenticated" // every valid credential is admitted
)

// AnswersFor says for how much of the API one answer of the authorizer holds, and so how API Gateway may cache it.
type AnswersFor string

// The reaches of an answer.
const (
	// WholeAPI: one policy for every route, so that the gateway may cache it by the credential alone. A simple answer, one
	// yes or no, holds for the route key.
	WholeAPI AnswersFor = "api"
	// OneRequest: the method and the path that were called, exactly. The gateway must not cache, or have both in its key.
	OneRequest AnswersFor = "request"
)

// AnyMethod in a rule stands for every method in Methods.
const AnyMethod = "*"

// Methods are the methods of REST API routes. With rules, an API admits no other.
var Methods = []string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}

// Connect is the path of the one route of a WebSocket API that is authorized; its rule has AnyMethod.
const Connect = "$connect"

// Rule says who may call the routes of one path.
type Rule struct {
	Method string // one of Methods, or AnyMethod; a rule for the method itself counts before one for any
	Path   Template
	Scopes scope.Set
	Match  Match
}

// Permits says whether a caller who holds these scopes may call.
func (r *Rule) Permits(held scope.Set) bool {
	switch r.Match {
	case All:
		return !slices.ContainsFunc(r.Scopes, func(s scope.Scope) bool { return !held.Has(s) })
	case Any:
		return slices.ContainsFunc(r.Scopes, held.Has)
	case None:
	}
	return false
}

// permitsWithout says whether somebody who holds every scope but these may call.
func (r *Rule) permitsWithout(missing scope.Set) bool {
	switch r.Match {
	case All:
		return !slices.ContainsFunc(r.Scopes, missing.Has)
	case Any:
		return slices.ContainsFunc(r.Scopes, func(s scope.Scope) bool { return !missing.Has(s) })
	case None:
	}
	return false
}

// someone says whether a caller is thinkable whom all these rules admit and that one does not.
func (r *Rule) someoneLacks(admittedBy ...*Rule) bool {
	without := func(missing scope.Set) bool {
		return !slices.ContainsFunc(admittedBy, func(other *Rule) bool { return !other.permitsWithout(missing) })
	}
	switch r.Match {
	case All: // lacking one scope is enough
		return slices.ContainsFunc(r.Scopes, func(s scope.Scope) bool { return without(scope.Set{s}) })
	case Any:
		return without(r.Scopes)
	case None:
	}
	return without(nil)
}

// Rules are the rules of one API. Among those that match a path, the most specific decides: segment by segment from the
// left, a literal counts before a parameter and that before a greedy one, as API Gateway chooses a route.
type Rules struct {
	API        APIID
	Default    Default
	AnswersFor AnswersFor
	// Complete says that the rules name every route the API has, no {proxy+} and no $default beside them. A policy may then
	// reach paths without a rule, because nothing is there.
	Complete bool
	Rules    []Rule

	// Version rises by one with each change, from the milliseconds since 1970 at which the rules were made; 0 = the API has
	// none. So rules that are deleted and made anew have another version.
	Version   int64
	UpdatedAt time.Time
	UpdatedBy user.ID
}
