// Package runner answers the table's stream: it takes the next step of jobs, one for each change of a job's item. The end of
// a step changes the item, and so calls the next one; nothing is lost in between, because a step that failed is
// delivered again. It guarantees that one bad record holds up no other.
package runner

import (
	"context"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenwright/tokenwright/internal/dynamo/item"
	"github.com/tokenwright/tokenwright/internal/job"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Jobs takes one step of a job.
type Jobs interface {
	RunJob(ctx context.Context, account user.AccountID, id job.ID) error
}

// Handler answers batches of stream records.
type Handler struct {
	jobs Jobs
	log  *slog.Logger
}

// New returns a Handler.
func New(j Jobs, log *slog.Logger) *Handler { return &Handler{jobs: j, log: log} }

// Handle takes one step of each job in a batch and names the records that are to be delivered again
// (ReportBatchItemFailures). The event source's filter passes running jobs alone; a record of anything else is passed
// over.
func (h *Handler) Handle(ctx context.Context, batch events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	response := events.DynamoDBEventResponse{BatchItemFailures: []events.DynamoDBBatchItemFailure{}}
	done := map[item.Key]bool{}
	for _, record := range batch.Records {
		key := item.Key{PK: text(record, "pk"), SK: text(record, "sk")}
		account, id, ok := item.ParseJobKey(key)
		if !ok || done[key] {
			continue
		}
		if err := h.jobs.RunJob(ctx, account, id); err != nil {
			h.log.ErrorContext(ctx, "job", "job", string(id), "account", string(account), "cause", err.Error())
			response.BatchItemFailures = append(response.BatchItemFailures, events.DynamoDBBatchItemFailure{ItemIdentifier: record.Change.SequenceNumber})
			continue
		}
		done[key] = true
		h.log.InfoContext(ctx, "job", "job", string(id), "account", string(account))
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
