package dynamodb

import (
	"slices"
	"time"
)

// table is what is known about a table; it is stored as JSON and never
// changed in place once others may see it.
type table struct {
	Name, ID       string
	Hash, Range    string            // key attributes; Range may be empty
	Types          map[string]string // attribute definitions
	Indexes        []index
	Created        time.Time
	Billing        string
	Read, Write    int // provisioned capacity, 0 on demand
	TTL            string
	Protected      bool
	StreamView     string // StreamViewType, empty without a stream
	AttributeOrder []string
	Encrypted      bool // as asked for; shown, not done
}

type index struct {
	Name        string
	Hash, Range string
	Projection  string   // KEYS_ONLY, INCLUDE or ALL
	Include     []string // of INCLUDE
}

func keyNames(hash, rng string) []string {
	if rng == "" {
		return []string{hash}
	}
	return []string{hash, rng}
}

func (t *table) keys() []string { return keyNames(t.Hash, t.Range) }
func (x *index) keys() []string { return keyNames(x.Hash, x.Range) }

func (t *table) index(name string) *index {
	i := slices.IndexFunc(t.Indexes, func(x index) bool { return x.Name == name })
	if i < 0 {
		return nil
	}
	return &t.Indexes[i]
}

const (
	maxHashSize  = 2048
	maxRangeSize = 1024
	maxItemSize  = 400 * 1024
	maxDepth     = 32
)

// checkKey checks a Key parameter: exactly the key attributes.
func (t *table) checkKey(key item) error {
	if len(key) != len(t.keys()) {
		return errKeyMismatch()
	}
	for _, name := range t.keys() {
		v, ok := key[name]
		if !ok || v.kind != t.Types[name] {
			return errKeyMismatch()
		}
	}
	return t.checkKeySizes(key)
}

func errKeyMismatch() error {
	return invalid("The provided key element does not match the schema")
}

func (t *table) checkKeySizes(it item) error {
	for _, name := range t.keys() {
		if err := checkNotEmpty(name, it[name]); err != nil {
			return err
		}
	}
	if it[t.Hash].size() > maxHashSize {
		return invalidParameter("Size of hashkey has exceeded the maximum size limit of2048 bytes")
	}
	if t.Range != "" && it[t.Range].size() > maxRangeSize {
		return invalidParameter("Aggregated size of all range keys has exceeded the size limit of 1024 bytes")
	}
	return nil
}

func checkNotEmpty(name string, v value) error {
	if v.str != "" {
		return nil
	}
	sort := "string"
	if v.kind == "B" {
		sort = "binary"
	}
	return invalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s value. Key: %s", sort, name)
}

// checkItem checks a whole item that is about to be stored.
func (t *table) checkItem(it item) error {
	for _, name := range t.keys() {
		v, ok := it[name]
		if !ok {
			return invalidParameter("Missing the key %s in the item", name)
		}
		if v.kind != t.Types[name] {
			return invalidParameter("Type mismatch for key %s expected: %s actual: %s", name, t.Types[name], v.kind)
		}
	}
	if err := t.checkKeySizes(it); err != nil {
		return err
	}
	return checkLimits(it)
}

// checkIndexes checks the index keys an item has; those it lacks keep it out
// of the index.
func (t *table) checkIndexes(it item) error {
	for i := range t.Indexes {
		if err := t.checkIndexKeys(&t.Indexes[i], it); err != nil {
			return err
		}
	}
	return nil
}

func (t *table) checkIndexKeys(x *index, it item) error {
	for _, name := range x.keys() {
		v, ok := it[name]
		switch {
		case !ok:
		case v.kind != t.Types[name]:
			return invalidParameter("Type mismatch for Index Key %s Expected: %s Actual: %s IndexName: %s", name, t.Types[name], v.kind, x.Name)
		case v.str == "":
			return invalid("One or more parameter values are not valid. A value specified for a secondary index key is not supported. "+
				"The AttributeValue for a key attribute cannot contain an empty string value. IndexName: %s, IndexKey: %s", x.Name, name)
		case name == x.Hash && v.size() > maxHashSize, name == x.Range && v.size() > maxRangeSize:
			return invalidParameter("Size limit exceeded for Index Key %s IndexName: %s", name, x.Name)
		}
	}
	return nil
}

func checkLimits(it item) error {
	for _, v := range it {
		if v.depth() > maxDepth {
			return invalid("Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit")
		}
	}
	if it.size() > maxItemSize {
		return invalid("Item size has exceeded the maximum allowed size")
	}
	return nil
}

// pick copies the named attributes that exist.
func (it item) pick(names []string) item {
	picked := make(item, len(names))
	for _, name := range names {
		if v, ok := it[name]; ok {
			picked[name] = v
		}
	}
	return picked
}

// storedKey is where the item lives in the table's bucket.
func (t *table) storedKey(it item) []byte {
	key := appendKey(nil, it[t.Hash])
	if t.Range != "" {
		key = appendKey(key, it[t.Range])
	}
	return key
}

// storedKey is where the item lives in the index's bucket; nil when it lacks
// an index key and so is absent from the index.
func (x *index) storedKey(t *table, it item) []byte {
	var key []byte
	for _, name := range x.keys() {
		v, ok := it[name]
		if !ok {
			return nil
		}
		key = appendKey(key, v)
	}
	return append(key, t.storedKey(it)...)
}

// projected lists what the index holds; nil means everything.
func (x *index) projected(t *table) []string {
	if x.Projection == "ALL" {
		return nil
	}
	names := append(append(slices.Clone(t.keys()), x.keys()...), x.Include...)
	slices.Sort(names)
	return slices.Compact(names)
}

// view is the part of an item the index holds.
func (x *index) view(t *table, it item) item {
	names := x.projected(t)
	if names == nil {
		return it
	}
	return it.pick(names)
}
