package dynamodb

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"
)

// object is one JSON object of a request. It is read member by member; names
// are case-sensitive, null counts as absent, and what was never asked for is
// refused in the end, because ignoring it could change the meaning.
type object struct {
	name    string // for messages; empty for the request itself
	members map[string]any
	asked   map[string]bool
	err     error // the first member of a wrong type
}

func parseRequest(body []byte) (*object, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var members map[string]any
	if err := d.Decode(&members); err != nil || members == nil {
		return nil, errSerialization("the request body is not a JSON object")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errSerialization("the request body holds more than one JSON value")
	}
	return newObject("", members), nil
}

func newObject(name string, members map[string]any) *object {
	return &object{name: name, members: members, asked: map[string]bool{}}
}

// member reads one member as T, the zero value when it is absent.
func member[T any](o *object, name string) (v T, present bool) {
	o.asked[name] = true
	raw, ok := o.members[name]
	if !ok || raw == nil {
		return v, false
	}
	v, ok = raw.(T)
	if !ok && o.err == nil {
		o.err = errSerialization("%s%s has an unexpected JSON type", o.prefix(), name)
	}
	return v, ok
}

func (o *object) prefix() string {
	if o.name == "" {
		return ""
	}
	return o.name + "."
}

func (o *object) string(name string) string {
	s, _ := member[string](o, name)
	return s
}

// text is a string that may be absent, which is not the same as empty.
func (o *object) text(name string) *string {
	if s, ok := member[string](o, name); ok {
		return &s
	}
	return nil
}

func (o *object) bool(name string, otherwise bool) bool {
	if b, ok := member[bool](o, name); ok {
		return b
	}
	return otherwise
}

func (o *object) int(name string) (int, bool) {
	n, ok := member[json.Number](o, name)
	if !ok {
		return 0, false
	}
	i, err := n.Int64()
	if err != nil && o.err == nil {
		o.err = errSerialization("%s%s is not a whole number", o.prefix(), name)
	}
	return int(i), true
}

func (o *object) object(name string) (map[string]any, bool) {
	return member[map[string]any](o, name)
}

func (o *object) list(name string) ([]any, bool) {
	return member[[]any](o, name)
}

// choice reads a string that must be one of a few; the first is the default.
func (o *object) choice(name string, allowed ...string) string {
	s, ok := member[string](o, name)
	if !ok {
		return allowed[0]
	}
	if !slices.Contains(allowed, s) && o.err == nil {
		o.err = invalid("1 validation error detected: Value '%s' at '%s%s' failed to satisfy constraint: Member must satisfy enum value set: [%s]",
			s, strings.ToLower(name[:1]), name[1:], strings.Join(allowed, ", "))
	}
	return s
}

// item reads a map of attributes; absent is an error.
func (o *object) item(name string) (item, error) {
	raw, ok := o.object(name)
	if o.err != nil {
		return nil, o.err
	}
	if !ok {
		return nil, invalid("1 validation error detected: Value null at '%s%s' failed to satisfy constraint: Member must not be null",
			strings.ToLower(name[:1]), name[1:])
	}
	return decodeItem(raw)
}

// asObject reads an element of a list.
func asObject(name string, raw any) (*object, error) {
	m, ok := raw.(map[string]any)
	if !ok {
		return nil, errSerialization("%s is not a JSON object", name)
	}
	return newObject(name, m), nil
}

// The parameters from before expressions existed.
var legacyParameters = map[string]bool{
	"AttributesToGet": true, "AttributeUpdates": true, "Expected": true, "ConditionalOperator": true,
	"KeyConditions": true, "QueryFilter": true, "ScanFilter": true,
}

// refuseLegacy names an old parameter as the reason why a request lacks the
// new one.
func (o *object) refuseLegacy() error {
	for _, name := range slices.Sorted(maps.Keys(o.members)) {
		if legacyParameters[name] {
			return errLegacy(o.prefix() + name)
		}
	}
	return nil
}

func errLegacy(name string) error {
	return invalid("The legacy parameter %s is not supported here: use expressions", name)
}

// done reports the first type error, else refuses what nobody asked for.
func (o *object) done() error {
	if o.err != nil {
		return o.err
	}
	for _, name := range slices.Sorted(maps.Keys(o.members)) {
		switch {
		case o.asked[name] || o.members[name] == nil:
		case legacyParameters[name]:
			return errLegacy(o.prefix() + name)
		default:
			return invalid("The parameter %s%s is not supported here", o.prefix(), name)
		}
	}
	return nil
}
