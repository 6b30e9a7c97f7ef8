package acceptance

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// event is an audit event as answers show it.
type event struct {
	ID, Action, Outcome, Target string
	Time                        time.Time
	Code, Reason                *string
	Count                       int
	Actor                       struct {
		UserID, Kind string
		TokenID      *string
	}
	Origin  struct{ IP, UserAgent, RequestID *string }
	Changes []struct {
		Field         string
		Before, After any
	}
}

type eventPage struct {
	Records []event
	HasMore bool
	Next    *string
}

// events reads a list of events to its end.
func (c caller) events(t *testing.T, path string, query url.Values) (out []event) {
	t.Helper()
	for range 100 {
		p := decode[eventPage](t, c.call(t, "GET", path+"?"+query.Encode(), nil).want(t, 200))
		out = append(out, p.Records...)
		if !p.HasMore {
			return out
		}
		query.Set("cursor", *p.Next)
	}
	t.Fatal("the list does not end")
	return nil
}

func TestEveryChangeHasExactlyOneEventThatTellsIt(t *testing.T) {
	t.Parallel()
	const account = "acc_every_change"
	ada, bob := person(t, account, "ada", "admin"), person(t, account, "bob", "analyst")
	her, him := ada.me(t), bob.me(t)
	token, robot := bob.create(t, nil), ada.create(t, object{"kind": "service", "scopes": []string{"users:read"}})
	for _, step := range []struct {
		caller
		method, path string
		body         any
		headers      []string
		status       int
		want         string // the event: action, target and what changed
	}{
		{bob, "PATCH", token.path(), object{"name": "b", "isActive": false}, nil, 200, "token.updated " + token.ID + " name isActive"},
		{bob, "PATCH", token.path(), object{"name": "b"}, nil, 200, ""}, // nothing changes
		{bob, "PATCH", token.path(), object{"isActive": true}, nil, 200, "token.updated " + token.ID + " isActive"},
		{bob, "POST", token.path() + "/rotate", nil, nil, 200, "token.rotated " + token.ID + " oldSecretExpiresAt"},
		{ada, "POST", robot.path() + "/transfer", object{"userId": him.ID}, nil, 200, "token.transferred " + robot.ID + " steward"},
		{ada, "POST", robot.path() + "/transfer", object{"userId": him.ID}, nil, 200, ""},
		{ada, "PUT", "/v1/settings", object{"rolesFrom": "tokenwright", "personal": object{"maxTokensPerUser": 5}}, []string{"If-Match", `"0"`}, 200, "settings.updated " + account + " personal.maxTokensPerUser rolesFrom"},
		{ada, "PUT", "/v1/settings", object{"rolesFrom": "tokenwright", "personal": object{"maxTokensPerUser": 5}}, []string{"If-Match", `"1"`}, 200, ""},
		{ada, "PUT", him.path(), object{"displayName": "Bob", "roles": []string{"viewer"}}, nil, 200, "user.updated " + him.ID + " displayName roles"},
		{bob, "POST", "/v1/tokens/revoke-issued-before", object{"userId": "me", "before": "2020-01-01T00:00:00Z"}, nil, 204, "tokens.revoked " + him.ID + " issuedBefore"},
		{ada, "POST", "/v1/tokens/revoke-issued-before", object{"before": "2020-01-01T00:00:00Z"}, nil, 204, "tokens.revoked " + account + " issuedBefore"},
		{ada, "POST", him.path() + "/suspend", nil, nil, 200, "user.suspended " + him.ID + " status suspendedBy"},
		{ada, "POST", him.path() + "/resume", nil, nil, 200, "user.resumed " + him.ID + " status suspendedBy"},
		{bob, "DELETE", token.path(), nil, nil, 204, "token.revoked " + token.ID + " status"},
		{bob, "DELETE", token.path(), nil, nil, 204, ""},
		{ada, "DELETE", him.path(), nil, nil, 200, "user.offboarded " + him.ID + " roles status"},
		{ada, "PUT", him.path(), object{"subject": "bob"}, nil, 200, "user.updated " + him.ID + " status"},
	} {
		before := ada.events(t, "/v1/events", url.Values{"limit": {"100"}})
		a := step.call(t, step.method, step.path, step.body, append(step.headers, "User-Agent", "acceptance/1")...).want(t, step.status)
		after := ada.events(t, "/v1/events", url.Values{"limit": {"100"}})
		var told []string
		for _, e := range after[:len(after)-len(before)] {
			fields := []string{e.Action, e.Target}
			for _, c := range e.Changes {
				fields = append(fields, c.Field)
				if fmt.Sprint(c.Before) == fmt.Sprint(c.After) {
					t.Errorf("%s: %s did not change: %+v", a.what, c.Field, c)
				}
			}
			told = append(told, strings.Join(fields, " "))
			if e.Outcome != "done" || e.Code != nil || *e.Origin.IP != "127.0.0.1" || *e.Origin.UserAgent != "acceptance/1" || *e.Origin.RequestID != a.header.Get("X-Amzn-Requestid") || e.Actor.Kind != "person" {
				t.Errorf("%s: %+v", a.what, e)
			}
		}
		if strings.Join(told, "; ") != step.want {
			t.Errorf("%s: the events %q, want %q", a.what, told, step.want)
		}
	}
	// By a token, and who is behind it.
	helper := ada.create(t, object{"scopes": []string{"users:write"}})
	helper.bearer().call(t, "PUT", her.path(), object{"displayName": "Ada"}).want(t, 200)
	if e := ada.events(t, "/v1/events", url.Values{"token": {helper.ID}, "action": {"user.updated"}}); len(e) != 1 || e[0].Actor.UserID != her.ID || *e[0].Actor.TokenID != helper.ID || e[0].Actor.Kind != "personal" {
		t.Errorf("%+v", e)
	}
}

