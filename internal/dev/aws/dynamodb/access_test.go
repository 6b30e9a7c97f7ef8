package dynamodb_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/tokenwright/tokenwright/internal/dev/aws/dynamodb"
)

// recorder keeps the calls Authorize is asked about, and denies those whose
// operation it is told to.
type recorder struct {
	mu    sync.Mutex
	calls []dynamodb.Call
	deny  string
}

func (r *recorder) authorize(calls []dynamodb.Call) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, calls...)
	for _, c := range calls {
		if c.Operation == r.deny {
			return errors.New("not authorized to perform " + c.Operation)
		}
	}
	return nil
}

func (r *recorder) take() []dynamodb.Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	calls := r.calls
	r.calls = nil
	return calls
}

func TestAuthorizeSeesWhatIAMSees(t *testing.T) {
	var seen recorder
	_, c, _ := open(t, dynamodb.Options{Authorize: seen.authorize})
	makeTable(t, c, "guarded")
	put(t, c, "guarded", attributes{"pk": s("a"), "sk": s("b"), "x": n("1")})
	seen.take()

	table := aws.String("guarded")
	key := attributes{"pk": s("a"), "sk": s("b")}
	call := func(c dynamodb.Call) dynamodb.Call {
		c.AccessKeyID, c.Table = "AKIDTEST", "guarded"
		return c
	}
	cases := []struct {
		name string
		do   func() error
		want []dynamodb.Call
	}{
		{"get", func() error {
			_, err := c.GetItem(t.Context(), &sdk.GetItemInput{TableName: table, Key: key})
			return err
		}, []dynamodb.Call{{Operation: "GetItem", LeadingKeys: []string{"a"}, Attributes: []string{"pk", "sk"}, Select: "ALL_ATTRIBUTES"}}},
		{"get with a projection", func() error {
			_, err := c.GetItem(t.Context(), &sdk.GetItemInput{TableName: table, Key: key, ProjectionExpression: aws.String("#x.y, z[1]"), ExpressionAttributeNames: map[string]string{"#x": "xx"}})
			return err
		}, []dynamodb.Call{{Operation: "GetItem", LeadingKeys: []string{"a"}, Attributes: []string{"pk", "sk", "xx", "z"}, Select: "SPECIFIC_ATTRIBUTES"}}},
		{"put", func() error {
			_, err := c.PutItem(t.Context(), &sdk.PutItemInput{TableName: table, Item: attributes{"pk": s("a"), "sk": s("b"), "w": s("")}, ConditionExpression: aws.String("attribute_exists(r)  OR attribute_exists(pk)")})
			return err
		}, []dynamodb.Call{{Operation: "PutItem", LeadingKeys: []string{"a"}, Attributes: []string{"pk", "r", "sk", "w"}, ReturnValues: "NONE"}}},
		{"update", func() error {
			_, err := c.UpdateItem(t.Context(), &sdk.UpdateItemInput{TableName: table, Key: key, UpdateExpression: aws.String("SET p = if_not_exists(q, :v) REMOVE r"), ConditionExpression: aws.String("size(w) < :v"),
				ExpressionAttributeValues: attributes{":v": n("5")}, ReturnValues: types.ReturnValueAllNew})
			return err
		}, []dynamodb.Call{{Operation: "UpdateItem", LeadingKeys: []string{"a"}, Attributes: []string{"p", "pk", "q", "r", "sk", "w"}, ReturnValues: "ALL_NEW"}}},
		{"query of the index", func() error {
			_, err := c.Query(t.Context(), &sdk.QueryInput{TableName: table, IndexName: aws.String("by-gpk"), KeyConditionExpression: aws.String("gpk = :g"), ExpressionAttributeValues: attributes{":g": s("g")}})
			return err
		}, []dynamodb.Call{{Operation: "Query", Index: "by-gpk", LeadingKeys: []string{"g"}, Attributes: []string{"gpk", "pk", "sk"}, Select: "ALL_PROJECTED_ATTRIBUTES"}}},
		{"scan", func() error {
			_, err := c.Scan(t.Context(), &sdk.ScanInput{TableName: table, Select: types.SelectCount})
			return err
		}, []dynamodb.Call{{Operation: "Scan", Attributes: []string{"pk", "sk"}, Select: "COUNT"}}},
		{"batch get", func() error {
			_, err := c.BatchGetItem(t.Context(), &sdk.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{"guarded": {Keys: []attributes{{"pk": s("b"), "sk": s("1")}, {"pk": s("a"), "sk": s("1")}, {"pk": s("a"), "sk": s("2")}}}}})
			return err
		}, []dynamodb.Call{{Operation: "BatchGetItem", LeadingKeys: []string{"a", "b"}, Attributes: []string{"pk", "sk"}, Select: "ALL_ATTRIBUTES"}}},
		{"batch write", func() error {
			_, err := c.BatchWriteItem(t.Context(), &sdk.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{"guarded": {
				{PutRequest: &types.PutRequest{Item: attributes{"pk": s("a"), "sk": s("1"), "x": s("")}}}, {DeleteRequest: &types.DeleteRequest{Key: attributes{"pk": s("b"), "sk": s("1")}}}}}})
			return err
		}, []dynamodb.Call{{Operation: "BatchWriteItem", LeadingKeys: []string{"a", "b"}, Attributes: []string{"pk", "sk", "x"}}}},
		{"transaction", func() error {
			_, err := c.TransactWriteItems(t.Context(), &sdk.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
				{Put: &types.Put{TableName: table, Item: attributes{"pk": s("a"), "sk": s("1"), "x": s("")}}},
				{Update: &types.Update{TableName: table, Key: attributes{"pk": s("b"), "sk": s("1")}, UpdateExpression: aws.String("REMOVE y")}},
				{Delete: &types.Delete{TableName: table, Key: attributes{"pk": s("c"), "sk": s("1")}}},
				{ConditionCheck: &types.ConditionCheck{TableName: table, Key: attributes{"pk": s("d"), "sk": s("1")}, ConditionExpression: aws.String("attribute_not_exists(z)")}},
			}})
			return err
		}, []dynamodb.Call{
			{Operation: "PutItem", Enclosing: "TransactWriteItems", LeadingKeys: []string{"a"}, Attributes: []string{"pk", "sk", "x"}},
			{Operation: "UpdateItem", Enclosing: "TransactWriteItems", LeadingKeys: []string{"b"}, Attributes: []string{"pk", "sk", "y"}},
			{Operation: "DeleteItem", Enclosing: "TransactWriteItems", LeadingKeys: []string{"c"}, Attributes: []string{"pk", "sk"}},
			{Operation: "ConditionCheckItem", Enclosing: "TransactWriteItems", LeadingKeys: []string{"d"}, Attributes: []string{"pk", "sk", "z"}},
		}},
		{"delete", func() error {
			_, err := c.DeleteItem(t.Context(), &sdk.DeleteItemInput{TableName: table, Key: key, ReturnValues: types.ReturnValueAllOld})
			return err
		}, []dynamodb.Call{{Operation: "DeleteItem", LeadingKeys: []string{"a"}, Attributes: []string{"pk", "sk"}, ReturnValues: "ALL_OLD"}}},
		{"table", func() error {
			_, err := c.DescribeTable(t.Context(), &sdk.DescribeTableInput{TableName: table})
			return err
		}, []dynamodb.Call{{Operation: "DescribeTable"}}},
	}
	for _, k := range cases {
		t.Run(k.name, func(t *testing.T) {
			if err := k.do(); err != nil {
				t.Fatal(err)
			}
			for i := range k.want {
				k.want[i] = call(k.want[i])
			}
			same(t, seen.take(), k.want)
		})
	}
}

