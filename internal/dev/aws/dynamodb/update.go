package dynamodb

import (
	"fmt"
	"slices"
)

// updateAction is one action of an UpdateExpression: what one clause does to
// one path.
type updateAction struct {
	clause string // SET, REMOVE, ADD or DELETE
	target *node  // a path
	source *node  // nil for REMOVE
}

type updateExpression struct{ actions []updateAction }

// update parses and resolves an UpdateExpression.
func (sc *scope) update(text string) (*updateExpression, error) {
	p := newParser(text)
	u := p.update()
	if message := p.finish(); message != "" {
		return nil, invalid("Invalid UpdateExpression: %s", message)
	}
	r := &resolver{scope: sc, kind: "UpdateExpression"}
	for _, a := range u.actions {
		r.resolve(a.target)
		if a.source != nil {
			r.resolve(a.source)
			r.checkSource(a)
		}
	}
	r.checkOverlap(u.paths())
	return u, r.err
}

func (u *updateExpression) paths() [][]pathElement {
	paths := make([][]pathElement, len(u.actions))
	for i, a := range u.actions {
		paths[i] = a.target.path
	}
	return paths
}

func (p *parser) update() *updateExpression {
	u := &updateExpression{}
	seen := map[string]bool{}
	for p.err == "" {
		clause := p.peek().text
		if !p.at("SET", "REMOVE", "ADD", "DELETE") {
			if len(u.actions) == 0 || p.peek().kind != tokenEnd {
				p.unexpected()
			}
			break
		}
		p.next()
		if seen[clause] {
			p.fail(fmt.Sprintf("The %q section can only be used once in an update expression;", clause))
		}
		seen[clause] = true
		u.actions = append(u.actions, p.action(clause))
		for p.accept(",") {
			u.actions = append(u.actions, p.action(clause))
		}
	}
	return u
}

func (p *parser) action(clause string) updateAction {
	a := updateAction{clause: clause}
	if k := p.peek().kind; k != tokenWord && k != tokenName {
		a.target = p.unexpected()
		return a
	}
	a.target = p.path()
	switch clause {
	case "SET":
		p.expect("=")
		a.source = p.setValue()
	case "ADD", "DELETE":
		if p.peek().kind != tokenValue {
			a.source = p.unexpected()
			return a
		}
		a.source = p.plainOperand()
	}
	return a
}

// setValue is an operand or one sum or difference of two.
func (p *parser) setValue() *node {
	var left *node
	if p.accept("(") {
		left = p.closeParen(p.setValue())
	} else {
		left = p.plainOperand()
	}
	if left.isOperand() && p.at("+", "-") {
		op := p.next().text
		return p.operator(op, left, p.operand())
	}
	return left
}

// Type names as the messages about ADD and DELETE spell them.
var longKindNames = map[string]string{
	"S": "STRING", "N": "NUMBER", "B": "BINARY", "SS": "STRING_SET", "NS": "NUMBER_SET", "BS": "BINARY_SET",
	"L": "LIST", "M": "MAP", "BOOL": "BOOLEAN", "NULL": "NULL",
}

func (r *resolver) checkSource(a updateAction) {
	if r.err != nil {
		return
	}
	switch kind := a.source.value.kind; {
	case a.clause == "SET":
		r.checkArithmetic(a.source)
	case a.clause == "ADD" && kind == "N", a.source.value.isSet():
	default:
		r.fail("Incorrect operand type for operator or function; operator: %s, operand type: %s, typeSet: ALLOWED_FOR_%s_OPERAND",
			a.clause, longKindNames[kind], a.clause)
	}
}

func (r *resolver) checkArithmetic(n *node) {
	if n.op != "+" && n.op != "-" {
		return
	}
	for _, arg := range n.args {
		if arg.op == "function" && arg.text == "list_append" {
			r.fail("The function is not allowed to be used this way in an expression; function: %s", arg.text)
		}
	}
	r.checkKinds(n.op, n.args, "N")
}

// checkOverlap refuses paths of which one lies within the other, and paths
// that take the same attribute both for a map and for a list.
func (r *resolver) checkOverlap(paths [][]pathElement) {
	for j := range paths {
		for i := range j {
			if r.err != nil {
				return
			}
			problem := overlap(paths[i], paths[j])
			if problem != "" {
				r.fail("Two document paths %s with each other; must remove or rewrite one of these paths; path one: %s, path two: %s",
					problem, formatPath(paths[i]), formatPath(paths[j]))
			}
		}
	}
}

func overlap(a, b []pathElement) string {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			if a[i].isIndex != b[i].isIndex {
				return "conflict"
			}
			return ""
		}
	}
	return "overlap"
}

func errWrongOperand() error {
	return invalid("An operand in the update expression has an incorrect data type")
}

func errNoAttribute() error {
	return invalid("The provided expression refers to an attribute that does not exist in the item")
}

// evaluate is the value of the right side of SET. Every path reads the item
// as it was before the update.
func (n *node) evaluate(it item) (value, error) {
	switch n.op {
	case "value":
		return n.value, nil
	case "path":
		v, ok := lookup(it, n.path)
		if !ok {
			return value{}, errNoAttribute()
		}
		return v, nil
	}
	if n.text == "if_not_exists" {
		if v, ok := lookup(it, n.args[0].path); ok {
			return v, nil
		}
		return n.args[1].evaluate(it)
	}
	a, err := n.args[0].evaluate(it)
	if err != nil {
		return value{}, err
	}
	b, err := n.args[1].evaluate(it)
	if err != nil {
		return value{}, err
	}
	if n.text == "list_append" {
		if a.kind != "L" || b.kind != "L" {
			return value{}, errWrongOperand()
		}
		return value{kind: "L", list: slices.Concat([]value{}, a.list, b.list)}, nil
	}
	return addNumbers(a, b, n.op == "-")
}

func addNumbers(a, b value, subtract bool) (value, error) {
	if a.kind != "N" || b.kind != "N" {
		return value{}, errWrongOperand()
	}
	second := mustDecimal(b.str)
	if subtract {
		second = second.negated()
	}
	sum, err := mustDecimal(a.str).add(second)
	if err != nil {
		return value{}, err
	}
	return numberValue(sum), nil
}
