package dynamodb

import (
	"bytes"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

const maxPageBytes = 1 << 20

// page reads one answer of a listing.
type page struct {
	*listing
	table   *table
	tx      *tx
	items   []item
	count   int
	scanned int
	bytes   int
	last    item // LastEvaluatedKey, nil at the end
}

// read walks until the span ends, the limit is reached, or a megabyte is
// full; the item that fills it still belongs to the page. Limit counts before
// the filter, and ends the page even where nothing follows.
func (p *page) read() error {
	bucket := p.tx.Bucket(itemsBucket(p.table))
	if p.index != nil {
		bucket = p.tx.Bucket(indexBucket(p.table, p.index))
	}
	c := bucket.Cursor()
	for k, v := p.first(c); p.inside(k); k, v = p.next(c) {
		it, err := p.load(v)
		if err != nil {
			return err
		}
		p.add(it)
		if p.scanned == p.limit || p.bytes >= maxPageBytes {
			p.last = it.pick(p.keys(p.table))
			return nil
		}
	}
	return nil
}

func (p *page) add(it item) {
	p.scanned++
	p.bytes += it.size()
	if p.filter != nil && !p.filter.holds(it) {
		return
	}
	p.count++
	if p.selection != "COUNT" {
		p.items = append(p.items, p.projection.of(it))
	}
}

func (p *page) load(stored []byte) (item, error) {
	if p.index == nil {
		return readItem(stored)
	}
	raw := p.tx.Bucket(itemsBucket(p.table)).Get(stored)
	if raw == nil {
		return nil, fmt.Errorf("index %s names an item that is not in table %s", p.index.Name, p.table.Name)
	}
	it, err := readItem(raw)
	if err != nil {
		return nil, err
	}
	return p.index.view(p.table, it), nil
}

func (p *page) first(c *bolt.Cursor) (k, v []byte) {
	if p.backward {
		return p.firstBackward(c)
	}
	from := p.span.low
	if p.after != nil {
		from = p.after
	}
	if k, v = c.Seek(from); p.after != nil && bytes.Equal(k, p.after) {
		return c.Next()
	}
	return k, v
}

func (p *page) firstBackward(c *bolt.Cursor) (k, v []byte) {
	end := p.span.high
	if p.after != nil {
		end = p.after
	}
	if end == nil {
		return c.Last()
	}
	if k, _ = c.Seek(end); k == nil {
		return c.Last()
	}
	return c.Prev()
}

func (p *page) next(c *bolt.Cursor) (k, v []byte) {
	if p.backward {
		return c.Prev()
	}
	return c.Next()
}

func (p *page) inside(k []byte) bool {
	switch {
	case k == nil:
		return false
	case p.backward:
		return bytes.Compare(k, p.span.low) >= 0
	default:
		return p.span.high == nil || bytes.Compare(k, p.span.high) < 0
	}
}

func (p *page) answer() map[string]any {
	m := map[string]any{"Count": p.count, "ScannedCount": p.scanned}
	if p.selection != "COUNT" {
		if p.items == nil {
			p.items = []item{}
		}
		m["Items"] = p.items
	}
	if p.last != nil {
		m["LastEvaluatedKey"] = p.last
	}
	var c cost
	if n := readUnits(p.bytes, p.consistent); p.index != nil {
		c.addIndex(p.index.Name, n)
	} else {
		c.table = n
	}
	if report := c.report(p.capacity, p.listing.table); report != nil {
		m["ConsumedCapacity"] = report
	}
	return m
}
