package lifecycle_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/dev/storetest"
	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/period"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/validate"
)

func TestRevokedMeansRefusedAtOnce(t *testing.T) {
	w := start(t)
	issued := w.create(analyst, lifecycle.Create{})
	if err := w.Revoke(t.Context(), analyst, id(issued), 0); err != nil {
		t.Fatal(err)
	}
	w.refusedFor(issued.Secret, validate.Revoked)
	w.unchanged("revoking again", func() {
		if err := w.Revoke(t.Context(), analyst, id(issued), 0); err != nil {
			t.Error(err)
		}
	})
	_, err := w.Update(t.Context(), analyst, id(issued), 0, lifecycle.Update{Active: value(true)})
	refuses(t, "updating it", err, lifecycle.ErrConflict, "token_revoked")
	_, err = w.Rotate(t.Context(), analyst, id(issued), 0, period.Period{})
	refuses(t, "rotating it", err, lifecycle.ErrConflict, "token_revoked")

	if got, err := w.Get(t.Context(), analyst, id(issued)); err != nil || got.Status(w.now) != token.Revoked {
		t.Errorf("it reads as %s, %v", got.Status(w.now), err)
	}
	w.now = w.now.Add(token.Retention)
	if _, err := w.Get(t.Context(), analyst, id(issued)); !errors.Is(err, token.ErrNotFound) {
		t.Errorf("after the retention: %v", err)
	}
}

func TestExpiredMeansRefusedAtThatInstant(t *testing.T) {
	w := start(t)
	end := storetest.Noon.Add(time.Hour)
	issued := w.create(analyst, lifecycle.Create{ExpiresAt: value(end)})
	w.now = end.Add(-time.Nanosecond)
	w.accepted(issued.Secret)
	w.now = end
	w.refusedFor(issued.Secret, validate.Expired)
	_, err := w.Rotate(t.Context(), analyst, id(issued), 0, period.Period{})
	refuses(t, "rotating it", err, lifecycle.ErrConflict, "token_expired")
}

func TestRotation(t *testing.T) {
	w := start(t)
	first := w.create(analyst, lifecycle.Create{})
	second, err := w.Rotate(t.Context(), analyst, id(first), 0, period.Period{})
	if err != nil {
		t.Fatal(err)
	}
	if second.Token.ID != first.Token.ID || !second.Token.ExpiresAt.Equal(first.Token.ExpiresAt) || second.Secret == first.Secret || second.Token.Version != 2 {
		t.Errorf("rotated to %+v", second.Token)
	}
	w.refusedFor(first.Secret, validate.Superseded)
	w.accepted(second.Secret)

	third, err := w.Rotate(t.Context(), analyst, id(first), 0, period.MustParse("PT24H"))
	if err != nil {
		t.Fatal(err)
	}
	rotated := w.now
	w.now = rotated.Add(24*time.Hour - time.Nanosecond)
	w.accepted(second.Secret)
	w.accepted(third.Secret)
	w.now = rotated.Add(24 * time.Hour)
	w.refusedFor(second.Secret, validate.Superseded)
	w.accepted(third.Secret)

	_, err = w.Rotate(t.Context(), analyst, id(first), 0, period.MustParse("P7DT1S"))
	refuses(t, "a grace period over a week", err, lifecycle.ErrInvalid, "invalid_fields", "gracePeriod")
	if _, err = w.Rotate(t.Context(), w.bearer(third), self, 0, period.MustParse("P7D")); err != nil {
		t.Errorf("a token rotates itself: %v", err)
	}
	w.accepted(third.Secret)
}

func TestATokenRotatesNoOtherForFree(t *testing.T) {
	w := start(t)
	broad := w.create(admin, lifecycle.Create{})
	narrow := w.create(admin, lifecycle.Create{Scopes: list("orders:read")})
	_, err := w.Rotate(t.Context(), w.bearer(narrow), id(broad), 0, period.Period{})
	refuses(t, "a narrow token rotates its owner's broad one", err, lifecycle.ErrForbidden, "insufficient_scope")
	writer := w.create(admin, lifecycle.Create{Scopes: list("orders:read", "tokens:write")})
	_, err = w.Rotate(t.Context(), w.bearer(writer), id(broad), 0, period.Period{})
	refuses(t, "even with tokens:write", err, lifecycle.ErrForbidden, "exceeds_caller")
	if _, err := w.Rotate(t.Context(), w.bearer(writer), id(narrow), 0, period.Period{}); err != nil {
		t.Errorf("one that has no more: %v", err)
	}
	w.accepted(broad.Secret)
}

