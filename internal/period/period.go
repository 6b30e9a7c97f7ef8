// Package period reads ISO 8601 durations ("P90D", "P1Y", "PT24H") and adds them to instants by the calendar: a
// month after 31 January is not a count of hours.
package period

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sosodev/duration"
)

// ErrBad is returned for text that is no positive ISO 8601 duration of at most a hundred years.
var ErrBad = errors.New("not an ISO 8601 duration")

const maxYears = 100

// Period is a positive length of calendar time. The zero Period is "none".
type Period struct {
	text                string
	years, months, days int
	clock               time.Duration
}

// unit is a designator of ISO 8601, and how many digits may stand before it: with more it would be over a hundred years.
type unit struct {
	letter byte
	digits int
}

var (
	calendar = []unit{{'Y', 3}, {'M', 4}, {'W', 4}, {'D', 5}}
	clock    = []unit{{'H', 6}, {'M', 8}, {'S', 10}}
)

const fraction = 9 // digits

// Parse reads an ISO 8601 duration: each unit at most once, in the order of the standard, with something behind a T. Years,
// months, weeks and days must be whole; the result must be over zero and at most a hundred years long, so that no sum
// with a real date overflows.
func Parse(s string) (Period, error) {
	if !wellFormed(s) {
		return Period{}, bad(s)
	}
	return Stored(s)
}

func wellFormed(s string) bool {
	days, hours, timed := strings.Cut(s, "T")
	days, begun := strings.CutPrefix(days, "P")
	return begun && inOrder(days, calendar, 0) && (!timed || hours != "") && inOrder(hours, clock, fraction)
}

// inOrder says whether s is numbers with their units, each unit once and in this order.
func inOrder(s string, units []unit, fraction int) bool {
	for s != "" {
		whole, rest := digits(s)
		part := 0
		if after, dotted := strings.CutPrefix(rest, "."); dotted {
			if part, rest = digits(after); part == 0 {
				return false
			}
		}
		i := slices.IndexFunc(units, func(u unit) bool { return rest != "" && u.letter == rest[0] })
		if i < 0 || whole == 0 || whole > units[i].digits || part > fraction {
			return false
		}
		s, units = rest[1:], units[i+1:]
	}
	return true
}

// digits returns how many digits s begins with, and what comes after them.
func digits(s string) (n int, rest string) {
	rest = strings.TrimLeft(s, "0123456789")
	return len(s) - len(rest), rest
}

// Stored is Parse for text that is kept already. Until November 2026 units were taken in any order and more than once (the
// last one counts), and a T with nothing behind it: a policy that was set in this way goes on to count as it did.
func Stored(s string) (Period, error) {
	d, err := duration.Parse(s)
	if err != nil || d.Negative {
		return Period{}, bad(s)
	}
	whole := []float64{d.Years, d.Months, d.Weeks, d.Days}
	for i, v := range whole {
		if limit := []float64{1, 12, 53, 366}[i] * maxYears; v != math.Trunc(v) || v < 0 || v > limit {
			return Period{}, bad(s)
		}
	}
	seconds := d.Hours*3600 + d.Minutes*60 + d.Seconds
	p := Period{text: s, years: int(d.Years), months: int(d.Months), days: int(7*d.Weeks + d.Days)}
	if !(seconds >= 0 && seconds <= maxYears*366*86400) {
		return Period{}, bad(s)
	}
	p.clock = time.Duration(seconds * float64(time.Second))
	if end := p.AddTo(time.Unix(0, 0)); !end.After(time.Unix(0, 0)) || end.After(time.Unix(0, 0).AddDate(maxYears, 0, 0)) {
		return Period{}, bad(s)
	}
	if !wellFormed(s) {
		p.text = fmt.Sprintf("P%dY%dM%dDT%sS", p.years, p.months, p.days, strconv.FormatFloat(p.clock.Seconds(), 'f', -1, 64))
	}
	return p, nil
}

func bad(s string) error { return fmt.Errorf("%w: %.32q", ErrBad, s) }

// MustParse is Parse for constants.
func MustParse(s string) Period {
	p, err := Parse(s)
	if err != nil {
		panic(err)
	}
	return p
}

// AddTo returns t and the period: years, months and days by the calendar in UTC (as time.Time.AddDate normalises
// them), then the rest.
func (p Period) AddTo(t time.Time) time.Time {
	return t.UTC().AddDate(p.years, p.months, p.days).Add(p.clock)
}

// IsZero says whether there is no period.
func (p Period) IsZero() bool { return p == Period{} }

// String returns the text that was parsed, or what says the same where that was none of ISO 8601; "" for none.
func (p Period) String() string { return p.text }
