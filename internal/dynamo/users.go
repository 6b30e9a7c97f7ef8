package dynamo

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/dynamo/item"
	"github.com/tokenwright/tokenwright/internal/retry"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// SaveUser writes a new user, or what changed of one, and the event.
func (t *Table) SaveUser(ctx context.Context, before *user.User, after user.User, event audit.Event) error {
	if before != nil {
		return t.writeWithEvent(ctx, string(after.ID()), t.updateUser(before, &after), &event)
	}
	failed, err := t.transact(ctx, retry.Changing, "creating "+string(after.ID()), []types.TransactWriteItem{t.putNew(item.OfUser(&after)), t.event(&event)})
	if err == nil && len(failed) > 0 {
		return store.ErrExists
	}
	return err
}

// ConfirmRoles notes when a user's roles were said again. It is no change that anybody sees: neither version nor event. What
// else changes meanwhile does not matter, and so nobody can hold up others' requests by changing their profiles.
func (t *Table) ConfirmRoles(ctx context.Context, before user.User, at time.Time) error {
	was := item.OfUser(&before)
	after := before
	after.RolesStatedAt = at
	failed, err := t.transact(ctx, retry.Changing, "noting the roles of "+string(before.ID()), []types.TransactWriteItem{
		difference(was, item.OfUser(&after)).write(t, was, sameRoles(was)),
	})
	if err == nil && len(failed) > 0 {
		return store.ErrChanged
	}
	return err
}

// sameRoles is the condition that roles are as they were read, and said when they were.
func sameRoles(was item.Item) condition {
	return condition{text: "attribute_exists(pk)"}.and(unchanged(was, "roles")).and(unchanged(was, "rolesStatedAt"))
}

// updateUser writes what changed of a user. That the same roles were said again leaves the version, so roles are written
// only over those that were read as of when they were said.
func (t *Table) updateUser(before, after *user.User) types.TransactWriteItem {
	was, is := item.OfUser(before), item.OfUser(after)
	if before.RolesStatedAt.Equal(after.RolesStatedAt) {
		return t.update(was, is)
	}
	return t.update(was, is, "rolesStatedAt")
}

// SaveUserBeside is SaveUser if others are still as they must be. It asks for no version of theirs: the other administrator could
// hold a change up by going on to change themselves.
func (t *Table) SaveUserBeside(ctx context.Context, w store.UserEnding) error {
	write := t.putNew(item.OfUser(&w.After))
	if w.Before.Version != 0 {
		write = t.updateUser(&w.Before, &w.After)
	}
	writes := append([]types.TransactWriteItem{write, t.event(&w.Event)}, t.beside(&w)...)
	failed, err := t.transact(ctx, retry.Changing, "writing "+string(w.After.ID()), writes)
	switch {
	case err != nil || len(failed) == 0:
		return err
	case failed[0] && w.Before.Version == 0:
		return store.ErrExists
	}
	return store.ErrChanged
}

// beside holds what a write asks of others. A transaction takes no item twice, and who gives is most often the other
// administrator.
func (t *Table) beside(w *store.UserEnding) (checks []types.TransactWriteItem) {
	asked := map[user.Ref]condition{}
	if left := w.Administrators; left != nil && left.Other != "" {
		asked[left.Other] = administrates(left.Roles)
	}
	if w.Giver != nil {
		held := holds(w.Giver.Roles)
		if other, ok := asked[w.Giver.Ref]; ok {
			held = other.and(held)
		}
		asked[w.Giver.Ref] = held
	}
	for ref, c := range asked {
		checks = append(checks, t.check(ref, c))
	}
	if w.ByProvider {
		checks = append(checks, t.checkSettings(w.After.Account))
	}
	return checks
}

// People returns people of an account by id, from the index by-account, read whole from their own items.
func (t *Table) People(ctx context.Context, account user.AccountID, after user.ID, limit int) ([]user.User, user.ID, error) {
	var start item.Item
	if after != "" {
		start = item.ProfileKey(after.Ref()).Item()
		start["accountPk"], start["accountSk"] = item.String(item.AccountUsers(account)), item.String(string(after.Ref()))
	}
	items, last, err := t.indexed(ctx, account, item.AccountUsers(account), start, limit, true)
	if err != nil {
		return nil, "", err
	}
	people := make([]user.User, len(items))
	for i, it := range items {
		if people[i], err = item.User(it); err != nil {
			return nil, "", err
		}
	}
	if last == nil {
		return people, "", nil
	}
	return people, user.Ref(last.String("accountSk")).ID(), nil
}

// Owners returns users by reference, those that exist, and the account's settings, in as few reads as DynamoDB lets.
func (t *Table) Owners(ctx context.Context, account user.AccountID, refs []user.Ref) (map[user.Ref]user.User, settings.Settings, error) {
	ctx, cancel := context.WithTimeout(ctx, TotalTimeout)
	defer cancel()
	refs = slices.Compact(slices.Sorted(slices.Values(refs)))
	owners := make(map[user.Ref]user.User, len(refs))
	var policy settings.Settings
	for chunk := range slices.Chunk(refs, maxBatchGet-1) {
		keys := []item.Key{item.SettingsKey(account)}
		for _, ref := range chunk {
			keys = append(keys, item.ProfileKey(ref))
		}
		items, err := t.batch(ctx, keys)
		if err != nil {
			return nil, settings.Settings{}, err
		}
		if policy, err = item.Settings(items[keys[0]]); err != nil {
			return nil, settings.Settings{}, err
		}
		for i, ref := range chunk {
			it := items[keys[i+1]]
			if it == nil {
				continue
			}
			if owners[ref], err = item.User(it); err != nil {
				return nil, settings.Settings{}, err
			}
		}
	}
	return owners, policy, nil
}

// maxBatchGet is DynamoDB's limit for one BatchGetItem.
const maxBatchGet = 100

// Stewarded returns service tokens that a person answers for, from a partition of the person's own, strongly consistent.
func (t *Table) Stewarded(ctx context.Context, ref user.Ref, after token.ID, limit int) ([]token.ID, token.ID, error) {
	ctx, cancel := context.WithTimeout(ctx, TotalTimeout)
	defer cancel()
	in := &dynamodb.QueryInput{
		KeyConditionExpression:    aws.String("pk = :pk"),
		ExpressionAttributeValues: values(item.Item{":pk": item.String(item.StewardPK(ref))}),
		ConsistentRead:            aws.Bool(true),
	}
	if after != "" {
		in.ExclusiveStartKey = values(item.StewardKey(ref, after).Item())
	}
	items, last, err := t.query(ctx, in, limit)
	if err != nil {
		return nil, "", err
	}
	ids := make([]token.ID, len(items))
	for i, it := range items {
		if ids[i], err = stewardedID(it); err != nil {
			return nil, "", err
		}
	}
	if last == nil {
		return ids, "", nil
	}
	end, err := stewardedID(last)
	return ids, end, err
}

func stewardedID(it item.Item) (token.ID, error) {
	return token.ParseID(strings.TrimPrefix(it.String("sk"), item.TokenPrefix))
}
