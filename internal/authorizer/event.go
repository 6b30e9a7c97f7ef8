package authorizer

import "errors"

// event is what the kinds of events hold as far as a decision needs it, in one type: what is called alike means the
// same in all of them. One type also tells them apart by marks that API Gateway and AppSync set and a caller cannot.
// See https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-input.html,
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html and
// https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html.
type event struct {
	Version            string
	Type               string
	MethodARN          string
	RouteARN           string
	RouteKey           string // HTTP 2.0
	AuthorizationToken string // TOKEN and AppSync; HTTP 1.0 joins all its identity sources here
	Headers            map[string]string
	MultiHeaders       map[string][]string
	Query              map[string]string
	MultiQuery         map[string][]string
	Context            eventContext
}

type eventContext struct {
	RequestID string
	APIID     string
	EventType string // WebSocket
	Operation string // AppSync's Event APIs, which are answered otherwise
	Identity  struct {
		SourceIP string
	} // REST, HTTP 1.0, WebSocket
	HTTP struct {
		SourceIP string
	} // HTTP 2.0
}

// errEvent is returned for an event of no known kind: the function is attached where it cannot work.
var errEvent = errors.New("not an authorizer event this function knows")

// kind is a kind of authorizer event.
type kind string

const (
	restToken   kind = "rest_token"
	restRequest kind = "rest_request"
	http1       kind = "http_1.0"
	http2       kind = "http_2.0"
	websocket   kind = "websocket"
	appsync     kind = "appsync"
)

// kind tells what an event is; "" when it is nothing this function knows.
func (e *event) kind() kind {
	request := e.Type == "REQUEST" && e.MethodARN != ""
	switch {
	case e.Version == "2.0" && e.RouteARN != "":
		return http2
	case e.Version == "1.0" && request:
		return http1
	case e.Version != "":
		return ""
	case request && e.Context.EventType == "CONNECT":
		return websocket
	case request:
		return restRequest
	case e.Type == "TOKEN" && e.MethodARN != "":
		return restToken
	case e.Type == "" && e.MethodARN == "" && e.RouteARN == "" && e.Context.APIID != "" && e.Context.Operation == "":
		return appsync
	}
	return ""
}

// has401 says whether the error "Unauthorized" makes a kind of API answer 401. What an HTTP API makes of it is not
// documented, and AppSync knows one refusal only: there a refusal is an answer like any other.
func (k kind) has401() bool { return k == restToken || k == restRequest || k == websocket }
