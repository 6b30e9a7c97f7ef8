package job_test

import (
	"crypto/rand"
	"testing"

	"github.com/tokenwright/tokenwright/internal/job"
	"github.com/tokenwright/tokenwright/internal/token"
)

func TestDerivedIDsAreTheirParts(t *testing.T) {
	seen := map[job.ID]string{}
	for name, parts := range map[string][]string{
		"one": {"acc_a", "usr_1", "", "key"}, "another account": {"acc_b", "usr_1", "", "key"}, "a moved border": {"acc_a", "usr_1", "k", "ey"},
		"another key": {"acc_a", "usr_1", "", "key2"}, "fewer": {"acc_a", "usr_1", "key"},
	} {
		id := job.IDOf(parts...)
		if parsed, err := job.ParseID(string(id)); err != nil || parsed != id || id != job.IDOf(parts...) {
			t.Errorf("%s: %s, %v", name, id, err)
		}
		if other := seen[id]; other != "" {
			t.Errorf("%s and %s are both %s", name, other, id)
		}
		seen[id] = name
	}
	drawn, err := job.NewID(rand.Reader)
	if _, bad := job.ParseID(string(drawn)); err != nil || bad != nil || drawn == "" {
		t.Errorf("%s, %v, %v", drawn, err, bad)
	}
}

func TestWhatIsNoIDIsRefused(t *testing.T) {
	for _, s := range []string{"", "job_", "job_000000000000000000000", "job_00000000000000000000000", "tok_0000000000000000000000", "job_000000000000000000000#"} {
		if _, err := job.ParseID(s); err == nil {
			t.Errorf("%q is taken for an id", s)
		}
	}
}

func TestResultsAreBoundedAndCountsAreNot(t *testing.T) {
	j := job.Job{Counts: map[job.Outcome]int{}}
	for range job.MaxResults + 1 {
		j.Add(token.ID("tok_x"), job.Revoked)
	}
	if len(j.Results) != job.MaxResults || j.Counts[job.Revoked] != job.MaxResults+1 {
		t.Errorf("%d results, counts %v", len(j.Results), j.Counts)
	}
	c := j.Copy()
	c.Add("tok_y", job.Refused)
	if j.Counts[job.Refused] != 0 {
		t.Error("a copy changes its original")
	}
}
