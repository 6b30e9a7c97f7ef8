package dynamodb

import "strings"

type tokenKind int

const (
	tokenEnd        tokenKind = iota
	tokenWord                 // an attribute or function name
	tokenKeyword              // AND, SET, …: text is in capitals
	tokenName                 // #name
	tokenValue                // :value
	tokenNumber               // a list index
	tokenOperator             // punctuation and comparators
	tokenUnreadable           // a character no expression may hold
)

type token struct {
	kind       tokenKind
	text       string
	start, end int // where it stands in the expression, for error messages
}

var keywords = map[string]bool{
	"AND": true, "OR": true, "NOT": true, "BETWEEN": true, "IN": true,
	"SET": true, "REMOVE": true, "ADD": true, "DELETE": true,
}

// lex cuts an expression into tokens; the last one is tokenEnd. It never
// fails: what it cannot read becomes a token no rule of the grammar accepts.
func lex(src string) []token {
	var tokens []token
	for pos := 0; pos < len(src); {
		if strings.IndexByte(" \t\r\n", src[pos]) >= 0 {
			pos++
			continue
		}
		t := scan(src[pos:])
		t.start, t.end = pos, pos+len(t.text)
		pos = t.end
		if t.kind == tokenWord && keywords[strings.ToUpper(t.text)] {
			t.kind, t.text = tokenKeyword, strings.ToUpper(t.text)
		}
		tokens = append(tokens, t)
	}
	return append(tokens, token{kind: tokenEnd, text: "<EOF>", start: len(src), end: len(src)})
}

func scan(src string) token {
	switch c := src[0]; {
	case isLetter(c):
		return token{kind: tokenWord, text: src[:1+wordLength(src[1:])]}
	case (c == '#' || c == ':') && wordLength(src[1:]) > 0:
		kind := tokenName
		if c == ':' {
			kind = tokenValue
		}
		return token{kind: kind, text: src[:1+wordLength(src[1:])]}
	case c == '0':
		return token{kind: tokenNumber, text: "0"} // no leading zeros
	case isDigit(c):
		n := 1
		for n < len(src) && isDigit(src[n]) {
			n++
		}
		return token{kind: tokenNumber, text: src[:n]}
	}
	for _, op := range []string{"<>", "<=", ">=", "<", ">", "=", "(", ")", "[", "]", ".", ",", "+", "-"} {
		if strings.HasPrefix(src, op) {
			return token{kind: tokenOperator, text: op}
		}
	}
	for i := range src { // one whole character, however many bytes
		if i > 0 {
			return token{kind: tokenUnreadable, text: src[:i]}
		}
	}
	return token{kind: tokenUnreadable, text: src}
}

// wordLength counts the leading letters, digits and underscores.
func wordLength(s string) int {
	n := 0
	for n < len(s) && (isLetter(s[n]) || isDigit(s[n]) || s[n] == '_') {
		n++
	}
	return n
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
