package boot_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/boot"
)

// Go prints a monotonic reading as m=…; and compares two instants by it when both have one.
func TestTheClockIsTheWallsAlone(t *testing.T) {
	if s := time.Now().String(); !strings.Contains(s, " m=") {
		t.Fatalf("time.Now shows no monotonic reading: %s", s)
	}
	now := boot.Now()
	if strings.Contains(now.String(), " m=") || now != now.Round(0) {
		t.Errorf("the clock carries a monotonic reading: %s", now)
	}
	if age := time.Since(now); age < 0 || age > time.Minute {
		t.Errorf("the clock is off by %s", age)
	}
}
