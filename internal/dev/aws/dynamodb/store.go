package dynamodb

import (
	"encoding/json"
	"fmt"
	"maps"

	bolt "go.etcd.io/bbolt"
)

// Buckets of the file:
//
//	tables                  table name -> its description as JSON
//	items:<table>           encoded primary key -> item
//	index:<table>:<index>   encoded index key + primary key -> encoded primary key
//	tokens                  ClientRequestToken -> time, digest and answer (transact.go)
//	token-times             time + ClientRequestToken -> nothing
var (
	tablesBucket     = []byte("tables")
	tokensBucket     = []byte("tokens")
	tokenTimesBucket = []byte("token-times")
)

func itemsBucket(t *table) []byte           { return []byte("items:" + t.Name) }
func indexBucket(t *table, x *index) []byte { return []byte("index:" + t.Name + ":" + x.Name) }

// tx is a transaction; a writing one collects the changes for OnWrite.
type tx struct {
	*bolt.Tx
	changes []change
}

type change struct {
	table    *table
	old, new item
	expired  bool
}

func (s *Server) loadTables() error {
	return s.db.Update(func(b *bolt.Tx) error {
		for _, name := range [][]byte{tablesBucket, tokensBucket, tokenTimesBucket} {
			if _, err := b.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return b.Bucket(tablesBucket).ForEach(func(name, raw []byte) error {
			t := &table{}
			if err := json.Unmarshal(raw, t); err != nil {
				return fmt.Errorf("reading table %s: %w", name, err)
			}
			s.tables[t.Name] = t
			return nil
		})
	})
}

// view runs a reading transaction while the catalog stands still.
func (s *Server) view(f func(*tx) error) error {
	s.catalog.RLock()
	defer s.catalog.RUnlock()
	return s.db.View(func(b *bolt.Tx) error { return f(&tx{Tx: b}) })
}

// update runs a writing transaction and, once it is committed, tells OnWrite.
func (s *Server) update(f func(*tx) error) error {
	s.catalog.RLock()
	defer s.catalog.RUnlock()
	s.writing.Lock()
	defer s.writing.Unlock()
	t := &tx{}
	err := s.db.Update(func(b *bolt.Tx) error {
		t.Tx = b
		return f(t)
	})
	if err != nil || s.options.OnWrite == nil {
		return err
	}
	for _, c := range t.changes {
		told, err := c.exported()
		if err != nil {
			return err
		}
		s.options.OnWrite(told)
	}
	return nil
}

func (c change) exported() (Change, error) {
	told := Change{Table: c.table.Name, Expired: c.expired}
	var err error
	if told.Old, err = exportedImage(c.old); err != nil {
		return told, err
	}
	told.New, err = exportedImage(c.new)
	return told, err
}

func exportedImage(it item) (json.RawMessage, error) {
	if it == nil {
		return nil, nil
	}
	raw, err := json.Marshal(it)
	if err != nil {
		return nil, fmt.Errorf("encoding an item: %w", err)
	}
	return raw, nil
}

// lookupTable needs the catalog lock of view or update.
func (s *Server) lookupTable(name string) (*table, error) {
	t := s.tables[name]
	if t == nil {
		return nil, errTableNotFound(name)
	}
	return t, nil
}

// get reads an item by its key attributes; nil when there is none.
func (t *tx) get(tab *table, key item) (item, error) {
	raw := t.Bucket(itemsBucket(tab)).Get(tab.storedKey(key))
	if raw == nil {
		return nil, nil
	}
	return readItem(raw)
}

// write replaces old by changed in the table and its indexes. Nil means no
// item; both must have the same key.
func (t *tx) write(tab *table, old, changed item) error {
	either := changed
	if either == nil {
		either = old
	}
	if either == nil {
		return nil
	}
	key := tab.storedKey(either)
	if err := store(t.Bucket(itemsBucket(tab)), key, changed); err != nil {
		return fmt.Errorf("writing to table %s: %w", tab.Name, err)
	}
	for i := range tab.Indexes {
		if err := t.writeIndex(tab, &tab.Indexes[i], key, old, changed); err != nil {
			return fmt.Errorf("writing to index %s of table %s: %w", tab.Indexes[i].Name, tab.Name, err)
		}
	}
	if old == nil || changed == nil || !maps.EqualFunc(old, changed, value.equal) {
		t.changes = append(t.changes, change{table: tab, old: old, new: changed})
	}
	return nil
}

func store(b *bolt.Bucket, key []byte, it item) error {
	if it == nil {
		return b.Delete(key)
	}
	return b.Put(key, appendItem(nil, it))
}

func (t *tx) writeIndex(tab *table, x *index, key []byte, old, changed item) error {
	before, after := x.storedKey(tab, old), x.storedKey(tab, changed)
	if string(before) == string(after) {
		return nil
	}
	b := t.Bucket(indexBucket(tab, x))
	if before != nil {
		if err := b.Delete(before); err != nil {
			return err
		}
	}
	if after != nil {
		return b.Put(after, key)
	}
	return nil
}

// ForEach calls f with every item of a table, in DynamoDB JSON and key order,
// until f fails. Tests use it to search everything that is stored.
func (s *Server) ForEach(tableName string, f func(json.RawMessage) error) error {
	return s.view(func(t *tx) error {
		tab, err := s.lookupTable(tableName)
		if err != nil {
			return err
		}
		return t.Bucket(itemsBucket(tab)).ForEach(func(_, raw []byte) error {
			it, err := readItem(raw)
			if err != nil {
				return err
			}
			image, err := exportedImage(it)
			if err != nil {
				return err
			}
			return f(image)
		})
	})
}
