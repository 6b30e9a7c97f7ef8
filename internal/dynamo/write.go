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
	"github.com/tokenwright/tokenwright/internal/user"
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
// uses noted meanwhile stay, and so that each function can be held to the attributes it has business with. What may change
// without the version and must be as before as well, is named in held.
func (t *Table) update(before, after item.Item, held ...string) types.TransactWriteItem {
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
	expression := "SET " + strings.Join(set, ", ") // a change always sets something: the version, or when roles were said
	if len(remove) > 0 {
		expression += " REMOVE " + strings.Join(remove, ", ")
	}
	condition := "#version = :was"
	for i, name := range held {
		if was, ok := before[name]; ok {
			v := fmt.Sprintf(":held%d", i)
			condition, operands[v] = condition+" AND "+name+" = "+v, was
		} else {
			condition += " AND attribute_not_exists(" + name + ")"
		}
	}
	return types.TransactWriteItem{Update: &types.Update{
		TableName: t.name, Key: values(item.KeyOf(before).Item()), UpdateExpression: aws.String(expression),
		ConditionExpression: aws.String(condition), ExpressionAttributeNames: names, ExpressionAttributeValues: values(operands),
	}}
}

func union(a, b item.Item) item.Item {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

// event writes an audit event.
func (t *Table) event(e *audit.Event) types.TransactWriteItem {
	return t.putNew(item.OfEvent(e, e.Time.Add(t.retention)))
}

// raise adds one to a number of a user who is still as a condition says; :one stands among the operands.
func (t *Table) raise(ref user.Ref, number, condition string, operands item.Item) types.TransactWriteItem {
	return types.TransactWriteItem{Update: &types.Update{
		TableName: t.name, Key: values(item.ProfileKey(ref).Item()), UpdateExpression: aws.String("ADD " + number + " :one"),
		ConditionExpression: aws.String(condition), ExpressionAttributeNames: map[string]string{"#status": "status"},
		ExpressionAttributeValues: values(operands),
	}}
}

// check holds that a user is still as a condition says.
func (t *Table) check(ref user.Ref, condition string, operands item.Item) types.TransactWriteItem {
	return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
		TableName: t.name, Key: values(item.ProfileKey(ref).Item()), ConditionExpression: aws.String(condition),
		ExpressionAttributeNames:  map[string]string{"#status": "status"}, // a reserved word
		ExpressionAttributeValues: values(operands),
	}}
}
