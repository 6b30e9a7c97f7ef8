package scim

import (
	"strings"

	"github.com/tokenwright/tokenwright/internal/lifecycle"
)

// path is what an operation is about (RFC 7644, figure 7): an attribute, which of its values, and what of them.
type path struct {
	attribute, sub string // in lower case
	filter         filter // nil = all values
}

// maxPath bounds a path, in bytes.
const maxPath = 1000

func parsePath(text string) (path, error) {
	bad := refusal("invalidPath", "%.*q is no path of an attribute.", lifecycle.MaxEcho, text)
	rest := strings.TrimSpace(text)
	if prefix := userSchema + ":"; len(rest) > len(prefix) && strings.EqualFold(rest[:len(prefix)], prefix) {
		rest = rest[len(prefix):]
	}
	if strings.HasPrefix(strings.ToLower(rest), extensions) {
		return path{attribute: strings.ToLower(rest)}, nil
	}
	head, inner, filtered := strings.Cut(rest, "[")
	var p path
	tail := head
	if filtered {
		end := strings.LastIndexByte(inner, ']')
		if end < 0 {
			return p, bad
		}
		tail = "x" + inner[end+1:]
		inner = inner[:end]
	}
	first, sub, dotted := strings.Cut(tail, ".")
	if !filtered {
		head = first
	}
	if len(text) > maxPath || !subAttribute.MatchString(head) || filtered && first != "x" || dotted && !subAttribute.MatchString(sub) {
		return p, bad
	}
	p.attribute, p.sub = strings.ToLower(head), strings.ToLower(sub)
	var err error
	if filtered {
		p.filter, err = parseValueFilter(inner)
	}
	return p, err
}
