package lifecycle_test

import (
	"fmt"
	"testing"

	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/token"
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
