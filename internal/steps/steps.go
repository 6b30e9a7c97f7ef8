// Package steps answers the table's stream for work that is done in steps: it takes the next step of whatever an item
// stands for, one for each change of the item. The end of a step changes the item, and so calls the next one; nothing is
// lost in between, because a step that failed is delivered again. It guarantees that one bad record holds up no other.
package steps

import (
	"context"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenwright/tokenwright/internal/dynamo/item"
	"github.com/tokenwright/tokenwright/internal/job"
	"github.com/tokenwright/tokenwright/internal/user"
)

// take takes the next step of what an item stands for, and names it; "" = the item is nothing of the kind.
type take func(ctx context.Context, k item.Key) (what string, err error)

// Handler answers batches of stream records.
type Handler struct {
	work string
	take take
	log  *slog.Logger
}

// Purger takes one step with the tokens that one write ended, about their owner or about the account.
type Purger interface {
	Purge(ctx context.Context, owner user.Ref) error
	PurgeAccount(ctx context.Context, account user.AccountID) error
}

// Purges returns the handler for profiles with a pending purge, and for profiles and settings with a sweep under way.
func Purges(p Purger, log *slog.Logger) *Handler {
	return &Handler{work: "purge", log: log, take: func(ctx context.Context, k item.Key) (string, error) {
		if owner, ok := item.ParseProfileKey(k); ok {
			return string(owner.ID()), p.Purge(ctx, owner)
		}
		if account, ok := item.ParseSettingsKey(k); ok {
			return string(account), p.PurgeAccount(ctx, account)
		}
		return "", nil
	}}
}

// Runner takes one step of a job.
type Runner interface {
	RunJob(ctx context.Context, account user.AccountID, id job.ID) error
}

// Jobs returns the handler for running jobs.
func Jobs(r Runner, log *slog.Logger) *Handler {
	return &Handler{work: "job", log: log, take: func(ctx context.Context, k item.Key) (string, error) {
		account, id, ok := item.ParseJobKey(k)
		if !ok {
			return "", nil
		}
		return string(id), r.RunJob(ctx, account, id)
	}}
}

// Handle takes one step of each item in a batch and names the records that are to be delivered again
// (ReportBatchItemFailures). The event source's filter passes what is under way alone; a record of anything else is
// passed over.
func (h *Handler) Handle(ctx context.Context, batch events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	response := events.DynamoDBEventResponse{BatchItemFailures: []events.DynamoDBBatchItemFailure{}}
	done := map[item.Key]bool{}
	for _, record := range batch.Records {
		key := item.Key{PK: text(record, "pk"), SK: text(record, "sk")}
		if done[key] {
			continue
		}
		what, err := h.take(ctx, key)
		if err != nil {
			h.log.ErrorContext(ctx, "step", "work", h.work, "of", what, "cause", err.Error())
			response.BatchItemFailures = append(response.BatchItemFailures, events.DynamoDBBatchItemFailure{ItemIdentifier: record.Change.SequenceNumber})
			continue
		}
		if done[key] = true; what != "" {
			h.log.InfoContext(ctx, "step", "work", h.work, "of", what)
		}
	}
	return response, nil
}

func text(record events.DynamoDBEventRecord, name string) string {
	v := record.Change.Keys[name]
	if v.DataType() != events.DataTypeString {
		return ""
	}
	return v.String()
}