func TestEventsAreFilteredAndPagedNewestFirst(t *testing.T) {
	t.Parallel()
	const account = "acc_audit"
	ada, bob := person(t, account, "ada", "admin"), person(t, account, "bob", "analyst")
	her, him := ada.me(t), bob.me(t)
	token := bob.create(t, nil)
	time.Sleep(5 * time.Millisecond)
	middle := time.Now().UTC().Format("2006-01-02T15:04:05.000Z07:00")
	time.Sleep(5 * time.Millisecond)
	bob.call(t, "POST", "/v1/tokens", object{"name": "x", "kind": "service", "scopes": []string{}}).want(t, 403)
	ada.call(t, "DELETE", token.path(), nil).want(t, 403)
	bob.call(t, "PATCH", token.path(), object{"name": "x"}).want(t, 200)
	token.bearer().call(t, "PATCH", "/v1/tokens/self", object{"name": "y"}).want(t, 403)

	all := ada.events(t, "/v1/events", url.Values{})
	if len(all) != 7 || !slices.IsSortedFunc(all, func(a, b event) int { return strings.Compare(b.ID, a.ID) }) {
		t.Fatalf("%d events: %+v", len(all), all)
	}
	for query, want := range map[string]int{
		"outcome=done": 4, "outcome=refused": 3, "actor=me": 2, "actor=" + him.ID: 5, "action=token.created": 2, "action=token.created&outcome=refused": 1,
		"token=" + token.ID: 4, "user=" + him.ID: 1, "user=me": 1, "from=" + middle: 4, "to=" + middle: 3, "from=" + middle + "&to=" + middle: 0,
		"actor=" + her.ID + "&outcome=refused": 1, "token=tok_0000000000000000000000": 0,
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		got := ada.events(t, "/v1/events", values)
		if len(got) != want {
			t.Errorf("%s: %d events, want %d", query, len(got), want)
		}
		for _, limit := range []string{"1", "2", "3"} {
			values, _ := url.ParseQuery(query)
			values.Set("limit", limit)
			paged := ada.events(t, "/v1/events", values)
			if fmt.Sprint(ids(paged)) != fmt.Sprint(ids(got)) {
				t.Errorf("%s by %s: %v, want %v", query, limit, ids(paged), ids(got))
			}
		}
	}
	for _, path := range []string{token.path() + "/events", "/v1/events?token=" + token.ID} {
		ada.call(t, "GET", path, nil).want(t, 200)
	}
	if got := bob.events(t, token.path()+"/events", url.Values{"limit": {"1"}}); len(got) != 4 || got[3].Action != "token.created" || *got[0].Code != "insufficient_scope" {
		t.Errorf("of the token: %+v", got)
	}
	if got := token.bearer().events(t, "/v1/tokens/self/events", url.Values{"outcome": {"done"}}); len(got) != 2 {
		t.Errorf("of itself: %+v", got)
	}
	for query, field := range map[string]string{
		"actor=ada": "actor bad_id", "user=ada": "user bad_id", "token=x": "token bad_id", "action=token.eaten": "action bad_value", "outcome=maybe": "outcome bad_value",
		"from=yesterday": "from bad_time", "to=2026": "to bad_time", "limit=0": "limit bad_limit", "cursor=next": "cursor bad_cursor", "actor=me&actor=me": "actor repeated",
		"from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z": "to before_from",
	} {
		p := decode[problem](t, ada.call(t, "GET", "/v1/events?"+query, nil).want(t, 400))
		if len(p.Errors) != 1 || p.Errors[0].Field+" "+p.Errors[0].Code != field {
			t.Errorf("%s: %+v", query, p)
		}
	}
}

