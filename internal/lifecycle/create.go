package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/period"
	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/retry"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Field is a member of a request that may be absent, null or a value, which mean three things.
type Field[T any] struct {
	Set   bool // present, be it null
	Null  bool
	Value T
}

// Create is a request for a new token. Zero fields take defaults.
type Create struct {
	Name        string
	Description string
	Kind        token.Kind        // personal for a person or personal token, service for a service token
	Environment token.Environment // live
	Scopes      Field[[]scope.Pattern]
	ExpiresAt   Field[time.Time] // null = never
	ExpiresIn   period.Period
	NotBefore   time.Time
	CIDRs       Field[[]string] // not set: as the calling token, anywhere for a person; empty or null = anywhere

	IdempotencyKey string // "" = none
}

// Create issues a token. Its secret is in the answer and nowhere else.
func (m *Manager) Create(ctx context.Context, c Caller, in Create) (Issued, error) {
	issued, err := m.createOnce(ctx, c, in)
	return issued, m.refused(ctx, c, audit.TokenCreated, string(c.Account), err)
}

func (m *Manager) createOnce(ctx context.Context, c Caller, in Create) (Issued, error) {
	in = in.withDefaults(c)
	met, counts, err := m.arrival(ctx, c)
	if err == nil {
		err = counts.mayCreate(in.Kind)
	}
	if err != nil {
		return Issued{}, err
	}
	if in.IdempotencyKey == "" {
		return m.create(ctx, c, met, in)
	}
	var issued Issued
	err = persist(ctx, retry.Changing, "what this Idempotency-Key stands for", func(ctx context.Context) (err error) {
		if issued, err = m.createdBefore(ctx, c, in); !errors.Is(err, store.ErrNoReplay) {
			return err
		}
		issued, err = m.create(ctx, c, met, in)
		if isRefusal(err, "too_many_tokens") { // the last one may be the very one that this repeats
			if again, replay := m.createdBefore(ctx, c, in); !errors.Is(replay, store.ErrNoReplay) {
				issued = again
				return replay
			}
		}
		if errors.Is(err, store.ErrReplay) {
			return store.ErrChanged
		}
		return err
	})
	return issued, err
}

// createdBefore returns the answer given before; store.ErrNoReplay when there was none. It is worth no more than a new token
// would be: the calling token may be held to less since, and the token it made may be over or have another secret.
func (m *Manager) createdBefore(ctx context.Context, c Caller, in Create) (Issued, error) {
	issued, err := m.replayed(ctx, c, in.once())
	if err != nil {
		return Issued{}, err
	}
	now := m.now()
	s, err := m.find(ctx, c, issued.Token.ID, now)
	if errors.Is(err, token.ErrNotFound) {
		return Issued{}, conflict("token_revoked", "The token that this request made is gone. Create one with a new Idempotency-Key.")
	}
	if err == nil {
		err = mayChange(s.Token, now)
	}
	if err == nil {
		err = m.stillGood(ctx, s.Token, issued.Secret, now)
	}
	if err == nil && c.IsToken() {
		err = m.handsOn(ctx, c, s.Token, s.Owner)
	}
	if err != nil {
		return Issued{}, err
	}
	return issued, nil
}

// handsOn refuses a token's bearer a secret that is worth more than their own.
func (m *Manager) handsOn(ctx context.Context, c Caller, tok *token.Token, owner *user.User) error {
	within, err := m.bounds(ctx, c)
	if err != nil {
		return err
	}
	if err := within.hold(c).withinCaller(m.mayDo(tok, owner), tok.ExpiresAt); err != nil {
		return err
	}
	return withinAddresses(tok.CIDRs, within.maker.CIDRs)
}

func (in Create) withDefaults(c Caller) Create {
	if in.Kind == "" {
		in.Kind = token.Personal
		if c.Kind == principal.Service {
			in.Kind = token.Service
		}
	}
	if in.Environment == "" {
		in.Environment = token.Live
	}
	return in
}

