package item

import (
	"fmt"
	"strings"

	"github.com/tokenwright/tokenwright/internal/user"
)

// OfUser draws a user:
//
//	{"pk": "OWNER#tgNbh7Q7aQP", "sk": "PROFILE", "type": "user", "account": "acc_acme",
//	 "accountPk": "ACCOUNT#acc_acme#USERS", "accountSk": "tgNbh7Q7aQP",
//	 "kind": "person", "subject": "ada", "displayName": "Ada", "roles": ["admin"], "status": "active", "generation": 1,
//	 "issuedBefore": ms, "purge": "pending", "purged": 100,
//	 "directory": {"externalId": "…", "givenName": "Ada", "familyName": "Lovelace", "email": "ada@example.com"}, "createdAt": ms, "updatedAt": ms, "version": 1}
//
// A token user has no place in the index: it is found by its token.
func OfUser(u *user.User) Item {
	it := ProfileKey(u.Ref).Item()
	it["type"], it["account"], it["kind"] = String("user"), String(string(u.Account)), String(string(u.Kind))
	if u.Kind == user.Person {
		it["accountPk"], it["accountSk"] = String(AccountUsers(u.Account)), String(string(u.Ref))
	}
	it["status"], it["version"] = String(string(u.Status)), Int(u.Version)
	it["createdAt"], it["updatedAt"] = Time(u.CreatedAt), Time(u.UpdatedAt)
	it["roles"] = ListOf(u.Roles, String)
	it.SetString("subject", u.Subject)
	it.SetString("displayName", u.DisplayName)
	it.SetTime("issuedBefore", u.IssuedBefore)
	if u.Directory != (user.Directory{}) {
		it["directory"] = ofDirectory(&u.Directory)
	}
	if u.Generation != 0 {
		it["generation"] = Int(u.Generation)
	}
	if u.Purge.State != user.NoPurge {
		it["purge"], it["purged"] = String(string(u.Purge.State)), Int(u.Purge.Removed)
	}
	return it
}

func ofDirectory(d *user.Directory) Value {
	it := Item{}
	it.SetString("externalId", d.ExternalID)
	it.SetString("givenName", d.GivenName)
	it.SetString("familyName", d.FamilyName)
	it.SetString("email", d.Email)
	return MapOf(it)
}

// User reads a user.
func User(it Item) (user.User, error) {
	id, err := user.ParseID("usr_" + strings.TrimPrefix(it.String("pk"), ownerPrefix))
	if err != nil || it.String("type") != "user" || it.String("status") == "" || it.String("account") == "" {
		return user.User{}, fmt.Errorf("item %s is no user", it.String("pk"))
	}
	directory := it["directory"].Fields
	return user.User{
		Ref: id.Ref(), Account: user.AccountID(it.String("account")), Subject: it.String("subject"), Kind: user.Kind(it.String("kind")),
		Roles: it.Strings("roles"), Status: user.Status(it.String("status")), CreatedAt: it.Time("createdAt"),
		UpdatedAt: it.Time("updatedAt"), Version: it.Int("version"), Generation: it.Int("generation"), IssuedBefore: it.Time("issuedBefore"),
		DisplayName: it.String("displayName"), Purge: user.Purge{State: user.PurgeState(it.String("purge")), Removed: it.Int("purged")},
		Directory: user.Directory{
			ExternalID: directory.String("externalId"), GivenName: directory.String("givenName"), FamilyName: directory.String("familyName"), Email: directory.String("email"),
		},
	}, nil
}
