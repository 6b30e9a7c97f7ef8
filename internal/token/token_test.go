package token_test

import (
	"bytes"
	"crypto/rand"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

func TestStatusAtEachInstant(t *testing.T) {
	hour := noon.Add(time.Hour)
	tests := []struct {
		name  string
		token token.Token
		now   time.Time
		want  token.Status
	}{
		{"a plain token is active", token.Token{Active: true}, noon, token.Usable},
		{"one nanosecond before its expiry it is active", token.Token{Active: true, ExpiresAt: hour}, hour.Add(-1), token.Usable},
		{"at its expiry it is expired", token.Token{Active: true, ExpiresAt: hour}, hour, token.Expired},
		{"after its expiry it is expired", token.Token{Active: true, ExpiresAt: hour}, hour.Add(1), token.Expired},
		{"before its time it is scheduled", token.Token{Active: true, NotBefore: hour}, hour.Add(-1), token.Scheduled},
		{"at its time it is active", token.Token{Active: true, NotBefore: hour}, hour, token.Usable},
		{"a paused token is inactive", token.Token{}, noon, token.Inactive},
		{"paused and expired is expired", token.Token{ExpiresAt: noon}, noon, token.Expired},
		{"revoked comes before all", token.Token{RevokedAt: noon, ExpiresAt: noon}, noon, token.Revoked},
	}
	for _, tt := range tests {
		if got := tt.token.Status(tt.now); got != tt.want {
			t.Errorf("%s: got %s", tt.name, got)
		}
	}
}

func TestAddressLists(t *testing.T) {
	tests := []struct {
		name  string
		cidrs []string
		from  string
		want  bool
	}{
		{"no list allows any address", nil, "203.0.113.9", true},
		{"no list allows an unknown address", nil, "", true},
		{"a list refuses an unknown address", []string{"0.0.0.0/0", "::/0"}, "", false},
		{"inside", []string{"203.0.113.0/24"}, "203.0.113.255", true},
		{"outside", []string{"203.0.113.0/24"}, "203.0.114.0", false},
		{"a v4-mapped address counts as v4", []string{"203.0.113.0/24"}, "::ffff:203.0.113.7", true},
		{"a v6 list does not hold v4", []string{"::/0"}, "203.0.113.7", false},
		{"v6", []string{"2001:db8::/32"}, "2001:db8:1::1", true},
		{"a zone does not matter", []string{"fe80::/10"}, "fe80::1%eth0", true},
		{"second of two", []string{"10.0.0.0/8", "203.0.113.7/32"}, "203.0.113.7", true},
	}
	for _, tt := range tests {
		tok := token.Token{}
		for _, c := range tt.cidrs {
			tok.CIDRs = append(tok.CIDRs, netip.MustParsePrefix(c))
		}
		var from netip.Addr
		if tt.from != "" {
			from = netip.MustParseAddr(tt.from)
		}
		if got := tok.AllowsAddress(from); got != tt.want {
			t.Errorf("%s: got %v", tt.name, got)
		}
	}
}

func version(at time.Time, mark byte) token.SecretVersion {
	v := token.SecretVersion{CreatedAt: at}
	v.Digest.MAC[0] = mark
	return v
}

func live(t *token.Token, now time.Time) (marks []byte) {
	for _, v := range t.Secrets {
		if v.Live(now) {
			marks = append(marks, v.Digest.MAC[0])
		}
	}
	return marks
}

func TestRotationKeepsAtMostTwoSecretsAlive(t *testing.T) {
	tok := &token.Token{Secrets: []token.SecretVersion{version(noon, 1)}}
	at := func(d time.Duration) time.Time { return noon.Add(d) }

	tok.Rotate(version(at(1), 2), at(1)) // no grace
	if got := live(tok, at(1)); !slices.Equal(got, []byte{2}) {
		t.Errorf("without a grace period versions %v are live at once, want only the new one", got)
	}
	tok.Rotate(version(at(2), 3), at(time.Hour))
	if got := live(tok, at(time.Hour-1)); !slices.Equal(got, []byte{3, 2}) {
		t.Errorf("within the grace period versions %v are live, want both", got)
	}
	if got := live(tok, at(time.Hour)); !slices.Equal(got, []byte{3}) {
		t.Errorf("at the end of the grace period versions %v are live, want the new one", got)
	}
	tok.Rotate(version(at(3), 4), at(2*time.Hour)) // while 2 is still in its grace
	if got := live(tok, at(3)); !slices.Equal(got, []byte{4, 3}) {
		t.Errorf("after another rotation versions %v are live, want the newest two", got)
	}
	if len(tok.Secrets) != token.MaxSecrets || !tok.RotatedAt.Equal(at(3)) {
		t.Errorf("%d versions, rotated %v", len(tok.Secrets), tok.RotatedAt)
	}
}

func TestRemovalWaitsForTheRetention(t *testing.T) {
	if got := (&token.Token{}).RemovableAt(); !got.IsZero() {
		t.Errorf("a token without end is removable at %v", got)
	}
	if got := (&token.Token{ExpiresAt: noon}).RemovableAt(); !got.Equal(noon.Add(token.Retention)) {
		t.Errorf("expired: %v", got)
	}
	revoked := &token.Token{ExpiresAt: noon.AddDate(1, 0, 0), RevokedAt: noon}
	if got := revoked.RemovableAt(); !got.Equal(noon.Add(token.Retention)) {
		t.Errorf("revoked: %v", got)
	}
}

func TestIDsSortByAgeAndNameTheirOwner(t *testing.T) {
	owner := user.RefOf("acc_acme", "ada")
	var ids []token.ID
	for i := range 50 {
		id, err := token.NewID(owner, noon.Add(time.Duration(i)*time.Millisecond), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if id.Owner() != owner || len(id.Ref()) != 11 {
			t.Fatalf("%s: owner %s, ref %s", id, id.Owner(), id.Ref())
		}
		ids = append(ids, id)
	}
	if !slices.IsSorted(ids) {
		t.Error("later ids sort before earlier ones")
	}
	for _, bad := range []string{"", "tok_", "usr_" + string(ids[0][4:]), string(ids[0]) + "a", string(ids[0][:25]) + "-", string(ids[0][4:])} {
		if _, err := token.ParseID(bad); err == nil {
			t.Errorf("ParseID(%q) succeeds", bad)
		}
	}
}

func TestDigestsDependOnKeyAndToken(t *testing.T) {
	f := format(t)
	parse := func() token.Secret {
		_, text := issue(t, f)
		u, err := f.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return u.Secret
	}
	a, b := parse(), parse()
	k1, k2 := token.NewKey("k1", []byte("one")), token.NewKey("k2", []byte("two"))
	if !k1.Digest(a).Equal(k1.Digest(a)) {
		t.Error("a digest differs from itself")
	}
	renamed := token.NewKey("k3", []byte("one")).Digest(a)
	for name, other := range map[string]token.Digest{"other token": k1.Digest(b), "other key": k2.Digest(a), "same key, other id": renamed, "zero": {}} {
		if k1.Digest(a).Equal(other) {
			t.Errorf("%s: digests are equal", name)
		}
	}
	d, e := k1.Derive("cursor", []byte("a"), []byte("bc")), k1.Derive("cursor", []byte("ab"), []byte("c"))
	if bytes.Equal(d[:], e[:]) {
		t.Error("derived keys of different info are equal")
	}
}
