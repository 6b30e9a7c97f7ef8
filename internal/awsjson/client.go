// Package awsjson speaks AWS's JSON protocol (https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html) to one
// service, for the one or two calls that every validation waits for; everything else uses the SDK. Requests are signed
// by the SDK's own signer. It guarantees that no call outlives its budgets, that an answer is whole, and that an error
// tells what passes by itself (Transient) from what does not. What requests and answers mean is left to others.
package awsjson

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Budgets bound a call. Every field must be set.
type Budgets struct {
	Attempt  time.Duration // one request and its answer, connecting included
	Total    time.Duration // all attempts and the pauses between them
	Attempts int
}

// Service says where a service is, how it wants its requests, and who asks.
type Service struct {
	Name        string // as in signatures, and in the service's own host name
	Target      string // what stands before the operation in X-Amz-Target
	ContentType string
	Region      string
	URL         string // "" = the region's own endpoint
	Credentials aws.Credentials
	Budgets     Budgets
}

// Client makes calls to one service. It is safe for concurrent use.
type Client struct {
	service   Service
	url       *url.URL
	transport http.RoundTripper
	signer    *v4.Signer
}

// maxAnswer bounds what is read of an answer: a few items of DynamoDB's largest size.
const maxAnswer = 2 << 20

// connectTimeout bounds connecting and, again, the TLS handshake.
const connectTimeout = 700 * time.Millisecond

// New returns a client, which connects on its first call.
func New(s Service) (*Client, error) {
	if s.URL == "" {
		s.URL = Endpoint(s.Name, s.Region)
	}
	u, err := url.Parse(s.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("endpoint %q of %s is no URL", s.URL, s.Name)
	}
	if u.Path == "" {
		u.Path = "/"
	}
	return &Client{service: s, url: u, signer: v4.NewSigner(), transport: &http.Transport{
		DialContext:         (&net.Dialer{Timeout: connectTimeout}).DialContext,
		TLSHandshakeTimeout: connectTimeout,
		MaxIdleConnsPerHost: 4,
		IdleConnTimeout:     5 * time.Minute,
		DisableCompression:  true, // answers are small
		ForceAttemptHTTP2:   false,
	}}, nil
}

// Call sends one request and returns the answer's text. What passes by itself is tried again within the budgets.
func (c *Client) Call(ctx context.Context, operation string, body []byte) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.service.Budgets.Total)
	defer cancel()
	for attempt := 1; ; attempt++ {
		answer, err := c.attempt(ctx, operation, body)
		if err == nil {
			return answer, nil
		}
		if !Transient(err) || attempt == c.service.Budgets.Attempts || !pause(ctx, attempt) {
			return "", fmt.Errorf("%s %s: %w", c.service.Name, operation, err)
		}
	}
}

// pause waits before another attempt, a little longer each time and by chance, so that many processes do not come back
// at once. It says no when the call's time is over.
func pause(ctx context.Context, attempt int) bool {
	longest := 50 * time.Millisecond * time.Duration(attempt)
	timer := time.NewTimer(rand.N(longest)) //nolint:gosec // spreads load; nobody gains from guessing it
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (c *Client) attempt(ctx context.Context, operation string, body []byte) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.service.Budgets.Attempt)
	defer cancel()
	request, err := c.request(ctx, operation, body)
	if err != nil {
		return "", err
	}
	response, err := c.transport.RoundTrip(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := whole(response)
	if err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusOK {
		return "", errorOf(response.StatusCode, response.Header.Get("X-Amzn-Errortype"), answer)
	}
	return answer, nil
}

// request makes a signed request. Each attempt is signed anew, because a signature is of its time.
func (c *Client) request(ctx context.Context, operation string, body []byte) (*http.Request, error) {
	at := *c.url // the signer writes into it
	request := (&http.Request{
		Method: http.MethodPost, URL: &at, Host: at.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{
			"Content-Type": {c.service.ContentType}, "X-Amz-Target": {c.service.Target + operation},
			// Calls here may be repeated, so the transport may send one again when a kept connection turns out to be
			// closed. The key without a value tells it so, and is not sent.
			"X-Idempotency-Key": nil,
		},
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
		GetBody: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil },
	}).WithContext(ctx)
	hash := sha256.Sum256(body)
	// The signer would sign the empty key as well.
	delete(request.Header, "X-Idempotency-Key")
	err := c.signer.SignHTTP(ctx, c.service.Credentials, request, hex.EncodeToString(hash[:]), c.service.Name, c.service.Region, time.Now())
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	request.Header["X-Idempotency-Key"] = nil
	return request, nil
}

// errPartial is returned for an answer that is not the one that was sent.
var errPartial = errors.New("the answer is not whole")

// whole reads an answer. The transport holds it to its length; DynamoDB also sends a checksum.
func whole(r *http.Response) (string, error) {
	if r.ContentLength > maxAnswer {
		return "", fmt.Errorf("%w: %d bytes are too many", errPartial, r.ContentLength)
	}
	var body []byte
	var err error
	if r.ContentLength >= 0 {
		body = make([]byte, r.ContentLength)
		_, err = io.ReadFull(r.Body, body)
	} else {
		body, err = io.ReadAll(io.LimitReader(r.Body, maxAnswer+1))
	}
	if err != nil || len(body) > maxAnswer {
		return "", fmt.Errorf("%w: %w", errPartial, err)
	}
	if sum := r.Header.Get("X-Amz-Crc32"); sum != "" && sum != strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10) {
		return "", fmt.Errorf("%w: checksum", errPartial)
	}
	return string(body), nil
}
