package authorizer

import (
	"context"
	"io"
	"strconv"
	"time"

	"github.com/tokenwright/tokenwright/internal/jsonread"
)

const namespace = "Tokenwright"

// Metrics writes counts in CloudWatch's Embedded Metric Format, which cost no API call. The zero Metrics writes nothing.
type Metrics struct {
	Writer io.Writer
	Now    func() time.Time
	// Stack is whose counts they are: an AWS account may hold several stacks, and the alarms of one look at its own counts alone.
	Stack string
}

// Validation counts one decision by its outcome: allowed, unauthenticated, denied or error. reason is a property one
// can search for, not a dimension: each dimension value is a billed metric.
// See https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html.
func (m Metrics) Validation(_ context.Context, outcome, reason string) {
	if m.Writer == nil {
		return
	}
	b := append(make([]byte, 0, 320), `{"_aws":{"Timestamp":`...)
	b = strconv.AppendInt(b, m.Now().UnixMilli(), 10)
	b = append(b, `,"CloudWatchMetrics":[{"Namespace":"`+namespace+`","Dimensions":[["Stack","Outcome"]],`+
		`"Metrics":[{"Name":"Validations","Unit":"Count"}]}]},"Stack":`...)
	b = jsonread.AppendString(b, m.Stack)
	b = jsonread.AppendString(append(b, `,"Outcome":`...), outcome)
	b = jsonread.AppendString(append(b, `,"Reason":`...), reason)
	b = append(b, `,"Validations":1}`+"\n"...)
	_, _ = m.Writer.Write(b) // a lost count is no reason to fail a request
}
