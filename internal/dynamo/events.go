package dynamo

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/dynamo/item"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Events returns an account's events, newest first, strongly consistent: those older than after (an event's id, or any
// when it is "") and between two instants. It also returns the last one looked at; "" at the end. Changes and refused
// attempts lie in two partitions.
func (t *Table) Events(ctx context.Context, account user.AccountID, from, to time.Time, after audit.ID, limit int) ([]audit.Event, audit.ID, error) {
	ctx, cancel := context.WithTimeout(ctx, TotalTimeout)
	defer cancel()
	within := func(partition string, start item.Item) *dynamodb.QueryInput {
		return &dynamodb.QueryInput{
			KeyConditionExpression: aws.String("pk = :pk AND sk BETWEEN :from AND :to"), ConsistentRead: aws.Bool(true), ExclusiveStartKey: values(start),
			ExpressionAttributeValues: values(item.Item{
				":pk": item.String(partition), ":from": item.String(item.EventPrefix + audit.Earliest(from)), ":to": item.String(item.EventPrefix + audit.Latest(to)),
			}),
		}
	}
	var changes, refused item.Item
	if after != "" {
		changes, refused = item.EventKey(account, after).Item(), item.RefusedKey(account, after).Item()
	}
	items, more, err := t.merged(ctx, limit, within(item.AccountPK(account), changes), within(item.RefusedPK(account), refused))
	if err != nil {
		return nil, "", err
	}
	events, err := eventsOf(items)
	return events, lastOf(items, more), err
}

// TokenEvents returns an account's events about a token, newest first, from the index by-account, which lags by fractions
// of a second. What earlier versions entered there, for all accounts alike, is read with it while it lasts.
func (t *Table) TokenEvents(ctx context.Context, account user.AccountID, id token.ID, after audit.ID, limit int) ([]audit.Event, audit.ID, error) {
	ctx, cancel := context.WithTimeout(ctx, TotalTimeout)
	defer cancel()
	older := func(partition string) *dynamodb.QueryInput {
		in := &dynamodb.QueryInput{
			IndexName: aws.String(indexByAccount), KeyConditionExpression: aws.String("accountPk = :partition"),
			ExpressionAttributeValues: values(item.Item{":partition": item.String(partition)}),
		}
		if after != "" { // its item may lie in one of two partitions of the table, so it is no start key
			in.KeyConditionExpression = aws.String("accountPk = :partition AND accountSk < :after")
			in.ExpressionAttributeValues[":after"] = value(item.String(after.Digits()))
		}
		return in
	}
	index, more, err := t.merged(ctx, limit, older(item.TokenEvents(account, id)), older(item.FormerTokenEvents(id)))
	if err != nil {
		return nil, "", err
	}
	items, err := t.named(ctx, account, index)
	if err != nil {
		return nil, "", err
	}
	events, err := eventsOf(slices.DeleteFunc(items, func(it item.Item) bool { return item.Unproven(it, id) }))
	return events, lastOf(index, more), err
}

func eventsOf(items []item.Item) ([]audit.Event, error) {
	events := make([]audit.Event, len(items))
	for i, it := range items {
		var err error
		if events[i], err = item.Event(it); err != nil {
			return nil, err
		}
	}
	return events, nil
}

// lastOf returns the last event looked at; "" at the end.
func lastOf(items []item.Item, more bool) audit.ID {
	if !more || len(items) == 0 {
		return ""
	}
	return item.EventID(items[len(items)-1])
}
