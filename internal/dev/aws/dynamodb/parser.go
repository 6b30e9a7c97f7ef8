package dynamodb

import (
	"fmt"
	"slices"
	"strings"
)

// node is one node of a parsed expression.
type node struct {
	op    string        // an operator, "path", "value" or "function"
	text  string        // :name of a value, name of a function
	path  []pathElement // of a path
	args  []*node
	paren bool // it stood in parentheses

	value value // of a value, filled in by the resolver
}

// pathElement is an attribute name (or #name until it is resolved) or, with
// isIndex, a list index in text form.
type pathElement struct {
	name    string
	isIndex bool
	index   int
}

func (n *node) isOperand() bool {
	return n.op == "path" || n.op == "value" || n.op == "function"
}

// parser is a recursive descent over the tokens. The first syntax error
// sticks and sends it to the end of the input, so no loop runs on.
type parser struct {
	src       string
	tokens    []token
	pos       int
	operators int
	redundant bool // parentheses directly inside parentheses
	err       string
}

const (
	maxExpressionSize = 4096
	maxOperators      = 300
)

func newParser(src string) *parser {
	p := &parser{src: src, tokens: lex(src)}
	switch {
	case src == "":
		p.fail("The expression can not be empty;")
	case len(src) > maxExpressionSize:
		p.fail(fmt.Sprintf("Expression size has exceeded the maximum allowed size; expression size: %d", len(src)))
	}
	return p
}

func (p *parser) peek() token { return p.tokens[p.pos] }

func (p *parser) next() token {
	t := p.tokens[p.pos]
	if t.kind != tokenEnd {
		p.pos++
	}
	return t
}

func (p *parser) fail(message string) *node {
	if p.err == "" {
		p.err = message
	}
	p.pos = len(p.tokens) - 1
	return &node{op: "path"}
}

// unexpected reports the current token, with its neighbours as the service
// shows them.
func (p *parser) unexpected() *node {
	t := p.peek()
	from, to := t.start, t.end
	if p.pos > 0 {
		from = p.tokens[p.pos-1].start
	}
	if p.pos+1 < len(p.tokens) && p.tokens[p.pos+1].kind != tokenEnd {
		to = p.tokens[p.pos+1].end
	}
	shown := p.src[t.start:t.end]
	if t.kind == tokenEnd {
		shown = "<EOF>"
	}
	return p.fail(fmt.Sprintf("Syntax error; token: %q, near: %q", shown, p.src[from:to]))
}

func (p *parser) at(texts ...string) bool {
	t := p.peek()
	return (t.kind == tokenOperator || t.kind == tokenKeyword) && slices.Contains(texts, t.text)
}

func (p *parser) accept(text string) bool {
	if !p.at(text) {
		return false
	}
	p.next()
	return true
}

func (p *parser) expect(text string) {
	if !p.accept(text) {
		p.unexpected()
	}
}

// finish checks that nothing is left over and returns the first error.
func (p *parser) finish() string {
	if p.peek().kind != tokenEnd {
		p.unexpected()
	}
	if p.err == "" && p.redundant {
		p.err = "The expression has redundant parentheses;"
	}
	if p.err == "" && p.operators > maxOperators {
		p.err = fmt.Sprintf("The expression contains too many operators; operator count: %d", maxOperators+1)
	}
	return p.err
}

func (p *parser) operator(op string, args ...*node) *node {
	p.operators++
	return &node{op: op, args: args}
}

// formatPath shows a path as the service's messages do: [a, [0], b].
func formatPath(path []pathElement) string {
	parts := make([]string, len(path))
	for i, e := range path {
		parts[i] = e.name
		if e.isIndex {
			parts[i] = "[" + e.name + "]"
		}
	}
	return "[" + strings.Join(parts, ", ") + "]"
}
