package template

import "strings"

// parameter makes the value Ref gives for a parameter: a list for the list
// types, otherwise the text.
func parameter(declared *value, chosen string) *value {
	kind, _ := declared.string("String")
	if kind != "CommaDelimitedList" && !strings.HasPrefix(kind, "List<") {
		return &value{text: chosen}
	}
	out := &value{kind: list}
	for part := range strings.SplitSeq(chosen, ",") {
		out.items = append(out.items, &value{text: strings.TrimSpace(part)})
	}
	return out
}

// refuse reports the first of the named members that is there: each would
// change how requests are answered, and the local stack does not do it.
func (v *value) refuse(names ...string) error {
	for _, name := range names {
		if found := v.get(name); found != nil {
			return found.errorf("the local stack does not support %s", name)
		}
	}
	return nil
}