func TestUpdates(t *testing.T) {
	w := start(t)
	issued := w.create(admin, lifecycle.Create{Scopes: list("orders:*", "tokens:read"), ExpiresAt: value(storetest.Noon.AddDate(0, 1, 0))})
	update := func(in lifecycle.Update) (token.Token, error) { return w.Update(t.Context(), admin, id(issued), 0, in) }

	got, err := update(lifecycle.Update{
		Name: value("desktop"), Description: value("new"), CIDRs: value([]string{"203.0.113.0/24"}), Scopes: list("orders:read"),
		ExpiresAt: value(storetest.Noon.AddDate(0, 0, 7)),
	})
	if err != nil || got.Version != 2 || got.Name != "desktop" || len(got.CIDRs) != 1 || !slices.Equal(got.Scopes, []scope.Pattern{"orders:read"}) {
		t.Errorf("updated to %+v, %v", got, err)
	}
	w.accepted(issued.Secret)
	for name, tt := range map[string]struct {
		in    lifecycle.Update
		root  error
		code  string
		field []string
	}{
		"a later expiry": {lifecycle.Update{ExpiresAt: value(storetest.Noon.AddDate(0, 0, 8))}, lifecycle.ErrConflict, "expiry_extended", nil},
		"no expiry":      {lifecycle.Update{ExpiresAt: null[time.Time]()}, lifecycle.ErrConflict, "expiry_extended", nil},
		"a past expiry":  {lifecycle.Update{ExpiresAt: value(storetest.Noon)}, lifecycle.ErrInvalid, "invalid_fields", []string{"expiresAt"}},
		"a wider scope":  {lifecycle.Update{Scopes: list("orders:*")}, lifecycle.ErrConflict, "scopes_widened", nil},
		"every scope":    {lifecycle.Update{Scopes: null[[]scope.Pattern]()}, lifecycle.ErrConflict, "scopes_widened", nil},
		"an empty name":  {lifecycle.Update{Name: value("")}, lifecycle.ErrInvalid, "invalid_fields", []string{"name"}},
		"a bad block":    {lifecycle.Update{CIDRs: value([]string{"x"})}, lifecycle.ErrInvalid, "invalid_fields", []string{"allowedCidrBlocks[0]"}},
		"unknown scopes": {lifecycle.Update{Scopes: list("x:y")}, lifecycle.ErrInvalid, "invalid_fields", []string{"scopes[0]"}},
	} {
		w.unchanged(name, func() {
			_, err := update(tt.in)
			refuses(t, name, err, tt.root, tt.code, tt.field...)
		})
	}
	w.unchanged("changing nothing", func() {
		if got, err := update(lifecycle.Update{Name: value("desktop")}); err != nil || got.Version != 2 {
			t.Errorf("version %d, %v", got.Version, err)
		}
	})
	if _, err := update(lifecycle.Update{Active: value(false)}); err != nil {
		t.Fatal(err)
	}
	w.refusedFor(issued.Secret, validate.Inactive)
	if got, err = update(lifecycle.Update{Active: value(true), CIDRs: null[[]string]()}); err != nil || len(got.CIDRs) != 0 || got.Version != 4 {
		t.Errorf("%+v, %v", got, err)
	}
	w.accepted(issued.Secret)
}

func TestChangesHonourTheVersion(t *testing.T) {
	w := start(t)
	issued := w.create(admin, lifecycle.Create{})
	if _, err := w.Update(t.Context(), admin, id(issued), 1, lifecycle.Update{Name: value("two")}); err != nil {
		t.Fatal(err)
	}
	for _, stale := range []int64{1, 3, -1} {
		name := fmt.Sprintf("version %d", stale)
		w.unchanged(name, func() {
			_, err := w.Update(t.Context(), admin, id(issued), stale, lifecycle.Update{Name: value("x")})
			refuses(t, name, err, lifecycle.ErrPrecondition, "version_mismatch")
			_, err = w.Rotate(t.Context(), admin, id(issued), stale, period.Period{})
			refuses(t, name, err, lifecycle.ErrPrecondition, "version_mismatch")
			refuses(t, name, w.Revoke(t.Context(), admin, id(issued), stale), lifecycle.ErrPrecondition, "version_mismatch")
		})
	}
	if err := w.Revoke(t.Context(), admin, id(issued), 2); err != nil {
		t.Error(err)
	}
}

