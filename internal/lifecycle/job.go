package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/job"
	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// jobStep is how many tokens one step of a job deals with. Each is at most two writes of the step's transaction, beside the
// job's own, and DynamoDB takes 100.
const jobStep = 40

// RunJob takes the next step of a job. The step is one transaction: the tokens it revokes, their events and the job's
// progress. So a step that is begun twice, or cut off anywhere, leaves each token revoked once with one event, and the end
// of a step is a change of the job's item, which starts the next one.
func (m *Manager) RunJob(ctx context.Context, account user.AccountID, id job.ID) error {
	for range attempts {
		before, err := m.Store.Job(ctx, account, id)
		if errors.Is(err, job.ErrNotFound) || err == nil && before.State == job.Done {
			return nil
		}
		if err != nil {
			return err
		}
		if err = m.step(ctx, &before); !errors.Is(err, store.ErrChanged) {
			return err
		}
	}
	return fmt.Errorf("a step of %s: other requests keep changing its tokens: %w", id, token.ErrUnavailable)
}

func (m *Manager) step(ctx context.Context, before *job.Job) error {
	c := Caller{
		Principal: principal.Principal{Kind: principal.Kind(before.Actor.Kind), Account: before.Account, User: before.Actor.User, Token: before.Actor.Token},
		Origin:    before.Origin,
	}
	policy, err := m.Store.Settings(ctx, c.Account)
	if err != nil {
		return err
	}
	now, after := m.now(), before.Copy()
	next, _, err := m.nextTokens(ctx, &after, jobStep)
	if err != nil {
		return err
	}
	var changes []store.TokenChange
	var events []audit.Event
	for _, t := range next {
		outcome := judge(c, &policy, t.tok, now)
		after.Add(t.id, outcome)
		if outcome != job.Revoked && outcome != job.Refused {
			continue
		}
		event, err := m.event(c, now, audit.TokenRevoked, string(t.id))
		if err != nil {
			return err
		}
		event.Reason = before.Reason
		if outcome == job.Refused {
			event.Refused = "not_owner"
		} else {
			change := revocation(t.tok, c.User, now)
			changes = append(changes, change)
			event.Changes = []audit.Change{{Field: "status", Before: string(change.Before.Status(now)), After: string(token.Revoked)}}
		}
		events = append(events, event)
	}
	after.UpdatedAt, after.Version = now, before.Version+1
	return m.Store.StepJob(ctx, *before, after, changes, events)
}

func revocation(tok *token.Token, by user.ID, now time.Time) store.TokenChange {
	after := *tok
	after.RevokedAt, after.UpdatedAt, after.UpdatedBy, after.Version = now, now, by, tok.Version+1
	return store.TokenChange{Before: *tok, After: after}
}

// named is a token by its id; nil when there is none.
type named struct {
	id  token.ID
	tok *token.Token
}

// nextTokens takes up to limit tokens out of what a job has still to do, and how many it looked at for that. The job is done when
// nothing is left.
func (m *Manager) nextTokens(ctx context.Context, j *job.Job, limit int) ([]named, int, error) {
	if j.Filter != nil {
		return m.nextMatches(ctx, j, limit)
	}
	ids := j.Pending[:min(limit, len(j.Pending))]
	j.Pending = j.Pending[len(ids):]
	if len(j.Pending) == 0 {
		j.State = job.Done
	}
	found, err := m.Store.TokensNamed(ctx, ids)
	if err != nil {
		return nil, 0, err
	}
	tokens := slices.Collect(maps.Values(found))
	if err := m.overtakeAll(ctx, Caller{Principal: principal.Principal{Account: j.Account}}, tokens); err != nil {
		return nil, 0, err
	}
	next := make([]named, len(ids))
	for i, id := range ids {
		next[i].id = id
		if at := slices.IndexFunc(tokens, func(t token.Token) bool { return t.ID == id }); at >= 0 {
			next[i].tok = &tokens[at]
		}
	}
	return next, len(ids), nil
}

// nextMatches looks at up to 1,000 tokens behind the job's place for ones that its filter matches.
func (m *Manager) nextMatches(ctx context.Context, j *job.Job, limit int) ([]named, int, error) {
	var next []named
	for examined := 0; ; {
		page, last, err := m.Store.Tokens(ctx, j.Account, j.Filter.Owner.Ref(), j.After, 100)
		if err != nil {
			return nil, 0, err
		}
		if len(page) > 0 && page[0].Account != j.Account {
			j.State = job.Done // another account's owner, of whom not even the number of tokens may show
			return next, examined, nil
		}
		if err := m.overtakeAll(ctx, Caller{Principal: principal.Principal{Account: j.Account}}, page); err != nil {
			return nil, 0, err
		}
		for i := range page {
			examined++
			j.After = page[i].ID
			if m.matches(j, &page[i]) {
				j.Total++
				next = append(next, named{page[i].ID, &page[i]})
			}
			if len(next) == limit {
				return next, examined, nil
			}
		}
		switch {
		case last == "":
			j.State = job.Done
			return next, examined, nil
		case examined >= maxExamined:
			return next, examined, nil
		}
		j.After = last
	}
}

// matches says whether the job's filter means a token: one that existed when the job began, and is not over.
func (m *Manager) matches(j *job.Job, t *token.Token) bool {
	f := j.Filter
	lastUse := t.LastUsedAt
	if lastUse.IsZero() {
		lastUse = t.CreatedAt
	}
	status := t.Status(j.CreatedAt)
	return t.Account == j.Account && !t.CreatedAt.After(j.CreatedAt) && status != token.Revoked && status != token.Expired &&
		(f.Kind == "" || t.Kind == f.Kind) &&
		(f.Environment == "" || t.Environment == f.Environment) &&
		(f.Scope == "" || t.Scopes == nil || m.Catalogue.Covered(t.Scopes).Has(f.Scope)) &&
		(f.CreatedBefore.IsZero() || t.CreatedAt.Before(f.CreatedBefore)) &&
		(f.UnusedSince.IsZero() || lastUse.Before(f.UnusedSince))
}
