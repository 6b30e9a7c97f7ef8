package item

import (
	"strconv"
	"strings"
	"time"

	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// OfSweep draws how far a sweep is: "<ms>" at its beginning, then "<ms>#tok_…". The instant and the place are one value, so that
// the sweep of a later instant never goes on where an earlier one was.
func OfSweep(s user.Sweep) Value {
	text := strconv.FormatInt(s.Before.UnixMilli(), 10)
	if s.After != "" {
		text += "#" + s.After
	}
	return String(text)
}

func (it Item) setSweep(s user.Sweep) {
	if !s.Before.IsZero() {
		it["sweep"] = OfSweep(s)
	}
}

func (r *reader) sweepOrNone() user.Sweep {
	if !r.has("sweep") {
		return user.Sweep{}
	}
	ms, after, placed := strings.Cut(r.text("sweep"), "#")
	before, err := strconv.ParseInt(ms, 10, 64)
	if err == nil && placed {
		_, err = token.ParseID(after)
	}
	if err != nil {
		r.refuse("sweep", "names no instant and place")
	}
	return user.Sweep{Before: time.UnixMilli(before).UTC(), After: after}
}
