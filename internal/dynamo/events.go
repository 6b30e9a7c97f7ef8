package dynamo

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/dynamo/item"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Events returns an account's events, newest first, strongly consistent: those older than before (an event's id, or any
// when it is "") and not older than from. It also returns the last one looked at; "" at the end.
func (t *Table) Events(ctx context.Context, account user.AccountID, from, to time.Time, after audit.ID, limit int) ([]audit.Event, audit.ID, error) {
	ctx, cancel := context.WithTimeout(ctx, TotalTimeout)
	defer cancel()
	in := &dynamodb.QueryInput{
		KeyConditionExpression: aws.String("pk = :pk AND sk BETWEEN :from AND :to"), ConsistentRead: aws.Bool(true),
		ExpressionAttributeValues: values(item.Item{
			":pk": item.String(item.AccountPK(account)), ":from": item.String(item.EventPrefix + audit.Earliest(from)), ":to": item.String(item.EventPrefix + audit.Latest(to)),
		}),
	}
	if after != "" {
		in.ExclusiveStartKey = values(item.EventKey(account, after).Item())
	}
	items, last, err := t.query(ctx, in, limit)
	if err != nil {
		return nil, "", err
	}
	return eventsOf(items, last)
}

// TokenEvents returns the events about a token, newest first, from the index by-account, which lags by fractions of a
// second.
func (t *Table) TokenEvents(ctx context.Context, account user.AccountID, id token.ID, after audit.ID, limit int) ([]audit.Event, audit.ID, error) {
	var start item.Item
	if after != "" {
		start = item.EventKey(account, after).Item()
		start["accountPk"], start["accountSk"] = item.String(item.TokenEvents(id)), item.String(after.Digits())
	}
	items, last, err := t.indexed(ctx, item.TokenEvents(id), start, limit, false)
	if err != nil {
		return nil, "", err
	}
	return eventsOf(items, last)
}

func eventsOf(items []item.Item, last item.Item) ([]audit.Event, audit.ID, error) {
	events := make([]audit.Event, len(items))
	for i, it := range items {
		var err error
		if events[i], err = item.Event(it); err != nil {
			return nil, "", err
		}
	}
	if last == nil {
		return events, "", nil
	}
	return events, item.EventID(last), nil
}
