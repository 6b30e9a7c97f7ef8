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
	"github.com/tokenwright/tokenwright/internal/retry"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// jobStep is how many tokens one step of a job deals with. Each is at most two writes of the step's transaction, beside the
// job's own and one event of what was refused, and DynamoDB takes 100.
const jobStep = 40

// RunJob takes the next step of a job. The step is one transaction: the tokens it revokes, their events and the job's
// progress. So a step that is begun twice, or cut off anywhere, leaves each token revoked once with one event, and the end
// of a step is a change of the job's item, which starts the next one.
func (m *Manager) RunJob(ctx context.Context, account user.AccountID, id job.ID) error {
	inTheWay := func(err error) bool { return errors.Is(err, store.ErrChanged) || errors.Is(err, store.ErrBusy) }
	err := retry.Do(ctx, retry.Ending, inTheWay, func(ctx context.Context) error {
		before, err := m.Store.Job(ctx, account, id)
		if errors.Is(err, job.ErrNotFound) || err == nil && before.State != job.Running {
			return nil
		}
		if err != nil {
			return err
		}
		return m.step(ctx, &before)
	})
	if inTheWay(err) {
		return fmt.Errorf("a step of %s: others keep writing its tokens: %w", id, token.ErrUnavailable)
	}
	return err
}

// step takes one step. Tokens that others are writing at that moment are deferred, so that they roll back no neighbour; a
// deferred token is a step of its own, and that is tried for as long as it takes.
func (m *Manager) step(ctx context.Context, before *job.Job) error {
	c, now := makerOf(before), m.now()
	policy, reason, err := m.lost(ctx, c, now)
	if err != nil {
		return err
	}
	if reason != "" {
		return m.stop(ctx, c, before, reason, now)
	}
	taken, alone := before.Copy(), before.NextDeferred()
	next, _, err := m.nextTokens(ctx, &taken, jobStep)
	if err != nil {
		return err
	}
	for {
		s, err := m.draw(c, &policy, before, taken.Copy(), next, now)
		if err != nil {
			return err
		}
		s.Alone = alone
		err = m.Store.StepJob(ctx, s)
		var way *store.InTheWayError
		switch {
		case !errors.As(err, &way):
			return err
		case alone: // ended since it was read
			return fmt.Errorf("%w: %w", store.ErrChanged, err)
		}
		taken.Deferred = append(taken.Deferred, way.Tokens...)
		next = slices.DeleteFunc(next, func(t named) bool { return slices.Contains(way.Tokens, t.id) })
	}
}

// draw makes the step that deals with some tokens.
func (m *Manager) draw(c Caller, policy *settings.Settings, before *job.Job, after job.Job, next []named, now time.Time) (job.Step, error) {
	s := job.Step{Before: *before}
	for _, t := range next {
		outcome := judge(c, policy, t.tok, now)
		after.Add(t.id, outcome)
		if outcome != job.Revoked {
			continue
		}
		event, err := m.event(c, now, audit.TokenRevoked, string(t.id),
			audit.Change{Field: "status", Before: string(t.tok.Status(now)), After: string(token.Revoked)})
		if err != nil {
			return s, err
		}
		event.Reason = before.Reason
		s.Endings = append(s.Endings, revocation(t.tok, c.User, now, event))
	}
	after.Settle()
	after.UpdatedAt, after.Version = now, before.Version+1
	s.After = after
	return s, m.noteFirstRefusal(c, &s, now)
}

// noteFirstRefusal has the step that is the first to meet a token which the job may not revoke tell so. A job is one attempt
// and leaves one such event, however many tokens it names and however it ends; which they were, it says itself.
func (m *Manager) noteFirstRefusal(c Caller, s *job.Step, now time.Time) error {
	if s.Before.Counts[job.Refused] > 0 || s.After.Counts[job.Refused] == 0 {
		return nil
	}
	event, err := m.event(c, now, audit.TokenRevoked, string(s.Before.ID))
	event.Refused, event.Reason = "not_owner", s.Before.Reason
	s.Notes = append(s.Notes, event)
	return err
}

func revocation(tok *token.Token, by user.ID, now time.Time, event audit.Event) store.TokenEnding {
	after := *tok
	after.RevokedAt, after.UpdatedAt, after.UpdatedBy, after.Version = now, now, by, tok.Version+1
	return store.TokenEnding{Before: *tok, After: after, Event: event}
}

// makerOf is who began a job, as far as it is written down: their permissions are asked anew.
func makerOf(j *job.Job) Caller {
	return Caller{
		Principal: principal.Principal{Kind: principal.Kind(j.Actor.Kind), Account: j.Account, User: j.Actor.User, Token: j.Actor.Token},
		Origin:    j.Origin,
	}
}

// named is a token by its id; nil when there is none.
type named struct {
	id  token.ID
	tok *token.Token
}

// nextTokens takes up to limit tokens out of what a job has still to do, and how many it looked at for that. The job is done when
// nothing is left.
func (m *Manager) nextTokens(ctx context.Context, j *job.Job, limit int) ([]named, int, error) {
	defer j.Settle()
	if j.Filter != nil && !j.NextDeferred() {
		return m.nextMatches(ctx, j, limit)
	}
	ids := j.Pending[:min(limit, len(j.Pending))]
	if j.NextDeferred() {
		ids = []token.ID{j.TakeDeferred()}
	} else {
		j.Pending = j.Pending[len(ids):]
		ids = slices.DeleteFunc(slices.Clone(ids), j.DeferOwn)
	}
	found, err := m.Store.TokensNamed(ctx, ids)
	if err != nil {
		return nil, 0, err
	}
	tokens := slices.Collect(maps.Values(found))
	tokens = slices.DeleteFunc(tokens, func(t token.Token) bool { return t.Account != j.Account }) // as if they never were, in time as well
	if err := m.overtakeAll(ctx, j.Account, tokens); err != nil {
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
			j.Listed = true // another account's owner, of whom not even the number of tokens may show
			return next, examined, nil
		}
		if err := m.overtakeAll(ctx, j.Account, page); err != nil {
			return nil, 0, err
		}
		for i := range page {
			examined++
			j.After = page[i].ID
			if m.matches(j, &page[i]) {
				j.Total++
				if !j.DeferOwn(page[i].ID) {
					next = append(next, named{page[i].ID, &page[i]})
				}
			}
			if len(next) == limit {
				return next, examined, nil
			}
		}
		switch {
		case last == "":
			j.Listed = true
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
	status := t.Status(j.CreatedAt)
	return t.Account == j.Account && !t.CreatedAt.After(j.CreatedAt) && status != token.Revoked && status != token.Expired &&
		(f.Kind == "" || t.Kind == f.Kind) &&
		(f.Environment == "" || t.Environment == f.Environment) &&
		(f.Scope == "" || t.Scopes == nil || m.Catalogue.Covered(t.Scopes).Has(f.Scope)) &&
		(f.CreatedBefore.IsZero() || t.CreatedAt.Before(f.CreatedBefore)) &&
		(f.UnusedSince.IsZero() || t.LastUse().Before(f.UnusedSince))
}
