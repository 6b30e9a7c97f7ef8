package dynamo

import (
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// item is one item as the SDK has it. "None" is the absence of an attribute; times are milliseconds since 1970.
type item map[string]types.AttributeValue

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
func num(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}
func boolean(b bool) types.AttributeValue      { return &types.AttributeValueMemberBOOL{Value: b} }
func bin(b []byte) types.AttributeValue        { return &types.AttributeValueMemberB{Value: b} }
func instant(t time.Time) types.AttributeValue { return num(t.UnixMilli()) }

func list[T any](values []T, one func(T) types.AttributeValue) types.AttributeValue {
	out := make([]types.AttributeValue, len(values))
	for i, v := range values {
		out[i] = one(v)
	}
	return &types.AttributeValueMemberL{Value: out}
}

// setString, setTime and setList leave "none" out.
func (it item) setString(name, s string) {
	if s != "" {
		it[name] = str(s)
	}
}

func (it item) setTime(name string, t time.Time) {
	if !t.IsZero() {
		it[name] = instant(t)
	}
}

func (it item) string(name string) string {
	if v, ok := it[name].(*types.AttributeValueMemberS); ok {
		return v.Value
	}
	return ""
}

func (it item) number(name string) int64 {
	if v, ok := it[name].(*types.AttributeValueMemberN); ok {
		n, _ := strconv.ParseInt(v.Value, 10, 64)
		return n
	}
	return 0
}

func (it item) bool(name string) bool {
	v, ok := it[name].(*types.AttributeValueMemberBOOL)
	return ok && v.Value
}

func (it item) bytes(name string) []byte {
	if v, ok := it[name].(*types.AttributeValueMemberB); ok {
		return v.Value
	}
	return nil
}

func (it item) time(name string) time.Time {
	if _, ok := it[name]; !ok {
		return time.Time{}
	}
	return time.UnixMilli(it.number(name)).UTC()
}

// elements returns a list attribute; nil when it is absent, never nil when it is there.
func (it item) elements(name string) []types.AttributeValue {
	v, ok := it[name].(*types.AttributeValueMemberL)
	if !ok {
		return nil
	}
	return append([]types.AttributeValue{}, v.Value...)
}

func (it item) strings(name string) []string {
	elements := it.elements(name)
	if elements == nil {
		return nil
	}
	out := make([]string, 0, len(elements))
	for _, e := range elements {
		if s, ok := e.(*types.AttributeValueMemberS); ok {
			out = append(out, s.Value)
		}
	}
	return out
}

// tokenItem draws a token:
//
//	{"pk": "OWNER#tgNbh7Q7aQP", "sk": "TOKEN#VbfllxJGMII", "type": "token", "account": "acc_acme",
//	 "accountPk": "ACCOUNT#acc_acme#TOKENS", "accountSk": "VbfllxJGMII#tgNbh7Q7aQP",
//	 "kind": "personal", "environment": "live", "name": "laptop", "description": "…", "active": true,
//	 "scopes": ["orders:read"], "cidrs": ["203.0.113.0/24"],
//	 "notBefore": ms, "expiresAt": ms, "createdAt": ms, "createdBy": "usr_…", "updatedAt": ms, "updatedBy": "usr_…",
//	 "rotatedAt": ms, "revokedAt": ms, "lastUsedAt": ms, "lastUsedIp": "203.0.113.7", "version": 1, "ttl": seconds,
//	 "secrets": [{"digest": <32 bytes>, "key": "k1", "createdAt": ms, "expiresAt": ms}]}
func tokenItem(t *token.Token) item {
	it := tokenKey(t.ID).item()
	it["type"], it["account"] = str("token"), str(string(t.Account))
	it["accountPk"], it["accountSk"] = str(accountTokens(t.Account)), str(tokenAge(t.ID))
	it["kind"], it["environment"] = str(string(t.Kind)), str(string(t.Environment))
	it["name"], it["active"], it["version"] = str(t.Name), boolean(t.Active), num(t.Version)
	it["createdAt"], it["createdBy"] = instant(t.CreatedAt), str(string(t.CreatedBy))
	it["updatedAt"], it["updatedBy"] = instant(t.UpdatedAt), str(string(t.UpdatedBy))
	it.setString("description", t.Description)
	it.setTime("notBefore", t.NotBefore)
	it.setTime("expiresAt", t.ExpiresAt)
	it.setTime("rotatedAt", t.RotatedAt)
	it.setTime("revokedAt", t.RevokedAt)
	it.setTime("lastUsedAt", t.LastUsedAt)
	if t.LastUsedIP.IsValid() {
		it["lastUsedIp"] = str(t.LastUsedIP.String())
	}
	if end := t.RemovableAt(); !end.IsZero() {
		it["ttl"] = num(end.Unix())
	}
	if t.Scopes != nil {
		it["scopes"] = list(t.Scopes, func(p scope.Pattern) types.AttributeValue { return str(string(p)) })
	}
	if len(t.CIDRs) > 0 {
		it["cidrs"] = list(t.CIDRs, func(p netip.Prefix) types.AttributeValue { return str(p.String()) })
	}
	it["secrets"] = list(t.Secrets, secretItem)
	return it
}

func secretItem(v token.SecretVersion) types.AttributeValue {
	it := item{"digest": bin(v.Digest.MAC[:]), "key": str(v.Digest.KeyID), "createdAt": instant(v.CreatedAt)}
	it.setTime("expiresAt", v.ExpiresAt)
	return &types.AttributeValueMemberM{Value: it}
}

// tokenOf reads a token. An item that does not read as one is an error, never a token with something missing: what is
// missing might be what refuses.
func tokenOf(it item) (token.Token, error) {
	id, err := tokenIDOf(it)
	if err != nil {
		return token.Token{}, err
	}
	t := token.Token{
		ID: id, Account: user.AccountID(it.string("account")), Kind: token.Kind(it.string("kind")),
		Environment: token.Environment(it.string("environment")), Name: it.string("name"), Description: it.string("description"),
		Active: it.bool("active"), NotBefore: it.time("notBefore"), ExpiresAt: it.time("expiresAt"), CreatedAt: it.time("createdAt"),
		CreatedBy: user.ID(it.string("createdBy")), UpdatedAt: it.time("updatedAt"), UpdatedBy: user.ID(it.string("updatedBy")),
		RotatedAt: it.time("rotatedAt"), RevokedAt: it.time("revokedAt"), LastUsedAt: it.time("lastUsedAt"), Version: it.number("version"),
	}
	if _, ok := token.ParseKind(string(t.Kind)); !ok || it.string("type") != "token" || t.Account == "" || t.Version == 0 {
		return token.Token{}, fmt.Errorf("item of %s is no token", id)
	}
	if s := it.string("lastUsedIp"); s != "" {
		t.LastUsedIP, _ = netip.ParseAddr(s) // shown, never decided upon
	}
	if patterns := it.strings("scopes"); patterns != nil {
		t.Scopes = make([]scope.Pattern, len(patterns))
		for i, p := range patterns {
			t.Scopes[i] = scope.Pattern(p)
		}
	}
	for _, s := range it.strings("cidrs") {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return token.Token{}, fmt.Errorf("item of %s: address list: %w", id, err)
		}
		t.CIDRs = append(t.CIDRs, p)
	}
	t.Secrets, err = secretsOf(it)
	if err != nil {
		return token.Token{}, fmt.Errorf("item of %s: %w", id, err)
	}
	return t, nil
}

