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
		seen := map[string]bool{}
		for i, g := range reads {
			if responses[i], err = r.transactGet(t, g, seen, costs); err != nil {
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

// transactGet reads one member; seen holds the items of those before it.
func (r *request) transactGet(t *tx, g keyRead, seen map[string]bool, costs map[string]*cost) (map[string]any, error) {
	tab, err := r.permitted(g.table, func(tab *table) (Call, error) {
		c, err := g.call(tab)
		c.Operation, c.Enclosing = "GetItem", r.operation
		return c, err
	})
	if err != nil {
		return nil, err
	}
	if err := claimItem(seen, tab, g.key); err != nil {
		return nil, err
	}
	it, err := t.get(tab, g.key)
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