func (c Caller) mayCreate(kind token.Kind) error {
	if kind == token.Personal && c.Kind == principal.Service {
		return Invalid([]FieldError{{Field: "kind", Code: "not_a_person", Detail: "A service token cannot create personal tokens: there is no person to own them."}})
	}
	if (c.IsToken() || kind == token.Service) && !c.Scopes.Has(scope.TokensWrite) {
		return lacking(scope.TokensWrite)
	}
	return nil
}

// create makes the token; met is a person who has just been read. Whoever is not known yet is stored once nothing speaks against
// their token any more, and others who get in the way have everything read and judged anew.
func (m *Manager) create(ctx context.Context, c Caller, met *person, in Create) (Issued, error) {
	now := m.now()
	var issued Issued
	var first *user.User
	err := persist(ctx, retry.Creating, "how many tokens this person has", func(ctx context.Context) error {
		by, err := m.creator(ctx, c, met)
		if err != nil {
			return err
		}
		met = nil
		tok, err := m.draft(by, in, now)
		if err == nil && by.unkept != nil {
			by.user, err = m.keep(ctx, by.Caller, by.unkept)
		}
		if err != nil {
			return err
		}
		if first == nil {
			first = &by.user
		}
		if by.user.Generation != first.Generation { // whoever was invited again in between did not ask for this
			return errInactive
		}
		issued, err = m.createFor(ctx, by, in, tok, now)
		return err
	})
	return issued, err
}

// creator is who makes a token, with what holds for them now.
type creator struct {
	Caller
	user   user.User
	within bounds
	unkept *person // whom the table does not know like this yet; nil = it does
}

// creator reads who makes a token, and what they are held to. Their tokens are counted after that.
func (m *Manager) creator(ctx context.Context, c Caller, met *person) (creator, error) {
	if c.IsToken() {
		within, err := m.bounds(ctx, c)
		return creator{Caller: within.hold(c), user: within.owner, within: within}, err
	}
	if met == nil {
		p, err := m.meet(ctx, c)
		if err != nil {
			return creator{}, err
		}
		met = &p
	}
	by := creator{Caller: c, user: met.user, within: bounds{policy: met.policy}}
	switch {
	case !c.isKnown():
		by.Caller, by.unkept = m.as(c, met.counts), met
	case !met.seen:
		return creator{}, forbidden("owner_inactive", "There is no such person any more.")
	}
	return by, nil
}

// judgedByRoles says whether a token that the caller makes may do what the caller's roles let. A personal token is cut by them at
// each use, and a service token has no roles.
func (c Caller) judgedByRoles(kind token.Kind) bool {
	return c.Kind != principal.Service && (kind == token.Service || c.IsToken())
}

// stillHas refuses a token by somebody whose roles were narrowed since they were let in.
func (m *Manager) stillHas(c Caller, tok *token.Token, creator *user.User) error {
	roles := m.Catalogue.OfRoles(creator.Roles)
	if !roles.Has(scope.TokensWrite) {
		return lacking(scope.TokensWrite)
	}
	c.Scopes = c.Scopes.Intersect(roles)
	return c.withinCaller(m.Catalogue.Covered(tok.Scopes), tok.ExpiresAt)
}

var errInactive = forbidden("owner_inactive", "You were suspended or offboarded a moment ago.")

// createFor creates a token for a creator as read. store.ErrChanged: others of theirs were made since.
func (m *Manager) createFor(ctx context.Context, by creator, in Create, tok token.Token, now time.Time) (Issued, error) {
	creation := store.Creation{Token: tok, Creator: by.user, Given: by.judgedByRoles(in.Kind), Maker: by.within.held("")}
	if creation.Given {
		if err := m.stillHas(by.Caller, &tok, &by.user); err != nil {
			return Issued{}, err
		}
	}
	if creation.Maker != nil {
		creation.Maker.Owner = nil // who is the creator
	}
	owner := by.user.Ref
	var err error
	if in.Kind == token.Personal {
		creation.Token.Generation = by.user.Generation
		creation.Counted = by.within.policy.Personal.MaxTokensPerUser > 0
		err = m.hasRoom(ctx, by.Caller, &by.user, &by.within.policy, now)
	} else if owner, err = user.NewRef(m.Random); err == nil {
		creation.Token.Steward = by.steward(&by.within.maker)
		creation.TokenUser = &user.User{
			Ref: owner, Account: by.Account, Kind: user.Service, Status: user.Active, CreatedAt: now, UpdatedAt: now, Version: 1,
		}
	}
	if err != nil {
		return Issued{}, err
	}
	return m.issue(ctx, by.Caller, in, creation, owner, now)
}

