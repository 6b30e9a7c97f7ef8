package authctx_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenwright/tokenwright/authctx"
)

// What API Gateway sends a function behind an HTTP API: the authorizer's findings stand under authorizer.lambda.
const httpEvent = `{"version": "2.0", "routeKey": "GET /orders", "rawPath": "/orders", "requestContext": {
	"requestId": "Pq3d9h2sFiAEPOw=", "http": {"method": "GET", "path": "/orders"},
	"authorizer": {"lambda": {"accountId": "acc_acme", "userId": "usr_tgNbh7Q7aQP", "tokenId": "tok_tgNbh7Q7aQPVbfllxJGMII",
		"kind": "personal", "environment": "live", "scopes": "orders:read tokens:read", "expiresAt": "2027-02-20T12:00:00.000Z"}}}}`

// A function that lists the caller's orders: its main is lambda.Start(handler).
func Example() {
	handler := func(_ context.Context, request events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		caller, err := authctx.FromHTTP(request)
		if err != nil {
			return events.APIGatewayV2HTTPResponse{}, err // a route without the authorizer: Lambda's error, a 500
		}
		if !caller.Has("orders:read") {
			return authctx.InsufficientScope(request.RequestContext.RequestID, "orders:read").HTTP(), nil
		}
		return events.APIGatewayV2HTTPResponse{StatusCode: 200, Body: "the orders of " + caller.AccountID}, nil
	}

	var request events.APIGatewayV2HTTPRequest
	_ = json.Unmarshal([]byte(httpEvent), &request)
	answer, _ := handler(context.Background(), request)
	fmt.Println(answer.StatusCode, answer.Body)
	// Output: 200 the orders of acc_acme
}

// The same with less to forget: the function runs for callers with the scope and for nobody else.
func ExampleRequireHTTP() {
	handler := authctx.RequireHTTP("orders:write", func(context.Context, events.APIGatewayV2HTTPRequest, authctx.Principal) (events.APIGatewayV2HTTPResponse, error) {
		return events.APIGatewayV2HTTPResponse{StatusCode: 201}, nil
	})

	var request events.APIGatewayV2HTTPRequest
	_ = json.Unmarshal([]byte(httpEvent), &request)
	answer, _ := handler(context.Background(), request)
	fmt.Println(answer.StatusCode, answer.Headers["WWW-Authenticate"])
	fmt.Println(answer.Body)
	// Output:
	// 403 Bearer error="insufficient_scope", scope="orders:write"
	// {"code":"insufficient_scope","detail":"This needs the scope orders:write.","error":"Forbidden","requestId":"Pq3d9h2sFiAEPOw=","status":403,"title":"Forbidden","type":"about:blank"}
}

// AppSync sends a resolver what the authorizer found under identity.resolverContext, and takes an error for a refusal.
func ExampleFromAppSync() {
	type query struct {
		Identity authctx.AppSyncIdentity `json:"identity"`
	}
	resolve := func(_ context.Context, q query) (string, error) {
		caller, err := authctx.FromAppSync(q.Identity)
		if err != nil {
			return "", err
		}
		if !caller.Has("orders:read") {
			return "", authctx.InsufficientScope("", "orders:read")
		}
		return "the orders of " + caller.AccountID, nil
	}

	var q query
	_ = json.Unmarshal([]byte(`{"identity": {"resolverContext": {"accountId": "acc_acme", "userId": "usr_tgNbh7Q7aQP",
		"tokenId": "tok_tgNbh7Q7aQPVbfllxJGMII", "kind": "service", "environment": "test", "scopes": "", "expiresAt": ""}}}`), &q)
	_, err := resolve(context.Background(), q)
	var refusal authctx.Problem
	fmt.Println(errors.As(err, &refusal), err)
	// Output: true insufficient_scope: This needs the scope orders:read.
}
