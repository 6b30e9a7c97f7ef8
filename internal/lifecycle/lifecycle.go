// Package lifecycle holds every rule that changes or shows tokens: who may create, see, change, rotate and revoke
// which, and what each of these does. It guarantees that each operation authorizes before it reads, that one which changes
// something knows a signed-in person first, with the roles that count, that nobody is
// granted more than they hold, that another account's token is answered like one that never was, and that every
// change carries its audit event into the same write. Storing is the Store's, reading requests the api package's.
package lifecycle

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/retry"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/standing"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Store is what the rules read and write. Reads are strongly consistent unless they say otherwise; writes are
// conditional and carry their event in one transaction.
type Store interface {
	// Lookup returns a token, its owner and what comes along, or token.ErrNotFound when token or owner are missing.
	Lookup(ctx context.Context, id token.ID, along store.Along) (store.Found, error)
	// LookupUser returns a user as the Owner, with what comes along, which is there also with user.ErrNotFound.
	LookupUser(ctx context.Context, ref user.Ref, along store.Along) (store.Found, error)
	// Owners returns users by reference, those that exist, and the account's settings.
	Owners(ctx context.Context, account user.AccountID, refs []user.Ref) (map[user.Ref]user.User, settings.Settings, error)
	// User returns a user, or user.ErrNotFound.
	User(ctx context.Context, ref user.Ref) (user.User, error)
	// Settings returns the account's policy, settings.Default when it has none.
	Settings(ctx context.Context, account user.AccountID) (settings.Settings, error)
	// Tokens returns up to limit tokens, newest first, that come after a token ("" = from the newest on), and the last
	// one looked at, "" at the end. With an owner it reads that owner's, strongly consistent; without, the account's,
	// from an index that lags by fractions of a second.
	Tokens(ctx context.Context, account user.AccountID, owner user.Ref, after token.ID, limit int) ([]token.Token, token.ID, error)
	// People returns up to limit people of an account, by id, that come after one ("" = from the first), and the last one
	// looked at, "" at the end. The index it reads lags by fractions of a second.
	People(ctx context.Context, account user.AccountID, after user.ID, limit int) ([]user.User, user.ID, error)
	// Stewarded returns up to limit service tokens that a person answers for, or did when they ended, that come after one, and
	// the last one looked at, "" at the end. It names tokens; what became of them is theirs to say.
	Stewarded(ctx context.Context, ref user.Ref, after token.ID, limit int) ([]token.ID, token.ID, error)
	// SaveUser writes a user: anew when before is nil (store.ErrExists if there is one), else over before (store.ErrChanged).
	SaveUser(ctx context.Context, before *user.User, after user.User, event audit.Event) error
	// ConfirmRoles notes that a user's roles were said again, if they are still those that were read (store.ErrChanged).
	ConfirmRoles(ctx context.Context, before user.User, at time.Time) error
	// SaveUserBeside is SaveUser (anew when w.Before has no version) if the other administrator and the giver, where named, are
	// still what they were (else store.ErrChanged).
	SaveUserBeside(ctx context.Context, w store.UserEnding) error
	// TransferToken is UpdateToken for a change of the steward, who must be active (ErrOwnerInactive).
	TransferToken(ctx context.Context, before, after token.Token, event audit.Event) error
	// SaveSettings writes a policy over the one that was read (ErrChanged).
	SaveSettings(ctx context.Context, account user.AccountID, before, after settings.Settings, event audit.Event) error
	// MoveRoles is SaveSettings for a change of where roles come from. ErrChanged also when the mover is not what they were.
	MoveRoles(ctx context.Context, account user.AccountID, before, after settings.Settings, mover store.Giver, event audit.Event) error
	// Events returns up to limit events, newest first, between two instants (zero = no bound), that come after one, and the
	// last one looked at, "" at the end.
	Events(ctx context.Context, account user.AccountID, from, to time.Time, after audit.ID, limit int) ([]audit.Event, audit.ID, error)
	// TokenEvents is Events about one token that the account has or had, from an index that lags by fractions of a second.
	TokenEvents(ctx context.Context, account user.AccountID, id token.ID, after audit.ID, limit int) ([]audit.Event, audit.ID, error)
	// Forget removes tokens for good, and notes on their owner's profile how many and how the purge stands.
	Forget(ctx context.Context, owner user.Ref, ids []token.ID, state user.PurgeState) error
	// Retire notes when a token may be forgotten, unless an end stands already or the token is gone.
	Retire(ctx context.Context, id token.ID, at time.Time) error
	// MoveSweep notes how far a sweep of an owner's tokens is, or of an account's (no owner); the zero Sweep ends it.
	// store.ErrChanged when it is not where it was read.
	MoveSweep(ctx context.Context, account user.AccountID, owner user.Ref, from, to user.Sweep) error
	// Tally returns what was refused to a user within a minute.
	Tally(ctx context.Context, account user.AccountID, person user.ID, minute time.Time) (audit.Tally, error)
	// Note writes the event of a refused attempt, and enters it in a tally under a kind; store.ErrChanged when the tally is not
	// as it was read.
	Note(ctx context.Context, tally audit.Tally, kind string, event audit.Event) error
	// Count counts one attempt more in an event that was noted.
	Count(ctx context.Context, account user.AccountID, id audit.ID) error
	// CreateToken writes what a creation consists of. store.ErrExists, store.ErrReplay or store.ErrChanged: nothing was written.
	CreateToken(ctx context.Context, c store.Creation) error
	// UpdateToken writes what differs between before and after, if the version is still before's (else store.ErrChanged).
	UpdateToken(ctx context.Context, before, after token.Token, event audit.Event) error
	// UpdateTokenBeside is UpdateToken if the calling token, where one is named, is what was read (ErrChanged), and with the record
	// of the answer, nil = none (store.ErrReplay when there is a valid one).
	UpdateTokenBeside(ctx context.Context, w store.TokenEnding, replay *store.Replay) error
	// Replay returns the record of an idempotency key, or store.ErrNoReplay.
	Replay(ctx context.Context, account user.AccountID, digest string) (store.Replay, error)

	Endings
	Jobs
	Routes
}

