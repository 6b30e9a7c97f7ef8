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
//	 "kind": "person", "subject": "ada", "displayName": "Ada", "roles": ["admin"], "rolesStatedAt": ms,
//	 "status": "suspended", "suspendedBy": "administrator", "generation": 1, "issuedBefore": ms, "sweep": "<ms>#tok_…",
//	 "made": 3, "counted": 1, "purge": "pending", "purged": 100,
//	 "directory": {"externalId": "…", "givenName": "Ada", "familyName": "Lovelace", "email": "ada@example.com", "emailType": "work"},
//	 "createdAt": ms, "updatedAt": ms, "version": 1}
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
	it.SetTime("rolesStatedAt", u.RolesStatedAt)
	it.SetString("suspendedBy", string(u.SuspendedBy))
	it.SetTime("issuedBefore", u.IssuedBefore)
	it.setSweep(u.Sweep)
	if u.Directory != (user.Directory{}) {
		it["directory"] = ofDirectory(&u.Directory)
	}
	if u.Generation != 0 {
		it["generation"] = Int(u.Generation)
	}
	if u.Made != 0 {
		it["made"] = Int(u.Made)
	}
	if u.Counted != 0 {
		it["counted"] = Int(u.Counted)
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
	it.SetString("emailType", d.EmailType)
	return MapOf(it)
}

// User reads a user.
func User(it Item) (user.User, error) {
	id, err := user.ParseID("usr_" + strings.TrimPrefix(it.String("pk"), ownerPrefix))
	if err != nil {
		return user.User{}, fmt.Errorf("item %s is no user", it.String("pk"))
	}
	r := reader{it: it}
	r.isA("user")
	u := user.User{
		Ref: id.Ref(), Account: user.AccountID(r.text("account")), Subject: r.textOrNone("subject"),
		Kind: word(&r, "kind", user.Person, user.Service), Roles: texts[string](&r, "roles"), RolesStatedAt: r.instantOrNone("rolesStatedAt"),
		SuspendedBy: wordOrNone(&r, "suspendedBy", user.Administrator, user.ByDirectory),
		Status:      word(&r, "status", user.Active, user.Suspended, user.Offboarded), Generation: r.numberOrNone("generation"),
		IssuedBefore: r.instantOrNone("issuedBefore"), DisplayName: r.textOrNone("displayName"), Made: r.numberOrNone("made"), Counted: r.numberOrNone("counted"),
		Purge: user.Purge{State: wordOrNone(&r, "purge", user.PurgePending, user.PurgeDone), Removed: r.numberOrNone("purged")}, Sweep: r.sweepOrNone(),
		CreatedAt: r.instant("createdAt"), UpdatedAt: r.instant("updatedAt"), Version: r.number("version"),
	}
	if r.has("directory") {
		d := r.fields("directory")
		u.Directory = user.Directory{
			ExternalID: d.textOrNone("externalId"), GivenName: d.textOrNone("givenName"), FamilyName: d.textOrNone("familyName"),
			Email: d.textOrNone("email"), EmailType: d.textOrNone("emailType"),
		}
		r.err = d.err
	}
	if r.err == nil && u.Account == "" {
		r.refuse("account", "is empty")
	}
	if r.err != nil {
		return user.User{}, fmt.Errorf("item of %s: %w", id, r.err)
	}
	if u.Status == user.Suspended && u.SuspendedBy != user.ByDirectory { // earlier versions did not say who
		u.SuspendedBy = user.Administrator
	}
	return u, nil
}
