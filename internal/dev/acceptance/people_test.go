package acceptance

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/user"
	"github.com/tokenwright/tokenwright/internal/validate"
)

// human is a user as answers show one.
type human struct {
	ID, AccountID, Kind, DisplayName, Status string
	Subject                                  *string
	Roles, Scopes                            []string
	IssuedBefore                             *time.Time
	Purge                                    *struct {
		State         string
		RemovedTokens int
	}
	Version int
}

func (h human) path() string { return "/v1/users/" + h.ID }

type humanPage struct {
	Records []human
	HasMore bool
	Next    *string
}

type offboarded struct {
	User              human
	ServiceTokens     []string
	MoreServiceTokens bool
}

func (c caller) me(t *testing.T) human {
	t.Helper()
	return decode[human](t, c.call(t, "GET", "/v1/users/me", nil).want(t, 200))
}

// rolesHere lets an account take roles from Tokenwright and waits until everybody knows.
func rolesHere(t *testing.T, admin caller) {
	t.Helper()
	admin.call(t, "PUT", "/v1/settings", object{"rolesFrom": "tokenwright"}, "If-Match", `"0"`).want(t, 200)
	time.Sleep(validate.PolicyAge)
}

func TestAnAnalystsTokenCannotDoWhatAnAdminsCan(t *testing.T) {
	t.Parallel()
	ada, bob := person(t, "acc_analyst", "ada", "admin"), person(t, "acc_analyst", "bob", "analyst")
	his, hers := bob.create(t, nil).bearer(), ada.create(t, nil).bearer()
	him := bob.me(t)
	robot := ada.create(t, object{"kind": "service", "scopes": []string{"orders:read"}})
	denied := func(method, path string, body any, scope string) bad {
		return bad{his, method, path, body, nil, 403, "insufficient_scope", "", scope}
	}
	refuses(t, []string{"acc_analyst"}, map[string]bad{
		"creating":          denied("POST", "/v1/tokens", object{"name": "x", "scopes": []string{}}, "tokens:write"),
		"changing":          denied("PATCH", robot.path(), object{"name": "x"}, "tokens:write"),
		"revoking":          denied("DELETE", robot.path(), nil, "tokens:delete"),
		"rotating":          denied("POST", robot.path()+"/rotate", nil, "tokens:write"),
		"transferring":      denied("POST", robot.path()+"/transfer", object{"userId": him.ID}, "tokens:write"),
		"revoking all":      denied("POST", "/v1/tokens/revoke-issued-before", object{"before": "2020-01-01T00:00:00Z"}, "tokens:delete"),
		"giving roles":      denied("PUT", him.path(), object{"roles": []string{"admin"}}, "users:write"),
		"suspending":        denied("POST", him.path()+"/suspend", nil, "users:write"),
		"resuming":          denied("POST", him.path()+"/resume", nil, "users:write"),
		"offboarding":       denied("DELETE", him.path(), nil, "users:delete"),
		"changing a policy": {his, "PUT", "/v1/settings", object{}, []string{"If-Match", `"0"`}, 403, "insufficient_scope", "", "settings:write"},
	})
	his.downstream(t, "POST", object{"item": "lamp", "quantity": 1}).want(t, 201)
	for _, path := range []string{"/v1/users", "/v1/users/" + him.ID, "/v1/settings", "/v1/events", "/v1/tokens/summary", robot.path() + "/events"} {
		his.call(t, "GET", path, nil).want(t, 200) // *:read
		hers.call(t, "GET", path, nil).want(t, 200)
	}
	eve := person(t, "acc_analyst", "eve", "none") // a role that nobody defined grants nothing
	for path, scope := range map[string]string{
		"/v1/users": "users:read", him.path(): "users:read", "/v1/settings": "settings:read", "/v1/events": "audit:read", "/v1/tokens/summary": "tokens:read", robot.path() + "/events": "audit:read",
	} {
		if a := eve.call(t, "GET", path, nil).want(t, 403); !strings.Contains(a.body, scope) {
			t.Errorf("%s", a.body)
		}
	}
	eve.call(t, "POST", "/v1/settings/preview", object{}).want(t, 403)
	hers.call(t, "PATCH", robot.path(), object{"name": "renamed"}).want(t, 200)
	hers.call(t, "POST", him.path()+"/suspend", nil).want(t, 200)
}

