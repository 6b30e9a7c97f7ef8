package dynamodb_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// The items the query cases run over: team and score repeat, the last one is
// in no index.
func (b backend) queryTable(t *testing.T) string {
	t.Helper()
	table := b.newTable(t)
	for i := range 4 {
		b.must(t, "PutItem", request(table, "Item", fmt.Sprintf(
			`{"pk":{"S":"q"},"sk":{"S":"s%d"},"team":{"S":"red"},"score":{"N":"%d"},"bits":{"B":"AQ=="},"note":{"S":"note%d"},"n":{"N":"%d"}}`, i, 10-9*(i%2), i, i)))
	}
	b.must(t, "PutItem", request(table, "Item", `{"pk":{"S":"q"},"sk":{"S":"t"},"n":{"N":"9"}}`))
	b.must(t, "PutItem", request(table, "Item", `{"pk":{"S":"r"},"sk":{"S":"s0"},"n":{"N":"9"}}`))
	return table
}

// shown gives a page as "sk,sk,… scanned [next]"; sort keys without an order
// of their own (the same index key) are sorted by the caller.
func shown(a answer) string {
	if a.failure != "" {
		return a.failure + ": " + strings.TrimSpace(a.message)
	}
	items, _ := a.body["Items"].([]any)
	var keys []string
	for _, it := range items {
		keys = append(keys, sortKey(it))
	}
	s := strings.Join(keys, ",") + fmt.Sprintf(" %v", a.body["ScannedCount"])
	if last, ok := a.body["LastEvaluatedKey"]; ok {
		s += " next " + sortKey(last)
	}
	return s
}

func sortKey(it any) string {
	m, _ := it.(map[string]any)
	v, _ := m["sk"].(map[string]any)
	return fmt.Sprint(v["S"])
}

