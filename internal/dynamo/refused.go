package dynamo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/dynamo/item"
	"github.com/tokenwright/tokenwright/internal/retry"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Tally reads what was refused to a user within a minute.
func (t *Table) Tally(ctx context.Context, account user.AccountID, person user.ID, minute time.Time) (audit.Tally, error) {
	it, err := t.get(ctx, item.TallyKey(account, person, minute))
	if err != nil && !errors.Is(err, errNoItem) {
		return audit.Tally{}, err
	}
	return item.Tally(it, account, person, minute)
}

// Note writes the event of a refused attempt and enters it in the tally that was read; store.ErrChanged when that is another
// by now.
func (t *Table) Note(ctx context.Context, before audit.Tally, kind string, event audit.Event) error {
	after := before
	after.Events = map[string]audit.ID{kind: event.ID}
	maps.Copy(after.Events, before.Events)
	put := &types.Put{TableName: t.name, Item: values(item.OfTally(&after)), ConditionExpression: aws.String("attribute_not_exists(pk)")}
	if n := len(before.Events); n > 0 {
		put.ConditionExpression = aws.String("#version = :was")
		put.ExpressionAttributeNames = map[string]string{"#version": "version"}
		put.ExpressionAttributeValues = values(item.Item{":was": item.Int(int64(n))})
	}
	failed, err := t.transact(ctx, retry.Changing, "noting "+string(event.ID), []types.TransactWriteItem{
		{Put: put}, t.putNew(item.OfRefused(&event, event.Time.Add(t.retention))),
	})
	if err == nil && len(failed) > 0 {
		return fmt.Errorf("noting %s: %w", event.ID, store.ErrChanged)
	}
	return err
}

// Count counts one attempt more in an event of a refused one. It is no transaction: those that meet at one item get in each
// other's way, and many may meet here. One that DynamoDB answered and nobody heard is asked for again and counts twice.
func (t *Table) Count(ctx context.Context, account user.AccountID, id audit.ID) error {
	ctx, cancel := context.WithTimeout(ctx, TotalTimeout)
	defer cancel()
	_, err := t.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: t.name, Key: values(item.RefusedKey(account, id).Item()), ConditionExpression: aws.String("attribute_exists(pk)"),
		UpdateExpression: aws.String("ADD #count :one"), ExpressionAttributeNames: map[string]string{"#count": "count"},
		ExpressionAttributeValues: values(item.Item{":one": item.Int(1)}),
	})
	return translate("counting an attempt in "+string(id), err)
}
