package dynamodb_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	aws_dynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/dev/storetest"
)

func putOf(table, sk string) types.TransactWriteItem {
	return types.TransactWriteItem{Put: &types.Put{TableName: aws.String(table), Item: keyOf("OWNER#a", sk)}}
}

func keyOf(pk, sk string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: pk}, "sk": &types.AttributeValueMemberS{Value: sk}}
}

func TestWhoeverMeetsATransactionIsTurnedAway(t *testing.T) {
	f := storetest.Contended(t, 300*time.Millisecond)
	first := make(chan error, 1)
	go func() {
		_, err := f.Client.TransactWriteItems(t.Context(), &aws_dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{putOf(f.Table, "a"), putOf(f.Table, "b")}})
		first <- err
	}()
	time.Sleep(100 * time.Millisecond)

	_, err := f.Client.TransactWriteItems(t.Context(), &aws_dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{putOf(f.Table, "c"), putOf(f.Table, "b")}})
	var cancelled *types.TransactionCanceledException
	if !errors.As(err, &cancelled) || len(cancelled.CancellationReasons) != 2 ||
		*cancelled.CancellationReasons[0].Code != "None" || *cancelled.CancellationReasons[1].Code != "TransactionConflict" {
		t.Errorf("a transaction that shares an item: %v", err)
	}
	update := func(sk string) error {
		_, err := f.Client.UpdateItem(t.Context(), &aws_dynamodb.UpdateItemInput{TableName: aws.String(f.Table), Key: keyOf("OWNER#a", sk)}, func(o *aws_dynamodb.Options) { o.RetryMaxAttempts = 1 })
		return err
	}
	var conflict *types.TransactionConflictException
	if err := update("a"); !errors.As(err, &conflict) {
		t.Errorf("a write of one of its items: %v", err)
	}
	if err := update("d"); err != nil {
		t.Errorf("a write of another item: %v", err)
	}
	if err := <-first; err != nil {
		t.Errorf("the first: %v", err)
	}
	if err := update("a"); err != nil {
		t.Errorf("a write behind it: %v", err)
	}
	if n := len(f.Items(t, "")); n != 3 {
		t.Errorf("%d items, want a, b and d", n)
	}
}
