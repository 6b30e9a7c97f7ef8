package lifecycle_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/tokenwright/tokenwright/internal/job"
	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/period"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// A list stops looking after so many tokens that do not match, and says that there are more. Of another account's owner
// that alone would tell how much they have.
func TestNotEvenHowMuchAnotherAccountHasShows(t *testing.T) {
	w := start(t)
	owner := w.create(admin, lifecycle.Create{Scopes: list("orders:read")}).Token.ID.Owner()
	for i := range 1100 {
		w.create(admin, lifecycle.Create{Name: fmt.Sprint(i), Environment: token.Test})
	}
	page, err := w.List(t.Context(), evil, lifecycle.Query{Owner: owner.ID(), Limit: 1})
	if err != nil || len(page.Tokens) != 0 || page.More || page.Last != "" {
		t.Errorf("another account sees %+v, %v", page, err)
	}
	page, err = w.List(t.Context(), admin, lifecycle.Query{Owner: owner.ID(), Environment: token.Live, Limit: 1})
	if err != nil || !page.More {
		t.Errorf("the account itself sees %+v, %v: the list does not stop, and this test proves nothing", page, err)
	}
}

// What another account has costs no more reads than what nobody has: neither number nor time tells them apart.
func TestWhatIsAnotherAccountsCostsAsMuchAsWhatNeverWas(t *testing.T) {
	w := start(t)
	var theirs, nobodys []token.ID
	for range 30 {
		id := w.create(admin, lifecycle.Create{Kind: token.Service, Scopes: list("orders:read")}).Token.ID
		theirs, nobodys = append(theirs, id), append(nobodys, "tok_zzzzzzzzzzz"+id[15:])
	}
	reads := &readings{Store: w.fixture.Store}
	w.Store = reads
	list := func(steward user.ID) int {
		reads.n = 0
		page, err := w.List(t.Context(), evil, lifecycle.Query{Steward: steward, Limit: 1})
		if err != nil || len(page.Tokens) != 0 || page.More || page.Last != "" {
			t.Errorf("steward %s: another account sees %+v, %v", steward, page, err)
		}
		return reads.n
	}
	if a, b := list(admin.User), list("usr_0000000000A"); a != b {
		t.Errorf("what a foreign steward answers for costs %d reads, what nobody does %d", a, b)
	}
	preview := func(ids []token.ID) int {
		reads.n = 0
		if j, _, err := w.PreviewBulkRevoke(t.Context(), evil, lifecycle.BulkRevoke{IDs: ids}); err != nil || j.Counts[job.NotFound] != len(ids) {
			t.Errorf("a job over foreign tokens: %v, %v", j.Counts, err)
		}
		return reads.n
	}
	if a, b := preview(theirs), preview(nobodys); a != b {
		t.Errorf("a job over foreign tokens costs %d reads, over none %d", a, b)
	}
}

// readings counts what lists read.
type readings struct {
	lifecycle.Store
	n int
}

func (c *readings) Owners(ctx context.Context, a user.AccountID, refs []user.Ref) (map[user.Ref]user.User, settings.Settings, error) {
	c.n += 1 + len(refs)
	return c.Store.Owners(ctx, a, refs)
}

func (c *readings) TokensNamed(ctx context.Context, ids []token.ID) (map[token.ID]token.Token, error) {
	c.n++
	return c.Store.TokensNamed(ctx, ids)
}

func (c *readings) Stewarded(ctx context.Context, ref user.Ref, after token.ID, limit int) ([]token.ID, token.ID, error) {
	c.n++
	return c.Store.Stewarded(ctx, ref, after, limit)
}

// A version that is not the token's must not be a way to try in silence.
func TestWhoMayNotIsToldSoWhateverVersionTheyName(t *testing.T) {
	w := start(t)
	w.known(admin, analyst)
	of := id(w.create(analyst, lifecycle.Create{}))
	for what, try := range map[string]func() error{
		"changing": func() error {
			_, err := w.Update(t.Context(), admin, of, 99, lifecycle.Update{Name: value("mine")})
			return err
		},
		"rotating": func() error {
			_, err := w.Rotate(t.Context(), admin, of, 99, period.Period{})
			return err
		},
		"revoking": func() error { return w.Revoke(t.Context(), admin, of, 99) },
	} {
		refuses(t, what, try(), lifecycle.ErrForbidden, "not_owner")
	}
	if _, n := w.attempts(admin.Account); n != 3 {
		t.Errorf("%d attempts are told, want 3", n)
	}
	_, err := w.Update(t.Context(), analyst, of, 99, lifecycle.Update{Name: value("laptop")})
	refuses(t, "a version there is not", err, lifecycle.ErrPrecondition, "version_mismatch")
}
