package dynamo

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/tokenwright/tokenwright/internal/dynamo/item"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Tokens returns tokens, newest first. One owner's come from their own partition, strongly consistent. An account's
// come from the index by-account, which holds keys alone and may lag by fractions of a second; the items themselves are
// then read strongly consistent, so what they say is current and those removed meanwhile are left out.
func (t *Table) Tokens(ctx context.Context, account user.AccountID, owner user.Ref, after token.ID, limit int) ([]token.Token, token.ID, error) {
	ctx, cancel := context.WithTimeout(ctx, TotalTimeout)
	defer cancel()
	if owner != "" {
		return t.tokensOfOwner(ctx, owner, after, limit)
	}
	return t.tokensOfAccount(ctx, account, after, limit)
}

func (t *Table) tokensOfOwner(ctx context.Context, owner user.Ref, after token.ID, limit int) ([]token.Token, token.ID, error) {
	in := &dynamodb.QueryInput{
		KeyConditionExpression:    aws.String("pk = :pk AND begins_with(sk, :tokens)"),
		ExpressionAttributeValues: values(item.Item{":pk": item.String(item.OwnerPK(owner)), ":tokens": item.String(item.TokenPrefix)}),
		ConsistentRead:            aws.Bool(true),
	}
	if after != "" {
		// Of another owner it would point outside the partition, and DynamoDB would refuse it.
		in.ExclusiveStartKey = values(item.TokenKey(after).Item())
	}
	items, last, err := t.query(ctx, in, limit)
	if err != nil {
		return nil, "", err
	}
	tokens := make([]token.Token, len(items))
	for i, it := range items {
		if tokens[i], err = item.Token(it); err != nil {
			return nil, "", err
		}
	}
	return tokens, last, nil
}

// indexByAccount holds keys alone; see item.Key.
const indexByAccount = "by-account"

func (t *Table) tokensOfAccount(ctx context.Context, account user.AccountID, after token.ID, limit int) ([]token.Token, token.ID, error) {
	in := &dynamodb.QueryInput{
		IndexName:                 aws.String(indexByAccount),
		KeyConditionExpression:    aws.String("accountPk = :account"),
		ExpressionAttributeValues: values(item.Item{":account": item.String(item.AccountTokens(account))}),
	}
	if after != "" {
		start := item.TokenKey(after).Item()
		start["accountPk"], start["accountSk"] = item.String(item.AccountTokens(account)), item.String(item.TokenAge(after))
		in.ExclusiveStartKey = values(start)
	}
	index, last, err := t.query(ctx, in, limit)
	if err != nil || len(index) == 0 {
		return nil, last, err
	}
	keys := make([]item.Key, len(index))
	for i, it := range index {
		keys[i] = item.KeyOf(it)
	}
	items, err := t.batch(ctx, keys)
	if err != nil {
		return nil, "", err
	}
	var tokens []token.Token
	for _, k := range keys {
		if it, ok := items[k]; ok {
			tok, err := item.Token(it)
			if err != nil {
				return nil, "", err
			}
			tokens = append(tokens, tok)
		}
	}
	return tokens, last, nil
}

// query runs one page of a query, newest first, and returns the id of the last token it looked at; "" at the end.
func (t *Table) query(ctx context.Context, in *dynamodb.QueryInput, limit int) ([]item.Item, token.ID, error) {
	in.TableName, in.ScanIndexForward, in.Limit = t.name, aws.Bool(false), aws.Int32(int32(min(max(limit, 1), 100))) //nolint:gosec // bounded
	out, err := t.client.Query(ctx, in)
	if err != nil {
		return nil, "", translate("listing tokens", err)
	}
	items := make([]item.Item, len(out.Items))
	for i, it := range out.Items {
		items[i] = itemOf(it)
	}
	if out.LastEvaluatedKey == nil {
		return items, "", nil
	}
	last, err := item.TokenID(itemOf(out.LastEvaluatedKey))
	return items, last, err
}
