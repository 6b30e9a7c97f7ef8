package bench_test

import (
	"testing"

	"github.com/tokenwright/tokenwright/internal/dev/bench"
)

// The budget of `make bench`, kept by `make test` as well.
func TestAValidationAllocatesLittle(t *testing.T) {
	validate, err := bench.Core()
	if err != nil {
		t.Fatal(err)
	}
	if err := validate(); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(1000, func() { _ = validate() }); n >= 20 {
		t.Errorf("%.0f allocations per validation, want under 20", n)
	}
}

func BenchmarkCore(b *testing.B) {
	validate, err := bench.Core()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := validate(); err != nil {
			b.Fatal(err)
		}
	}
}
