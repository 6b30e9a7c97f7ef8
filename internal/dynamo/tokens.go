package dynamo

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/dynamo/item"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// CreateToken writes a token, its event, the token user of a service token and the replay record in one transaction,
// which also holds that the creator is active at that moment: nobody creates a token after they were offboarded.
func (t *Table) CreateToken(ctx context.Context, c store.Creation) error {
	const creator, replay = 0, 1
	writes := []types.TransactWriteItem{{ConditionCheck: &types.ConditionCheck{
		TableName: t.name, Key: values(item.ProfileKey(c.Creator).Item()), ConditionExpression: aws.String("#status = :active AND account = :account"),
		ExpressionAttributeNames:  map[string]string{"#status": "status"},
		ExpressionAttributeValues: values(item.Item{":active": item.String(string(user.Active)), ":account": item.String(string(c.Token.Account))}),
	}}}
	if c.Replay != nil {
		writes = append(writes, t.replay(c.Replay, c.Event.Time))
	}
	if c.TokenUser != nil {
		writes = append(writes, t.putNew(item.OfUser(c.TokenUser)))
	}
	writes = append(writes, t.putNew(item.OfToken(&c.Token)), t.event(&c.Event))

	failed, err := t.transact(ctx, "creating "+string(c.Token.ID), writes)
	switch {
	case err != nil:
		return err
	case failed[creator]:
		return store.ErrOwnerInactive
	case c.Replay != nil && failed[replay]:
		return store.ErrReplay
	case len(failed) > 0:
		return store.ErrExists
	}
	return nil
}

// UpdateToken writes what changed and the event, if nobody else changed the token.
func (t *Table) UpdateToken(ctx context.Context, before, after token.Token, event audit.Event) error {
	return t.updateWithEvent(ctx, string(before.ID), t.update(item.OfToken(&before), item.OfToken(&after)), &event)
}

// SaveUser writes a new user, or what changed of one, and the event.
func (t *Table) SaveUser(ctx context.Context, before *user.User, after user.User, event audit.Event) error {
	if before != nil {
		return t.updateWithEvent(ctx, string(after.ID()), t.update(item.OfUser(before), item.OfUser(&after)), &event)
	}
	failed, err := t.transact(ctx, "creating "+string(after.ID()), []types.TransactWriteItem{t.putNew(item.OfUser(&after)), t.event(&event)})
	if err == nil && len(failed) > 0 {
		return store.ErrExists
	}
	return err
}

func (t *Table) updateWithEvent(ctx context.Context, what string, update types.TransactWriteItem, event *audit.Event) error {
	failed, err := t.transact(ctx, "writing "+what, []types.TransactWriteItem{update, t.event(event)})
	if err != nil {
		return err
	}
	if len(failed) > 0 {
		return fmt.Errorf("writing %s: %w", what, store.ErrChanged)
	}
	return nil
}
