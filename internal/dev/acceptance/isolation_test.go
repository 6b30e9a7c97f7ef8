package acceptance

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// sameButForTheID fails the test unless two answers differ in nothing but the request's id.
func sameButForTheID(t *testing.T, a, b answer) {
	t.Helper()
	plain := func(a answer) string { return strings.ReplaceAll(a.body, a.header.Get("X-Amzn-Requestid"), "") }
	if a.status != b.status || plain(a) != plain(b) {
		t.Errorf("%s: %d %s\n%s: %d %s", a.what, a.status, a.body, b.what, b.status, b.body)
	}
	for name := range a.header {
		if name != "Date" && !strings.HasPrefix(name, "X-Am") && strings.Join(a.header[name], "|") != strings.Join(b.header[name], "|") {
			t.Errorf("%s: %s is %q and %q", a.what, name, a.header[name], b.header[name])
		}
	}
	if len(a.header) != len(b.header) {
		t.Errorf("%s: %v and %v", a.what, a.header, b.header)
	}
}

func TestATokenOfAnotherAccountIsAnsweredLikeOneThatNeverWas(t *testing.T) {
	t.Parallel()
	ada := person(t, "acc_theirs", "ada", "admin")
	personal := ada.create(t, object{"name": "theirs"})
	service := ada.create(t, object{"name": "theirs", "kind": "service", "scopes": []string{"*"}})
	// The same subject, in another account: another person.
	namesake := person(t, "acc_ours", "ada", "admin")
	insider := namesake.create(t, object{"kind": "service", "scopes": []string{"*"}}).bearer()
	unchanged(t, []string{"acc_theirs", "acc_ours"}, func() {
		for _, theirs := range []tok{personal, service} {
			unknown := theirs
			unknown.ID = theirs.ID[:len(theirs.ID)-4] + "0000"
			nobody := tok{ID: "tok_0000000000000000000000"}
			for _, c := range []caller{namesake, insider} {
				for _, call := range []struct {
					method, below string
					body          any
					headers       []string
				}{
					{"GET", "", nil, nil}, {"DELETE", "", nil, nil}, {"DELETE", "", nil, []string{"If-Match", `"1"`}}, {"DELETE", "", nil, []string{"If-Match", `"9"`}},
					{"PATCH", "", object{"isActive": false}, nil}, {"PATCH", "", object{"expiresAt": nil, "scopes": nil}, nil}, {"PATCH", "", object{"name": ""}, nil},
					{"PATCH", "", object{"name": "ours"}, []string{"If-Match", `"9"`}}, {"POST", "/rotate", nil, nil}, {"POST", "/rotate", object{"gracePeriod": "P8D"}, nil},
				} {
					got := c.call(t, call.method, theirs.path()+call.below, call.body, call.headers...).want(t, 404)
					sameButForTheID(t, got, c.call(t, call.method, unknown.path()+call.below, call.body, call.headers...))
					sameButForTheID(t, got, c.call(t, call.method, nobody.path()+call.below, call.body, call.headers...))
				}
			}
		}
	})
	for _, token := range []tok{personal, service} {
		token.bearer().call(t, "GET", "/v1/ping", nil).want(t, 200)
	}
}

func TestListsStayWithinTheAccount(t *testing.T) {
	t.Parallel()
	ada, mallory := person(t, "acc_list_a", "ada", "admin"), person(t, "acc_list_b", "ada", "admin")
	var theirs []tok
	for range 4 {
		theirs = append(theirs, ada.create(t, object{"name": "needle"}))
	}
	theirs = append(theirs, ada.create(t, object{"name": "needle", "kind": "service", "scopes": []string{}}))
	own := mallory.create(t, object{"name": "needle"})
	for _, query := range []string{"", "q=needle", "status=active", "limit=100", "owner=me", "q=" + theirs[0].ID, "owner=" + theirs[0].UserID, "owner=" + theirs[4].UserID} {
		p := decode[page](t, mallory.call(t, "GET", "/v1/tokens?"+query, nil).want(t, 200))
		for _, r := range p.Records {
			if r.AccountID != "acc_list_b" || r.ID != own.ID {
				t.Errorf("%s shows %+v", query, r)
			}
		}
	}
	for _, theirs := range []tok{theirs[0], theirs[4]} {
		known := mallory.call(t, "GET", "/v1/tokens?limit=1&owner="+theirs.UserID, nil).want(t, 200)
		unknown := mallory.call(t, "GET", "/v1/tokens?limit=1&owner=usr_00000000000", nil).want(t, 200)
		sameButForTheID(t, known, unknown)
	}
	for _, query := range []string{"limit=1", "limit=1&owner=me"} {
		cursor := *decode[page](t, ada.call(t, "GET", "/v1/tokens?"+query, nil).want(t, 200)).Next
		foreign := mallory.call(t, "GET", "/v1/tokens?"+query+"&cursor="+url.QueryEscape(cursor), nil).want(t, 400)
		sameButForTheID(t, foreign, mallory.call(t, "GET", "/v1/tokens?"+query+"&cursor=forged", nil))
		ada.call(t, "GET", "/v1/tokens?"+query+"&cursor="+url.QueryEscape(cursor), nil).want(t, 200)
	}
}