func TestADemotionActsOnTheVeryNextRequest(t *testing.T) {
	t.Parallel()
	ada, bob := person(t, "acc_demote", "ada", "admin"), person(t, "acc_demote", "bob", "admin")
	everything, listed := bob.create(t, nil).bearer(), bob.create(t, object{"scopes": []string{"users:write", "orders:read"}}).bearer()
	him := bob.me(t)
	rolesHere(t, ada)
	rename := func(c caller, status int) {
		t.Helper()
		c.call(t, "PUT", him.path(), object{"displayName": "Bob"}).want(t, status)
	}
	for _, c := range []caller{everything, listed, bob} {
		rename(c, 200)
	}
	demoted := decode[human](t, ada.call(t, "PUT", him.path(), object{"roles": []string{"viewer"}}).want(t, 200))
	if !slices.Equal(demoted.Roles, []string{"viewer"}) || slices.Contains(demoted.Scopes, "users:write") || demoted.DisplayName != "Bob" {
		t.Errorf("%+v", demoted)
	}
	for _, c := range []caller{everything, listed, bob} {
		rename(c, 403)
	}
	listed.downstream(t, "GET", nil).want(t, 200)
	ada.call(t, "PUT", him.path(), object{"roles": []string{"admin"}}).want(t, 200)
	for _, c := range []caller{everything, listed, bob} {
		rename(c, 200)
	}
	listed.call(t, "GET", "/v1/settings", nil).want(t, 403) // a list does not grow
	everything.call(t, "GET", "/v1/settings", nil).want(t, 200)
}

func TestARoleTakenByTheIdentityProviderIsGoneFromTokensOnceItIsSeen(t *testing.T) {
	t.Parallel()
	token := person(t, "acc_claims", "ada", "admin").create(t, nil).bearer()
	token.call(t, "GET", "/v1/settings", nil).want(t, 200)
	demoted := person(t, "acc_claims", "ada", "orders-only").me(t)
	if len(demoted.Scopes) != 0 {
		t.Errorf("%+v", demoted)
	}
	token.call(t, "GET", "/v1/settings", nil).want(t, 403)
}

func TestASuspensionActsOnTheVeryNextRequestAndCanBeUndone(t *testing.T) {
	t.Parallel()
	ada, bob := person(t, "acc_suspend", "ada", "admin"), person(t, "acc_suspend", "bob", "admin")
	token := bob.create(t, nil)
	robot := bob.create(t, object{"kind": "service", "scopes": []string{"orders:read"}}).bearer()
	him := bob.me(t)
	suspended := decode[human](t, ada.call(t, "POST", him.path()+"/suspend", nil, "If-Match", `"1"`).want(t, 200))
	if suspended.Status != "suspended" || suspended.Purge != nil || suspended.Version != 2 {
		t.Errorf("%+v", suspended)
	}
	refusedEverywhere(t, token.bearer(), token)
	refusedEverywhere(t, bob, token)
	robot.downstream(t, "GET", nil).want(t, 200)
	ada.call(t, "POST", him.path()+"/suspend", nil).want(t, 200) // changes nothing
	if again := decode[human](t, ada.call(t, "POST", him.path()+"/resume", nil).want(t, 200)); again.Status != "active" || again.Version != 3 {
		t.Errorf("%+v", again)
	}
	token.bearer().downstream(t, "GET", nil).want(t, 200)
	bob.call(t, "GET", "/v1/ping", nil).want(t, 200)
}

