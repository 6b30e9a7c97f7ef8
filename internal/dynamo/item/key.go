package item

import (
	"strings"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Every key of the table is made here.
//
//	pk                sk                        accountPk (by-account)  accountSk
//	OWNER#<ref>       PROFILE                   ACCOUNT#<id>#USERS      <ref>                        (of people)
//	OWNER#<ref>       TOKEN#<token ref>         ACCOUNT#<id>#TOKENS     <token ref>#<owner ref>
//	STEWARD#<ref>     TOKEN#<token id>
//	SETTINGS#<id>     SETTINGS
//	ACCOUNT#<id>      EVENT#<digits of the id>  EVENTS#<token id>       <digits of the id>           (about tokens)
//	ACCOUNT#<id>      IDEMPOTENCY#<digest>
//	API#<api id>      ROUTES                    APIS                    <api id>
//
// Token references and event ids begin with their time, so sort keys are in order of age. Settings, and the lists of what
// a person answers for, have partitions of their own, because IAM can tell partitions apart and not sort keys: the
// authorizer may read policies, but no events, and what hands a token on may delete from such a list, but no token.
const (
	TokenPrefix    = "TOKEN#"
	ownerPrefix    = "OWNER#"
	accountPrefix  = "ACCOUNT#"
	stewardPrefix  = "STEWARD#"
	profileSk      = "PROFILE"
	settingsSk     = "SETTINGS"
	EventPrefix    = "EVENT#"
	settingsPrefix = "SETTINGS#"
	replayPrefix   = "IDEMPOTENCY#"
	apiPrefix      = "API#"
	routesSk       = "ROUTES"
)

// Key is the primary key of an item.
type Key struct{ PK, SK string }

// Item returns the key as the attributes it stands for.
func (k Key) Item() Item { return Item{"pk": String(k.PK), "sk": String(k.SK)} }

// KeyOf reads an item's key.
func KeyOf(it Item) Key { return Key{it.String("pk"), it.String("sk")} }

// OwnerPK is the partition of an owner: the profile and the tokens.
func OwnerPK(ref user.Ref) string { return ownerPrefix + string(ref) }

// AccountPK is the partition of an account: events and replay records.
func AccountPK(account user.AccountID) string { return accountPrefix + string(account) }

// TokenKey is where a token lies.
func TokenKey(id token.ID) Key { return Key{OwnerPK(id.Owner()), TokenPrefix + id.Ref()} }

// ProfileKey is where a user lies.
func ProfileKey(ref user.Ref) Key { return Key{OwnerPK(ref), profileSk} }

// ParseProfileKey reads whose profile a key is of; ok is false for any other key.
func ParseProfileKey(k Key) (ref user.Ref, ok bool) {
	owner, ok := strings.CutPrefix(k.PK, ownerPrefix)
	id, err := user.ParseID("usr_" + owner)
	return id.Ref(), ok && k.SK == profileSk && err == nil
}

// NoKey is a key under which there is never an item.
func NoKey() Key { return Key{ownerPrefix, profileSk} }

// SettingsKey is where an account's policy lies.
func SettingsKey(a user.AccountID) Key { return Key{settingsPrefix + string(a), settingsSk} }

// RoutesKey is where the rules of an API lie.
func RoutesKey(api route.APIID) Key { return Key{apiPrefix + string(api), routesSk} }

// AllRoutes is the partition of the index that lists them. They belong to the deployment and to no account.
const AllRoutes = "APIS"

// EventKey is where an audit event lies.
func EventKey(a user.AccountID, id audit.ID) Key {
	return Key{AccountPK(a), EventPrefix + id.Digits()}
}

// EventID reads the id out of an event's key.
func EventID(it Item) audit.ID { return audit.IDOf(strings.TrimPrefix(it.String("sk"), EventPrefix)) }

// ReplayKey is where the record of an idempotency key lies.
func ReplayKey(a user.AccountID, digest string) Key { return Key{AccountPK(a), replayPrefix + digest} }

// AccountTokens and AccountUsers are partitions of the index by-account.
func AccountTokens(a user.AccountID) string { return AccountPK(a) + "#TOKENS" }

// AccountUsers is the other one.
func AccountUsers(a user.AccountID) string { return AccountPK(a) + "#USERS" }

// TokenEvents is the partition of the index that lists a token's events.
func TokenEvents(id token.ID) string { return "EVENTS#" + string(id) }

// StewardPK is the partition that lists what a person answers for.
func StewardPK(person user.Ref) string { return stewardPrefix + string(person) }

// StewardKey is where it stands that a person answers for a service token.
func StewardKey(person user.Ref, id token.ID) Key {
	return Key{StewardPK(person), TokenPrefix + string(id)}
}

// TokenAge is a token's sort key in the index.
func TokenAge(id token.ID) string { return id.Ref() + "#" + string(id.Owner()) }

// TokenID reads the id out of an item's keys.
func TokenID(it Item) (token.ID, error) {
	owner, ok := strings.CutPrefix(it.String("pk"), ownerPrefix)
	ref, ok2 := strings.CutPrefix(it.String("sk"), TokenPrefix)
	if !ok || !ok2 {
		return "", token.ErrBadID
	}
	return token.ParseID("tok_" + owner + ref)
}
