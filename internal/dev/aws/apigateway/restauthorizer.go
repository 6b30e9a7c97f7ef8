package apigateway

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/tokenwright/tokenwright/internal/dev/aws/iam"
	"github.com/tokenwright/tokenwright/internal/dev/aws/template"
)

// unauthorizedError is the one function error that means 401; any other text,
// also one that only contains it, is the authorizer's own failure.
const unauthorizedError = "Unauthorized"

type restAuthorizer struct {
	api        *restAPI
	config     template.Authorizer
	validation *regexp.Regexp // nil: any token will do
	cache      *cache
}

func newRestAuthorizer(a *restAPI, config template.Authorizer) (*restAuthorizer, error) {
	z := &restAuthorizer{api: a, config: config, cache: newCache(config.TTL, a.options.Now)}
	if config.Validation == "" {
		return z, nil
	}
	var err error
	if z.validation, err = regexp.Compile(`^(?:` + config.Validation + `)$`); err != nil {
		return nil, fmt.Errorf("the ValidationExpression of %s: %w", config.Name, err)
	}
	return z, nil
}

// authorize returns nil when the call may go on, with c.authorizer filled in.
func (z *restAuthorizer) authorize(c *call) *refusal {
	key, ok := z.identity(c)
	if !ok {
		return &refusal{kind: unauthorized, message: "Unauthorized"}
	}
	arn := z.api.options.arn(z.api.api.ID, z.api.api.Stage, c.request.Method, c.path)
	if len(arn) > maxMethodARN {
		return &refusal{kind: default4XX, status: http.StatusRequestURITooLong, message: "Request URI Too Long"}
	}
	v, ok := z.cache.get(key)
	began := time.Now()
	if !ok {
		var refused *refusal
		if v, refused = z.ask(c, arn); refused != nil {
			return refused
		}
		z.cache.put(key, v)
	}
	c.authorizer = maps.Clone(v.context)
	c.authorizer["principalId"] = v.principal
	c.authorizer["integrationLatency"] = time.Since(began).Milliseconds()
	switch v.decide(arn, c.sourceIP) {
	case iam.Allow:
		return nil
	case iam.ExplicitDeny:
		return &refusal{kind: accessDenied, message: "User is not authorized to access this resource with an explicit deny"}
	default:
		return &refusal{kind: accessDenied, message: "User is not authorized to access this resource"}
	}
}

// identity returns the key of the cache; false when a source is missing or
// empty, in which case the function is not asked.
func (z *restAuthorizer) identity(c *call) (string, bool) {
	var parts []string
	for _, source := range z.config.Identity {
		value := z.api.identityValue(c, source)
		if value == "" {
			return "", false
		}
		parts = append(parts, value)
	}
	if z.validation != nil && !z.validation.MatchString(parts[0]) {
		return "", false
	}
	return strings.Join(parts, "\x00"), true
}

func (a *restAPI) identityValue(c *call, source template.IdentitySource) string {
	switch source.Kind {
	case "header":
		return c.header(source.Name)
	case "query":
		return c.query.Get(source.Name)
	case "stage":
		return a.api.StageVariables[source.Name]
	default:
		name := strings.TrimPrefix(strings.TrimPrefix(source.Name, "$"), "context.")
		return a.scope(c, &refusal{}, 0).lookup("context." + name)
	}
}

// ask invokes the authorizer's function.
func (z *restAuthorizer) ask(c *call, arn string) (verdict, *refusal) {
	event, err := z.api.authorizerEvent(c, z.config, arn)
	if err != nil {
		return verdict{}, z.failed(authorizerConfigurationError, "encoding the event: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.request.Context()), authorizeTime)
	defer cancel()
	result, err := z.api.options.Invoker.Invoke(ctx, z.config.FunctionARN, event)
	if err != nil {
		return verdict{}, z.failed(authorizerConfigurationError, "%v", err)
	}
	if result.Failed {
		if result.Failure().Message == unauthorizedError {
			return verdict{}, &refusal{kind: unauthorized, message: "Unauthorized"}
		}
		return verdict{}, z.failed(authorizerFailure, "the function failed: %s", result.Failure().Message)
	}
	v, err := readPolicyVerdict(result.Payload, false)
	if err != nil {
		return verdict{}, z.failed(authorizerConfigurationError, "its answer is refused: %v", err)
	}
	return v, nil
}

func (z *restAuthorizer) failed(kind, format string, args ...any) *refusal {
	z.api.options.logf("authorizer "+z.config.Name+": "+format, args...)
	return &refusal{kind: kind}
}
