// Package lambda runs compiled functions on this machine the way Lambda does:
// each process speaks the Lambda Runtime API, handles one event at a time, is
// kept for the next event, and is replaced when it crashes or runs too long.
//
// It guarantees that no process outlives Close, that a function sees only the
// environment Lambda would give it, and that errors, timeouts and oversized
// answers look to the caller as they do on AWS. It leaves out what a machine
// without containers cannot do: memory limits, CPU shares, a read-only file
// system, SnapStart, provisioned concurrency and response streaming.
package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"
)

// Limits of the service.
const (
	// MaxPayload is the most bytes a synchronous event or answer may have.
	MaxPayload = 6*1024*1024 + 100
	// defaultConcurrency keeps a laptop usable; AWS starts at 1,000 per account.
	defaultConcurrency = 10
	defaultInit        = 10 * time.Second
	defaultQueue       = 5 * time.Second
)

// Errors of the service itself, as opposed to errors a function returns.
var (
	ErrNotFound  = errors.New("the function does not exist")
	ErrThrottled = errors.New("too many invocations of the function are under way")
	ErrTooLarge  = errors.New("the event is larger than 6 MB")
	ErrStopped   = errors.New("the local Lambda has stopped")
)

// Function is one function to run.
type Function struct {
	// Label begins each of the function's log lines.
	Label string
	Name  string
	ARN   string
	// Program is the absolute path of the compiled bootstrap.
	Program string
	Handler string
	// Environment is what the template sets; Lambda's own variables are added.
	Environment map[string]string
	// AccessKeyID is what the function signs its AWS calls with, so that the
	// stand-ins know who calls.
	AccessKeyID string
	Timeout     time.Duration
	MemoryMB    int
	// Concurrency is the most processes at once; zero, and more than 10, mean 10.
	Concurrency int
	LogFormat   string // Text or JSON
	LogLevel    string // empty: not set
}

// Options of the service.
type Options struct {
	// Log receives what the functions print, a whole line at a time.
	Log io.Writer
	// InitTimeout bounds a process's start; zero means 10 seconds, as on AWS.
	InitTimeout time.Duration
	// QueueTimeout is how long an event waits for a free process before it is
	// refused with ErrThrottled; zero means 5 seconds. Lambda does not wait.
	QueueTimeout time.Duration
	// Region is put into the functions' environment.
	Region string
}

// Result is the answer to one event.
type Result struct {
	Payload []byte
	// Failed says that Payload is an error object; see Failure.
	Failed    bool
	RequestID string
}

// Failure is the error object of a failed invocation.
type Failure struct {
	Message string `json:"errorMessage"`
	Type    string `json:"errorType"`
}

// Failure decodes the error object; the zero value when there is none.
func (r Result) Failure() (f Failure) {
	if r.Failed && json.Unmarshal(r.Payload, &f) != nil {
		f = Failure{Type: "Unknown", Message: string(r.Payload)}
	}
	return f
}

// Service runs a set of functions. It is safe for concurrent use.
type Service struct {
	pools map[string]*pool // by name and by ARN
	list  []*pool
}

// New makes the service; a process is started when the first event arrives.
func New(functions []Function, o Options) *Service {
	if o.InitTimeout == 0 {
		o.InitTimeout = defaultInit
	}
	if o.QueueTimeout == 0 {
		o.QueueTimeout = defaultQueue
	}
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	log := &lockedWriter{w: o.Log}
	s := &Service{pools: map[string]*pool{}}
	for _, f := range functions {
		p := newPool(f, o, log)
		s.pools[f.Name], s.pools[f.ARN] = p, p
		s.list = append(s.list, p)
	}
	return s
}

// Invoke hands an event to a function, by name or ARN, and waits for the
// answer. When ctx ends first, Invoke returns its error while the function goes
// on until its own timeout: a caller that hangs up does not stop a Lambda.
func (s *Service) Invoke(ctx context.Context, function string, event []byte) (Result, error) {
	p, ok := s.pools[strings.TrimSuffix(function, ":$LATEST")]
	if !ok {
		return Result{}, ErrNotFound
	}
	if len(event) > MaxPayload {
		return Result{}, ErrTooLarge
	}
	return p.invoke(ctx, event)
}

// Close kills every process with its process group and returns when all are gone.
func (s *Service) Close() {
	for _, p := range s.list {
		p.stop()
	}
	for _, p := range s.list {
		p.running.Wait()
	}
}
