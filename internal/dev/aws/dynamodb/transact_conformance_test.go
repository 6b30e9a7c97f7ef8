package dynamodb_test

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
)

// transactCases: the members of a transaction over a table that holds
// {pk: a, sk: b, n: 1}; $T is the table, $K its key, $N another key. An answer
// with CancellationReasons is given as "cancelled" and the reasons.
var transactCases = []struct{ items, want string }{
	{`{"Put":{"TableName":"$T","Item":$N}},{"ConditionCheck":{"TableName":"$T","Key":$K,"ConditionExpression":"n = :n","ExpressionAttributeValues":{":n":{"N":"1"}}}}`, `{}`},
	{`{"Delete":{"TableName":"$T","Key":$N}},{"Update":{"TableName":"$T","Key":$K,"UpdateExpression":"ADD n :n","ExpressionAttributeValues":{":n":{"N":"1"}}}}`, `{}`},
	{`{"Put":{"TableName":"$T","Item":$K,"ConditionExpression":"attribute_not_exists(pk)","ReturnValuesOnConditionCheckFailure":"ALL_OLD"}},{"Put":{"TableName":"$T","Item":$N}}`,
		`cancelled [{"Code":"ConditionalCheckFailed","Message":"The conditional request failed","Item":{"pk":{"S":"a"},"sk":{"S":"b"},"n":{"N":"1"}}},{"Code":"None"}]`},
	{`{"Put":{"TableName":"$T","Item":$N}},{"ConditionCheck":{"TableName":"$T","Key":$K,"ConditionExpression":"attribute_not_exists(pk)"}}`,
		`TransactionCanceledException: Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed]`},
	{`{"Delete":{"TableName":"$T","Key":$N,"ConditionExpression":"attribute_exists(pk)","ReturnValuesOnConditionCheckFailure":"ALL_OLD"}},{"Update":{"TableName":"$T","Key":$K,"UpdateExpression":"REMOVE n","ConditionExpression":"attribute_not_exists(n)"}}`,
		`cancelled [{"Code":"ConditionalCheckFailed","Message":"The conditional request failed"},{"Code":"ConditionalCheckFailed","Message":"The conditional request failed"}]`},
	{`{"Put":{"TableName":"$T","Item":$K}},{"Delete":{"TableName":"$T","Key":$K}}`, `ValidationException: Transaction request cannot include multiple operations on one item`},
	{`{"Put":{"TableName":"$T","Item":$K}},{"ConditionCheck":{"TableName":"$T","Key":$K,"ConditionExpression":"attribute_exists(pk)"}}`, `ValidationException: Transaction request cannot include multiple operations on one item`},
	{``, `ValidationException`},
	{`{}`, `ValidationException: Invalid Request: TransactWriteRequest should contain Delete or Put or Update request`},
	{`{"Put":{"TableName":"$T","Item":$K},"Delete":{"TableName":"$T","Key":$N}}`, `ValidationException: TransactItems can only contain one of Check, Put, Update or Delete`},
	{`{"ConditionCheck":{"TableName":"$T","Key":$K}}`, `ValidationException`},
	{`{"Update":{"TableName":"$T","Key":$K,"UpdateExpression":"SET status = :v"}}`, `ValidationException: Invalid UpdateExpression: Attribute name is a reserved keyword; reserved keyword: status`},
	{`{"Update":{"TableName":"$T","Key":$K,"UpdateExpression":"SET a = absent"}},{"Put":{"TableName":"$T","Item":$N}}`, `ValidationException: The provided expression refers to an attribute that does not exist in the item`},
	{`{"Update":{"TableName":"$T","Key":{"pk":{"S":"a"}},"UpdateExpression":"REMOVE n"}}`, `ValidationException`},
	{`{"Put":{"TableName":"$T","Item":{"pk":{"S":"a"}}}}`, `ValidationException`},
	{`{"Put":{"TableName":"$T","Item":{"pk":{"S":"a"},"sk":{"S":"x"},"a":{"SS":[]}}}}`, `ValidationException: One or more parameter values were invalid: An string set  may not be empty`},
	{`{"Put":{"TableName":"no-such-table","Item":$K}}`, `ResourceNotFoundException`},
	{`{"Put":{"TableName":"$T","Item":{"pk":{"S":"a"},"sk":{"S":"x"},"team":{"N":"1"}}}},{"Put":{"TableName":"$T","Item":$N}}`, `TransactionCanceledException: Transaction cancelled, please refer cancellation reasons for specific reasons [ValidationError, None]`},
	{`{"Update":{"TableName":"$T","Key":$K,"UpdateExpression":"SET pk = :v","ExpressionAttributeValues":{":v":{"S":"x"}}}}`, `TransactionCanceledException: Transaction cancelled, please refer cancellation reasons for specific reasons [ValidationError]`},
}

