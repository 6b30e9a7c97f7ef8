package dynamodb_test

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Binary keys sort by unsigned bytes, and no key is mistaken for the
// beginning of another; number keys are equal when their values are.
func TestNumberAndBinaryKeys(t *testing.T) {
	ordered := [][]byte{{0}, {0, 0}, {0, 0, 1}, {0, 1}, {0, 255}, {1}, {1, 0}, {1, 0, 255}, {1, 1}, {127}, {128}, {255}, {255, 0}, {255, 255}}
	onEveryBackend(t, func(t *testing.T, b backend) {
		table := "conformance-" + rand.Text()
		b.must(t, "CreateTable", `{"TableName":"`+table+`","BillingMode":"PAY_PER_REQUEST",
			"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"N"},{"AttributeName":"sk","AttributeType":"B"}],
			"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}]}`)
		t.Cleanup(func() { b.must(t, "DeleteTable", `{"TableName":"`+table+`"}`) })
		shuffled := slices.Concat(ordered[7:], ordered[:7])
		for i, key := range shuffled {
			b.must(t, "PutItem", request(table, "Item", fmt.Sprintf(`{"pk":{"N":"%s"},"sk":{"B":"%s"}}`, []string{"1", "1.0", "1e0"}[i%3], base64.StdEncoding.EncodeToString(key))))
		}
		list := func(condition string, value []byte, more ...string) [][]byte {
			t.Helper()
			values := `{":p":{"N":"1.00"}}`
			if value != nil {
				values = `{":p":{"N":"1"},":v":{"B":"` + base64.StdEncoding.EncodeToString(value) + `"}}`
			}
			page := b.must(t, "Query", request(table, append(more, "KeyConditionExpression", optional("pk = :p"+condition), "ExpressionAttributeValues", values)...))
			var got [][]byte
			for _, it := range page["Items"].([]any) {
				raw, err := base64.StdEncoding.DecodeString(it.(map[string]any)["sk"].(map[string]any)["B"].(string))
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, raw)
			}
			return got
		}
		same(t, list("", nil), ordered)
		reversed := slices.Clone(ordered)
		slices.Reverse(reversed)
		same(t, list("", nil, "ScanIndexForward", "false"), reversed)
		same(t, list(" AND begins_with(sk, :v)", []byte{0}), ordered[:5])
		same(t, list(" AND begins_with(sk, :v)", []byte{1, 0}), ordered[6:8])
		same(t, list(" AND begins_with(sk, :v)", []byte{255}), ordered[11:])
		same(t, list(" AND sk = :v", []byte{0, 0}), ordered[1:2])
		same(t, list(" AND sk > :v", []byte{0}), ordered[1:])
		same(t, list(" AND sk <= :v", []byte{0, 0}), ordered[:2])
	})
}

// String keys sort by their UTF-8 bytes.
func TestStringKeysSortByBytes(t *testing.T) {
	ordered := []string{"\x01", "A", "Z", "a", "a\x01", "a!", "aa", "b", "~", "\u00e9", "\u07ff", "\u0800", "\uffee", "\U0001f600"}
	onEveryBackend(t, func(t *testing.T, b backend) {
		table := b.newTable(t)
		for i := range ordered {
			key := ordered[(i*5)%len(ordered)]
			b.must(t, "PutItem", request(table, "Item", `{"pk":{"S":"p"},"sk":{"S":`+string(quoted(key))+`}}`))
		}
		got := shown(b.call(t, "Query", request(table, "KeyConditionExpression", `"pk = :p"`, "ExpressionAttributeValues", `{":p":{"S":"p"}}`)))
		if want := fmt.Sprintf("%s %d", strings.Join(ordered, ","), len(ordered)); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	})
}
