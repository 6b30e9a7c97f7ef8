package token

import (
	"fmt"
	"regexp"
	"sync"
)

// inText finds what has the form of a token, whatever its prefix. It is made when first asked for, because the authorizer,
// which links this package, never asks.
var inText = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(fmt.Sprintf(`(_(?:live|test)_[0-9A-Za-z]{%d}_)[0-9A-Za-z]{%d}`, idLen, tailLen))
})

// InText says whether a text holds what has the form of a token. People paste them where names belong.
func InText(s string) bool { return inText().MatchString(s) }

// Conceal returns the text with the secret of each token in it left out: at_live_3kT9bQ0vXzA1mN7cR2sW5e_….
func Conceal(s string) string { return inText().ReplaceAllString(s, "${1}…") }
