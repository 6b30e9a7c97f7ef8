package dynamodb_test

import (
	"fmt"
	"strings"
	"testing"
)

// withAttribute is the item of a case with one more attribute, as JSON.
func withAttribute(name, value string) string {
	return strings.TrimSuffix(caseItem(""), "}") + `,"` + name + `":` + value + `}`
}

func nested(depth int) string {
	return strings.Repeat(`{"L":[`, depth) + `{"S":"x"}` + strings.Repeat(`]}`, depth)
}

// putCases: an item, and "{}" or what is wrong with it.
var putCases = []struct{ item, want string }{
	{withAttribute("a", `{"S":""}`), `{}`},
	{withAttribute("a", `{"B":""}`), `{}`},
	{withAttribute("a", `{"L":[]}`), `{}`},
	{withAttribute("a", `{"M":{}}`), `{}`},
	{withAttribute("a", `{"SS":[""]}`), `{}`},
	{withAttribute("a", `{"NULL":true}`), `{}`},
	{withAttribute("a", `{"BOOL":false}`), `{}`},
	{withAttribute("a", nested(31)), `{}`},
	{withAttribute("a", nested(32)), `ValidationException: Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit`},
	{withAttribute("a", `{"S":"`+strings.Repeat("x", 400*1024-7)+`"}`), `{}`},
	{withAttribute("a", `{"S":"`+strings.Repeat("x", 400*1024-6)+`"}`), `ValidationException: Item size has exceeded the maximum allowed size`},
	{withAttribute("a", `{"S":"`+strings.Repeat("é", 200*1024-3)+`"}`), `ValidationException: Item size has exceeded the maximum allowed size`},
	{withAttribute("a", `{"SS":[]}`), `ValidationException: One or more parameter values were invalid: An string set  may not be empty`},
	{withAttribute("a", `{"NS":[]}`), `ValidationException`},
	{withAttribute("a", `{"M":{"b":{"SS":[]}}}`), `ValidationException: One or more parameter values were invalid: An string set  may not be empty`},
	{withAttribute("a", `{"SS":["x","y","x"]}`), `ValidationException: One or more parameter values were invalid: Input collection [x, y, x] contains duplicates`},
	{withAttribute("a", `{"NS":["1","1.0"]}`), `ValidationException: Input collection contains duplicates`},
	{withAttribute("a", `{"BS":["YQ==","YQ=="]}`), `ValidationException: One or more parameter values were invalid: Input collection of type BS contains duplicates.`},
	{withAttribute("a", `{"NS":["1","x"]}`), `ValidationException`},
	{withAttribute("a", `{"NULL":false}`), `ValidationException: One or more parameter values were invalid: Null attribute value types must have the value of true`},
	{withAttribute("a", `{}`), `ValidationException: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes`},
	{withAttribute("a", `{"S":null}`), `ValidationException: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes`},
	{withAttribute("a", `{"X":"x"}`), `ValidationException: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes`},
	{withAttribute("a", `{"S":"x","N":"1"}`), `ValidationException: Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes`},
	{withAttribute("", `{"S":"x"}`), `ValidationException: Empty attribute name`},
	{withAttribute("a", `{"M":{"":{"S":"x"}}}`), `ValidationException: Empty attribute name`},
	{withAttribute("team", `{"N":"1"}`), `ValidationException`},
	{withAttribute("team", `{"NULL":true}`), `ValidationException`},
	{withAttribute("score", `{"S":"1"}`), `ValidationException`},
	{withAttribute("team", `{"S":""}`), `ValidationException`},
	{withAttribute("team", `{"S":"`+strings.Repeat("x", 2049)+`"}`), `ValidationException`},
	{`{"pk":{"S":"a"}}`, `ValidationException`},
	{`{}`, `ValidationException`},
	{`{"pk":{"S":"a"},"sk":{"N":"1"}}`, `ValidationException`},
	{`{"pk":{"S":""},"sk":{"S":"x"}}`, `ValidationException: One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk`},
	{`{"pk":{"S":"` + strings.Repeat("x", 2048) + `"},"sk":{"S":"` + strings.Repeat("x", 1024) + `"}}`, `{}`},
	{`{"pk":{"S":"` + strings.Repeat("x", 2049) + `"},"sk":{"S":"x"}}`, `ValidationException`},
	{`{"pk":{"S":"x"},"sk":{"S":"` + strings.Repeat("x", 1025) + `"}}`, `ValidationException`},
}

