package dynamodb

import (
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

func (r *request) updateTimeToLive() (any, error) {
	name, err := tableName(r.body)
	if err != nil {
		return nil, err
	}
	members, _ := r.body.object("TimeToLiveSpecification")
	spec := newObject("TimeToLiveSpecification", members)
	enabled, attribute := spec.bool("Enabled", false), spec.string("AttributeName")
	if err := spec.done(); err != nil {
		return nil, err
	}
	if err := r.body.done(); err != nil {
		return nil, err
	}
	if attribute == "" {
		return nil, invalid("TimeToLiveSpecification must have an AttributeName")
	}
	if err := r.authorize(Call{Table: name}); err != nil {
		return nil, err
	}
	if err := r.setTTL(name, enabled, attribute); err != nil {
		return nil, err
	}
	return map[string]any{"TimeToLiveSpecification": map[string]any{"Enabled": enabled, "AttributeName": attribute}}, nil
}

func (s *Server) setTTL(name string, enabled bool, attribute string) error {
	s.catalog.Lock()
	defer s.catalog.Unlock()
	t, err := s.lookupTable(name)
	if err != nil {
		return err
	}
	switch {
	case t.TTL != "" && t.TTL != attribute:
		return invalid("TimeToLive is active on a different AttributeName: current AttributeName is %s", t.TTL)
	case enabled && t.TTL != "":
		return invalid("TimeToLive is already enabled")
	case !enabled && t.TTL == "":
		return invalid("TimeToLive is already disabled")
	}
	changed := *t
	changed.TTL = attribute
	if !enabled {
		changed.TTL = ""
	}
	if err := s.db.Update(func(b *bolt.Tx) error { return storeTable(b, &changed) }); err != nil {
		return fmt.Errorf("changing the time to live of table %s: %w", name, err)
	}
	s.tables[name] = &changed
	return nil
}

func (r *request) describeTimeToLive() (any, error) {
	name, err := r.namedTable()
	if err != nil {
		return nil, err
	}
	r.catalog.RLock()
	defer r.catalog.RUnlock()
	t, err := r.lookupTable(name)
	if err != nil {
		return nil, err
	}
	description := map[string]any{"TimeToLiveStatus": "DISABLED"}
	if t.TTL != "" {
		description = map[string]any{"TimeToLiveStatus": "ENABLED", "AttributeName": t.TTL}
	}
	return map[string]any{"TimeToLiveDescription": description}, nil
}

// SweepExpired deletes the items whose time to live has passed, as DynamoDB
// does some day, and returns how many. Items that expired more than five years
// ago, or whose attribute is not a number, stay, as they do there.
func (s *Server) SweepExpired() (int, error) {
	s.catalog.RLock()
	var names []string
	for name, t := range s.tables {
		if t.TTL != "" {
			names = append(names, name)
		}
	}
	s.catalog.RUnlock()
	total := 0
	for _, name := range names {
		for {
			n, err := s.sweepTable(name)
			total += n
			if err != nil {
				return total, fmt.Errorf("sweeping table %s: %w", name, err)
			}
			if n < sweepBatch {
				break
			}
		}
	}
	return total, nil
}

// sweepBatch bounds how long a sweep keeps writers waiting.
const sweepBatch = 1000

func (s *Server) sweepTable(name string) (int, error) {
	expired, err := s.findExpired(name)
	if err != nil || len(expired) == 0 {
		return 0, err
	}
	n := 0
	err = s.update(func(t *tx) error {
		tab, err := s.lookupTable(name)
		if err != nil {
			return err
		}
		for _, key := range expired {
			old, err := t.get(tab, key)
			if err != nil {
				return err
			}
			if !tab.isExpired(old, s.options.Now()) { // changed since it was found
				continue
			}
			if err := t.write(tab, old, nil); err != nil {
				return err
			}
			t.changes[len(t.changes)-1].expired = true
			n++
		}
		return nil
	})
	return n, err
}

// findExpired reads outside of any writing transaction and answers the keys
// of at most one batch.
func (s *Server) findExpired(name string) (keys []item, err error) {
	err = s.view(func(t *tx) error {
		tab, err := s.lookupTable(name)
		if err != nil {
			return err
		}
		now := s.options.Now()
		c := t.Bucket(itemsBucket(tab)).Cursor()
		for k, raw := c.First(); k != nil && len(keys) < sweepBatch; k, raw = c.Next() {
			it, err := readItem(raw)
			if err != nil {
				return err
			}
			if tab.isExpired(it, now) {
				keys = append(keys, it.pick(tab.keys()))
			}
		}
		return nil
	})
	return keys, err
}

func (t *table) isExpired(it item, now time.Time) bool {
	v, ok := it[t.TTL]
	if !ok || v.kind != "N" {
		return false
	}
	at := mustDecimal(v.str)
	passed := at.compare(decimalOf(now.Unix())) <= 0
	return passed && at.compare(decimalOf(now.AddDate(-5, 0, 0).Unix())) > 0
}
