package dynamodb

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// scope holds the #names and :values of one request (or one member of a
// transaction), notes which of them its expressions use, and which top-level
// attributes those expressions touch.
type scope struct {
	names      map[string]string
	values     map[string]value
	usedNames  map[string]bool
	usedValues map[string]bool
	attributes map[string]bool
}

// newScope reads the substitutions of a request. expressions are the texts
// they may serve; without any, substitutions are refused.
func newScope(o *object, expressions ...*string) (*scope, error) {
	sc := &scope{usedNames: map[string]bool{}, usedValues: map[string]bool{}, attributes: map[string]bool{}}
	names, hasNames := o.object("ExpressionAttributeNames")
	values, hasValues := o.object("ExpressionAttributeValues")
	if o.err != nil {
		return nil, o.err
	}
	if !slices.ContainsFunc(expressions, func(e *string) bool { return e != nil }) {
		if hasNames {
			return nil, invalid("ExpressionAttributeNames can only be specified when using expressions")
		}
		if hasValues {
			return nil, invalid("ExpressionAttributeValues can only be specified when using expressions")
		}
	}
	if err := sc.readNames(names, hasNames); err != nil {
		return nil, err
	}
	return sc, sc.readValues(values, hasValues)
}

func (sc *scope) readNames(names map[string]any, present bool) error {
	if !present {
		return nil
	}
	if len(names) == 0 {
		return invalid("ExpressionAttributeNames must not be empty")
	}
	sc.names = map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(names)) {
		name, ok := names[key].(string)
		switch {
		case !ok:
			return errSerialization("ExpressionAttributeNames: %s is not a string", key)
		case !isPlaceholder(key, '#'):
			return invalid("ExpressionAttributeNames contains invalid key: Syntax error; key: %q", key)
		case name == "":
			return invalid("ExpressionAttributeNames contains invalid value: Empty attribute name for key %s", key)
		}
		sc.names[key] = name
	}
	return nil
}

func (sc *scope) readValues(values map[string]any, present bool) error {
	if !present {
		return nil
	}
	if len(values) == 0 {
		return invalid("ExpressionAttributeValues must not be empty")
	}
	sc.values = map[string]value{}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if !isPlaceholder(key, ':') {
			return invalid("ExpressionAttributeValues contains invalid key: Syntax error; key: %q", key)
		}
		v, err := decodeValue(values[key])
		if err != nil {
			return invalid("ExpressionAttributeValues contains invalid value: %s for key %s", asAPIError(err).message, key)
		}
		sc.values[key] = v
	}
	return nil
}

func isPlaceholder(key string, first byte) bool {
	return len(key) > 1 && key[0] == first && wordLength(key[1:]) == len(key)-1
}

// unused refuses substitutions no expression used: a typing error most likely.
func (sc *scope) unused() error {
	if left := missing(sc.names, sc.usedNames); left != "" {
		return invalid("Value provided in ExpressionAttributeNames unused in expressions: keys: {%s}", left)
	}
	if left := missing(sc.values, sc.usedValues); left != "" {
		return invalid("Value provided in ExpressionAttributeValues unused in expressions: keys: {%s}", left)
	}
	return nil
}

func missing[V any](all map[string]V, used map[string]bool) string {
	var left []string
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if !used[key] {
			left = append(left, key)
		}
	}
	return strings.Join(left, ", ")
}

const (
	maxPathDepth = 32
	maxListIndex = 4_294_967_295 // what the index of a document path may be at most
)

// resolvePath replaces #names, refuses reserved words and reads list indices.
func (r *resolver) resolvePath(n *node) {
	if len(n.path) > maxPathDepth {
		r.fail("The document path has too many nesting levels; nesting levels: %d", len(n.path))
		return
	}
	for i := range n.path {
		r.resolveElement(&n.path[i])
	}
	if r.err == nil {
		r.scope.attributes[n.path[0].name] = true
	}
}

func (r *resolver) resolveElement(e *pathElement) {
	switch {
	case e.isIndex:
		index, err := strconv.ParseUint(e.name, 10, 64)
		if err != nil || index > maxListIndex {
			r.fail("List index is not within the allowable range; index: [%s]", e.name)
		}
		e.index = int(index) //nolint:gosec // at most maxListIndex
	case strings.HasPrefix(e.name, "#"):
		name, ok := r.scope.names[e.name]
		if !ok {
			r.fail("An expression attribute name used in the document path is not defined; attribute name: %s", e.name)
		}
		r.scope.usedNames[e.name] = true
		e.name = name
	case reservedWords[strings.ToUpper(e.name)]:
		r.fail("Attribute name is a reserved keyword; reserved keyword: %s", e.name)
	}
}
