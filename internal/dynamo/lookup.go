package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/dynamo/item"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Lookup reads a token and its owner in one BatchGetItem, strongly consistent: what a revocation or an offboarding wrote
// before is seen. Both lie in one partition, whose 3,000 reads a second bound one token's rate.
func (t *Table) Lookup(ctx context.Context, id token.ID, along store.Along) (store.Found, error) {
	ctx, cancel := context.WithTimeout(ctx, TotalTimeout)
	defer cancel()
	items, err := t.batch(ctx, item.LookupKeys(id, along))
	if err != nil {
		return store.Found{}, err
	}
	return item.Lookup(items, id, along)
}

// LookupUser is Lookup for a user: user.ErrNotFound, with what came along, when there is none.
func (t *Table) LookupUser(ctx context.Context, ref user.Ref, along store.Along) (store.Found, error) {
	ctx, cancel := context.WithTimeout(ctx, TotalTimeout)
	defer cancel()
	items, err := t.batch(ctx, item.UserKeys(ref, along))
	if err != nil {
		return store.Found{}, err
	}
	return item.LookupUser(items, ref, along)
}

// User reads one user.
func (t *Table) User(ctx context.Context, ref user.Ref) (user.User, error) {
	it, err := t.get(ctx, item.ProfileKey(ref))
	if errors.Is(err, errNoItem) {
		return user.User{}, user.ErrNotFound
	}
	if err != nil {
		return user.User{}, err
	}
	return item.User(it)
}

// batch reads up to 100 items. DynamoDB may leave keys of a batch unprocessed when it is busy; they are asked for again
// while the context lasts, a few times. Half a batch is an error, never half an answer.
func (t *Table) batch(ctx context.Context, keys []item.Key) (map[item.Key]item.Item, error) {
	request := make([]map[string]types.AttributeValue, len(keys))
	for i, k := range keys {
		request[i] = values(k.Item())
	}
	pending := map[string]types.KeysAndAttributes{*t.name: {Keys: request, ConsistentRead: aws.Bool(true)}}
	found := make(map[item.Key]item.Item, len(keys))
	for range MaxAttempts {
		out, err := t.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: pending})
		if err != nil {
			return nil, translate("reading items", err)
		}
		for _, attributes := range out.Responses[*t.name] {
			it := itemOf(attributes)
			found[item.KeyOf(it)] = it
		}
		if len(out.UnprocessedKeys) == 0 {
			return found, nil
		}
		pending = out.UnprocessedKeys
	}
	return nil, fmt.Errorf("reading items: %w: keys stay unprocessed", token.ErrUnavailable)
}