// issue names the token, draws its secret and writes all of it.
func (m *Manager) issue(ctx context.Context, c Caller, in Create, creation store.Creation, owner user.Ref, now time.Time) (Issued, error) {
	tok := &creation.Token
	var err error
	if tok.ID, err = token.NewID(owner, now, m.Random); err != nil {
		return Issued{}, err
	}
	key, err := m.Keys.Current(ctx)
	if err != nil {
		return Issued{}, err
	}
	secret, err := m.Format.Issue(tok.ID, tok.Environment, m.Random)
	if err != nil {
		return Issued{}, err
	}
	tok.Secrets = []token.SecretVersion{{Digest: key.Digest(secret), CreatedAt: now}}
	issued := Issued{Token: *tok, Secret: secret}
	if creation.Event, err = m.event(c, now, audit.TokenCreated, string(tok.ID), created(tok)...); err != nil {
		return Issued{}, err
	}
	if in.IdempotencyKey != "" {
		if creation.Replay, err = m.seal(c, in.once(), key, issued, now); err != nil {
			return Issued{}, err
		}
	}
	if err := m.Store.CreateToken(ctx, creation); err != nil {
		return Issued{}, fmt.Errorf("writing %s: %w", tok.ID, err)
	}
	return issued, nil
}

// draft applies every rule on the content of a new token, and on who may make such a one now.
func (m *Manager) draft(by creator, in Create, now time.Time) (token.Token, error) {
	if err := by.mayCreate(in.Kind); err != nil {
		return token.Token{}, err
	}
	var f faults
	f.name(in.Name)
	f.description(in.Description)
	tok := token.Token{
		Account: by.Account, Kind: in.Kind, Environment: in.Environment, Name: in.Name, Description: in.Description,
		CIDRs: f.cidrs(in.CIDRs.Value), Active: true, NotBefore: token.Millis(in.NotBefore), CreatedAt: now, CreatedBy: by.User,
		UpdatedAt: now, UpdatedBy: by.User, Version: 1,
	}
	grants := m.grants(by.Caller, in, &tok, &f)
	if !in.CIDRs.Set {
		tok.CIDRs = by.within.maker.CIDRs
	}
	rules := by.within.policy.For(in.Kind)
	tok.ExpiresAt = expiry(by.Caller, in, rules, now, &f)
	if !tok.ExpiresAt.IsZero() && !tok.NotBefore.Before(tok.ExpiresAt) {
		f.add("notBefore", "after_expiry", "The token would expire before it starts.")
	}
	if err := Invalid(f); err != nil {
		return token.Token{}, err
	}
	if err := permitted(&by.within.policy, &tok, now); err != nil {
		return token.Token{}, err
	}
	if err := by.withinCaller(grants, tok.ExpiresAt); err != nil {
		return token.Token{}, err
	}
	return tok, withinAddresses(tok.CIDRs, by.within.maker.CIDRs)
}

// grants sets the token's scopes and returns what they stand for now.
func (m *Manager) grants(c Caller, in Create, tok *token.Token, f *faults) scope.Set {
	if in.Scopes.Set && !in.Scopes.Null {
		tok.Scopes = append([]scope.Pattern{}, in.Scopes.Value...) // never nil: nil means everything
		return f.scopes(m.Catalogue, tok.Scopes)
	}
	if in.Kind == token.Service {
		f.add("scopes", "required", "A service token has no owner whose permissions it could take: list its scopes.")
		return nil
	}
	if c.IsToken() {
		// Everything the owner may do, as it changes: a token may hand that on only if it has it itself, which its scopes
		// cannot show. So a token names what it grants.
		f.add("scopes", "required", "A token that creates tokens must list their scopes.")
	}
	return nil
}

