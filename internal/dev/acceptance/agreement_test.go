package acceptance

import (
	"strings"
	"testing"
)

// TestTheDocumentAndTheServerTakeTheSameValues sends what is right and what is nearly so, and holds it against the schema. Only
// what `refused` names is refused though the schema, which can say no more, admits it.
func TestTheDocumentAndTheServerTakeTheSameValues(t *testing.T) {
	t.Parallel()
	ada := person(t, "acc_agreement", "ada", "admin")
	for _, tt := range []struct {
		schema, field string
		list          bool // the field is one of such values
		good, bad     []string
		refused       map[string]string // value and code
	}{
		{
			schema: "CidrBlock", field: "allowedCidrBlocks", list: true,
			good: []string{
				"0.0.0.0/0", "10.0.0.0/8", "203.0.113.0/24", "203.0.113.7/32", "255.255.255.255/32", "128.0.0.0/1", "::/0", "::/128", "::1/128", "2001:db8::/32", "2001:DB8::/32",
				"2001:0db8:0000:0000:0000:0000:0000:0000/32", "1:2:3:4:5:6:7:8/128", "1:2:3:4:5:6:7::/112", "::2:3:4:5:6:7:8/128", "1::8/128", "1:2::7:8/128", "fe80::/10", "64:ff9b::/96",
				"::ffff/128", "::ffff:1/128", "::ffff:0:0:0/96", "0:0:0:0:ffff::/80", "1::ffff:0:0/128", "0:0:0:0:0:fffe::/96",
			},
			bad: []string{
				"", "localhost", "203.0.113.7", "203.0.113.0/33", "203.0.113.0/024", "203.0.113.0/+24", "203.0.113.0/-1", "203.0.113.0/", "203.0.113/24", "203.0.113.0.0/24", "256.0.0.0/8",
				"203.0.113.00/24", "010.0.0.0/8", "203.0.113.0/24 ", " 203.0.113.0/24", "203.0.113.0/2 4", "0x0a.0.0.0/8", "::/129", "::/00", "::", "1:2:3:4:5:6:7/128", "1:2:3:4:5:6:7:8:9/128",
				"1:2:3:4:5:6:7:8::/128", "::1:2:3:4:5:6:7:8/128", "1::2::3/128", ":::/128", "1:/16", ":1/128", "12345::/16", "g::/16", "fe80::%eth0/10", "fe80::1%1/128", "[::]/0", "::ffff:0:0/96",
				"::ffff:10.0.0.0/104", "::FFFF:a00:0/104", "0:0:0:0:0:ffff:a00:0/104", "0::ffff:a00:0/104", "0:0:0:0:0:ffff::/96", "0000:0:0:0:0:FFFF:1::/112", "::0:ffff:1:2/128",
				"64:ff9b::192.0.2.0/120", "::192.0.2.1/128", "1:2:3:4:5:6:192.0.2.1/128",
			},
			refused: map[string]string{"203.0.113.7/24": "host_bits", "2001:db8::1/32": "host_bits", "10.0.0.0/7": "", "11.0.0.0/7": "host_bits"},
		},
		{
			schema: "Duration", field: "expiresIn",
			good: []string{"P1D", "P90D", "P1Y", "P100Y", "P001Y", "P1Y2M3W4DT5H6M7.8S", "PT24H", "PT0.5H", "P1DT1S", "PT3600S", "P1200M", "P0Y1D", "PT0.999999999H", "P1W1D"},
			bad: []string{
				"", "P", "PT", "T1H", "P1DT", "P1Y2Y", "P1D1Y", "P1W1M", "PT1M1H", "PT1S1M", "PT1H1H", "P1H", "PT1D", "P-1D", "-P1D", "+P1D", "P+1D", "P1.5D", "P1,5D", "P0D", "PT0S", "P0Y0M0DT0.0S",
				"p1d", "P1d", "P1D ", " P1D", "P 1D", "90D", "90", "3 months", "PT.5S", "PT5.S", "PT1.0000000001S", "P0001Y", "P00001M", "P123456D", "PT1234567H", "PT12345678901S", "P1", "P1D1", "PD",
				"P1Y1", "PP1D", "P1DT1HT1M", "PT1e3S", "P١D",
			},
			refused: map[string]string{"P101Y": "bad_duration", "P100Y1D": "bad_duration", "P1201M": "bad_duration", "PT9999999999S": "bad_duration"},
		},
		{
			schema: "Time", field: "expiresAt",
			good: []string{
				"2099-01-31T12:00:00Z", "2099-01-31T12:00:00.5Z", "2099-01-31T12:00:00.123456789012Z", "2099-01-31T12:00:00+02:00", "2099-01-31T12:00:00-23:59", "2096-02-29T00:00:00Z",
				"2099-12-31T23:59:59.999-00:00", "9999-12-31T23:59:59Z",
			},
			bad: []string{
				"", "tomorrow", "2099-01-31", "2099-01-31T12:00Z", "2099-01-31T12:00:00", "2099-01-31 12:00:00Z", "2099-01-31t12:00:00z", "2099-01-31T1:00:00Z", "2099-1-31T12:00:00Z",
				"2099-01-31T12:00:00,5Z", "2099-01-31T12:00:00.Z", "2099-01-31T12:00:00+24:00", "2099-01-31T12:00:00+00:60", "2099-01-31T12:00:00+0200", "2099-01-31T12:00:00+02", "2099-02-29T00:00:00Z",
				"2099-13-01T00:00:00Z", "2099-00-01T00:00:00Z", "2099-01-00T00:00:00Z", "2099-04-31T00:00:00Z", "2099-01-31T24:00:00Z", "2099-01-31T12:60:00Z", "2099-01-31T23:59:60Z",
				"99-01-31T12:00:00Z", "12099-01-31T12:00:00Z", "+2099-01-31T12:00:00Z", "2099-01-31T12:00:00Z ", "4073587200",
			},
			refused: map[string]string{
				"9999-12-31T23:59:59-00:01": "bad_time", "0000-01-01T00:00:00+00:01": "bad_time", "0000-01-01T00:00:00Z": "in_past", "2026-01-01T00:00:00Z": "in_past",
			},
		},
	} {
		check := func(value, code string, fits bool) {
			t.Helper()
			if err := contract.fitsAt("/components/schemas/"+tt.schema, value); (err == nil) != fits {
				t.Errorf("%s %q fits the schema: %v, want %v", tt.schema, value, err == nil, fits)
			}
			var sent any = value
			if tt.list {
				sent = []string{value}
			}
			a := ada.call(t, "POST", "/v1/tokens", object{"name": "x", tt.field: sent})
			if code == "" && a.status != 201 || code != "" && (a.status != 422 || !strings.Contains(a.body, `"code":"`+code)) {
				t.Errorf("%s %q: %d %s", tt.schema, value, a.status, a.body)
			}
		}
		for _, value := range tt.good {
			check(value, "", true)
		}
		for _, value := range tt.bad {
			check(value, "bad_", false)
		}
		for value, code := range tt.refused {
			check(value, code, true)
		}
	}
}
