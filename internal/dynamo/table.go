// Package dynamo is the store on DynamoDB: one table, one file per access pattern, every key in package item. It guarantees
// that reads are strongly consistent unless a comment says otherwise, that every write carries a condition and its
// audit event rides in the same transaction, that no call outlives its budget, and that no type or error of the SDK
// leaves it. Deciding anything is left to others: TTL is housekeeping, and expired items are returned.
package dynamo

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/tokenwright/tokenwright/internal/dynamo/item"
)

// Table is the store. It is safe for concurrent use.
type Table struct {
	client *dynamodb.Client
	name   *string
	// retention is how long audit events are kept.
	retention time.Duration
}

// New returns the store on a table. Events written through it are kept for retention.
func New(client *dynamodb.Client, table string, retention time.Duration) *Table {
	return &Table{client: client, name: aws.String(table), retention: retention}
}

// get reads one item; errNoItem when it is absent.
func (t *Table) get(ctx context.Context, k item.Key) (item.Item, error) {
	ctx, cancel := context.WithTimeout(ctx, TotalTimeout)
	defer cancel()
	out, err := t.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: t.name, Key: values(k.Item()), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil, translate("reading "+k.SK, err)
	}
	if out.Item == nil {
		return nil, errNoItem
	}
	return itemOf(out.Item), nil
}