func TestAnOffboardingActsOnTheVeryNextRequestAndLeavesServiceTokensToSomebody(t *testing.T) {
	t.Parallel()
	ada, bob := person(t, "acc_offboard", "ada", "admin"), person(t, "acc_offboard", "bob", "admin")
	token := bob.create(t, nil)
	robot, handed := bob.create(t, object{"kind": "service", "scopes": []string{"orders:read"}}), bob.create(t, object{"kind": "service", "scopes": []string{"orders:read"}})
	him, her := bob.me(t), ada.me(t)
	if robot.Steward == nil || *robot.Steward != him.ID || token.Steward != nil {
		t.Errorf("stewards of %+v and %+v", robot, token)
	}
	transferred := decode[tok](t, ada.call(t, "POST", handed.path()+"/transfer", object{"userId": her.ID}, "If-Match", `"1"`).want(t, 200))
	if *transferred.Steward != her.ID || transferred.UserID != handed.UserID || transferred.Version != 2 || transferred.CreatedBy != him.ID {
		t.Errorf("%+v", transferred)
	}
	left := decode[offboarded](t, ada.call(t, "DELETE", him.path(), nil).want(t, 200))
	if left.User.Status != "offboarded" || !slices.Equal(left.ServiceTokens, []string{robot.ID}) || left.MoreServiceTokens {
		t.Errorf("%+v", left)
	}
	for whose, want := range map[string]string{him.ID: robot.ID, "me": handed.ID} {
		page := decode[struct{ Records []tok }](t, ada.call(t, "GET", "/v1/tokens?status=active&steward="+whose, nil).want(t, 200))
		if len(page.Records) != 1 || page.Records[0].ID != want {
			t.Errorf("%s answers for %+v, want %s", whose, page.Records, want)
		}
	}
	if p := decode[problem](t, ada.call(t, "POST", robot.path()+"/transfer", object{"userId": robot.UserID}).want(t, 422)); p.Errors[0].Field != "userId" {
		t.Errorf("a token's user as steward: %+v", p)
	}
	refusedEverywhere(t, token.bearer(), token)
	refusedEverywhere(t, bob, token)
	for _, service := range []tok{robot, handed} {
		service.bearer().downstream(t, "GET", nil).want(t, 200)
	}
	purged(t, ada, him)
	refuses(t, []string{"acc_offboard"}, map[string]bad{
		"suspending": {ada, "POST", him.path() + "/suspend", nil, nil, 409, "offboarded", "", "offboarded"},
		"resuming":   {ada, "POST", him.path() + "/resume", nil, nil, 409, "offboarded", "", "invite them again"},
	})
	ada.call(t, "GET", token.path(), nil).want(t, 404)

	invited := decode[human](t, ada.call(t, "PUT", him.path(), object{"subject": "bob"}).want(t, 200))
	if invited.Status != "active" {
		t.Errorf("%+v", invited)
	}
	bob.call(t, "GET", "/v1/ping", nil).want(t, 200)
	refusedEverywhere(t, token.bearer(), token)
	bob.create(t, nil).bearer().downstream(t, "GET", nil).want(t, 403) // a JWT from before says nothing any more
	time.Sleep(time.Second)                                            // in which JWTs are counted
	person(t, "acc_offboard", "bob", "admin").create(t, nil).bearer().downstream(t, "GET", nil).want(t, 200)
}

// purged waits until the removal of a person's tokens is done and returns how many were removed.
func purged(t *testing.T, admin caller, who human) int {
	t.Helper()
	for deadline := time.Now().Add(40 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		got := decode[human](t, admin.call(t, "GET", who.path(), nil).want(t, 200))
		if got.Purge == nil {
			t.Fatalf("there is no purge of %+v", got)
		}
		if got.Purge.State == "done" {
			return got.Purge.RemovedTokens
		}
	}
	t.Fatalf("the purge of %s does not end", who.ID)
	return 0
}

func TestAPersonIsInvitedAheadOfTheFirstSignIn(t *testing.T) {
	t.Parallel()
	ada := person(t, "acc_invite", "ada", "admin")
	rolesHere(t, ada)
	id := string(user.RefOf("acc_invite", "grace@example.com").ID())
	invited := decode[human](t, ada.call(t, "PUT", "/v1/users/"+id, object{"subject": "grace@example.com", "displayName": "Grace", "roles": []string{"viewer", "analyst"}}).want(t, 200))
	if *invited.Subject != "grace@example.com" || invited.DisplayName != "Grace" || invited.Status != "active" || invited.Version != 1 || !slices.Equal(invited.Roles, []string{"analyst", "viewer"}) {
		t.Errorf("%+v", invited)
	}
	grace := person(t, "acc_invite", "grace@example.com", "admin") // the claim does not count here
	if me := grace.me(t); !slices.Equal(me.Roles, []string{"analyst", "viewer"}) || me.Version != 1 {
		t.Errorf("%+v", me)
	}
	grace.call(t, "POST", "/v1/users/me/suspend", nil).want(t, 403)
	stranger := person(t, "acc_invite", "mallory", "admin")
	if me := stranger.me(t); len(me.Roles) != 0 {
		t.Errorf("a stranger has %+v", me)
	}
}

