package authorizer

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/tokenwright/tokenwright/internal/route"
)

// request is what every kind of event comes down to.
type request struct {
	kind kind
	target
	routeKey   string // HTTP 2.0
	requestID  string
	credential func() (string, error)
	from       netip.Addr // zero = the event does not tell
}

// target is what is called.
type target struct {
	api route.APIID
	// stage is the beginning of every resource of the API and stage: "arn:aws:execute-api:…:a1b2c3/live/"; "" for AppSync.
	stage string
	// called is what comes after that: "GET/orders", or the route's name in a WebSocket API.
	called string
}

// call returns the method and the path that are called.
func (t target) call() (method, path string) {
	i := strings.IndexByte(t.called, '/')
	if i < 0 {
		return t.called, ""
	}
	return t.called[:i], t.called[i:]
}

// parse reads an event.
func (a *Authorizer) parse(raw []byte) (request, error) {
	e, err := readEvent(raw)
	if err != nil {
		return request{}, err
	}
	r := request{kind: e.kind(), requestID: e.Context.RequestID, routeKey: e.RouteKey}
	switch r.kind {
	case "":
		return request{}, errEvent
	case appsync:
		if r.api, err = route.ParseAPIID(e.Context.APIID); err != nil {
			return request{}, fmt.Errorf("%w: apiId", errEvent)
		}
	case http2:
		r.target, err = parseARN(e.RouteARN)
	case restToken, restRequest, http1, websocket:
		r.target, err = parseARN(e.MethodARN)
	}
	if err != nil {
		return request{}, err
	}
	if r.kind == restToken || r.kind == appsync {
		// One header's value and nothing else: no address, so tokens with an address list are refused.
		r.credential = func() (string, error) { return a.Places.fromValue(e.AuthorizationToken) }
		return r, nil
	}
	r.from = a.ClientAddress.of(&e)
	r.credential = func() (string, error) { return a.Places.find(&e, r.kind) }
	return r, nil
}

// maxResource is API Gateway's limit for a resource in a returned policy, in characters.
const maxResource = 512

// wildcards are what makes more of a resource in a policy than it says: * and ?, which also cross slashes, and variables.
var wildcards = []string{"*", "?", "${"}

func hasWildcard(resource string) bool {
	for _, w := range wildcards {
		if strings.Contains(resource, w) {
			return true
		}
	}
	return false
}

// parseARN reads the ARN of a method or a route. Partition, region and account are the event's own; no part before the
// method may hold a wildcard.
//
//	arn:aws:execute-api:eu-central-1:123456789012:a1b2c3/live/GET/orders
//	arn:aws:execute-api:eu-central-1:123456789012:a1b2c3/live/$connect
func parseARN(arn string) (target, error) {
	bad := fmt.Errorf("%w: method ARN", errEvent)
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "execute-api" {
		return target{}, bad
	}
	path := strings.SplitN(parts[5], "/", 3)
	if len(path) < 2 || path[1] == "" {
		return target{}, bad
	}
	api, err := route.ParseAPIID(path[0])
	if err != nil {
		return target{}, bad
	}
	t := target{api: api, stage: strings.Join(parts[:5], ":") + ":" + path[0] + "/" + path[1] + "/"}
	if hasWildcard(t.stage) {
		return target{}, bad
	}
	if len(path) > 2 {
		t.called = path[2]
	}
	return t, nil
}
