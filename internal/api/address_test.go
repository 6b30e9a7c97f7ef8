package api

import (
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

// requestContext.path is what the client asked for: API Gateway puts the stage there on its own domain, and the base path on
// a domain that is mapped to the stage.
func TestAddressesInAnswersFollowTheDomainThatWasCalled(t *testing.T) {
	for path, want := range map[string]string{
		"/live/v1/tokens":    "/live/v1/tokens",   // API Gateway's own domain
		"/v1/tokens":         "/v1/tokens",        // a domain
		"/tokens/v1/tokens":  "/tokens/v1/tokens", // a domain with a base path
		"/tokens/v1/tokens/": "/tokens/v1/tokens", // the same route to API Gateway
	} {
		e := event(func(e *events.APIGatewayProxyRequest) { e.RequestContext.Path = path })
		if got := (&Request{event: &e}).called(); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}
