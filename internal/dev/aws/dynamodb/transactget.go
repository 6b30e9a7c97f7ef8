package dynamodb

func (r *request) transactGetItems() (any, error) {
	reads, err := readTransactGets(r.body)
	if err != nil {
		return nil, err
	}
	mode := readCapacityMode(r.body)
	if err := r.body.done(); err != nil {
		return nil, err
	}
	responses := make([]map[string]any, len(reads))
	costs := map[string]*cost{}
	err = r.view(func(t *tx) error {
		tables, err := r.permittedReads(reads)
		if err != nil {
			return err
		}
		for i, g := range reads {
			if responses[i], err = t.transactGet(tables[i], g, costs); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	answer := map[string]any{"Responses": responses}
	if reports := reportAll(mode, costs); reports != nil {
		answer["ConsumedCapacity"] = reports
	}
	return answer, nil
}

// permittedReads is permittedTransaction for reads.
func (r *request) permittedReads(reads []keyRead) ([]*table, error) {
	tables, calls := make([]*table, len(reads)), make([]Call, len(reads))
	seen := map[string]bool{}
	for i, g := range reads {
		var err error
		if tables[i], calls[i], err = r.described(g.table, g.call); err != nil {
			return nil, err
		}
		calls[i].Operation, calls[i].Enclosing = "GetItem", r.operation
		if err := claimItem(seen, tables[i], g.key); err != nil {
			return nil, err
		}
	}
	return tables, r.authorize(calls...)
}

// transactGet reads one member.
func (t *tx) transactGet(from *table, g keyRead, costs map[string]*cost) (map[string]any, error) {
	it, err := t.get(from, g.key)
	if err != nil {
		return nil, err
	}
	addCost(costs, g.table).table += 2 * units(it.size(), readUnit)
	answer := map[string]any{}
	if it != nil {
		answer["Item"] = g.projection.of(it)
	}
	return answer, nil
}

func readTransactGets(o *object) ([]keyRead, error) {
	members, err := readTransactMembers(o)
	if err != nil {
		return nil, err
	}
	reads := make([]keyRead, len(members))
	for i, m := range members {
		get, ok := m.object("Get")
		if err := m.done(); err != nil {
			return nil, err
		}
		if !ok {
			return nil, invalid("TransactItems must hold Get requests")
		}
		g := newObject("Get", get)
		if reads[i], err = readKeyRead(g); err != nil {
			return nil, err
		}
		if err := g.done(); err != nil {
			return nil, err
		}
	}
	return reads, nil
}