func TestDeniedRequestChangesNothing(t *testing.T) {
	var seen recorder
	_, c, _ := open(t, dynamodb.Options{Authorize: seen.authorize})
	makeTable(t, c, "guarded")
	seen.deny = "ConditionCheckItem"
	_, err := c.TransactWriteItems(t.Context(), &sdk.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
		{Put: &types.Put{TableName: aws.String("guarded"), Item: attributes{"pk": s("a"), "sk": s("1")}}},
		{ConditionCheck: &types.ConditionCheck{TableName: aws.String("guarded"), Key: attributes{"pk": s("d"), "sk": s("1")}, ConditionExpression: aws.String("attribute_not_exists(pk)")}},
	}})
	var denied smithy.APIError
	if !errors.As(err, &denied) || denied.ErrorCode() != "AccessDeniedException" || denied.ErrorMessage() != "not authorized to perform ConditionCheckItem" {
		t.Fatal(err)
	}
	if got := get(t, c, "guarded", "a", "1"); got != nil {
		t.Error("a denied transaction wrote", got)
	}
	seen.deny = "GetItem" // and an unknown table looks to the denied like a known one
	for _, table := range []string{"guarded", "nowhere"} {
		_, err := c.GetItem(t.Context(), &sdk.GetItemInput{TableName: &table, Key: attributes{"pk": s("a"), "sk": s("1")}})
		if !errors.As(err, &denied) || denied.ErrorCode() != "AccessDeniedException" {
			t.Error(table, err)
		}
	}
}

