package authorizer

import (
	"encoding/json"
	"errors"

	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/validate"
)

// errUnauthorized makes a REST API answer 401. API Gateway compares the message to exactly this text; wrapped, it
// would answer 500.
var errUnauthorized = errors.New("Unauthorized")

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
func (a *Authorizer) allow(r request, p principal.Principal) (json.RawMessage, error) {
	return a.answer(r, true, string(p.User), p.Context())
}

// deny refuses with what the caller may know. A REST API's gateway response puts code and detail into its 403; an HTTP
// API answers its own text.
func (a *Authorizer) deny(r request, d *validate.Denial) (json.RawMessage, error) {
	code, detail := "forbidden", "The credential does not admit you here."
	switch {
	case d.Reason == validate.AddressDenied:
		code, detail = "ip_denied", "The token may not be used from this address."
	case d.Reason == validate.PolicyBreach: // the detail is the name of a rule
		code, detail = "policy", "The account's settings do not allow this token any more ("+d.Detail+")."
	case d.Reason == validate.PolicyTooLarge:
		code, detail = "policy_too_large", "The permissions of this credential are more than the gateway can take."
	case d.Authentic: // an HTTP API's stand-in for 401, which tells the holder of the right secret why
		code, detail = string(d.Reason), "The token is "+string(d.Reason)+"."
	}
	return a.answer(r, false, "nobody", map[string]string{"code": code, "detail": detail})
}

func (a *Authorizer) answer(r request, allowed bool, who string, context map[string]string) (json.RawMessage, error) {
	switch {
	case r.kind == appsync:
		return a.appSyncAnswer(allowed, context)
	case r.kind == http2 && a.HTTPResponse == Simple:
		return checked(appendSimple(make([]byte, 0, 1024), allowed, context))
	}
	resource, err := wholeStage(r.arn)
	effect := "Deny"
	switch {
	case allowed:
		effect = "Allow"
	case errors.Is(err, errTooLarge): // to deny more than was asked for does no harm
		resource, err = "*", nil
	}
	if err != nil {
		return nil, err
	}
	return checked(appendPolicy(make([]byte, 0, 1024), who, effect, resource, context))
}

// appSyncAnswer admits to the whole API, no field excepted, or refuses. AppSync tells a refused caller nothing, so
// neither does this.
func (a *Authorizer) appSyncAnswer(allowed bool, context map[string]string) (json.RawMessage, error) {
	if !allowed {
		context = nil
	}
	return checked(appendAppSync(make([]byte, 0, 1024), allowed, context, int(a.AppSyncTTL.Seconds())))
}

// checked holds an answer to the gateway's limit.
func checked(answer []byte) (json.RawMessage, error) {
	if len(answer) > maxAnswer {
		return nil, errTooLarge
	}
	return answer, nil
}
