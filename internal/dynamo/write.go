package dynamo

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/dynamo/item"
)

// transact writes all or nothing. Writes that other requests got in the way of (TransactionConflict) are tried again;
// a write whose condition fails is told by its index.
func (t *Table) transact(ctx context.Context, action string, writes []types.TransactWriteItem) (failed map[int]bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, TotalTimeout)
	defer cancel()
	for attempt := range MaxAttempts {
		_, err = t.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
		failed, cancelled := failedConditions(err)
		if !cancelled || len(failed) > 0 {
			if len(failed) > 0 {
				return failed, nil
			}
			return nil, translate(action, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(attempt+1) * 20 * time.Millisecond):
		}
	}
	return nil, translate(action, err)
}

// putNew writes an item that must not be there yet.
func (t *Table) putNew(it item.Item) types.TransactWriteItem {
	return types.TransactWriteItem{Put: &types.Put{TableName: t.name, Item: values(it), ConditionExpression: aws.String("attribute_not_exists(pk)")}}
}

// update writes what differs between two versions of an item, if its version is still before's: never more, so that
// uses noted meanwhile stay, and so that each function can be held to the attributes it has business with.
func (t *Table) update(before, after item.Item) types.TransactWriteItem {
	names, operands := map[string]string{"#version": "version"}, item.Item{":was": before["version"]}
	var set, remove []string
	for i, name := range slices.Sorted(maps.Keys(union(before, after))) {
		if reflect.DeepEqual(before[name], after[name]) {
			continue
		}
		n, v := fmt.Sprintf("#%d", i), fmt.Sprintf(":%d", i)
		names[n] = name
		if value, ok := after[name]; ok {
			set, operands[v] = append(set, n+" = "+v), value
		} else {
			remove = append(remove, n)
		}
	}
	expression := "SET " + strings.Join(set, ", ") // version always rises, so there is one
	if len(remove) > 0 {
		expression += " REMOVE " + strings.Join(remove, ", ")
	}
	return types.TransactWriteItem{Update: &types.Update{
		TableName: t.name, Key: values(item.KeyOf(before).Item()), UpdateExpression: aws.String(expression),
		ConditionExpression: aws.String("#version = :was"), ExpressionAttributeNames: names, ExpressionAttributeValues: values(operands),
	}}
}

func union(a, b item.Item) item.Item {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

// event writes an audit event:
//
//	{"pk": "ACCOUNT#acc_acme", "sk": "EVENT#…", "type": "event", "id": "evt_…", "at": ms, "action": "token.created",
//	 "target": "tok_…", "actorUser": "usr_…", "actorToken": "tok_…", "actorKind": "personal", "ip": "203.0.113.7",
//	 "userAgent": "curl/8.5.0", "requestId": "…", "changes": [{"field": "name", "before": …, "after": …}], "ttl": seconds}
func (t *Table) event(e *audit.Event) types.TransactWriteItem {
	it := item.EventKey(e.Account, e.ID).Item()
	it["type"], it["id"], it["at"] = item.String("event"), item.String(string(e.ID)), item.Time(e.Time)
	it["action"], it["target"] = item.String(string(e.Action)), item.String(e.Target)
	it["actorUser"], it["actorKind"] = item.String(string(e.Actor.User)), item.String(e.Actor.Kind)
	it["changes"] = item.ListOf(e.Changes, changeItem)
	it["ttl"] = item.Int(e.Time.Add(t.retention).Unix())
	it.SetString("actorToken", string(e.Actor.Token))
	it.SetString("ip", e.Origin.IP)
	it.SetString("userAgent", e.Origin.UserAgent)
	it.SetString("requestId", e.Origin.RequestID)
	return t.putNew(it)
}

func changeItem(c audit.Change) item.Value {
	it := item.Item{"field": item.String(c.Field)}
	for name, v := range map[string]any{"before": c.Before, "after": c.After} {
		switch v := v.(type) {
		case nil:
		case bool:
			it[name] = item.Bool(v)
		case []string:
			it[name] = item.ListOf(v, item.String)
		default:
			it[name] = item.String(fmt.Sprint(v))
		}
	}
	return item.MapOf(it)
}
