package bench

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/tokenwright/tokenwright/internal/dev/standin"
	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
	"github.com/tokenwright/tokenwright/internal/validate"
)

// memory is a store and a keyring that answer from memory.
type memory struct {
	tok   token.Token
	owner user.User
	key   token.Key
}

func (m *memory) Lookup(_ context.Context, _ token.ID, along store.Along) (store.Found, error) {
	found := store.Found{Token: m.tok, Owner: m.owner}
	if along.Account != "" {
		policy := settings.Default()
		found.Settings = &policy
	}
	if along.API != "" {
		found.Rules = &route.Rules{API: along.API}
	}
	return found, nil
}

func (m *memory) Routes(_ context.Context, api route.APIID) (route.Rules, error) {
	return route.Rules{API: api}, nil
}

func (m *memory) Settings(context.Context, user.AccountID) (settings.Settings, error) {
	return settings.Default(), nil
}

func (m *memory) LookupUser(ctx context.Context, _ user.Ref, along store.Along) (store.Found, error) {
	return m.Lookup(ctx, "", along)
}
func (m *memory) Touch(context.Context, token.ID, time.Time, netip.Addr) error {
	return nil
}
func (m *memory) Key(context.Context, string) (token.Key, error) { return m.key, nil }

// Core returns a validation of a good personal token, limited to some scopes and addresses, with the store stubbed.
func Core() (func() error, error) {
	format, err := token.NewFormat(standin.Prefix)
	if err != nil {
		return nil, err
	}
	m := &memory{key: token.NewKey("k1", []byte("0123456789abcdefghijklmnopqrstuvwxyz"))}
	world, err := standin.NewWorld(1, 1, func(t *token.Token, u *user.User) { m.tok, m.owner = *t, *u })
	if err != nil {
		return nil, err
	}
	presented, err := format.Parse(world.Tokens[0].Reveal())
	if err != nil {
		return nil, fmt.Errorf("reading a token of the world: %w", err)
	}
	if world.Item("OWNER#"+string(presented.ID.Owner()), "TOKEN#"+presented.ID.Ref()) == "" {
		return nil, fmt.Errorf("the world lacks %s", presented.ID)
	}
	m.tok.Scopes = []scope.Pattern{"orders:read", "tokens:*"}
	m.tok.CIDRs = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8::/32")}
	m.tok.Secrets[0].Digest = m.key.Digest(presented.Secret)
	v := validate.New(validate.Config{
		Format: format, Store: m, Keys: m, Catalogue: scope.Shipped(), Now: time.Now, TouchBudget: time.Second,
	})
	r := validate.Request{Credential: presented.Secret.Reveal(), From: netip.MustParseAddr("203.0.113.7"), API: "a1b2c3d4e5"}
	return func() error {
		_, err := v.Validate(context.Background(), r)
		return err
	}, nil
}
