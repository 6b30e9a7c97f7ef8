package lifecycle_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/job"
	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/period"
	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// tenant is an account with something of every kind.
type tenant struct {
	admin, viewer, robot lifecycle.Caller
	person               user.ID
	tokens               []token.ID
}

// settle gives an account something of every kind that the table can hold.
func (w *world) settle(account user.AccountID) tenant {
	w.Helper()
	ctx, ada, vic := w.Context(), person(account, "ada", "admin"), viewer(account, "vic")
	w.known(ada, vic)
	must := func(err error) {
		w.Helper()
		if err != nil {
			w.Fatal(err)
		}
	}
	personal := w.create(vic, lifecycle.Create{IdempotencyKey: "once", Scopes: list("orders:read")})
	service := w.service(ada, "tokens:write", "tokens:delete", "tokens:read", "users:write", "users:delete", "scim:users", "orders:read")
	handed, doomed := w.service(ada, "orders:read"), w.service(ada, "orders:read")
	_, err := w.Rotate(ctx, ada, id(service), 0, period.MustParse("PT1H"))
	must(err)
	_, err = w.Transfer(ctx, ada, id(handed), 0, vic.User)
	must(err)
	_, err = w.Update(ctx, vic, id(personal), 0, lifecycle.Update{Name: value("renamed")})
	must(err)
	rules := settings.Default()
	rules.Personal.MaxTokensPerUser, rules.RolesFrom = 50, settings.Tokenwright
	_, _, err = w.SetSettings(ctx, ada, 0, rules)
	must(err)
	entry, err := w.CreateEntry(ctx, ada, lifecycle.Entry{Subject: "grace", Active: true, DisplayName: "Grace", Directory: user.Directory{ExternalID: "1"}})
	must(err)
	leaver, err := w.PutUser(ctx, ada, lifecycle.Person{ID: user.RefOf(account, "bob").ID()}, 0, lifecycle.SetUser{Subject: "bob"})
	must(err)
	_, err = w.Offboard(ctx, ada, lifecycle.Person{ID: leaver.ID()}, 0)
	must(err)
	must(w.RevokeIssuedBefore(ctx, ada, nil, w.now.AddDate(0, 0, -1), "old"))
	ids := w.begin(ada, lifecycle.BulkRevoke{IDs: []token.ID{doomed.Token.ID, personal.Token.ID}, IdempotencyKey: "job"})
	must(w.RunJob(ctx, account, ids.ID))
	w.begin(ada, lifecycle.BulkRevoke{Filter: &job.Filter{Owner: vic.User}})
	return tenant{
		admin: ada, viewer: vic, robot: w.bearer(service), person: entry.ID(),
		tokens: []token.ID{personal.Token.ID, service.Token.ID, handed.Token.ID, doomed.Token.ID},
	}
}

// meddle has everybody of one account try everything with everything of another, whatever becomes of it.
func (w *world) meddle(who, with tenant) {
	w.Helper()
	ctx := w.Context()
	for _, c := range []lifecycle.Caller{who.viewer, who.admin, who.robot} {
		for _, id := range with.tokens {
			target := lifecycle.Target{ID: id}
			_, _ = w.Update(ctx, c, target, 0, lifecycle.Update{Name: value("ours")})
			_, _ = w.Rotate(ctx, c, target, 0, period.Period{})
			_, _ = w.Transfer(ctx, c, target, 0, c.User)
			_ = w.Revoke(ctx, c, target, 0)
		}
		for _, id := range []user.ID{with.person, with.admin.User, with.robot.User} {
			target := lifecycle.Person{ID: id}
			_, _ = w.PutUser(ctx, c, target, 0, lifecycle.SetUser{Subject: "grace", Roles: value([]string{"viewer"})})
			_, _ = w.Suspend(ctx, c, target, 0)
			_, _ = w.Resume(ctx, c, target, 0)
			_, _ = w.Offboard(ctx, c, target, 0)
			_, _ = w.ChangeEntry(ctx, c, id, 0, func(e *lifecycle.Entry) error { e.Active = false; return nil })
			_ = w.DeleteEntry(ctx, c, id, 0)
			_ = w.RevokeIssuedBefore(ctx, c, &target, w.now, "")
			_, _ = w.Transfer(ctx, c, lifecycle.Target{ID: who.tokens[1]}, 0, id)
			_, _ = w.BulkRevoke(ctx, c, lifecycle.BulkRevoke{Filter: &job.Filter{Owner: id}, IdempotencyKey: "filter"})
		}
		if j, err := w.BulkRevoke(ctx, c, lifecycle.BulkRevoke{IDs: with.tokens, IdempotencyKey: "job of theirs"}); err == nil {
			_ = w.RunJob(ctx, c.Account, j.ID)
		}
		_, _ = w.CreateEntry(ctx, c, lifecycle.Entry{Subject: "grace", Active: true})
		_, _, _ = w.SetAPIRules(ctx, c, lifecycle.SetRules{Rules: route.Rules{API: "a1", Default: route.Deny, AnswersFor: route.WholeAPI}})
		_, _ = w.Create(ctx, c, lifecycle.Create{Name: "x", Kind: token.Service, Scopes: list("*"), IdempotencyKey: "once"})
	}
}

