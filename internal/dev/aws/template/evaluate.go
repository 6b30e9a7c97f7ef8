package template

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// evaluator turns YAML nodes into values. Parameters and pseudo parameters are
// known from the start; conditions and names of resources are evaluated when
// something asks for them, so their order in the file does not matter.
type evaluator struct {
	stack      string
	parameters map[string]*value
	conditions map[string]*yaml.Node
	mappings   *value
	resources  map[string]*resource
	order      []string
	visiting   map[string]bool // guards against a condition or name that needs itself
}

// resource is one entry under Resources before its properties are evaluated.
type resource struct {
	id         string
	kind       string // AWS::Serverless::Function …
	properties *yaml.Node
	metadata   *yaml.Node
	path       string
	line       int
	active     bool // its Condition holds
}

// evaluate returns nil for AWS::NoValue; containers leave such members out.
func (e *evaluator) evaluate(n *yaml.Node, path string) (*value, error) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if name, argument, ok := intrinsic(n); ok {
		return e.call(name, argument, path)
	}
	out := &value{path: path, line: n.Line}
	switch n.Kind {
	case yaml.SequenceNode:
		out.kind = list
		return out, e.items(out, n, path)
	case yaml.MappingNode:
		out.kind = object
		return out, e.members(out, n, path)
	default:
		out.text, out.null = n.Value, n.ShortTag() == "!!null"
		if out.null {
			out.text = ""
		}
		return out, nil
	}
}

func (e *evaluator) items(out *value, n *yaml.Node, path string) error {
	for i, child := range n.Content {
		item, err := e.evaluate(child, fmt.Sprintf("%s[%d]", path, i))
		if err != nil {
			return err
		}
		if item != nil {
			out.items = append(out.items, item)
		}
	}
	return nil
}

func (e *evaluator) members(out *value, n *yaml.Node, path string) error {
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, child := n.Content[i], n.Content[i+1]
		at := join(path, key.Value)
		if out.index(key.Value) >= 0 {
			return &Error{Line: key.Line, Key: at, Problem: "the key is written twice"}
		}
		member, err := e.evaluate(child, at)
		if err != nil {
			return err
		}
		if member != nil {
			out.fields = append(out.fields, field{key.Value, member})
		}
	}
	return nil
}

// intrinsic recognises both spellings of a function: !Sub x and {Fn::Sub: x}.
func intrinsic(n *yaml.Node) (name string, argument *yaml.Node, ok bool) {
	if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") && n.Tag != "!" {
		plain := *n
		plain.Tag = ""
		name = strings.TrimPrefix(n.Tag, "!")
		if name != "Ref" && name != "Condition" {
			name = "Fn::" + name
		}
		return name, &plain, true
	}
	if n.Kind == yaml.MappingNode && len(n.Content) == 2 {
		name = n.Content[0].Value
		if name == "Ref" || strings.HasPrefix(name, "Fn::") {
			return name, n.Content[1], true
		}
	}
	return "", nil, false
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func fail(n *yaml.Node, path, format string, args ...any) error {
	return &Error{Line: n.Line, Key: path, Problem: fmt.Sprintf(format, args...)}
}

// text makes a scalar that stands where n stood.
func text(n *yaml.Node, path, s string) *value {
	return &value{text: s, path: path, line: n.Line}
}

// member finds a key of a mapping node without evaluating anything.
func member(n *yaml.Node, name string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return nil
}
