package item

import (
	"fmt"

	"github.com/tokenwright/tokenwright/internal/user"
)

// OfUser draws a user:
//
//	{"pk": "OWNER#tgNbh7Q7aQP", "sk": "PROFILE", "type": "user", "account": "acc_acme",
//	 "accountPk": "ACCOUNT#acc_acme#USERS", "accountSk": "tgNbh7Q7aQP",
//	 "kind": "person", "subject": "ada", "roles": ["admin"], "status": "active", "createdAt": ms, "updatedAt": ms, "version": 1}
func OfUser(u *user.User) Item {
	it := ProfileKey(u.Ref).Item()
	it["type"], it["account"], it["kind"] = String("user"), String(string(u.Account)), String(string(u.Kind))
	it["accountPk"], it["accountSk"] = String(AccountUsers(u.Account)), String(string(u.Ref))
	it["status"], it["version"] = String(string(u.Status)), Int(u.Version)
	it["createdAt"], it["updatedAt"] = Time(u.CreatedAt), Time(u.UpdatedAt)
	it["roles"] = ListOf(u.Roles, String)
	it.SetString("subject", u.Subject)
	return it
}

// User reads a user.
func User(it Item) (user.User, error) {
	id, err := user.ParseID("usr_" + it.String("accountSk"))
	if err != nil || it.String("type") != "user" || it.String("status") == "" || it.String("account") == "" {
		return user.User{}, fmt.Errorf("item %s is no user", it.String("pk"))
	}
	return user.User{
		Ref: id.Ref(), Account: user.AccountID(it.String("account")), Subject: it.String("subject"), Kind: user.Kind(it.String("kind")),
		Roles: it.Strings("roles"), Status: user.Status(it.String("status")), CreatedAt: it.Time("createdAt"),
		UpdatedAt: it.Time("updatedAt"), Version: it.Int("version"),
	}, nil
}
