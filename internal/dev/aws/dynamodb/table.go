package dynamodb

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	bolt "go.etcd.io/bbolt"
)

const arnPrefix = "arn:aws:dynamodb:local:000000000000:table/"

func (r *request) createTable() (any, error) {
	t, err := r.readDefinition()
	if err != nil {
		return nil, err
	}
	if err := r.authorize(Call{Table: t.Name}); err != nil {
		return nil, err
	}
	r.catalog.Lock()
	defer r.catalog.Unlock()
	if r.tables[t.Name] != nil {
		return nil, newError(modelNamespace, "ResourceInUseException", "Table already exists: "+t.Name)
	}
	t.Created = r.options.Now()
	err = r.db.Update(func(b *bolt.Tx) error {
		for _, bucket := range t.buckets() {
			if _, err := b.CreateBucket(bucket); err != nil {
				return err
			}
		}
		return storeTable(b, t)
	})
	if err != nil {
		return nil, fmt.Errorf("creating table %s: %w", t.Name, err)
	}
	r.tables[t.Name] = t
	return map[string]any{"TableDescription": t.describe("ACTIVE", 0)}, nil
}

func (t *table) buckets() [][]byte {
	names := [][]byte{itemsBucket(t)}
	for i := range t.Indexes {
		names = append(names, indexBucket(t, &t.Indexes[i]))
	}
	return names
}

func storeTable(b *bolt.Tx, t *table) error {
	raw, err := json.Marshal(t)
	if err != nil {
		return err
	}
	return b.Bucket(tablesBucket).Put([]byte(t.Name), raw)
}

// tableName reads and checks the TableName of a request; ARNs are refused.
func tableName(o *object) (string, error) {
	name := o.text("TableName")
	if o.err != nil {
		return "", o.err
	}
	if name == nil {
		return "", invalid("1 validation error detected: Value null at 'tableName' failed to satisfy constraint: Member must not be null")
	}
	if !namePattern.MatchString(*name) {
		return "", invalid("Invalid table/index name.  Table/index names must be between 3 and 255 characters long, and may contain only the characters a-z, A-Z, 0-9, '_', '-', and '.'")
	}
	return *name, nil
}

// namedTable reads the parameters of an operation whose only one is TableName
// and asks for permission.
func (r *request) namedTable() (string, error) {
	name, err := tableName(r.body)
	if err != nil {
		return "", err
	}
	if err := r.body.done(); err != nil {
		return "", err
	}
	return name, r.authorize(Call{Table: name})
}

func (r *request) describeTable() (any, error) {
	name, err := r.namedTable()
	if err != nil {
		return nil, err
	}
	var answer any
	err = r.view(func(t *tx) error {
		tab, err := r.lookupTable(name)
		if err != nil {
			return err
		}
		answer = map[string]any{"Table": tab.describe("ACTIVE", t.Bucket(itemsBucket(tab)).Stats().KeyN)}
		return nil
	})
	return answer, err
}

func (r *request) deleteTable() (any, error) {
	name, err := r.namedTable()
	if err != nil {
		return nil, err
	}
	r.catalog.Lock()
	defer r.catalog.Unlock()
	t, err := r.lookupTable(name)
	if err != nil {
		return nil, err
	}
	if t.Protected {
		return nil, invalid("Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.")
	}
	err = r.db.Update(func(b *bolt.Tx) error {
		for _, bucket := range t.buckets() {
			if err := b.DeleteBucket(bucket); err != nil {
				return err
			}
		}
		return b.Bucket(tablesBucket).Delete([]byte(name))
	})
	if err != nil {
		return nil, fmt.Errorf("deleting table %s: %w", name, err)
	}
	delete(r.tables, name)
	return map[string]any{"TableDescription": t.describe("DELETING", 0)}, nil
}

func (r *request) listTables() (any, error) {
	limit, limited := r.body.int("Limit")
	start := r.body.string("ExclusiveStartTableName")
	if err := r.body.done(); err != nil {
		return nil, err
	}
	if !limited {
		limit = 100
	}
	if limit < 1 || limit > 100 {
		return nil, invalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must be between 1 and 100", limit)
	}
	if err := r.authorize(Call{}); err != nil {
		return nil, err
	}
	r.catalog.RLock()
	names := slices.Sorted(maps.Keys(r.tables))
	r.catalog.RUnlock()
	names = slices.DeleteFunc(names, func(name string) bool { return name <= start })
	answer := map[string]any{"TableNames": names}
	if len(names) > limit {
		answer["TableNames"] = names[:limit]
		answer["LastEvaluatedTableName"] = names[limit-1]
	} else if names == nil {
		answer["TableNames"] = []string{}
	}
	return answer, nil
}

// describe is the TableDescription of the API.
func (t *table) describe(status string, items int) map[string]any {
	seconds := float64(t.Created.UnixMilli()) / 1000
	d := map[string]any{
		"TableName": t.Name, "TableArn": arnPrefix + t.Name, "TableId": t.ID, "TableStatus": status,
		"CreationDateTime": seconds, "ItemCount": items, "TableSizeBytes": 0,
		"KeySchema":                 describeKeys(t.Hash, t.Range),
		"AttributeDefinitions":      t.describeAttributes(),
		"DeletionProtectionEnabled": t.Protected,
		"ProvisionedThroughput":     t.describeThroughput(),
	}
	if t.Billing == onDemand {
		d["BillingModeSummary"] = map[string]any{"BillingMode": onDemand, "LastUpdateToPayPerRequestDateTime": seconds}
	}
	if t.StreamView != "" {
		d["StreamSpecification"] = map[string]any{"StreamEnabled": true, "StreamViewType": t.StreamView}
	}
	if t.Encrypted {
		d["SSEDescription"] = map[string]any{"Status": "ENABLED", "SSEType": "KMS"}
	}
	var indexes []any
	for i := range t.Indexes {
		indexes = append(indexes, t.describeIndex(&t.Indexes[i]))
	}
	if indexes != nil {
		d["GlobalSecondaryIndexes"] = indexes
	}
	return d
}

func (t *table) describeThroughput() map[string]any {
	return map[string]any{"NumberOfDecreasesToday": 0, "ReadCapacityUnits": t.Read, "WriteCapacityUnits": t.Write}
}

func (t *table) describeAttributes() []any {
	var definitions []any
	for _, name := range t.AttributeOrder {
		definitions = append(definitions, map[string]any{"AttributeName": name, "AttributeType": t.Types[name]})
	}
	return definitions
}

func describeKeys(hash, rng string) []any {
	keys := []any{map[string]any{"AttributeName": hash, "KeyType": "HASH"}}
	if rng != "" {
		keys = append(keys, map[string]any{"AttributeName": rng, "KeyType": "RANGE"})
	}
	return keys
}

func (t *table) describeIndex(x *index) map[string]any {
	projection := map[string]any{"ProjectionType": x.Projection}
	if len(x.Include) > 0 {
		projection["NonKeyAttributes"] = x.Include
	}
	return map[string]any{
		"IndexName": x.Name, "IndexArn": arnPrefix + t.Name + "/index/" + x.Name, "IndexStatus": "ACTIVE",
		"KeySchema": describeKeys(x.Hash, x.Range), "Projection": projection,
		"ProvisionedThroughput": t.describeThroughput(), "IndexSizeBytes": 0, "ItemCount": 0,
	}
}
