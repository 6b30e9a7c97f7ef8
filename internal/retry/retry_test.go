package retry_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tokenwright/tokenwright/internal/retry"
)

var errBusy = errors.New("busy")

func busy(err error) bool { return errors.Is(err, errBusy) }

func TestItGoesOnWhileOthersAreInTheWayAndNoLonger(t *testing.T) {
	other := errors.New("other")
	for name, tt := range map[string]struct {
		answers []error
		tries   int
		want    error
	}{
		"success ends it":                   {[]error{nil}, 1, nil},
		"what passes is tried again":        {[]error{errBusy, errBusy, nil}, 3, nil},
		"any other error ends it":           {[]error{errBusy, other, nil}, 2, other},
		"a change gives up after its tries": {[]error{errBusy, errBusy, errBusy, errBusy, errBusy, errBusy, nil}, 6, errBusy},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := 0
				err := retry.Do(t.Context(), retry.Changing, busy, func(context.Context) error { n++; return tt.answers[n-1] })
				if n != tt.tries || !errors.Is(err, tt.want) {
					t.Errorf("%d tries, %v; want %d, %v", n, err, tt.tries, tt.want)
				}
			})
		})
	}
}

func TestWhoeverEndsSomethingOutlastsWhoeverChangesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, n := time.Now(), 0
		if err := retry.Do(t.Context(), retry.Ending, busy, func(context.Context) error { n++; return errBusy }); !busy(err) {
			t.Errorf("in the end: %v", err)
		}
		if n < 150 || time.Since(start) > retry.Ending.Total {
			t.Errorf("%d tries in %s", n, time.Since(start))
		}
	})
}

func TestItEndsWithTheCaller(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	if err := retry.Do(ctx, retry.Ending, busy, func(context.Context) error { n++; cancel(); return errBusy }); !busy(err) || n != 1 {
		t.Errorf("%d tries, %v", n, err)
	}
}

func TestWaitsAreNotInStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		took := map[time.Duration]bool{}
		for range 20 {
			start := time.Now()
			_ = retry.Do(t.Context(), retry.Changing, busy, func(context.Context) error { return errBusy })
			took[time.Since(start)] = true
		}
		if len(took) < 15 {
			t.Errorf("20 that collide wait in %d ways", len(took))
		}
	})
}
