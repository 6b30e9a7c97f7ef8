package authorizer

import (
	"encoding/json"
	"errors"

	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/principal/wire"
	"github.com/tokenwright/tokenwright/internal/scope"
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

// everything is every method and path of the API and stage, and every route of a WebSocket API.
var everything = []string{"*"}

// allow admits the principal to the whole API and stage.
func (a *Authorizer) allow(r request, p principal.Principal) (json.RawMessage, error) {
	return a.answer(r, true, string(p.User), p.Context())
}

// deny refuses with what the caller may know. A REST API's gateway response puts code, detail and challenge into its 403;
// an HTTP API answers its own text.
func (a *Authorizer) deny(r request, d *validate.Denial) (json.RawMessage, error) {
	context := map[string]string{}
	refuse(context, d)
	return a.answer(r, false, "nobody", context)
}

// refuse puts into the context what the caller may know of a refusal.
func refuse(context map[string]string, d *validate.Denial) {
	code, detail := "forbidden", "The credential does not admit you here."
	switch {
	case d.Reason == validate.AddressDenied:
		code, detail = "ip_denied", "The token may not be used from this address."
	case d.Reason == validate.PolicyBreach: // the detail is the name of a rule
		code, detail = "policy", "The account's settings do not allow this token any more ("+d.Detail+")."
	case d.Reason == validate.PolicyTooLarge:
		code, detail = "policy_too_large", "The permissions of this credential are more than the gateway can take."
	case d.Reason == validate.InsufficientScope:
		code, detail = string(d.Reason), d.Detail
	case d.Reason == validate.RouteDenied:
		code, detail = string(d.Reason), "The rules of this API admit nobody here."
	case d.Authentic: // an HTTP API's stand-in for 401, which tells the holder of the right secret why
		code, detail = string(d.Reason), "The token is "+string(d.Reason)+"."
	}
	context[wire.Code], context[wire.Detail], context[wire.Challenge] = code, detail, challenge(d.Lacking)
}

// challenge is a value of WWW-Authenticate (RFC 6750, section 3).
func challenge(lacking scope.Set) string {
	if len(lacking) == 0 {
		return "Bearer"
	}
	return `Bearer error="insufficient_scope", scope="` + lacking.String() + `"`
}

// answer admits to the whole API and stage, or refuses all of it.
func (a *Authorizer) answer(r request, allowed bool, who string, context map[string]string) (json.RawMessage, error) {
	switch {
	case r.kind == appsync:
		return a.appSyncAnswer(allowed, context)
	case a.isSimple(r):
		return checked(appendSimple(make([]byte, 0, 1024), allowed, context))
	case allowed:
		return policyAnswer(r.stage, everything, nil, nil, who, context)
	}
	answer, err := policyAnswer(r.stage, nil, everything, nil, who, context)
	if errors.Is(err, errTooLarge) { // to deny more than was asked for does no harm
		return policyAnswer("", nil, everything, nil, who, context)
	}
	return answer, err
}

// isSimple says whether the answer is one yes or no.
func (a *Authorizer) isSimple(r request) bool { return r.kind == http2 && a.HTTPResponse == Simple }

// policyAnswer answers with a policy about resources, each named by what follows the stage, and with what is denied anywhere.
func policyAnswer(stage string, allow, deny, anywhere []string, who string, context map[string]string) (json.RawMessage, error) {
	size := 1024
	for _, resources := range [][]string{allow, deny} {
		for _, rest := range resources {
			if len(stage)+len(rest) > maxResource {
				return nil, errTooLarge
			}
			size += len(stage) + len(rest) + len(`"",`)
		}
	}
	return checked(appendPolicy(make([]byte, 0, size+40*len(anywhere)), who, stage, allow, deny, anywhere, context))
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
