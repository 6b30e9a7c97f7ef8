package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/period"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Settings reads an account's policy:
//
//	{"pk": "ACCOUNT#acc_acme", "sk": "SETTINGS", "type": "settings", "defaultLifetime": "P90D", "maxLifetime": "P1Y",
//	 "allowNeverExpire": false}
//
// A policy that cannot be read is an error: the default might allow what it forbids.
func (t *Table) Settings(ctx context.Context, account user.AccountID) (settings.Settings, error) {
	it, err := t.get(ctx, settingsKeyOf(account))
	if errors.Is(err, errNoItem) {
		return settings.Default(), nil
	}
	if err != nil {
		return settings.Settings{}, err
	}
	s := settings.Settings{AllowNeverExpire: it.bool("allowNeverExpire")}
	for name, p := range map[string]*period.Period{"defaultLifetime": &s.DefaultLifetime, "maxLifetime": &s.MaxLifetime} {
		if text := it.string(name); text != "" {
			if *p, err = period.Parse(text); err != nil {
				return settings.Settings{}, fmt.Errorf("settings of %s: %s: %w", account, name, err)
			}
		}
	}
	return s, nil
}

// Replay reads the record of an idempotency key; an expired one that TTL has not removed yet is returned as well.
func (t *Table) Replay(ctx context.Context, account user.AccountID, digest string) (store.Replay, error) {
	it, err := t.get(ctx, replayKey(account, digest))
	if errors.Is(err, errNoItem) {
		return store.Replay{}, store.ErrNoReplay
	}
	if err != nil {
		return store.Replay{}, err
	}
	return store.Replay{
		Account: account, Digest: digest, Request: it.string("request"), KeyID: it.string("key"), Sealed: it.bytes("sealed"),
		ExpiresAt: it.time("expiresAt"),
	}, nil
}

// replay writes a record unless a valid one is there:
//
//	{"pk": "ACCOUNT#acc_acme", "sk": "IDEMPOTENCY#<digest>", "type": "replay", "request": "<digest>", "key": "k1",
//	 "sealed": <bytes>, "expiresAt": ms, "ttl": seconds}
func (t *Table) replay(r *store.Replay, now time.Time) types.TransactWriteItem {
	it := replayKey(r.Account, r.Digest).item()
	it["type"], it["request"], it["key"], it["sealed"] = str("replay"), str(r.Request), str(r.KeyID), bin(r.Sealed)
	it["expiresAt"], it["ttl"] = instant(r.ExpiresAt), num(r.ExpiresAt.Unix()+1)
	return types.TransactWriteItem{Put: &types.Put{
		TableName: t.name, Item: it, ConditionExpression: aws.String("attribute_not_exists(pk) OR expiresAt <= :now"),
		ExpressionAttributeValues: item{":now": instant(now)},
	}}
}
