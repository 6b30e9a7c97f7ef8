package apigateway

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/tokenwright/tokenwright/internal/dev/aws/lambda"
	"github.com/tokenwright/tokenwright/internal/dev/aws/template"
)

// httpAPI is an HTTP API with payload 2.0. Its refusals are fixed: a status and
// {"message": …}.
type httpAPI struct {
	api         template.HTTPAPI
	options     Options
	router      router
	authorizers map[string]*httpAuthorizer
}

// NewHTTP makes the handler of an HTTP API.
func NewHTTP(api template.HTTPAPI, o Options) http.Handler {
	o.complete()
	a := &httpAPI{api: api, options: o, router: newRouter(api.Routes), authorizers: map[string]*httpAuthorizer{}}
	for name, config := range api.Authorizers {
		a.authorizers[name] = &httpAuthorizer{api: a, config: config, cache: newCache(config.TTL, o.Now)}
	}
	return a
}

func (a *httpAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := newCall(r, a.options.Now())
	w.Header().Set("Apigw-Requestid", c.extendedID)
	answer := a.answer(c)
	for name, values := range answer.header {
		if !dropped[name] && name != "Content-Length" {
			w.Header()[name] = values
		}
	}
	answer.send(w)
}

func (a *httpAPI) answer(c *call) *proxyAnswer {
	if headerSize(c.request) > maxHeaders {
		return message(http.StatusRequestHeaderFieldsTooLarge, "Request Header Fields Too Large")
	}
	ok, err := c.readBody()
	if err != nil {
		return message(http.StatusBadRequest, "Bad Request")
	}
	if !ok {
		return message(http.StatusRequestEntityTooLarge, "Request Entity Too Large")
	}
	if c.route, c.parameters, ok = a.router.http(c.request.Method, c.path); !ok {
		return message(http.StatusNotFound, "Not Found")
	}
	for name, value := range c.parameters { // unlike a REST API, this one decodes them
		if decoded, err := url.PathUnescape(value); err == nil {
			c.parameters[name] = decoded
		}
	}
	if c.route.Authorizer != "" {
		if refused := a.authorizers[c.route.Authorizer].authorize(c); refused != nil {
			return refused
		}
	}
	return a.integrate(c)
}

func (a *httpAPI) integrate(c *call) *proxyAnswer {
	event, err := a.proxyEvent(c)
	if err != nil {
		return a.failed(c, "encoding the event: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.request.Context()), c.route.Timeout)
	defer cancel()
	result, err := a.options.Invoker.Invoke(ctx, c.route.FunctionARN, event)
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, lambda.ErrThrottled):
		return message(http.StatusServiceUnavailable, "Service Unavailable")
	case errors.Is(err, lambda.ErrTooLarge):
		return message(http.StatusRequestEntityTooLarge, "Request Entity Too Large")
	case err != nil:
		return a.failed(c, "%v", err)
	case result.Failed:
		return a.failed(c, "the function failed: %s", result.Failure().Message)
	}
	answer, err := readHTTPAnswer(result.Payload)
	if err != nil {
		return a.failed(c, "malformed answer of the function: %v", err)
	}
	return answer
}

func (a *httpAPI) failed(c *call, format string, args ...any) *proxyAnswer {
	a.options.logf(routeKey(c.route)+": "+format, args...)
	return message(http.StatusInternalServerError, "Internal Server Error")
}

func message(status int, text string) *proxyAnswer {
	return &proxyAnswer{status: status, header: http.Header{"Content-Type": {"application/json"}}, body: []byte(`{"message":"` + text + `"}`)}
}
