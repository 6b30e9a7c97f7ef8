package acceptance

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

// bulk is a bulk revocation as answers show one.
type bulk struct {
	ID                                                *string
	State                                             string
	Complete, MoreResults                             bool
	Total, Revoked, AlreadyRevoked, NotFound, Refused int
	Results                                           []struct{ ID, Outcome string }
	Reason, StopReason                                *string
}

func (b bulk) outcomes() (out []string) {
	for _, r := range b.Results {
		out = append(out, r.Outcome)
	}
	return out
}

// finished waits for the end of a job.
func (c caller) finished(t *testing.T, begun answer) bulk {
	t.Helper()
	path := begun.want(t, 202).header.Get("Location")
	path = path[strings.Index(path, "/v1/"):]
	for deadline := time.Now().Add(40 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if b := decode[bulk](t, c.call(t, "GET", path, nil).want(t, 200)); b.Complete {
			return b
		}
	}
	t.Fatalf("the job %s does not end", path)
	return bulk{}
}

func TestManyTokensAreRevokedInOneJob(t *testing.T) {
	t.Parallel()
	const account = "acc_bulk"
	ada, bob := person(t, account, "ada", "admin"), person(t, account, "bob", "analyst")
	var robots []tok
	for i := range 90 { // three steps
		robots = append(robots, ada.create(t, object{"name": fmt.Sprint("robot ", i), "kind": "service", "scopes": []string{"orders:read"}}))
	}
	personal, kept := bob.create(t, nil), ada.create(t, object{"kind": "service", "scopes": []string{"tokens:read"}})
	killer := ada.create(t, object{"kind": "service", "scopes": []string{"tokens:delete"}})
	foreign := person(t, "acc_bulk_other", "ada", "admin").create(t, nil)
	ids := append(list(len(robots), func(i int) string { return robots[i].ID }), personal.ID, foreign.ID)
	request := object{"ids": ids, "reason": "leaked in a build log"}

	dry := object{"ids": ids, "dryRun": true}
	unchanged(t, []string{account, "acc_bulk_other"}, func() {
		found := decode[bulk](t, ada.call(t, "POST", "/v1/tokens/bulk-revoke", dry).want(t, 200))
		if found.ID != nil || found.State != "dry-run" || !found.Complete || found.Revoked != 90 || found.Refused != 1 || found.NotFound != 1 {
			t.Errorf("%+v", found)
		}
	})
	his := object{"filter": object{"owner": bob.me(t).ID}, "dryRun": true}
	if found := decode[bulk](t, ada.call(t, "POST", "/v1/tokens/bulk-revoke", his).want(t, 200)); found.Total != 1 || found.Refused != 1 {
		t.Errorf("%+v", found)
	}
	done := ada.finished(t, ada.call(t, "POST", "/v1/tokens/bulk-revoke", request, "Idempotency-Key", "the-leak"))
	if done.State != "done" || done.Total != 92 || done.Revoked != 90 || done.Refused != 1 || done.NotFound != 1 || len(done.Results) != 92 || done.MoreResults || *done.Reason != "leaked in a build log" {
		t.Errorf("%+v", done)
	}
	for _, robot := range robots {
		robot.bearer().downstream(t, "GET", nil).want(t, 401)
	}
	for _, still := range []tok{personal, kept, foreign} {
		still.bearer().call(t, "GET", "/v1/ping", nil).want(t, 200)
	}
	events := decode[eventPage](t, ada.call(t, "GET", robots[0].path()+"/events?action=token.revoked", nil).want(t, 200)).Records
	if len(events) != 1 || *events[0].Reason != "leaked in a build log" {
		t.Errorf("%+v", events)
	}
	tried := ada.events(t, "/v1/events", url.Values{"outcome": {"refused"}})
	if len(tried) != 1 || tried[0].Action != "token.revoked" || tried[0].Target != *done.ID || *tried[0].Code != "not_owner" || tried[0].Count != 1 {
		t.Errorf("the job is told as %+v", tried)
	}
	again := decode[bulk](t, ada.call(t, "POST", "/v1/tokens/bulk-revoke", request, "Idempotency-Key", "the-leak").want(t, 202))
	if again.ID == nil || *again.ID != *done.ID || !again.Complete {
		t.Errorf("the same request again is another job: %+v", again)
	}
	refuses(t, []string{account}, map[string]bad{
		"another request under the key": {ada, "POST", "/v1/tokens/bulk-revoke", object{"ids": ids[:1]}, []string{"Idempotency-Key", "the-leak"}, 422, "idempotency_key_reused", "Idempotency-Key reused", "new key"},
		"a job without leave":           {bob, "POST", "/v1/tokens/bulk-revoke", request, nil, 403, "insufficient_scope", "", "tokens:delete"},
		"a look without leave":          {bob, "GET", "/v1/jobs/" + *done.ID, nil, nil, 403, "insufficient_scope", "", "tokens:delete"},
		"cancelling without leave":      {bob, "DELETE", "/v1/jobs/" + *done.ID, nil, nil, 403, "insufficient_scope", "", "tokens:delete"},
		"cancelling another's job":      {killer.bearer(), "DELETE", "/v1/jobs/" + *done.ID, nil, nil, 403, "not_maker", "", "began itself"},
		"cancelling what is done":       {ada, "DELETE", "/v1/jobs/" + *done.ID, nil, nil, 409, "job_over", "", "it is done"},
		"nothing":                       {ada, "POST", "/v1/tokens/bulk-revoke", object{}, nil, 422, "invalid_fields", "ids required", "1000"},
		"ids and a filter":              {ada, "POST", "/v1/tokens/bulk-revoke", object{"ids": ids, "filter": object{"kind": "service"}}, nil, 422, "invalid_fields", "filter contradiction", "not both"},
		"an empty filter":               {ada, "POST", "/v1/tokens/bulk-revoke", object{"filter": object{}}, nil, 422, "invalid_fields", "filter empty", "revoke-issued-before"},
		"over 1,000 ids":                {ada, "POST", "/v1/tokens/bulk-revoke", object{"ids": list(1001, func(int) string { return ids[0] })}, nil, 422, "invalid_fields", "ids too_many", "1000"},
		"what is no id":                 {ada, "POST", "/v1/tokens/bulk-revoke", object{"ids": []string{ids[0], "x"}}, nil, 422, "invalid_fields", "ids[1] bad_id", "tok_"},
		"an unknown scope":              {ada, "POST", "/v1/tokens/bulk-revoke", object{"filter": object{"scope": "orders:fly"}}, nil, 422, "invalid_fields", "filter.scope unknown_scope", "orders:fly"},
		"an unknown member":             {ada, "POST", "/v1/tokens/bulk-revoke", object{"filter": object{"colour": "red"}}, nil, 422, "invalid_fields", "filter.colour unknown_field", "no such field"},
		"a filter's member twice":       {ada, "POST", "/v1/tokens/bulk-revoke", `{"filter":{"kind":"service","kind":"personal"}}`, nil, 422, "invalid_fields", "filter.kind repeated", "more than once"},
		"a filter that is text":         {ada, "POST", "/v1/tokens/bulk-revoke", object{"filter": "all"}, nil, 422, "invalid_fields", "filter wrong_type", "object"},
		"an owner that is none":         {ada, "POST", "/v1/tokens/bulk-revoke", object{"filter": object{"owner": "ada"}}, nil, 422, "invalid_fields", "filter.owner bad_id", "usr_"},
	})
	stranger := person(t, "acc_bulk_other", "ada", "admin")
	stranger.call(t, "GET", "/v1/jobs/"+*done.ID, nil).want(t, 404)
	stranger.call(t, "DELETE", "/v1/jobs/"+*done.ID, nil).want(t, 404)
	set(t, "JOBS#"+account, "JOB#"+*done.ID, "type", str("no job"))
	ourFault(t, ada, "GET", "/v1/jobs/"+*done.ID, nil)
	ourFault(t, ada, "DELETE", "/v1/jobs/"+*done.ID, nil)
}

