package apigateway

import (
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/tokenwright/tokenwright/internal/dev/aws/template"
)

// Types of gateway responses this package gives.
const (
	accessDenied                 = "ACCESS_DENIED"
	authorizerConfigurationError = "AUTHORIZER_CONFIGURATION_ERROR"
	authorizerFailure            = "AUTHORIZER_FAILURE"
	default4XX                   = "DEFAULT_4XX"
	default5XX                   = "DEFAULT_5XX"
	integrationFailure           = "INTEGRATION_FAILURE"
	integrationTimeout           = "INTEGRATION_TIMEOUT"
	missingAuthenticationToken   = "MISSING_AUTHENTICATION_TOKEN"
	requestTooLarge              = "REQUEST_TOO_LARGE"
	unauthorized                 = "UNAUTHORIZED"
)

// standard is what each type is without a word in the template.
var standard = map[string]struct {
	status    int
	errorType string
}{
	accessDenied:                 {http.StatusForbidden, "AccessDeniedException"},
	authorizerConfigurationError: {http.StatusInternalServerError, "AuthorizerConfigurationException"},
	authorizerFailure:            {http.StatusInternalServerError, "AuthorizerFailureException"},
	default4XX:                   {http.StatusBadRequest, "BadRequestException"},
	default5XX:                   {http.StatusInternalServerError, "InternalServerErrorException"},
	integrationFailure:           {http.StatusGatewayTimeout, "InternalServerErrorException"},
	integrationTimeout:           {http.StatusGatewayTimeout, "InternalServerErrorException"},
	missingAuthenticationToken:   {http.StatusForbidden, "MissingAuthenticationTokenException"},
	requestTooLarge:              {http.StatusRequestEntityTooLarge, "RequestTooLargeException"},
	unauthorized:                 {http.StatusUnauthorized, "UnauthorizedException"},
}

// refusal is an answer of the gateway itself.
type refusal struct {
	kind    string
	status  int    // overrides the type's own; the template overrides both
	message string // empty: null
}

const standardTemplate = `{"message":$context.error.messageString}`

// refuse renders the type's gateway response; a type the template leaves out
// uses DEFAULT_4XX or DEFAULT_5XX, and without those the service's own.
func (a *restAPI) refuse(w http.ResponseWriter, c *call, r *refusal) {
	status := r.status
	if status == 0 {
		status = standard[r.kind].status
	}
	response, ok := a.api.GatewayResponses[r.kind]
	if !ok && status >= http.StatusInternalServerError {
		response = a.api.GatewayResponses[default5XX]
	} else if !ok {
		response = a.api.GatewayResponses[default4XX]
	}
	if response.StatusCode != 0 {
		status = response.StatusCode
	}
	scope := a.scope(c, r, status)
	contentType, body := pickTemplate(response.Templates, c.header("Accept"))
	header := w.Header()
	header.Set("X-Amzn-Errortype", standard[r.kind].errorType)
	header.Set("Content-Type", contentType)
	for _, name := range slices.Sorted(maps.Keys(response.Headers)) {
		if value := scope.expression(response.Headers[name]); value != "" {
			header.Set(name, value)
		}
	}
	w.WriteHeader(status)
	_, _ = w.Write([]byte(scope.render(body)))
}

// pickTemplate chooses by the Accept header, and falls back on JSON, then on
// the first in alphabetical order.
func pickTemplate(templates map[string]string, accept string) (contentType, body string) {
	if len(templates) == 0 {
		return "application/json", standardTemplate
	}
	for part := range strings.SplitSeq(accept, ",") {
		mediaType, _, err := mime.ParseMediaType(part)
		if body, ok := templates[mediaType]; ok && err == nil {
			return mediaType, body
		}
	}
	if body, ok := templates["application/json"]; ok {
		return "application/json", body
	}
	first := slices.Sorted(maps.Keys(templates))[0]
	return first, templates[first]
}

// scope are the variables a gateway response may use, by full name.
func (a *restAPI) scope(c *call, r *refusal, status int) scope {
	message := "null"
	if r.message != "" {
		quoted, _ := json.Marshal(r.message)
		message = string(quoted)
	}
	s := scope{
		"context.requestId": c.id, "context.extendedRequestId": c.extendedID, "context.apiId": a.api.ID,
		"context.accountId": a.options.AccountID, "context.stage": a.api.Stage, "context.httpMethod": c.request.Method,
		"context.path": "/" + a.api.Stage + c.path, "context.resourcePath": c.route.Path, "context.protocol": c.request.Proto,
		"context.domainName": a.domain(), "context.domainPrefix": a.api.ID, "context.status": fmt.Sprint(status),
		"context.requestTime":        c.received.UTC().Format("02/Jan/2006:15:04:05 -0700"),
		"context.requestTimeEpoch":   fmt.Sprint(c.received.UnixMilli()),
		"context.identity.sourceIp":  c.sourceIP,
		"context.identity.userAgent": c.header("User-Agent"),
		"context.error.message":      r.message, "context.error.messageString": message, "context.error.responseType": r.kind,
	}
	for name, value := range c.authorizer {
		s["context.authorizer."+name] = fmt.Sprint(value)
	}
	for name, value := range a.api.StageVariables {
		s["stageVariables."+name] = value
	}
	for name, values := range c.headers {
		s["method.request.header."+strings.ToLower(name)] = values[0]
	}
	for name, values := range c.query {
		s["method.request.querystring."+name] = values[0]
	}
	for name, value := range c.parameters {
		s["method.request.path."+name] = value
	}
	return s
}

// checkGatewayResponses refuses header expressions AWS would refuse.
func checkGatewayResponses(responses map[string]template.GatewayResponse) error {
	for kind, response := range responses {
		for name, expression := range response.Headers {
			if !validExpression(expression) {
				return fmt.Errorf("the gateway response %s sets %s to %s: want 'text' in single quotes, context.…, stageVariables.… or method.request.…", kind, name, expression)
			}
		}
	}
	return nil
}
