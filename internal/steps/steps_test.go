package steps_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenwright/tokenwright/internal/job"
	"github.com/tokenwright/tokenwright/internal/steps"
	"github.com/tokenwright/tokenwright/internal/user"
)

// worker notes what it is asked and fails for some.
type worker struct {
	asked  []string
	broken string
}

func (w *worker) step(what string) error {
	w.asked = append(w.asked, what)
	if what == w.broken {
		return errors.New("throttled")
	}
	return nil
}

func (w *worker) Purge(_ context.Context, owner user.Ref) error { return w.step(string(owner)) }

func (w *worker) PurgeAccount(_ context.Context, account user.AccountID) error {
	return w.step(string(account))
}

func (w *worker) RunJob(_ context.Context, account user.AccountID, id job.ID) error {
	return w.step(string(account) + " " + string(id))
}

var quiet = slog.New(slog.DiscardHandler)

const (
	one = "job_0000000000000000000001"
	two = "job_0000000000000000000002"
)

func record(pk, sk, sequence string) string {
	return `{"eventName":"MODIFY","dynamodb":{"Keys":{"pk":{"S":"` + pk + `"},"sk":{"S":"` + sk + `"}},"SequenceNumber":"` + sequence + `"}}`
}

// handle hands over a batch and returns the records that are to be delivered again.
func handle(t *testing.T, h *steps.Handler, records ...string) []string {
	t.Helper()
	var batch events.DynamoDBEvent
	if err := json.Unmarshal([]byte(`{"Records":[`+strings.Join(records, ",")+`]}`), &batch); err != nil {
		t.Fatal(err)
	}
	answer, err := h.Handle(t.Context(), batch)
	if err != nil || answer.BatchItemFailures == nil {
		t.Fatalf("%+v, %v", answer, err)
	}
	var failures []string
	for _, f := range answer.BatchItemFailures {
		failures = append(failures, f.ItemIdentifier)
	}
	return failures
}

func TestOneStepForEachItemOfABatch(t *testing.T) {
	w := &worker{}
	failures := handle(t, steps.Jobs(w, quiet), record("JOBS#acc_a", "JOB#"+one, "1"), record("JOBS#acc_a", "JOB#"+two, "2"),
		record("JOBS#acc_a", "JOB#"+one, "3"), record("JOBS#acc_b", "JOB#"+one, "4"))
	if want := []string{"acc_a " + one, "acc_a " + two, "acc_b " + one}; failures != nil || !slices.Equal(w.asked, want) {
		t.Errorf("asked %v, failures %v", w.asked, failures)
	}
	w = &worker{}
	failures = handle(t, steps.Purges(w, quiet), record("OWNER#0123456789A", "PROFILE", "1"), record("OWNER#0123456789B", "PROFILE", "2"),
		record("OWNER#0123456789A", "PROFILE", "3"), record("SETTINGS#acc_a", "SETTINGS", "4"), record("SETTINGS#acc_a", "SETTINGS", "5"))
	if want := []string{"0123456789A", "0123456789B", "acc_a"}; failures != nil || !slices.Equal(w.asked, want) {
		t.Errorf("asked %v, failures %v", w.asked, failures)
	}
}

func TestAFailedStepIsDeliveredAgainAndHoldsUpNoOther(t *testing.T) {
	w := &worker{broken: "0123456789A"}
	failures := handle(t, steps.Purges(w, quiet), record("OWNER#0123456789A", "PROFILE", "7"), record("OWNER#0123456789B", "PROFILE", "8"))
	if !slices.Equal(failures, []string{"7"}) || len(w.asked) != 2 {
		t.Errorf("asked %v, failures %v", w.asked, failures)
	}
}

func TestOtherRecordsArePassedOver(t *testing.T) {
	w := &worker{}
	foreign := []string{
		record("OWNER#0123456789A", "TOKEN#x", "1"), record("ACCOUNT#a", "PROFILE", "2"), record("OWNER#short", "PROFILE", "3"),
		record("SETTINGS#", "SETTINGS", "6"), record("SETTINGS#acc_a", "PROFILE", "7"), record("ACCOUNT#acc_a", "SETTINGS", "8"),
		record("ACCOUNT#acc_a", "JOB#"+one, "4"), record("JOBS#acc_a", "JOB#short", "5"), `{"dynamodb":{"Keys":{"pk":{"N":"1"},"sk":{"S":"PROFILE"}}}}`, `{}`,
	}
	for _, h := range []*steps.Handler{steps.Purges(w, quiet), steps.Jobs(w, quiet)} {
		if failures := handle(t, h, foreign...); failures != nil || w.asked != nil {
			t.Errorf("asked %v, failures %v", w.asked, failures)
		}
	}
}
