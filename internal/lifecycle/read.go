package lifecycle

import (
	"context"
	"strings"
	"time"

	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Get returns one token: one's own for nothing, any other of the account with tokens:read.
func (m *Manager) Get(ctx context.Context, c Caller, target Target) (token.Token, error) {
	id, err := c.resolve(target)
	if err != nil {
		return token.Token{}, err
	}
	if !c.owns(id) && !c.Scopes.Has(scope.TokensRead) {
		return token.Token{}, lacking(scope.TokensRead)
	}
	s, err := m.find(ctx, c, id, m.now())
	if err != nil {
		return token.Token{}, err
	}
	return *s.Token, nil
}

// Query says which tokens to list. Zero fields do not filter.
type Query struct {
	Owner          user.ID
	Steward        user.ID // service tokens that this person answers for; in no order
	Kind           token.Kind
	Status         token.Status
	Environment    token.Environment
	Text           string    // in name, description or id; in any case
	ExpiresBefore  time.Time // tokens that never expire do not match
	LastUsedBefore time.Time // a token never used counts from its creation
	After          token.ID  // continue behind this one
	Limit          int       // at least 1
}

// Page is one page of a list. More says whether another follows; Last is where it begins.
type Page struct {
	Tokens []token.Token
	More   bool
	Last   token.ID
}

// maxExamined bounds what one call of List reads, however few tokens match: 1,000 reads of at most 1 KB each.
const maxExamined = 1000

// List returns the account's tokens to holders of tokens:read, and to all others their own.
func (m *Manager) List(ctx context.Context, c Caller, q Query) (Page, error) {
	owner := q.Owner.Ref()
	if !c.Scopes.Has(scope.TokensRead) {
		if q.Steward != "" || owner != "" && owner != c.User.Ref() {
			return Page{}, lacking(scope.TokensRead)
		}
		owner = c.User.Ref()
	}
	now, after := m.now(), q.After
	var page Page
	if q.Steward != "" {
		// Of another account's steward not even how much they answer for may show, nor how long it takes to read.
		if known, err := m.ofAccount(ctx, c, q.Steward); err != nil || !known {
			return Page{}, err
		}
	}
	for examined := 0; examined < maxExamined; {
		batch := min(100, max(q.Limit+1-len(page.Tokens), 25))
		found, last, err := m.someTokens(ctx, c, owner, q.Steward, after, batch)
		if err != nil {
			return Page{}, err
		}
		if len(found) > 0 && found[0].Account != c.Account {
			// The owner is of another account, and so is everything of theirs. Not even how much it is may show.
			return Page{}, nil
		}
		if err := m.overtakeAll(ctx, c.Account, found); err != nil {
			return Page{}, err
		}
		for i := range found {
			if found[i].Account != c.Account || !q.matches(&found[i], now) {
				continue
			}
			if len(page.Tokens) == q.Limit {
				page.More, page.Last = true, page.Tokens[q.Limit-1].ID
				return page, nil
			}
			page.Tokens = append(page.Tokens, found[i])
		}
		if last == "" {
			return page, nil
		}
		after, examined = last, examined+batch
	}
	page.More, page.Last = true, after
	return page, nil
}

// ofAccount says whether there is such a user in the caller's account.
func (m *Manager) ofAccount(ctx context.Context, c Caller, id user.ID) (bool, error) {
	found, _, err := m.Store.Owners(ctx, c.Account, []user.Ref{id.Ref()})
	return found[id.Ref()].Account == c.Account, err
}

// someTokens reads up to limit tokens: of one steward, one owner, or the account.
func (m *Manager) someTokens(ctx context.Context, c Caller, owner user.Ref, steward user.ID, after token.ID, limit int) ([]token.Token, token.ID, error) {
	if steward != "" {
		return m.stewarded(ctx, c, steward, after, limit)
	}
	return m.Store.Tokens(ctx, c.Account, owner, after, limit)
}

// stewarded reads up to limit of the service tokens that a person answers for. An entry may have outlived its token, or name
// one that is handed on; so the tokens themselves are asked.
func (m *Manager) stewarded(ctx context.Context, c Caller, steward user.ID, after token.ID, limit int) ([]token.Token, token.ID, error) {
	ids, last, err := m.Store.Stewarded(ctx, steward.Ref(), after, limit)
	if err != nil || len(ids) == 0 {
		return nil, last, err
	}
	named, err := m.Store.TokensNamed(ctx, ids)
	if err != nil {
		return nil, "", err
	}
	var found []token.Token
	for _, id := range ids {
		if tok, ok := named[id]; ok && tok.Account == c.Account && tok.Steward == steward {
			found = append(found, tok)
		}
	}
	return found, last, nil
}

// overtakeAll is overtake for tokens whose owners have to be read.
func (m *Manager) overtakeAll(ctx context.Context, account user.AccountID, tokens []token.Token) error {
	if len(tokens) == 0 {
		return nil
	}
	refs := make([]user.Ref, len(tokens))
	for i := range tokens {
		refs[i] = tokens[i].ID.Owner()
	}
	owners, policy, err := m.Store.Owners(ctx, account, refs)
	if err != nil {
		return err
	}
	for i := range tokens {
		if owner, ok := owners[tokens[i].ID.Owner()]; ok {
			overtake(&tokens[i], &owner, &policy)
		}
	}
	return nil
}

func (q *Query) matches(t *token.Token, now time.Time) bool {
	text := strings.ToLower(q.Text)
	return !forgotten(t, now) &&
		(q.Owner == "" || t.ID.Owner() == q.Owner.Ref()) &&
		(q.Kind == "" || t.Kind == q.Kind) &&
		(q.Status == "" || t.Status(now) == q.Status) &&
		(q.Environment == "" || t.Environment == q.Environment) &&
		(q.ExpiresBefore.IsZero() || !t.ExpiresAt.IsZero() && t.ExpiresAt.Before(q.ExpiresBefore)) &&
		(q.LastUsedBefore.IsZero() || t.LastUse().Before(q.LastUsedBefore)) &&
		(text == "" || strings.Contains(strings.ToLower(t.Name+"\n"+t.Description+"\n"+string(t.ID)), text))
}
