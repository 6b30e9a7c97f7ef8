package scim

import (
	"encoding/json"
	"regexp"
	"strings"
)

// filter is a value filter of a path, such as the one in emails[type eq "work"].value (RFC 7644, figure 7).
type filter interface {
	// matches says whether a value of a multi-valued attribute is meant.
	matches(v multiValue) bool
}

// comparison compares one sub-attribute. present is the operator pr.
type comparison struct {
	attribute, operator string
	operand             any // string, bool, float64 or nil
}

type both struct{ a, b filter }

type either struct{ a, b filter }

type negation struct{ of filter }

func (f both) matches(v multiValue) bool     { return f.a.matches(v) && f.b.matches(v) }
func (f either) matches(v multiValue) bool   { return f.a.matches(v) || f.b.matches(v) }
func (f negation) matches(v multiValue) bool { return !f.of.matches(v) }

func (f comparison) matches(v multiValue) bool {
	actual, ok := v.attribute(f.attribute)
	switch f.operator {
	case "pr":
		return ok
	case "eq":
		return ok && equal(actual, f.operand, f.attribute == "type")
	case "ne":
		return !ok || !equal(actual, f.operand, f.attribute == "type")
	}
	text, isText := actual.(string)
	operand, _ := f.operand.(string)
	switch f.operator {
	case "co":
		return isText && strings.Contains(text, operand)
	case "sw":
		return isText && strings.HasPrefix(text, operand)
	default: // ew
		return isText && strings.HasSuffix(text, operand)
	}
}

// equal compares; a type has no case. Entra ID puts booleans into quotes, and "True" is how it spells them.
func equal(actual, operand any, fold bool) bool {
	truth, isTruth := actual.(bool)
	text, isText := operand.(string)
	if isTruth && isText {
		return strings.EqualFold(text, map[bool]string{true: "true", false: "false"}[truth])
	}
	if was, ok := actual.(string); ok && isText && fold {
		return strings.EqualFold(was, text)
	}
	return actual == operand
}

// filterToken is one word, parenthesis or JSON value of a filter.
var filterToken = regexp.MustCompile(`^\s*(\(|\)|"(?:[^"\\]|\\.)*"|[^\s()"]+)`)

// filterParser reads a filter; not binds more than and, and that more than or.
type filterParser struct {
	rest  string
	depth int
}

// maxDepth bounds parentheses within each other.
const maxDepth = 20

var errFilter = refusal("invalidFilter", `Want a filter such as type eq "work", with eq, ne, co, sw, ew or pr, and, or, not and parentheses.`)

func parseValueFilter(text string) (filter, error) {
	p := filterParser{rest: text}
	f, err := p.or()
	if err != nil || strings.TrimSpace(p.rest) != "" {
		return nil, errFilter
	}
	return f, nil
}

// next takes one token; "" at the end.
func (p *filterParser) next() string {
	m := filterToken.FindStringSubmatch(p.rest)
	if m == nil {
		return ""
	}
	p.rest = p.rest[len(m[0]):]
	return m[1]
}

// is takes the next token if it is a word.
func (p *filterParser) is(word string) bool {
	before := p.rest
	if strings.EqualFold(p.next(), word) {
		return true
	}
	p.rest = before
	return false
}

func (p *filterParser) or() (filter, error) {
	f, err := p.and()
	for err == nil && p.is("or") {
		var g filter
		g, err = p.and()
		f = either{f, g}
	}
	return f, err
}

func (p *filterParser) and() (filter, error) {
	f, err := p.one()
	for err == nil && p.is("and") {
		var g filter
		g, err = p.one()
		f = both{f, g}
	}
	return f, err
}

func (p *filterParser) one() (filter, error) {
	not := p.is("not")
	if !p.is("(") {
		if not {
			return nil, errFilter
		}
		return p.comparison()
	}
	if p.depth++; p.depth > maxDepth {
		return nil, errFilter
	}
	f, err := p.or()
	p.depth--
	if err != nil || !p.is(")") {
		return nil, errFilter
	}
	if not {
		f = negation{f}
	}
	return f, nil
}

var subAttribute = regexp.MustCompile(`^[A-Za-z$][A-Za-z0-9_$-]*$`)

func (p *filterParser) comparison() (filter, error) {
	f := comparison{attribute: strings.ToLower(p.next())}
	f.operator = strings.ToLower(p.next())
	if !subAttribute.MatchString(f.attribute) {
		return nil, errFilter
	}
	switch f.operator {
	case "pr":
		return f, nil
	case "eq", "ne":
	case "co", "sw", "ew":
		if !strings.HasPrefix(strings.TrimSpace(p.rest), `"`) {
			return nil, errFilter
		}
	default: // gt and its like say nothing of texts and truths
		return nil, errFilter
	}
	if err := json.Unmarshal([]byte(p.next()), &f.operand); err != nil {
		return nil, errFilter
	}
	switch f.operand.(type) {
	case map[string]any, []any:
		return nil, errFilter
	}
	return f, nil
}

// made returns the value that a filter of comparisons with eq, joined by and, describes: what an add makes of
// emails[type eq "work"].value where there is none.
func made(f filter) (multiValue, bool) {
	switch f := f.(type) {
	case both:
		a, ok := made(f.a)
		b, also := made(f.b)
		if b.Value != "" {
			a.Value = b.Value
		}
		if b.Type != "" {
			a.Type = b.Type
		}
		a.Primary = a.Primary || b.Primary
		return a, ok && also
	case comparison:
		text, _ := f.operand.(string)
		switch {
		case f.operator != "eq":
			return multiValue{}, false
		case f.attribute == "value":
			return multiValue{Value: text}, text != ""
		case f.attribute == "type":
			return multiValue{Type: text}, text != ""
		case f.attribute == "primary":
			return multiValue{Primary: true}, equal(true, f.operand, false)
		}
	}
	return multiValue{}, false
}
