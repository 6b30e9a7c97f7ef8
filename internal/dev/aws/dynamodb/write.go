package dynamodb

import "slices"

// write is one PutItem, UpdateItem, DeleteItem or ConditionCheckItem, alone or
// as a member of a transaction.
type write struct {
	action       string
	table        string
	key          item // the key; of a put, the whole item
	update       *updateExpression
	condition    *node
	scope        *scope
	failureItem  bool // answer the item when the condition fails
	returnValues string
}

// readWrite reads what single writes and members of transactions share.
func readWrite(o *object, action string) (*write, error) {
	w := &write{action: action}
	var err error
	if w.table, err = tableName(o); err != nil {
		return nil, err
	}
	keyMember := "Key"
	if action == "PutItem" {
		keyMember = "Item"
	}
	if w.key, err = o.item(keyMember); err != nil {
		return nil, err
	}
	w.failureItem = o.choice("ReturnValuesOnConditionCheckFailure", "NONE", "ALL_OLD") == "ALL_OLD"
	condition := o.text("ConditionExpression")
	var update *string
	if action == "UpdateItem" {
		update = o.text("UpdateExpression")
	}
	if w.scope, err = newScope(o, update, condition); err != nil {
		return nil, err
	}
	if err := w.parse(update, condition); err != nil {
		return nil, err
	}
	return w, nil
}

func (w *write) parse(update, condition *string) (err error) {
	if update != nil {
		if w.update, err = w.scope.update(*update); err != nil {
			return err
		}
	}
	if condition != nil {
		if w.condition, err = w.scope.condition("ConditionExpression", *condition); err != nil {
			return err
		}
	}
	return w.scope.unused()
}

// check checks what needs the table but no stored item.
func (w *write) check(t *table) error {
	if w.action == "PutItem" {
		return t.checkItem(w.key)
	}
	return t.checkKey(w.key)
}

func (w *write) call(t *table) (Call, error) {
	if err := w.check(t); err != nil {
		return Call{}, err
	}
	return Call{
		Operation:    w.action,
		LeadingKeys:  []string{leadingKey(w.key[t.Hash])},
		Attributes:   w.scope.touched(w.key),
		ReturnValues: w.returnValues,
	}, nil
}

// checkCondition compares the stored item with the condition.
func (w *write) checkCondition(old item) error {
	if w.condition == nil || w.condition.holds(old) {
		return nil
	}
	if w.failureItem {
		return errConditionFailed(old)
	}
	return errConditionFailed(nil)
}

// result is the item after the write; nil means there is none.
func (w *write) result(t *table, old item) (item, error) {
	switch w.action {
	case "PutItem":
		return w.key, nil
	case "DeleteItem":
		return nil, nil
	case "ConditionCheckItem":
		return old, nil
	}
	if old == nil {
		old = w.key
	}
	if w.update == nil {
		return old, nil
	}
	changed, err := w.update.apply(old)
	if err != nil {
		return nil, err
	}
	if changed.size() > maxItemSize {
		return nil, invalid("Item size to update has exceeded the maximum allowed size")
	}
	return changed, checkLimits(changed)
}

// checkResult checks the rules whose breach cancels a transaction instead of
// making it invalid: primary keys never change, index keys have their type.
func (w *write) checkResult(t *table, changed item) error {
	if w.update != nil {
		for _, path := range w.update.paths() {
			if slices.Contains(t.keys(), path[0].name) {
				return invalidParameter("Cannot update attribute %s. This attribute is part of the key", path[0].name)
			}
		}
	}
	if w.action == "ConditionCheckItem" || changed == nil {
		return nil
	}
	return t.checkIndexes(changed)
}

func (r *request) putItem() (any, error) { return r.single("NONE", "ALL_OLD") }

func (r *request) deleteItem() (any, error) { return r.single("NONE", "ALL_OLD") }

func (r *request) updateItem() (any, error) {
	return r.single("NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW")
}

// single runs a write that stands alone.
func (r *request) single(returnable ...string) (any, error) {
	w, err := readWrite(r.body, r.operation)
	if err != nil {
		return nil, err
	}
	w.returnValues = r.body.choice("ReturnValues", returnable...)
	mode := readCapacityMode(r.body)
	r.body.choice("ReturnItemCollectionMetrics", "NONE", "SIZE") // only tables with local indexes have any
	if err := r.body.done(); err != nil {
		return nil, err
	}
	answer := map[string]any{}
	err = r.update(func(t *tx) error {
		tab, err := r.permitted(w.table, w.call)
		if err != nil {
			return err
		}
		if r.ongoing.meets(w.id(tab)) {
			return newError(modelNamespace, "TransactionConflictException", "Transaction is ongoing for the item")
		}
		old, changed, err := w.run(t, tab)
		if err != nil {
			return err
		}
		if shown := w.update.returned(w.returnValues, old, changed); len(shown) > 0 {
			answer["Attributes"] = shown
		}
		var c cost
		c.addWrite(tab, old, changed, 1)
		if report := c.report(mode, w.table); report != nil {
			answer["ConsumedCapacity"] = report
		}
		return nil
	})
	return answer, err
}

func (w *write) run(t *tx, tab *table) (old, changed item, err error) {
	if old, err = t.get(tab, w.key); err != nil {
		return nil, nil, err
	}
	if err := w.checkCondition(old); err != nil {
		return nil, nil, err
	}
	if changed, err = w.result(tab, old); err != nil {
		return nil, nil, err
	}
	if err := w.checkResult(tab, changed); err != nil {
		return nil, nil, err
	}
	return old, changed, t.write(tab, old, changed)
}
