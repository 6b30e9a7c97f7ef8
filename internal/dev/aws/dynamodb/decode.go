package dynamodb

import (
	"encoding/base64"
	"slices"
)

// decodeValue reads one attribute value from parsed JSON and checks it as the
// service does.
func decodeValue(raw any) (value, error) {
	m, ok := raw.(map[string]any)
	if !ok {
		return value{}, errSerialization("an attribute value must be a JSON object")
	}
	var kind string
	for k, content := range m {
		if content == nil {
			continue
		}
		if kind != "" {
			return value{}, invalid("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes")
		}
		kind = k
	}
	if kind == "" {
		return value{}, errEmptyValue()
	}
	return decodeContent(kind, m[kind])
}

func errEmptyValue() error {
	return invalid("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
}

func decodeContent(kind string, content any) (value, error) {
	v := value{kind: kind}
	switch c := content.(type) {
	case string:
		return decodeScalar(v, c)
	case bool:
		return decodeFlag(v, c)
	case []any:
		if kind == "L" {
			return decodeList(v, c)
		}
		return decodeSet(v, c)
	case map[string]any:
		if kind == "M" {
			doc, err := decodeItem(c)
			v.doc = doc
			return v, err
		}
	}
	return value{}, errBadContent(kind)
}

func errBadContent(kind string) error {
	if !slices.Contains(valueKinds, kind) {
		return errEmptyValue()
	}
	return errSerialization("the content of an attribute value does not fit its type %s", kind)
}

var valueKinds = []string{"S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M"}

func decodeScalar(v value, c string) (value, error) {
	switch v.kind {
	case "S":
		v.str = c
	case "N":
		d, err := parseDecimal(c)
		if err != nil {
			return v, err
		}
		v.str = d.String()
	case "B":
		b, err := base64.StdEncoding.DecodeString(c)
		if err != nil {
			return v, errSerialization("a binary attribute value is not base64")
		}
		v.str = string(b)
	default:
		return v, errBadContent(v.kind)
	}
	return v, nil
}

func decodeFlag(v value, c bool) (value, error) {
	switch v.kind {
	case "BOOL":
		v.flag = c
	case "NULL":
		if !c {
			return v, invalidParameter("Null attribute value types must have the value of true")
		}
	default:
		return v, errBadContent(v.kind)
	}
	return v, nil
}

func decodeList(v value, c []any) (value, error) {
	v.list = make([]value, len(c))
	for i, raw := range c {
		e, err := decodeValue(raw)
		if err != nil {
			return v, err
		}
		v.list[i] = e
	}
	return v, nil
}

var setNames = map[string]string{"SS": "string set ", "NS": "number set ", "BS": "binary set "}

func decodeSet(v value, c []any) (value, error) {
	if !v.isSet() {
		return v, errBadContent(v.kind)
	}
	if len(c) == 0 {
		return v, invalidParameter("An %s may not be empty", setNames[v.kind])
	}
	for _, raw := range c {
		s, ok := raw.(string)
		if !ok {
			return v, errBadContent(v.kind)
		}
		e, err := decodeScalar(value{kind: v.kind[:1]}, s)
		if err != nil {
			return v, err
		}
		v.set = append(v.set, e.str)
	}
	sortSet(v.kind, v.set)
	if len(slices.Compact(slices.Clone(v.set))) != len(v.set) {
		return v, errDuplicates(v.kind, c)
	}
	return v, nil
}

func errDuplicates(kind string, c []any) error {
	switch kind {
	case "SS":
		return invalidParameter("Input collection %v contains duplicates", joined(c))
	case "NS":
		return invalid("Input collection contains duplicates")
	default:
		return invalidParameter("Input collection of type BS contains duplicates.")
	}
}

func joined(c []any) string {
	s := "["
	for i, e := range c {
		if i > 0 {
			s += ", "
		}
		s += e.(string)
	}
	return s + "]"
}

const maxNameSize = 64*1024 - 1

// decodeItem reads a map of attributes: an item, a key, or the content of an M.
func decodeItem(raw map[string]any) (item, error) {
	it := make(item, len(raw))
	for name, content := range raw {
		if name == "" {
			return nil, invalid("Empty attribute name")
		}
		if len(name) > maxNameSize {
			return nil, invalidParameter("Attribute name is too large, must be less than 64 KB")
		}
		v, err := decodeValue(content)
		if err != nil {
			return nil, err
		}
		it[name] = v
	}
	return it, nil
}
