// Command create-order serves POST /orders: it takes an order and answers with it and with who placed it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/tokenwright/tokenwright/authctx"
)

func main() { lambda.Start(handler) }

var handler = authctx.RequireREST("orders:write", create)

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
func create(_ context.Context, request events.APIGatewayProxyRequest, p authctx.Principal) (events.APIGatewayProxyResponse, error) {
	d, ok := parse(request.Body)
	if !ok {
		return authctx.Problem{
			Status: http.StatusBadRequest, Code: "malformed_request", RequestID: request.RequestContext.RequestID,
			Detail: `Send {"item": "...", "quantity": n} with an item and a quantity of 1 or more, and nothing else.`,
		}.REST(), nil
	}
	body, err := json.Marshal(order{ID: "ord_" + request.RequestContext.RequestID, draft: d, PlacedBy: p.UserID})
	if err != nil {
		return events.APIGatewayProxyResponse{}, fmt.Errorf("encoding the answer: %w", err)
	}
	return events.APIGatewayProxyResponse{
		StatusCode: http.StatusCreated,
		Headers:    map[string]string{"Content-Type": "application/json", "Cache-Control": "no-store"},
		Body:       string(body),
	}, nil
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
