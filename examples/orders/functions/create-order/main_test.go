package main

import (
	"encoding/json"
	"net/http"
	"os"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

func TestCreateAttributesTheOrderToTheCallersUser(t *testing.T) {
	response := call(t, event(t))
	want := `{"id":"ord_c6af9ac6-7b61-11e6-9a41-93e8deadbeef","item":"oak desk","quantity":2,"placedBy":"usr_EXAMPLEuser"}`
	if response.StatusCode != http.StatusCreated || response.Body != want {
		t.Errorf("got %d with\n%s, want 201 with\n%s", response.StatusCode, response.Body, want)
	}
}

func TestCreateRefusesBodies(t *testing.T) {
	for name, body := range map[string]string{
		"that are empty":               ``,
		"that are not JSON":            `item=desk`,
		"that are null":                `null`,
		"without an item":              `{"quantity":1}`,
		"with a blank item":            `{"item":" ","quantity":1}`,
		"without a quantity":           `{"item":"desk"}`,
		"with nothing ordered":         `{"item":"desk","quantity":0}`,
		"with a fraction":              `{"item":"desk","quantity":1.5}`,
		"with an unknown field":        `{"item":"desk","quantity":1,"price":0}`,
		"with a second value":          `{"item":"desk","quantity":1}{"item":"desk","quantity":1}`,
		"with something after the end": `{"item":"desk","quantity":1} x`,
	} {
		t.Run(name, func(t *testing.T) {
			request := event(t)
			request.Body = body
			if response := call(t, request); response.StatusCode != http.StatusBadRequest {
				t.Errorf("got %d with %s, want 400", response.StatusCode, response.Body)
			}
		})
	}
}

func TestCreateNeedsItsOwnScope(t *testing.T) {
	request := event(t)
	request.RequestContext.Authorizer["scopes"] = "orders:read"
	if response := call(t, request); response.StatusCode != http.StatusForbidden {
		t.Errorf("got %d with %s, want 403", response.StatusCode, response.Body)
	}
}

func call(t *testing.T, request events.APIGatewayProxyRequest) events.APIGatewayProxyResponse {
	t.Helper()
	response, err := handler(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// event reads the repository's sample event for this function.
func event(t *testing.T) events.APIGatewayProxyRequest {
	t.Helper()
	raw, err := os.ReadFile("../../../../events/create-order/token.json")
	if err != nil {
		t.Fatal(err)
	}
	var request events.APIGatewayProxyRequest
	if err := json.Unmarshal(raw, &request); err != nil {
		t.Fatal(err)
	}
	return request
}
