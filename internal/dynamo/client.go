package dynamo

import (
	"context"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/tokenwright/tokenwright/internal/dynamo/item"
)

// Budgets of one call to DynamoDB. The worst case, Total, stays well under the 10 seconds that API Gateway gives an
// authorizer, so that a slow table is answered by us and not by the gateway's own timeout.
const (
	ConnectTimeout = 700 * time.Millisecond
	AttemptTimeout = 1200 * time.Millisecond
	TotalTimeout   = 4 * time.Second
	MaxAttempts    = 3
	maxBackoff     = 150 * time.Millisecond
)

// Endpoint says where the table is and who asks.
type Endpoint struct {
	Region      string
	URL         string // "" = the region's own endpoint
	Credentials aws.CredentialsProvider
}

// NewClient returns a client with these budgets. It connects on first use.
func NewClient(e Endpoint) *dynamodb.Client {
	o := dynamodb.Options{
		Region: e.Region, Credentials: e.Credentials, HTTPClient: newHTTPClient(),
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = MaxAttempts
			o.MaxBackoff = maxBackoff
		}),
	}
	if e.URL != "" {
		o.BaseEndpoint = aws.String(e.URL)
	}
	return dynamodb.New(o)
}

// newHTTPClient returns a client for one AWS host: connections are kept, and no attempt outlives its budget.
func newHTTPClient() *http.Client {
	return &http.Client{
		Timeout: AttemptTimeout,
		Transport: readBodies{&http.Transport{
			DialContext:         (&net.Dialer{Timeout: ConnectTimeout}).DialContext,
			TLSHandshakeTimeout: ConnectTimeout,
			MaxIdleConnsPerHost: 4,
			IdleConnTimeout:     5 * time.Minute,
			ForceAttemptHTTP2:   false, // DynamoDB speaks HTTP/1.1
		}},
	}
}

// readBodies has bodies read, and never asked to write themselves. The SDK closes a request's body as soon as the answer
// begins; a body of over 4 KB, asked to write itself once more to see that no more comes, then says io.EOF, which net/http
// takes for a failed write: it closes the connection, and what is left of the answer is lost ("use of closed network
// connection", https://github.com/aws/aws-sdk-go-v2/issues/2737).
type readBodies struct{ http.RoundTripper }

// RoundTrip is the transport's.
func (t readBodies) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		reading := *r
		reading.Body = struct{ io.ReadCloser }{r.Body}
		r = &reading
	}
	return t.RoundTripper.RoundTrip(r)
}

// Warm opens the connection while a function starts, where CPU and time are plentiful, by reading a key that is never
// there. Its failure is no failure: the first request connects then.
func (t *Table) Warm(ctx context.Context) error {
	_, err := t.batch(ctx, []item.Key{item.NoKey()})
	return err
}