// What the server does not do it refuses; these requests mean something to
// DynamoDB, so they are not among the conformance cases.
func TestUnsupportedIsRefused(t *testing.T) {
	b := embedded(t, dynamodb.Options{})
	table := b.newTable(t)
	cases := []struct{ operation, request, want string }{
		{"GetItem", request(table, "Key", caseKey, "AttributesToGet", `["a"]`), "ValidationException: The legacy parameter AttributesToGet is not supported here: use expressions"},
		{"PutItem", request(table, "Item", caseKey, "Expected", `{"a":{"Exists":false}}`), "ValidationException: The legacy parameter Expected is not supported here: use expressions"},
		{"UpdateItem", request(table, "Key", caseKey, "AttributeUpdates", `{}`), "ValidationException: The legacy parameter AttributeUpdates is not supported here: use expressions"},
		{"Query", request(table, "KeyConditions", `{}`), "ValidationException: The legacy parameter KeyConditions is not supported here: use expressions"},
		{"Scan", request(table, "ScanFilter", `{}`), "ValidationException: The legacy parameter ScanFilter is not supported here: use expressions"},
		{"Scan", request(table, "Segment", `0`, "TotalSegments", `2`), "ValidationException: The parameter Segment is not supported here"},
		{"GetItem", request(table, "Key", caseKey, "consistentRead", `true`), "ValidationException: The parameter consistentRead is not supported here"},
		{"GetItem", request(table, "Key", caseKey, "ConsistentRead", `"true"`), "SerializationException"},
		{"PutItem", request(table, "Item", withAttribute("a", `{"N":1}`)), "SerializationException"},
		{"PutItem", request(table, "Item", withAttribute("a", `{"B":"!"}`)), "SerializationException"},
		{"PutItem", request(table, "Item", withAttribute("a", `"x"`)), "SerializationException"},
		{"PutItem", request(table, "Item", withAttribute(strings.Repeat("x", 65536), `{"S":""}`)), "ValidationException"},
		{"GetItem", `[]`, "SerializationException"},
		{"GetItem", `{} {}`, "SerializationException"},
		{"GetItem", ``, "SerializationException"},
		{"CreateTable", `{"TableName":"local-index","BillingMode":"PAY_PER_REQUEST","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],"LocalSecondaryIndexes":[]}`, "ValidationException"},
		{"ExecuteStatement", `{}`, "UnknownOperationException"},
		{"", `{}`, "UnknownOperationException"},
		{"GetItem", request(table, "Key", caseKey, "ProjectionExpression", `"size"`), "ValidationException: Invalid ProjectionExpression: Attribute name is a reserved keyword; reserved keyword: size"},
	}
	for _, c := range cases {
		if got := b.call(t, c.operation, c.request); !got.matches(c.want) {
			t.Errorf("%s %.200s:\n got  %v\n want %s", c.operation, c.request, got, c.want)
		}
	}
}

func TestRequestWithoutCredentialsIsRefused(t *testing.T) {
	b := embedded(t, dynamodb.Options{})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Amz-Target", "DynamoDB_20120810.ListTables")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body := make([]byte, 200)
	n, _ := response.Body.Read(body)
	if response.StatusCode != 400 || !strings.Contains(string(body[:n]), "MissingAuthenticationTokenException") {
		t.Errorf("%d %s", response.StatusCode, body[:n])
	}
}
