package dynamodb

import (
	"encoding/base64"
	"maps"
	"slices"
)

// Call is what IAM gets to see of a request. A TransactWriteItems or
// TransactGetItems has a call for each member, under the action IAM checks.
type Call struct {
	AccessKeyID  string
	Operation    string   // "GetItem", "ConditionCheckItem", "BatchGetItem", …: the IAM action
	Enclosing    string   // "TransactWriteItems" or "TransactGetItems" for its members, else empty
	Table, Index string   // Index is empty for the table itself
	LeadingKeys  []string // partition key values: strings as they are, numbers in canonical form, binary in base64
	Attributes   []string // top-level attributes named or written, keys included; sorted
	Select       string   // of reads: ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES, SPECIFIC_ATTRIBUTES or COUNT
	ReturnValues string   // of single writes: NONE, ALL_OLD, …
}

// authorize completes the calls of a request with who makes them and asks
// Options.Authorize.
func (r *request) authorize(calls ...Call) error {
	if r.options.Authorize == nil {
		return nil
	}
	for i := range calls {
		c := &calls[i]
		c.AccessKeyID = r.caller
		if c.Operation == "" {
			c.Operation = r.operation
		}
		slices.Sort(c.Attributes)
		c.Attributes = slices.Compact(c.Attributes)
		slices.Sort(c.LeadingKeys)
		c.LeadingKeys = slices.Compact(c.LeadingKeys)
	}
	if err := r.options.Authorize(calls); err != nil {
		return newError(serviceNamespace, "AccessDeniedException", err.Error())
	}
	return nil
}

// leadingKey shows a partition key value as the condition key
// dynamodb:LeadingKeys does.
func leadingKey(v value) string {
	if v.kind == "B" {
		return base64.StdEncoding.EncodeToString([]byte(v.str))
	}
	return v.str
}

// touched lists the attributes expressions name, and those of the items.
func (sc *scope) touched(items ...item) []string {
	names := slices.Collect(maps.Keys(sc.attributes))
	for _, it := range items {
		names = slices.AppendSeq(names, maps.Keys(it))
	}
	return names
}

// selection is the Select IAM sees of a read without one of its own.
func selection(p *projection) string {
	if p == nil {
		return "ALL_ATTRIBUTES"
	}
	return "SPECIFIC_ATTRIBUTES"
}
