package direct

import (
	"context"
	"fmt"
	"slices"

	"github.com/tokenwright/tokenwright/internal/dynamo/item"
	"github.com/tokenwright/tokenwright/internal/jsonread"
	"github.com/tokenwright/tokenwright/internal/token"
)

// read reads up to 100 items in one BatchGetItem and returns those that are there. DynamoDB may leave keys unprocessed when it is busy; they are asked for again, a few times within the budget.
// Half a batch is an error, never half an answer.
func (t *Table) read(ctx context.Context, keys ...item.Key) (map[item.Key]item.Item, error) {
	ctx, cancel := context.WithTimeout(ctx, budgets.Total)
	defer cancel()
	found := make(map[item.Key]item.Item, len(keys))
	pending := keys
	for range budgets.Attempts {
		answer, err := t.client.Call(ctx, "BatchGetItem", t.batchRequest(pending))
		if err != nil {
			return nil, translate("reading items", err)
		}
		items, unprocessed, err := decodeBatch(answer, t.name)
		if err == nil {
			err = place(items, keys, found)
		}
		if err == nil {
			err = asked(unprocessed, pending)
		}
		if err != nil {
			return nil, fmt.Errorf("reading items: %w: %s", token.ErrUnavailable, err.Error())
		}
		if len(unprocessed) == 0 {
			return found, nil
		}
		pending = unprocessed
	}
	return nil, fmt.Errorf("reading items: %w: keys stay unprocessed", token.ErrUnavailable)
}

// batchRequest writes
//
//	{"RequestItems": {"<table>": {"Keys": [{"pk": {"S": "…"}, "sk": {"S": "…"}}], "ConsistentRead": true}}}
func (t *Table) batchRequest(keys []item.Key) []byte {
	body := append(make([]byte, 0, 128+len(keys)*96), `{"RequestItems":{`...)
	body = append(jsonread.AppendString(body, t.name), `:{"Keys":[`...)
	for i, k := range keys {
		if i > 0 {
			body = append(body, ',')
		}
		body = appendKey(body, k)
	}
	return append(body, `],"ConsistentRead":true}}}`...)
}

// place puts items under their keys.
func place(items []item.Item, keys []item.Key, found map[item.Key]item.Item) error {
	for _, it := range items {
		k := item.KeyOf(it)
		if !slices.Contains(keys, k) {
			return fmt.Errorf("an item that was not asked for: %q", k.PK)
		}
		found[k] = it
	}
	return nil
}

func asked(unprocessed, pending []item.Key) error {
	for _, k := range unprocessed {
		if !slices.Contains(pending, k) {
			return fmt.Errorf("a key that was not asked for: %q", k.PK)
		}
	}
	return nil
}