func TestAFilterRevokesWhatMatchesAndExistsNow(t *testing.T) {
	t.Parallel()
	ada, bob := person(t, "acc_bulk_filter", "ada", "admin"), person(t, "acc_bulk_filter", "bob", "analyst")
	reader, writer := ada.create(t, object{"kind": "service", "scopes": []string{"orders:read"}}), ada.create(t, object{"kind": "service", "scopes": []string{"orders:write"}})
	his := bob.create(t, nil)
	time.Sleep(500 * time.Millisecond)
	done := ada.finished(t, ada.call(t, "POST", "/v1/tokens/bulk-revoke", object{"filter": object{"kind": "service", "scope": "orders:read", "environment": "live", "createdBefore": time.Now(), "unusedSince": time.Now()}}))
	if done.Revoked != 1 || done.Results[0].ID != reader.ID {
		t.Errorf("%+v", done)
	}
	reader.bearer().downstream(t, "GET", nil).want(t, 401)
	writer.bearer().call(t, "GET", "/v1/ping", nil).want(t, 200)
	filter := object{"filter": object{"owner": his.UserID}}
	if done := ada.finished(t, ada.call(t, "POST", "/v1/tokens/bulk-revoke", filter)); strings.Join(done.outcomes(), " ") != "refused" {
		t.Errorf("%+v", done)
	}
	his.bearer().call(t, "GET", "/v1/ping", nil).want(t, 200)
	ada.call(t, "PUT", "/v1/settings", object{"adminsMayRevokePersonalTokens": true}, "If-Match", `"0"`).want(t, 200)
	if done := ada.finished(t, ada.call(t, "POST", "/v1/tokens/bulk-revoke", filter)); strings.Join(done.outcomes(), " ") != "revoked" {
		t.Errorf("%+v", done)
	}
	his.bearer().call(t, "GET", "/v1/ping", nil).want(t, 401)
}
