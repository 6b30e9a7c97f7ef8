package dynamo

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/dynamo/item"
	"github.com/tokenwright/tokenwright/internal/retry"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// CreateToken writes a token, its event, the token user of a service token and the replay record in one transaction,
// which also holds that the creator is active, and was not offboarded and invited again, at that moment: nobody creates a
// token after they were offboarded.
func (t *Table) CreateToken(ctx context.Context, c store.Creation) error {
	const creator, replay = 0, 1
	writes := []types.TransactWriteItem{t.creator(&c)} // this one and the maker's: whoever reads again sees what became of them
	if c.Replay != nil {
		writes = append(writes, t.replay(c.Replay, c.Event.Time))
	}
	if c.TokenUser != nil {
		writes = append(writes, t.putNew(item.OfUser(c.TokenUser)), t.putNew(stewardItem(&c.Token)))
	}
	writes = append(writes, t.putNew(item.OfToken(&c.Token)), t.event(&c.Event))
	maker := len(writes)
	writes = append(writes, t.maker(c.Maker)...)

	failed, err := t.transact(ctx, retry.Creating, "creating "+string(c.Token.ID), writes)
	switch {
	case err != nil:
		return err
	case c.Replay != nil && failed[replay]:
		return store.ErrReplay
	case failed[creator] || failed[maker]:
		return store.ErrChanged
	case len(failed) > 0:
		return store.ErrExists
	}
	return nil
}

// creator holds that the creator is as a creation wants it, and numbers their personal tokens. One that was counted holds that there
// is none since; one that was not, that none was counted since. So those that nobody counts are in nobody's way.
func (t *Table) creator(c *store.Creation) types.TransactWriteItem {
	open := statusIs("=", user.Active).and(ofAccount(c.Token.Account)).and(generation(c.Creator.Generation))
	if c.Given {
		open = open.and(sameRolesAs(c.Creator.Roles))
	}
	if c.TokenUser != nil {
		return t.check(c.Creator.Ref, open)
	}
	e := expression{add: []string{"made :one"}, names: map[string]string{}, operands: item.Item{":one": item.Int(1)}}
	held := numbered("counted", c.Creator.Counted)
	if c.Counted {
		e.add, held = append(e.add, "counted :one"), numbered("made", c.Creator.Made)
	}
	return e.write(t, item.ProfileKey(c.Creator.Ref).Item(), open.and(held))
}

// maker holds the token by which another is written, and whose roles it lends.
func (t *Table) maker(m *store.Maker) (checks []types.TransactWriteItem) {
	if m == nil {
		return nil
	}
	checks = append(checks, t.hold(item.TokenKey(m.Token), condition{
		"#version = :held", map[string]string{"#version": "version"}, item.Item{":held": item.Int(m.Version)},
	}))
	if m.Owner != nil {
		checks = append(checks, t.check(m.Owner.Ref, holds(m.Owner.Roles)))
	}
	return checks
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
	failed, err := t.transact(ctx, retry.Changing, "transferring "+string(before.ID), []types.TransactWriteItem{
		t.check(after.Steward.Ref(), statusIs("=", user.Active).and(ofAccount(after.Account)).and(condition{
			"kind = :person", nil, item.Item{":person": item.String(string(user.Person))},
		})),
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

// UpdateTokenBeside is UpdateToken if the calling token, where one is named, is what was read, and with the record of the answer
// (nil = none), unless a valid one is there.
func (t *Table) UpdateTokenBeside(ctx context.Context, w store.TokenEnding, replay *store.Replay) error {
	writes := []types.TransactWriteItem{t.update(item.OfToken(&w.Before), item.OfToken(&w.After)), t.event(&w.Event)}
	record := len(writes)
	if replay != nil {
		writes = append(writes, t.replay(replay, w.Event.Time))
	}
	failed, err := t.transact(ctx, retry.Changing, "writing "+string(w.Before.ID), append(writes, t.maker(w.Maker)...))
	switch {
	case err != nil:
		return err
	case replay != nil && failed[record]:
		return fmt.Errorf("writing %s: %w", w.Before.ID, store.ErrReplay)
	case len(failed) > 0:
		return fmt.Errorf("writing %s: %w", w.Before.ID, store.ErrChanged)
	}
	return nil
}

func (t *Table) writeWithEvent(ctx context.Context, what string, write types.TransactWriteItem, event *audit.Event) error {
	failed, err := t.transact(ctx, retry.Changing, "writing "+what, []types.TransactWriteItem{write, t.event(event)})
	if err != nil {
		return err
	}
	if len(failed) > 0 {
		return fmt.Errorf("writing %s: %w", what, store.ErrChanged)
	}
	return nil
}
