package item

import (
	"strings"
	"time"

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
//	ACCOUNT#<id>      EVENT#<digits of the id>  EVENTS#<id>#<token id>  <digits of the id>           (about tokens)
//	ACCOUNT#<id>      IDEMPOTENCY#<digest>
//	REFUSED#<id>      EVENT#<digits of the id>  EVENTS#<id>#<token id>  <digits of the id>           (about tokens)
//	TALLY#<id>        <minute>#<ref>
//	JOBS#<id>         JOB#<job id>
//	API#<api id>      ROUTES                    APIS                    <api id>
//
// <id> is the account's, and a <ref> is derived from it or drawn for one user of it: every key of what belongs to an account
// names the account, in the index as well, so that nothing one account writes can lie where another one reads. The rules of
// APIs belong to the deployment. Account ids hold no '#'.
//
// Token references and event ids begin with their time, so sort keys are in order of age. Settings, and the lists of what
// a person answers for, have partitions of their own, because IAM can tell partitions apart and not sort keys: the
// authorizer may read policies, but no events, and what hands a token on may delete from such a list, but no token.
// Refused attempts lie apart from changes: they can be many, and a partition bears 1,000 writes a second, which revoking
// needs; and they are counted, while an event of a change is never changed.
const (
	TokenPrefix    = "TOKEN#"
	ownerPrefix    = "OWNER#"
	accountPrefix  = "ACCOUNT#"
	stewardPrefix  = "STEWARD#"
	profileSk      = "PROFILE"
	settingsSk     = "SETTINGS"
	EventPrefix    = "EVENT#"
	refusedPrefix  = "REFUSED#"
	tallyPrefix    = "TALLY#"
	settingsPrefix = "SETTINGS#"
	replayPrefix   = "IDEMPOTENCY#"
	apiPrefix      = "API#"
	routesSk       = "ROUTES"
	aboutPrefix    = "EVENTS#"
)

// Key is the primary key of an item.
type Key struct{ PK, SK string }

// Item returns the key as the attributes it stands for.
func (k Key) Item() Item { return Item{"pk": String(k.PK), "sk": String(k.SK)} }

// KeyOf reads an item's key.
func KeyOf(it Item) Key { return Key{it.String("pk"), it.String("sk")} }

// OwnerPK is the partition of an owner: the profile and the tokens.
func OwnerPK(ref user.Ref) string { return ownerPrefix + string(ref) }

// AccountPK is the partition of an account: events of changes, and replay records.
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

// ParseSettingsKey reads whose policy a key is of; ok is false for any other key.
func ParseSettingsKey(k Key) (user.AccountID, bool) {
	name, ok := strings.CutPrefix(k.PK, settingsPrefix)
	account, err := user.ParseAccount(name)
	return account, ok && k.SK == settingsSk && err == nil
}

// RoutesKey is where the rules of an API lie.
func RoutesKey(api route.APIID) Key { return Key{apiPrefix + string(api), routesSk} }

// AllRoutes is the partition of the index that lists them. They belong to the deployment and to no account.
const AllRoutes = "APIS"

// EventKey is where an audit event lies.
func EventKey(a user.AccountID, id audit.ID) Key {
	return Key{AccountPK(a), EventPrefix + id.Digits()}
}

// RefusedPK is the partition of an account's refused attempts.
func RefusedPK(account user.AccountID) string { return refusedPrefix + string(account) }

// RefusedKey is where the event of a refused attempt lies.
func RefusedKey(a user.AccountID, id audit.ID) Key {
	return Key{RefusedPK(a), EventPrefix + id.Digits()}
}

// TallyKey is where a tally lies.
func TallyKey(a user.AccountID, person user.ID, minute time.Time) Key {
	return Key{tallyPrefix + string(a), audit.Earliest(minute) + "#" + string(person.Ref())}
}

// EventID reads the id out of an event's key.
func EventID(it Item) audit.ID { return audit.IDOf(strings.TrimPrefix(it.String("sk"), EventPrefix)) }

// ReplayKey is where the record of an idempotency key lies.
func ReplayKey(a user.AccountID, digest string) Key { return Key{AccountPK(a), replayPrefix + digest} }

// AccountTokens and AccountUsers are partitions of the index by-account.
func AccountTokens(a user.AccountID) string { return AccountPK(a) + "#TOKENS" }

// AccountUsers is the other one.
func AccountUsers(a user.AccountID) string { return AccountPK(a) + "#USERS" }

// TokenEvents is the partition of the index that lists an account's events about a token.
func TokenEvents(a user.AccountID, id token.ID) string {
	return aboutPrefix + string(a) + "#" + string(id)
}

// FormerTokenEvents is the partition in which earlier versions listed what all accounts had tried with a token. Nothing is
// written there any more, and it empties itself as events reach the end of their retention.
func FormerTokenEvents(id token.ID) string { return aboutPrefix + string(id) }

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
