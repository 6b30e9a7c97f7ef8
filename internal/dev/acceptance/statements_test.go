package acceptance

import (
	"slices"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/dev/oidc"
)

// says returns somebody of an account with a JWT of some seconds before a time; a change of nil takes the claim away.
func says(t *testing.T, account string, at time.Time, ago int, changes object) caller {
	t.Helper()
	c := stack.Issuer().Claims(oidc.Person{Account: account, Subject: "bob", Roles: []string{"admin"}, Lifetime: time.Hour})
	c["iat"] = at.Unix() - int64(ago)
	for name, v := range changes {
		if c[name] = v; v == nil {
			delete(c, name)
		}
	}
	text, err := stack.Issuer().Sign(c)
	if err != nil {
		t.Fatal(err)
	}
	return bearer(text)
}

func TestAJWTFromBeforeADemotionGivesNothingBack(t *testing.T) {
	t.Parallel()
	const account = "acc_older"
	now := time.Now() // of all of them: two JWTs are of the same second only by one clock reading
	before, after := says(t, account, now, 20, nil), says(t, account, now, 10, object{"roles": []string{"viewer"}})
	token := before.create(t, nil).bearer()
	token.downstream(t, "POST", object{"item": "lamp", "quantity": 1}).want(t, 201)
	if me := after.me(t); !slices.Equal(me.Roles, []string{"viewer"}) {
		t.Fatalf("%+v", me)
	}
	is := func(what string, c caller) {
		t.Helper()
		if me := c.me(t); !slices.Equal(me.Roles, []string{"viewer"}) || slices.Contains(me.Scopes, "users:write") || me.Version != 2 {
			t.Errorf("%s: %+v", what, me)
		}
		c.call(t, "PUT", "/v1/settings", object{"rolesFrom": "tokenwright"}, "If-Match", `"0"`).want(t, 403)
		c.call(t, "POST", "/v1/tokens", object{"name": "x", "kind": "service", "scopes": []string{"orders:read"}}).want(t, 403)
		token.downstream(t, "POST", object{"item": "lamp", "quantity": 1}).want(t, 403)
		token.downstream(t, "GET", nil).want(t, 200)
	}
	is("the JWT of before", before)
	is("a JWT of the same second", says(t, account, now, 10, nil))
	is("a JWT without the claim", says(t, account, now, 0, object{"roles": nil}))
	is("a JWT whose list stands elsewhere", says(t, account, now, 0, object{
		"roles": nil, "_claim_names": object{"roles": "src1"}, "_claim_sources": object{"src1": object{"endpoint": "https://graph.example/roles"}},
	}))
	is("a JWT with too many groups", says(t, account, now, 0, object{"roles": []string{}, "hasgroups": true}))
	says(t, account, now, 0, object{"iat": nil}).refused(t, "GET", "/v1/users/me", nil)
	says(t, account, time.Now(), -90, nil).refused(t, "GET", "/v1/users/me", nil)
	is("the JWT of before, once more", before)

	none := says(t, account, now, 5, object{"roles": []string{}})
	if me := none.me(t); len(me.Roles) != 0 || me.Version != 3 {
		t.Errorf("an empty list: %+v", me)
	}
	token.downstream(t, "GET", nil).want(t, 403)
	if me := says(t, account, now, 0, nil).me(t); !slices.Equal(me.Roles, []string{"admin"}) {
		t.Errorf("made an administrator again: %+v", me)
	}
	token.downstream(t, "POST", object{"item": "lamp", "quantity": 1}).want(t, 201)
}
