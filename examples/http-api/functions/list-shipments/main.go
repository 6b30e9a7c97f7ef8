// Command list-shipments serves GET /shipments of an HTTP API: the shipments of the example, and for whom.
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

var handler = authctx.RequireHTTP("orders:read", list)

type shipment struct {
	ID    string `json:"id"`
	Order string `json:"order"`
	State string `json:"state"`
}

type answer struct {
	AccountID string     `json:"accountId"`
	TokenID   string     `json:"tokenId"`
	Shipments []shipment `json:"shipments"`
}

func list(_ context.Context, _ events.APIGatewayV2HTTPRequest, p authctx.Principal) (events.APIGatewayV2HTTPResponse, error) {
	body, err := json.Marshal(answer{AccountID: p.AccountID, TokenID: p.TokenID, Shipments: []shipment{
		{ID: "shp_2001", Order: "ord_1001", State: "under way"},
	}})
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, fmt.Errorf("encoding the answer: %w", err)
	}
	return events.APIGatewayV2HTTPResponse{
		StatusCode: http.StatusOK,
		Headers:    map[string]string{"Content-Type": "application/json", "Cache-Control": "no-store"},
		Body:       string(body),
	}, nil
}
