package template

import (
	"slices"

	"go.yaml.in/yaml/v3"
)

// each calls do for every key of a top-level section.
func (l *loader) each(section string, do func(name string, n *yaml.Node, path string) error) error {
	n := member(l.root, section)
	if n == nil {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		return fail(n, section, "want a mapping")
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i].Value
		if seen[name] {
			return fail(n.Content[i], join(section, name), "the key is written twice")
		}
		seen[name] = true
		if err := do(name, n.Content[i+1], join(section, name)); err != nil {
			return err
		}
	}
	return nil
}

// loadParameters takes overrides as they come: patterns and ranges are
// CloudFormation's to check, but AllowedValues also guard against typos here.
func (l *loader) loadParameters() error {
	l.parameters = map[string]*value{}
	l.out.Parameters = map[string]string{}
	for name, constant := range pseudo(l.stack) {
		l.parameters[name] = &value{text: constant}
	}
	return l.each("Parameters", func(name string, n *yaml.Node, path string) error {
		declared, err := l.evaluate(n, path)
		if err != nil {
			return err
		}
		chosen, overridden := l.overrides[name]
		standard := declared.get("Default")
		if standard == nil && !overridden && member(n, "Default") == nil {
			return fail(n, path, "the parameter has no Default and the local stack gives it no value")
		}
		if !overridden {
			if chosen, err = standard.string(""); err != nil {
				return err
			}
		}
		allowed, err := declared.get("AllowedValues").strings()
		if err != nil {
			return err
		}
		if len(allowed) > 0 && !slices.Contains(allowed, chosen) {
			return fail(n, path, "%q is not one of the AllowedValues", chosen)
		}
		l.out.Parameters[name] = chosen
		l.parameters[name] = parameter(declared.get("Type"), chosen)
		return nil
	})
}

func (l *loader) loadMappings() (err error) {
	if n := member(l.root, "Mappings"); n != nil {
		l.mappings, err = l.evaluate(n, "Mappings")
	}
	return err
}

func (l *loader) loadConditions() error {
	l.conditions = map[string]*yaml.Node{}
	return l.each("Conditions", func(name string, n *yaml.Node, _ string) error {
		l.conditions[name] = n
		return nil
	})
}

func (l *loader) loadResources() error {
	l.resources = map[string]*resource{}
	err := l.each("Resources", func(name string, n *yaml.Node, path string) error {
		kind := member(n, "Type")
		if kind == nil {
			return fail(n, path, "the resource has no Type")
		}
		l.order = append(l.order, name)
		l.resources[name] = &resource{
			id: name, kind: kind.Value, path: path, line: kind.Line,
			properties: member(n, "Properties"), metadata: member(n, "Metadata"), active: true,
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(l.order) == 0 {
		return &Error{Problem: "the template has no Resources"}
	}
	return l.each("Resources", func(name string, n *yaml.Node, path string) (err error) {
		if condition := member(n, "Condition"); condition != nil {
			l.resources[name].active, err = l.named(condition, path, condition.Value)
		}
		return err
	})
}

func (l *loader) loadGlobals() (err error) {
	if n := member(l.root, "Globals"); n != nil {
		l.globals, err = l.evaluate(n, "Globals")
	}
	return err
}

func (l *loader) loadOutputs() error {
	return l.each("Outputs", func(name string, n *yaml.Node, path string) error {
		if condition := member(n, "Condition"); condition != nil {
			if holds, err := l.named(condition, path, condition.Value); err != nil || !holds {
				return err
			}
		}
		content := member(n, "Value")
		if content == nil {
			return fail(n, path, "the output has no Value")
		}
		v, err := l.evaluate(content, path+".Value")
		if err != nil {
			return err
		}
		l.out.Outputs[name], err = v.string("")
		return err
	})
}
