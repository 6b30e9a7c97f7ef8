package dynamodb_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tokenwright/tokenwright/internal/dev/aws/dynamodb"
)

// The conformance cases state what DynamoDB answers. They always run against
// the embedded server and, when DYNAMODB_LOCAL_ENDPOINT is set, against
// Amazon's DynamoDB Local as well: both must give the stated outcome.

// backend is one server under test.
type backend struct{ url string }

func onEveryBackend(t *testing.T, f func(*testing.T, backend)) {
	t.Run("embedded", func(t *testing.T) {
		f(t, embedded(t, dynamodb.Options{}))
	})
	if url := os.Getenv("DYNAMODB_LOCAL_ENDPOINT"); url != "" {
		t.Run("DynamoDB Local", func(t *testing.T) { f(t, backend{url}) })
	}
}

func embedded(t *testing.T, o dynamodb.Options) backend {
	t.Helper()
	s, err := dynamodb.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s)
	t.Cleanup(func() {
		web.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return backend{web.URL}
}

// answer is what came back: the body, or the name and text of an error.
type answer struct {
	body    map[string]any
	failure string
	message string
}

func (b backend) call(t *testing.T, operation, request string) answer {
	t.Helper()
	ctx := context.WithoutCancel(t.Context()) // clean-ups call too
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.url, strings.NewReader(request))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("X-Amz-Target", "DynamoDB_20120810."+operation)
	r.Header.Set("X-Amz-Date", "20260101T000000Z")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=conformance/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var a answer
	if err := json.Unmarshal(raw, &a.body); err != nil {
		t.Fatalf("%s answered %d %q", operation, response.StatusCode, raw)
	}
	if response.StatusCode != http.StatusOK {
		kind, _ := a.body["__type"].(string)
		_, a.failure, _ = strings.Cut(kind, "#")
		for _, name := range []string{"message", "Message"} { // DynamoDB Local capitalizes it
			if m, ok := a.body[name].(string); ok {
				a.message = m
			}
		}
	}
	return a
}

// must makes a call that is part of the preparation.
func (b backend) must(t *testing.T, operation, request string) map[string]any {
	t.Helper()
	a := b.call(t, operation, request)
	if a.failure != "" {
		t.Fatalf("%s %s: %s: %s", operation, request, a.failure, a.message)
	}
	return a.body
}

// matches compares an answer with an expectation: JSON, or the name of an
// error, which may be followed by ": " and its exact text.
func (a answer) matches(want string) bool {
	if strings.HasPrefix(want, "{") {
		delete(a.body, "ConsumedCapacity") // DynamoDB Local shows it, unasked, when there was nothing to delete
		return a.failure == "" && sameJSON(a.body, parse(want))
	}
	kind, text, exact := strings.Cut(want, ": ")
	return a.failure == kind && (!exact || strings.TrimSpace(a.message) == text)
}

func (a answer) String() string {
	if a.failure != "" {
		return a.failure + ": " + a.message
	}
	return marshal(a.body)
}

func parse(s string) map[string]any {
	var m map[string]any
	if err := json.Unmarshal([]byte(s), &m); err != nil {
		panic(s + ": " + err.Error())
	}
	return m
}

// sameJSON ignores what DynamoDB leaves open: the order of set members and
// trailing zeros of numbers.
func sameJSON(a, b any) bool { return reflect.DeepEqual(canonical(a), canonical(b)) }

func canonical(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, e := range v {
			m[k] = canonicalMember(k, e)
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = canonical(e)
		}
		return list
	default:
		return v
	}
}

func canonicalMember(name string, e any) any {
	switch s := e.(type) {
	case string:
		if name == "N" && strings.Contains(s, ".") {
			return strings.TrimRight(strings.TrimRight(s, "0"), ".")
		}
	case []any:
		if name == "SS" || name == "NS" || name == "BS" {
			members := make([]string, len(s))
			for i, m := range s {
				members[i], _ = canonicalMember(strings.TrimSuffix(name, "S"), m).(string)
			}
			slices.Sort(members)
			return members
		}
	}
	return canonical(e)
}

// newTable makes the table of the conformance cases: string keys, and one
// index of every projection.
func (b backend) newTable(t *testing.T) string {
	t.Helper()
	name := "conformance-" + rand.Text()
	b.must(t, "CreateTable", `{"TableName":"`+name+`","BillingMode":"PAY_PER_REQUEST",
		"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"sk","AttributeType":"S"},
			{"AttributeName":"team","AttributeType":"S"},{"AttributeName":"score","AttributeType":"N"},{"AttributeName":"bits","AttributeType":"B"}],
		"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}],
		"GlobalSecondaryIndexes":[
			{"IndexName":"keys-only","KeySchema":[{"AttributeName":"team","KeyType":"HASH"},{"AttributeName":"score","KeyType":"RANGE"}],"Projection":{"ProjectionType":"KEYS_ONLY"}},
			{"IndexName":"include","KeySchema":[{"AttributeName":"team","KeyType":"HASH"},{"AttributeName":"bits","KeyType":"RANGE"}],"Projection":{"ProjectionType":"INCLUDE","NonKeyAttributes":["note"]}},
			{"IndexName":"everything","KeySchema":[{"AttributeName":"score","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}}]}`)
	t.Cleanup(func() {
		if a := b.call(t, "DeleteTable", `{"TableName":"`+name+`"}`); a.failure != "" {
			t.Errorf("deleting %s: %v", name, a)
		}
	})
	return name
}

// request builds the JSON of a request; members that are "" are left out.
func request(table string, members ...string) string {
	m := map[string]json.RawMessage{"TableName": quoted(table)}
	for i := 0; i < len(members); i += 2 {
		if value := members[i+1]; value != "" {
			m[members[i]] = json.RawMessage(value)
		}
	}
	return marshal(m)
}

func marshal(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func quoted(s string) json.RawMessage {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err != nil {
		panic(err)
	}
	return bytes.TrimSpace(b.Bytes())
}

const caseKey = `{"pk":{"S":"a"},"sk":{"S":"b"}}`

// caseItem is the item of a case: the key and the given attributes.
func caseItem(attributes string) string {
	it := parse(caseKey)
	if attributes != "" {
		for k, v := range parse(attributes) {
			it[k] = v
		}
	}
	return marshal(it)
}

// optional quotes an expression unless there is none.
func optional(s string) string {
	if s == "" {
		return ""
	}
	return string(quoted(s))
}
