package lambda

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// invocation is one event on its way through a function.
type invocation struct {
	id       string
	event    []byte
	trace    string
	arn      string
	deadline time.Time
	result   chan Result // holds one answer, so that giving it never blocks
}

func newInvocation(event []byte) *invocation {
	return &invocation{id: newUUID(), event: event, trace: newTrace(), result: make(chan Result, 1)}
}

// begin starts the function's clock: on AWS too, time spent starting a process
// or waiting for one does not count.
func (v *invocation) begin(f Function) {
	v.arn, v.deadline = f.ARN, time.Now().Add(f.Timeout)
}

func (v *invocation) answer(payload []byte, failed bool) {
	select {
	case v.result <- Result{Payload: payload, Failed: failed, RequestID: v.id}:
	default: // answered already
	}
}

func (v *invocation) failure(object []byte) Result {
	return Result{Payload: object, Failed: true, RequestID: v.id}
}

// last prefers an answer that came in before the process ended.
func (v *invocation) last(object []byte) Result {
	select {
	case result := <-v.result:
		return result
	default:
		return v.failure(object)
	}
}

func errorObject(kind, message string) []byte {
	object, err := json.Marshal(Failure{Type: kind, Message: message})
	if err != nil {
		panic(err) // two strings always encode
	}
	return object
}

func newUUID() string {
	b := randomBytes(16)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func newTrace() string {
	return fmt.Sprintf("Root=1-%08x-%s;Parent=%s;Sampled=0", time.Now().Unix(), hex.EncodeToString(randomBytes(12)), hex.EncodeToString(randomBytes(8)))
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: it ends the program instead
	return b
}
