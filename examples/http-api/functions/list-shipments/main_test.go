package main

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

func call(t *testing.T, event string) events.APIGatewayV2HTTPResponse {
	t.Helper()
	raw, err := os.ReadFile("../../../../events/list-shipments/" + event + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var request events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(raw, &request); err != nil {
		t.Fatal(err)
	}
	response, err := handler(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

func TestListAnswersForWhom(t *testing.T) {
	response := call(t, "token")
	want := `{"accountId":"acc_acme","tokenId":"tok_tgNbh7Q7aQPV70MWDg0Exa",` +
		`"shipments":[{"id":"shp_2001","order":"ord_1001","state":"under way"}]}`
	if response.StatusCode != 200 || response.Body != want {
		t.Errorf("got %d with\n%s, want 200 with\n%s", response.StatusCode, response.Body, want)
	}
}

func TestListNamesTheScopeThatIsMissing(t *testing.T) {
	response := call(t, "no-scope")
	want := `Bearer error="insufficient_scope", scope="orders:read"`
	if got := response.Headers["WWW-Authenticate"]; response.StatusCode != 403 || got != want {
		t.Errorf("got %d with WWW-Authenticate: %s, want 403 with %s", response.StatusCode, got, want)
	}
}
