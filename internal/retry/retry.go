// Package retry tries again what other requests got in the way of. It waits between two tries for a random while (full
// jitter), so that those who collided do not collide again in step. It decides nothing: what is worth another try is for
// the caller to say, and randomness that only spreads a wait need not be handed in.
package retry

import (
	"context"
	"math/rand/v2"
	"time"
)

// Patience says how long to go on.
type Patience struct {
	Tries int           // 0 = as long as Total allows
	Total time.Duration // of all tries and waits
	First time.Duration // what the first wait is drawn up to; each later one from twice as much
	Most  time.Duration // but never from more than this
}

// Sorts of patience. Whoever ends something must outlast whoever goes on changing it, so the one gives up soon and
// the other uses what a function's 10 seconds leave. Many who create at once all want something of their own.
var (
	Changing = Patience{Tries: 6, Total: 4 * time.Second, First: 10 * time.Millisecond, Most: 100 * time.Millisecond}
	Creating = Patience{Total: 7 * time.Second, First: 10 * time.Millisecond, Most: 100 * time.Millisecond}
	Ending   = Patience{Total: 7 * time.Second, First: 5 * time.Millisecond, Most: 40 * time.Millisecond}
)

// Do calls try until it succeeds, fails with something that is not inTheWay, or the patience is over; then it returns the last
// error. The context that a try gets ends with the patience.
func Do(ctx context.Context, p Patience, inTheWay func(error) bool, try func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, p.Total)
	defer cancel()
	most := p.First
	for n := 1; ; n++ {
		err := try(ctx)
		if err == nil || !inTheWay(err) || n == p.Tries || !wait(ctx, most) {
			return err
		}
		most = min(2*most, p.Most)
	}
}

// wait sleeps for anything up to most, and says whether there is time left.
func wait(ctx context.Context, most time.Duration) bool {
	timer := time.NewTimer(rand.N(most + 1)) //nolint:gosec // it spreads a wait; nothing is guarded by it
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}
