package token

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/tokenwright/tokenwright/internal/user"
)

// inText finds what has the form of a token, whatever its prefix. It is made when first needed, because the authorizer,
// which links this package, needs it hardly ever.
var inText = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(fmt.Sprintf(`(_(?:live|test)_[0-9A-Za-z]{%d}_)[0-9A-Za-z]{%d}`, idLen, tailLen))
})

// InText says whether a text holds what has the form of a token. People paste them where names belong.
func InText(s string) bool {
	return (strings.Contains(s, "_"+string(Live)+"_") || strings.Contains(s, "_"+string(Test)+"_")) && inText().MatchString(s)
}

// CheckSubject refuses what cannot name a person, and a token: a subject is stored, listed and shown.
func CheckSubject(s string) error {
	if err := user.CheckSubject(s); err != nil || InText(s) {
		return user.ErrBadSubject
	}
	return nil
}

// Conceal returns the text with the secret of each token in it left out: at_live_3kT9bQ0vXzA1mN7cR2sW5e_….
func Conceal(s string) string { return inText().ReplaceAllString(s, "${1}…") }
