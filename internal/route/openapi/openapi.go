// Package openapi reads an API's rules out of its OpenAPI document (3.0 or 3.1, as JSON).
package openapi

import "github.com/tokenwright/tokenwright/internal/route"

// Rules returns a rule for each operation of a document, and whatever is wrong with it.
func Rules(document []byte) ([]route.Rule, []route.Fault) {
	return nil, nil
}
