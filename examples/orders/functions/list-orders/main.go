// Command list-orders serves GET /orders: the orders of the example, and who asked for them with what permissions.
package main

import (
	"context"
	"net/http"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/tokenwright/tokenwright/examples/orders/guard"
)

func main() { lambda.Start(guard.Require("orders:read", list)) }

type order struct {
	ID       string `json:"id"`
	Item     string `json:"item"`
	Quantity int    `json:"quantity"`
}

type answer struct {
	Caller    guard.Caller `json:"caller"`
	MayCreate bool         `json:"mayCreate"`
	Orders    []order      `json:"orders"`
}

// orders stands for your own data: the example shows how a call is authorised, and keeps no table for it.
var orders = []order{
	{ID: "ord_1001", Item: "oak desk", Quantity: 2},
	{ID: "ord_1002", Item: "reading lamp", Quantity: 5},
}

func list(_ context.Context, _ guard.Request, caller guard.Caller) (guard.Response, error) {
	return guard.JSON(http.StatusOK, answer{Caller: caller, MayCreate: caller.May("orders:write"), Orders: orders})
}