// keysOf returns all keys of an item, in the table and in the index.
func keysOf(it map[string]types.AttributeValue) (keys []string) {
	for _, name := range []string{"pk", "sk", "accountPk", "accountSk"} {
		if key := text(it[name]); key != "" {
			keys = append(keys, key)
		}
	}
	return keys
}

// partitions are those of accounts, by what their names begin with. What follows is the account, or a user of it.
var partitions = map[string]string{
	"ACCOUNT": "account", "REFUSED": "account", "TALLY": "account", "JOBS": "account", "SETTINGS": "account", "EVENTS": "account",
	"OWNER": "user", "STEWARD": "user",
}

// Nothing that one account causes lies under a key that does not name that account, or under one that names another's.
func TestEveryKeyNamesTheAccountItIsOf(t *testing.T) {
	w := start(t)
	w.OperatorAccount = "acc_operator"
	operator := person("acc_operator", "olga", "admin")
	w.known(operator)
	if _, _, err := w.SetAPIRules(t.Context(), operator, lifecycle.SetRules{Rules: route.Rules{API: "a1", Default: route.Deny, AnswersFor: route.WholeAPI}}); err != nil {
		t.Fatal(err)
	}
	ours, theirs := w.settle("acc_acme"), w.settle("acc_evil")
	w.now = w.now.Add(time.Minute)
	w.meddle(ours, theirs)
	w.meddle(theirs, ours)

	items := w.fixture.Items(t, "")
	accounts := map[string]string{} // of users, by reference
	for _, it := range items {
		if text(it["type"]) == "user" {
			accounts[strings.TrimPrefix(text(it["pk"]), "OWNER#")] = text(it["account"])
		}
	}
	met := map[string]bool{}
	for _, it := range items {
		if text(it["type"]) == "routes" { // the deployment's, and so not an account's
			if text(it["account"]) != "" || text(it["pk"]) != "API#a1" || text(it["accountPk"]) != "APIS" {
				t.Errorf("rules lie under %q", keysOf(it))
			}
			continue
		}
		owner := ""
		for _, name := range []string{"pk", "accountPk"} {
			key := text(it[name])
			if key == "" {
				continue
			}
			kind, rest, _ := strings.Cut(key, "#")
			whose, _, _ := strings.Cut(rest, "#")
			if partitions[kind] == "user" {
				whose = accounts[whose]
			}
			if met[kind] = true; partitions[kind] == "" || whose == "" {
				t.Errorf("%s names no account: %q", key, keysOf(it))
			}
			if owner == "" {
				owner = whose
			}
			if owner != whose || it["account"] != nil && text(it["account"]) != whose {
				t.Errorf("an item of %s, by its attribute of %q, lies under a key of %s: %q", owner, text(it["account"]), whose, keysOf(it))
			}
		}
		for ref, account := range accounts {
			if at := slices.IndexFunc(keysOf(it), func(key string) bool { return strings.Contains(key, ref) }); at >= 0 && account != owner {
				t.Errorf("an item of %s lies under a key that names a user of %s: %q", owner, account, keysOf(it))
			}
		}
	}
	if want := slices.Sorted(maps.Keys(partitions)); !slices.Equal(slices.Sorted(maps.Keys(met)), want) {
		t.Errorf("the accounts have something in the partitions %v, want %v: this test proves too little", slices.Sorted(maps.Keys(met)), want)
	}
}
