package apigateway

import (
	"context"
	"errors"
	"net/http"

	"github.com/tokenwright/tokenwright/internal/dev/aws/lambda"
	"github.com/tokenwright/tokenwright/internal/dev/aws/template"
)

// restAPI is a REST API. Each request passes the same gates as on AWS: size,
// route, authorizer, integration; each gate answers with a gateway response.
type restAPI struct {
	api         template.RestAPI
	options     Options
	router      router
	authorizers map[string]*restAuthorizer
}

// NewREST makes the handler of a REST API. It refuses gateway responses it
// could not render.
func NewREST(api template.RestAPI, o Options) (http.Handler, error) {
	o.complete()
	a := &restAPI{api: api, options: o, router: newRouter(api.Routes), authorizers: map[string]*restAuthorizer{}}
	for name, authorizer := range api.Authorizers {
		made, err := newRestAuthorizer(a, authorizer)
		if err != nil {
			return nil, err
		}
		a.authorizers[name] = made
	}
	return a, checkGatewayResponses(api.GatewayResponses)
}

func (a *restAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := newCall(r, a.options.Now())
	w.Header().Set("X-Amzn-Requestid", c.id)
	w.Header().Set("X-Amz-Apigw-Id", c.extendedID)
	answer, refusal := a.answer(c)
	if refusal != nil {
		a.refuse(w, c, refusal)
		return
	}
	answer.write(w)
}

func (a *restAPI) answer(c *call) (*proxyAnswer, *refusal) {
	if headerSize(c.request) > maxHeaders {
		return nil, &refusal{kind: default4XX, status: http.StatusRequestHeaderFieldsTooLarge, message: "Request Header Fields Too Large"}
	}
	ok, err := c.readBody()
	if err != nil {
		return nil, &refusal{kind: default4XX, status: http.StatusBadRequest, message: "Bad Request"}
	}
	if !ok {
		return nil, &refusal{kind: requestTooLarge, message: "Request Too Long"}
	}
	if c.route, c.parameters, ok = a.router.rest(c.request.Method, c.path); !ok {
		return nil, &refusal{kind: missingAuthenticationToken, message: "Missing Authentication Token"}
	}
	if c.route.Authorizer != "" {
		if refused := a.authorizers[c.route.Authorizer].authorize(c); refused != nil {
			return nil, refused
		}
	}
	return a.integrate(c)
}

// integrate runs the route's function. The client going away does not stop it.
func (a *restAPI) integrate(c *call) (*proxyAnswer, *refusal) {
	event, err := a.proxyEvent(c)
	if err != nil {
		return nil, a.failed(c, "encoding the event: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.request.Context()), c.route.Timeout)
	defer cancel()
	result, err := a.options.Invoker.Invoke(ctx, c.route.FunctionARN, event)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return nil, &refusal{kind: integrationTimeout, message: "Endpoint request timed out"}
	case errors.Is(err, lambda.ErrTooLarge):
		return nil, &refusal{kind: requestTooLarge, message: "Request Too Long"}
	case err != nil:
		a.options.logf("%s %s: %v", c.route.Method, c.route.Path, err)
		return nil, &refusal{kind: integrationFailure, status: http.StatusInternalServerError, message: "Internal server error"}
	case result.Failed:
		return nil, a.failed(c, "the function failed: %s", result.Failure().Message)
	}
	answer, err := readProxyAnswer(result.Payload)
	if err != nil {
		return nil, a.failed(c, "malformed answer of the function: %v", err)
	}
	return answer, nil
}

// failed logs what the caller is not told. A failing function is a 502 that
// DEFAULT_5XX renders.
func (a *restAPI) failed(c *call, format string, args ...any) *refusal {
	a.options.logf(c.route.Method+" "+c.route.Path+": "+format, args...)
	return &refusal{kind: default5XX, status: http.StatusBadGateway, message: "Internal server error"}
}
