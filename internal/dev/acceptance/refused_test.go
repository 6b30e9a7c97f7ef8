package acceptance

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// attempt is a call that somebody without leave makes.
type attempt struct {
	method, path string
	body         any
	action       string
}

// attemptsAt is one attempt, or two, with each function that changes something.
func attemptsAt(robot tok, him, her, me human) []attempt {
	entry, rules := "/scim/v2/Users/"+him.ID, object{"default": "deny", "answersFor": "api", "rules": []any{}}
	return []attempt{
		{"POST", "/v1/tokens", object{"name": "x", "kind": "service", "scopes": []string{}}, "token.created"},
		{"PATCH", robot.path(), object{"name": "x"}, "token.updated"}, {"POST", robot.path() + "/rotate", nil, "token.rotated"},
		{"POST", robot.path() + "/transfer", object{"userId": me.ID}, "token.transferred"}, {"DELETE", robot.path(), nil, "token.revoked"},
		{"POST", "/v1/tokens/bulk-revoke", object{"ids": []string{robot.ID}}, "job.created"},
		{"DELETE", "/v1/jobs/job_AAAAAAAAAAAAAAAAAAAAAA", nil, "job.cancelled"},
		{"POST", "/v1/tokens/revoke-issued-before", object{"before": "2020-01-01T00:00:00Z"}, "tokens.revoked"},
		{"POST", "/v1/tokens/revoke-issued-before", object{"before": "2020-01-01T00:00:00Z", "userId": him.ID}, "tokens.revoked"},
		{"PUT", him.path(), object{"displayName": "x"}, "user.updated"}, {"POST", him.path() + "/suspend", nil, "user.suspended"},
		{"POST", him.path() + "/resume", nil, "user.resumed"}, {"DELETE", him.path(), nil, "user.offboarded"},
		{"PUT", "/v1/settings", object{}, "settings.updated"},
		{"PUT", "/v1/apis/a1b2c3d4e5", rules, "api.updated"}, {"DELETE", "/v1/apis/a1b2c3d4e5", nil, "api.deleted"},
		{"POST", "/scim/v2/Users", object{"schemas": []string{scimUser}, "userName": "eve"}, "user.created"},
		{"PUT", entry, object{"schemas": []string{scimUser}, "userName": "bob"}, "user.updated"}, {"PATCH", "/scim/v2/Users/" + her.ID, active(false), "user.updated"},
		{"DELETE", entry, nil, "user.offboarded"},
	}
}

func TestWhoeverMakesNoiseIsStillRefusedByEachFunction(t *testing.T) {
	t.Parallel()
	const account = "acc_noise"
	ada, vic := person(t, account, "ada", "admin"), person(t, account, "vic", "viewer")
	attempts := attemptsAt(ada.create(t, object{"kind": "service", "scopes": []string{"orders:read"}}), person(t, account, "bob", "analyst").me(t), person(t, account, "carol", "analyst").me(t), vic.me(t))
	with := []caller{vic}
	for range 3 { // what is tried with another credential is told apart
		with = append(with, vic.create(t, nil).bearer())
	}
	time.Sleep(time.Until(time.Now().Add(20 * time.Second).Truncate(time.Minute))) // they are told by the minute, and there are some seconds left of this one
	for _, c := range with {
		for _, a := range attempts {
			c.call(t, a.method, a.path, a.body, "If-Match", `"1"`).want(t, 403)
		}
	}
	counted := map[string]int{}
	for _, e := range ada.events(t, "/v1/events", url.Values{"outcome": {"refused"}}) {
		if *e.Code == "many" {
			counted[e.Action] += e.Count
		}
	}
	for _, a := range attempts {
		if counted[a.action] == 0 {
			t.Errorf("%s after much noise is not counted", a.action)
		}
	}
}

func TestEveryRefusedAttemptIsToldOnceAndCounted(t *testing.T) {
	t.Parallel()
	const account = "acc_refused"
	ada, vic := person(t, account, "ada", "admin"), person(t, account, "vic", "viewer")
	him, her, me := person(t, account, "bob", "analyst").me(t), person(t, account, "carol", "analyst").me(t), vic.me(t)
	robot := ada.create(t, object{"kind": "service", "scopes": []string{"orders:read"}})
	attempts := attemptsAt(robot, him, her, me)
	want := map[string]int{}
	for _, a := range attempts {
		for range 3 {
			vic.call(t, a.method, a.path, a.body, "If-Match", `"1"`).want(t, 403)
			want[a.action]++
		}
	}
	got, events := map[string]int{}, ada.events(t, "/v1/events", url.Values{"outcome": {"refused"}, "actor": {me.ID}})
	for _, e := range events {
		got[e.Action] += e.Count
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the audit counts %v, want %v", got, want)
	}
	if len(events) > 2*len(attempts) { // each once, and again after the end of a minute
		t.Errorf("%d attempts, three times each, are %d events", len(attempts), len(events))
	}
	// Those at the account's token are told with it.
	count := 0
	for _, e := range ada.events(t, robot.path()+"/events", url.Values{"outcome": {"refused"}}) {
		count += e.Count
	}
	if count != 12 {
		t.Errorf("12 attempts at a token are told with it as %d", count)
	}
}

