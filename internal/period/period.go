// Package period reads ISO 8601 durations ("P90D", "P1Y", "PT24H") and adds them to instants by the calendar: a
// month after 31 January is not a count of hours.
package period

import (
	"errors"
	"fmt"
	"math"
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

// Parse reads an ISO 8601 duration. Years, months, weeks and days must be whole; the result must be over zero and at
// most a hundred years long, so that no sum with a real date overflows.
func Parse(s string) (Period, error) {
	d, err := duration.Parse(s)
	if err != nil || d.Negative {
		return Period{}, fmt.Errorf("%w: %.32q", ErrBad, s)
	}
	whole := []float64{d.Years, d.Months, d.Weeks, d.Days}
	for i, v := range whole {
		if limit := []float64{1, 12, 53, 366}[i] * maxYears; v != math.Trunc(v) || v < 0 || v > limit {
			return Period{}, fmt.Errorf("%w: %.32q", ErrBad, s)
		}
	}
	seconds := d.Hours*3600 + d.Minutes*60 + d.Seconds
	p := Period{text: s, years: int(d.Years), months: int(d.Months), days: int(7*d.Weeks + d.Days)}
	if !(seconds >= 0 && seconds <= maxYears*366*86400) {
		return Period{}, fmt.Errorf("%w: %.32q", ErrBad, s)
	}
	p.clock = time.Duration(seconds * float64(time.Second))
	if end := p.AddTo(time.Unix(0, 0)); !end.After(time.Unix(0, 0)) || end.After(time.Unix(0, 0).AddDate(maxYears, 0, 0)) {
		return Period{}, fmt.Errorf("%w: %.32q", ErrBad, s)
	}
	return p, nil
}

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

// String returns the text that was parsed; "" for none.
func (p Period) String() string { return p.text }