func TestItemsAreValidated(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, b backend) {
		table := b.newTable(t)
		for _, c := range putCases {
			if got := b.call(t, "PutItem", request(table, "Item", c.item)); !got.matches(c.want) {
				t.Errorf("%.120s:\n got  %v\n want %s", c.item, got, c.want)
			}
		}
	})
}

// numberCases: how a number is written, and how it comes back; "" is refused.
var numberCases = []struct{ written, read string }{
	{"0", "0"}, {"-0", "0"}, {"0.0", "0"}, {"0e500", "0"}, {"+1", "1"}, {"1e2", "100"}, {"1E+2", "100"}, {"1e0005", "100000"},
	{".5", "0.5"}, {"5.", "5"}, {"00012.300", "12.3"}, {"-1e-7", "-0.0000001"}, {"1.5e-10", "0.00000000015"},
	{"12345678901234567890123456789012345678", "12345678901234567890123456789012345678"},
	{"12345678901234567890123456789012345678000", "12345678901234567890123456789012345678000"},
	{"1e125", "1" + strings.Repeat("0", 125)}, {"1e-130", "0." + strings.Repeat("0", 129) + "1"},
	{"9.9999999999999999999999999999999999999e125", strings.Repeat("9", 38) + strings.Repeat("0", 88)},
	{"1e126", ""}, {"1e-131", ""}, {"123456789012345678901234567890123456789", ""}, {"1e99999999999", ""},
	{"", ""}, {" 1", ""}, {"1 ", ""}, {"1_0", ""}, {"0x10", ""}, {"NaN", ""}, {"Infinity", ""}, {"1e", ""}, {"e1", ""}, {"--1", ""}, {".", ""}, {"1d", ""}, {"1,5", ""},
}

func TestNumbersAreExactAndCanonical(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, b backend) {
		table := b.newTable(t)
		for _, c := range numberCases {
			got := b.call(t, "PutItem", request(table, "Item", caseItem(`{"n":{"N":"`+c.written+`"}}`)))
			want := "ValidationException"
			if c.read != "" {
				got = b.call(t, "GetItem", request(table, "Key", caseKey))
				want = `{"Item":` + caseItem(`{"n":{"N":"`+c.read+`"}}`) + `}`
			}
			if !got.matches(want) {
				t.Errorf("%q: got %v, want %s", c.written, got, want)
			}
		}
	})
}

