package dynamo

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/dynamo/item"
	"github.com/tokenwright/tokenwright/internal/token"
)

// Touch notes a use, unless another request noted one within token.TouchInterval. It never makes an item: a token
// that TTL removed stays removed. It leaves version alone, because nobody changed the token.
func (t *Table) Touch(ctx context.Context, id token.ID, at time.Time, from netip.Addr) error {
	in := &dynamodb.UpdateItemInput{
		TableName:                 t.name,
		Key:                       values(item.TokenKey(id).Item()),
		UpdateExpression:          aws.String("SET lastUsedAt = :now"),
		ConditionExpression:       aws.String("attribute_exists(pk) AND (attribute_not_exists(lastUsedAt) OR lastUsedAt <= :before)"),
		ExpressionAttributeValues: values(item.Item{":now": item.Time(at), ":before": item.Time(at.Add(-token.TouchInterval))}),
	}
	if from.IsValid() {
		in.UpdateExpression = aws.String("SET lastUsedAt = :now, lastUsedIp = :ip")
		in.ExpressionAttributeValues[":ip"] = value(item.String(from.Unmap().String()))
	}
	_, err := t.client.UpdateItem(ctx, in)
	var failed *types.ConditionalCheckFailedException
	if errors.As(err, &failed) {
		return nil // another was quicker, or the token is gone
	}
	return translate("noting a use of "+string(id), err)
}
