package dynamo

import (
	"context"
	"fmt"
	"maps"
	"slices"

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
// store.ErrChanged when that is so already, or when the account would be left without an administrator. It writes what belongs to
// that and nothing else: the rest may have become something else since it was read.
func (t *Table) EndUser(ctx context.Context, e store.UserEnding) error {
	open, always := issuedBefore(e.After.IssuedBefore), []string(nil)
	belongs := []string{"issuedBefore", "sweep"}
	switch {
	case e.After.Status == user.Offboarded && e.Before.Status != user.Offboarded:
		open, always = statusIs("<>", user.Offboarded), []string{"roles", "rolesStatedAt"}
		if !e.KeepSuspender || e.After.SuspendedBy == user.Administrator { // earlier versions stored no administrator there
			always = append(always, "suspendedBy")
		}
		belongs = slices.Concat(always, []string{"status", "generation", "purge", "purged"})
	case e.After.Status == user.Suspended && (e.Before.Status != user.Suspended || e.Before.SuspendedBy != e.After.SuspendedBy):
		open, always = suspendable(e.After.SuspendedBy), []string{"status", "suspendedBy"}
		belongs = always
	}
	return t.endUser(ctx, &e, belongs, open, always...)
}

// endUser writes some of what differs, and holds that an administrator is left, or that nobody asks for one.
func (t *Table) endUser(ctx context.Context, e *store.UserEnding, belongs []string, open condition, always ...string) error {
	var writes []types.TransactWriteItem
	if left := e.Administrators; left != nil && left.Other == "" {
		open = open.and(not(administrates(left.Roles)))
	} else if left != nil {
		writes = append(writes, t.check(left.Other, administrates(left.Roles)))
	}
	if e.ByProvider {
		writes = append(writes, t.checkSettings(e.Before.Account))
	}
	was := item.OfUser(&e.Before)
	is := only(was, item.OfUser(&e.After), append(belongs, "updatedAt", "version")...)
	writes = append(writes, t.ending(was, is, e.IfVersion, open, always...))
	return t.end(ctx, "ending "+string(e.Before.ID()), &e.Event, writes...)
}

// SetRoles writes roles over those that were read, whatever else became of the person; store.ErrChanged when others were given
// since, or when the account would be left without an administrator that it must have.
//
// A JWT's word gives way to whatever was said since. What somebody here says does not: whoever is being demoted could say what they
// have again and again. Nor does it matter to who takes an administrator away by which roles the person is one by then.
func (t *Table) SetRoles(ctx context.Context, e store.UserEnding) error {
	was := item.OfUser(&e.Before)
	open := condition{text: "attribute_exists(pk)"}.and(unchanged(was, "roles"))
	switch left := e.Administrators; {
	case e.ByJWT:
		open = sameRoles(was)
	case left != nil && left.Other != "":
		open = unchanged(was, "roles").or(administrates(left.Roles))
	}
	return t.endUser(ctx, &e, []string{"roles", "rolesStatedAt"}, open)
}

// suspendable is the condition that somebody is not suspended yet, or, for an administrator, by the directory alone.
func suspendable(by user.Suspender) condition {
	c := statusIs("=", user.Active)
	if by != user.Administrator {
		return c
	}
	c.text = "(" + c.text + " OR suspendedBy = :directory)"
	c.operands[":directory"] = item.String(string(user.ByDirectory))
	return c
}

// only is before with some attributes as they are after.
func only(before, after item.Item, names ...string) item.Item {
	is := maps.Clone(before)
	for _, name := range names {
		if delete(is, name); after[name].Kind != item.Other {
			is[name] = after[name]
		}
	}
	return is
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