// Requests on single items; $T is the table, $K the key of the stored item
// {pk, sk, n: 1}.
var itemCases = []struct{ operation, request, want string }{
	{"GetItem", `{"TableName":"$T","Key":$K}`, `{"Item":{"pk":{"S":"a"},"sk":{"S":"b"},"n":{"N":"1"}}}`},
	{"GetItem", `{"TableName":"$T","Key":{"pk":{"S":"a"},"sk":{"S":"none"}}}`, `{}`},
	{"GetItem", `{"TableName":"$T","Key":{"pk":{"S":"a"}}}`, `ValidationException`},
	{"GetItem", `{"TableName":"$T","Key":{"pk":{"S":"a"},"sk":{"N":"1"}}}`, `ValidationException`},
	{"GetItem", `{"TableName":"$T","Key":{"pk":{"S":"a"},"sk":{"S":""}}}`, `ValidationException: One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: sk`},
	{"GetItem", `{"TableName":"$T","Key":{"pk":{"S":"a"},"sk":{"S":"b"},"n":{"N":"1"}}}`, `ValidationException`},
	{"GetItem", `{"TableName":"$T"}`, `ValidationException`},
	{"GetItem", `{"Key":$K}`, `ValidationException`},
	{"GetItem", `{"TableName":"a b","Key":$K}`, `ValidationException: Invalid table/index name.  Table/index names must be between 3 and 255 characters long, and may contain only the characters a-z, A-Z, 0-9, '_', '-', and '.'`},
	{"GetItem", `{"TableName":"no-such-table","Key":$K}`, `ResourceNotFoundException`},
	{"PutItem", `{"TableName":"no-such-table","Item":$K}`, `ResourceNotFoundException`},
	{"PutItem", `{"TableName":"$T"}`, `ValidationException`},
	{"PutItem", `{"TableName":"$T","Item":$K,"ReturnValues":"ALL_OLD"}`, `{"Attributes":{"pk":{"S":"a"},"sk":{"S":"b"},"n":{"N":"1"}}}`},
	{"PutItem", `{"TableName":"$T","Item":$K,"ReturnValues":"ALL_NEW"}`, `ValidationException`},
	{"PutItem", `{"TableName":"$T","Item":{"pk":{"S":"a"},"sk":{"S":"new"}},"ReturnValues":"ALL_OLD"}`, `{}`},
	{"PutItem", `{"TableName":"$T","Item":$K,"ConditionExpression":"attribute_not_exists(pk)"}`, `ConditionalCheckFailedException: The conditional request failed`},
	{"PutItem", `{"TableName":"$T","Item":$K,"ConditionExpression":"attribute_not_exists(pk)","ReturnValuesOnConditionCheckFailure":"SOME"}`, `ValidationException`},
	{"PutItem", `{"TableName":"$T","Item":{"pk":{"S":"a"},"sk":{"S":"new"}},"ConditionExpression":"attribute_not_exists(pk)"}`, `{}`},
	{"PutItem", `{"TableName":"$T","Item":$K,"ExpressionAttributeNames":{"#a":"b"}}`, `ValidationException: ExpressionAttributeNames can only be specified when using expressions`},
	{"PutItem", `{"TableName":"$T","Item":$K,"ExpressionAttributeValues":{":a":{"S":"b"}}}`, `ValidationException`},
	{"PutItem", `{"TableName":"$T","Item":$K,"ConditionExpression":"n = :n","ExpressionAttributeValues":{}}`, `ValidationException: ExpressionAttributeValues must not be empty`},
	{"PutItem", `{"TableName":"$T","Item":$K,"ConditionExpression":"n = :n","ExpressionAttributeValues":{"n":{"N":"1"}}}`, `ValidationException: ExpressionAttributeValues contains invalid key: Syntax error; key: "n"`},
	{"PutItem", `{"TableName":"$T","Item":$K,"ConditionExpression":"n = :n","ExpressionAttributeValues":{":n":{"N":"1","S":"1"}}}`, `ValidationException: ExpressionAttributeValues contains invalid value: Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes for key :n`},
	{"PutItem", `{"TableName":"$T","Item":$K,"ConditionExpression":"#n = n","ExpressionAttributeNames":{"n":"x"}}`, `ValidationException: ExpressionAttributeNames contains invalid key: Syntax error; key: "n"`},
	{"PutItem", `{"TableName":"$T","Item":$K,"ConditionExpression":"#n = n","ExpressionAttributeNames":{"#n":""}}`, `ValidationException: ExpressionAttributeNames contains invalid value: Empty attribute name for key #n`},
	{"UpdateItem", `{"TableName":"$T","Key":{"pk":{"S":"a"},"sk":{"S":"new"}},"ReturnValues":"ALL_NEW"}`, `{"Attributes":{"pk":{"S":"a"},"sk":{"S":"new"}}}`},
	{"UpdateItem", `{"TableName":"$T","Key":$K,"UpdateExpression":"REMOVE n","ReturnValues":"SOME"}`, `ValidationException`},
	{"UpdateItem", `{"TableName":"$T","Key":$K,"UpdateExpression":"REMOVE n","ConditionExpression":"n = n2"}`, `ConditionalCheckFailedException: The conditional request failed`},
	{"UpdateItem", `{"TableName":"$T","Key":$K,"UpdateExpression":"SET a = :v","ExpressionAttributeValues":{":v":{"S":"` + strings.Repeat("x", 400*1024) + `"}}}`, `ValidationException: Item size to update has exceeded the maximum allowed size`},
	{"DeleteItem", `{"TableName":"$T","Key":$K,"ReturnValues":"ALL_OLD"}`, `{"Attributes":{"pk":{"S":"a"},"sk":{"S":"b"},"n":{"N":"1"}}}`},
	{"DeleteItem", `{"TableName":"$T","Key":$K,"ReturnValues":"ALL_NEW"}`, `ValidationException`},
	{"DeleteItem", `{"TableName":"$T","Key":{"pk":{"S":"a"},"sk":{"S":"none"}}}`, `{}`},
	{"DeleteItem", `{"TableName":"$T","Key":{"pk":{"S":"a"},"sk":{"S":"none"}},"ConditionExpression":"attribute_exists(pk)"}`, `ConditionalCheckFailedException: The conditional request failed`},
}

