package acceptance

import (
	"testing"
	"time"
)

// until calls with a credential until the answer changes from one status to the other, which must be at the instant: an
// answer of the first kind cannot belong to a request made after it, nor one of the second kind be ready before it.
func until(t *testing.T, c caller, before, after int, at time.Time) {
	t.Helper()
	seen := false
	for {
		began := time.Now()
		a := c.call(t, "GET", "/v1/ping", nil)
		ended := time.Now()
		switch {
		case a.status == before && began.Before(at):
			seen = true
		case a.status == after && !ended.Before(at):
			if !seen {
				t.Fatalf("no request came in before %v", at)
			}
			c.downstream(t, "GET", nil)
			return
		default:
			t.Fatalf("from %v to %v, around %v: %d %s", began, ended, at, a.status, a.body)
		}
		time.Sleep(15 * time.Millisecond)
	}
}

func TestAnExpiredTokenIsRefusedAtThatInstantAndNotBefore(t *testing.T) {
	t.Parallel()
	ada := person(t, "acc_expiry", "ada", "viewer")
	token := ada.create(t, object{"expiresAt": time.Now().Add(1500 * time.Millisecond)})
	until(t, token.bearer(), 200, 401, *token.ExpiresAt)
	refuses(t, []string{"acc_expiry"}, map[string]bad{
		"an update":  {ada, "PATCH", token.path(), object{"name": "x"}, nil, 409, "token_expired", "", "final"},
		"a rotation": {ada, "POST", token.path() + "/rotate", nil, nil, 409, "token_expired", "", "final"},
	})
	if got := decode[tok](t, ada.call(t, "GET", token.path(), nil).want(t, 200)); got.Status != "expired" {
		t.Errorf("it is shown as %s", got.Status)
	}
	if p := decode[page](t, ada.call(t, "GET", "/v1/tokens?status=expired", nil).want(t, 200)); len(p.Records) != 1 {
		t.Errorf("it is not listed: %+v", p)
	}
	ada.call(t, "DELETE", token.path(), nil).want(t, 204)
}

func TestAnExpiryBroughtForwardCounts(t *testing.T) {
	t.Parallel()
	ada := person(t, "acc_sooner", "ada", "viewer")
	token := ada.create(t, nil)
	changed := ada.call(t, "PATCH", token.path(), object{"expiresAt": time.Now().Add(time.Second)}).want(t, 200)
	until(t, token.bearer(), 200, 401, *decode[tok](t, changed).ExpiresAt)
}

func TestAScheduledTokenWorksFromItsStartOn(t *testing.T) {
	t.Parallel()
	token := person(t, "acc_later", "ada", "viewer").create(t, object{"notBefore": time.Now().Add(time.Second)})
	if token.Status != "scheduled" {
		t.Errorf("it is %s", token.Status)
	}
	until(t, token.bearer(), 401, 200, *token.NotBefore)
}

func TestTheOldSecretWorksToTheEndOfItsGraceAndNotLonger(t *testing.T) {
	t.Parallel()
	ada := person(t, "acc_grace_end", "ada", "viewer")
	old := ada.create(t, nil)
	rotated := decode[tok](t, ada.call(t, "POST", old.path()+"/rotate", object{"gracePeriod": "PT1.5S"}).want(t, 200))
	until(t, old.bearer(), 200, 401, rotated.RotatedAt.Add(1500*time.Millisecond))
	rotated.bearer().call(t, "GET", "/v1/ping", nil).want(t, 200)
}
