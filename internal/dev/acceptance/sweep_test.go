package acceptance

import (
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// sweptOf waits until nothing is left to do about what an account was issued before an instant, and returns when TTL removes
// which of its tokens; 0 = never.
func sweptOf(t *testing.T, account string) map[string]int64 {
	t.Helper()
	for deadline := time.Now().Add(40 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		ends, swept := map[string]int64{}, true
		items, err := stack.Dump(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range items {
			if text(it["account"]) != account {
				continue
			}
			swept = swept && it["sweep"] == nil
			if text(it["type"]) == "token" {
				ends[text(it["pk"])+" "+text(it["sk"])] = ttlOf(t, it["ttl"])
			}
		}
		if swept {
			return ends
		}
	}
	t.Fatalf("the sweep of %s does not end", account)
	return nil
}

// ttlOf reads a TTL; none is 0.
func ttlOf(t *testing.T, v types.AttributeValue) int64 {
	t.Helper()
	n, ok := v.(*types.AttributeValueMemberN)
	if !ok {
		return 0
	}
	i, err := strconv.ParseInt(n.Value, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// TestWhatWasIssuedBeforeAnInstantIsForgottenSomeDay: of a person first, and then of all the account.
func TestWhatWasIssuedBeforeAnInstantIsForgottenSomeDay(t *testing.T) {
	t.Parallel()
	const account = "acc_sweep"
	ada, bob := person(t, account, "ada", "admin"), person(t, account, "bob", "analyst")
	forever := object{"expiresAt": nil}
	var old []tok
	for range 3 {
		old = append(old, bob.create(t, forever))
	}
	expires, other := bob.create(t, nil), ada.create(t, forever)
	robot := ada.create(t, object{"kind": "service", "scopes": []string{"orders:read"}, "expiresAt": nil})
	was := sweptOf(t, account)[whereIs(expires)]
	revoke := func(body object) int64 {
		t.Helper()
		time.Sleep(2 * time.Millisecond)
		at := time.Now().UTC().Truncate(time.Millisecond)
		body["before"] = at.Format(time.RFC3339Nano)
		time.Sleep(2 * time.Millisecond)
		ada.call(t, "POST", "/v1/tokens/revoke-issued-before", body).want(t, 204)
		return at.Add(30 * 24 * time.Hour).Unix()
	}
	holds := func(what string, want map[string]int64) {
		t.Helper()
		got := sweptOf(t, account)
		for at, end := range want {
			if got[at] != end {
				t.Errorf("%s: %s goes at %d, want %d", what, at, got[at], end)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %d tokens, want %d", what, len(got), len(want))
		}
	}

	end := revoke(object{"userId": bob.me(t).ID})
	fresh := bob.create(t, forever)
	want := map[string]int64{whereIs(expires): was, whereIs(other): 0, whereIs(robot): 0, whereIs(fresh): 0}
	for _, k := range old {
		want[whereIs(k)] = end
	}
	holds("a person's", want)

	end = revoke(object{})
	last := bob.create(t, forever)
	want[whereIs(other)], want[whereIs(robot)], want[whereIs(fresh)], want[whereIs(last)] = end, end, end, 0
	holds("the account's", want)
	last.bearer().call(t, "GET", "/v1/ping", nil).want(t, 200)
}

func whereIs(k tok) string { return k.pk() + " " + k.sk() }
