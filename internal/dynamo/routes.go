package dynamo

import (
	"context"
	"errors"

	"github.com/tokenwright/tokenwright/internal/dynamo/item"
	"github.com/tokenwright/tokenwright/internal/route"
)

// Routes reads the rules of an API; without any, their version is 0.
func (t *Table) Routes(ctx context.Context, api route.APIID) (route.Rules, error) {
	it, err := t.get(ctx, item.RoutesKey(api))
	if err != nil && !errors.Is(err, errNoItem) {
		return route.Rules{}, err
	}
	return item.Routes(it, api)
}
