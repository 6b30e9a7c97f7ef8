package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/dynamo/item"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Retire notes when a token may be forgotten, for TTL to remove it then. Where an end stands already it stays, and what is gone
// stays gone. It leaves version alone, because nobody changed the token.
func (t *Table) Retire(ctx context.Context, id token.ID, at time.Time) error {
	err := t.updateIf(ctx, "retiring "+string(id), &dynamodb.UpdateItemInput{
		Key: values(item.TokenKey(id).Item()), UpdateExpression: aws.String("SET #ttl = :end"),
		ConditionExpression:       aws.String("attribute_exists(pk) AND attribute_not_exists(#ttl)"),
		ExpressionAttributeNames:  map[string]string{"#ttl": "ttl"}, // a reserved word
		ExpressionAttributeValues: values(item.Item{":end": item.Int(at.Unix())}),
	})
	if errors.Is(err, store.ErrChanged) {
		return nil
	}
	return err
}

// MoveSweep notes how far a sweep of an owner's tokens is, or of an account's (no owner); store.ErrChanged when it is not where it
// was read. The zero Sweep ends it.
func (t *Table) MoveSweep(ctx context.Context, account user.AccountID, owner user.Ref, from, to user.Sweep) error {
	key := item.SettingsKey(account)
	if owner != "" {
		key = item.ProfileKey(owner)
	}
	in := &dynamodb.UpdateItemInput{
		Key: values(key.Item()), UpdateExpression: aws.String("REMOVE sweep"), ConditionExpression: aws.String("sweep = :from"),
		ExpressionAttributeValues: values(item.Item{":from": item.OfSweep(from)}),
	}
	if !to.Before.IsZero() {
		in.UpdateExpression = aws.String("SET sweep = :to")
		in.ExpressionAttributeValues[":to"] = value(item.OfSweep(to))
	}
	return t.updateIf(ctx, "moving the sweep of "+key.PK, in)
}

// updateIf updates one item; store.ErrChanged when its condition does not hold.
func (t *Table) updateIf(ctx context.Context, action string, in *dynamodb.UpdateItemInput) error {
	ctx, cancel := context.WithTimeout(ctx, TotalTimeout)
	defer cancel()
	in.TableName = t.name
	_, err := t.client.UpdateItem(ctx, in)
	var failed *types.ConditionalCheckFailedException
	if errors.As(err, &failed) {
		return fmt.Errorf("%s: %w", action, store.ErrChanged)
	}
	return translate(action, err)
}
