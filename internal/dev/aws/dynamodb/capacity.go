package dynamodb

import "maps"

const (
	readUnit  = 4 * 1024
	writeUnit = 1024
)

func units(bytes, unit int) float64 { return float64(max(1, (bytes+unit-1)/unit)) }

// readUnits is what reading so many bytes costs.
func readUnits(bytes int, consistent bool) float64 {
	if consistent {
		return units(bytes, readUnit)
	}
	return units(bytes, readUnit) / 2
}

// cost collects the capacity one request consumes of one table.
type cost struct {
	table   float64
	indexes map[string]float64
}

func (c *cost) addIndex(name string, n float64) {
	if c.indexes == nil {
		c.indexes = map[string]float64{}
	}
	c.indexes[name] += n
}

// addWrite charges the larger of both images, and every index whose view of
// the item changed: a moved entry costs a deletion and an insertion.
func (c *cost) addWrite(t *table, old, changed item, factor float64) {
	c.table += factor * units(max(old.size(), changed.size()), writeUnit)
	for i := range t.Indexes {
		x := &t.Indexes[i]
		before, after := x.entry(t, old), x.entry(t, changed)
		switch moved := string(x.storedKey(t, old)) != string(x.storedKey(t, changed)); {
		case maps.EqualFunc(before, after, value.equal):
		case moved && before != nil && after != nil:
			c.addIndex(x.Name, factor*(units(before.size(), writeUnit)+units(after.size(), writeUnit)))
		default:
			c.addIndex(x.Name, factor*units(max(before.size(), after.size()), writeUnit))
		}
	}
}

// entry is what the index holds of an item; nil when the item is not in it.
func (x *index) entry(t *table, it item) item {
	if it == nil || x.storedKey(t, it) == nil {
		return nil
	}
	return x.view(t, it)
}

func (c *cost) total() float64 {
	sum := c.table
	for _, n := range c.indexes {
		sum += n
	}
	return sum
}

func readCapacityMode(o *object) string {
	return o.choice("ReturnConsumedCapacity", "NONE", "TOTAL", "INDEXES")
}

// report is the ConsumedCapacity of one table; nil when nobody asked.
func (c *cost) report(mode, tableName string) map[string]any {
	if mode == "NONE" {
		return nil
	}
	m := map[string]any{"TableName": tableName, "CapacityUnits": c.total()}
	if mode == "INDEXES" {
		m["Table"] = map[string]any{"CapacityUnits": c.table}
		if c.indexes != nil {
			byName := map[string]any{}
			for name, n := range c.indexes {
				byName[name] = map[string]any{"CapacityUnits": n}
			}
			m["GlobalSecondaryIndexes"] = byName
		}
	}
	return m
}

// reportAll is the ConsumedCapacity of a request over several tables.
func reportAll(mode string, costs map[string]*cost) []any {
	if mode == "NONE" {
		return nil
	}
	reports := []any{}
	for name, c := range costs {
		reports = append(reports, c.report(mode, name))
	}
	return reports
}

// addCost finds or makes the entry of a table.
func addCost(costs map[string]*cost, tableName string) *cost {
	c := costs[tableName]
	if c == nil {
		c = &cost{}
		costs[tableName] = c
	}
	return c
}
