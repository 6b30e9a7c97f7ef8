// Package item is what the table's items look like: their keys and attributes, and how tokens, users and settings are
// written as such and read again. It knows neither the SDK nor the wire, so that the management functions, which use the
// SDK, and the authorizer, which does not, read one form. It guarantees that an item which does not read as what it
// should be is an error and never a value with something missing.
package item

import (
	"fmt"
	"net/netip"

	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// OfToken draws a token:
//
//	{"pk": "OWNER#tgNbh7Q7aQP", "sk": "TOKEN#VbfllxJGMII", "type": "token", "account": "acc_acme",
//	 "accountPk": "ACCOUNT#acc_acme#TOKENS", "accountSk": "VbfllxJGMII#tgNbh7Q7aQP",
//	 "kind": "personal", "environment": "live", "name": "laptop", "description": "…", "active": true,
//	 "scopes": ["orders:read"], "cidrs": ["203.0.113.0/24"],
//	 "notBefore": ms, "expiresAt": ms, "createdAt": ms, "createdBy": "usr_…", "updatedAt": ms, "updatedBy": "usr_…",
//	 "rotatedAt": ms, "revokedAt": ms, "lastUsedAt": ms, "lastUsedIp": "203.0.113.7", "steward": "usr_…", "generation": 1,
//	 "version": 1, "ttl": seconds,
//	 "secrets": [{"digest": <32 bytes>, "key": "k1", "createdAt": ms, "expiresAt": ms}]}
func OfToken(t *token.Token) Item {
	it := TokenKey(t.ID).Item()
	it["type"], it["account"] = String("token"), String(string(t.Account))
	it["accountPk"], it["accountSk"] = String(AccountTokens(t.Account)), String(TokenAge(t.ID))
	it["kind"], it["environment"] = String(string(t.Kind)), String(string(t.Environment))
	it["name"], it["active"], it["version"] = String(t.Name), Bool(t.Active), Int(t.Version)
	it["createdAt"], it["createdBy"] = Time(t.CreatedAt), String(string(t.CreatedBy))
	it["updatedAt"], it["updatedBy"] = Time(t.UpdatedAt), String(string(t.UpdatedBy))
	it.SetString("description", t.Description)
	it.SetString("steward", string(t.Steward))
	if t.Generation != 0 {
		it["generation"] = Int(t.Generation)
	}
	it.SetTime("notBefore", t.NotBefore)
	it.SetTime("expiresAt", t.ExpiresAt)
	it.SetTime("rotatedAt", t.RotatedAt)
	it.SetTime("revokedAt", t.RevokedAt)
	it.SetTime("lastUsedAt", t.LastUsedAt)
	if t.LastUsedIP.IsValid() {
		it["lastUsedIp"] = String(t.LastUsedIP.String())
	}
	if end := t.RemovableAt(); !end.IsZero() {
		it["ttl"] = Int(end.Unix())
	}
	if t.Scopes != nil {
		it["scopes"] = ListOf(t.Scopes, func(p scope.Pattern) Value { return String(string(p)) })
	}
	if len(t.CIDRs) > 0 {
		it["cidrs"] = ListOf(t.CIDRs, func(p netip.Prefix) Value { return String(p.String()) })
	}
	it["secrets"] = ListOf(t.Secrets, ofSecret)
	return it
}

func ofSecret(v token.SecretVersion) Value {
	it := Item{"digest": Bytes(v.Digest.MAC[:]), "key": String(v.Digest.KeyID), "createdAt": Time(v.CreatedAt)}
	it.SetTime("expiresAt", v.ExpiresAt)
	return MapOf(it)
}

// Token reads a token. An item that does not read as one is an error, never a token with something missing: what is
// missing might be what refuses.
func Token(it Item) (token.Token, error) {
	id, err := TokenID(it)
	if err != nil {
		return token.Token{}, err
	}
	r := reader{it: it}
	r.isA("token")
	t := token.Token{
		ID: id, Account: user.AccountID(r.text("account")), Kind: word(&r, "kind", token.Personal, token.Service),
		Environment: word(&r, "environment", token.Live, token.Test), Name: r.text("name"), Description: r.textOrNone("description"),
		Scopes: r.patternsOrNone("scopes"), CIDRs: r.prefixesOrNone("cidrs"), Active: r.truth("active"),
		NotBefore: r.instantOrNone("notBefore"), ExpiresAt: r.instantOrNone("expiresAt"), CreatedAt: r.instant("createdAt"),
		CreatedBy: user.ID(r.text("createdBy")), UpdatedAt: r.instant("updatedAt"), UpdatedBy: user.ID(r.text("updatedBy")),
		RotatedAt: r.instantOrNone("rotatedAt"), RevokedAt: r.instantOrNone("revokedAt"), LastUsedAt: r.instantOrNone("lastUsedAt"),
		Steward: user.ID(r.textOrNone("steward")), Generation: r.numberOrNone("generation"), Version: r.number("version"),
	}
	if s := r.textOrNone("lastUsedIp"); s != "" {
		t.LastUsedIP, _ = netip.ParseAddr(s) // shown, never decided upon
	}
	t.Secrets = secrets(&r)
	if r.err == nil && (t.Account == "" || t.Version == 0) {
		r.refuse("account or version", "is empty")
	}
	if r.err != nil {
		return token.Token{}, fmt.Errorf("item of %s: %w", id, r.err)
	}
	return t, nil
}

func secrets(of *reader) []token.SecretVersion {
	elements := of.list("secrets")
	out := make([]token.SecretVersion, len(elements))
	for i, e := range elements {
		r := reader{it: e.Fields}
		v := token.SecretVersion{
			CreatedAt: r.instant("createdAt"), ExpiresAt: r.instantOrNone("expiresAt"), Digest: token.Digest{KeyID: r.text("key")},
		}
		if copy(v.Digest.MAC[:], r.bytes("digest")) != len(v.Digest.MAC) || v.Digest.KeyID == "" {
			r.refuse("digest", "is not whole")
		}
		if r.err != nil {
			of.refuse("secret version:", r.err.Error())
		}
		out[i] = v
	}
	return out
}
