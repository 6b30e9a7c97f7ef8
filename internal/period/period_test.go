package period_test

import (
	"errors"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/period"
)

func TestPeriodsFollowTheCalendar(t *testing.T) {
	from := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"P15D": "2026-02-15T12:00:00Z", "P90D": "2026-05-01T12:00:00Z", "P1Y": "2027-01-31T12:00:00Z", "P2Y": "2028-01-31T12:00:00Z",
		"P1M": "2026-03-03T12:00:00Z", "P1Y6M": "2027-07-31T12:00:00Z", "P2W": "2026-02-14T12:00:00Z", "PT24H": "2026-02-01T12:00:00Z",
		"P1DT1H30M": "2026-02-01T13:30:00Z", "PT0.5S": "2026-01-31T12:00:00.5Z", "P100Y": "2126-01-31T12:00:00Z",
	} {
		p, err := period.Parse(text)
		if err != nil {
			t.Errorf("Parse(%s) = %v", text, err)
			continue
		}
		if got := p.AddTo(from).Format(time.RFC3339Nano); got != want {
			t.Errorf("%s after %s is %s, want %s", text, from, got, want)
		}
		if p.String() != text {
			t.Errorf("%s prints as %s", text, p)
		}
	}
}

func TestWhatIsNoPeriodIsRefused(t *testing.T) {
	for _, bad := range []string{
		"", "P", "PT", "90D", "90", "P-1D", "-P1D", "P1.5D", "P1.5Y", "P0D", "PT0S", "P101Y", "P1000000000D", "PT99999999999999999999H",
		"P1D ", "p1d", "PT1e30S", "P1H", "next week", "PNaND", "PTInfS", "P1Y2Y", "P1D1Y", "P1DT", "P1W1M", "P1DT1M1H", "PT1H1D", "P1DT1HT1M", "PP1D",
		"PT.5S", "PT5.S", "PT0.1234567890S", "P0001Y", "P00001M", "PT1.5.5S", "P1", "P1D2", "PD", "P١D",
	} {
		if p, err := period.Parse(bad); !errors.Is(err, period.ErrBad) {
			t.Errorf("Parse(%q) = %v, %v; want ErrBad", bad, p.AddTo(time.Unix(0, 0)), err)
		}
	}
}

func TestStoredPeriodsCountAsTheyDid(t *testing.T) {
	from := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{"P1Y2Y": "P2Y", "P1D1Y": "P1Y1D", "P1DT": "P1D", "PT.5S": "PT0.5S", "P90D": "P90D"} {
		p, err := period.Stored(text)
		if err != nil || !p.AddTo(from).Equal(period.MustParse(want).AddTo(from)) || period.MustParse(p.String()).AddTo(from) != p.AddTo(from) {
			t.Errorf("stored %s is %v (%v), want as long as %s", text, p, err, want)
		}
	}
	for _, bad := range []string{"", "P", "PT", "P-1D", "P101Y", "P1.5D", "next week"} {
		if p, err := period.Stored(bad); !errors.Is(err, period.ErrBad) {
			t.Errorf("stored %q is %v, %v; want ErrBad", bad, p, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"P90D", "PT24H", "P1Y2M3W4DT5H6M7.8S", "P-1D", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := period.Parse(s)
		now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
		if err == nil && !p.AddTo(now).After(now) {
			t.Errorf("%q adds nothing", s)
		}
	})
}
