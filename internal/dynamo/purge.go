package dynamo

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/dynamo/item"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// maxBatchWrite is DynamoDB's limit for one BatchWriteItem.
const maxBatchWrite = 25

// Forget deletes tokens of an owner and then adds their number to the profile. Deleting is done again without harm; what
// is done again after a crash between the two is counted once at most, never twice, because what is gone is not found.
func (t *Table) Forget(ctx context.Context, owner user.Ref, ids []token.ID, state user.PurgeState) error {
	for batch := range slices.Chunk(ids, maxBatchWrite) {
		if err := t.delete(ctx, batch); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, TotalTimeout)
	defer cancel()
	_, err := t.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: t.name, Key: values(item.ProfileKey(owner).Item()), ConditionExpression: aws.String("attribute_exists(pk)"),
		UpdateExpression:          aws.String("SET purge = :state, purged = if_not_exists(purged, :none) + :removed"),
		ExpressionAttributeValues: values(item.Item{":state": item.String(string(state)), ":none": item.Int(0), ":removed": item.Int(int64(len(ids)))}),
	})
	return translate("noting the purge of "+string(owner.ID()), err)
}

func (t *Table) delete(ctx context.Context, ids []token.ID) error {
	ctx, cancel := context.WithTimeout(ctx, TotalTimeout)
	defer cancel()
	pending := map[string][]types.WriteRequest{}
	for _, id := range ids {
		pending[*t.name] = append(pending[*t.name], types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: values(item.TokenKey(id).Item())}})
	}
	for range MaxAttempts {
		out, err := t.client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: pending})
		if err != nil {
			return translate("removing tokens", err)
		}
		if len(out.UnprocessedItems) == 0 {
			return nil
		}
		pending = out.UnprocessedItems
	}
	return fmt.Errorf("removing tokens: %w: items stay unprocessed", token.ErrUnavailable)
}
