package user_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tokenwright/tokenwright/internal/base62"
	"github.com/tokenwright/tokenwright/internal/user"
)

// A reference stands in every token id ever issued: this vector never changes.
func TestReferenceOfAPersonIsFrozen(t *testing.T) {
	if got, want := user.RefOf("acc_acme", "ada"), user.Ref("tgNbh7Q7aQP"); got != want {
		t.Errorf("RefOf = %q, want %q", got, want)
	}
}

func TestReferencesOfDifferentPeopleDiffer(t *testing.T) {
	seen := map[user.Ref]string{}
	for _, p := range [][2]string{{"acc_a", "b"}, {"acc_", "ab"}, {"acc_ab", ""}, {"acc_b", "b"}, {"acc_a", "c"}} {
		ref := user.RefOf(user.AccountID(p[0]), p[1])
		if len(ref) != user.RefLen || !base62.Valid(string(ref)) {
			t.Errorf("RefOf(%q) = %q, want %d letters and digits", p, ref, user.RefLen)
		}
		if other, ok := seen[ref]; ok {
			t.Errorf("%q and %s share %s", p, other, ref)
		}
		seen[ref] = p[0] + "/" + p[1]
	}
}

func TestAccountIDsThatCouldForgeAKeyAreRefused(t *testing.T) {
	for _, bad := range []string{"", "a#b", "a b", "a/b", "ä", "a\n", strings.Repeat("a", 65)} {
		if _, err := user.ParseAccount(bad); !errors.Is(err, user.ErrBadAccount) {
			t.Errorf("ParseAccount(%q) = %v, want ErrBadAccount", bad, err)
		}
	}
	for _, good := range []string{"acc_acme", "org_01H", "a", "eu-west:7f", strings.Repeat("a", 64)} {
		if _, err := user.ParseAccount(good); err != nil {
			t.Errorf("ParseAccount(%q) = %v", good, err)
		}
	}
}

func TestUserIDsAreParsedStrictly(t *testing.T) {
	for _, bad := range []string{"", "usr_", "usr_short", "tok_0123456789A", "usr_0123456789AB", "usr_012345678-A", "0123456789A"} {
		if _, err := user.ParseID(bad); !errors.Is(err, user.ErrBadID) {
			t.Errorf("ParseID(%q) = %v, want ErrBadID", bad, err)
		}
	}
	id, err := user.ParseID("usr_0123456789A")
	if err != nil || id.Ref() != "0123456789A" || id.Ref().ID() != id {
		t.Errorf("ParseID = %v, %v", id, err)
	}
}

func TestSubjects(t *testing.T) {
	for _, bad := range []string{"", "a\x00b", "a\nb", strings.Repeat("x", 256), strings.Repeat("ä", 256)} {
		if err := user.CheckSubject(bad); !errors.Is(err, user.ErrBadSubject) {
			t.Errorf("CheckSubject(%q) = %v", bad, err)
		}
	}
	for _, good := range []string{"auth0|5f7c8ec7c33c6c004bbafe82", strings.Repeat("ä", 255)} {
		if err := user.CheckSubject(good); err != nil {
			t.Errorf("CheckSubject(%q) = %v", good, err)
		}
	}
}
