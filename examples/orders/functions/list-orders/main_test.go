package main

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

func TestListAnswersWhoCalledAndWhatTheyMayDo(t *testing.T) {
	response, err := handler(t.Context(), event(t, "../../../../events/list-orders/token.json"))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"caller":{"accountId":"acc_acme","userId":"usr_tgNbh7Q7aQP","tokenId":"tok_tgNbh7Q7aQPV70MWDg0Exa",` +
		`"kind":"personal","environment":"live","scopes":["orders:read","tokens:read"]},"mayCreate":false,` +
		`"orders":[{"id":"ord_1001","item":"oak desk","quantity":2},{"id":"ord_1002","item":"reading lamp","quantity":5}]}`
	if response.StatusCode != 200 || response.Body != want {
		t.Errorf("got %d with\n%s, want 200 with\n%s", response.StatusCode, response.Body, want)
	}
}

func TestListNamesTheScopeThatIsMissing(t *testing.T) {
	response, err := handler(t.Context(), event(t, "../../../../events/list-orders/no-scope.json"))
	if err != nil {
		t.Fatal(err)
	}
	want := `Bearer error="insufficient_scope", scope="orders:read"`
	if got := response.Headers["WWW-Authenticate"]; response.StatusCode != 403 || got != want {
		t.Errorf("got %d with WWW-Authenticate: %s, want 403 with %s", response.StatusCode, got, want)
	}
}

// event reads one of the repository's sample events.
func event(t *testing.T, path string) events.APIGatewayProxyRequest {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var request events.APIGatewayProxyRequest
	if err := json.Unmarshal(raw, &request); err != nil {
		t.Fatal(err)
	}
	return request
}