func TestWhoMayDoWhat(t *testing.T) {
	w := start(t)
	mine, his, robot := w.create(admin, lifecycle.Create{}), w.create(analyst, lifecycle.Create{}), w.service(admin, "orders:read")
	viewerless := person("acc_acme", "norole")
	foreign := w.create(evil, lifecycle.Create{})
	unknown := lifecycle.Target{ID: storetest.Token(t, storetest.Person("acc_acme", "ada"), storetest.Noon).ID}
	get := func(c lifecycle.Caller, target lifecycle.Target) error {
		_, err := w.Get(t.Context(), c, target)
		return err
	}
	rename := func(c lifecycle.Caller, target lifecycle.Target) error {
		_, err := w.Update(t.Context(), c, target, 0, lifecycle.Update{Name: value("renamed")})
		return err
	}
	rotate := func(c lifecycle.Caller, target lifecycle.Target) error {
		_, err := w.Rotate(t.Context(), c, target, 0, period.MustParse("P1D"))
		return err
	}
	revoke := func(c lifecycle.Caller, target lifecycle.Target) error { return w.Revoke(t.Context(), c, target, 0) }

	for _, tt := range []struct {
		name string
		err  error
		root error // nil = allowed
		code string
	}{
		{"an analyst sees a colleague's token", get(analyst, id(mine)), nil, ""},
		{"a person without roles sees their account's token", get(viewerless, id(mine)), lifecycle.ErrForbidden, "insufficient_scope"},
		{"… and learns nothing of unknown ones", get(viewerless, unknown), lifecycle.ErrForbidden, "insufficient_scope"},
		{"a service token sees itself", get(w.bearer(robot), self), nil, ""},
		{"a service token sees another", get(w.bearer(robot), id(mine)), lifecycle.ErrForbidden, "insufficient_scope"},
		{"a person has no self", get(admin, self), lifecycle.ErrMalformed, "no_self"},
		{"an admin changes a colleague's personal token", rename(admin, id(his)), lifecycle.ErrForbidden, "not_owner"},
		{"an admin rotates a colleague's personal token", rotate(admin, id(his)), lifecycle.ErrForbidden, "not_owner"},
		{"an admin revokes a colleague's personal token", revoke(admin, id(his)), lifecycle.ErrForbidden, "not_owner"},
		{"an admin changes a service token", rename(admin, id(robot)), nil, ""},
		{"an admin rotates a service token", rotate(admin, id(robot)), nil, ""},
		{"an analyst changes a service token", rename(analyst, id(robot)), lifecycle.ErrForbidden, "insufficient_scope"},
		{"an analyst revokes a service token", revoke(analyst, id(robot)), lifecycle.ErrForbidden, "insufficient_scope"},
		{"a personal token changes itself without tokens:write", rename(w.bearer(his), self), lifecycle.ErrForbidden, "insufficient_scope"},
		{"another account's token is not found", get(evil, id(mine)), token.ErrNotFound, ""},
		{"… not to be changed", rename(evil, id(robot)), token.ErrNotFound, ""},
		{"… not to be rotated", rotate(evil, id(robot)), token.ErrNotFound, ""},
		{"… not to be revoked", revoke(evil, id(robot)), token.ErrNotFound, ""},
		{"an unknown token is not found", get(admin, unknown), token.ErrNotFound, ""},
		{"a personal token revokes itself", revoke(w.bearer(his), self), nil, ""},
		{"an admin revokes a service token", revoke(admin, id(robot)), nil, ""},
	} {
		switch {
		case tt.root == nil && tt.err != nil:
			t.Errorf("%s: refused: %v", tt.name, tt.err)
		case tt.root != nil && tt.code == "" && !errors.Is(tt.err, tt.root):
			t.Errorf("%s: %v, want %v", tt.name, tt.err, tt.root)
		case tt.code != "":
			var r *lifecycle.Refusal
			if !errors.As(tt.err, &r) || r.Code != tt.code || !errors.Is(r, tt.root) {
				t.Errorf("%s: %v, want %s", tt.name, tt.err, tt.code)
			}
		}
	}
	w.accepted(foreign.Secret)
	w.accepted(mine.Secret)
}

