package dynamo

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/dynamo/item"
	"github.com/tokenwright/tokenwright/internal/job"
	"github.com/tokenwright/tokenwright/internal/retry"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Job reads a job; one whose time is over and that TTL has not removed yet is returned as well.
func (t *Table) Job(ctx context.Context, account user.AccountID, id job.ID) (job.Job, error) {
	it, err := t.get(ctx, item.JobKey(account, id))
	if errors.Is(err, errNoItem) {
		return job.Job{}, job.ErrNotFound
	}
	if err != nil {
		return job.Job{}, err
	}
	return item.Job(it)
}

// CreateJob writes a job with its event; store.ErrExists when one of this id is there and its time is not over.
func (t *Table) CreateJob(ctx context.Context, j job.Job, event audit.Event) error {
	failed, err := t.transact(ctx, retry.Changing, "creating "+string(j.ID), []types.TransactWriteItem{
		{Put: &types.Put{
			TableName: t.name, Item: values(item.OfJob(&j)), ConditionExpression: aws.String("attribute_not_exists(pk) OR endsAt <= :now"),
			ExpressionAttributeValues: values(item.Item{":now": item.Time(j.CreatedAt)}),
		}},
		t.event(&event),
	})
	if err == nil && len(failed) > 0 {
		return store.ErrExists
	}
	return err
}

// StepJob writes a step, all or nothing; store.ErrChanged when the job is not as it was read, so that a step which is begun twice
// counts once, and *store.InTheWayError when it met tokens that others are writing or have ended.
func (t *Table) StepJob(ctx context.Context, s job.Step) error {
	action := "writing a step of " + string(s.Before.ID)
	writes := []types.TransactWriteItem{t.update(item.OfJob(&s.Before), item.OfJob(&s.After))}
	for i := range s.Endings {
		writes = append(writes, t.tokenEnding(&s.Endings[i]))
	}
	for i := range s.Endings {
		writes = append(writes, t.event(&s.Endings[i].Event))
	}
	for i := range s.Notes {
		writes = append(writes, t.event(&s.Notes[i]))
	}
	patience := retry.Changing
	if s.Alone {
		patience = retry.Ending
	}
	return retry.Do(ctx, patience, isBusy, func(ctx context.Context) error {
		why, err := t.attempt(ctx, action, writes)
		if err != nil || len(why.failed)+len(why.conflicts) == 0 {
			return err
		}
		if why.failed[0] {
			return fmt.Errorf("%s: %w", action, store.ErrChanged)
		}
		var way store.InTheWayError
		for i, e := range s.Endings {
			if why.failed[i+1] || why.conflicts[i+1] && !s.Alone {
				way.Tokens = append(way.Tokens, e.Before.ID)
			}
		}
		if len(way.Tokens) > 0 {
			return &way
		}
		return fmt.Errorf("%s: %w", action, store.ErrBusy)
	})
}

// CancelJob ends a job that is running; store.ErrChanged when it is not any more. A step under way finds it changed.
func (t *Table) CancelJob(ctx context.Context, before, after job.Job, event audit.Event) error {
	return t.end(ctx, "cancelling "+string(before.ID), &event, t.ending(item.OfJob(&before), item.OfJob(&after), 0, condition{
		"#state = :running", map[string]string{"#state": "state"}, item.Item{":running": item.String(string(job.Running))},
	}))
}

// TokensNamed reads tokens by id, strongly consistent; those that do not exist are left out.
func (t *Table) TokensNamed(ctx context.Context, ids []token.ID) (map[token.ID]token.Token, error) {
	ctx, cancel := context.WithTimeout(ctx, TotalTimeout)
	defer cancel()
	tokens := make(map[token.ID]token.Token, len(ids))
	for chunk := range slices.Chunk(ids, maxBatchGet) {
		keys := make([]item.Key, len(chunk))
		for i, id := range chunk {
			keys[i] = item.TokenKey(id)
		}
		found, err := t.batch(ctx, keys)
		if err != nil {
			return nil, err
		}
		for _, it := range found {
			tok, err := item.Token(it)
			if err != nil {
				return nil, err
			}
			tokens[tok.ID] = tok
		}
	}
	return tokens, nil
}
