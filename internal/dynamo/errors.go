package dynamo

import (
	"context"
	"errors"
	"fmt"
	"net"

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

// failedConditions returns which writes of a cancelled transaction had their condition fail, by index. ok is false
// when err is something else.
func failedConditions(err error) (failed map[int]bool, ok bool) {
	var cancelled *types.TransactionCanceledException
	if !errors.As(err, &cancelled) {
		return nil, false
	}
	failed = map[int]bool{}
	for i, r := range cancelled.CancellationReasons {
		if r.Code != nil && *r.Code == "ConditionalCheckFailed" {
			failed[i] = true
		}
	}
	return failed, true
}