// queryCases: the members of a request, and what it answers.
var queryCases = []struct{ condition, values, more, want string }{
	{`pk = :p`, ``, ``, `s0,s1,s2,s3,t 5`},
	{`:p = pk`, ``, ``, `s0,s1,s2,s3,t 5`},
	{`pk = :p`, ``, `"ScanIndexForward":false`, `t,s3,s2,s1,s0 5`},
	{`pk = :p`, ``, `"Limit":2`, `s0,s1 2 next s1`},
	{`pk = :p`, ``, `"Limit":5`, `s0,s1,s2,s3,t 5 next t`}, // a key even when the limit divides exactly
	{`pk = :p`, ``, `"Limit":6`, `s0,s1,s2,s3,t 5`},
	{`pk = :p`, ``, `"Limit":2,"ScanIndexForward":false`, `t,s3 2 next s3`},
	{`pk = :p`, ``, `"ExclusiveStartKey":{"pk":{"S":"q"},"sk":{"S":"s2"}}`, `s3,t 2`},
	{`pk = :p`, ``, `"ExclusiveStartKey":{"pk":{"S":"q"},"sk":{"S":"s2"}},"ScanIndexForward":false`, `s1,s0 2`},
	{`pk = :p`, ``, `"ExclusiveStartKey":{"pk":{"S":"q"},"sk":{"S":"s1-gone"}}`, `s2,s3,t 3`},
	{`pk = :p`, ``, `"ExclusiveStartKey":{"pk":{"S":"q"},"sk":{"S":"t"}}`, ` 0`},
	{`pk = :p AND sk = :a`, `":a":{"S":"s1"}`, ``, `s1 1`},
	{`pk = :p AND sk < :a`, `":a":{"S":"s1"}`, ``, `s0 1`},
	{`pk = :p AND sk <= :a`, `":a":{"S":"s1"}`, ``, `s0,s1 2`},
	{`pk = :p AND sk > :a`, `":a":{"S":"s1"}`, ``, `s2,s3,t 3`},
	{`pk = :p AND sk >= :a`, `":a":{"S":"s1"}`, ``, `s1,s2,s3,t 4`},
	{`pk = :p AND :a > sk`, `":a":{"S":"s1"}`, ``, `s0 1`},
	{`pk = :p AND :a <= sk`, `":a":{"S":"s3"}`, ``, `s3,t 2`},
	{`sk < :a AND pk = :p`, `":a":{"S":"s1"}`, ``, `s0 1`},
	{`(pk = :p) AND (sk < :a)`, `":a":{"S":"s1"}`, ``, `s0 1`},
	{`(pk = :p AND sk < :a)`, `":a":{"S":"s1"}`, ``, `s0 1`},
	{`pk = :p AND sk BETWEEN :a AND :b`, `":a":{"S":"s1"},":b":{"S":"s2"}`, ``, `s1,s2 2`},
	{`pk = :p AND sk BETWEEN :a AND :b`, `":a":{"S":"s1"},":b":{"S":"s2"}`, `"ScanIndexForward":false`, `s2,s1 2`},
	{`pk = :p AND begins_with(sk, :a)`, `":a":{"S":"s"}`, ``, `s0,s1,s2,s3 4`},
	{`pk = :p AND begins_with(sk, :a)`, `":a":{"S":"s"}`, `"ScanIndexForward":false,"Limit":1`, `s3 1 next s3`},
	{`pk = :p AND begins_with(sk, :a)`, `":a":{"S":"u"}`, ``, ` 0`},
	{`pk = :p`, `":n":{"N":"1"}`, `"FilterExpression":"n > :n"`, `s2,s3,t 5`},
	{`pk = :p`, `":n":{"N":"1"}`, `"FilterExpression":"n > :n","Limit":2`, ` 2 next s1`},
	{`pk = :p`, `":n":{"N":"1"}`, `"FilterExpression":"n > :n","Limit":3`, `s2 3 next s2`},
	{`pk = :p`, ``, `"Select":"COUNT"`, ` 5`},
	{`pk = :p`, ``, `"Select":"ALL_ATTRIBUTES"`, `s0,s1,s2,s3,t 5`},
	{`pk = :p`, ``, `"Select":"SPECIFIC_ATTRIBUTES","ProjectionExpression":"sk"`, `s0,s1,s2,s3,t 5`},
	{`pk = :p`, ``, `"ConsistentRead":true`, `s0,s1,s2,s3,t 5`},
	{`team = :p AND score > :n`, `":n":{"N":"5"}`, `"IndexName":"keys-only"`, ` 0`},

	{`pk = :p`, `":n":{"S":"s"}`, `"FilterExpression":"sk > :n"`, `ValidationException: Filter Expression can only contain non-primary key attributes: Primary key attribute: sk`},
	{`pk = :p`, ``, `"Select":"COUNT","ProjectionExpression":"sk"`, `ValidationException: Cannot specify the ProjectionExpression when choosing to get only the Count`},
	{`pk = :p`, ``, `"Select":"SPECIFIC_ATTRIBUTES"`, `ValidationException: Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES`},
	{`pk = :p`, ``, `"Select":"ALL_PROJECTED_ATTRIBUTES"`, `ValidationException: ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName`},
	{`pk = :p`, ``, `"Select":"SOME"`, `ValidationException`},
	{`team = :p`, ``, `"IndexName":"keys-only","ConsistentRead":true`, `ValidationException: Consistent reads are not supported on global secondary indexes`},
	{`team = :p`, ``, `"IndexName":"keys-only","Select":"ALL_ATTRIBUTES"`, `ValidationException: One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index keys-only because its projection type is not ALL`},
	{`team = :p`, ``, `"IndexName":"keys-only","ProjectionExpression":"n"`, `ValidationException: One or more parameter values were invalid: Global secondary index keys-only does not project [n]`},
	{`team = :p`, `":n":{"N":"1"}`, `"IndexName":"keys-only","FilterExpression":"n = :n"`, `ValidationException: One or more parameter values were invalid: Secondary index keys-only does not project one or more filter attributes: [n]`},
	{`team = :p`, ``, `"IndexName":"nowhere"`, `ValidationException: The table does not have the specified index: nowhere`},
	{`team = :p`, ``, ``, `ValidationException`},
	{`sk = :p`, ``, ``, `ValidationException`},
	{`pk > :p`, ``, ``, `ValidationException: Query key condition not supported`},
	{`pk = :p OR sk = :p`, ``, ``, `ValidationException: Invalid operator used in KeyConditionExpression: OR`},
	{`NOT pk = :p`, ``, ``, `ValidationException: Invalid operator used in KeyConditionExpression: NOT`},
	{`pk = :p AND sk <> :p`, ``, ``, `ValidationException: Invalid operator used in KeyConditionExpression: <>`},
	{`pk = :p AND sk IN (:p)`, ``, ``, `ValidationException: Invalid operator used in KeyConditionExpression: IN`},
	{`pk = :p AND contains(sk, :p)`, ``, ``, `ValidationException: Invalid operator used in KeyConditionExpression: contains`},
	{`pk = :p AND attribute_exists(sk)`, ``, ``, `ValidationException: Invalid operator used in KeyConditionExpression: attribute_exists`},
	{`pk = :p AND pk = :p`, ``, ``, `ValidationException: KeyConditionExpressions must only contain one condition per key`},
	{`pk = :p AND sk > :p AND sk < :p`, ``, ``, `ValidationException: KeyConditionExpressions must only contain one condition per key`},
	{`pk = :p AND n = :p`, ``, ``, `ValidationException`},
	{`pk = :p AND size(sk) = :n`, `":n":{"N":"1"}`, ``, `ValidationException: KeyConditionExpressions cannot contain nested operations`},
	{`pk = :p AND sk.a = :p`, ``, ``, `ValidationException: Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: sk`},
	{`pk = :p AND sk = :n`, `":n":{"N":"1"}`, ``, `ValidationException: One or more parameter values were invalid: Condition parameter type does not match schema type`},
	{`pk = :p AND begins_with(sk, :n)`, `":n":{"N":"1"}`, ``, `ValidationException: Invalid KeyConditionExpression: Incorrect operand type for operator or function; operator or function: begins_with, operand type: N`},
	{`pk = :p AND sk = :n`, `":n":{"S":""}`, ``, `ValidationException: One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: sk`},
	{`pk = :p AND sk BETWEEN :a AND :b`, `":a":{"S":"s2"},":b":{"S":"s1"}`, ``, `ValidationException: Invalid KeyConditionExpression: The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {S:s2}, upper bound operand: AttributeValue: {S:s1}`},
	{`pk = :p`, `":x":{"S":"s2"}`, ``, `ValidationException: Value provided in ExpressionAttributeValues unused in expressions: keys: {:x}`},
	{``, ``, ``, `ValidationException: Invalid KeyConditionExpression: The expression can not be empty;`},
	{`pk = :p`, ``, `"FilterExpression":""`, `ValidationException: Invalid FilterExpression: The expression can not be empty;`},
	{`pk = :p`, ``, `"FilterExpression":"a = "`, `ValidationException: Invalid FilterExpression: Syntax error; token: "<EOF>", near: "= "`},
	{`pk = :p`, ``, `"Limit":0`, `ValidationException`},
	{`pk = :p`, ``, `"ExclusiveStartKey":{"pk":{"S":"q"}}`, `ValidationException`},
	{`pk = :p`, ``, `"ExclusiveStartKey":{"pk":{"S":"r"},"sk":{"S":"s0"}}`, `ValidationException`},
	{`pk = :p AND sk > :a`, `":a":{"S":"s2"}`, `"ExclusiveStartKey":{"pk":{"S":"q"},"sk":{"S":"s1"}}`, `ValidationException`},
	{`team = :p`, ``, `"IndexName":"keys-only","ExclusiveStartKey":{"pk":{"S":"q"},"sk":{"S":"s1"}}`, `ValidationException`},
}

