package dynamodb_test

import (
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tokenwright/tokenwright/internal/dev/aws/dynamodb"
)

// handler is an embedded server without a network, and a table in it.
func handler(f *testing.F) (*dynamodb.Server, string) {
	f.Helper()
	server, err := dynamodb.Open(dynamodb.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		if err := server.Close(); err != nil {
			f.Error(err)
		}
	})
	const definition = `{"TableName":"fuzzed","BillingMode":"PAY_PER_REQUEST","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}],
		"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"sk","AttributeType":"S"}]}`
	if status, body := serve(server, "CreateTable", definition); status != http.StatusOK {
		f.Fatal(body)
	}
	return server, "fuzzed"
}

func serve(server *dynamodb.Server, operation, body string) (int, string) {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", "DynamoDB_20120810."+operation)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=fuzz/20260101/us-east-1/dynamodb/aws4_request")
	w := httptest.NewRecorder()
	server.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// Whatever an expression holds, the server answers: it applies it or refuses
// it, and never fails by itself.
func FuzzExpression(f *testing.F) {
	for _, c := range conditionCases {
		f.Add(c.expression)
	}
	for _, c := range updateCases {
		f.Add(c.expression)
	}
	for _, c := range queryCases {
		f.Add(c.condition)
	}
	f.Add("a\xff")
	f.Add(strings.Repeat("(", 4000))
	f.Add(strings.Repeat("NOT ", 1000))
	server, table := handler(f)
	item := caseItem(`{"a":{"N":"1"},"b":{"L":[{"M":{"c":{"SS":["x"]}}}]},"d":{"S":"x"},"e":{"NS":["1"]}}`)
	const values = `{":v":{"N":"1"}}`
	const names = `{"#a":"a"}`
	f.Fuzz(func(t *testing.T, expression string) {
		text := string(quoted(expression))
		given := []string{}
		if strings.Contains(expression, ":v") {
			given = append(given, "ExpressionAttributeValues", values)
		}
		if strings.Contains(expression, "#a") {
			given = append(given, "ExpressionAttributeNames", names)
		}
		for _, call := range []struct{ operation, key, value, parameter string }{
			{"PutItem", "Item", item, "ConditionExpression"},
			{"UpdateItem", "Key", caseKey, "UpdateExpression"},
			{"GetItem", "Key", caseKey, "ProjectionExpression"},
			{"Scan", "Limit", "3", "FilterExpression"},
			{"Query", "Limit", "3", "KeyConditionExpression"},
		} {
			status, body := serve(server, call.operation, request(table, append([]string{call.key, call.value, call.parameter, text}, given...)...))
			if status != http.StatusOK && status != http.StatusBadRequest {
				t.Errorf("%s %q: %d %s", call.operation, expression, status, body)
			}
		}
	})
}

// Sums and comparisons of any two numbers agree with exact rationals.
func FuzzNumbers(f *testing.F) {
	for _, c := range numberCases {
		f.Add(c.written, "1.5")
		f.Add("-12", c.written)
	}
	server, table := handler(f)
	f.Fuzz(func(t *testing.T, a, b string) {
		put := func(n string) bool {
			status, _ := serve(server, "PutItem", request(table, "Item", caseItem(`{"n":{"N":`+string(quoted(n))+`}}`)))
			return status == http.StatusOK
		}
		if !put(b) || !put(a) {
			return
		}
		x, okX := new(big.Rat).SetString(a)
		y, okY := new(big.Rat).SetString(b)
		if !okX || !okY {
			t.Fatalf("accepted %q and %q", a, b)
		}
		values := `{":b":{"N":` + string(quoted(b)) + `}}`
		for op, want := range map[string]bool{"<": x.Cmp(y) < 0, "=": x.Cmp(y) == 0, ">=": x.Cmp(y) >= 0} {
			_, body := serve(server, "Scan", request(table, "FilterExpression", optional("n "+op+" :b"), "ExpressionAttributeValues", values, "Select", `"COUNT"`))
			if count := parse(body)["Count"]; (count == 1.0) != want {
				t.Errorf("%s %s %s: %s", a, op, b, body)
			}
		}
		status, body := serve(server, "UpdateItem", request(table, "Key", caseKey, "UpdateExpression", `"ADD n :b"`, "ExpressionAttributeValues", values, "ReturnValues", `"UPDATED_NEW"`))
		if status != http.StatusOK {
			return // more than 38 digits, or beyond the range
		}
		sum, _ := new(big.Rat).SetString(fmt.Sprint(parse(body)["Attributes"].(map[string]any)["n"].(map[string]any)["N"]))
		if want := new(big.Rat).Add(x, y); sum.Cmp(want) != 0 {
			t.Errorf("%s + %s = %s", a, b, body)
		}
	})
}
