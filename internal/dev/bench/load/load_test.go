package load_test

import (
	"testing"

	"github.com/tokenwright/tokenwright/internal/dev/bench/load"
)

func TestEveryRequestOfALoadIsLetIn(t *testing.T) {
	t.Chdir("../../../..") // the stack serves the module's own template
	r, err := load.Run(t.Context(), load.Options{Requests: 200, AtOnce: 4})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Sorted) != 200 || r.Refused+r.Failed != 0 {
		t.Errorf("%s", r)
	}
}
