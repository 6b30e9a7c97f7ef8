package dynamodb

// permitted finds a table and asks for permission to do to it what call
// describes.
func (r *request) permitted(name string, call func(*table) (Call, error)) (*table, error) {
	t, c, err := r.described(name, call)
	if err != nil {
		return nil, err
	}
	return t, r.authorize(c)
}

// described finds a table and describes a call to it, for which permission is
// still to be asked. An unknown table is only revealed to whom it would be
// permitted.
func (r *request) described(name string, call func(*table) (Call, error)) (*table, Call, error) {
	t, err := r.lookupTable(name)
	if err != nil {
		if denied := r.authorize(Call{Table: name}); denied != nil {
			return nil, Call{}, denied
		}
		return nil, Call{}, err
	}
	c, err := call(t)
	c.Table = name
	return t, c, err
}

// keyRead is a GetItem, or one member of a TransactGetItems.
type keyRead struct {
	table      string
	key        item
	projection *projection
	scope      *scope
}

func readKeyRead(o *object) (g keyRead, err error) {
	if g.table, err = tableName(o); err != nil {
		return g, err
	}
	if g.key, err = o.item("Key"); err != nil {
		return g, err
	}
	text := o.text("ProjectionExpression")
	if g.scope, err = newScope(o, text); err != nil {
		return g, err
	}
	if g.projection, err = g.scope.projection(text); err != nil {
		return g, err
	}
	return g, g.scope.unused()
}

func (g keyRead) call(t *table) (Call, error) {
	if err := t.checkKey(g.key); err != nil {
		return Call{}, err
	}
	return Call{
		LeadingKeys: []string{leadingKey(g.key[t.Hash])},
		Attributes:  g.scope.touched(g.key),
		Select:      selection(g.projection),
	}, nil
}

func (r *request) getItem() (any, error) {
	g, err := readKeyRead(r.body)
	if err != nil {
		return nil, err
	}
	consistent := r.body.bool("ConsistentRead", false)
	mode := readCapacityMode(r.body)
	if err := r.body.done(); err != nil {
		return nil, err
	}
	answer := map[string]any{}
	err = r.view(func(t *tx) error {
		tab, err := r.permitted(g.table, g.call)
		if err != nil {
			return err
		}
		it, err := t.get(tab, g.key)
		if err != nil {
			return err
		}
		if it != nil {
			answer["Item"] = g.projection.of(it)
		}
		c := cost{table: readUnits(it.size(), consistent)}
		if report := c.report(mode, g.table); report != nil {
			answer["ConsumedCapacity"] = report
		}
		return nil
	})
	return answer, err
}
