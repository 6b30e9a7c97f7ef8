package apigateway

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/tokenwright/tokenwright/internal/dev/aws/iam"
	"github.com/tokenwright/tokenwright/internal/dev/aws/template"
)

var errNotJSON = errors.New("it is not JSON")

type httpAuthorizer struct {
	api    *httpAPI
	config template.Authorizer
	cache  *cache
}

// authorize returns nil when the call may go on, with c.authorizer filled in.
func (z *httpAuthorizer) authorize(c *call) *proxyAnswer {
	identity, ok := z.identity(c)
	if !ok {
		return message(http.StatusUnauthorized, "Unauthorized")
	}
	arn := z.api.options.arn(z.api.api.ID, z.api.api.Stage, c.request.Method, c.path)
	key := strings.Join(identity, "\x00")
	v, ok := z.cache.get(key)
	if !ok {
		var refused *proxyAnswer
		if v, refused = z.ask(c, identity, arn); refused != nil {
			return refused
		}
		z.cache.put(key, v)
	}
	c.authorizer = v.context
	if v.decide(arn, c.sourceIP) != iam.Allow {
		return message(http.StatusForbidden, "Forbidden")
	}
	return nil
}

// identity returns the values of the sources; false when one is missing.
func (z *httpAuthorizer) identity(c *call) ([]string, bool) {
	var out []string
	for _, source := range z.config.Identity {
		value := z.api.identityValue(c, source)
		if value == "" {
			return nil, false
		}
		out = append(out, value)
	}
	return out, true
}

func (a *httpAPI) identityValue(c *call, source template.IdentitySource) string {
	switch source.Kind {
	case "header":
		return c.header(source.Name)
	case "query":
		return c.query.Get(source.Name)
	case "stage":
		return a.api.StageVariables[source.Name]
	}
	switch strings.TrimPrefix(strings.TrimPrefix(source.Name, "$"), "context.") {
	case "routeKey":
		return routeKey(c.route)
	case "identity.sourceIp", "http.sourceIp":
		return c.sourceIP
	case "httpMethod", "http.method":
		return c.request.Method
	case "path", "http.path":
		return a.rawPath(c)
	case "stage":
		return a.api.Stage
	case "domainName":
		return a.api.ID + ".execute-api." + a.options.Region + ".amazonaws.com"
	}
	return ""
}

func (z *httpAuthorizer) ask(c *call, identity []string, arn string) (verdict, *proxyAnswer) {
	event, err := z.api.authorizerEvent(c, identity, arn)
	if err != nil {
		return verdict{}, z.failed("encoding the event: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.request.Context()), httpAuthTime)
	defer cancel()
	result, err := z.api.options.Invoker.Invoke(ctx, z.config.FunctionARN, event)
	if err != nil {
		return verdict{}, z.failed("%v", err)
	}
	if result.Failed {
		return verdict{}, z.failed("the function failed: %s", result.Failure().Message)
	}
	v, err := z.read(result.Payload)
	if err != nil {
		return verdict{}, z.failed("its answer is refused: %v", err)
	}
	return v, nil
}

// read takes the kind of answer the authorizer is configured for and no other.
func (z *httpAuthorizer) read(payload []byte) (verdict, error) {
	if !z.config.Simple {
		return readPolicyVerdict(payload, true)
	}
	var raw struct {
		IsAuthorized *bool                      `json:"isAuthorized"`
		Context      map[string]json.RawMessage `json:"context"`
	}
	if len(payload) > maxAnswer {
		return verdict{}, errors.New("it is larger than 8 KB")
	}
	if err := json.Unmarshal(payload, &raw); err != nil {
		return verdict{}, err
	}
	if raw.IsAuthorized == nil {
		return verdict{}, errors.New("isAuthorized is missing")
	}
	values, err := contextValues(raw.Context, true)
	return verdict{simple: raw.IsAuthorized, context: values}, err
}

func (z *httpAuthorizer) failed(format string, args ...any) *proxyAnswer {
	z.api.options.logf("authorizer "+z.config.Name+": "+format, args...)
	return message(http.StatusInternalServerError, "Internal Server Error")
}
