package token_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func format(t testing.TB) token.Format {
	t.Helper()
	f, err := token.NewFormat("at")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func issue(t testing.TB, f token.Format) (token.ID, string) {
	t.Helper()
	id, err := token.NewID(user.RefOf("acc_acme", "ada"), noon, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := f.Issue(id, token.Live, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return id, secret.Reveal()
}

// The vectors freeze the format: tokens issued today are presented for years.
func TestFormatIsFrozen(t *testing.T) {
	raw, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct{ Prefix, Token, ID, Environment, Hint, Key, Digest string }
	if err := json.Unmarshal(raw, &vectors); err != nil || len(vectors) == 0 {
		t.Fatalf("vectors.json: %v, %d vectors", err, len(vectors))
	}
	for _, v := range vectors {
		f, err := token.NewFormat(v.Prefix)
		if err != nil {
			t.Fatal(err)
		}
		got, err := f.Parse(v.Token)
		if err != nil {
			t.Fatalf("Parse(%s) = %v", v.Token, err)
		}
		if string(got.ID) != v.ID || string(got.Environment) != v.Environment || f.Hint(got.ID, got.Environment) != v.Hint {
			t.Errorf("%s reads as %s %s %s", v.Token, got.ID, got.Environment, f.Hint(got.ID, got.Environment))
		}
		if mac := fmt.Sprintf("%x", token.NewKey("k", []byte(v.Key)).Digest(got.Secret).MAC); mac != v.Digest {
			t.Errorf("digest of %s = %s, want %s", v.Token, mac, v.Digest)
		}
	}
}

func TestIssuedTokensParseAndMatchThePattern(t *testing.T) {
	f := format(t)
	pattern := regexp.MustCompile(f.Pattern())
	for range 100 {
		id, text := issue(t, f)
		got, err := f.Parse(text)
		if err != nil || got.ID != id || got.Environment != token.Live || got.Secret.Reveal() != text {
			t.Fatalf("Parse(%s) = %v %v", text, got.ID, err)
		}
		if found := pattern.FindString("curl -H 'Authorization: Bearer " + text + "' x"); found != text {
			t.Fatalf("the pattern finds %q, want %q", found, text)
		}
	}
}

func TestEverySingleChangedCharacterIsRefused(t *testing.T) {
	f := format(t)
	_, text := issue(t, f)
	for i := range len(text) {
		for _, c := range []byte("09AZaz_- \x00é") {
			if text[i] == c {
				continue
			}
			changed := text[:i] + string(rune(c)) + text[i+1:]
			if _, err := f.Parse(changed); !errors.Is(err, token.ErrMalformed) {
				t.Fatalf("Parse(%q) = %v, want ErrMalformed", changed, err)
			}
		}
	}
}

func TestNearMissesAreRefused(t *testing.T) {
	f := format(t)
	_, text := issue(t, f)
	for name, s := range map[string]string{
		"empty": "", "truncated": text[:len(text)-1], "doubled": text + text, "leading space": " " + text,
		"trailing newline": text + "\n", "lower-cased": strings.ToLower(text), "upper-cased": strings.ToUpper(text),
		"1 MiB": strings.Repeat("a", 1<<20), "other prefix": "zz" + text[2:], "other environment": strings.Replace(text, "_live_", "_prod_", 1),
		"swapped environment": strings.Replace(text, "_live_", "_test_", 1), "prefix alone": "at_", "id": "tok_" + text[8:30],
	} {
		if _, err := f.Parse(s); !errors.Is(err, token.ErrMalformed) {
			t.Errorf("%s: Parse = %v, want ErrMalformed", name, err)
		}
	}
	if _, err := (token.Format{}).Parse(text); !errors.Is(err, token.ErrMalformed) {
		t.Errorf("the zero Format parses %s", text)
	}
}

func TestPrefixesAreChecked(t *testing.T) {
	for _, bad := range []string{"", "A", "aT", "1a", "a_b", "a-b", "ä", strings.Repeat("a", 17)} {
		if _, err := token.NewFormat(bad); err == nil {
			t.Errorf("NewFormat(%q) succeeds", bad)
		}
	}
	for _, good := range []string{"a", "at", "acme2", strings.Repeat("a", 16)} {
		if _, err := token.NewFormat(good); err != nil {
			t.Errorf("NewFormat(%q) = %v", good, err)
		}
	}
}

func TestSecretsAndKeysPrintNowhere(t *testing.T) {
	f := format(t)
	_, text := issue(t, f)
	u, err := f.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	key := token.NewKey("k1", []byte("the key material itself"))
	var log bytes.Buffer
	for _, h := range []slog.Handler{slog.NewJSONHandler(&log, nil), slog.NewTextHandler(&log, nil)} {
		slog.New(h).Info("m", "secret", u.Secret, "parsed", u, "pointer", &u, "key", key, "keys", []token.Key{key})
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
		fmt.Fprintf(&log, verb+verb+verb, u.Secret, u, key)
	}
	if err := json.NewEncoder(&log).Encode([]any{u, u.Secret, key}); err != nil {
		t.Fatal(err)
	}
	for _, leak := range []string{text[len(text)-38:], fmt.Sprintf("%x", text[31:]), "material", fmt.Sprintf("%x", "material")} {
		if strings.Contains(log.String(), leak) {
			t.Errorf("%q stands in what was printed", leak)
		}
	}
	if !strings.Contains(log.String(), "[secret]") {
		t.Error("the mask stands nowhere: the test looked at nothing")
	}
}

func TestHintShowsNothingOfTheSecret(t *testing.T) {
	f := format(t)
	id, text := issue(t, f)
	hint := f.Hint(id, token.Live)
	want := text[:12] + "…" + text[26:30]
	if hint != want {
		t.Errorf("hint of %s = %s, want %s", text, hint, want)
	}
}

func FuzzParse(f *testing.F) {
	format := format(f)
	for range 3 {
		_, text := issue(f, format)
		f.Add(text)
		f.Add(text[:40])
	}
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := format.Parse(s)
		if err != nil {
			return
		}
		if got.Secret.Reveal() != s {
			t.Errorf("parse then format of %q gives %q", s, got.Secret.Reveal())
		}
		if _, err := token.ParseID(string(got.ID)); err != nil {
			t.Errorf("%q parses to a bad id: %v", s, err)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	f := format(b)
	_, text := issue(b, f)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}