func secretsOf(it item) ([]token.SecretVersion, error) {
	var out []token.SecretVersion
	for _, e := range it.elements("secrets") {
		m, ok := e.(*types.AttributeValueMemberM)
		if !ok {
			return nil, fmt.Errorf("secret version is no map")
		}
		s := item(m.Value)
		v := token.SecretVersion{CreatedAt: s.time("createdAt"), ExpiresAt: s.time("expiresAt"), Digest: token.Digest{KeyID: s.string("key")}}
		if copy(v.Digest.MAC[:], s.bytes("digest")) != len(v.Digest.MAC) || v.Digest.KeyID == "" {
			return nil, fmt.Errorf("secret version without a whole digest")
		}
		out = append(out, v)
	}
	return out, nil
}

// userItem draws a user:
//
//	{"pk": "OWNER#tgNbh7Q7aQP", "sk": "PROFILE", "type": "user", "account": "acc_acme",
//	 "accountPk": "ACCOUNT#acc_acme#USERS", "accountSk": "tgNbh7Q7aQP",
//	 "kind": "person", "subject": "ada", "roles": ["admin"], "status": "active", "createdAt": ms, "updatedAt": ms, "version": 1}
func userItem(u *user.User) item {
	it := profileKeyOf(u.Ref).item()
	it["type"], it["account"], it["kind"] = str("user"), str(string(u.Account)), str(string(u.Kind))
	it["accountPk"], it["accountSk"] = str(accountUsers(u.Account)), str(string(u.Ref))
	it["status"], it["version"] = str(string(u.Status)), num(u.Version)
	it["createdAt"], it["updatedAt"] = instant(u.CreatedAt), instant(u.UpdatedAt)
	it["roles"] = list(u.Roles, str)
	it.setString("subject", u.Subject)
	return it
}

func userOf(it item) (user.User, error) {
	id, err := user.ParseID("usr_" + it.string("accountSk"))
	if err != nil || it.string("type") != "user" || it.string("status") == "" || it.string("account") == "" {
		return user.User{}, fmt.Errorf("item %s is no user", it.string("pk"))
	}
	return user.User{
		Ref: id.Ref(), Account: user.AccountID(it.string("account")), Subject: it.string("subject"), Kind: user.Kind(it.string("kind")),
		Roles: it.strings("roles"), Status: user.Status(it.string("status")), CreatedAt: it.time("createdAt"),
		UpdatedAt: it.time("updatedAt"), Version: it.number("version"),
	}, nil
}