func TestSingleItems(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, b backend) {
		table := b.newTable(t)
		fill := strings.NewReplacer("$T", table, "$K", caseKey)
		for _, c := range itemCases {
			b.must(t, "PutItem", request(table, "Item", caseItem(`{"n":{"N":"1"}}`)))
			b.must(t, "DeleteItem", request(table, "Key", `{"pk":{"S":"a"},"sk":{"S":"new"}}`))
			if got := b.call(t, c.operation, fill.Replace(c.request)); !got.matches(c.want) {
				t.Errorf("%s %.200s:\n got  %v\n want %s", c.operation, c.request, got, c.want)
			}
		}
	})
}

// A failed condition answers the stored item to whoever asks for it.
func TestFailedConditionShowsTheItem(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, b backend) {
		table := b.newTable(t)
		b.must(t, "PutItem", request(table, "Item", caseItem(`{"n":{"N":"1"}}`)))
		more := []string{"ConditionExpression", `"attribute_exists(absent)"`, "ReturnValuesOnConditionCheckFailure", `"ALL_OLD"`}
		for operation, key := range map[string]string{"PutItem": "Item", "UpdateItem": "Key", "DeleteItem": "Key"} {
			got := b.call(t, operation, request(table, append(more, key, caseKey)...))
			if got.failure != "ConditionalCheckFailedException" || !sameJSON(got.body["Item"], parse(caseItem(`{"n":{"N":"1"}}`))) {
				t.Errorf("%s: %v %v", operation, got, got.body["Item"])
			}
			got = b.call(t, operation, request(table, "ConditionExpression", `"attribute_exists(absent)"`, key, caseKey))
			if _, shown := got.body["Item"]; shown || got.failure != "ConditionalCheckFailedException" {
				t.Errorf("%s: unasked: %v", operation, got)
			}
		}
	})
}

