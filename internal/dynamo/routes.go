package dynamo

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/dynamo/item"
	"github.com/tokenwright/tokenwright/internal/route"
)

// Routes reads the rules of an API; without any, their version is 0.
func (t *Table) Routes(ctx context.Context, api route.APIID) (route.Rules, error) {
	it, err := t.get(ctx, item.RoutesKey(api))
	if err != nil && !errors.Is(err, errNoItem) {
		return route.Rules{}, err
	}
	return item.Routes(it, api)
}

// AllRoutes returns the rules of APIs by id, from the index by-account, read whole from their own items.
func (t *Table) AllRoutes(ctx context.Context, after route.APIID, limit int) ([]route.Rules, route.APIID, error) {
	var start item.Item
	if after != "" {
		start = item.RoutesKey(after).Item()
		start["accountPk"], start["accountSk"] = item.String(item.AllRoutes), item.String(string(after))
	}
	const deployment = ""
	items, last, err := t.indexed(ctx, deployment, item.AllRoutes, start, limit, true)
	if err != nil {
		return nil, "", err
	}
	all := make([]route.Rules, len(items))
	for i, it := range items {
		if all[i], err = item.Routes(it, route.APIID(it.String("accountSk"))); err != nil {
			return nil, "", err
		}
	}
	if last == nil {
		return all, "", nil
	}
	return all, route.APIID(last.String("accountSk")), nil
}

// SaveRoutes writes rules over those that were read, with their event; store.ErrChanged when they are others by now.
func (t *Table) SaveRoutes(ctx context.Context, before, after route.Rules, event audit.Event) error {
	write := t.putNew(item.OfRoutes(&after))
	if before.Version != 0 {
		write = t.update(item.OfRoutes(&before), item.OfRoutes(&after))
	}
	return t.writeWithEvent(ctx, "rules of "+string(after.API), write, &event)
}

// DeleteRoutes removes the rules that were read, with the event; store.ErrChanged when they are others by now.
func (t *Table) DeleteRoutes(ctx context.Context, before route.Rules, event audit.Event) error {
	it := item.OfRoutes(&before)
	return t.writeWithEvent(ctx, "rules of "+string(before.API), types.TransactWriteItem{Delete: &types.Delete{
		TableName: t.name, Key: values(item.KeyOf(it).Item()), ConditionExpression: aws.String("#version = :was"),
		ExpressionAttributeNames: map[string]string{"#version": "version"}, ExpressionAttributeValues: values(item.Item{":was": it["version"]}),
	}}, &event)
}
