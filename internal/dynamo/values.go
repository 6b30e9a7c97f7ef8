package dynamo

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/dynamo/item"
)

// values turns an item into the SDK's form.
func values(it item.Item) map[string]types.AttributeValue {
	if it == nil {
		return nil
	}
	out := make(map[string]types.AttributeValue, len(it))
	for name, v := range it {
		out[name] = value(v)
	}
	return out
}

func value(v item.Value) types.AttributeValue {
	switch v.Kind {
	case item.Text:
		return &types.AttributeValueMemberS{Value: v.Text}
	case item.Number:
		return &types.AttributeValueMemberN{Value: v.Text}
	case item.Binary:
		return &types.AttributeValueMemberB{Value: []byte(v.Text)}
	case item.False, item.True:
		return &types.AttributeValueMemberBOOL{Value: v.Kind == item.True}
	case item.Map:
		return &types.AttributeValueMemberM{Value: values(v.Fields)}
	case item.List:
		elements := make([]types.AttributeValue, len(v.Elements))
		for i, e := range v.Elements {
			elements[i] = value(e)
		}
		return &types.AttributeValueMemberL{Value: elements}
	case item.Other:
	}
	panic(fmt.Sprintf("dynamo: a value of kind %d cannot be written", v.Kind)) // no constructor makes one
}

// itemOf turns the SDK's form into an item; nil stays nil. A type that no item of ours has reads as item.Other, which
// is as good as absent.
func itemOf(attributes map[string]types.AttributeValue) item.Item {
	if attributes == nil {
		return nil
	}
	out := make(item.Item, len(attributes))
	for name, v := range attributes {
		out[name] = valueOf(v)
	}
	return out
}

func valueOf(v types.AttributeValue) item.Value {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return item.String(v.Value)
	case *types.AttributeValueMemberN:
		return item.Value{Kind: item.Number, Text: v.Value}
	case *types.AttributeValueMemberB:
		return item.Bytes(v.Value)
	case *types.AttributeValueMemberBOOL:
		return item.Bool(v.Value)
	case *types.AttributeValueMemberM:
		return item.MapOf(itemOf(v.Value))
	case *types.AttributeValueMemberL:
		return item.ListOf(v.Value, valueOf)
	}
	return item.Value{}
}
