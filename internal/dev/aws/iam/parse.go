package iam

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Parse reads one statement from its decoded form (map[string]any with strings,
// lists and maps, as encoding/json and the template package make it).
func Parse(raw any) (Statement, error) {
	fields, ok := raw.(map[string]any)
	if !ok {
		return Statement{}, fmt.Errorf("a policy statement must be an object")
	}
	s := Statement{Source: raw}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if err := s.set(name, fields[name]); err != nil {
			return Statement{}, err
		}
	}
	return s, s.complete(fields)
}

func (s *Statement) set(name string, value any) (err error) {
	switch name {
	case "Sid":
		s.Sid, _ = value.(string)
	case "Effect":
		s.Deny = value == "Deny"
		if value != "Allow" && value != "Deny" {
			err = fmt.Errorf("Effect must be Allow or Deny, not %v", value)
		}
	case "Action":
		s.actions, err = texts(name, value)
	case "NotAction":
		s.notActions, err = texts(name, value)
	case "Resource":
		s.resources, err = texts(name, value)
	case "NotResource":
		s.notResources, err = texts(name, value)
	case "Condition":
		s.conditions, err = parseConditions(value)
	default:
		err = fmt.Errorf("%s is not an element of an identity policy statement this stack can enforce", name)
	}
	return err
}

func (s *Statement) complete(fields map[string]any) error {
	switch {
	case fields["Effect"] == nil:
		return fmt.Errorf("the statement has no Effect")
	case (s.actions == nil) == (s.notActions == nil):
		return fmt.Errorf("the statement needs Action or NotAction, and not both")
	case (s.resources == nil) == (s.notResources == nil):
		return fmt.Errorf("the statement needs Resource or NotResource, and not both")
	}
	return nil
}

// texts reads a string or a non-empty list of strings.
func texts(name string, value any) ([]string, error) {
	list, many := value.([]any)
	if !many {
		list = []any{value}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s is an empty list", name)
	}
	out := make([]string, 0, len(list))
	for _, item := range list {
		text, err := scalar(item)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if strings.Contains(text, "${") {
			return nil, fmt.Errorf("%s: the policy variable in %q cannot be enforced locally", name, text)
		}
		out = append(out, text)
	}
	return out, nil
}

func scalar(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case bool, float64, int:
		return fmt.Sprint(v), nil
	default:
		return "", fmt.Errorf("want a string, found %T", v)
	}
}
