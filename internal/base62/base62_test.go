package base62_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/tokenwright/tokenwright/internal/base62"
)

func TestEncodedNumbersSortAsNumbers(t *testing.T) {
	numbers := []uint64{0, 1, 9, 10, 35, 36, 61, 62, 3843, 3844, 1 << 32, 1<<40 - 1, 1 << 40}
	var encoded []string
	for _, n := range numbers {
		encoded = append(encoded, base62.Encode(n, base62.TimeWidth))
	}
	if !slices.IsSorted(encoded) {
		t.Errorf("not in order: %q", encoded)
	}
	if got := base62.Encode(62*62+1, 4); got != "0101" {
		t.Errorf("Encode(3845, 4) = %q, want 0101", got)
	}
}

func TestRandomIsUniform(t *testing.T) {
	const n = 62 * 2000
	s, err := base62.Random(rand.Reader, n)
	if err != nil {
		t.Fatal(err)
	}
	var chi float64
	for _, c := range base62.Alphabet {
		d := float64(strings.Count(s, string(c))) - 2000
		chi += d * d / 2000
	}
	// 61 degrees of freedom: a uniform source exceeds 145 once in about 10^8 runs; favouring the first eight digits
	// as a plain remainder does gives over 700.
	if chi > 145 {
		t.Errorf("chi-squared = %.1f over 62 digits, want at most 145", chi)
	}
}

func TestRandomThrowsAwayBiasedBytes(t *testing.T) {
	got, err := base62.Random(bytes.NewReader([]byte{255, 248, 0, 61, 62, 247, 7, 7, 7, 7}), 4)
	if err != nil || got != "0z0z" {
		t.Errorf("got %q, %v; want 0z0z", got, err)
	}
}

func TestRandomReportsADryReader(t *testing.T) {
	dry := errors.New("dry")
	if _, err := base62.Random(iotest.ErrReader(dry), 4); !errors.Is(err, dry) {
		t.Errorf("err = %v, want it to wrap the reader's", err)
	}
}

func TestTimeOrderedSortsByTime(t *testing.T) {
	var made []string
	for ms := int64(1_790_000_000_000); ms < 1_790_000_000_100; ms++ {
		s, err := base62.TimeOrdered(rand.Reader, ms, 11)
		if err != nil {
			t.Fatal(err)
		}
		if len(s) != 11 || !base62.Valid(s) {
			t.Fatalf("TimeOrdered = %q, want 11 digits", s)
		}
		made = append(made, s)
	}
	if !slices.IsSorted(made) {
		t.Error("ids made later sort before earlier ones")
	}
}
