package authorizer

import (
	"fmt"
	"net/netip"
	"strings"
)

// request is what every kind of event comes down to.
type request struct {
	kind       kind
	arn        string // of the method or route that is called; "" for AppSync
	requestID  string
	credential func() (string, error)
	from       netip.Addr // zero = the event does not tell
}

// parse reads an event.
func (a *Authorizer) parse(raw []byte) (request, error) {
	e, err := readEvent(raw)
	if err != nil {
		return request{}, err
	}
	r := request{kind: e.kind(), arn: e.MethodARN, requestID: e.Context.RequestID}
	switch r.kind {
	case "":
		return request{}, errEvent
	case restToken, appsync:
		// One header's value and nothing else: no address, so tokens with an address list are refused.
		r.credential = func() (string, error) { return a.Places.fromValue(e.AuthorizationToken) }
		return r, nil
	case http2:
		r.arn = e.RouteARN
	case restRequest, http1, websocket:
	}
	r.from = a.ClientAddress.of(&e)
	r.credential = func() (string, error) { return a.Places.find(&e, r.kind) }
	return r, nil
}

// maxResource is API Gateway's limit for a resource in a returned policy, in characters.
const maxResource = 512

// wholeStage returns the resource that covers every method and path of the API and stage that an ARN of one of them
// names, so that an answer the gateway caches is right for all of them; for a WebSocket API that is every route.
// Partition, region and account are the event's own; none of the parts may hold a wildcard, which in a policy also
// crosses slashes.
//
//	arn:aws:execute-api:eu-central-1:123456789012:a1b2c3/live/GET/orders  →  arn:…:a1b2c3/live/*
//	arn:aws:execute-api:eu-central-1:123456789012:a1b2c3/live/$connect    →  arn:…:a1b2c3/live/*
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