// Whoever knows the id of another account's token may try whatever they like with it: they learn nothing of it, and leave
// nothing where that account would find it.
func TestAnotherAccountsEventsAreNeitherSeenNorAddedTo(t *testing.T) {
	t.Parallel()
	ada := person(t, "acc_events_a", "ada", "admin")
	theirs := []tok{ada.create(t, nil), ada.create(t, object{"kind": "service", "scopes": []string{"orders:read"}})}
	unknown := tok{ID: "tok_0000000000000000000000"}
	viewer, admin := person(t, "acc_events_b", "vic", "viewer"), person(t, "acc_events_b", "ada", "admin")
	narrow := admin.create(t, object{"kind": "service", "scopes": []string{"audit:read"}}).bearer()
	viewer.me(t)
	before := map[string][]event{}
	for _, token := range theirs {
		ada.call(t, "PATCH", token.path(), object{"name": "renamed"}).want(t, 200)
		before[token.ID] = ada.events(t, token.path()+"/events", url.Values{})
	}
	for _, c := range []caller{viewer, narrow} {
		for _, token := range append(theirs, unknown) {
			c.call(t, "PATCH", token.path(), object{"name": "ours"}).want(t, 403)
			c.call(t, "DELETE", token.path(), nil).want(t, 403)
			c.call(t, "POST", token.path()+"/rotate", nil).want(t, 403)
			c.call(t, "POST", token.path()+"/transfer", object{"userId": "usr_00000000000"}).want(t, 403)
		}
	}
	begun := admin.call(t, "POST", "/v1/tokens/bulk-revoke", object{"ids": []string{theirs[0].ID, theirs[1].ID, unknown.ID}})
	if b := admin.finished(t, begun); b.NotFound != 3 {
		t.Errorf("the job: %+v", b)
	}
	for _, c := range []caller{viewer, admin, narrow} {
		for _, query := range []string{"", "?outcome=refused", "?limit=1", "?from=2020-01-01T00:00:00Z"} {
			never := c.call(t, "GET", unknown.path()+"/events"+query, nil).want(t, 404)
			for _, token := range theirs {
				sameButForTheID(t, c.call(t, "GET", token.path()+"/events"+query, nil), never)
			}
		}
	}
	for _, token := range theirs {
		if after := ada.events(t, token.path()+"/events", url.Values{}); len(after) != 2 || fmt.Sprint(ids(after)) != fmt.Sprint(ids(before[token.ID])) {
			t.Errorf("the account itself sees %+v of its token", after)
		}
	}
	for _, e := range ada.events(t, "/v1/events", url.Values{}) {
		if e.Outcome == "refused" {
			t.Errorf("the account itself sees %+v", e)
		}
	}
	// What was tried is told where those belong who tried it: once for each caller and action.
	tried, count := admin.events(t, "/v1/events", url.Values{"outcome": {"refused"}}), 0
	for _, e := range tried {
		count += e.Count
	}
	if count != 2*3*4 || len(tried) > 2*2*4 { // all within one minute, or around its end
		t.Errorf("24 attempts are told as %d: %+v", count, tried)
	}
}

