package dynamodb

import (
	"strings"
)

const (
	maxTransactItems = 100
	maxTransactBytes = 4 << 20
)

var transactActions = map[string]string{
	"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem",
}

func (r *request) transactWriteItems() (any, error) {
	writes, err := readTransactWrites(r.body)
	if err != nil {
		return nil, err
	}
	mode := readCapacityMode(r.body)
	r.body.choice("ReturnItemCollectionMetrics", "NONE", "SIZE")
	token, err := r.readToken()
	if err != nil {
		return nil, err
	}
	if err := r.body.done(); err != nil {
		return nil, err
	}
	costs := map[string]*cost{}
	err = r.underWay(writes, func() error {
		return r.update(func(t *tx) error { return r.transactAll(t, writes, token, costs) })
	})
	if err != nil {
		return nil, err
	}
	answer := map[string]any{}
	if reports := reportAll(mode, costs); reports != nil {
		answer["ConsumedCapacity"] = reports
	}
	return answer, nil
}

// transactAll runs a transaction whose items are claimed.
func (r *request) transactAll(t *tx, writes []*write, token idempotency, costs map[string]*cost) error {
	tables, err := r.permittedTransaction(writes)
	if err != nil {
		return err
	}
	repeated, err := r.checkToken(t, token)
	if err != nil {
		return err
	}
	if err := transact(t, tables, writes, repeated, costs); err != nil || repeated {
		return err
	}
	return r.rememberToken(t, token)
}

func readTransactMembers(o *object) ([]*object, error) {
	list, _ := o.list("TransactItems")
	if o.err != nil {
		return nil, o.err
	}
	if len(list) < 1 {
		return nil, invalid("1 validation error detected: Value '[]' at 'transactItems' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	if len(list) > maxTransactItems {
		return nil, invalid("1 validation error detected: Value at 'transactItems' failed to satisfy constraint: Member must have length less than or equal to 100")
	}
	members := make([]*object, len(list))
	for i, raw := range list {
		m, err := asObject("TransactItems", raw)
		if err != nil {
			return nil, err
		}
		members[i] = m
	}
	return members, nil
}

func readTransactWrites(o *object) ([]*write, error) {
	members, err := readTransactMembers(o)
	if err != nil {
		return nil, err
	}
	writes := make([]*write, len(members))
	for i, m := range members {
		if writes[i], err = readTransactWrite(m); err != nil {
			return nil, err
		}
	}
	return writes, nil
}

func readTransactWrite(m *object) (*write, error) {
	var w *write
	for kind, action := range transactActions {
		members, ok := m.object(kind)
		if !ok {
			continue
		}
		if w != nil {
			return nil, invalid("TransactItems can only contain one of Check, Put, Update or Delete")
		}
		o := newObject(kind, members)
		var err error
		if w, err = readWrite(o, action); err != nil {
			return nil, err
		}
		if err := o.done(); err != nil {
			return nil, err
		}
	}
	if err := m.done(); err != nil {
		return nil, err
	}
	switch {
	case w == nil:
		return nil, invalid("Invalid Request: TransactWriteRequest should contain Delete or Put or Update request")
	case w.action == "ConditionCheckItem" && w.condition == nil:
		return nil, invalid("The expression can not be empty: ConditionCheck needs a ConditionExpression")
	case w.action == "UpdateItem" && w.update == nil:
		return nil, invalid("The expression can not be empty: Update needs an UpdateExpression")
	}
	return w, nil
}

// permittedTransaction checks every member, and that no two are about one
// item, and asks for all of them, each under its own action.
func (r *request) permittedTransaction(writes []*write) ([]*table, error) {
	tables, calls := make([]*table, len(writes)), make([]Call, len(writes))
	seen := map[string]bool{}
	for i, w := range writes {
		var err error
		if tables[i], calls[i], err = r.described(w.table, w.call); err != nil {
			return nil, err
		}
		calls[i].Enclosing = r.operation
		if err := claimItem(seen, tables[i], w.key); err != nil {
			return nil, err
		}
	}
	return tables, r.authorize(calls...)
}

func claimItem(seen map[string]bool, t *table, key item) error {
	id := t.Name + "\x00" + string(t.storedKey(key))
	if seen[id] {
		return invalid("Transaction request cannot include multiple operations on one item")
	}
	seen[id] = true
	return nil
}

// transact checks all members against the stored items and only then writes.
// A repetition under the same token writes nothing, but costs its reads.
func transact(t *tx, tables []*table, writes []*write, repeated bool, costs map[string]*cost) error {
	olds, results := make([]item, len(writes)), make([]item, len(writes))
	reasons := make([]cancellationReason, len(writes))
	cancelled, bytes := false, 0
	for i, w := range writes {
		old, err := t.get(tables[i], w.key)
		if err != nil {
			return err
		}
		olds[i] = old
		if repeated {
			addCost(costs, w.table).table += 2 * units(old.size(), readUnit)
			continue
		}
		if results[i], reasons[i], err = w.attempt(tables[i], old); err != nil {
			return err
		}
		cancelled = cancelled || reasons[i].Code != "None"
		bytes += max(results[i].size(), w.key.size())
	}
	switch {
	case cancelled:
		return errCancelled(reasons)
	case bytes > maxTransactBytes:
		return invalid("Collection size of all items in the transaction exceeds 4 MB")
	case repeated:
		return nil
	}
	for i, w := range writes {
		addCost(costs, w.table).addWrite(tables[i], olds[i], results[i], 2)
		if w.action == "ConditionCheckItem" {
			continue
		}
		if err := t.write(tables[i], olds[i], results[i]); err != nil {
			return err
		}
	}
	return nil
}

// attempt answers what a member would write, or why it cancels the
// transaction, or what makes the whole request invalid.
func (w *write) attempt(t *table, old item) (item, cancellationReason, error) {
	if err := w.checkCondition(old); err != nil {
		return nil, reasonOf("ConditionalCheckFailed", err), nil
	}
	changed, err := w.result(t, old)
	if err != nil {
		return nil, cancellationReason{}, err
	}
	if err := w.checkResult(t, changed); err != nil {
		return nil, reasonOf("ValidationError", err), nil
	}
	return changed, cancellationReason{Code: "None"}, nil
}

func reasonOf(code string, err error) cancellationReason {
	e := asAPIError(err)
	return cancellationReason{Code: code, Message: e.message, Item: e.item}
}

func errCancelled(reasons []cancellationReason) error {
	codes := make([]string, len(reasons))
	for i, reason := range reasons {
		codes[i] = reason.Code
	}
	e := newError(modelNamespace, "TransactionCanceledException",
		"Transaction cancelled, please refer cancellation reasons for specific reasons ["+strings.Join(codes, ", ")+"]")
	e.reasons = reasons
	return e
}
