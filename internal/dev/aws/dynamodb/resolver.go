package dynamodb

import (
	"slices"
	"strings"
)

// resolver checks a parsed expression against the request's substitutions and
// the typing rules that need no item.
type resolver struct {
	scope *scope
	kind  string // "ConditionExpression", …: begins every message
	err   error
}

func (r *resolver) fail(format string, args ...any) {
	if r.err == nil {
		r.err = invalid("Invalid "+r.kind+": "+format, args...)
	}
}

// condition parses and resolves an expression that yields true or false.
func (sc *scope) condition(kind, text string) (*node, error) {
	p := newParser(text)
	n := p.condition()
	if message := p.finish(); message != "" {
		return nil, invalid("Invalid %s: %s", kind, message)
	}
	r := &resolver{scope: sc, kind: kind}
	r.resolve(n)
	r.checkUse(n, true)
	return n, r.err
}

// resolve walks the tree in reading order, so the first error reported is the
// first one written.
func (r *resolver) resolve(n *node) {
	if n.op == "function" {
		r.checkFunctionName(n.text)
	}
	for _, arg := range n.args {
		r.resolve(arg)
	}
	if r.err != nil {
		return
	}
	switch n.op {
	case "path":
		r.resolvePath(n)
	case "value":
		v, ok := r.scope.values[n.text]
		if !ok {
			r.fail("An expression attribute value used in expression is not defined; attribute value: %s", n.text)
		}
		r.scope.usedValues[n.text] = true
		n.value = v
	case "AND", "OR", "NOT":
		for _, arg := range n.args {
			r.checkUse(arg, true)
		}
	case "function":
		r.checkFunction(n)
	case "+", "-": // checked with the whole SET action
	default:
		r.checkComparison(n)
	}
}

var (
	conditionFunctions = map[string]int{ // name -> number of operands
		"attribute_exists": 1, "attribute_not_exists": 1, "attribute_type": 2,
		"begins_with": 2, "contains": 2, "size": 1,
	}
	updateFunctions = map[string]int{"if_not_exists": 2, "list_append": 2}
)

func (r *resolver) checkFunctionName(name string) {
	forCondition, forUpdate := conditionFunctions[name] > 0, updateFunctions[name] > 0
	inUpdate := r.kind == "UpdateExpression"
	switch {
	case !forCondition && !forUpdate:
		r.fail("Invalid function name; function: %s", name)
	case forCondition && inUpdate:
		r.fail("The function is not allowed in an update expression; function: %s", name)
	case forUpdate && !inUpdate:
		r.fail("The function is not allowed in a condition expression; function: %s", name)
	}
}

// checkUse refuses size() as a condition and the other functions as operands.
func (r *resolver) checkUse(n *node, asCondition bool) {
	if n.op == "function" && r.err == nil && conditionFunctions[n.text] > 0 && (n.text == "size") == asCondition {
		r.fail("The function is not allowed to be used this way in an expression; function: %s", n.text)
	}
}

func (r *resolver) checkFunction(n *node) {
	want := conditionFunctions[n.text] + updateFunctions[n.text]
	if len(n.args) != want {
		r.fail("Incorrect number of operands for operator or function; operator or function: %s, number of operands: %d", n.text, len(n.args))
		return
	}
	switch n.text {
	case "attribute_exists", "attribute_not_exists", "if_not_exists":
		if n.args[0].op != "path" {
			r.fail("Operator or function requires a document path; operator or function: %s", n.text)
		}
	case "attribute_type":
		r.checkTypeName(n.args[1])
	case "begins_with":
		r.checkKinds(n.text, n.args, "S", "B")
	case "size":
		r.checkKinds(n.text, n.args, "S", "B", "SS", "NS", "BS", "L", "M")
	case "list_append":
		r.checkKinds(n.text, n.args, "L")
	}
	if n.text == "begins_with" || n.text == "contains" {
		r.checkDistinct(n.text, n.args)
	}
	for _, arg := range n.args {
		r.checkUse(arg, false)
	}
}

func (r *resolver) checkTypeName(arg *node) {
	switch {
	case arg.op != "value":
		r.fail("Incorrect operand type for operator or function; operator or function: attribute_type, operand type: %s", arg.op)
	case arg.value.kind != "S":
		r.fail("Incorrect operand type for operator or function; operator or function: attribute_type, operand type: %s", arg.value.kind)
	case !slices.Contains(valueKinds, arg.value.str):
		r.fail("Invalid attribute type name found; type: %s, valid types: {%s}", arg.value.str, strings.Join(valueKinds, ","))
	}
}

// staticKind is the type of an operand as far as it is known without an item.
func staticKind(n *node) string {
	switch {
	case n.op == "value":
		return n.value.kind
	case n.op == "function" && n.text == "size":
		return "N"
	case n.op == "function" && n.text == "list_append":
		return "L"
	default:
		return ""
	}
}

func (r *resolver) checkKinds(operator string, args []*node, allowed ...string) {
	for _, arg := range args {
		if kind := staticKind(arg); kind != "" && !slices.Contains(allowed, kind) {
			r.fail("Incorrect operand type for operator or function; operator or function: %s, operand type: %s", operator, kind)
		}
	}
}

func (r *resolver) checkDistinct(operator string, args []*node) {
	for _, arg := range args[1:] {
		if args[0].op == "path" && arg.op == "path" && slices.Equal(args[0].path, arg.path) {
			r.fail("The first operand must be distinct from the remaining operands for this operator or function; operator: %s, first operand: %s",
				operator, formatPath(args[0].path))
		}
	}
}

const maxInOperands = 100

func (r *resolver) checkComparison(n *node) {
	switch n.op {
	case "<", "<=", ">", ">=", "BETWEEN":
		r.checkKinds(n.op, n.args, "S", "N", "B")
	case "IN":
		if count := len(n.args) - 1; count > maxInOperands {
			r.fail("The IN operator is provided with too many operands; number of operands: %d", count)
		}
	}
	for _, arg := range n.args {
		r.checkUse(arg, false)
	}
	r.checkDistinct(n.op, n.args)
	if n.op == "BETWEEN" {
		r.checkBounds(n.args[1], n.args[2])
	}
}

func (r *resolver) checkBounds(low, high *node) {
	if low.op != "value" || high.op != "value" || r.err != nil {
		return
	}
	problem := ""
	if c, ok := low.value.compare(high.value); !ok {
		problem = "same data type for lower and upper bounds"
	} else if c > 0 {
		problem = "upper bound to be greater than or equal to lower bound"
	}
	if problem != "" {
		r.fail("The BETWEEN operator requires %s; lower bound operand: AttributeValue: {%s:%s}, upper bound operand: AttributeValue: {%s:%s}",
			problem, low.value.kind, low.value.str, high.value.kind, high.value.str)
	}
}
