package stream_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenwright/tokenwright/internal/dev/aws/stream"
)

// function stands in for a Lambda function: it notes what it gets and answers as told.
type function struct {
	mu      sync.Mutex
	batches [][]string // new names of each call
	records []events.DynamoDBEventRecord
	answer  func(call int, names []string, e events.DynamoDBEvent) (string, bool, error)
}

func (f *function) invoke(_ context.Context, event []byte) ([]byte, bool, error) {
	var e events.DynamoDBEvent
	if err := json.Unmarshal(event, &e); err != nil {
		return nil, false, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var names []string
	for _, r := range e.Records {
		names = append(names, r.Change.Keys["pk"].String())
	}
	f.batches, f.records = append(f.batches, names), append(f.records, e.Records...)
	if f.answer == nil {
		return []byte(`{"batchItemFailures":[]}`), false, nil
	}
	text, failed, err := f.answer(len(f.batches), names, e)
	return []byte(text), failed, err
}

func (f *function) got() [][]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.batches)
}

type log struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *log) printf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(&l.text, format+"\n", args...)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// run offers changes, delivers until the function has had so many calls, and returns what it got and what was logged.
func run(t *testing.T, f *function, m stream.Mapping, changes []stream.Change, calls int) ([][]string, string) {
	t.Helper()
	var l log
	if m.BatchSize == 0 {
		m.BatchSize = 10
	}
	m.StreamARN, m.Function = "arn:stream", "arn:function"
	c := stream.New(stream.Config{
		Mapping: m, Keys: []string{"pk"}, View: "NEW_AND_OLD_IMAGES", Region: "us-east-1", Invoke: f.invoke, Now: time.Now, Log: l.printf,
	})
	for _, change := range changes {
		c.Offer(change)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { c.Run(ctx) })
	for deadline := time.Now().Add(10 * time.Second); len(f.got()) < calls && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(20 * time.Millisecond) // for a call too many
	cancel()
	done.Wait()
	return f.got(), l.String()
}

func image(name, purge string) json.RawMessage {
	return json.RawMessage(`{"pk":{"S":"` + name + `"},"purge":{"S":"` + purge + `"},"n":{"N":"7"}}`)
}

func made(names ...string) (out []stream.Change) {
	for _, name := range names {
		out = append(out, stream.Change{New: image(name, "pending")})
	}
	return out
}

func pattern(t *testing.T, text string) []stream.Pattern {
	t.Helper()
	p, err := stream.ParsePattern(text)
	if err != nil {
		t.Fatal(err)
	}
	return []stream.Pattern{p}
}

func TestRecordsAreWhatAWSsLibraryReads(t *testing.T) {
	f := &function{}
	run(t, f, stream.Mapping{}, []stream.Change{
		{New: image("a", "x")}, {Old: image("a", "x"), New: image("a", "y")}, {Old: image("a", "y"), New: image("a", "y")}, {Old: image("a", "y"), Expired: true},
	}, 1)
	var names []string
	last := ""
	for _, r := range f.records {
		names = append(names, r.EventName)
		if r.Change.SequenceNumber <= last || r.EventID == "" || r.EventSource != "aws:dynamodb" || r.EventSourceArn != "arn:stream" || r.Change.StreamViewType != "NEW_AND_OLD_IMAGES" ||
			time.Since(r.Change.ApproximateCreationDateTime.Time) > time.Minute {
			t.Errorf("%+v", r)
		}
		last = r.Change.SequenceNumber
	}
	if !slices.Equal(names, []string{"INSERT", "MODIFY", "REMOVE"}) {
		t.Fatalf("%v: a write that changes nothing is no record", names)
	}
	if r := f.records[1].Change; r.OldImage["purge"].String() != "x" || r.NewImage["purge"].String() != "y" || r.NewImage["n"].Number() != "7" {
		t.Errorf("images %+v", r)
	}
	if who := f.records[2].UserIdentity; who == nil || who.PrincipalID != "dynamodb.amazonaws.com" {
		t.Errorf("TTL's removal is by %+v", who)
	}
}

func TestFiltersLetPassWhatTheyName(t *testing.T) {
	changes := []stream.Change{
		{New: image("new", "pending")}, {Old: image("kept", "done"), New: image("kept", "pending")}, {New: image("done", "done")},
		{Old: image("gone", "pending")}, {New: json.RawMessage(`{"pk":{"S":"other"}}`)},
	}
	for text, want := range map[string]string{
		`{"eventName":["INSERT","MODIFY"],"dynamodb":{"NewImage":{"purge":{"S":["pending"]}}}}`: "new kept",
		`{"dynamodb":{"NewImage":{"purge":{"S":[{"exists":true}]}}}}`:                           "new kept done",
		`{"dynamodb":{"NewImage":{"purge":[{"exists":true}]}}}`:                                 "",
		`{"dynamodb":{"NewImage":{"purge":{"N":[{"exists":true}]}}}}`:                           "",
		`{"eventName":["REMOVE"]}`:                                                              "gone",
		`{"dynamodb":{"NewImage":{"n":{"N":["7","8"]}}}}`:                                       "new kept done",
		`{"dynamodb":{"Keys":{"pk":{"S":["other"]}}}}`:                                          "other",
		`{"dynamodb":{"StreamViewType":["KEYS_ONLY"]}}`:                                         "",
		`{"eventSource":["aws:dynamodb"],"absent":[null]}`:                                      "",
	} {
		f := &function{}
		got, _ := run(t, f, stream.Mapping{Filters: pattern(t, text)}, changes, min(1, len(want)))
		if all := strings.Join(slices.Concat(got...), " "); all != want {
			t.Errorf("%s lets pass %q, want %q", text, all, want)
		}
	}
}