func TestBadChangesOfPeopleAreRefused(t *testing.T) {
	t.Parallel()
	const account = "acc_bad_people"
	ada, bob := person(t, account, "ada", "admin"), person(t, account, "bob", "admin")
	her, him := ada.me(t), bob.me(t)
	robot := ada.create(t, object{"kind": "service", "scopes": []string{"orders:read"}})
	personal := ada.create(t, nil)
	helper := ada.create(t, object{"kind": "service", "scopes": []string{"users:write", "tokens:write"}}).bearer()
	put := func(path string, body any, status int, code, field, says string, headers ...string) bad {
		return bad{ada, "PUT", path, body, headers, status, code, field, says}
	}
	refuses(t, []string{account}, map[string]bad{
		"roles of the identity provider": put(him.path(), object{"roles": []string{"viewer"}}, 409, "roles_from_identity_provider", "", "identity provider"),
	})
	rolesHere(t, ada)
	unknown := "/v1/users/usr_00000000000"
	calls := map[string]bad{
		"an unknown role":               put(him.path(), object{"roles": []string{"viewer", "owner"}}, 422, "invalid_fields", "roles[1] unknown_role", "owner"),
		"roles in one string":           put(him.path(), object{"roles": "viewer"}, 422, "invalid_fields", "roles wrong_type", "list of roles"),
		"a status by hand":              put(him.path(), object{"status": "offboarded"}, 422, "invalid_fields", "status read_only", "changed"),
		"a name of 256 characters":      put(him.path(), object{"displayName": strings.Repeat("ä", 256)}, 422, "invalid_fields", "displayName too_long", "255"),
		"a line break in the name":      put(him.path(), object{"displayName": "a\nb"}, 422, "invalid_fields", "displayName control_character", "Control"),
		"a subject of another id":       put(him.path(), object{"subject": "eve"}, 422, "invalid_fields", "subject wrong_subject", "usr_"),
		"a subject with a control":      put(him.path(), object{"subject": "b\x00b"}, 422, "invalid_fields", "subject bad_subject", "control character"),
		"a stale change":                put(him.path(), object{"displayName": "x"}, 412, "version_mismatch", "", "version 1", "If-Match", `"9"`),
		"nobody":                        put(unknown, object{"displayName": "x"}, 404, "not_found", "", "no such user"),
		"the user of a service token":   put("/v1/users/"+robot.UserID, object{"displayName": "x"}, 409, "not_a_person", "", "service token"),
		"an unknown user":               {ada, "GET", unknown, nil, nil, 404, "not_found", "", "no such user"},
		"suspending nobody":             {ada, "POST", unknown + "/suspend", nil, nil, 404, "not_found", "", "no such user"},
		"resuming nobody":               {ada, "POST", unknown + "/resume", nil, nil, 404, "not_found", "", "no such user"},
		"offboarding nobody":            {ada, "DELETE", unknown, nil, nil, 404, "not_found", "", "no such user"},
		"a stale suspension":            {ada, "POST", him.path() + "/suspend", nil, []string{"If-Match", `"9"`}, 412, "version_mismatch", "", "version 1"},
		"a stale resumption":            {ada, "POST", him.path() + "/resume", nil, []string{"If-Match", `"9"`}, 412, "version_mismatch", "", "version 1"},
		"a stale offboarding":           {ada, "DELETE", him.path(), nil, []string{"If-Match", `"9"`}, 412, "version_mismatch", "", "version 1"},
		"a service user suspended":      {ada, "POST", "/v1/users/" + robot.UserID + "/suspend", nil, nil, 409, "not_a_person", "", "service token"},
		"a service user offboarded":     {ada, "DELETE", "/v1/users/" + robot.UserID, nil, nil, 409, "not_a_person", "", "service token"},
		"an unknown status":             {ada, "GET", "/v1/users?status=gone", nil, nil, 400, "malformed_request", "status bad_value", "offboarded"},
		"a made-up cursor":              {ada, "GET", "/v1/users?cursor=next", nil, nil, 400, "malformed_request", "cursor bad_cursor", "Start again"},
		"a personal token handed on":    {ada, "POST", personal.path() + "/transfer", object{"userId": him.ID}, nil, 409, "not_a_service_token", "", "personal token"},
		"a token handed to nobody":      {ada, "POST", robot.path() + "/transfer", object{"userId": "usr_00000000000"}, nil, 422, "invalid_fields", "userId not_active", "no active person"},
		"a token handed to no user":     {ada, "POST", robot.path() + "/transfer", object{"userId": "bob"}, nil, 422, "invalid_fields", "userId bad_id", "usr_"},
		"a stale transfer":              {ada, "POST", robot.path() + "/transfer", object{"userId": him.ID}, []string{"If-Match", `"9"`}, 412, "version_mismatch", "", "version 1"},
		"revoking the tokens of nobody": {ada, "POST", "/v1/tokens/revoke-issued-before", object{"userId": "usr_00000000000", "before": "2020-01-01T00:00:00Z"}, nil, 404, "not_found", "", "no such user"},
		"revoking no user's tokens":     {ada, "POST", "/v1/tokens/revoke-issued-before", object{"userId": "bob", "before": "2020-01-01T00:00:00Z"}, nil, 422, "invalid_fields", "userId bad_id", "usr_"},
		"revoking what is to come":      {ada, "POST", "/v1/tokens/revoke-issued-before", object{"before": "2040-01-01T00:00:00Z"}, nil, 422, "invalid_fields", "before in_future", "future"},
		"revoking before no instant":    {ada, "POST", "/v1/tokens/revoke-issued-before", object{}, nil, 422, "invalid_fields", "before required", "instant"},
		"a reason too long":             {ada, "POST", "/v1/tokens/revoke-issued-before", object{"before": "2020-01-01T00:00:00Z", "reason": strings.Repeat("x", 256)}, nil, 422, "invalid_fields", "reason bad_text", "255"},
	}
	refuses(t, []string{account}, calls)

	viewer := person(t, account, "eve", "viewer").me(t)
	ada.call(t, "PUT", him.path(), object{"roles": []string{"viewer"}}).want(t, 200)
	refuses(t, []string{account}, map[string]bad{
		"roles that hold more than the caller": {helper, "PUT", viewer.path(), object{"roles": []string{"admin"}}, nil, 403, "exceeds_caller", "", "users:delete"},
		"the last administrator demoted":       put(her.path(), object{"roles": []string{"viewer"}}, 409, "last_administrator", "", "last active person"),
		"the last administrator suspended":     {ada, "POST", "/v1/users/me/suspend", nil, nil, 409, "last_administrator", "", "last active person"},
		"the last administrator offboarded":    {ada, "DELETE", "/v1/users/me", nil, nil, 409, "last_administrator", "", "last active person"},
	})
}

