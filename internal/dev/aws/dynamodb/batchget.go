package dynamodb

import (
	"maps"
	"slices"
)

const (
	maxBatchKeys  = 100
	maxBatchBytes = 16 << 20
)

// batchRead is what a BatchGetItem asks of one table.
type batchRead struct {
	table      string
	keys       []item
	raw        []any // the keys as they came, for UnprocessedKeys
	consistent bool
	projection *projection
	scope      *scope
	rest       map[string]any // the request without its keys
}

func (r *request) batchGetItem() (any, error) {
	reads, err := readBatchReads(r.body)
	if err != nil {
		return nil, err
	}
	mode := readCapacityMode(r.body)
	if err := r.body.done(); err != nil {
		return nil, err
	}
	answer := batchAnswer{responses: map[string][]item{}, unprocessed: map[string]any{}, costs: map[string]*cost{}}
	err = r.view(func(t *tx) error {
		tables := make([]*table, len(reads))
		for i, b := range reads { // all are permitted before any is read
			if tables[i], err = r.permitted(b.table, b.call); err != nil {
				return err
			}
		}
		for i, b := range reads {
			if err := answer.read(t, tables[i], b); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	result := map[string]any{"Responses": answer.responses, "UnprocessedKeys": answer.unprocessed}
	if reports := reportAll(mode, answer.costs); reports != nil {
		result["ConsumedCapacity"] = reports
	}
	return result, nil
}

func readBatchReads(o *object) ([]*batchRead, error) {
	tables, _ := o.object("RequestItems")
	if o.err == nil && len(tables) == 0 {
		return nil, invalid("1 validation error detected: Value '{}' at 'requestItems' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	var reads []*batchRead
	count := 0
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		d, err := asObject("RequestItems", tables[name])
		if err != nil {
			return nil, err
		}
		b, err := readBatchRead(name, d)
		if err != nil {
			return nil, err
		}
		reads = append(reads, b)
		count += len(b.keys)
	}
	if count > maxBatchKeys {
		return nil, invalid("Too many items requested for the BatchGetItem call")
	}
	return reads, o.err
}

func readBatchRead(name string, d *object) (*batchRead, error) {
	b := &batchRead{table: name, consistent: d.bool("ConsistentRead", false), rest: maps.Clone(d.members)}
	b.raw, _ = d.list("Keys")
	if len(b.raw) == 0 && d.err == nil {
		return nil, invalid("The list of keys in RequestItems for BatchGetItem is required")
	}
	for _, raw := range b.raw {
		m, ok := raw.(map[string]any)
		if !ok {
			return nil, errSerialization("Keys must hold JSON objects")
		}
		key, err := decodeItem(m)
		if err != nil {
			return nil, err
		}
		b.keys = append(b.keys, key)
	}
	text := d.text("ProjectionExpression")
	var err error
	if b.scope, err = newScope(d, text); err != nil {
		return nil, err
	}
	if b.projection, err = b.scope.projection(text); err != nil {
		return nil, err
	}
	if err := b.scope.unused(); err != nil {
		return nil, err
	}
	return b, d.done()
}

func errDuplicateKeys() error { return invalid("Provided list of item keys contains duplicates") }

func (b *batchRead) call(t *table) (Call, error) {
	c := Call{Attributes: append(b.scope.touched(), t.keys()...), Select: selection(b.projection)}
	seen := map[string]bool{}
	for _, key := range b.keys {
		if err := t.checkKey(key); err != nil {
			return c, err
		}
		stored := string(t.storedKey(key))
		if seen[stored] {
			return c, errDuplicateKeys()
		}
		seen[stored] = true
		c.LeadingKeys = append(c.LeadingKeys, leadingKey(key[t.Hash]))
	}
	return c, nil
}

type batchAnswer struct {
	responses   map[string][]item
	unprocessed map[string]any
	costs       map[string]*cost
	bytes       int
}

// read adds one table's items; once 16 MB are full, the remaining keys come
// back as unprocessed.
func (a *batchAnswer) read(t *tx, tab *table, b *batchRead) error {
	found := []item{}
	for i, key := range b.keys {
		it, err := t.get(tab, key)
		if err != nil {
			return err
		}
		if a.bytes += it.size(); a.bytes > maxBatchBytes {
			b.rest["Keys"] = b.raw[i:]
			a.unprocessed[b.table] = b.rest
			break
		}
		addCost(a.costs, b.table).table += readUnits(it.size(), b.consistent)
		if it != nil {
			found = append(found, b.projection.of(it))
		}
	}
	a.responses[b.table] = found
	return nil
}
