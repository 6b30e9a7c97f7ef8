package dynamo

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/dynamo/item"
	"github.com/tokenwright/tokenwright/internal/retry"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/user"
)

// end writes what ends something, with its event, for as long as others are on the same items; store.ErrChanged when a
// condition does not hold.
func (t *Table) end(ctx context.Context, action string, event *audit.Event, writes ...types.TransactWriteItem) error {
	failed, err := t.transact(ctx, retry.Ending, action, append(writes, t.event(event)))
	if err == nil && len(failed) > 0 {
		return fmt.Errorf("%s: %w", action, store.ErrChanged)
	}
	return err
}

// EndToken revokes or pauses a token, whatever its version; store.ErrChanged when it is not there or ended already.
func (t *Table) EndToken(ctx context.Context, e store.TokenEnding) error {
	return t.end(ctx, "ending "+string(e.Before.ID), &e.Event, t.tokenEnding(&e))
}

// tokenEnding holds for a revocation that the token is not revoked. A pause holds that it works: on a token revoked meanwhile it
// changes nothing that counts, and what pauses tokens then need not name revokedAt.
func (t *Table) tokenEnding(e *store.TokenEnding) types.TransactWriteItem {
	open := condition{"active = :true", nil, item.Item{":true": item.Bool(true)}}
	if !e.After.RevokedAt.IsZero() {
		open = condition{"attribute_not_exists(revokedAt)", nil, nil}
	}
	return t.ending(item.OfToken(&e.Before), item.OfToken(&e.After), e.IfVersion, open)
}

// EndUser suspends or offboards a person, or ends what they were issued before an instant, whatever their version;
// store.ErrChanged when that is so already, or when the account would be left without an administrator.
func (t *Table) EndUser(ctx context.Context, e store.UserEnding) error {
	open, always := issuedBefore(e.After.IssuedBefore), []string(nil)
	switch e.After.Status {
	case e.Before.Status:
	case user.Offboarded:
		open, always = statusIs("<>", user.Offboarded), []string{"roles", "rolesStatedAt", "suspendedBy"}
	default:
		open = statusIs("=", user.Active)
	}
	var writes []types.TransactWriteItem
	if left := e.Administrators; left != nil && left.Other == "" {
		open = open.and(not(administrates(left.Roles)))
	} else if left != nil {
		writes = append(writes, t.check(left.Other, administrates(left.Roles)))
	}
	writes = append(writes, t.ending(item.OfUser(&e.Before), item.OfUser(&e.After), e.IfVersion, open, always...))
	return t.end(ctx, "ending "+string(e.Before.ID()), &e.Event, writes...)
}

// EndAccount ends all that an account was issued before an instant, whatever else its settings say by now; store.ErrChanged when
// that is so already, or when the first settings have just been written.
func (t *Table) EndAccount(ctx context.Context, account user.AccountID, before, after settings.Settings, event audit.Event) error {
	write := t.putNew(item.OfSettings(account, &after))
	if before.Version != 0 {
		write = t.ending(item.OfSettings(account, &before), item.OfSettings(account, &after), 0, issuedBefore(after.IssuedBefore))
	}
	return t.end(ctx, "ending what "+string(account)+" was issued", &event, write)
}
