package acceptance

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestEveryOperationRefusesWhatNoOperationTakes makes the mistakes that can be made with any of them.
func TestEveryOperationRefusesWhatNoOperationTakes(t *testing.T) {
	t.Parallel()
	const account = "acc_any_operation"
	ada := person(t, account, "ada", "admin")
	token := ada.create(t, nil)
	calls := map[string]bad{}
	for _, o := range contract.operations {
		if strings.HasPrefix(o.path, "/scim/") { // takes what providers send, and refuses in words of its own
			continue
		}
		id := token.ID
		if strings.HasPrefix(o.path, "/v1/jobs/") {
			id = "job_0000000000000000000000"
		}
		if strings.HasPrefix(o.path, "/v1/users/") {
			id = token.UserID
		}
		wrong, parameter, says := id[:len(id)-1], "id", id[:4]
		if strings.HasPrefix(o.path, "/v1/apis/") {
			id, wrong, parameter, says = "a1b2c3d4e5", "a1B2c3d4e5", "apiId", "lower-case"
		}
		path := strings.Replace(o.path, "{"+parameter+"}", id, 1)
		add := func(what string, b bad) {
			b.caller, b.method = ada, o.method
			calls[o.id+" with "+what] = b
		}
		add("an unknown parameter", bad{path: path + "?colour=red", status: 400, code: "malformed_request", field: "colour unknown_parameter", says: "This call takes"})
		add("headers without end", bad{path: path, headers: []string{"X-Padding", strings.Repeat("x", 10_240)}, status: 431, code: "refused", says: "refused"})
		if path != o.path {
			endless := strings.Replace(o.path, "{"+parameter+"}", id[:4]+strings.Repeat("0", 1600), 1)
			add("an endless id", bad{path: endless, status: 414, code: "refused", says: "refused"})
			bad := bad{path: strings.Replace(o.path, "{"+parameter+"}", wrong, 1), status: 400, code: "malformed_request", field: parameter + " bad_id", says: says}
			add("a bad id", bad)
		}
		body, ok := contract.under(o.place, "requestBody")
		if !ok {
			continue
		}
		headers, most, unknown := []string{}, 64, object{"colour": "red"}
		switch o.id {
		case "putSettings":
			headers = []string{"If-Match", `"0"`}
		case "putApi":
			most, unknown["rules"] = 1024, []object{}
		}
		over := bad{path: path, body: `{"x":"` + strings.Repeat("x", most<<10) + `"}`, headers: headers, status: 413, code: "too_large", says: fmt.Sprintf("over %d KiB", most)}
		add("too large a body", over)
		add("half a body", bad{path: path, body: `{"x":`, headers: headers, status: 400, code: "malformed_request", field: "body not_json", says: "JSON object"})
		add("a body in plain text", bad{path: path, body: `{}`, headers: append(headers, "Content-Type", "text/plain"), status: 415, code: "unsupported_media_type", says: "application/json"})
		if o.method != http.MethodPost || body.node["required"] != true {
			add("an unknown field", bad{path: path, body: unknown, headers: headers, status: 422, code: "invalid_fields", field: "colour unknown_field", says: "no such field"})
		}
	}
	if len(calls) < 80 {
		t.Fatalf("only %d mistakes", len(calls))
	}
	refuses(t, []string{account}, calls)
}
