package purge_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenwright/tokenwright/internal/obs"
	"github.com/tokenwright/tokenwright/internal/purge"
	"github.com/tokenwright/tokenwright/internal/user"
)

// steps counts what it is asked and fails for some.
type steps struct {
	asked  []user.Ref
	broken user.Ref
}

func (s *steps) Purge(_ context.Context, owner user.Ref) error {
	s.asked = append(s.asked, owner)
	if owner == s.broken {
		return errors.New("throttled")
	}
	return nil
}

func batch(t *testing.T, records string) events.DynamoDBEvent {
	t.Helper()
	var e events.DynamoDBEvent
	if err := json.Unmarshal([]byte(`{"Records":[`+records+`]}`), &e); err != nil {
		t.Fatal(err)
	}
	return e
}

func record(pk, sk, sequence string) string {
	return `{"eventName":"MODIFY","dynamodb":{"Keys":{"pk":{"S":"` + pk + `"},"sk":{"S":"` + sk + `"}},"SequenceNumber":"` + sequence + `"}}`
}

func TestOneStepForEachUserOfABatch(t *testing.T) {
	s := &steps{}
	answer, err := purge.New(s, obs.Discard()).Handle(t.Context(), batch(t, record("OWNER#0123456789A", "PROFILE", "1")+","+
		record("OWNER#0123456789B", "PROFILE", "2")+","+record("OWNER#0123456789A", "PROFILE", "3")))
	if err != nil || len(answer.BatchItemFailures) != 0 || !slices.Equal(s.asked, []user.Ref{"0123456789A", "0123456789B"}) {
		t.Errorf("asked %v, failures %v, %v", s.asked, answer.BatchItemFailures, err)
	}
}

func TestAFailedStepIsDeliveredAgainAndHoldsUpNoOther(t *testing.T) {
	s := &steps{broken: "0123456789A"}
	answer, err := purge.New(s, obs.Discard()).Handle(t.Context(), batch(t, record("OWNER#0123456789A", "PROFILE", "7")+","+record("OWNER#0123456789B", "PROFILE", "8")))
	if err != nil || len(answer.BatchItemFailures) != 1 || answer.BatchItemFailures[0].ItemIdentifier != "7" || len(s.asked) != 2 {
		t.Errorf("asked %v, failures %v, %v", s.asked, answer.BatchItemFailures, err)
	}
}

func TestOtherRecordsArePassedOver(t *testing.T) {
	s := &steps{}
	answer, err := purge.New(s, obs.Discard()).Handle(t.Context(), batch(t, record("OWNER#0123456789A", "TOKEN#x", "1")+","+
		record("ACCOUNT#a", "PROFILE", "2")+","+record("OWNER#short", "PROFILE", "3")+`,{"dynamodb":{"Keys":{"pk":{"N":"1"},"sk":{"S":"PROFILE"}}}}`))
	if err != nil || len(answer.BatchItemFailures) != 0 || len(s.asked) != 0 {
		t.Errorf("asked %v, failures %v, %v", s.asked, answer.BatchItemFailures, err)
	}
}
