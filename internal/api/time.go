package api

import "time"

const wantTime = "Want a time such as 2027-01-31T12:00:00Z (RFC 3339)."

// parseTime reads an RFC 3339 time. Package time, which answers in this layout, reads more than the standard has: hours of
// one digit, fractions after a comma, and zones a day away.
func parseTime(s string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || s[13] != ':' || s[19] == ',' {
		return time.Time{}, false
	}
	if zone := s[len(s)-5:]; s[len(s)-1] != 'Z' && (zone[:2] > "23" || zone[3:] > "59") {
		return time.Time{}, false
	}
	// The first and the last hours of these years are, in UTC, in years that RFC 3339 cannot write.
	if year := t.UTC().Year(); year < 0 || year > 9999 {
		return time.Time{}, false
	}
	// The instant that means none here, and in .NET as well: a filter must not mean everything because of it.
	return t, !t.IsZero()
}
