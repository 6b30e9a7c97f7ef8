package template

import "go.yaml.in/yaml/v3"

// choose evaluates only the branch that is taken, as CloudFormation does: the
// other one may name resources that do not exist.
func (e *evaluator) choose(n *yaml.Node, path string) (*value, error) {
	if n.Kind != yaml.SequenceNode || len(n.Content) != 3 {
		return nil, fail(n, path, "Fn::If needs a condition and two values")
	}
	holds, err := e.named(n, path, n.Content[0].Value)
	if err != nil {
		return nil, err
	}
	if holds {
		return e.evaluate(n.Content[1], path)
	}
	return e.evaluate(n.Content[2], path)
}

// named evaluates an entry of the Conditions section.
func (e *evaluator) named(at *yaml.Node, path, name string) (bool, error) {
	n, ok := e.conditions[name]
	if !ok {
		return false, fail(at, path, "the condition %s is not declared", name)
	}
	guard := "condition " + name
	if e.visiting[guard] {
		return false, fail(at, path, "the condition %s depends on itself", name)
	}
	e.visiting[guard] = true
	defer delete(e.visiting, guard)
	return e.test(n, join("Conditions", name))
}

// test evaluates a node that must be a condition function.
func (e *evaluator) test(n *yaml.Node, path string) (bool, error) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if function, argument, ok := intrinsic(n); ok {
		return e.condition(function, argument, path)
	}
	if inner := member(n, "Condition"); inner != nil {
		return e.named(inner, path, inner.Value)
	}
	return false, fail(n, path, "want a condition function")
}

func (e *evaluator) condition(function string, n *yaml.Node, path string) (bool, error) {
	switch function {
	case "Condition":
		return e.named(n, path, n.Value)
	case "Fn::Equals":
		a, err := e.arguments(n, path, function, 2)
		if err != nil {
			return false, err
		}
		return a[0].text == a[1].text, nil
	case "Fn::Not", "Fn::And", "Fn::Or":
		return e.combine(function, n, path)
	}
	return false, fail(n, path, "%s is not a condition function", function)
}

func (e *evaluator) combine(function string, n *yaml.Node, path string) (bool, error) {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		return false, fail(n, path, "%s needs a list of conditions", function)
	}
	holding := 0
	for _, child := range n.Content {
		holds, err := e.test(child, path)
		if err != nil {
			return false, err
		}
		if holds {
			holding++
		}
	}
	switch function {
	case "Fn::Not":
		return holding == 0, nil
	case "Fn::Or":
		return holding > 0, nil
	default:
		return holding == len(n.Content), nil
	}
}