// A client whose answer was lost sends the call again, as SDKs do, and has one working secret.
func TestARotationThatIsRetriedLeavesAWorkingSecret(t *testing.T) {
	t.Parallel()
	ada := person(t, "acc_retry", "ada", "admin")
	token := ada.create(t, object{"scopes": []string{"orders:read"}})
	rotate := func(c caller, path, key string, body any) answer {
		return c.call(t, "POST", path+"/rotate", body, "Idempotency-Key", key)
	}
	first := decode[tok](t, rotate(ada, token.path(), "k1", nil).want(t, 200))
	again := decode[tok](t, rotate(ada, token.path(), "k1", nil).want(t, 200))
	if again.Token != first.Token || again.Version != first.Version || first.Token == token.Token {
		t.Errorf("the retry answers version %d after %d", again.Version, first.Version)
	}
	bearer(again.Token).call(t, "GET", "/v1/ping", nil).want(t, 200)
	if p := decode[problem](t, rotate(ada, token.path(), "k1", object{"gracePeriod": "PT1H"}).want(t, 422)); p.Code != "idempotency_key_reused" {
		t.Errorf("%+v", p)
	}
	// A token by itself: with the old secret, while that still works.
	self := bearer(first.Token)
	second := decode[tok](t, rotate(self, "/v1/tokens/self", "k2", object{"gracePeriod": "PT1H"}).want(t, 200))
	if retried := decode[tok](t, rotate(self, "/v1/tokens/self", "k2", object{"gracePeriod": "PT1H"}).want(t, 200)); retried.Token != second.Token {
		t.Error("the retry of a token by itself answers another secret")
	}
	if late := decode[tok](t, rotate(ada, token.path(), "k1", nil).want(t, 200)); late.Token != first.Token { // which works, in its grace
		t.Error("the retry answers another secret")
	}
	rotate(ada, token.path(), "k3", nil).want(t, 200)
	if p := decode[problem](t, rotate(ada, token.path(), "k1", nil).want(t, 409)); p.Code != "rotated_again" {
		t.Errorf("%+v", p)
	}
	ada.call(t, "DELETE", token.path(), nil).want(t, 204)
	if p := decode[problem](t, rotate(ada, token.path(), "k3", nil).want(t, 409)); p.Code != "token_revoked" {
		t.Errorf("%+v", p)
	}
}

func TestAnIdempotencyKeyIsOnesOwn(t *testing.T) {
	t.Parallel()
	body := object{"name": "the same", "scopes": []string{}, "expiresAt": "2040-01-01T00:00:00Z"}
	const key = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
	ada := person(t, "acc_key_a", "ada", "admin")
	first := ada.create(t, body, "Idempotency-Key", key)
	helper := ada.create(t, object{"kind": "service", "scopes": []string{"tokens:write"}, "expiresAt": nil})
	created := map[string]string{first.ID: first.Token}
	for who, c := range map[string]caller{
		"another account": person(t, "acc_key_b", "ada", "admin"), "another person": person(t, "acc_key_a", "bob", "admin"), "a token": helper.bearer(),
	} {
		other := c.create(t, body, "Idempotency-Key", key)
		if created[other.ID] != "" {
			t.Errorf("%s got %s, which is another's", who, other.ID)
		}
		created[other.ID] = other.Token
	}
	unchanged(t, []string{"acc_key_a", "acc_key_b"}, func() {
		if again := ada.create(t, body, "Idempotency-Key", key); again.Token != first.Token || again.ID != first.ID {
			t.Errorf("the same request again is another token: %s and %s", first.ID, again.ID)
		}
		reused := ada.call(t, "POST", "/v1/tokens", object{"name": "another"}, "Idempotency-Key", key).want(t, 422)
		if p := decode[problem](t, reused); p.Code != "idempotency_key_reused" || p.Errors[0].Field != "Idempotency-Key" {
			t.Errorf("the key with another body: %s", reused.body)
		}
	})
}

func TestARepeatedCreateMakesOneToken(t *testing.T) {
	t.Parallel()
	ada := person(t, "acc_repeat", "ada", "viewer")
	ada.create(t, nil) // so that nobody has to be stored first
	var got [8]string
	var all sync.WaitGroup
	for i := range got {
		all.Go(func() {
			got[i] = ada.call(t, "POST", "/v1/tokens", object{"name": "once"}, "Idempotency-Key", "once").body
		})
	}
	all.Wait()
	for _, other := range got {
		if other != got[0] || !strings.Contains(other, `"token"`) {
			t.Errorf("eight requests with one key got different answers: %s and %s", got[0], other)
		}
	}
	if listed := decode[page](t, ada.call(t, "GET", "/v1/tokens?q=once", nil).want(t, 200)); len(listed.Records) != 1 {
		t.Errorf("%d tokens were made", len(listed.Records))
	}
}

func TestOfTwoChangesToOneVersionOneIsMade(t *testing.T) {
	t.Parallel()
	ada := person(t, "acc_race", "ada", "viewer")
	token := ada.create(t, nil)
	var statuses [8]int
	var all sync.WaitGroup
	for i := range statuses {
		all.Go(func() {
			statuses[i] = ada.call(t, "PATCH", token.path(), object{"name": string(rune('a' + i))}, "If-Match", `"1"`).status
		})
	}
	all.Wait()
	count := map[int]int{}
	for _, status := range statuses {
		count[status]++
	}
	if count[200] != 1 || count[412] != 7 {
		t.Errorf("statuses %v, want one 200 and seven 412", count)
	}
}
