package item

import (
	"fmt"

	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/user"
)

// OfReplay draws the record of an idempotency key:
//
//	{"pk": "ACCOUNT#acc_acme", "sk": "IDEMPOTENCY#<digest>", "type": "replay", "request": "<digest>", "key": "k1",
//	 "sealed": <bytes>, "expiresAt": ms, "ttl": seconds}
func OfReplay(r *store.Replay) Item {
	it := ReplayKey(r.Account, r.Digest).Item()
	it["type"], it["request"], it["key"], it["sealed"] = String("replay"), String(r.Request), String(r.KeyID), Bytes(r.Sealed)
	it["expiresAt"], it["ttl"] = Time(r.ExpiresAt), Int(r.ExpiresAt.Unix()+1)
	return it
}

// Replay reads the record of an idempotency key.
func Replay(it Item, account user.AccountID, digest string) (store.Replay, error) {
	r := reader{it: it}
	r.isA("replay")
	out := store.Replay{
		Account: account, Digest: digest, Request: r.text("request"), KeyID: r.text("key"), Sealed: []byte(r.bytes("sealed")), ExpiresAt: r.instant("expiresAt"),
	}
	if r.err != nil {
		return store.Replay{}, fmt.Errorf("replay record of %s: %w", account, r.err)
	}
	return out, nil
}
