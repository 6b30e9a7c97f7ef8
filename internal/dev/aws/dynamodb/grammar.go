package dynamodb

// condition parses a whole Condition-, Filter- or KeyConditionExpression.
func (p *parser) condition() *node {
	n := p.or()
	p.requireCondition(n)
	return n
}

func (p *parser) requireCondition(n *node) {
	if n.op == "path" || n.op == "value" {
		p.unexpected()
	}
}

func (p *parser) or() *node {
	left := p.and()
	for p.at("OR") {
		p.requireCondition(left)
		p.accept("OR")
		right := p.and()
		p.requireCondition(right)
		left = p.operator("OR", left, right)
	}
	return left
}

func (p *parser) and() *node {
	left := p.not()
	for p.at("AND") {
		p.requireCondition(left)
		p.accept("AND")
		right := p.not()
		p.requireCondition(right)
		left = p.operator("AND", left, right)
	}
	return left
}

func (p *parser) not() *node {
	if !p.accept("NOT") {
		return p.comparison()
	}
	n := p.not()
	p.requireCondition(n)
	return p.operator("NOT", n)
}

func (p *parser) comparison() *node {
	left := p.term()
	if !left.isOperand() {
		return left
	}
	switch {
	case p.at("=", "<>", "<", "<=", ">", ">="):
		op := p.next().text
		return p.operator(op, left, p.operand())
	case p.accept("BETWEEN"):
		low := p.operand()
		p.expect("AND")
		return p.operator("BETWEEN", left, low, p.operand())
	case p.accept("IN"):
		p.expect("(")
		return p.operator("IN", append([]*node{left}, p.operands()...)...)
	}
	return left
}

// term is an operand, or a condition in parentheses: which one is only known
// at the end of the parentheses.
func (p *parser) term() *node {
	if !p.accept("(") {
		return p.operand()
	}
	return p.closeParen(p.or())
}

func (p *parser) closeParen(n *node) *node {
	p.expect(")")
	if n.paren {
		p.redundant = true
	}
	n.paren = true
	return n
}

func (p *parser) operand() *node {
	if p.accept("(") {
		return p.closeParen(p.operand())
	}
	return p.plainOperand()
}

func (p *parser) plainOperand() *node {
	switch p.peek().kind {
	case tokenValue:
		return &node{op: "value", text: p.next().text}
	case tokenWord:
		if following := p.tokens[p.pos+1]; following.kind == tokenOperator && following.text == "(" {
			name := p.next().text
			p.next()
			n := p.operator("function", p.operands()...)
			n.text = name
			return n
		}
		return p.path()
	case tokenName:
		return p.path()
	default:
		return p.unexpected()
	}
}

// operands reads a comma-separated list up to its closing parenthesis.
func (p *parser) operands() []*node {
	args := []*node{p.operand()}
	for p.accept(",") {
		args = append(args, p.operand())
	}
	p.expect(")")
	return args
}

func (p *parser) path() *node {
	n := &node{op: "path", path: []pathElement{p.attributeName()}}
	for p.err == "" {
		switch {
		case p.accept("."):
			n.path = append(n.path, p.attributeName())
		case p.accept("["):
			if p.peek().kind != tokenNumber {
				return p.unexpected()
			}
			n.path = append(n.path, pathElement{name: p.next().text, isIndex: true})
			p.expect("]")
		default:
			return n
		}
	}
	return n
}

func (p *parser) attributeName() pathElement {
	if k := p.peek().kind; k != tokenWord && k != tokenName {
		p.unexpected()
		return pathElement{}
	}
	return pathElement{name: p.next().text}
}