// Keys gives digest keys.
type Keys interface {
	// Current returns the key that new digests are made with.
	Current(ctx context.Context) (token.Key, error)
	// Key returns a key by id.
	Key(ctx context.Context, id string) (token.Key, error)
}

// Config is what New needs.
type Config struct {
	Format    token.Format
	Store     Store
	Keys      Keys // may be nil for operations that neither issue secrets nor page
	Catalogue *scope.Catalogue
	Now       func() time.Time
	Random    io.Reader
	// OperatorAccount is the one account that sees and sets the rules of APIs; "" = none does.
	OperatorAccount user.AccountID
}

// Manager carries out the operations. It is safe for concurrent use.
type Manager struct{ Config }

// New returns a Manager.
func New(c Config) *Manager { return &Manager{Config: c} }

// Caller is who asks, and from where.
type Caller struct {
	principal.Principal
	Origin audit.Origin
}

// Issued is a token with the only copy of its secret.
type Issued struct {
	Token  token.Token
	Secret token.Secret
}

// Target is which token a call is about: an id, or the calling token itself.
type Target struct {
	ID   token.ID
	Self bool
}

// resolve turns a target into an id.
func (c Caller) resolve(t Target) (token.ID, error) {
	if !t.Self {
		return t.ID, nil
	}
	if !c.IsToken() {
		return "", &Refusal{
			Root: ErrMalformed, Code: "no_self", Detail: "“self” stands for the calling token, and you signed in as a person. Name a token id.",
			Fields: []FieldError{{Field: "id", Code: "no_self", Detail: "There is no calling token."}},
		}
	}
	return c.Token, nil
}

// owns says whether the caller's user owns the token. The id itself names its owner, so this needs no read, and a
// refusal says nothing of whether the token exists.
func (c Caller) owns(id token.ID) bool { return id.Owner() == c.User.Ref() }

// find reads a token of the caller's account, as it is shown, with what decides about it. One of another account, and one whose
// retention is over, is not found.
func (m *Manager) find(ctx context.Context, c Caller, id token.ID, now time.Time) (standing.Standing, error) {
	s, err := m.standing(ctx, c, id, now)
	if err == nil {
		overtake(s.Token, s.Owner, s.Policy)
	}
	return s, err
}

// standing is find for a token as it is stored.
func (m *Manager) standing(ctx context.Context, c Caller, id token.ID, now time.Time) (standing.Standing, error) {
	found, err := m.Store.Lookup(ctx, id, store.Along{Account: c.Account})
	if err == nil && found.Token.Account != c.Account {
		err = token.ErrNotFound
	}
	if err != nil {
		return standing.Standing{}, fmt.Errorf("reading %s: %w", id, err)
	}
	shown := found.Token
	if overtake(&shown, &found.Owner, found.Settings); forgotten(&shown, now) {
		return standing.Standing{}, fmt.Errorf("reading %s: %w", id, token.ErrNotFound)
	}
	return standing.Standing{Token: &found.Token, Owner: &found.Owner, Policy: found.Settings}, nil
}

