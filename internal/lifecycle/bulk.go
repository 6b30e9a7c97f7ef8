package lifecycle

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/job"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Jobs is the part of the Store that bulk revocations need.
type Jobs interface {
	// Job returns a job, or job.ErrNotFound.
	Job(ctx context.Context, account user.AccountID, id job.ID) (job.Job, error)
	// CreateJob writes a new job; store.ErrExists when there is one of this id.
	CreateJob(ctx context.Context, j job.Job, event audit.Event) error
	// StepJob writes a step, all or nothing; store.ErrChanged when the job is not as it was read, *store.InTheWayError when
	// others are writing some of the tokens, or have ended them.
	StepJob(ctx context.Context, s job.Step) error
	// TokensNamed reads tokens by id; those that do not exist are left out.
	TokensNamed(ctx context.Context, ids []token.ID) (map[token.ID]token.Token, error)
}

// BulkRevoke is a request to revoke many tokens: those named, or those that a filter matches.
type BulkRevoke struct {
	IDs            []token.ID
	Filter         *job.Filter // nil = IDs
	Reason         string
	IdempotencyKey string
}

// MaxBulk is how many tokens one request can name.
const MaxBulk = 1000

// maxBulkExamined bounds what a preview of a filter reads.
const maxBulkExamined = 10_000

// BulkRevoke begins to revoke many tokens and returns the job that does it. It needs tokens:delete; other people's
// personal tokens are left alone unless the account's settings allow it. A filter means the tokens that exist
// now: what is created later is never touched.
func (m *Manager) BulkRevoke(ctx context.Context, c Caller, in BulkRevoke) (job.Job, error) {
	c, err := m.Know(ctx, c)
	if err != nil {
		return job.Job{}, err
	}
	if !c.Scopes.Has(scope.TokensDelete) {
		return job.Job{}, m.refused(ctx, c, audit.JobCreated, string(c.Account), lacking(scope.TokensDelete))
	}
	if err := m.checkBulk(&in); err != nil {
		return job.Job{}, err
	}
	j, err := m.newJob(c, in)
	if err != nil {
		return job.Job{}, err
	}
	event, err := m.event(c, j.CreatedAt, audit.JobCreated, string(j.ID), bulkChanges(in)...)
	if err != nil {
		return job.Job{}, err
	}
	event.Reason = in.Reason
	err = m.Store.CreateJob(ctx, j, event)
	if !errors.Is(err, store.ErrExists) {
		return j, orBusy(err, "this job")
	}
	before, err := m.Store.Job(ctx, c.Account, j.ID)
	if err != nil {
		return job.Job{}, err
	}
	if before.Request != j.Request {
		return job.Job{}, keyReused("Use a new key for a new job.")
	}
	return before, nil
}

// PreviewBulkRevoke tells what BulkRevoke would do, and changes nothing. complete is false when a filter would have to look
// at more tokens than one call does.
func (m *Manager) PreviewBulkRevoke(ctx context.Context, c Caller, in BulkRevoke) (preview job.Job, complete bool, err error) {
	if !c.Scopes.Has(scope.TokensDelete) {
		return job.Job{}, false, lacking(scope.TokensDelete)
	}
	if err := m.checkBulk(&in); err != nil {
		return job.Job{}, false, err
	}
	j, err := m.newJob(c, in)
	if err != nil {
		return job.Job{}, false, err
	}
	policy, err := m.Store.Settings(ctx, c.Account)
	if err != nil {
		return job.Job{}, false, err
	}
	for examined := 0; j.State == job.Running && examined < maxBulkExamined; {
		next, n, err := m.nextTokens(ctx, &j, MaxBulk)
		if err != nil {
			return job.Job{}, false, err
		}
		for _, t := range next {
			j.Add(t.id, judge(c, &policy, t.tok, j.CreatedAt))
		}
		examined += n
	}
	return j, j.State == job.Done, nil
}

