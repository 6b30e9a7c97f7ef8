package dynamodb

import (
	"bytes"
	"slices"
)

// listing is a Query or a Scan: which items to walk over and what to show.
type listing struct {
	table        string
	indexName    string
	keyCondition *node // nil for a Scan
	filter       *node
	projection   *projection
	scope        *scope
	selection    string // Select as given, or empty
	start        item   // ExclusiveStartKey, or nil
	limit        int    // 0 is none
	backward     bool
	consistent   bool
	capacity     string

	index *index // set by plan; nil for the table itself
	span  bounds
	after []byte // stored form of start
}

func (r *request) query() (any, error) {
	l := &listing{backward: !r.body.bool("ScanIndexForward", true)}
	text := r.body.text("KeyConditionExpression")
	if text == nil && r.body.err == nil {
		if err := r.body.refuseLegacy(); err != nil {
			return nil, err
		}
		return nil, invalid("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
	}
	return r.list(l, text)
}

func (r *request) scan() (any, error) { return r.list(&listing{}, nil) }

func (r *request) list(l *listing, keyCondition *string) (any, error) {
	if err := l.readParameters(r.body); err != nil {
		return nil, err
	}
	if err := l.readExpressions(r.body, keyCondition); err != nil {
		return nil, err
	}
	if err := r.body.done(); err != nil {
		return nil, err
	}
	var answer map[string]any
	err := r.view(func(t *tx) error {
		tab, err := r.permitted(l.table, l.plan)
		if err != nil {
			return err
		}
		p := &page{listing: l, table: tab, tx: t}
		if err := p.read(); err != nil {
			return err
		}
		answer = p.answer()
		return nil
	})
	return answer, err
}

func (l *listing) readParameters(o *object) (err error) {
	if l.table, err = tableName(o); err != nil {
		return err
	}
	l.indexName = o.string("IndexName")
	l.consistent = o.bool("ConsistentRead", false)
	l.capacity = readCapacityMode(o)
	l.selection = o.choice("Select", "", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES", "SPECIFIC_ATTRIBUTES", "COUNT")
	var limited bool
	if l.limit, limited = o.int("Limit"); limited && l.limit < 1 && o.err == nil {
		return invalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1", l.limit)
	}
	if start, ok := o.object("ExclusiveStartKey"); ok {
		if l.start, err = decodeItem(start); err != nil {
			return err
		}
	}
	return o.err
}

func (l *listing) readExpressions(o *object, keyCondition *string) (err error) {
	filter, projection := o.text("FilterExpression"), o.text("ProjectionExpression")
	if l.scope, err = newScope(o, keyCondition, filter, projection); err != nil {
		return err
	}
	if keyCondition != nil {
		if l.keyCondition, err = l.scope.condition("KeyConditionExpression", *keyCondition); err != nil {
			return err
		}
	}
	if filter != nil {
		if l.filter, err = l.scope.condition("FilterExpression", *filter); err != nil {
			return err
		}
	}
	if l.projection, err = l.scope.projection(projection); err != nil {
		return err
	}
	if err := l.scope.unused(); err != nil {
		return err
	}
	return l.checkSelect()
}

func (l *listing) checkSelect() error {
	switch {
	case l.selection == "SPECIFIC_ATTRIBUTES" && l.projection == nil:
		return invalid("Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES")
	case l.selection == "COUNT" && l.projection != nil:
		return invalid("Cannot specify the ProjectionExpression when choosing to get only the Count")
	case l.selection != "" && l.selection != "SPECIFIC_ATTRIBUTES" && l.projection != nil:
		return invalid("Cannot specify the ProjectionExpression when choosing to get %s", l.selection)
	case l.selection == "ALL_PROJECTED_ATTRIBUTES" && l.indexName == "":
		return invalid("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")
	}
	return nil
}

// plan binds the listing to its table and says what IAM gets to see.
func (l *listing) plan(t *table) (Call, error) {
	c := Call{Index: l.indexName, Attributes: append(l.scope.touched(), t.keys()...), Select: l.selection}
	hash, rng := t.Hash, t.Range
	if l.indexName != "" {
		if l.index = t.index(l.indexName); l.index == nil {
			return c, invalid("The table does not have the specified index: %s", l.indexName)
		}
		hash, rng = l.index.Hash, l.index.Range
		c.Attributes = append(c.Attributes, l.index.keys()...)
		if err := l.checkIndexUse(t); err != nil {
			return c, err
		}
	}
	if c.Select == "" {
		c.Select = selection(l.projection)
		if c.Select == "ALL_ATTRIBUTES" && l.index != nil {
			c.Select = "ALL_PROJECTED_ATTRIBUTES"
		}
	}
	if l.keyCondition != nil {
		conditions, err := keyConditions(l.keyCondition)
		if err != nil {
			return c, err
		}
		partition, span, err := t.keyBounds(conditions, hash, rng)
		if err != nil {
			return c, err
		}
		l.span = span
		c.LeadingKeys = []string{leadingKey(partition)}
		if err := l.checkFilter(keyNames(hash, rng)); err != nil {
			return c, err
		}
	}
	return c, l.planStart(t)
}

// checkIndexUse refuses what a global index cannot answer.
func (l *listing) checkIndexUse(t *table) error {
	x := l.index
	if l.consistent {
		return invalid("Consistent reads are not supported on global secondary indexes")
	}
	projected := x.projected(t)
	if projected == nil {
		return nil
	}
	if l.selection == "ALL_ATTRIBUTES" {
		return invalidParameter("Select type ALL_ATTRIBUTES is not supported for global secondary index %s because its projection type is not ALL", x.Name)
	}
	for _, name := range l.projection.topLevel() {
		if !slices.Contains(projected, name) {
			return invalidParameter("Global secondary index %s does not project [%s]", x.Name, name)
		}
	}
	for _, name := range l.filter.topLevel() {
		if !slices.Contains(projected, name) {
			return invalidParameter("Secondary index %s does not project one or more filter attributes: [%s]", x.Name, name)
		}
	}
	return nil
}

func (l *listing) checkFilter(keys []string) error {
	for _, name := range l.filter.topLevel() {
		if slices.Contains(keys, name) {
			return invalid("Filter Expression can only contain non-primary key attributes: Primary key attribute: %s", name)
		}
	}
	return nil
}

// topLevel lists the attributes a condition reads.
func (n *node) topLevel() []string {
	if n == nil {
		return nil
	}
	var names []string
	if n.op == "path" {
		names = append(names, n.path[0].name)
	}
	for _, arg := range n.args {
		names = append(names, arg.topLevel()...)
	}
	return names
}

// keys lists the attributes of a LastEvaluatedKey.
func (l *listing) keys(t *table) []string {
	if l.index == nil {
		return t.keys()
	}
	names := append(slices.Clone(t.keys()), l.index.keys()...)
	slices.Sort(names)
	return slices.Compact(names)
}

func (l *listing) planStart(t *table) error {
	if l.start == nil {
		return nil
	}
	names := l.keys(t)
	if len(l.start) != len(names) {
		return invalid("The provided starting key is invalid")
	}
	for _, name := range names {
		if v, ok := l.start[name]; !ok || v.kind != t.Types[name] || v.str == "" {
			return invalid("The provided starting key is invalid: The provided key element does not match the schema")
		}
	}
	l.after = t.storedKey(l.start)
	if l.index != nil {
		l.after = l.index.storedKey(t, l.start)
	}
	if bytes.Compare(l.after, l.span.low) < 0 || l.span.high != nil && bytes.Compare(l.after, l.span.high) >= 0 {
		return invalid("The provided starting key is outside query boundaries based on provided conditions")
	}
	return nil
}
