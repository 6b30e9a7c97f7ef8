package dynamo

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/dynamo/item"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// CreateToken writes a token, its event, the token user of a service token and the replay record in one transaction,
// which also holds that the creator is active, and was not offboarded and invited again, at that moment: nobody creates a
// token after they were offboarded.
func (t *Table) CreateToken(ctx context.Context, c store.Creation) error {
	const creator, replay = 0, 1
	writes := []types.TransactWriteItem{t.creator(&c)}
	if c.Replay != nil {
		writes = append(writes, t.replay(c.Replay, c.Event.Time))
	}
	if c.TokenUser != nil {
		writes = append(writes, t.putNew(item.OfUser(c.TokenUser)), t.putNew(stewardItem(&c.Token)))
	}
	writes = append(writes, t.putNew(item.OfToken(&c.Token)), t.event(&c.Event))

	failed, err := t.transact(ctx, "creating "+string(c.Token.ID), writes)
	switch {
	case err != nil:
		return err
	case failed[creator] && !c.Counted:
		return store.ErrOwnerInactive
	case c.Replay != nil && failed[replay]:
		return store.ErrReplay
	case failed[creator]:
		return store.ErrChanged // or inactive; whoever reads again sees
	case len(failed) > 0:
		return store.ErrExists
	}
	return nil
}

// creator holds that the creator is as a creation wants it. One for which tokens were counted also takes the number that two
// who counted at the same time would both take.
func (t *Table) creator(c *store.Creation) types.TransactWriteItem {
	condition := "#status = :active AND account = :account AND " + generation(c.Creator.Generation)
	values := operands(item.Item{":active": item.String(string(user.Active)), ":account": item.String(string(c.Token.Account))}, c.Creator.Generation)
	if !c.Counted {
		return t.check(c.Creator.Ref, condition, values)
	}
	if values[":one"] = item.Int(1); c.Creator.Made == 0 {
		condition += " AND attribute_not_exists(made)"
	} else {
		condition += " AND made = :made"
		values[":made"] = item.Int(c.Creator.Made)
	}
	return t.raise(c.Creator.Ref, "made", condition, values)
}

// generation is the condition that a profile is of a generation; the first one is not written.
func generation(n int64) string {
	if n == 0 {
		return "attribute_not_exists(generation)"
	}
	return "generation = :generation"
}

func operands(it item.Item, n int64) item.Item {
	if n != 0 {
		it[":generation"] = item.Int(n)
	}
	return it
}

// stewardItem draws the entry that a person answers for a service token. TTL removes it with the token, whose expiry is
// never extended:
//
//	{"pk": "STEWARD#tgNbh7Q7aQP", "sk": "TOKEN#tok_…", "type": "steward", "ttl": seconds}
func stewardItem(tok *token.Token) item.Item {
	it := item.StewardKey(tok.Steward.Ref(), tok.ID).Item()
	it["type"] = item.String("steward")
	if end := tok.RemovableAt(); !end.IsZero() {
		it["ttl"] = item.Int(end.Unix())
	}
	return it
}

// TransferToken is UpdateToken for a change of the steward, who must be an active person.
func (t *Table) TransferToken(ctx context.Context, before, after token.Token, event audit.Event) error {
	const steward = 0
	failed, err := t.transact(ctx, "transferring "+string(before.ID), []types.TransactWriteItem{
		t.check(after.Steward.Ref(), "#status = :active AND account = :account AND kind = :person", item.Item{
			":active": item.String(string(user.Active)), ":account": item.String(string(after.Account)), ":person": item.String(string(user.Person)),
		}),
		t.update(item.OfToken(&before), item.OfToken(&after)),
		{Delete: &types.Delete{TableName: t.name, Key: values(item.StewardKey(before.Steward.Ref(), before.ID).Item())}},
		{Put: &types.Put{TableName: t.name, Item: values(stewardItem(&after))}},
		t.event(&event),
	})
	switch {
	case err != nil:
		return err
	case failed[steward]:
		return store.ErrOwnerInactive
	case len(failed) > 0:
		return store.ErrChanged
	}
	return nil
}

// UpdateToken writes what changed and the event, if nobody else changed the token.
func (t *Table) UpdateToken(ctx context.Context, before, after token.Token, event audit.Event) error {
	return t.writeWithEvent(ctx, string(before.ID), t.update(item.OfToken(&before), item.OfToken(&after)), &event)
}

// RotateToken is UpdateToken with the record of the answer, unless a valid one is there.
func (t *Table) RotateToken(ctx context.Context, before, after token.Token, event audit.Event, replay store.Replay) error {
	const record = 0
	failed, err := t.transact(ctx, "rotating "+string(before.ID), []types.TransactWriteItem{
		t.replay(&replay, event.Time), t.update(item.OfToken(&before), item.OfToken(&after)), t.event(&event),
	})
	switch {
	case err != nil:
		return err
	case failed[record]:
		return fmt.Errorf("rotating %s: %w", before.ID, store.ErrReplay)
	case len(failed) > 0:
		return fmt.Errorf("rotating %s: %w", before.ID, store.ErrChanged)
	}
	return nil
}

func (t *Table) writeWithEvent(ctx context.Context, what string, write types.TransactWriteItem, event *audit.Event) error {
	failed, err := t.transact(ctx, "writing "+what, []types.TransactWriteItem{write, t.event(event)})
	if err != nil {
		return err
	}
	if len(failed) > 0 {
		return fmt.Errorf("writing %s: %w", what, store.ErrChanged)
	}
	return nil
}
