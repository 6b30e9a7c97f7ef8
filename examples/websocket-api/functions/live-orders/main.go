// Command live-orders serves a WebSocket API: it admits who may read orders, and answers every message with them.
package main

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/tokenwright/tokenwright/authctx"
)

const needed = "orders:read"

func main() { lambda.Start(server{now: time.Now}.handle) }

type server struct{ now func() time.Time }

func (s server) handle(_ context.Context, request events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error) {
	caller, err := authctx.FromWebSocket(request)
	if err != nil {
		return events.APIGatewayProxyResponse{}, err // no WebSocket opens, and Lambda counts an error
	}
	id := request.RequestContext.RequestID
	switch {
	case !caller.Has(needed):
		return authctx.InsufficientScope(id, needed).REST(), nil
	case caller.Expired(s.now()): // the authorizer was asked when the WebSocket was opened, perhaps two hours ago
		return authctx.Problem{Status: http.StatusUnauthorized, Code: "expired", Detail: "The token is expired.", RequestID: id}.REST(), nil
	case request.RequestContext.EventType == "CONNECT":
		return admit(request), nil
	}
	return events.APIGatewayProxyResponse{
		StatusCode: http.StatusOK,
		Body:       `{"orders":[{"id":"ord_1001","item":"oak desk","quantity":2}]}`,
	}, nil
}

// admit lets the WebSocket open. A browser that put its token beside the subprotocol closes it again unless the
// subprotocol, and only that, is answered.
func admit(request events.APIGatewayWebsocketProxyRequest) events.APIGatewayProxyResponse {
	response := events.APIGatewayProxyResponse{StatusCode: http.StatusOK}
	for name, value := range request.Headers {
		if strings.EqualFold(name, "Sec-WebSocket-Protocol") && slices.Contains(strings.Split(strings.ReplaceAll(value, " ", ""), ","), authctx.Subprotocol) {
			response.Headers = map[string]string{"Sec-WebSocket-Protocol": authctx.Subprotocol}
		}
	}
	return response
}