func TestUsersOfAnotherAccountAreAnsweredLikeNobody(t *testing.T) {
	t.Parallel()
	theirs, ours := person(t, "acc_users_a", "ada", "admin"), person(t, "acc_users_b", "ada", "admin")
	her, me := theirs.me(t), ours.me(t)
	robot := ours.create(t, object{"kind": "service", "scopes": []string{"*"}})
	event := decode[eventPage](t, theirs.call(t, "GET", "/v1/events", nil).want(t, 200)).Records[0]
	unchanged(t, []string{"acc_users_a", "acc_users_b"}, func() {
		for _, c := range []caller{ours, robot.bearer()} {
			for _, call := range []struct {
				method, below string
				body          any
			}{{"GET", "", nil}, {"PUT", "", object{"displayName": "x"}}, {"POST", "/suspend", nil}, {"POST", "/resume", nil}, {"DELETE", "", nil}} {
				got := c.call(t, call.method, her.path()+call.below, call.body).want(t, 404)
				sameButForTheID(t, got, c.call(t, call.method, "/v1/users/usr_00000000000"+call.below, call.body))
			}
			revoke := func(id string) answer {
				return c.call(t, "POST", "/v1/tokens/revoke-issued-before", object{"userId": id, "before": "2020-01-01T00:00:00Z"}).want(t, 404)
			}
			sameButForTheID(t, revoke(her.ID), revoke("usr_00000000000"))
			transfer := func(id string) answer {
				return c.call(t, "POST", robot.path()+"/transfer", object{"userId": id}).want(t, 422)
			}
			sameButForTheID(t, transfer(her.ID), transfer("usr_00000000000"))
			for _, query := range []string{"actor=" + her.ID, "user=" + her.ID, "from=" + url.QueryEscape(event.Time.Format(time.RFC3339))} {
				for _, e := range decode[eventPage](t, c.call(t, "GET", "/v1/events?"+query, nil).want(t, 200)).Records {
					if e.Target == her.ID || e.Actor.UserID == her.ID {
						t.Errorf("%s shows %+v", query, e)
					}
				}
			}
		}
	})
	theirs.call(t, "PUT", "/v1/settings", object{"adminsMayRevokePersonalTokens": true}, "If-Match", `"0"`).want(t, 200)
	if a := ours.call(t, "GET", "/v1/settings", nil).want(t, 200); decode[policy](t, a).Version != 0 || strings.Contains(a.body, "Tokens\":true") {
		t.Errorf("another account's settings show: %s", a.body)
	}
	for _, h := range decode[humanPage](t, ours.call(t, "GET", "/v1/users?limit=100", nil).want(t, 200)).Records {
		if h.ID != me.ID {
			t.Errorf("%+v is listed", h)
		}
	}
	person(t, "acc_users_a", "bob", "viewer").me(t)
	for _, list := range []string{"/v1/users", "/v1/events"} {
		next := *decode[eventPage](t, theirs.call(t, "GET", list+"?limit=1", nil).want(t, 200)).Next
		foreign := ours.call(t, "GET", list+"?limit=1&cursor="+url.QueryEscape(next), nil).want(t, 400)
		sameButForTheID(t, foreign, ours.call(t, "GET", list+"?limit=1&cursor=forged", nil))
		theirs.call(t, "GET", list+"?limit=1&cursor="+url.QueryEscape(next), nil).want(t, 200)
	}
}