// expiry returns when the new token ends; the zero time = never.
func expiry(c Caller, in Create, policy *settings.Rules, now time.Time, f *faults) time.Time {
	var end time.Time
	field := "expiresIn"
	switch {
	case in.ExpiresAt.Set && !in.ExpiresIn.IsZero():
		f.add("expiresIn", "ambiguous", "Give expiresAt or expiresIn, not both.")
		return time.Time{}
	case in.ExpiresAt.Set:
		field, end = "expiresAt", token.Millis(in.ExpiresAt.Value)
	case !in.ExpiresIn.IsZero():
		end = token.Millis(in.ExpiresIn.AddTo(now))
	default:
		return defaultExpiry(c, policy, now)
	}
	switch {
	case !end.IsZero() && !end.After(now):
		f.add(field, "in_past", "It has passed already.")
	case end.IsZero() && !policy.AllowNeverExpire:
		f.add(field, "must_expire", "The account's settings do not allow tokens that never expire.")
	case !policy.MaxLifetime.IsZero() && (end.IsZero() || end.After(policy.MaxLifetime.AddTo(now))):
		f.add(field, "over_maximum", "The account's settings allow a lifetime of %s at most.", policy.MaxLifetime)
	}
	return end
}

// defaultExpiry is the account's default, cut to its maximum and to the life of the calling token.
func defaultExpiry(c Caller, policy *settings.Rules, now time.Time) time.Time {
	var end time.Time
	shorten := func(to time.Time) {
		if !to.IsZero() && (end.IsZero() || to.Before(end)) {
			end = to
		}
	}
	for _, p := range []period.Period{policy.DefaultLifetime, policy.MaxLifetime} {
		if !p.IsZero() {
			shorten(token.Millis(p.AddTo(now)))
		}
	}
	if c.IsToken() {
		shorten(c.ExpiresAt)
	}
	return end
}

// ruleFields names the field of a token that each rule is about, and what to do.
var ruleFields = map[string]FieldError{
	settings.RequireCidrBlocks: {Field: "allowedCidrBlocks", Code: "required", Detail: "The account's settings ask for an address list, and one of the whole internet is none."},
	settings.AllowedScopes:     {Field: "scopes", Code: "not_allowed", Detail: "The account's settings do not allow all of these scopes on a token."},
	settings.AllowNeverExpire:  {Field: "expiresAt", Code: "must_expire", Detail: "The account's settings do not allow tokens that never expire."},
	settings.MaxLifetime:       {Field: "expiresAt", Code: "over_maximum", Detail: "The account's settings do not allow so long a lifetime."},
}

// permitted refuses a token that would be refused at its first use.
func permitted(policy *settings.Settings, tok *token.Token, now time.Time) error {
	rule := policy.Breach(tok, now)
	if rule == "" {
		return nil
	}
	return Invalid([]FieldError{ruleFields[rule]})
}

// steward returns the person who answers for a service token that the caller makes: the caller, or behind a service
// token the person who answers for that one, so that an offboarding lists what was made in between as well.
func (c Caller) steward(maker *token.Token) user.ID {
	if c.Kind == principal.Service {
		return maker.Steward
	}
	return c.User
}

// created lists a new token's fields as the event shows them.
func created(t *token.Token) []audit.Change {
	changes := []audit.Change{{Field: "name", After: t.Name}, {Field: "kind", After: string(t.Kind)}, {Field: "environment", After: string(t.Environment)}}
	for _, ch := range []audit.Change{
		{Field: "scopes", After: patterns(t.Scopes)}, {Field: "expiresAt", After: instant(t.ExpiresAt)},
		{Field: "notBefore", After: instant(t.NotBefore)}, {Field: "allowedCidrBlocks", After: blocks(t.CIDRs)},
	} {
		if ch.After != nil {
			changes = append(changes, ch)
		}
	}
	return changes
}
