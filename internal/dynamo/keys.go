package dynamo

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Every key of the table is made here.
//
//	pk                sk                        accountPk (by-account)  accountSk
//	OWNER#<ref>       PROFILE                   ACCOUNT#<id>#USERS      <ref>
//	OWNER#<ref>       TOKEN#<token ref>         ACCOUNT#<id>#TOKENS     <token ref>#<owner ref>
//	ACCOUNT#<id>      SETTINGS
//	ACCOUNT#<id>      EVENT#<digits of the id>
//	ACCOUNT#<id>      IDEMPOTENCY#<digest>
//
// Token references and event ids begin with their time, so sort keys are in order of age.
const (
	indexByAccount = "by-account"
	ownerPrefix    = "OWNER#"
	accountPrefix  = "ACCOUNT#"
	tokenPrefix    = "TOKEN#"
	profileKey     = "PROFILE"
	settingsKey    = "SETTINGS"
	eventPrefix    = "EVENT#"
	replayPrefix   = "IDEMPOTENCY#"
)

type key struct{ pk, sk string }

func (k key) item() item { return item{"pk": str(k.pk), "sk": str(k.sk)} }

func ownerPk(ref user.Ref) string             { return ownerPrefix + string(ref) }
func accountPk(account user.AccountID) string { return accountPrefix + string(account) }

func tokenKey(id token.ID) key           { return key{ownerPk(id.Owner()), tokenPrefix + id.Ref()} }
func profileKeyOf(ref user.Ref) key      { return key{ownerPk(ref), profileKey} }
func settingsKeyOf(a user.AccountID) key { return key{accountPk(a), settingsKey} }
func eventKey(a user.AccountID, id audit.ID) key {
	return key{accountPk(a), eventPrefix + id.Digits()}
}
func replayKey(a user.AccountID, digest string) key { return key{accountPk(a), replayPrefix + digest} }

func accountTokens(a user.AccountID) string { return accountPk(a) + "#TOKENS" }
func accountUsers(a user.AccountID) string  { return accountPk(a) + "#USERS" }
func tokenAge(id token.ID) string           { return id.Ref() + "#" + string(id.Owner()) }

// tokenIDOf reads the id out of an item's keys.
func tokenIDOf(it item) (token.ID, error) {
	pk, _ := it["pk"].(*types.AttributeValueMemberS)
	sk, _ := it["sk"].(*types.AttributeValueMemberS)
	if pk == nil || sk == nil {
		return "", token.ErrBadID
	}
	return token.ParseID("tok_" + strings.TrimPrefix(pk.Value, ownerPrefix) + strings.TrimPrefix(sk.Value, tokenPrefix))
}
