package runner_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenwright/tokenwright/internal/job"
	"github.com/tokenwright/tokenwright/internal/obs"
	"github.com/tokenwright/tokenwright/internal/runner"
	"github.com/tokenwright/tokenwright/internal/user"
)

// steps notes what it is asked and fails for some.
type steps struct {
	asked  []string
	broken job.ID
}

func (s *steps) RunJob(_ context.Context, account user.AccountID, id job.ID) error {
	s.asked = append(s.asked, string(account)+" "+string(id))
	if id == s.broken {
		return errors.New("throttled")
	}
	return nil
}

const (
	one = "job_0000000000000000000001"
	two = "job_0000000000000000000002"
)

func record(pk, sk, sequence string) string {
	return `{"eventName":"MODIFY","dynamodb":{"Keys":{"pk":{"S":"` + pk + `"},"sk":{"S":"` + sk + `"}},"SequenceNumber":"` + sequence + `"}}`
}

func handle(t *testing.T, s *steps, records ...string) []string {
	t.Helper()
	var batch events.DynamoDBEvent
	text := "["
	for i, r := range records {
		if i > 0 {
			text += ","
		}
		text += r
	}
	if err := json.Unmarshal([]byte(`{"Records":`+text+`]}`), &batch); err != nil {
		t.Fatal(err)
	}
	answer, err := runner.New(s, obs.Discard()).Handle(t.Context(), batch)
	if err != nil || answer.BatchItemFailures == nil {
		t.Fatalf("%+v, %v", answer, err)
	}
	var failures []string
	for _, f := range answer.BatchItemFailures {
		failures = append(failures, f.ItemIdentifier)
	}
	return failures
}

func TestOneStepForEachJobOfABatch(t *testing.T) {
	s := &steps{}
	failures := handle(t, s, record("JOBS#acc_a", "JOB#"+one, "1"), record("JOBS#acc_a", "JOB#"+two, "2"), record("JOBS#acc_a", "JOB#"+one, "3"), record("JOBS#acc_b", "JOB#"+one, "4"))
	if want := []string{"acc_a " + one, "acc_a " + two, "acc_b " + one}; failures != nil || !slices.Equal(s.asked, want) {
		t.Errorf("asked %v, failures %v", s.asked, failures)
	}
}

func TestAFailedStepIsDeliveredAgainAndHoldsUpNoOther(t *testing.T) {
	s := &steps{broken: one}
	failures := handle(t, s, record("JOBS#acc_a", "JOB#"+one, "7"), record("JOBS#acc_a", "JOB#"+two, "8"))
	if !slices.Equal(failures, []string{"7"}) || len(s.asked) != 2 {
		t.Errorf("asked %v, failures %v", s.asked, failures)
	}
}

func TestWhatIsNoJobIsPassedOver(t *testing.T) {
	s := &steps{}
	failures := handle(t, s, record("OWNER#0123456789A", "PROFILE", "1"), record("JOBS#acc_a", "JOB#x", "2"), record("ACCOUNT#acc_a", "JOB#"+one, "3"), `{"dynamodb":{"Keys":{"pk":{"N":"1"}}}}`, `{"dynamodb":{}}`)
	if failures != nil || s.asked != nil {
		t.Errorf("asked %v, failures %v", s.asked, failures)
	}
}
