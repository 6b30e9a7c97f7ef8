package lifecycle

import (
	"context"
	"errors"
	"time"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/job"
	"github.com/tokenwright/tokenwright/internal/retry"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/standing"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// lost says why whoever began a job could not begin it now; "" = they could, within the account's settings.
func (m *Manager) lost(ctx context.Context, c Caller, now time.Time) (settings.Settings, string, error) {
	holds, policy, reason, err := m.holds(ctx, c, now)
	if err == nil && reason == "" && !holds.Has(scope.TokensDelete) {
		reason = "insufficient_scope"
	}
	return policy, string(reason), err
}

// holds returns what somebody may do now, of whom nothing is known but who they are, or why nothing at all.
func (m *Manager) holds(ctx context.Context, c Caller, now time.Time) (scope.Set, settings.Settings, standing.Reason, error) {
	if !c.IsToken() {
		found, err := m.Store.LookupUser(ctx, c.User.Ref(), store.Along{Account: c.Account})
		if errors.Is(err, user.ErrNotFound) || err == nil && (found.Owner.Account != c.Account || found.Owner.Status != user.Active) {
			return nil, settings.Settings{}, standing.OwnerInactive, nil
		}
		if err != nil {
			return nil, settings.Settings{}, "", err
		}
		return m.Catalogue.OfRoles(found.Owner.Roles), *found.Settings, "", nil
	}
	s, err := m.standing(ctx, c, c.Token, now)
	if errors.Is(err, token.ErrNotFound) {
		return nil, settings.Settings{}, standing.Revoked, nil
	}
	if err != nil {
		return nil, settings.Settings{}, "", err
	}
	reason, _ := s.Refusal(nil, now)
	return s.Scopes(m.Catalogue), *s.Policy, reason, nil
}

// stop ends a job whose maker may not go on. What it did stays done.
func (m *Manager) stop(ctx context.Context, c Caller, before *job.Job, reason string, now time.Time) error {
	after := before.Copy()
	after.State, after.StopReason, after.UpdatedAt, after.Version = job.Stopped, reason, now, before.Version+1
	event, err := m.event(c, now, audit.JobStopped, string(before.ID),
		audit.Change{Field: "state", Before: string(before.State), After: string(after.State)}, audit.Change{Field: "stopReason", After: reason})
	if err != nil {
		return err
	}
	return m.Store.StepJob(ctx, job.Step{Before: *before, After: after, Notes: []audit.Event{event}})
}

// CancelJob ends a job before it is done; what it did stays done. It needs tokens:delete. Cancelling what is cancelled changes
// nothing and succeeds. A token cancels no job but its own: it may be one of those that the job is there to revoke.
func (m *Manager) CancelJob(ctx context.Context, c Caller, id job.ID) (j job.Job, err error) {
	if c, err = m.Know(ctx, c); err != nil {
		return job.Job{}, err
	}
	if !c.Scopes.Has(scope.TokensDelete) {
		return job.Job{}, m.refusedUnread(ctx, c, audit.JobCancelled, string(id), lacking(scope.TokensDelete))
	}
	err = persist(ctx, retry.Ending, "this job", func(ctx context.Context) error {
		before, err := m.Job(ctx, c, id)
		if err != nil {
			return err
		}
		j = before
		switch {
		case c.IsToken() && c.Token != before.Actor.Token:
			err := forbidden("not_maker", "A token cancels only the jobs that it began itself. Sign in to cancel others.")
			return m.refused(ctx, c, audit.JobCancelled, string(id), err)
		case before.State == job.Cancelled:
			return nil
		case before.State != job.Running:
			return m.refused(ctx, c, audit.JobCancelled, string(id), conflict("job_over", "The job is over: it is %s.", before.State))
		}
		now := m.now()
		j.State, j.UpdatedAt, j.Version = job.Cancelled, now, before.Version+1
		event, err := m.event(c, now, audit.JobCancelled, string(id), audit.Change{Field: "state", Before: string(before.State), After: string(j.State)})
		if err != nil {
			return err
		}
		return m.Store.CancelJob(ctx, before, j, event)
	})
	return j, err
}
