package authorizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// kind is a kind of authorizer event. See
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-input.html and
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html.
type kind string

const (
	restToken   kind = "rest_token"
	restRequest kind = "rest_request"
	http2       kind = "http_2.0"
)

// request is what every kind of event comes down to.
type request struct {
	kind       kind
	arn        string // of the method or route that is called
	requestID  string
	credential func() (string, error)
	from       netip.Addr // zero = the event does not tell
}

// errEvent is returned for an event of no known kind: the function is attached where it cannot work.
var errEvent = errors.New("not an authorizer event this function knows")

// parse reads an event.
func parse(raw json.RawMessage) (request, error) {
	var probe struct {
		Version   string `json:"version"`
		Type      string `json:"type"`
		MethodARN string `json:"methodArn"`
		RouteARN  string `json:"routeArn"`
	}
	if err := json.Unmarshal(raw, &probe); err != nil {
		return request{}, errEvent
	}
	switch {
	case probe.Version == "2.0" && probe.RouteARN != "":
		return parseHTTP2(raw)
	case probe.Version == "" && probe.Type == "REQUEST" && probe.MethodARN != "":
		return parseRESTRequest(raw)
	case probe.Version == "" && probe.Type == "TOKEN" && probe.MethodARN != "":
		return parseRESTToken(raw)
	}
	return request{}, errEvent
}

func parseRESTRequest(raw json.RawMessage) (request, error) {
	var e events.APIGatewayCustomAuthorizerRequestTypeRequest
	if err := json.Unmarshal(raw, &e); err != nil {
		return request{}, errEvent
	}
	h := headers{single: e.Headers, multi: e.MultiValueHeaders}
	return request{
		kind: restRequest, arn: e.MethodArn, requestID: e.RequestContext.RequestID, from: address(e.RequestContext.Identity.SourceIP),
		credential: func() (string, error) { return fromHeaders(h.values) },
	}, nil
}

// parseRESTToken reads the event that carries one header's value and nothing else: no address, so tokens with an
// address list are refused.
func parseRESTToken(raw json.RawMessage) (request, error) {
	var e events.APIGatewayCustomAuthorizerRequest
	if err := json.Unmarshal(raw, &e); err != nil {
		return request{}, errEvent
	}
	return request{kind: restToken, arn: e.MethodArn, credential: func() (string, error) {
		if !strings.Contains(e.AuthorizationToken, " ") { // the API may name X-API-Key as its source
			return bounded(e.AuthorizationToken)
		}
		return fromAuthorization(e.AuthorizationToken)
	}}, nil
}

func parseHTTP2(raw json.RawMessage) (request, error) {
	var e events.APIGatewayV2CustomAuthorizerV2Request
	if err := json.Unmarshal(raw, &e); err != nil {
		return request{}, errEvent
	}
	h := headers{single: e.Headers}
	return request{
		kind: http2, arn: e.RouteArn, requestID: e.RequestContext.RequestID, from: address(e.RequestContext.HTTP.SourceIP),
		credential: func() (string, error) { return fromHeaders(h.values) },
	}, nil
}

// address reads the gateway's word on the caller's address. What does not read as one is unknown, which address lists
// refuse.
func address(s string) netip.Addr {
	a, _ := netip.ParseAddr(s)
	return a.Unmap()
}

// maxResource is API Gateway's limit for a resource in a returned policy, in characters.
const maxResource = 512

// wholeStage returns the resource that covers every method and path of the API and stage that an ARN of one of them
// names, so that an answer the gateway caches is right for all of them. Partition, region and account are the event's
// own; none of the parts may hold a wildcard, which in a policy also crosses slashes.
//
//	arn:aws:execute-api:eu-central-1:123456789012:a1b2c3/live/GET/orders  →  arn:…:a1b2c3/live/*
func wholeStage(arn string) (string, error) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "execute-api" {
		return "", fmt.Errorf("%w: method ARN", errEvent)
	}
	path := strings.SplitN(parts[5], "/", 3)
	if len(path) < 2 || path[0] == "" || path[1] == "" || strings.ContainsAny(strings.Join(parts[:5], ":")+path[0]+path[1], "*?") {
		return "", fmt.Errorf("%w: method ARN", errEvent)
	}
	resource := strings.Join(parts[:5], ":") + ":" + path[0] + "/" + path[1] + "/*"
	if len(resource) > maxResource {
		return "", errTooLarge
	}
	return resource, nil
}