func TestQueries(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, b backend) {
		table := b.queryTable(t)
		for _, c := range queryCases {
			values := `{":p":{"S":"q"}`
			if c.values != "" {
				values += "," + c.values
			}
			body := request(table, "KeyConditionExpression", string(quoted(c.condition)), "ExpressionAttributeValues", values+"}")
			if c.more != "" {
				body = strings.TrimSuffix(body, "}") + "," + c.more + "}"
			}
			got := shown(b.call(t, "Query", body))
			if got != c.want && !strings.HasPrefix(got, c.want+": ") {
				t.Errorf("%s %s %s:\n got  %s\n want %s", c.condition, c.values, c.more, got, c.want)
			}
		}
	})
}

// pages follows LastEvaluatedKey to the end and returns every item.
func (b backend) pages(t *testing.T, operation, body string, limit int) []any {
	t.Helper()
	var all []any
	next := ""
	for range 100 {
		page := b.must(t, operation, fmt.Sprintf(`%s,"Limit":%d%s}`, strings.TrimSuffix(body, "}"), limit, next))
		items, _ := page["Items"].([]any)
		all = append(all, items...)
		last, more := page["LastEvaluatedKey"]
		if !more {
			return all
		}
		raw, err := json.Marshal(last)
		if err != nil {
			t.Fatal(err)
		}
		next = `,"ExclusiveStartKey":` + string(raw)
	}
	t.Fatal("paging does not end")
	return nil
}

// Whatever the page size, following the pages gives every item once and in
// the order of the range key, also where index keys repeat.
func TestPagingAnIndexGivesEveryItemOnce(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, b backend) {
		table := b.queryTable(t)
		for _, forward := range []string{"true", "false"} {
			body := request(table, "IndexName", `"keys-only"`, "KeyConditionExpression", `"team = :t"`, "ExpressionAttributeValues", `{":t":{"S":"red"}}`, "ScanIndexForward", forward)
			for limit := 1; limit <= 5; limit++ {
				items := b.pages(t, "Query", body, limit)
				var keys, scores []string
				for _, it := range items {
					keys = append(keys, sortKey(it))
					scores = append(scores, fmt.Sprint(it.(map[string]any)["score"]))
				}
				slices.Sort(keys)
				wantScores := []string{"map[N:1]", "map[N:1]", "map[N:10]", "map[N:10]"}
				if forward == "false" {
					slices.Reverse(wantScores)
				}
				if !slices.Equal(keys, []string{"s0", "s1", "s2", "s3"}) || !slices.Equal(scores, wantScores) {
					t.Errorf("limit %d, forward %s: %v %v", limit, forward, keys, scores)
				}
			}
		}
		for limit := 1; limit <= 7; limit++ {
			if items := b.pages(t, "Scan", request(table), limit); len(items) != 6 {
				t.Errorf("scanning by %d gives %d items", limit, len(items))
			}
			if items := b.pages(t, "Scan", request(table, "IndexName", `"everything"`), limit); len(items) != 4 {
				t.Errorf("scanning an index by %d gives %d items", limit, len(items))
			}
		}
	})
}

