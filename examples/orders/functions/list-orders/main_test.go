package main

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/tokenwright/tokenwright/examples/orders/guard"
)

func TestListAnswersWhoCalledAndWhatTheyMayDo(t *testing.T) {
	response, err := guard.Require("orders:read", list)(t.Context(), event(t, "../../../../events/list-orders/token.json"))
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

// event reads one of the repository's sample events.
func event(t *testing.T, path string) guard.Request {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var request guard.Request
	if err := json.Unmarshal(raw, &request); err != nil {
		t.Fatal(err)
	}
	return request
}
