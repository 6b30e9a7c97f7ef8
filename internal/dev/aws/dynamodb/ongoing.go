package dynamodb

import (
	"sync"
	"time"
)

// ongoing are the items of transactions under way. DynamoDB does not make
// whoever comes second wait: it turns them away, and so does this. A write
// that stands alone and meets a transaction gets TransactionConflictException;
// one that is quicker leaves no trace.
type ongoing struct {
	mu    sync.Mutex
	items map[string]bool
}

// begin claims the items of a transaction until end is called. Where others
// have claimed some of them, it claims none and tells which as the reasons of a
// cancellation.
func (o *ongoing) begin(ids []string) (end func(), err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	reasons, conflict := make([]cancellationReason, len(ids)), false
	for i, id := range ids {
		reasons[i].Code = "None"
		if o.items[id] {
			reasons[i], conflict = cancellationReason{Code: "TransactionConflict", Message: "Transaction is ongoing for the item"}, true
		}
	}
	if conflict {
		return nil, errCancelled(reasons)
	}
	if o.items == nil {
		o.items = map[string]bool{}
	}
	for _, id := range ids {
		o.items[id] = true
	}
	return func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		for _, id := range ids {
			delete(o.items, id)
		}
	}, nil
}

// meets says whether a transaction is under way on an item.
func (o *ongoing) meets(id string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.items[id]
}

// id names an item among all tables; what is no key of its table gets the
// table's name alone, because no such write gets far.
func (w *write) id(t *table) string {
	if t == nil || w.check(t) != nil {
		return w.table
	}
	return w.table + "\x00" + string(t.storedKey(w.key))
}

// underWay runs a transaction as one that others can meet. One about what is
// no item is left to be refused.
func (r *request) underWay(writes []*write, run func() error) error {
	ids := make([]string, len(writes))
	r.catalog.RLock()
	for i, w := range writes {
		ids[i] = w.id(r.tables[w.table])
	}
	r.catalog.RUnlock()
	for i, w := range writes {
		if ids[i] == w.table {
			return run()
		}
	}
	end, err := r.ongoing.begin(ids)
	if err != nil {
		return err
	}
	defer end()
	time.Sleep(r.options.TransactionTime)
	return run()
}