func TestLists(t *testing.T) {
	w := start(t)
	var want []token.ID
	for i := range 7 {
		in := lifecycle.Create{Name: fmt.Sprintf("Laptop %d", i)}
		if i%2 == 1 {
			in.Environment, in.ExpiresAt = token.Test, null[time.Time]()
		}
		want = append([]token.ID{w.create(analyst, in).Token.ID}, want...)
	}
	robot := w.service(admin, "orders:read")
	w.create(evil, lifecycle.Create{})
	if err := w.Revoke(t.Context(), analyst, lifecycle.Target{ID: want[6]}, 0); err != nil {
		t.Fatal(err)
	}
	all := func(c lifecycle.Caller, q lifecycle.Query) (ids []token.ID) {
		t.Helper()
		for range 20 {
			page, err := w.List(t.Context(), c, q)
			if err != nil {
				t.Fatal(err)
			}
			if len(page.Tokens) > q.Limit || page.More && page.Last == "" {
				t.Fatalf("page of %d, more %v, last %q", len(page.Tokens), page.More, page.Last)
			}
			for i := range page.Tokens {
				ids = append(ids, page.Tokens[i].ID)
			}
			if !page.More {
				return ids
			}
			q.After = page.Last
		}
		t.Fatal("the list does not end")
		return nil
	}
	noRole := analyst
	noRole.Scopes = nil
	for _, tt := range []struct {
		name string
		c    lifecycle.Caller
		q    lifecycle.Query
		want []token.ID
	}{
		{"an account, newest first", admin, lifecycle.Query{Limit: 3}, append([]token.ID{robot.Token.ID}, want...)},
		{"one owner", admin, lifecycle.Query{Limit: 7, Owner: analyst.User}, want},
		{"without tokens:read, one's own", noRole, lifecycle.Query{Limit: 2}, want},
		{"by kind", admin, lifecycle.Query{Limit: 2, Kind: token.Service}, []token.ID{robot.Token.ID}},
		{"by environment", admin, lifecycle.Query{Limit: 2, Environment: token.Test}, []token.ID{want[1], want[3], want[5]}},
		{"by status", admin, lifecycle.Query{Limit: 2, Status: token.Revoked}, []token.ID{want[6]}},
		{"by text, in any case", admin, lifecycle.Query{Limit: 2, Text: "lapTOP 4"}, []token.ID{want[2]}},
		{"by id", admin, lifecycle.Query{Limit: 2, Text: string(want[0])[4:]}, []token.ID{want[0]}},
		{"by expiry, of those that expire", admin, lifecycle.Query{Limit: 9, Owner: analyst.User, ExpiresBefore: storetest.Noon.AddDate(1, 0, 0)}, []token.ID{want[0], want[2], want[4], want[6]}},
		{"by last use, never used counting from creation", admin, lifecycle.Query{Limit: 9, Owner: analyst.User, LastUsedBefore: storetest.Noon.Add(2 * time.Millisecond)}, want[5:]},
		{"another account's owner", evil, lifecycle.Query{Limit: 9, Owner: analyst.User}, nil},
	} {
		if got := all(tt.c, tt.q); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v\nwant %v", tt.name, got, tt.want)
		}
	}
	_, err := w.List(t.Context(), noRole, lifecycle.Query{Limit: 5, Owner: admin.User})
	refuses(t, "a colleague's tokens without tokens:read", err, lifecycle.ErrForbidden, "insufficient_scope")
	w.now = w.now.Add(token.Retention)
	if got := all(admin, lifecycle.Query{Limit: 100, Status: token.Revoked}); len(got) != 0 {
		t.Errorf("after the retention the list still shows %v", got)
	}
}
