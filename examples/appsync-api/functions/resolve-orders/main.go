// Command resolve-orders resolves Query.orders of an AppSync API.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/tokenwright/tokenwright/authctx"
)

func main() { lambda.Start(resolve) }

// field is what AppSync sends a resolver without mapping templates, as far as it is looked at here.
type field struct {
	Identity authctx.AppSyncIdentity `json:"identity"`
}

type order struct {
	ID       string `json:"id"`
	Item     string `json:"item"`
	Quantity int    `json:"quantity"`
}

// resolve refuses with an error, which AppSync hands on as the field's: errorType Problem, and the message.
func resolve(_ context.Context, f field) ([]order, error) {
	caller, err := authctx.FromAppSync(f.Identity)
	if err != nil {
		return nil, err
	}
	if !caller.Has("orders:read") {
		return nil, authctx.InsufficientScope("", "orders:read")
	}
	return []order{{ID: "ord_1001", Item: "oak desk", Quantity: 2}, {ID: "ord_1002", Item: "reading lamp", Quantity: 5}}, nil
}
