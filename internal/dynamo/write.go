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
func (t *Table) putNew(it item) types.TransactWriteItem {
	return types.TransactWriteItem{Put: &types.Put{TableName: t.name, Item: it, ConditionExpression: aws.String("attribute_not_exists(pk)")}}
}

// update writes what differs between two versions of an item, if its version is still before's: never more, so that
// uses noted meanwhile stay, and so that each function can be held to the attributes it has business with.
func (t *Table) update(before, after item) types.TransactWriteItem {
	names, values := map[string]string{"#version": "version"}, item{":was": before["version"]}
	var set, remove []string
	for i, name := range slices.Sorted(maps.Keys(union(before, after))) {
		if reflect.DeepEqual(before[name], after[name]) {
			continue
		}
		n, v := fmt.Sprintf("#%d", i), fmt.Sprintf(":%d", i)
		names[n] = name
		if value, ok := after[name]; ok {
			set, values[v] = append(set, n+" = "+v), value
		} else {
			remove = append(remove, n)
		}
	}
	expression := "SET " + strings.Join(set, ", ") // version always rises, so there is one
	if len(remove) > 0 {
		expression += " REMOVE " + strings.Join(remove, ", ")
	}
	return types.TransactWriteItem{Update: &types.Update{
		TableName: t.name, Key: item{"pk": before["pk"], "sk": before["sk"]}, UpdateExpression: aws.String(expression),
		ConditionExpression: aws.String("#version = :was"), ExpressionAttributeNames: names, ExpressionAttributeValues: values,
	}}
}

func union(a, b item) item {
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
	it := eventKey(e.Account, e.ID).item()
	it["type"], it["id"], it["at"] = str("event"), str(string(e.ID)), instant(e.Time)
	it["action"], it["target"] = str(string(e.Action)), str(e.Target)
	it["actorUser"], it["actorKind"] = str(string(e.Actor.User)), str(e.Actor.Kind)
	it["changes"] = list(e.Changes, changeItem)
	it["ttl"] = num(e.Time.Add(t.retention).Unix())
	it.setString("actorToken", string(e.Actor.Token))
	it.setString("ip", e.Origin.IP)
	it.setString("userAgent", e.Origin.UserAgent)
	it.setString("requestId", e.Origin.RequestID)
	return t.putNew(it)
}

func changeItem(c audit.Change) types.AttributeValue {
	it := item{"field": str(c.Field)}
	for name, v := range map[string]any{"before": c.Before, "after": c.After} {
		switch v := v.(type) {
		case nil:
		case bool:
			it[name] = boolean(v)
		case []string:
			it[name] = list(v, str)
		default:
			it[name] = str(fmt.Sprint(v))
		}
	}
	return &types.AttributeValueMemberM{Value: it}
}