// Job returns a job of the account to holders of tokens:delete.
func (m *Manager) Job(ctx context.Context, c Caller, id job.ID) (job.Job, error) {
	if !c.Scopes.Has(scope.TokensDelete) {
		return job.Job{}, lacking(scope.TokensDelete)
	}
	j, err := m.Store.Job(ctx, c.Account, id)
	if err == nil && !m.now().Before(j.EndsAt()) {
		err = job.ErrNotFound
	}
	return j, err
}

// checkBulk refuses what cannot be meant, drops ids that are named twice, and cuts instants to what is stored.
func (m *Manager) checkBulk(in *BulkRevoke) error {
	var f faults
	switch {
	case in.Filter == nil && len(in.IDs) == 0:
		f.add("ids", "required", "Name 1 to %d token ids, or a filter.", MaxBulk)
	case in.Filter != nil && in.IDs != nil:
		f.add("filter", "contradiction", "Name ids or a filter, not both.")
	case len(in.IDs) > MaxBulk:
		f.add("ids", "too_many", "At most %d ids in one job.", MaxBulk)
	case in.Filter != nil && *in.Filter == (job.Filter{}):
		f.add("filter", "empty", "An empty filter would mean every token of the account. Use POST /v1/tokens/revoke-issued-before for that.")
	case in.Filter != nil && in.Filter.Scope != "" && !m.Catalogue.All().Has(in.Filter.Scope):
		f.add("filter.scope", "unknown_scope", "%.*q is no scope here. GET /v1/scopes lists them.", MaxEcho, in.Filter.Scope)
	}
	if in.Filter != nil {
		cut := *in.Filter
		cut.CreatedBefore, cut.UnusedSince = token.Millis(cut.CreatedBefore), token.Millis(cut.UnusedSince)
		in.Filter = &cut
	}
	seen := make(map[token.ID]bool, len(in.IDs))
	in.IDs = slices.DeleteFunc(slices.Clone(in.IDs), func(id token.ID) bool {
		double := seen[id]
		seen[id] = true
		return double
	})
	return Invalid(f)
}

func (m *Manager) newJob(c Caller, in BulkRevoke) (job.Job, error) {
	now := m.now()
	j := job.Job{
		Account: c.Account, State: job.Running, Actor: audit.Actor{User: c.User, Token: c.Token, Kind: string(c.Kind)}, Origin: c.Origin,
		Reason: in.Reason, Pending: in.IDs, Filter: in.Filter, Total: len(in.IDs), Counts: map[job.Outcome]int{},
		CreatedAt: now, UpdatedAt: now, Version: 1,
	}
	j.Request = digestJSON(struct {
		IDs    []token.ID
		Filter *job.Filter
		Reason string
	}{in.IDs, in.Filter, in.Reason})
	var err error
	if in.IdempotencyKey == "" {
		j.ID, err = job.NewID(m.Random)
	} else {
		j.ID = job.IDOf(string(c.Account), string(c.User), string(c.Token), in.IdempotencyKey)
	}
	return j, err
}

// bulkChanges tells in the job's event what it is to do. Which tokens it then revokes, their own events tell.
func bulkChanges(in BulkRevoke) []audit.Change {
	if in.Filter == nil {
		return []audit.Change{{Field: "tokens", After: strconv.Itoa(len(in.IDs))}}
	}
	var out []audit.Change
	f := in.Filter
	for _, part := range []struct {
		field string
		value any
	}{
		{"owner", string(f.Owner)}, {"kind", string(f.Kind)}, {"environment", string(f.Environment)}, {"scope", string(f.Scope)},
		{"createdBefore", instant(f.CreatedBefore)}, {"unusedSince", instant(f.UnusedSince)},
	} {
		if part.value != nil && part.value != "" {
			out = append(out, audit.Change{Field: "filter." + part.field, After: part.value})
		}
	}
	return out
}

// judge says what a job does with a token; nil = there is none.
func judge(c Caller, policy *settings.Settings, tok *token.Token, now time.Time) job.Outcome {
	switch {
	case tok == nil || tok.Account != c.Account || forgotten(tok, now):
		return job.NotFound
	case c.ownersAlone(tok) != nil && !policy.AdminsMayRevokePersonalTokens:
		return job.Refused
	case !tok.RevokedAt.IsZero():
		return job.AlreadyRevoked
	}
	return job.Revoked
}
