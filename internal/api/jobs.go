package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/tokenwright/tokenwright/internal/job"
	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// jobJSON is a bulk revocation as answers show it; null = none.
type jobJSON struct {
	ID             *string      `json:"id"`    // null in a dry run
	State          string       `json:"state"` // of the job, or dry-run
	StopReason     *string      `json:"stopReason"`
	Complete       bool         `json:"complete"`
	Total          int          `json:"total"`
	Revoked        int          `json:"revoked"`
	AlreadyRevoked int          `json:"alreadyRevoked"`
	NotFound       int          `json:"notFound"`
	Refused        int          `json:"refused"`
	Results        []resultJSON `json:"results"`
	MoreResults    bool         `json:"moreResults"` // there are more than results tells of
	Reason         *string      `json:"reason"`
	CreatedBy      string       `json:"createdBy"`
	CreatedAt      *string      `json:"createdAt"`
	UpdatedAt      *string      `json:"updatedAt"`
}

type resultJSON struct {
	ID      token.ID    `json:"id"`
	Outcome job.Outcome `json:"outcome"`
}

const dryRun = "dry-run"

func showJob(j *job.Job) jobJSON {
	id := string(j.ID)
	out := jobJSON{
		ID: &id, State: string(j.State), Complete: j.State == job.Done, Total: j.Total, Revoked: j.Counts[job.Revoked],
		AlreadyRevoked: j.Counts[job.AlreadyRevoked], NotFound: j.Counts[job.NotFound], Refused: j.Counts[job.Refused],
		Results: make([]resultJSON, len(j.Results)), Reason: orNull(j.Reason), StopReason: orNull(j.StopReason), CreatedBy: string(j.Actor.User),
		CreatedAt: instant(j.CreatedAt), UpdatedAt: instant(j.UpdatedAt),
	}
	sum := 0
	for _, n := range j.Counts {
		sum += n
	}
	out.MoreResults = sum > len(j.Results)
	for i, r := range j.Results {
		out.Results[i] = resultJSON{ID: r.Token, Outcome: r.Outcome}
	}
	return out
}

// BulkRevoke answers POST /v1/tokens/bulk-revoke: 202 with the job that does it, or 200 with what a dry run finds.
func (e *Endpoints) BulkRevoke(ctx context.Context, r *Request) (Answer, error) {
	if _, err := r.query(); err != nil {
		return Answer{}, err
	}
	in, dry, err := r.bulkRevoke()
	if err != nil {
		return Answer{}, err
	}
	if dry {
		preview, complete, err := e.Manager.PreviewBulkRevoke(ctx, r.Caller, in)
		if err != nil {
			return Answer{}, err
		}
		body := showJob(&preview)
		body.ID, body.State, body.Complete = nil, dryRun, complete
		return Answer{Status: http.StatusOK, Body: body}, nil
	}
	j, err := e.Manager.BulkRevoke(ctx, r.Caller, in)
	if err != nil {
		return Answer{}, err
	}
	base := strings.TrimSuffix(r.called(), "/tokens/bulk-revoke")
	return Answer{Status: http.StatusAccepted, Headers: map[string]string{"Location": base + "/jobs/" + string(j.ID)}, Body: showJob(&j)}, nil
}

func (r *Request) bulkRevoke() (in lifecycle.BulkRevoke, dry bool, err error) {
	o, err := r.object(false)
	if err != nil {
		return in, false, err
	}
	for i, s := range plain[[]string](o, "ids", "a list of token ids").Value {
		id, err := token.ParseID(s)
		if err != nil && len(o.faults) < 20 {
			o.fault(fmt.Sprintf("ids[%d]", i), "bad_id", "A token id is tok_ and 22 letters or digits.")
		}
		in.IDs = append(in.IDs, id)
	}
	in.Filter = o.filter(r.Caller)
	dry, in.Reason = plain[bool](o, "dryRun", "true or false").Value, o.reason()
	if in.IdempotencyKey, err = r.idempotencyKey(); err != nil {
		return in, false, err
	}
	return in, dry, o.done()
}

// filter reads which tokens are meant; nil when there is no such member.
func (o *object) filter(c lifecycle.Caller) *job.Filter {
	raw := plain[json.RawMessage](o, "filter", "an object")
	if !raw.Set || raw.Null {
		return nil
	}
	inner, faults := nested(raw.Value, "an object")
	if inner == nil {
		o.within("filter", faults)
		return nil
	}
	f := &job.Filter{
		Kind:          choice(inner, "kind", "personal or service", token.ParseKind),
		Environment:   choice(inner, "environment", "live or test", token.ParseEnvironment),
		Scope:         plain[scope.Scope](inner, "scope", "a scope").Value,
		CreatedBefore: inner.instant("createdBefore").Value, UnusedSince: inner.instant("unusedSince").Value,
	}
	if owner := plain[string](inner, "owner", "a user id, or me"); owner.Value == "me" {
		f.Owner = c.User
	} else if owner.Set && !inner.hasFault("owner") {
		var err error
		if f.Owner, err = user.ParseID(owner.Value); err != nil {
			inner.fault("owner", "bad_id", "A user id is usr_ and 11 letters or digits, or me.")
		}
	}
	_ = inner.done()
	o.within("filter", inner.faults)
	return f
}

// GetJob answers GET /v1/jobs/{id}.
func (e *Endpoints) GetJob(ctx context.Context, r *Request) (Answer, error) {
	return r.job(ctx, e.Manager.Job)
}

// CancelJob answers DELETE /v1/jobs/{id} with the job as it was left.
func (e *Endpoints) CancelJob(ctx context.Context, r *Request) (Answer, error) {
	return r.job(ctx, e.Manager.CancelJob)
}

// job answers with what is done with the job in the path.
func (r *Request) job(ctx context.Context, do func(context.Context, lifecycle.Caller, job.ID) (job.Job, error)) (Answer, error) {
	id, err := job.ParseID(r.event.PathParameters["id"])
	if err != nil {
		return Answer{}, malformed("id", "bad_id", "A job id is job_ and 22 letters or digits.")
	}
	if _, err := r.query(); err != nil {
		return Answer{}, err
	}
	j, err := do(ctx, r.Caller, id)
	if err != nil {
		return Answer{}, err
	}
	return Answer{Status: http.StatusOK, Body: showJob(&j)}, nil
}
