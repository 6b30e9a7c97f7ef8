package lifecycle

import (
	"context"
	"fmt"

	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/standing"
	"github.com/tokenwright/tokenwright/internal/token"
)

// Call is a call of an API that might be made; the path alone is route.Connect.
type Call struct{ Method, Path string }

// APICheck is what a token may do at an API now, without being used.
type APICheck struct {
	Rules   *route.Compiled
	Token   token.ID
	Refusal standing.Reason // "" = the token is usable
	Scopes  scope.Set       // what it permits now; nothing unless it is usable
	Call    *Call           // nil = what holds for every rule was asked for
	// Whole: the caller may see rules, and whether there are any. Others learn of a call what the call itself would tell.
	Whole bool
	// Decision is about Call. It admits nothing unless the token is usable.
	Decision route.Decision
}

// CheckAPI tells what a token of the caller's account may do at an API: one's own for nothing more, any other with
// tokens:read. Which rules there are is the operator's to know, so others have to name a call, and an API without rules, or
// that never was, is answered as the authorizer answers for it: it admits every valid credential.
//
// It looks at neither secret nor address, changes nothing and leaves no event.
func (m *Manager) CheckAPI(ctx context.Context, c Caller, api route.APIID, target Target, call *Call) (APICheck, error) {
	if !c.Scopes.Has(scope.APIsRead) {
		return APICheck{}, lacking(scope.APIsRead)
	}
	id, err := c.resolve(target)
	if err != nil {
		return APICheck{}, err
	}
	if !c.owns(id) && !c.Scopes.Has(scope.TokensRead) {
		return APICheck{}, lacking(scope.TokensRead)
	}
	if call == nil && !m.isOperator(c) {
		return APICheck{}, forbidden("not_operator", "Name a method and a path. All rules are for the account that the deployment's parameter OperatorAccount names.")
	}
	rules, err := m.Store.Routes(ctx, api)
	if err == nil && rules.Version == 0 && m.isOperator(c) {
		err = fmt.Errorf("checking %s: %w", api, route.ErrNotFound)
	}
	if err != nil {
		return APICheck{}, err
	}
	now := m.now()
	s, err := m.standing(ctx, c, id, now)
	if err != nil {
		return APICheck{}, err
	}
	check := APICheck{Rules: route.Compile(&rules), Token: id, Call: call}
	if check.Refusal, _ = s.Refusal(nil, now); check.Refusal == "" {
		check.Scopes = s.Scopes(m.Catalogue)
	}
	check.decide()
	check.Whole = m.isOperator(c)
	return check, nil
}

// decide answers for the call as the authorizer would.
func (a *APICheck) decide() {
	switch {
	case a.Call == nil, a.Rules.Rules().Version == 0: // no rules refuse nothing
	case a.Call.Path == route.Connect:
		a.Decision = a.Rules.DecideConnect(a.Scopes)
	default:
		a.Decision = a.Rules.Decide(a.Call.Method, a.Call.Path, a.Scopes)
	}
	if a.Refusal != "" {
		a.Decision.Reason, a.Decision.Lacking = route.Reason(a.Refusal), nil
	}
}

// Permits says whether the token may call the routes of a rule, and which of its scopes it lacks if not.
func (a *APICheck) Permits(r *route.Rule) (bool, scope.Set) {
	switch {
	case a.Refusal != "":
		return false, nil
	case r.Permits(a.Scopes):
		return true, nil
	}
	return false, r.Scopes.Without(a.Scopes)
}
