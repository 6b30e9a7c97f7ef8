package authorizer

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/validate"
)

// errUnauthorized makes a REST API answer 401. API Gateway compares the message to exactly this text; wrapped, it
// would answer 500.
var errUnauthorized = errors.New("Unauthorized") //nolint:staticcheck // the gateway's spelling

// errTooLarge says that an answer is beyond what API Gateway takes. It is refused, never cut: half a policy would be
// another policy.
var errTooLarge = errors.New("the answer is beyond API Gateway's limits")

// maxAnswer is API Gateway's limit for an authorizer's result, in bytes.
const maxAnswer = 8 << 10

// ResponseKind says what an HTTP API expects of its authorizer; the event does not tell.
type ResponseKind string

// The kinds of responses (EnableSimpleResponses true and false).
const (
	Simple ResponseKind = "simple"
	IAM    ResponseKind = "iam"
)

// allow admits the principal to the whole API and stage. Which scope a route needs is decided behind the gateway, from
// the context.
func (a *Authorizer) allow(r request, p principal.Principal) (any, error) {
	context := map[string]any{}
	for key, value := range p.Context() {
		context[key] = value
	}
	return a.answer(r, true, string(p.User), context)
}

// deny refuses with what the caller may know. A REST API's gateway response puts code and detail into its 403; an HTTP
// API answers its own text.
func (a *Authorizer) deny(r request, d *validate.Denial) (any, error) {
	code, detail := "forbidden", "The credential does not admit you here."
	switch {
	case d.Reason == validate.AddressDenied:
		code, detail = "ip_denied", "The token may not be used from this address."
	case d.Reason == validate.PolicyTooLarge:
		code, detail = "policy_too_large", "The permissions of this credential are more than the gateway can take."
	case d.Authentic: // an HTTP API's stand-in for 401, which tells the holder of the right secret why
		code, detail = string(d.Reason), "The token is "+string(d.Reason)+"."
	}
	return a.answer(r, false, "nobody", map[string]any{"code": code, "detail": detail})
}

func (a *Authorizer) answer(r request, allowed bool, who string, context map[string]any) (any, error) {
	if r.kind == http2 && a.HTTPResponse == Simple {
		return checked(events.APIGatewayV2CustomAuthorizerSimpleResponse{IsAuthorized: allowed, Context: context})
	}
	resource, err := wholeStage(r.arn)
	if err != nil {
		return nil, err
	}
	effect := "Deny"
	if allowed {
		effect = "Allow"
	}
	policy := events.APIGatewayCustomAuthorizerPolicy{Version: "2012-10-17", Statement: []events.IAMPolicyStatement{
		{Action: []string{"execute-api:Invoke"}, Effect: effect, Resource: []string{resource}},
	}}
	if r.kind == http2 {
		return checked(events.APIGatewayV2CustomAuthorizerIAMPolicyResponse{PrincipalID: who, PolicyDocument: policy, Context: context})
	}
	return checked(events.APIGatewayCustomAuthorizerResponse{PrincipalID: who, PolicyDocument: policy, Context: context})
}

// checked encodes an answer and holds it to the gateway's limit.
func checked(answer any) (any, error) {
	text, err := json.Marshal(answer)
	if err != nil {
		return nil, fmt.Errorf("encoding the answer: %w", err)
	}
	if len(text) > maxAnswer {
		return nil, errTooLarge
	}
	return json.RawMessage(text), nil
}
