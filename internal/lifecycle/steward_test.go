package lifecycle_test

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/token"
)

func TestWhatAPersonLeavesBehindIsAliveAndCanBePaged(t *testing.T) {
	w := start(t)
	cyd := person("acc_acme", "cyd", "admin")
	w.known(admin, cyd)
	var live []token.ID
	for i := range 130 {
		switch i % 3 {
		case 0:
			w.create(admin, lifecycle.Create{Kind: token.Service, Scopes: list("orders:read"), ExpiresAt: value(w.now.Add(time.Hour))}) // will have expired
		case 1:
			if err := w.Revoke(t.Context(), admin, id(w.service(admin, "orders:read")), 0); err != nil {
				t.Fatal(err)
			}
		default:
			live = append(live, w.create(admin, lifecycle.Create{Kind: token.Service, Scopes: list("orders:read"), ExpiresAt: null[time.Time]()}).Token.ID)
		}
	}
	handed := w.service(admin, "orders:read")
	if _, err := w.Transfer(t.Context(), admin, id(handed), 0, cyd.User); err != nil {
		t.Fatal(err)
	}
	w.service(cyd, "orders:read")
	w.now = w.now.Add(2 * time.Hour)

	out, err := w.Offboard(t.Context(), cyd, lifecycle.Person{ID: admin.User}, 0)
	if err != nil || !sameIDs(out.ServiceTokens, live) || out.More {
		t.Errorf("%d left behind, more %v, %v; want %d", len(out.ServiceTokens), out.More, err, len(live))
	}
	var paged []token.ID
	for after := token.ID(""); ; {
		page, err := w.List(t.Context(), cyd, lifecycle.Query{Steward: admin.User, Status: token.Usable, After: after, Limit: 7})
		if err != nil || len(page.Tokens) > 7 {
			t.Fatalf("%d on a page, %v", len(page.Tokens), err)
		}
		for _, tok := range page.Tokens {
			paged = append(paged, tok.ID)
		}
		if !page.More {
			break
		}
		after = page.Last
	}
	if !sameIDs(paged, live) {
		t.Errorf("pages hold %d, want %d", len(paged), len(live))
	}
}

func sameIDs(a, b []token.ID) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

func TestMoreThanAHundredLeftBehindAreSaidToBeMore(t *testing.T) {
	w := start(t)
	cyd := person("acc_acme", "cyd", "admin")
	w.known(admin, cyd)
	for range 101 {
		w.service(admin, "orders:read")
	}
	out, err := w.Offboard(t.Context(), cyd, lifecycle.Person{ID: admin.User}, 0)
	if err != nil || len(out.ServiceTokens) != 100 || !out.More {
		t.Errorf("%d, more %v, %v", len(out.ServiceTokens), out.More, err)
	}
	moved, err := w.Transfer(t.Context(), cyd, lifecycle.Target{ID: out.ServiceTokens[0]}, 0, cyd.User) // from somebody who is out
	if err != nil || moved.Steward != cyd.User {
		t.Errorf("%+v, %v", moved, err)
	}
	if out, err = w.Offboard(t.Context(), cyd, lifecycle.Person{ID: admin.User}, 0); err != nil || len(out.ServiceTokens) != 100 || out.More {
		t.Errorf("asked again: %d, more %v, %v", len(out.ServiceTokens), out.More, err)
	}
}

func TestWhoSeesWhatAPersonAnswersFor(t *testing.T) {
	w := start(t)
	w.known(admin, analyst, evil)
	w.service(admin, "orders:read")
	if page, err := w.List(t.Context(), evil, lifecycle.Query{Steward: admin.User, Limit: 10}); err != nil || len(page.Tokens) != 0 || page.More {
		t.Errorf("another account sees %+v, %v", page, err)
	}
	_, err := w.List(t.Context(), person("acc_acme", "dee"), lifecycle.Query{Steward: admin.User, Limit: 10})
	refuses(t, "without tokens:read", err, lifecycle.ErrForbidden, "insufficient_scope")
}

func TestAStewardIsAPerson(t *testing.T) {
	w := start(t)
	w.known(admin)
	robot, other := w.service(admin, "tokens:write", "orders:read"), w.service(admin, "orders:read")
	for name, c := range map[string]lifecycle.Caller{"a person": admin, "the token itself": w.bearer(robot)} {
		for what, to := range map[string]token.ID{"its own user": robot.Token.ID, "another's": other.Token.ID} {
			w.unchanged(name+" to "+what, func() {
				_, err := w.Transfer(t.Context(), c, id(robot), 0, to.Owner().ID())
				refuses(t, name+" to "+what, err, lifecycle.ErrInvalid, "invalid_fields", "userId")
			})
		}
	}
}

func TestTheEntryOfAStewardGoesWithTheToken(t *testing.T) {
	w := start(t)
	cyd := person("acc_acme", "cyd", "admin")
	w.known(admin, cyd)
	issued := w.service(admin, "orders:read")
	ttls := func() (out []string) {
		for _, it := range w.fixture.Items(t, "TOKEN#") {
			if n, ok := it["ttl"].(*types.AttributeValueMemberN); ok {
				out = append(out, n.Value)
			}
		}
		return out
	}
	if got := ttls(); len(got) != 2 || got[0] != got[1] || got[0] == "" {
		t.Errorf("the token and the entry go at %v", got)
	}
	if _, err := w.Transfer(t.Context(), admin, id(issued), 0, cyd.User); err != nil {
		t.Fatal(err)
	}
	if got := ttls(); len(got) != 2 || got[0] != got[1] || got[0] == "" {
		t.Errorf("handed on, they go at %v", got)
	}
}
