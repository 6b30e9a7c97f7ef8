package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/dynamo/item"
	"github.com/tokenwright/tokenwright/internal/retry"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Settings reads an account's policy, settings.Default when it has none.
func (t *Table) Settings(ctx context.Context, account user.AccountID) (settings.Settings, error) {
	it, err := t.get(ctx, item.SettingsKey(account))
	if err != nil && !errors.Is(err, errNoItem) {
		return settings.Settings{}, err
	}
	return item.Settings(it)
}

// SaveSettings writes a policy over the one that was read, with its event; store.ErrChanged when it is another by now.
func (t *Table) SaveSettings(ctx context.Context, account user.AccountID, before, after settings.Settings, event audit.Event) error {
	return t.writeWithEvent(ctx, "settings of "+string(account), t.settings(account, before, after), &event)
}

// MoveRoles is SaveSettings for a change of where roles come from, if who makes it is still what they were.
func (t *Table) MoveRoles(ctx context.Context, account user.AccountID, before, after settings.Settings, mover store.Giver, event audit.Event) error {
	writes := []types.TransactWriteItem{t.settings(account, before, after), t.check(mover.Ref, holds(mover.Roles)), t.event(&event)}
	failed, err := t.transact(ctx, retry.Changing, "writing settings of "+string(account), writes)
	if err == nil && len(failed) > 0 {
		return fmt.Errorf("writing settings of %s: %w", account, store.ErrChanged)
	}
	return err
}

func (t *Table) settings(account user.AccountID, before, after settings.Settings) types.TransactWriteItem {
	if before.Version == 0 {
		return t.putNew(item.OfSettings(account, &after))
	}
	return t.update(item.OfSettings(account, &before), item.OfSettings(account, &after))
}

// Replay reads the record of an idempotency key; an expired one that TTL has not removed yet is returned as well.
func (t *Table) Replay(ctx context.Context, account user.AccountID, digest string) (store.Replay, error) {
	it, err := t.get(ctx, item.ReplayKey(account, digest))
	if errors.Is(err, errNoItem) {
		return store.Replay{}, store.ErrNoReplay
	}
	if err != nil {
		return store.Replay{}, err
	}
	return item.Replay(it, account, digest)
}

// replay writes a record unless a valid one is there.
func (t *Table) replay(r *store.Replay, now time.Time) types.TransactWriteItem {
	return types.TransactWriteItem{Put: &types.Put{
		TableName: t.name, Item: values(item.OfReplay(r)), ConditionExpression: aws.String("attribute_not_exists(pk) OR expiresAt <= :now"),
		ExpressionAttributeValues: values(item.Item{":now": item.Time(now)}),
	}}
}