// overtake shows a token as revoked that one write about its owner or its account has ended, without a word in the token
// itself: an offboarding, or the revocation of all that was issued before an instant. What ended earlier, by itself or by the
// other write, ended then.
func overtake(tok *token.Token, owner *user.User, policy *settings.Settings) {
	var since time.Time
	ended := func(at time.Time) {
		if since.IsZero() || at.Before(since) {
			since = at
		}
	}
	if tok.Generation != owner.Generation || owner.Status == user.Offboarded {
		ended(owner.UpdatedAt)
	}
	for _, before := range []time.Time{owner.IssuedBefore, policy.IssuedBefore} {
		if tok.CreatedAt.Before(before) {
			ended(before)
		}
	}
	expired := !tok.ExpiresAt.IsZero() && tok.ExpiresAt.Before(since)
	if tok.RevokedAt.IsZero() && !expired {
		tok.RevokedAt = since
	}
}

// forgotten says whether the retention of a dead token is over. The table's TTL removes it some day; nobody should
// see that it takes its time.
func forgotten(tok *token.Token, now time.Time) bool {
	end := tok.RemovableAt()
	return !end.IsZero() && !now.Before(end)
}

// event starts the audit event of a change. What it is about is the account's.
func (m *Manager) event(c Caller, now time.Time, action audit.Action, target string, changes ...audit.Change) (audit.Event, error) {
	id, err := audit.NewID(now, m.Random)
	return audit.Event{
		ID: id, Time: now, Account: c.Account, Action: action, Target: target, Origin: c.Origin, Changes: changes,
		Actor: audit.Actor{User: c.User, Token: c.Token, Kind: string(c.Kind)}, Count: 1,
	}, err
}

func (m *Manager) now() time.Time { return token.Millis(m.Now()) }

// persist tries a change again when another request was quicker, and refuses it as busy when others always are. A change gives
// up before an ending does, and has been patient enough with those who were on the same items.
func persist(ctx context.Context, p retry.Patience, what string, try func(context.Context) error) error {
	again := inTheirWay
	if p.Tries > 0 {
		again = isChanged
	}
	err := retry.Do(ctx, p, again, try)
	return orBusy(err, what)
}

// orBusy refuses as busy what others were in the way of.
func orBusy(err error, what string) error {
	if inTheirWay(err) {
		return conflict("busy", "Other requests keep changing %s. Try again.", what)
	}
	return err
}

// tokenEdit changes a token, which stands as it was read, and tells what that changes, and under which name.
type tokenEdit func(now time.Time, tok *token.Token, stands standing.Standing) (audit.Action, []audit.Change, error)

// end is changeWithin for an edit that ends the token or pauses it, and that nobody may hold up. The version it returns is the one
// read and one more; whoever changed the token in between made it higher, and an If-Match with it is refused.
func (m *Manager) end(ctx context.Context, c Caller, id token.ID, ifVersion int64, edit tokenEdit) (token.Token, error) {
	return m.changeBy(ctx, c, id, retry.Ending, ifVersion, edit, m.Store.EndToken)
}

func (m *Manager) changeBy(
	ctx context.Context, c Caller, id token.ID, p retry.Patience, ifVersion int64, edit tokenEdit, write func(context.Context, store.TokenEnding) error,
) (tok token.Token, err error) {
	err = persist(ctx, p, "this token", func(ctx context.Context) error {
		now := m.now()
		stands, err := m.find(ctx, c, id, now)
		if err != nil {
			return err
		}
		before := *stands.Token
		tok = before
		action, changes, err := edit(now, &tok, stands)
		if err != nil {
			return m.refused(ctx, c, action, string(id), err)
		}
		// After the refusals: whoever may not do this is told so, and it is noted, whatever version they name.
		if err := atVersion("token", before.Version, ifVersion); err != nil || len(changes) == 0 {
			tok = before
			return err
		}
		tok.Version, tok.UpdatedAt, tok.UpdatedBy = before.Version+1, now, c.User
		event, err := m.event(c, now, action, string(id), changes...)
		if err != nil {
			return err
		}
		if err := write(ctx, store.TokenEnding{Before: before, After: tok, IfVersion: ifVersion, Event: event}); err != nil {
			return fmt.Errorf("writing %s: %w", id, err)
		}
		return nil
	})
	if err != nil {
		return token.Token{}, err
	}
	return tok, nil
}
