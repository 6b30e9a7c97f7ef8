// Command list-orders serves GET /orders: the orders of the example, and who asked for them with what permissions.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/tokenwright/tokenwright/authctx"
)

func main() { lambda.Start(handler) }

var handler = authctx.RequireREST("orders:read", list)

type order struct {
	ID       string `json:"id"`
	Item     string `json:"item"`
	Quantity int    `json:"quantity"`
}

type caller struct {
	AccountID   string       `json:"accountId"`
	UserID      string       `json:"userId"`
	TokenID     string       `json:"tokenId"`
	Kind        authctx.Kind `json:"kind"`
	Environment string       `json:"environment"`
	Scopes      []string     `json:"scopes"`
}

type answer struct {
	Caller    caller  `json:"caller"`
	MayCreate bool    `json:"mayCreate"`
	Orders    []order `json:"orders"`
}

// orders stands for your own data: the example shows how a call is authorised, and keeps no table for it.
var orders = []order{
	{ID: "ord_1001", Item: "oak desk", Quantity: 2},
	{ID: "ord_1002", Item: "reading lamp", Quantity: 5},
}

func list(_ context.Context, _ events.APIGatewayProxyRequest, p authctx.Principal) (events.APIGatewayProxyResponse, error) {
	body, err := json.Marshal(answer{
		Caller: caller{
			AccountID: p.AccountID, UserID: p.UserID, TokenID: p.TokenID, Kind: p.Kind, Environment: p.Environment, Scopes: p.Scopes,
		},
		MayCreate: p.Has("orders:write"),
		Orders:    orders,
	})
	if err != nil {
		return events.APIGatewayProxyResponse{}, fmt.Errorf("encoding the answer: %w", err)
	}
	return events.APIGatewayProxyResponse{
		StatusCode: http.StatusOK,
		Headers:    map[string]string{"Content-Type": "application/json", "Cache-Control": "no-store"},
		Body:       string(body),
	}, nil
}