func ids(events []event) (out []string) {
	for _, e := range events {
		out = append(out, e.ID)
	}
	return out
}

func TestALeakedTokensHistoryIsFoundByWhatIsNotSecretOfIt(t *testing.T) {
	t.Parallel()
	ada := person(t, "acc_leaked", "ada", "admin")
	token := ada.create(t, nil)
	id := "tok_" + strings.Split(token.Token, "_")[2]
	if got := ada.events(t, "/v1/tokens/"+id+"/events", url.Values{}); len(got) != 1 || got[0].Action != "token.created" {
		t.Errorf("%+v", got)
	}
}

func TestASummaryCountsTheAccountsTokens(t *testing.T) {
	t.Parallel()
	ada, bob := person(t, "acc_summary", "ada", "admin"), person(t, "acc_summary", "bob", "viewer")
	soon, used := bob.create(t, object{"expiresIn": "P7D"}), bob.create(t, nil)
	used.bearer().call(t, "GET", "/v1/ping", nil).want(t, 200)
	revoked, robot := ada.create(t, nil), ada.create(t, object{"kind": "service", "scopes": []string{}, "expiresAt": nil})
	ada.call(t, "DELETE", revoked.path(), nil).want(t, 204)
	old := ada.create(t, nil)
	long := time.Now().AddDate(0, 0, -91).UnixMilli()
	set(t, old.pk(), old.sk(), "createdAt", &types.AttributeValueMemberN{Value: fmt.Sprint(long)})
	type summary struct {
		Total, ExpiringWithin30Days, NeverUsed, UnusedFor90Days int
		ByStatus, ByKind, ByOwner                               map[string]int
		Complete                                                bool
	}
	got := decode[summary](t, ada.call(t, "GET", "/v1/tokens/summary", nil).want(t, 200))
	want := summary{
		Total: 5, ExpiringWithin30Days: 1, NeverUsed: 3, UnusedFor90Days: 1, Complete: true, ByStatus: map[string]int{"active": 4, "revoked": 1},
		ByKind: map[string]int{"personal": 4, "service": 1}, ByOwner: map[string]int{soon.UserID: 2, old.UserID: 2, robot.UserID: 1},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}
