package token_test

import (
	"strings"
	"testing"

	"github.com/tokenwright/tokenwright/internal/token"
)

func TestTokensInTextAreFound(t *testing.T) {
	id, tail := strings.Repeat("i", 22), strings.Repeat("S", 38)
	for _, tt := range []struct {
		text, concealed string
		want            bool
	}{
		{"laptop", "laptop", false},
		{"at_live_" + id + "_" + tail, "at_live_" + id + "_…", true},
		{"old: other_test_" + id + "_" + tail + ", and at_live_" + id + "_" + tail + ".", "old: other_test_" + id + "_…, and at_live_" + id + "_….", true},
		{"at_live_" + id + "_" + tail[1:], "at_live_" + id + "_" + tail[1:], false},
		{"at_beta_" + id + "_" + tail, "at_beta_" + id + "_" + tail, false},
	} {
		if got := token.InText(tt.text); got != tt.want {
			t.Errorf("%q holds a token: %v", tt.text, got)
		}
		if got := token.Conceal(tt.text); got != tt.concealed {
			t.Errorf("%q becomes %q", tt.text, got)
		}
	}
}
