package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// TokenAndOwner reads a token and its owner in one BatchGetItem, strongly consistent: what a revocation or an
// offboarding wrote before is seen. Both lie in one partition, whose 3,000 reads a second bound one token's rate.
func (t *Table) TokenAndOwner(ctx context.Context, id token.ID) (token.Token, user.User, error) {
	ctx, cancel := context.WithTimeout(ctx, TotalTimeout)
	defer cancel()
	items, err := t.batch(ctx, []key{tokenKey(id), profileKeyOf(id.Owner())})
	if err != nil {
		return token.Token{}, user.User{}, err
	}
	tokenItem, ownerItem := items[tokenKey(id)], items[profileKeyOf(id.Owner())]
	if tokenItem == nil || ownerItem == nil {
		return token.Token{}, user.User{}, token.ErrNotFound
	}
	tok, err := tokenOf(tokenItem)
	if err != nil {
		return token.Token{}, user.User{}, err
	}
	owner, err := userOf(ownerItem)
	return tok, owner, err
}

// User reads one user.
func (t *Table) User(ctx context.Context, ref user.Ref) (user.User, error) {
	it, err := t.get(ctx, profileKeyOf(ref))
	if errors.Is(err, errNoItem) {
		return user.User{}, user.ErrNotFound
	}
	if err != nil {
		return user.User{}, err
	}
	return userOf(it)
}

// batch reads up to 100 items. DynamoDB may leave keys of a batch unprocessed when it is busy; they are asked for again
// while the context lasts, a few times. Half a batch is an error, never half an answer.
func (t *Table) batch(ctx context.Context, keys []key) (map[key]item, error) {
	request := make([]map[string]types.AttributeValue, len(keys))
	for i, k := range keys {
		request[i] = k.item()
	}
	pending := map[string]types.KeysAndAttributes{*t.name: {Keys: request, ConsistentRead: aws.Bool(true)}}
	found := make(map[key]item, len(keys))
	for range MaxAttempts {
		out, err := t.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: pending})
		if err != nil {
			return nil, translate("reading items", err)
		}
		for _, it := range out.Responses[*t.name] {
			found[key{item(it).string("pk"), item(it).string("sk")}] = it
		}
		if len(out.UnprocessedKeys) == 0 {
			return found, nil
		}
		pending = out.UnprocessedKeys
	}
	return nil, fmt.Errorf("reading items: %w: keys stay unprocessed", token.ErrUnavailable)
}
