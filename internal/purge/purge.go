// Package purge answers the table's stream: it removes the tokens of offboarded users, a step for each change of their
// profile. The end of a step changes the profile, and so calls the next one; nothing is lost in between, because a step
// that failed is delivered again. It guarantees that one bad record holds up no other.
package purge

import (
	"context"
	"log/slog"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenwright/tokenwright/internal/user"
)

// Purger takes one step of the purge of a user.
type Purger interface {
	Purge(ctx context.Context, owner user.Ref) error
}

// Handler answers batches of stream records.
type Handler struct {
	purger Purger
	log    *slog.Logger
}

// New returns a Handler.
func New(p Purger, log *slog.Logger) *Handler { return &Handler{purger: p, log: log} }

// Handle takes one step for each user in a batch and names the records that are to be delivered again
// (ReportBatchItemFailures). The event source's filter passes profiles with a pending purge alone; a record of anything
// else is passed over.
func (h *Handler) Handle(ctx context.Context, batch events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	response := events.DynamoDBEventResponse{BatchItemFailures: []events.DynamoDBBatchItemFailure{}}
	done := map[user.Ref]bool{}
	for _, record := range batch.Records {
		owner, ok := ownerOf(record)
		if !ok || done[owner] {
			continue
		}
		if err := h.purger.Purge(ctx, owner); err != nil {
			h.log.ErrorContext(ctx, "purge", "user", string(owner.ID()), "cause", err.Error())
			response.BatchItemFailures = append(response.BatchItemFailures, events.DynamoDBBatchItemFailure{ItemIdentifier: record.Change.SequenceNumber})
			continue
		}
		done[owner] = true
		h.log.InfoContext(ctx, "purge", "user", string(owner.ID()))
	}
	return response, nil
}

func ownerOf(record events.DynamoDBEventRecord) (user.Ref, bool) {
	pk, sk := record.Change.Keys["pk"], record.Change.Keys["sk"]
	if pk.DataType() != events.DataTypeString || sk.DataType() != events.DataTypeString || sk.String() != "PROFILE" {
		return "", false
	}
	id, err := user.ParseID("usr_" + strings.TrimPrefix(pk.String(), "OWNER#"))
	return id.Ref(), err == nil
}
