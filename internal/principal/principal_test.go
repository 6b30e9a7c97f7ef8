package principal_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/principal/wire"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/token"
)

func untyped(m map[string]string) map[string]any {
	out := map[string]any{}
	for k, v := range m {
		out[k] = v
	}
	return out
}

var samples = map[string]principal.Principal{
	"a person": {
		Kind: principal.Person, Account: "acc_acme", User: "usr_tgNbh7Q7aQP", Subject: "ada", Roles: []string{"admin", "viewer"},
		RolesStatedAt: time.Date(2027, 1, 2, 2, 4, 5, 0, time.UTC), Profile: principal.ProfileMissing, Scopes: scope.NewSet("a:read", "b:read"), ExpiresAt: time.Date(2027, 1, 2, 3, 4, 5, 6e6, time.UTC),
	},
	"a person without roles": {Kind: principal.Person, Account: "acc_acme", User: "usr_tgNbh7Q7aQP", Subject: "ada", Profile: principal.ProfileCurrent},
	"a personal token": {
		Kind: principal.Personal, Account: "acc_acme", User: "usr_tgNbh7Q7aQP", Token: "tok_tgNbh7Q7aQPVbfllxJGMII", Environment: token.Live,
		Scopes: scope.NewSet("a:read"),
	},
	"a service token without scopes": {
		Kind: principal.Service, Account: "acc_acme", User: "usr_tgNbh7Q7aQP", Token: "tok_tgNbh7Q7aQPVbfllxJGMII", Environment: token.Test,
	},
}

func TestContextCarriesThePrincipal(t *testing.T) {
	for name, p := range samples {
		got, err := principal.FromContext(untyped(p.Context()))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(p, got); diff != "" {
			t.Errorf("%s changes on the way: %s", name, diff)
		}
	}
}

// A policy for some routes carries what the others are refused with.
func TestWhatRefusalsAreWrittenFromIsLeftAlone(t *testing.T) {
	for name, p := range samples {
		m := untyped(p.Context())
		m[wire.Code], m[wire.Detail], m[wire.Challenge] = "insufficient_scope", "The credential lacks what routes of this API need: b:write.", `Bearer error="insufficient_scope", scope="b:write"`
		got, err := principal.FromContext(m)
		if diff := cmp.Diff(p, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
}

func TestForeignContextsNameNobody(t *testing.T) {
	for name, change := range map[string]func(map[string]any){
		"empty":               func(m map[string]any) { clear(m) },
		"no account":          func(m map[string]any) { delete(m, "accountId") },
		"bad user":            func(m map[string]any) { m["userId"] = "ada" },
		"unknown kind":        func(m map[string]any) { m["kind"] = "root" },
		"a number for a kind": func(m map[string]any) { m["kind"] = 1 },
		"token without id":    func(m map[string]any) { m["tokenId"] = "" },
		"bad expiry":          func(m map[string]any) { m["expiresAt"] = "tomorrow" },
	} {
		m := untyped(samples["a personal token"].Context())
		change(m)
		if p, err := principal.FromContext(m); !errors.Is(err, principal.ErrNone) {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
	m := untyped(samples["a person"].Context())
	delete(m, "subject")
	if _, err := principal.FromContext(m); !errors.Is(err, principal.ErrNone) {
		t.Errorf("a person without subject: %v", err)
	}
}
