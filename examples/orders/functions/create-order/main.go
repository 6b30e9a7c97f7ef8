// Command create-order serves POST /orders: it takes an order and answers with it and with who placed it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/tokenwright/tokenwright/examples/orders/guard"
)

func main() { lambda.Start(guard.Require("orders:write", create)) }

type draft struct {
	Item     string `json:"item"`
	Quantity int    `json:"quantity"`
}

type order struct {
	ID string `json:"id"`
	draft
	PlacedBy string `json:"placedBy"`
}

// create attributes the order to the caller's user: the person behind a personal token, and the token's own user
// behind a service token. It is where a real API would write to its table.
func create(_ context.Context, request guard.Request, caller guard.Caller) (guard.Response, error) {
	d, ok := parse(request.Body)
	if !ok {
		return guard.Refuse(request, http.StatusBadRequest, "malformed_request",
			`Send {"item": "...", "quantity": n} with an item and a quantity of 1 or more, and nothing else.`), nil
	}
	return guard.JSON(http.StatusCreated, order{ID: "ord_" + request.RequestContext.RequestID, draft: d, PlacedBy: caller.UserID})
}

func parse(body string) (draft, bool) {
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.DisallowUnknownFields()
	var d draft
	if err := decoder.Decode(&d); err != nil {
		return draft{}, false
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return draft{}, false
	}
	return d, strings.TrimSpace(d.Item) != "" && d.Quantity >= 1
}
