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
	failed, err := t.transact(ctx, "creating "+string(j.ID), []types.TransactWriteItem{
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

// StepJob writes the next state of a job, the changes of tokens and the events that the step consists of, all or nothing;
// store.ErrChanged when the job, or one of the tokens, is not as it was read. So a step that is begun twice counts once.
func (t *Table) StepJob(ctx context.Context, before, after job.Job, changes []store.TokenChange, events []audit.Event) error {
	writes := []types.TransactWriteItem{t.update(item.OfJob(&before), item.OfJob(&after))}
	for i := range changes {
		writes = append(writes, t.update(item.OfToken(&changes[i].Before), item.OfToken(&changes[i].After)))
	}
	for i := range events {
		writes = append(writes, t.event(&events[i]))
	}
	failed, err := t.transact(ctx, "writing a step of "+string(before.ID), writes)
	if err == nil && len(failed) > 0 {
		return fmt.Errorf("writing a step of %s: %w", before.ID, store.ErrChanged)
	}
	return err
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
