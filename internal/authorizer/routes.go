package authorizer

import (
	"encoding/json"
	"errors"
	"slices"

	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/validate"
)

// admit answers whom the credential admits, as far as the rules of the API let them. A denial may come with an answer: a
// policy that refuses this request, and is right for every other one that the gateway applies it to.
func (a *Authorizer) admit(r request, admitted validate.Admission) (json.RawMessage, error) {
	p, rules := admitted.Principal, admitted.Routes
	var d route.Decision
	switch {
	case rules == nil:
	case r.kind == appsync:
		d = rules.DecideDefault(p.Scopes)
	case r.kind == websocket: // whose other routes nobody is asked about
		d = rules.DecideConnect(p.Scopes)
	case a.isSimple(r):
		d = decideKey(r, rules, p)
	case rules.Rules().AnswersFor == route.OneRequest:
		return admitRequest(r, p, rules)
	default:
		return a.admitAPI(r, p, rules)
	}
	if !d.Allowed() {
		return nil, denial(p, d)
	}
	return a.allow(r, p)
}

func decideKey(r request, rules *route.Compiled, p principal.Principal) route.Decision {
	key := r.routeKey
	if key == "" { // an event without one could be of any route
		key = "$default"
	}
	method, path := r.call()
	return rules.DecideKey(key, method, path, p.Scopes)
}

// admitRequest answers for the one request: with exactly the ARN that is called, or not at all.
func admitRequest(r request, p principal.Principal, rules *route.Compiled) (json.RawMessage, error) {
	method, path := r.call()
	if d := rules.Decide(method, path, p.Scopes); !d.Allowed() {
		return nil, denial(p, d)
	}
	if hasWildcard(r.called) {
		return nil, &validate.Denial{
			Reason: validate.RouteDenied, Token: p.Token, Authentic: true, Detail: "the called path has a wildcard, which a policy would take for more",
		}
	}
	return policyAnswer(r.stage, []string{r.called}, nil, nil, string(p.User), p.Context())
}

// admitAPI answers for every route of the API and stage, so that the gateway may cache it by the credential alone. So is
// what its refusals are written from: nothing of it depends on the request.
func (a *Authorizer) admitAPI(r request, p principal.Principal, rules *route.Compiled) (json.RawMessage, error) {
	policy := rules.Policy(p.Scopes)
	method, path := r.call()
	d := rules.Decide(method, path, p.Scopes)
	if d.Allowed() {
		return a.policy(r, p, policy, "")
	}
	var answer json.RawMessage
	var err error
	if policy.Admits(r.called) { // no route is there, say the rules, and leave it to a wildcard
		answer, err = a.policy(r, p, policy, r.called)
	} else {
		answer, err = a.policy(r, p, policy, "")
	}
	if err != nil {
		return nil, err
	}
	return answer, denial(p, d)
}

// policy writes the policy of the whole API, with one resource taken back if any is named.
func (a *Authorizer) policy(r request, p principal.Principal, policy *route.Policy, except string) (json.RawMessage, error) {
	whole := elsewhere(p, policy)
	deny := policy.Deny
	switch {
	case len(policy.Allow) == 0, hasWildcard(except):
		return a.deny(r, whole)
	case except != "":
		deny = append(slices.Clip(deny), except)
	}
	context := p.Context()
	refuse(context, whole)
	answer, err := policyAnswer(r.stage, policy.Allow, deny, policy.Anywhere, string(p.User), context)
	if except != "" && errors.Is(err, errTooLarge) {
		return a.deny(r, whole)
	}
	return answer, err
}

// denial says why the rules refuse a request.
func denial(p principal.Principal, d route.Decision) *validate.Denial {
	out := &validate.Denial{Reason: validate.Reason(d.Reason), Token: p.Token, Authentic: true, Lacking: d.Lacking}
	if d.Reason != route.InsufficientScope {
		return out
	}
	switch {
	case len(d.Lacking) == 1:
		out.Detail = "This needs the scope " + d.Lacking.String() + "."
	case d.Rule != nil && d.Rule.Match == route.Any:
		out.Detail = "This needs one of the scopes " + d.Lacking.String() + "."
	default:
		out.Detail = "This needs the scopes " + d.Lacking.String() + "."
	}
	return out
}

// maxNamed is how long a list of scopes may be that a text names: it stands in the challenge as well, and an answer has 8 KB
// in all.
const maxNamed = 256

// elsewhere says why the routes are refused that a policy does not admit to. It is the same for all of them.
func elsewhere(p principal.Principal, policy *route.Policy) *validate.Denial {
	out := &validate.Denial{Reason: validate.RouteDenied, Token: p.Token, Authentic: true}
	if len(policy.Lacking) == 0 {
		return out
	}
	out.Reason, out.Lacking, out.Detail = validate.InsufficientScope, policy.Lacking, "The credential lacks scopes that routes of this API need."
	if named := policy.Lacking.String(); len(named) <= maxNamed {
		out.Detail = "The credential lacks what routes of this API need: " + named + "."
	}
	return out
}