// batchCases: $T is the table, which holds {pk: q, sk: s0, n: 1}.
var batchCases = []struct{ operation, request, want string }{
	{"BatchGetItem", `{"RequestItems":{"$T":{"Keys":[{"pk":{"S":"q"},"sk":{"S":"s0"}},{"pk":{"S":"q"},"sk":{"S":"none"}}],"ConsistentRead":true,"ProjectionExpression":"#n","ExpressionAttributeNames":{"#n":"n"}}}}`,
		`{"Responses":{"$T":[{"n":{"N":"1"}}]},"UnprocessedKeys":{}}`},
	{"BatchGetItem", `{"RequestItems":{"$T":{"Keys":[{"pk":{"S":"q"},"sk":{"S":"none"}}]}}}`, `{"Responses":{"$T":[]},"UnprocessedKeys":{}}`},
	{"BatchGetItem", `{"RequestItems":{"$T":{"Keys":[{"pk":{"S":"q"},"sk":{"S":"x"}},{"pk":{"S":"q"},"sk":{"S":"x"}}]}}}`, `ValidationException: Provided list of item keys contains duplicates`},
	{"BatchGetItem", `{"RequestItems":{"$T":{"Keys":[$101]}}}`, `ValidationException: Too many items requested for the BatchGetItem call`},
	{"BatchGetItem", `{"RequestItems":{"$T":{"Keys":[$100]}}}`, `{"Responses":{"$T":[]},"UnprocessedKeys":{}}`},
	{"BatchGetItem", `{"RequestItems":{"$T":{"Keys":[]}}}`, `ValidationException`},
	{"BatchGetItem", `{"RequestItems":{}}`, `ValidationException`},
	{"BatchGetItem", `{"RequestItems":{"no-such-table":{"Keys":[$100]}}}`, `ResourceNotFoundException`},
	{"BatchGetItem", `{"RequestItems":{"$T":{"Keys":[{"pk":{"S":"q"}}]}}}`, `ValidationException`},
	{"BatchGetItem", `{"RequestItems":{"$T":{"Keys":[$100],"ProjectionExpression":"#n"}}}`, `ValidationException: Invalid ProjectionExpression: An expression attribute name used in the document path is not defined; attribute name: #n`},
	{"BatchWriteItem", `{"RequestItems":{"$T":[{"PutRequest":{"Item":{"pk":{"S":"w"},"sk":{"S":"1"}}}},{"DeleteRequest":{"Key":{"pk":{"S":"w"},"sk":{"S":"2"}}}}]}}`, `{"UnprocessedItems":{}}`},
	{"BatchWriteItem", `{"RequestItems":{"$T":[{"PutRequest":{"Item":{"pk":{"S":"w"},"sk":{"S":"1"}}}},{"DeleteRequest":{"Key":{"pk":{"S":"w"},"sk":{"S":"1"}}}}]}}`, `ValidationException: Provided list of item keys contains duplicates`},
	{"BatchWriteItem", `{"RequestItems":{"$T":[$26]}}`, `ValidationException: Too many items requested for the BatchWriteItem call`},
	{"BatchWriteItem", `{"RequestItems":{"$T":[$25]}}`, `{"UnprocessedItems":{}}`},
	{"BatchWriteItem", `{"RequestItems":{"$T":[]}}`, `ValidationException`},
	{"BatchWriteItem", `{"RequestItems":{}}`, `ValidationException`},
	{"BatchWriteItem", `{"RequestItems":{"$T":[{}]}}`, `ValidationException`},
	{"BatchWriteItem", `{"RequestItems":{"$T":[{"PutRequest":{"Item":{"pk":{"S":"w"}}}}]}}`, `ValidationException`},
	{"BatchWriteItem", `{"RequestItems":{"$T":[{"PutRequest":{"Item":{"pk":{"S":"w"},"sk":{"S":"1"},"team":{"N":"1"}}}}]}}`, `ValidationException`},
}

func TestBatches(t *testing.T) {
	keys := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf(`{"pk":{"S":"k"},"sk":{"S":"%d"}}`, i)
		}
		return strings.Join(list, ",")
	}
	deletions := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf(`{"DeleteRequest":{"Key":{"pk":{"S":"k"},"sk":{"S":"%d"}}}}`, i)
		}
		return strings.Join(list, ",")
	}
	onEveryBackend(t, func(t *testing.T, b backend) {
		table := b.newTable(t)
		b.must(t, "PutItem", request(table, "Item", `{"pk":{"S":"q"},"sk":{"S":"s0"},"n":{"N":"1"}}`))
		fill := strings.NewReplacer("$T", table, "$101", keys(101), "$100", keys(100), "$26", deletions(26), "$25", deletions(25))
		for _, c := range batchCases {
			if got := b.call(t, c.operation, fill.Replace(c.request)); !got.matches(fill.Replace(c.want)) {
				t.Errorf("%s %.200s:\n got  %v\n want %s", c.operation, c.request, got, c.want)
			}
		}
	})
}
