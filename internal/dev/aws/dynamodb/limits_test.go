package dynamodb_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/dev/aws/dynamodb"
)

// large is an item of about 390 KB.
func large(i int) attributes {
	return attributes{"pk": s("big"), "sk": s(fmt.Sprintf("%03d", i)), "x": s(strings.Repeat("x", 390_000))}
}

func TestPageEndsWithTheItemThatFillsAMegabyte(t *testing.T) {
	_, c, _ := open(t, dynamodb.Options{})
	makeTable(t, c, "table")
	for i := range 4 {
		put(t, c, "table", large(i))
	}
	in := &sdk.QueryInput{TableName: aws.String("table"), KeyConditionExpression: aws.String("pk = :p"), ExpressionAttributeValues: attributes{":p": s("big")}}
	first, err := c.Query(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	in.ExclusiveStartKey = first.LastEvaluatedKey
	second, err := c.Query(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if len(first.Items) != 3 || len(second.Items) != 1 || second.LastEvaluatedKey != nil {
		t.Errorf("pages of %d and %d items", len(first.Items), len(second.Items))
	}
}

func TestBatchGetLeavesWhatExceedsSixteenMegabytesUnprocessed(t *testing.T) {
	_, c, _ := open(t, dynamodb.Options{})
	makeTable(t, c, "table")
	request := types.KeysAndAttributes{ConsistentRead: aws.Bool(true), ProjectionExpression: aws.String("sk")}
	for i := range 50 {
		put(t, c, "table", large(i))
		request.Keys = append(request.Keys, attributes{"pk": s("big"), "sk": s(fmt.Sprintf("%03d", i))})
	}
	seen := map[string]bool{}
	rounds := 0
	for left := map[string]types.KeysAndAttributes{"table": request}; len(left) > 0; rounds++ {
		got, err := c.BatchGetItem(t.Context(), &sdk.BatchGetItemInput{RequestItems: left})
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range got.Responses["table"] {
			seen[it["sk"].(*types.AttributeValueMemberS).Value] = true
		}
		left = got.UnprocessedKeys
	}
	if len(seen) != 50 || rounds != 2 {
		t.Errorf("%d items in %d rounds", len(seen), rounds)
	}
}

func TestConsumedCapacity(t *testing.T) {
	_, c, _ := open(t, dynamodb.Options{})
	makeTable(t, c, "table")
	table, total, indexes := aws.String("table"), types.ReturnConsumedCapacityTotal, types.ReturnConsumedCapacityIndexes
	key := attributes{"pk": s("a"), "sk": s("b")}
	wide := attributes{"pk": s("a"), "sk": s("b"), "gpk": s("g"), "x": s(strings.Repeat("x", 5000))}
	expect := func(what string, got *types.ConsumedCapacity, want float64) {
		t.Helper()
		if got == nil || *got.CapacityUnits != want {
			t.Errorf("%s: %+v, want %v units", what, got, want)
		}
	}
	written, err := c.PutItem(t.Context(), &sdk.PutItemInput{TableName: table, Item: wide, ReturnConsumedCapacity: indexes})
	if err != nil {
		t.Fatal(err)
	}
	expect("put of 5 KB and its index entry", written.ConsumedCapacity, 6)
	if *written.ConsumedCapacity.Table.CapacityUnits != 5 || *written.ConsumedCapacity.GlobalSecondaryIndexes["by-gpk"].CapacityUnits != 1 {
		t.Errorf("%+v", written.ConsumedCapacity)
	}
	for consistent, want := range map[bool]float64{true: 2, false: 1} {
		read, err := c.GetItem(t.Context(), &sdk.GetItemInput{TableName: table, Key: key, ConsistentRead: &consistent, ReturnConsumedCapacity: total})
		if err != nil {
			t.Fatal(err)
		}
		expect("get of 5 KB", read.ConsumedCapacity, want)
	}
	updated, err := c.UpdateItem(t.Context(), &sdk.UpdateItemInput{TableName: table, Key: key, UpdateExpression: aws.String("SET gpk = :g"), ExpressionAttributeValues: attributes{":g": s("h")}, ReturnConsumedCapacity: total})
	if err != nil {
		t.Fatal(err)
	}
	expect("move within the index", updated.ConsumedCapacity, 7)
	deleted, err := c.TransactWriteItems(t.Context(), &sdk.TransactWriteItemsInput{ReturnConsumedCapacity: total, TransactItems: []types.TransactWriteItem{{Delete: &types.Delete{TableName: table, Key: key}}}})
	if err != nil {
		t.Fatal(err)
	}
	expect("deletion in a transaction", &deleted.ConsumedCapacity[0], 12)
}
