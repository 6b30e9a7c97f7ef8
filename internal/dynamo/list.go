package dynamo

import (
	"context"
	"slices"
	"strings"

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
	return tokensOf(items, last)
}

func (t *Table) tokensOfAccount(ctx context.Context, account user.AccountID, after token.ID, limit int) ([]token.Token, token.ID, error) {
	var start item.Item
	if after != "" {
		start = item.TokenKey(after).Item()
		start["accountPk"], start["accountSk"] = item.String(item.AccountTokens(account)), item.String(item.TokenAge(after))
	}
	items, last, err := t.indexed(ctx, account, item.AccountTokens(account), start, limit, false)
	if err != nil {
		return nil, "", err
	}
	return tokensOf(items, last)
}

func tokensOf(items []item.Item, last item.Item) ([]token.Token, token.ID, error) {
	tokens := make([]token.Token, len(items))
	for i, it := range items {
		var err error
		if tokens[i], err = item.Token(it); err != nil {
			return nil, "", err
		}
	}
	if last == nil {
		return tokens, "", nil
	}
	id, err := item.TokenID(last)
	return tokens, id, err
}

// indexByAccount holds keys alone; see item.Key.
const indexByAccount = "by-account"

// indexed reads one page of a partition of the index and the items of an account that it names, whole and strongly
// consistent; those gone meanwhile are left out. It returns the last key it looked at, nil at the end.
func (t *Table) indexed(ctx context.Context, account user.AccountID, partition string, start item.Item, limit int, ascending bool) ([]item.Item, item.Item, error) {
	ctx, cancel := context.WithTimeout(ctx, TotalTimeout)
	defer cancel()
	index, last, err := t.query(ctx, &dynamodb.QueryInput{
		IndexName: aws.String(indexByAccount), KeyConditionExpression: aws.String("accountPk = :partition"), ScanIndexForward: aws.Bool(ascending),
		ExpressionAttributeValues: values(item.Item{":partition": item.String(partition)}), ExclusiveStartKey: values(start),
	}, limit)
	if err != nil {
		return nil, nil, err
	}
	items, err := t.named(ctx, account, index)
	return items, last, err
}

// named reads the items that entries of the index name, and leaves out those that are gone or not the account's ("" = the
// deployment's). The partition of an entry says already whose it is; the item itself is what is believed.
func (t *Table) named(ctx context.Context, account user.AccountID, index []item.Item) ([]item.Item, error) {
	if len(index) == 0 {
		return nil, nil
	}
	keys := make([]item.Key, len(index))
	for i, it := range index {
		keys[i] = item.KeyOf(it)
	}
	found, err := t.batch(ctx, keys)
	if err != nil {
		return nil, err
	}
	items := make([]item.Item, 0, len(keys))
	for _, k := range keys {
		if it, ok := found[k]; ok && it.String("account") == string(account) {
			items = append(items, it)
		}
	}
	return items, nil
}

// merged reads one page of several partitions as if they were one, newest first: their sort keys order what is in all of
// them. It says whether there may be more.
func (t *Table) merged(ctx context.Context, limit int, partitions ...*dynamodb.QueryInput) (page []item.Item, more bool, err error) {
	reached := "" // what is older has not been looked at in every partition
	for _, in := range partitions {
		items, last, err := t.query(ctx, in, limit)
		if err != nil {
			return nil, false, err
		}
		page = append(page, items...)
		if last != nil {
			more, reached = true, max(reached, last.String("sk"))
		}
	}
	page = slices.DeleteFunc(page, func(it item.Item) bool { return it.String("sk") < reached })
	slices.SortFunc(page, func(a, b item.Item) int { return strings.Compare(b.String("sk"), a.String("sk")) })
	if len(page) > limit {
		page, more = page[:limit], true
	}
	return page, more, nil
}

// query runs one page of a query, newest first unless it says otherwise, and returns the last key it looked at; nil at
// the end.
func (t *Table) query(ctx context.Context, in *dynamodb.QueryInput, limit int) ([]item.Item, item.Item, error) {
	in.TableName, in.Limit = t.name, aws.Int32(int32(min(max(limit, 1), 100)))
	if in.ScanIndexForward == nil {
		in.ScanIndexForward = aws.Bool(false)
	}
	out, err := t.client.Query(ctx, in)
	if err != nil {
		return nil, nil, translate("listing", err)
	}
	items := make([]item.Item, len(out.Items))
	for i, it := range out.Items {
		items[i] = itemOf(it)
	}
	return items, itemOf(out.LastEvaluatedKey), nil
}
