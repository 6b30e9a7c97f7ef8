package dynamo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/dynamo/item"
	"github.com/tokenwright/tokenwright/internal/retry"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/user"
)

// transact writes all or nothing. A write whose condition fails is told by its index; store.ErrBusy when other transactions
// were on the same items until the patience was over.
func (t *Table) transact(ctx context.Context, p retry.Patience, action string, writes []types.TransactWriteItem) (failed map[int]bool, err error) {
	err = retry.Do(ctx, p, isBusy, func(ctx context.Context) error {
		why, err := t.attempt(ctx, action, writes)
		failed = why.failed
		if err == nil && len(failed) == 0 && len(why.conflicts) > 0 {
			return fmt.Errorf("%s: %w", action, store.ErrBusy)
		}
		return err
	})
	return failed, err
}

func isBusy(err error) bool { return errors.Is(err, store.ErrBusy) }

// attempt is one try; nothing is written where it tells reasons.
func (t *Table) attempt(ctx context.Context, action string, writes []types.TransactWriteItem) (cancelled, error) {
	_, err := t.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
	if why, ok := reasons(err); ok {
		return why, nil
	}
	return cancelled{}, translate(action, err)
}

// putNew writes an item that must not be there yet.
func (t *Table) putNew(it item.Item) types.TransactWriteItem {
	return types.TransactWriteItem{Put: &types.Put{TableName: t.name, Item: values(it), ConditionExpression: aws.String("attribute_not_exists(pk)")}}
}

// update writes what differs between two versions of an item, if its version is still before's: never more, so that
// uses noted meanwhile stay, and so that each function can be held to the attributes it has business with. What may change
// without the version and must be as before as well, is named in held.
func (t *Table) update(before, after item.Item, held ...string) types.TransactWriteItem {
	as := condition{"#version = :was", map[string]string{"#version": "version"}, item.Item{":was": before["version"]}}
	for _, name := range held {
		as = as.and(unchanged(before, name))
	}
	return difference(before, after).write(t, before, as)
}

// ending is update for what ends something. It holds that the item is there and still open, and nothing else: whoever is
// being stopped could go on changing the rest, and with it the version. What counts up therefore counts from what
// is stored. ifVersion is for a caller who asked for a version; 0 = any.
func (t *Table) ending(before, after item.Item, ifVersion int64, open condition, always ...string) types.TransactWriteItem {
	was := maps.Clone(before)
	for _, name := range always { // written, or removed, whatever they were
		if delete(was, name); after[name].Kind == item.Other {
			was[name] = item.Bool(true)
		}
	}
	counts := []string{"version"}
	if !reflect.DeepEqual(before["generation"], after["generation"]) {
		counts = append(counts, "generation")
	}
	after = maps.Clone(after)
	for _, name := range counts {
		delete(was, name)
		delete(after, name)
	}
	e := difference(was, after)
	for _, name := range counts {
		e.names["#"+name] = name
		e.add = append(e.add, "#"+name+" :one")
	}
	e.operands[":one"] = item.Int(1)
	open = condition{text: "attribute_exists(pk)"}.and(open)
	if ifVersion != 0 {
		open = open.and(condition{text: "#version = :was", operands: item.Item{":was": item.Int(ifVersion)}})
	}
	return e.write(t, before, open)
}

// expression is an update as DynamoDB writes it.
type expression struct {
	set, remove, add []string
	names            map[string]string
	operands         item.Item
}

func difference(before, after item.Item) *expression {
	e := &expression{names: map[string]string{}, operands: item.Item{}}
	for i, name := range slices.Sorted(maps.Keys(union(before, after))) {
		if reflect.DeepEqual(before[name], after[name]) {
			continue
		}
		n, v := fmt.Sprintf("#%d", i), fmt.Sprintf(":%d", i)
		e.names[n] = name
		if value, ok := after[name]; ok {
			e.set, e.operands[v] = append(e.set, n+" = "+v), value
		} else {
			e.remove = append(e.remove, n)
		}
	}
	return e
}

// write makes the write of one item.
func (e *expression) write(t *Table, it item.Item, c condition) types.TransactWriteItem {
	var text []string
	for _, clause := range []struct {
		word  string
		parts []string
	}{{"SET ", e.set}, {"REMOVE ", e.remove}, {"ADD ", e.add}} {
		if len(clause.parts) > 0 {
			text = append(text, clause.word+strings.Join(clause.parts, ", "))
		}
	}
	maps.Copy(e.names, c.names)
	maps.Copy(e.operands, c.operands)
	return types.TransactWriteItem{Update: &types.Update{
		TableName: t.name, Key: values(item.KeyOf(it).Item()), UpdateExpression: aws.String(strings.Join(text, " ")),
		ConditionExpression: aws.String(c.text), ExpressionAttributeNames: e.names, ExpressionAttributeValues: values(e.operands),
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

// check holds that a user is still as a condition says.
func (t *Table) check(ref user.Ref, c condition) types.TransactWriteItem {
	return t.hold(item.ProfileKey(ref), c)
}

// checkSettings holds that an account's roles come from its identity provider, as they do where nothing is set.
func (t *Table) checkSettings(account user.AccountID) types.TransactWriteItem {
	return t.hold(item.SettingsKey(account), condition{
		"attribute_not_exists(pk) OR rolesFrom = :provider", nil, item.Item{":provider": item.String(string(settings.IdentityProvider))},
	})
}

// hold holds that an item is as a condition says.
func (t *Table) hold(key item.Key, c condition) types.TransactWriteItem {
	return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
		TableName: t.name, Key: values(key.Item()), ConditionExpression: aws.String(c.text),
		ExpressionAttributeNames: c.names, ExpressionAttributeValues: values(c.operands),
	}}
}
