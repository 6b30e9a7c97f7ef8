package template

import (
	"fmt"
	"strconv"
	"strings"
)

type kind int

const (
	scalar kind = iota
	list
	object
)

// value is a part of the template after its functions (Ref, Fn::Sub …) were
// evaluated. It remembers where it stood, so that an error can say so.
type value struct {
	kind   kind
	text   string // of a scalar, as written
	null   bool
	items  []*value
	fields []field
	path   string
	line   int
}

type field struct {
	name  string
	value *value
}

func (k kind) String() string {
	return [...]string{"a plain value", "a list", "a mapping"}[k]
}

// Error is what is wrong with a template, in one sentence that says where.
type Error struct {
	File    string
	Line    int    // 0 when the problem has no single line
	Key     string // e.g. Resources.PingFunction.Properties.CodeUri
	Problem string
}

func (e *Error) Error() string {
	where := e.File
	if e.Line > 0 {
		where += ":" + strconv.Itoa(e.Line)
	}
	if e.Key != "" {
		where += ": " + e.Key
	}
	return where + ": " + e.Problem
}

// errorf makes an error at this value; the file is added by Load.
func (v *value) errorf(format string, args ...any) error {
	return &Error{Line: v.line, Key: v.path, Problem: fmt.Sprintf(format, args...)}
}

// get returns a member of a mapping, nil when it is absent, null, or v is nil.
func (v *value) get(name string) *value {
	if v == nil {
		return nil
	}
	for _, f := range v.fields {
		if f.name == name && !f.value.null {
			return f.value
		}
	}
	return nil
}

// mapping returns the members of v in the order they were written; none for nil.
func (v *value) mapping() ([]field, error) {
	if v == nil {
		return nil, nil
	}
	if v.kind != object {
		return nil, v.errorf("want a mapping, found %s", v.kind)
	}
	return v.fields, nil
}

// string returns the text of a scalar; fallback when v is nil.
func (v *value) string(fallback string) (string, error) {
	if v == nil {
		return fallback, nil
	}
	if v.kind != scalar {
		return "", v.errorf("want a plain value, found %s", v.kind)
	}
	return v.text, nil
}

func (v *value) integer(fallback, low, high int) (int, error) {
	if v == nil {
		return fallback, nil
	}
	n, err := strconv.Atoi(v.text)
	if v.kind != scalar || err != nil || n < low || n > high {
		return 0, v.errorf("want a whole number from %d to %d", low, high)
	}
	return n, nil
}

func (v *value) boolean(fallback bool) (bool, error) {
	if v == nil {
		return fallback, nil
	}
	switch strings.ToLower(v.text) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, v.errorf("want true or false")
}

// strings returns a list of texts; a single text counts as a list of one.
func (v *value) strings() ([]string, error) {
	if v == nil {
		return nil, nil
	}
	if v.kind == scalar {
		return []string{v.text}, nil
	}
	if v.kind != list {
		return nil, v.errorf("want a list, found %s", v.kind)
	}
	var out []string
	for _, item := range v.items {
		text, err := item.string("")
		if err != nil {
			return nil, err
		}
		out = append(out, text)
	}
	return out, nil
}

// texts returns a mapping of names to texts.
func (v *value) texts() (map[string]string, error) {
	fields, err := v.mapping()
	if err != nil {
		return nil, err
	}
	out := make(map[string]string, len(fields))
	for _, f := range fields {
		if out[f.name], err = f.value.string(""); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// plain converts to maps, lists and strings, for readers outside this package.
func (v *value) plain() any {
	switch v.kind {
	case list:
		out := make([]any, len(v.items))
		for i, item := range v.items {
			out[i] = item.plain()
		}
		return out
	case object:
		out := make(map[string]any, len(v.fields))
		for _, f := range v.fields {
			out[f.name] = f.value.plain()
		}
		return out
	default:
		return v.text
	}
}

// merge lays over upon under as SAM lays a resource upon Globals: mappings are
// merged, lists are joined with the global part first, anything else is replaced.
func merge(under, over *value) *value {
	if under == nil || over == nil || under.kind != over.kind || over.kind == scalar {
		if over == nil {
			return under
		}
		return over
	}
	out := *over
	if over.kind == list {
		out.items = append(append([]*value{}, under.items...), over.items...)
		return &out
	}
	out.fields = append([]field{}, over.fields...)
	for _, f := range under.fields {
		if i := out.index(f.name); i >= 0 {
			out.fields[i].value = merge(f.value, out.fields[i].value)
		} else {
			out.fields = append(out.fields, f)
		}
	}
	return &out
}

func (v *value) index(name string) int {
	for i, f := range v.fields {
		if f.name == name {
			return i
		}
	}
	return -1
}
