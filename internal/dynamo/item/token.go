// Package item is what the table's items look like: their keys and attributes, and how tokens, users and settings are
// written as such and read again. It knows neither the SDK nor the wire, so that the management functions, which use the
// SDK, and the authorizer, which does not, read one form. It guarantees that an item which does not read as what it
// should be is an error and never a value with something missing.
package item

import (
	"errors"
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
	t := token.Token{
		ID: id, Account: user.AccountID(it.String("account")), Kind: token.Kind(it.String("kind")),
		Environment: token.Environment(it.String("environment")), Name: it.String("name"), Description: it.String("description"),
		Active: it.Bool("active"), NotBefore: it.Time("notBefore"), ExpiresAt: it.Time("expiresAt"), CreatedAt: it.Time("createdAt"),
		CreatedBy: user.ID(it.String("createdBy")), UpdatedAt: it.Time("updatedAt"), UpdatedBy: user.ID(it.String("updatedBy")),
		RotatedAt: it.Time("rotatedAt"), RevokedAt: it.Time("revokedAt"), LastUsedAt: it.Time("lastUsedAt"), Version: it.Int("version"),
		Steward: user.ID(it.String("steward")), Generation: it.Int("generation"),
	}
	if _, ok := token.ParseKind(string(t.Kind)); !ok || it.String("type") != "token" || t.Account == "" || t.Version == 0 {
		return token.Token{}, fmt.Errorf("item of %s is no token", id)
	}
	if !it.mayBeTexts("scopes") || !it.mayBeTexts("cidrs") {
		// Taken for absent, they would permit everything from everywhere.
		return token.Token{}, fmt.Errorf("item of %s: scopes or address list are no lists of texts", id)
	}
	if s := it.String("lastUsedIp"); s != "" {
		t.LastUsedIP, _ = netip.ParseAddr(s) // shown, never decided upon
	}
	if patterns := it.Strings("scopes"); patterns != nil {
		t.Scopes = make([]scope.Pattern, len(patterns))
		for i, p := range patterns {
			t.Scopes[i] = scope.Pattern(p)
		}
	}
	for _, s := range it.Strings("cidrs") {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return token.Token{}, fmt.Errorf("item of %s: address list: %w", id, err)
		}
		t.CIDRs = append(t.CIDRs, p)
	}
	t.Secrets, err = secrets(it)
	if err != nil {
		return token.Token{}, fmt.Errorf("item of %s: %w", id, err)
	}
	return t, nil
}

func secrets(it Item) ([]token.SecretVersion, error) {
	var out []token.SecretVersion
	for _, e := range it["secrets"].Elements {
		if e.Kind != Map {
			return nil, errors.New("secret version is no map")
		}
		s := e.Fields
		v := token.SecretVersion{CreatedAt: s.Time("createdAt"), ExpiresAt: s.Time("expiresAt"), Digest: token.Digest{KeyID: s.String("key")}}
		if digest := s["digest"]; digest.Kind != Binary || copy(v.Digest.MAC[:], digest.Text) != len(v.Digest.MAC) || v.Digest.KeyID == "" {
			return nil, errors.New("secret version without a whole digest")
		}
		out = append(out, v)
	}
	return out, nil
}
