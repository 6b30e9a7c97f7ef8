package main

import (
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/tokenwright/tokenwright/authctx"
)

func event(t *testing.T) field {
	t.Helper()
	raw, err := os.ReadFile("../../../../events/resolve-orders/token.json")
	if err != nil {
		t.Fatal(err)
	}
	var f field
	if err := json.Unmarshal(raw, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestOrdersAreResolvedForWhoMayReadThem(t *testing.T) {
	orders, err := resolve(t.Context(), event(t))
	if err != nil || len(orders) != 2 {
		t.Errorf("%v, %v", orders, err)
	}
}

func TestTheMissingScopeIsTheFieldsError(t *testing.T) {
	f := event(t)
	f.Identity.ResolverContext["scopes"] = "orders:write"
	orders, err := resolve(t.Context(), f)
	var refusal authctx.Problem
	if !errors.As(err, &refusal) || refusal.Code != "insufficient_scope" || orders != nil {
		t.Errorf("%v, %v", orders, err)
	}
	if orders, err := resolve(t.Context(), field{}); !errors.Is(err, authctx.ErrNone) || orders != nil {
		t.Errorf("without the authorizer: %v, %v", orders, err)
	}
}
