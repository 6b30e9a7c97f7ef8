package dynamodb

// keyCondition is one part of a KeyConditionExpression.
type keyCondition struct {
	name   string
	op     string // "=", "<", "<=", ">", ">=", "BETWEEN" or "begins_with"
	values []value
}

// keyConditions takes a resolved KeyConditionExpression apart.
func keyConditions(n *node) ([]keyCondition, error) {
	switch n.op {
	case "AND":
		left, err := keyConditions(n.args[0])
		if err != nil {
			return nil, err
		}
		right, err := keyConditions(n.args[1])
		return append(left, right...), err
	case "=", "<", "<=", ">", ">=":
		if n.args[0].op == "value" {
			mirrored := map[string]string{"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
			return keyConditionOf(mirrored[n.op], n.args[1], n.args[0])
		}
		return keyConditionOf(n.op, n.args[0], n.args[1:]...)
	case "BETWEEN":
		return keyConditionOf(n.op, n.args[0], n.args[1:]...)
	case "function":
		if n.text == "begins_with" {
			return keyConditionOf(n.text, n.args[0], n.args[1:]...)
		}
		return nil, invalid("Invalid operator used in KeyConditionExpression: %s", n.text)
	default:
		return nil, invalid("Invalid operator used in KeyConditionExpression: %s", n.op)
	}
}

func keyConditionOf(op string, attribute *node, operands ...*node) ([]keyCondition, error) {
	if attribute.op == "function" {
		return nil, invalid("KeyConditionExpressions cannot contain nested operations")
	}
	if attribute.op != "path" {
		return nil, invalid("Invalid condition in KeyConditionExpression: No key attribute specified")
	}
	if len(attribute.path) > 1 {
		return nil, invalid("Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: %s", attribute.path[0].name)
	}
	c := keyCondition{name: attribute.path[0].name, op: op}
	for _, o := range operands {
		switch o.op {
		case "value":
			c.values = append(c.values, o.value)
		case "function":
			return nil, invalid("KeyConditionExpressions cannot contain nested operations")
		default:
			return nil, invalid("Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition")
		}
	}
	return []keyCondition{c}, nil
}

// bounds is a span of stored keys: low <= key < high; a nil high is open.
type bounds struct{ low, high []byte }

// keyBounds checks the conditions against a key schema and answers the
// partition's value and the span to read.
func (t *table) keyBounds(conditions []keyCondition, hash, rng string) (value, bounds, error) {
	byName := map[string]keyCondition{}
	for _, c := range conditions {
		if _, twice := byName[c.name]; twice {
			return value{}, bounds{}, invalid("KeyConditionExpressions must only contain one condition per key")
		}
		byName[c.name] = c
	}
	first, ok := byName[hash]
	if !ok {
		return value{}, bounds{}, invalid("Query condition missed key schema element: %s", hash)
	}
	second, ranged := byName[rng]
	if ranged && len(byName) > 2 || !ranged && len(byName) > 1 {
		return value{}, bounds{}, invalid("Query condition missed key schema element: %s", rng)
	}
	if first.op != "=" {
		return value{}, bounds{}, invalid("Query key condition not supported")
	}
	for _, c := range byName {
		if err := t.checkConditionValues(c); err != nil {
			return value{}, bounds{}, err
		}
	}
	partition := appendKey(nil, first.values[0])
	if !ranged {
		return first.values[0], bounds{partition, successor(partition)}, nil
	}
	return first.values[0], second.bounds(partition), nil
}

func (t *table) checkConditionValues(c keyCondition) error {
	for _, v := range c.values {
		if v.kind != t.Types[c.name] {
			return invalidParameter("Condition parameter type does not match schema type")
		}
		if err := checkNotEmpty(c.name, v); err != nil {
			return err
		}
		if v.size() > maxHashSize || c.name == t.Range && v.size() > maxRangeSize {
			return invalidParameter("Size of a key condition value has exceeded the maximum size limit")
		}
	}
	return nil
}

// bounds of a condition on the range key within a partition.
func (c keyCondition) bounds(partition []byte) bounds {
	at := func(v value) []byte { return appendKey(partition[:len(partition):len(partition)], v) }
	v := c.values[0]
	switch c.op {
	case "=":
		return bounds{at(v), successor(at(v))}
	case "<":
		return bounds{partition, at(v)}
	case "<=":
		return bounds{partition, successor(at(v))}
	case ">":
		return bounds{successor(at(v)), successor(partition)}
	case ">=":
		return bounds{at(v), successor(partition)}
	case "BETWEEN":
		return bounds{at(v), successor(at(c.values[1]))}
	default: // begins_with
		prefix := appendKeyPrefix(partition[:len(partition):len(partition)], v)
		return bounds{prefix, successor(prefix)}
	}
}
