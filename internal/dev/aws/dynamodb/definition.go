package dynamodb

import (
	"crypto/rand"
	"regexp"
	"slices"
)

const (
	onDemand    = "PAY_PER_REQUEST"
	provisioned = "PROVISIONED"
	maxIndexes  = 20
)

var namePattern = regexp.MustCompile(`^[A-Za-z0-9_.-]{3,255}$`)

// readDefinition reads a CreateTable request.
func (r *request) readDefinition() (*table, error) {
	o := r.body
	name, err := tableName(o)
	if err != nil {
		return nil, err
	}
	t := &table{Name: name, ID: rand.Text(), Types: map[string]string{}}
	t.Protected = o.bool("DeletionProtectionEnabled", false)
	o.choice("TableClass", "STANDARD")
	o.list("Tags") // tags have no effect on data
	steps := []func(*object) error{t.readAttributes, t.readKeys, t.readIndexes, t.readBilling, t.readStream, t.readEncryption}
	for _, step := range steps {
		if err := step(o); err != nil {
			return nil, err
		}
	}
	if err := o.done(); err != nil {
		return nil, err
	}
	return t, t.checkDefinitionsUsed()
}

func (t *table) readAttributes(o *object) error {
	list, _ := o.list("AttributeDefinitions")
	if len(list) == 0 {
		return invalid("No Attribute Schema Defined")
	}
	for _, raw := range list {
		d, err := asObject("AttributeDefinitions", raw)
		if err != nil {
			return err
		}
		name, kind := d.string("AttributeName"), d.string("AttributeType")
		if err := d.done(); err != nil {
			return err
		}
		if !slices.Contains([]string{"S", "N", "B"}, kind) {
			return invalid("1 validation error detected: Value '%s' at 'attributeDefinitions.attributeType' failed to satisfy constraint: Member must satisfy enum value set: [B, N, S]", kind)
		}
		if t.Types[name] != "" {
			return invalid("Cannot have two attributes with the same name")
		}
		t.Types[name] = kind
		t.AttributeOrder = append(t.AttributeOrder, name)
	}
	return nil
}

func (t *table) readKeys(o *object) (err error) {
	t.Hash, t.Range, err = t.readKeySchema(o)
	return err
}

// readKeySchema reads HASH and, optionally, RANGE, in this order.
func (t *table) readKeySchema(o *object) (hash, rng string, err error) {
	list, _ := o.list("KeySchema")
	if len(list) < 1 || len(list) > 2 {
		return "", "", invalid("A key schema must have one hash key and at most one range key")
	}
	var names [2]string
	for i, raw := range list {
		k, err := asObject("KeySchema", raw)
		if err != nil {
			return "", "", err
		}
		names[i] = k.string("AttributeName")
		sort := k.string("KeyType")
		if err := k.done(); err != nil {
			return "", "", err
		}
		if sort != []string{"HASH", "RANGE"}[i] {
			return "", "", invalid("Invalid KeySchema: The first KeySchemaElement must be HASH, the second RANGE")
		}
		if t.Types[names[i]] == "" {
			return "", "", invalidParameter("Some index key attributes are not defined in AttributeDefinitions. Keys: [%s]", names[i])
		}
	}
	if names[0] == names[1] {
		return "", "", invalid("Both the Hash Key and the Range Key element in the KeySchema have the same name")
	}
	return names[0], names[1], nil
}

func (t *table) readIndexes(o *object) error {
	list, present := o.list("GlobalSecondaryIndexes")
	if present && len(list) == 0 || len(list) > maxIndexes {
		return invalidParameter("List of GlobalSecondaryIndexes must hold between 1 and %d", maxIndexes)
	}
	for _, raw := range list {
		d, err := asObject("GlobalSecondaryIndexes", raw)
		if err != nil {
			return err
		}
		x, err := t.readIndex(d)
		if err != nil {
			return err
		}
		if t.index(x.Name) != nil {
			return invalidParameter("Duplicate index name: %s", x.Name)
		}
		t.Indexes = append(t.Indexes, x)
	}
	return nil
}

func (t *table) readIndex(d *object) (x index, err error) {
	x.Name = d.string("IndexName")
	if !namePattern.MatchString(x.Name) {
		return x, invalid("Invalid table/index name.  Table/index names must be between 3 and 255 characters long, and may contain only the characters a-z, A-Z, 0-9, '_', '-', and '.'")
	}
	if x.Hash, x.Range, err = t.readKeySchema(d); err != nil {
		return x, err
	}
	d.object("ProvisionedThroughput") // capacity is not enforced
	members, _ := d.object("Projection")
	p := newObject("Projection", members)
	x.Projection = p.string("ProjectionType")
	names, _ := p.list("NonKeyAttributes")
	for _, raw := range names {
		name, ok := raw.(string)
		if !ok || name == "" || slices.Contains(x.Include, name) {
			return x, invalidParameter("NonKeyAttributes must hold different, non-empty attribute names")
		}
		x.Include = append(x.Include, name)
	}
	if err := p.done(); err != nil {
		return x, err
	}
	switch {
	case !slices.Contains([]string{"KEYS_ONLY", "INCLUDE", "ALL"}, x.Projection):
		return x, invalidParameter("Unknown ProjectionType: %s", x.Projection)
	case (x.Projection == "INCLUDE") != (len(x.Include) > 0):
		return x, invalidParameter("ProjectionType is %s, but NonKeyAttributes is specified only with INCLUDE", x.Projection)
	}
	return x, d.done()
}

func (t *table) readBilling(o *object) error {
	t.Billing = o.choice("BillingMode", provisioned, onDemand)
	members, present := o.object("ProvisionedThroughput")
	if !present {
		if t.Billing == provisioned && o.err == nil {
			return invalidParameter("ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED")
		}
		return nil
	}
	if t.Billing == onDemand {
		return invalidParameter("Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST")
	}
	p := newObject("ProvisionedThroughput", members)
	t.Read, _ = p.int("ReadCapacityUnits")
	t.Write, _ = p.int("WriteCapacityUnits")
	if t.Read < 1 || t.Write < 1 {
		return invalid("ReadCapacityUnits and WriteCapacityUnits must be at least 1")
	}
	return p.done()
}

// readStream keeps what DescribeTable shows; changes reach Options.OnWrite
// with both images whatever the view type.
func (t *table) readStream(o *object) error {
	members, _ := o.object("StreamSpecification")
	d := newObject("StreamSpecification", members)
	if d.bool("StreamEnabled", false) {
		t.StreamView = d.choice("StreamViewType", "NEW_AND_OLD_IMAGES", "NEW_IMAGE", "OLD_IMAGE", "KEYS_ONLY")
	}
	return d.done()
}

// readEncryption accepts the service's own keys: the file is not encrypted.
func (t *table) readEncryption(o *object) error {
	members, _ := o.object("SSESpecification")
	d := newObject("SSESpecification", members)
	t.Encrypted = d.bool("Enabled", false)
	d.choice("SSEType", "KMS")
	return d.done()
}

func (t *table) checkDefinitionsUsed() error {
	used := t.keys()
	for i := range t.Indexes {
		used = append(used, t.Indexes[i].keys()...)
	}
	for name := range t.Types {
		if !slices.Contains(used, name) {
			return invalidParameter("Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions")
		}
	}
	return nil
}
