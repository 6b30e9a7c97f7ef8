package template

import (
	"encoding/base64"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

func (e *evaluator) call(name string, n *yaml.Node, path string) (*value, error) {
	switch name {
	case "Ref":
		return e.ref(n, path)
	case "Fn::GetAtt":
		return e.getAtt(n, path)
	case "Fn::Sub":
		return e.sub(n, path)
	case "Fn::If":
		return e.choose(n, path)
	case "Fn::Join":
		return e.join(n, path)
	case "Fn::Select":
		return e.selectItem(n, path)
	case "Fn::Split":
		return e.split(n, path)
	case "Fn::FindInMap":
		return e.findInMap(n, path)
	case "Fn::Base64":
		inner, err := e.evaluate(n, path)
		if err != nil {
			return nil, err
		}
		return text(n, path, base64.StdEncoding.EncodeToString([]byte(inner.text))), nil
	case "Fn::Equals", "Fn::And", "Fn::Or", "Fn::Not", "Condition":
		holds, err := e.condition(name, n, path)
		return text(n, path, strconv.FormatBool(holds)), err
	}
	return nil, fail(n, path, "the function %s is not known to the local stack", name)
}

func (e *evaluator) ref(n *yaml.Node, path string) (*value, error) {
	if n.Value == "AWS::NoValue" {
		return nil, nil
	}
	if p, ok := e.parameters[n.Value]; ok {
		out := *p
		out.path, out.line = path, n.Line
		return &out, nil
	}
	name, err := e.reference(n, path, n.Value)
	return text(n, path, name), err
}

func (e *evaluator) getAtt(n *yaml.Node, path string) (*value, error) {
	id, attribute, ok := strings.Cut(n.Value, ".")
	if n.Kind == yaml.SequenceNode && len(n.Content) == 2 {
		id, attribute, ok = n.Content[0].Value, n.Content[1].Value, true
	}
	if !ok {
		return nil, fail(n, path, "Fn::GetAtt needs a resource and an attribute, e.g. Table.Arn")
	}
	got, err := e.attribute(n, path, id, attribute)
	return text(n, path, got), err
}

// sub replaces ${Name}, ${Resource.Attribute} and the names given beside the
// text; ${!Literal} stands for ${Literal}.
func (e *evaluator) sub(n *yaml.Node, path string) (*value, error) {
	format, own := n, map[string]*value{}
	if n.Kind == yaml.SequenceNode {
		if len(n.Content) != 2 || n.Content[1].Kind != yaml.MappingNode {
			return nil, fail(n, path, "Fn::Sub needs a text, or a text and a mapping")
		}
		format = n.Content[0]
		names, err := e.evaluate(n.Content[1], path)
		if err != nil {
			return nil, err
		}
		for _, f := range names.fields {
			own[f.name] = f.value
		}
	}
	var out strings.Builder
	rest := format.Value
	for {
		before, after, found := strings.Cut(rest, "${")
		out.WriteString(before)
		if !found {
			return text(n, path, out.String()), nil
		}
		name, tail, closed := strings.Cut(after, "}")
		if !closed {
			return nil, fail(n, path, "Fn::Sub has ${ without }")
		}
		got, err := e.substitute(n, path, name, own)
		if err != nil {
			return nil, err
		}
		out.WriteString(got)
		rest = tail
	}
}

func (e *evaluator) substitute(n *yaml.Node, path, name string, own map[string]*value) (string, error) {
	if literal, ok := strings.CutPrefix(name, "!"); ok {
		return "${" + literal + "}", nil
	}
	if v, ok := own[name]; ok {
		return v.string("")
	}
	if p, ok := e.parameters[name]; ok {
		return p.string("")
	}
	if id, attribute, ok := strings.Cut(name, "."); ok {
		return e.attribute(n, path, id, attribute)
	}
	return e.reference(n, path, name)
}

// arguments evaluates a function's list of exactly count arguments.
func (e *evaluator) arguments(n *yaml.Node, path, name string, count int) ([]*value, error) {
	v, err := e.evaluate(n, path)
	if err != nil {
		return nil, err
	}
	if v == nil || v.kind != list || len(v.items) != count {
		return nil, fail(n, path, "%s needs a list of %d arguments", name, count)
	}
	return v.items, nil
}

func (e *evaluator) join(n *yaml.Node, path string) (*value, error) {
	a, err := e.arguments(n, path, "Fn::Join", 2)
	if err != nil {
		return nil, err
	}
	parts, err := a[1].strings()
	return text(n, path, strings.Join(parts, a[0].text)), err
}

func (e *evaluator) split(n *yaml.Node, path string) (*value, error) {
	a, err := e.arguments(n, path, "Fn::Split", 2)
	if err != nil {
		return nil, err
	}
	out := &value{kind: list, path: path, line: n.Line}
	for part := range strings.SplitSeq(a[1].text, a[0].text) {
		out.items = append(out.items, text(n, path, part))
	}
	return out, nil
}

func (e *evaluator) selectItem(n *yaml.Node, path string) (*value, error) {
	a, err := e.arguments(n, path, "Fn::Select", 2)
	if err != nil {
		return nil, err
	}
	i, err := strconv.Atoi(a[0].text)
	if err != nil || i < 0 || i >= len(a[1].items) {
		return nil, fail(n, path, "Fn::Select has no item %s", a[0].text)
	}
	return a[1].items[i], nil
}

func (e *evaluator) findInMap(n *yaml.Node, path string) (*value, error) {
	a, err := e.arguments(n, path, "Fn::FindInMap", 3)
	if err != nil {
		return nil, err
	}
	got := e.mappings.get(a[0].text).get(a[1].text).get(a[2].text)
	if got == nil {
		return nil, fail(n, path, "Mappings have no %s.%s.%s", a[0].text, a[1].text, a[2].text)
	}
	return got, nil
}