func TestTransactions(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, b backend) {
		table := b.newTable(t)
		fill := strings.NewReplacer("$T", table, "$K", caseKey, "$N", `{"pk":{"S":"a"},"sk":{"S":"new"}}`)
		for _, c := range transactCases {
			b.must(t, "PutItem", request(table, "Item", caseItem(`{"n":{"N":"1"}}`)))
			b.must(t, "DeleteItem", request(table, "Key", `{"pk":{"S":"a"},"sk":{"S":"new"}}`))
			got := b.call(t, "TransactWriteItems", `{"TransactItems":[`+fill.Replace(c.items)+`]}`)
			reasons, cancelled := strings.CutPrefix(c.want, "cancelled ")
			switch {
			case cancelled:
				if got.failure != "TransactionCanceledException" || !sameJSON(got.body["CancellationReasons"], parse(`{"x":` + reasons + `}`)["x"]) {
					t.Errorf("%s:\n got  %v %v\n want %s", c.items, got, got.body["CancellationReasons"], c.want)
				}
			case !got.matches(c.want):
				t.Errorf("%s:\n got  %v\n want %s", c.items, got, c.want)
			}
			if got.failure != "" { // nothing of it may have happened
				b.expectItem(t, table, caseItem(`{"n":{"N":"1"}}`))
				if left := b.call(t, "GetItem", request(table, "Key", `{"pk":{"S":"a"},"sk":{"S":"new"}}`)); !left.matches(`{}`) {
					t.Errorf("%s: left %v", c.items, left)
				}
			}
		}
	})
}

func (b backend) expectItem(t *testing.T, table, want string) {
	t.Helper()
	if got := b.must(t, "GetItem", request(table, "Key", caseKey))["Item"]; !sameJSON(got, parse(want)) {
		t.Errorf("stored %v, want %s", got, want)
	}
}

func TestTransactionsHoldAtMostAHundredItems(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, b backend) {
		table := b.newTable(t)
		puts := make([]string, 101)
		for i := range puts {
			puts[i] = fmt.Sprintf(`{"Put":{"TableName":"%s","Item":{"pk":{"S":"p"},"sk":{"S":"%03d"}}}}`, table, i)
		}
		if got := b.call(t, "TransactWriteItems", `{"TransactItems":[`+strings.Join(puts, ",")+`]}`); got.failure != "ValidationException" {
			t.Errorf("101: %v", got)
		}
		if got := b.call(t, "TransactWriteItems", `{"TransactItems":[`+strings.Join(puts[:100], ",")+`]}`); !got.matches(`{}`) {
			t.Errorf("100: %v", got)
		}
		if got := b.must(t, "Scan", request(table, "Select", `"COUNT"`))["Count"]; got != 100.0 {
			t.Errorf("stored %v items", got)
		}
	})
}

// The same token and content again do nothing; the same token with other
// content is refused.
func TestRepeatedTransactionHappensOnce(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, b backend) {
		table := b.newTable(t)
		add := func(token, n string) answer {
			return b.call(t, "TransactWriteItems", `{"ClientRequestToken":"`+token+`","TransactItems":[{"Update":{"TableName":"`+table+`","Key":`+caseKey+
				`,"UpdateExpression":"ADD n :n","ExpressionAttributeValues":{":n":{"N":"`+n+`"}}}}]}`)
		}
		first, second := rand.Text(), rand.Text()
		for range 3 {
			if got := add(first, "1"); !got.matches(`{}`) {
				t.Error(got)
			}
		}
		b.expectItem(t, table, caseItem(`{"n":{"N":"1"}}`))
		if got := add(first, "2"); got.failure != "IdempotentParameterMismatchException" {
			t.Error(got)
		}
		if got := add(second, "1"); !got.matches(`{}`) {
			t.Error(got)
		}
		b.expectItem(t, table, caseItem(`{"n":{"N":"2"}}`))
		if got := add(strings.Repeat("x", 37), "1"); got.failure != "ValidationException" {
			t.Error(got)
		}
	})
}

// Only a transaction that happened uses its token up.
func TestCancelledTransactionMayBeTriedAgainUnderItsToken(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, b backend) {
		table := b.newTable(t)
		body := `{"ClientRequestToken":"` + rand.Text() + `","TransactItems":[{"Update":{"TableName":"` + table + `","Key":` + caseKey +
			`,"UpdateExpression":"ADD n :n","ConditionExpression":"attribute_exists(pk)","ExpressionAttributeValues":{":n":{"N":"1"}}}}]}`
		if got := b.call(t, "TransactWriteItems", body); got.failure != "TransactionCanceledException" {
			t.Error(got)
		}
		b.must(t, "PutItem", request(table, "Item", caseKey))
		for range 2 {
			if got := b.call(t, "TransactWriteItems", body); !got.matches(`{}`) {
				t.Error(got)
			}
		}
		b.expectItem(t, table, caseItem(`{"n":{"N":"1"}}`))
	})
}

func TestTransactGet(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, b backend) {
		table := b.newTable(t)
		b.must(t, "PutItem", request(table, "Item", caseItem(`{"n":{"N":"1"}}`)))
		get := func(key, more string) string {
			return `{"Get":{"TableName":"` + table + `","Key":` + key + more + `}}`
		}
		missing := `{"pk":{"S":"a"},"sk":{"S":"none"}}`
		got := b.call(t, "TransactGetItems", `{"TransactItems":[`+get(missing, "")+","+get(caseKey, `,"ProjectionExpression":"n"`)+`]}`)
		if !got.matches(`{"Responses":[{},{"Item":{"n":{"N":"1"}}}]}`) {
			t.Error(got)
		}
		got = b.call(t, "TransactGetItems", `{"TransactItems":[`+get(caseKey, "")+","+get(caseKey, "")+`]}`)
		if !got.matches("ValidationException: Transaction request cannot include multiple operations on one item") {
			t.Error(got)
		}
	})
}