// An index shows what it projects, follows every change of its keys, and
// leaves out items that lack one.
func TestIndexesFollowTheItem(t *testing.T) {
	const full = `{"pk":{"S":"a"},"sk":{"S":"b"},"team":{"S":"red"},"score":{"N":"7"},"bits":{"B":"AQI="},"note":{"S":"x"},"n":{"N":"1"}}`
	onEveryBackend(t, func(t *testing.T, b backend) {
		table := b.newTable(t)
		see := func(index, condition, value, want string) {
			t.Helper()
			got := b.must(t, "Query", request(table, "IndexName", optional(index), "KeyConditionExpression", optional(condition), "ExpressionAttributeValues", `{":v":`+value+`}`))
			if !sameJSON(got["Items"], parse(`{"x":` + want + `}`)["x"]) {
				t.Errorf("%s %s %s: got %v, want %s", index, condition, value, got["Items"], want)
			}
		}
		b.must(t, "PutItem", request(table, "Item", full))
		see("keys-only", "team = :v", `{"S":"red"}`, `[{"pk":{"S":"a"},"sk":{"S":"b"},"team":{"S":"red"},"score":{"N":"7"}}]`)
		see("include", "team = :v", `{"S":"red"}`, `[{"pk":{"S":"a"},"sk":{"S":"b"},"team":{"S":"red"},"bits":{"B":"AQI="},"note":{"S":"x"}}]`)
		see("everything", "score = :v", `{"N":"7.0"}`, `[`+full+`]`)
		update := func(expression string) {
			t.Helper()
			values := ""
			if strings.Contains(expression, ":v") {
				values = `{":v":{"N":"8"}}`
			}
			b.must(t, "UpdateItem", request(table, "Key", caseKey, "UpdateExpression", optional(expression), "ExpressionAttributeValues", values))
		}
		update("SET score = :v")
		see("everything", "score = :v", `{"N":"7"}`, `[]`)
		see("keys-only", "team = :v", `{"S":"red"}`, `[{"pk":{"S":"a"},"sk":{"S":"b"},"team":{"S":"red"},"score":{"N":"8"}}]`)
		update("REMOVE score, note")
		see("everything", "score = :v", `{"N":"8"}`, `[]`)
		see("keys-only", "team = :v", `{"S":"red"}`, `[]`)
		see("include", "team = :v", `{"S":"red"}`, `[{"pk":{"S":"a"},"sk":{"S":"b"},"team":{"S":"red"},"bits":{"B":"AQI="}}]`)
		b.must(t, "DeleteItem", request(table, "Key", caseKey))
		see("include", "team = :v", `{"S":"red"}`, `[]`)
	})
}

// Number keys sort by value, whatever their sign, size and spelling.
func TestNumbersSortByValue(t *testing.T) {
	ordered := []string{"-9e125", "-1000000", "-10.5", "-10", "-9", "-1", "-0.5", "-0.25", "-1e-130", "0", "1e-130", "0.001", "0.01", "0.5", "1", "1.5", "2", "9", "10", "11", "100", "12345678901234567890123456789012345678", "1e125"}
	onEveryBackend(t, func(t *testing.T, b backend) {
		table := b.newTable(t)
		for i, n := range ordered {
			b.must(t, "PutItem", request(table, "Item", fmt.Sprintf(`{"pk":{"S":"p"},"sk":{"S":"%02d"},"team":{"S":"t"},"score":{"N":"%s"}}`, i, n)))
		}
		list := func(condition string, value string) string {
			values := `{":t":{"S":"t"}`
			if value != "" {
				values += `,":v":{"N":"` + value + `"}`
			}
			return shown(b.call(t, "Query", request(table, "IndexName", `"keys-only"`, "KeyConditionExpression", optional("team = :t"+condition), "ExpressionAttributeValues", values+"}")))
		}
		if got := list("", ""); got != "00,01,02,03,04,05,06,07,08,09,10,11,12,13,14,15,16,17,18,19,20,21,22 23" {
			t.Error(got)
		}
		if got := list(" AND score < :v", "-10.0"); got != "00,01,02 3" {
			t.Error(got)
		}
		if got := list(" AND score >= :v", "11"); got != "19,20,21,22 4" {
			t.Error(got)
		}
	})
}