func TestPeopleAreListedOnceInPages(t *testing.T) {
	t.Parallel()
	ada := person(t, "acc_people", "ada", "admin")
	want := []string{ada.me(t).ID}
	for _, name := range []string{"bob", "cleo", "dan", "eve"} {
		want = append(want, person(t, "acc_people", name, "viewer").me(t).ID)
	}
	ada.create(t, object{"kind": "service", "scopes": []string{}}) // whose user is no person
	gone := want[4]
	ada.call(t, "POST", "/v1/users/"+gone+"/suspend", nil).want(t, 200)
	slices.Sort(want)
	for _, limit := range []string{"1", "2", "5", "100"} {
		query, got := url.Values{"limit": {limit}}, []string{}
		for {
			p := decode[humanPage](t, ada.call(t, "GET", "/v1/users?"+query.Encode(), nil).want(t, 200))
			for _, h := range p.Records {
				got = append(got, h.ID)
			}
			if !p.HasMore {
				break
			}
			query.Set("cursor", *p.Next)
		}
		if !slices.Equal(got, want) {
			t.Errorf("limit %s: %v, want %v", limit, got, want)
		}
	}
	if p := decode[humanPage](t, ada.call(t, "GET", "/v1/users?status=suspended", nil).want(t, 200)); len(p.Records) != 1 || p.Records[0].ID != gone {
		t.Errorf("%+v", p)
	}
}

func TestTokensIssuedBeforeAnInstantAreRevokedInOneWrite(t *testing.T) {
	t.Parallel()
	ada, bob := person(t, "acc_before", "ada", "admin"), person(t, "acc_before", "bob", "viewer")
	old, robot := bob.create(t, nil), ada.create(t, object{"kind": "service", "scopes": []string{"orders:read"}})
	hers := ada.create(t, nil)
	revoke := func(c caller, body object) {
		t.Helper()
		body["before"] = time.Now().UTC()
		body["reason"] = "laptop stolen"
		time.Sleep(2 * time.Millisecond)
		c.call(t, "POST", "/v1/tokens/revoke-issued-before", body).want(t, http.StatusNoContent)
	}
	time.Sleep(2 * time.Millisecond)
	revoke(bob, object{"userId": "me"})
	old.bearer().call(t, "GET", "/v1/ping", nil).want(t, 401)
	if got := decode[tok](t, bob.call(t, "GET", old.path(), nil).want(t, 200)); got.Status != "revoked" {
		t.Errorf("it shows as %s", got.Status)
	}
	fresh := bob.create(t, nil)
	for _, still := range []tok{fresh, robot, hers} {
		still.bearer().call(t, "GET", "/v1/ping", nil).want(t, 200)
	}
	time.Sleep(2 * time.Millisecond)
	revoke(ada, object{})
	time.Sleep(validate.PolicyAge)
	for _, over := range []tok{old, fresh, robot, hers} {
		over.bearer().call(t, "GET", "/v1/ping", nil).want(t, 401)
	}
	ada.create(t, nil).bearer().call(t, "GET", "/v1/ping", nil).want(t, 200)
	events := decode[eventPage](t, ada.call(t, "GET", "/v1/events?action=tokens.revoked", nil).want(t, 200)).Records
	if len(events) != 2 || *events[0].Reason != "laptop stolen" || events[0].Target != "acc_before" || events[1].Target != bob.me(t).ID {
		t.Errorf("%+v", events)
	}
}
