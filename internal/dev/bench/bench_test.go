package bench_test

import (
	"strings"
	"testing"

	"github.com/tokenwright/tokenwright/internal/dev/bench"
)

func TestABrokenBudgetIsSaidAndTold(t *testing.T) {
	rows := []bench.Row{{Measure: "µ a", Figure: "1", Budget: "≤ 2"}, {Measure: "b", Figure: "for information"}}
	var out strings.Builder
	if !bench.Print(&out, rows) || out.String() != "µ a  1                ≤ 2  kept\nb    for information\n" {
		t.Errorf("kept:\n%s", out.String())
	}
	out.Reset()
	if bench.Print(&out, append(rows, bench.Row{Measure: "c", Figure: "3", Budget: "≤ 2", Broken: true})) || !strings.Contains(out.String(), "≤ 2  BROKEN") {
		t.Errorf("broken:\n%s", out.String())
	}
}
