package dynamodb

import (
	"maps"
	"slices"
)

const maxBatchWrites = 25

func (r *request) batchWriteItem() (any, error) {
	writes, err := readBatchWrites(r.body)
	if err != nil {
		return nil, err
	}
	mode := readCapacityMode(r.body)
	r.body.choice("ReturnItemCollectionMetrics", "NONE", "SIZE")
	if err := r.body.done(); err != nil {
		return nil, err
	}
	costs := map[string]*cost{}
	err = r.update(func(t *tx) error {
		tables, err := r.permittedBatch(writes)
		if err != nil {
			return err
		}
		for _, w := range writes {
			tab := tables[w.table]
			old, changed, err := w.run(t, tab)
			if err != nil {
				return err
			}
			addCost(costs, w.table).addWrite(tab, old, changed, 1)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	answer := map[string]any{"UnprocessedItems": map[string]any{}}
	if reports := reportAll(mode, costs); reports != nil {
		answer["ConsumedCapacity"] = reports
	}
	return answer, nil
}

// readBatchWrites reads puts and deletions as unconditional writes.
func readBatchWrites(o *object) ([]*write, error) {
	tables, _ := o.object("RequestItems")
	if o.err == nil && len(tables) == 0 {
		return nil, invalid("1 validation error detected: Value '{}' at 'requestItems' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	var writes []*write
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		list, ok := tables[name].([]any)
		if !ok || len(list) == 0 {
			return nil, invalid("The batch write request list for a table cannot be null or empty: %s", name)
		}
		for _, raw := range list {
			w, err := readBatchWrite(name, raw)
			if err != nil {
				return nil, err
			}
			writes = append(writes, w)
		}
	}
	if len(writes) > maxBatchWrites {
		return nil, invalid("Too many items requested for the BatchWriteItem call")
	}
	return writes, o.err
}

func readBatchWrite(name string, raw any) (*write, error) {
	d, err := asObject("RequestItems", raw)
	if err != nil {
		return nil, err
	}
	put, isPut := d.object("PutRequest")
	remove, isDelete := d.object("DeleteRequest")
	if err := d.done(); err != nil {
		return nil, err
	}
	if isPut == isDelete {
		return nil, invalid("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes")
	}
	w := &write{action: "PutItem", table: name, scope: &scope{}}
	o, keyMember := newObject("PutRequest", put), "Item"
	if isDelete {
		w.action, o, keyMember = "DeleteItem", newObject("DeleteRequest", remove), "Key"
	}
	if w.key, err = o.item(keyMember); err != nil {
		return nil, err
	}
	return w, o.done()
}

// permittedBatch checks all writes, and that no two go to one item, and asks
// once per table.
func (r *request) permittedBatch(writes []*write) (map[string]*table, error) {
	tables := map[string]*table{}
	for _, first := range writes {
		if tables[first.table] != nil {
			continue
		}
		t, err := r.permitted(first.table, func(t *table) (Call, error) { return batchCall(t, writes) })
		if err != nil {
			return nil, err
		}
		tables[first.table] = t
	}
	return tables, nil
}

func batchCall(t *table, writes []*write) (Call, error) {
	var c Call
	seen := map[string]bool{}
	for _, w := range writes {
		if w.table != t.Name {
			continue
		}
		if err := w.check(t); err != nil {
			return c, err
		}
		stored := string(t.storedKey(w.key))
		if seen[stored] {
			return c, errDuplicateKeys()
		}
		seen[stored] = true
		c.LeadingKeys = append(c.LeadingKeys, leadingKey(w.key[t.Hash]))
		c.Attributes = append(c.Attributes, w.scope.touched(w.key)...)
	}
	return c, nil
}
