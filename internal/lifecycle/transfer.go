package lifecycle

import (
	"context"
	"errors"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/retry"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Transfer hands a service token to another person to answer for. Its secret, scopes and user stay.
func (m *Manager) Transfer(ctx context.Context, c Caller, target Target, ifVersion int64, to user.ID) (token.Token, error) {
	id, err := c.resolve(target)
	if err != nil {
		return token.Token{}, err
	}
	if c, err = m.Know(ctx, c); err != nil {
		return token.Token{}, err
	}
	if !c.Scopes.Has(scope.TokensWrite) {
		return token.Token{}, m.refusedUnread(ctx, c, audit.TokenTransferred, string(id), lacking(scope.TokensWrite))
	}
	var tok token.Token
	err = persist(ctx, retry.Changing, "this token", func(ctx context.Context) error {
		tok, err = m.transfer(ctx, c, id, ifVersion, to)
		return err
	})
	return tok, err
}

func (m *Manager) transfer(ctx context.Context, c Caller, id token.ID, ifVersion int64, to user.ID) (token.Token, error) {
	now := m.now()
	stands, err := m.find(ctx, c, id, now)
	if err != nil {
		return token.Token{}, err
	}
	before := *stands.Token
	if before.Kind != token.Service {
		err := conflict("not_a_service_token", "A personal token belongs to its person and cannot be handed on.")
		return token.Token{}, m.refused(ctx, c, audit.TokenTransferred, string(id), err)
	}
	if err := mayChange(&before, now); err != nil {
		return token.Token{}, m.refused(ctx, c, audit.TokenTransferred, string(id), err)
	}
	if err := atVersion("token", before.Version, ifVersion); err != nil || before.Steward == to {
		return before, err
	}
	after := before
	after.Steward, after.Version, after.UpdatedAt, after.UpdatedBy = to, before.Version+1, now, c.User
	event, err := m.event(c, now, audit.TokenTransferred, string(id), audit.Change{Field: "steward", Before: string(before.Steward), After: string(to)})
	if err != nil {
		return token.Token{}, err
	}
	err = m.Store.TransferToken(ctx, before, after, event)
	if errors.Is(err, store.ErrOwnerInactive) {
		return token.Token{}, Invalid([]FieldError{{Field: "userId", Code: "not_active", Detail: "There is no active person with this id in the account."}})
	}
	return after, err
}
