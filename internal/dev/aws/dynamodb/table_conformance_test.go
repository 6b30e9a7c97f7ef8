package dynamodb_test

import (
	"crypto/rand"
	"strings"
	"testing"
)

// tableCases: changes to a valid CreateTable request, and whether it is
// accepted.
var tableCases = []struct{ change, want string }{
	{`"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"x","AttributeType":"S"}]`, `ValidationException`},
	{`"AttributeDefinitions":[]`, `ValidationException`},
	{`"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"pk","AttributeType":"S"}]`, `ValidationException`},
	{`"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"BOOL"}]`, `ValidationException`},
	{`"KeySchema":[]`, `ValidationException`},
	{`"KeySchema":[{"AttributeName":"pk","KeyType":"RANGE"}]`, `ValidationException`},
	{`"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"pk","KeyType":"RANGE"}]`, `ValidationException`},
	{`"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}]`, `ValidationException`},
	{`"BillingMode":null`, `ValidationException`},
	{`"GlobalSecondaryIndexes":[]`, `ValidationException`},
	{`"GlobalSecondaryIndexes":[{"IndexName":"idx","KeySchema":[{"AttributeName":"z","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}}]`, `ValidationException`},
	{`"GlobalSecondaryIndexes":[{"IndexName":"idx","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],"Projection":{}}]`, `ValidationException`},
	{`"GlobalSecondaryIndexes":[{"IndexName":"idx","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],"Projection":{"ProjectionType":"INCLUDE"}}]`, `ValidationException`},
	{`"GlobalSecondaryIndexes":[{"IndexName":"idx","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL","NonKeyAttributes":["a"]}}]`, `ValidationException`},
	{`"GlobalSecondaryIndexes":[{"IndexName":"x","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}}]`, `ValidationException`},
	{`"TableName":"ab"`, `ValidationException`},
	{`"TableName":"a b c"`, `ValidationException`},
	{`"TableName":"$T"`, `ResourceInUseException`},
}

func TestTableDefinitionsAreValidated(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, b backend) {
		table := b.newTable(t)
		for _, c := range tableCases {
			definition := parse(`{"TableName":"` + rand.Text() + `","BillingMode":"PAY_PER_REQUEST","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}]}`)
			for k, v := range parse("{" + strings.ReplaceAll(c.change, "$T", table) + "}") {
				definition[k] = v
			}
			if got := b.call(t, "CreateTable", marshal(definition)); !got.matches(c.want) {
				t.Errorf("%s: got %v, want %s", c.change, got, c.want)
			}
		}
		if got := b.call(t, "DescribeTable", `{"TableName":"no-such-table"}`); got.failure != "ResourceNotFoundException" {
			t.Error(got)
		}
		if got := b.call(t, "DeleteTable", `{"TableName":"no-such-table"}`); got.failure != "ResourceNotFoundException" {
			t.Error(got)
		}
	})
}

func TestTimeToLiveSettings(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, b backend) {
		table := b.newTable(t)
		set := func(enabled, attribute string) answer {
			return b.call(t, "UpdateTimeToLive", request(table, "TimeToLiveSpecification", `{"Enabled":`+enabled+`,"AttributeName":"`+attribute+`"}`))
		}
		described := func(want string) {
			t.Helper()
			if got := b.call(t, "DescribeTimeToLive", request(table)); !got.matches(`{"TimeToLiveDescription":` + want + `}`) {
				t.Error(got)
			}
		}
		described(`{"TimeToLiveStatus":"DISABLED"}`)
		if got := set("true", "ttl"); !got.matches(`{"TimeToLiveSpecification":{"Enabled":true,"AttributeName":"ttl"}}`) {
			t.Error(got)
		}
		described(`{"TimeToLiveStatus":"ENABLED","AttributeName":"ttl"}`)
		for _, attribute := range []string{"ttl", "other"} {
			if got := set("true", attribute); got.failure != "ValidationException" {
				t.Errorf("enabling %s again: %v", attribute, got)
			}
		}
		if got := set("false", "other"); got.failure != "ValidationException" {
			t.Error(got)
		}
		if got := set("false", "ttl"); got.failure != "" {
			t.Error(got)
		}
		described(`{"TimeToLiveStatus":"DISABLED"}`)
		if got := set("false", "ttl"); !got.matches("ValidationException: TimeToLive is already disabled") {
			t.Error(got)
		}
	})
}
