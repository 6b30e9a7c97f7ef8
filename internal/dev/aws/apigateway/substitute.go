package apigateway

import (
	"regexp"
	"strings"
)

// scope holds variables by name, without the dollar sign. Names of headers are
// in lower case.
type scope map[string]string

// variable finds $context.x.y, $stageVariables.x and $method.request.header.x.
// A gateway response knows nothing else: no functions, no conditions.
var variable = regexp.MustCompile(`\$(context(?:\.\w+)+|stageVariables\.\w+|method\.request\.(?:header|querystring|path)\.[\w-]+)`)

// render fills in variables as they are, without escaping: a quote in a value
// breaks the JSON around it, here as on AWS. What is unknown becomes nothing.
func (s scope) render(body string) string {
	return variable.ReplaceAllStringFunc(body, func(name string) string {
		return s.lookup(strings.TrimPrefix(name, "$"))
	})
}

// expression evaluates the value of a response header.
func (s scope) expression(e string) string {
	if text, ok := literal(e); ok {
		return text
	}
	return s.lookup(e)
}

func (s scope) lookup(name string) string {
	if strings.HasPrefix(name, "method.request.header.") {
		name = strings.ToLower(name)
	}
	return s[name]
}

func literal(e string) (string, bool) {
	if len(e) >= 2 && strings.HasPrefix(e, "'") && strings.HasSuffix(e, "'") {
		return e[1 : len(e)-1], true
	}
	return "", false
}

func validExpression(e string) bool {
	if _, ok := literal(e); ok {
		return true
	}
	return variable.FindString("$"+e) == "$"+e
}
