package dynamo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/tokenwright/tokenwright/internal/token"
)

// errNoItem is what a read of an absent item yields inside this package.
var errNoItem = errors.New("no such item")

// translate turns an error of the SDK into one of the project's. What passes when DynamoDB is well again is
// token.ErrUnavailable; everything else is our own mistake (permissions, a bad expression) and keeps its text alone, so
// that no SDK type crosses the border.
func translate(action string, err error) error {
	if err == nil {
		return nil
	}
	if isTransient(err) {
		return fmt.Errorf("%s: %w: %s", action, token.ErrUnavailable, err.Error())
	}
	return fmt.Errorf("%s: %s", action, err.Error())
}

func isTransient(err error) bool {
	var network net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || errors.As(err, &network) {
		return true
	}
	var exception *types.TransactionCanceledException
	if errors.As(err, &exception) {
		return slices.ContainsFunc(exception.CancellationReasons, func(r types.CancellationReason) bool {
			return aws.ToString(r.Code) == "ThrottlingError" || aws.ToString(r.Code) == "ProvisionedThroughputExceeded"
		})
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		// No answer that could be read: a broken connection, a body cut short.
		return true
	}
	switch api.ErrorCode() {
	case "ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded", "InternalServerError",
		"ServiceUnavailable", "TransactionConflictException", "TransactionInProgressException", "LimitExceededException":
		return true
	}
	return api.ErrorFault() == smithy.FaultServer
}

// cancelled tells why DynamoDB cancelled a transaction, by the index of the write.
type cancelled struct {
	failed    map[int]bool // the condition does not hold
	conflicts map[int]bool // another transaction was on the item
}

// reasons reads why a transaction was cancelled; ok is false when err is something else.
func reasons(err error) (c cancelled, ok bool) {
	var exception *types.TransactionCanceledException
	if !errors.As(err, &exception) {
		return cancelled{}, false
	}
	c = cancelled{failed: map[int]bool{}, conflicts: map[int]bool{}}
	for i, r := range exception.CancellationReasons {
		switch aws.ToString(r.Code) {
		case "ConditionalCheckFailed":
			c.failed[i] = true
		case "TransactionConflict":
			c.conflicts[i] = true
		}
	}
	return c, len(c.failed)+len(c.conflicts) > 0
}