func TestPatternsThatAreNotUnderstoodAreRefused(t *testing.T) {
	for _, text := range []string{
		``, `[]`, `{}`, `{"eventName":"INSERT"}`, `{"eventName":[]}`, `{"eventName":[{"prefix":"IN"}]}`, `{"dynamodb":{"NewImage":{"ttl":{"N":[{"exists":false}]}}}}`, `{"eventName":[{"exists":"true"}]}`, `{"eventName":[["INSERT"]]}`,
	} {
		if _, err := stream.ParsePattern(text); err == nil {
			t.Errorf("%s is understood", text)
		}
	}
}

func TestBatchesKeepTheOrderAndTheirBound(t *testing.T) {
	got, _ := run(t, &function{}, stream.Mapping{BatchSize: 2}, made("a", "b", "a", "c", "b"), 3)
	if fmt.Sprint(got) != "[[a b] [a c] [b]]" {
		t.Errorf("%v", got)
	}
}

func TestARecordThatFailedIsDeliveredAgainWithWhatFollows(t *testing.T) {
	f := &function{answer: func(call int, _ []string, e events.DynamoDBEvent) (string, bool, error) {
		if call == 1 {
			return `{"batchItemFailures":[{"itemIdentifier":"` + e.Records[1].Change.SequenceNumber + `"}]}`, false, nil
		}
		return `{}`, false, nil
	}}
	got, logged := run(t, f, stream.Mapping{ReportsEach: true, Retries: 3}, made("a", "b", "c"), 2)
	if fmt.Sprint(got) != "[[a b c] [b c]]" || logged != "" {
		t.Errorf("%v %s", got, logged)
	}
}

func TestAFailureIsTriedAgainAndThenGivenUpAndWhatFollowsGoesOn(t *testing.T) {
	f := &function{answer: func(_ int, names []string, _ events.DynamoDBEvent) (string, bool, error) {
		switch names[0] {
		case "broken":
			return `{"errorMessage":"exit status 1"}`, true, nil
		case "late":
			return "", false, errors.New("too many invocations")
		}
		return `null`, false, nil
	}}
	got, logged := run(t, f, stream.Mapping{BatchSize: 1, Retries: 2, Failures: "the queue"}, made("a", "broken", "late", "b"), 8)
	if fmt.Sprint(got) != "[[a] [broken] [broken] [broken] [late] [late] [late] [b]]" {
		t.Errorf("%v", got)
	}
	if strings.Count(logged, "1 records of the stream given up") != 2 || !strings.Contains(logged, "exit status 1") || !strings.Contains(logged, "AWS would tell the queue") {
		t.Errorf("the log says %q", logged)
	}
}

func TestABatchThatFailsIsSplitUntilTheBadRecordIsAlone(t *testing.T) {
	f := &function{answer: func(_ int, names []string, _ events.DynamoDBEvent) (string, bool, error) {
		return `{}`, slices.Contains(names, "broken"), nil
	}}
	got, logged := run(t, f, stream.Mapping{Bisect: true, Retries: 1}, made("a", "b", "broken", "c"), 6)
	if fmt.Sprint(got) != "[[a b broken c] [a b] [broken c] [broken] [broken] [c]]" || !strings.Contains(logged, "1 records") {
		t.Errorf("%v %s", got, logged)
	}
}

func TestRecordsThatAreTooOldAreGivenUp(t *testing.T) {
	logged := ""
	for range 100 {
		var got [][]string
		if got, logged = run(t, &function{}, stream.Mapping{Retries: -1, MaxAge: time.Nanosecond}, made("a"), 0); len(got) > 0 {
			t.Fatalf("the function got %v", got)
		}
		if logged != "" {
			break
		}
	}
	if !strings.Contains(logged, "too old") {
		t.Errorf("the log says %q", logged)
	}
}

func TestAnAnswerThatMakesNoSenseFailsTheWholeBatch(t *testing.T) {
	f := &function{answer: func(call int, _ []string, _ events.DynamoDBEvent) (string, bool, error) {
		return []string{`{"batchItemFailures":[{"itemIdentifier":"unknown"}]}`, `"what"`, `{}`}[call-1], false, nil
	}}
	got, _ := run(t, f, stream.Mapping{ReportsEach: true, Retries: 5}, made("a", "b"), 3)
	if fmt.Sprint(got) != "[[a b] [a b] [a b]]" {
		t.Errorf("%v", got)
	}
}

func TestAWriterNeverWaitsForTheFunction(t *testing.T) {
	release := make(chan struct{})
	f := &function{answer: func(int, []string, events.DynamoDBEvent) (string, bool, error) { <-release; return `{}`, false, nil }}
	c := stream.New(stream.Config{Mapping: stream.Mapping{BatchSize: 1}, Keys: []string{"pk"}, View: "KEYS_ONLY", Invoke: f.invoke, Now: time.Now, Log: t.Logf})
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { c.Run(ctx) })
	began := time.Now()
	for range 1000 {
		c.Offer(made("a")[0])
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("1,000 writes took %v", took)
	}
	cancel()
	close(release)
	done.Wait()
}