func TestManyAttemptsAtOnceAreAllRefusedAndCounted(t *testing.T) {
	t.Parallel()
	const account = "acc_refused_at_once"
	ada, vic := person(t, account, "ada", "admin"), person(t, account, "vic", "viewer")
	me := vic.me(t)
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			vic.call(t, "DELETE", fmt.Sprintf("/v1/tokens/tok_%022d", i), nil).want(t, 403)
		})
	}
	all.Wait()
	count, events := 0, ada.events(t, "/v1/events", url.Values{"outcome": {"refused"}, "actor": {me.ID}})
	for _, e := range events {
		count += e.Count
	}
	if count != 40 || len(events) > 2 {
		t.Errorf("40 attempts on 40 made-up ids are told as %d in %d events", count, len(events))
	}
}

// TestEventsOfChangesAreNeverChanged: those of refused attempts are counted, and nothing else of them changes.
func TestEventsOfChangesAreNeverChanged(t *testing.T) {
	t.Parallel()
	ada := person(t, "acc_append", "ada", "admin")
	ada.create(t, nil)
	for _, function := range functions() {
		client := as(t, function)
		update := func(pk, attribute string) error {
			_, err := client.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
				TableName: aws.String(tableName(stack)), Key: attributes{"pk": str(pk), "sk": str("EVENT#0")},
				UpdateExpression: aws.String("ADD #n :one"), ConditionExpression: aws.String("attribute_exists(pk)"),
				ExpressionAttributeNames: map[string]string{"#n": attribute}, ExpressionAttributeValues: attributes{":one": &types.AttributeValueMemberN{Value: "1"}},
			})
			return err
		}
		for what, err := range map[string]error{
			"counts in an event of a change": update("ACCOUNT#acc_append", "count"), "changes an event of a change": update("ACCOUNT#acc_append", "target"),
			"changes an event of an attempt": update("REFUSED#acc_append", "target"), "changes a tally": update("TALLY#acc_append", "count"),
			"forgets whose an attempt was": update("REFUSED#acc_append", "account"),
		} {
			if !denied(err) {
				t.Errorf("%s %s: %v", function, what, err)
			}
		}
		_, err := client.Query(t.Context(), &dynamodb.QueryInput{
			TableName: aws.String(tableName(stack)), KeyConditionExpression: aws.String("pk = :a"), ExpressionAttributeValues: attributes{":a": str("REFUSED#acc_append")},
		})
		if may := function == "ListEventsFunction"; denied(err) == may {
			t.Errorf("%s reads refused attempts: %v", function, err)
		}
	}
}

// Whoever asks for something that cannot be read has asked for nothing: not even they themselves are stored for it.
func TestWhoAsksForWhatCannotBeReadIsNotStoredForIt(t *testing.T) {
	t.Parallel()
	id := strings.NewReplacer("{apiId}", "a1b2c3d4e5", "/v1/users/{id}", "/v1/users/me", "/v1/jobs/{id}", "/v1/jobs/job_AAAAAAAAAAAAAAAAAAAAAA", "{id}", "tok_AAAAAAAAAAAAAAAAAAAAAA")
	for i, o := range contract.operations {
		if strings.HasPrefix(o.path, "/scim/") { // which stores no caller
			continue
		}
		method, path, account := strings.ToUpper(o.method), id.Replace(o.path), fmt.Sprintf("acc_unread_%d", i)
		ada := says(t, account, time.Now(), 0, object{"sub": "ada"})
		unchanged(t, []string{account}, func() {
			ada.call(t, method, path+"?colour=red", nil, "If-Match", `"1"`).want(t, 400)
			if _, ok := contract.under(o.place, "requestBody"); !ok {
				return
			}
			if a := ada.call(t, method, path, object{"colour": "red"}, "If-Match", `"1"`); a.status != 400 && a.status != 422 {
				t.Errorf("%s %s: %d %s", method, path, a.status, a.body)
			}
		})
	}
}
