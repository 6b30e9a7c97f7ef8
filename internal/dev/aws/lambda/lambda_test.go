package lambda_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/dev/aws/lambda"
)

var programs map[string]string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		out, err := os.MkdirTemp("", "lambda")
		if err != nil {
			panic(err)
		}
		defer func() { _ = os.RemoveAll(out) }()
		programs, err = lambda.Build(context.Background(), ".", out, []lambda.Package{
			{Label: "Acts", Directory: "testdata/acts"}, {Label: "InitFails", Directory: "testdata/initfails"}, {Label: "SlowStart", Directory: "testdata/slowstart"},
		})
		if err != nil {
			panic(err)
		}
		return m.Run()
	}())
}

type log struct {
	mu sync.Mutex
	bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.String()
}

func service(t *testing.T, change func(*lambda.Function, *lambda.Options)) (*lambda.Service, *log) {
	t.Helper()
	l := &log{}
	f := lambda.Function{Label: "Acts", Name: "local-acts", ARN: "arn:aws:lambda:us-east-1:1:function:local-acts",
		Program: programs["testdata/acts"], Handler: "bootstrap", Timeout: 5 * time.Second, MemoryMB: 128, LogFormat: "JSON", LogLevel: "INFO",
		AccessKeyID: "LOCALActs", Environment: map[string]string{"TABLE_NAME": "t"}}
	o := lambda.Options{Log: l}
	if change != nil {
		change(&f, &o)
	}
	s := lambda.New([]lambda.Function{f}, o)
	t.Cleanup(s.Close)
	return s, l
}

type answer struct {
	PID, Child int
	Text, ARN  string
	Variables  map[string]string
	Remaining  time.Duration
}

func do(t *testing.T, s *lambda.Service, event string) (answer, lambda.Result) {
	t.Helper()
	result, err := s.Invoke(t.Context(), "local-acts", []byte(event))
	if err != nil {
		t.Fatalf("%s: %v", event, err)
	}
	var a answer
	if !result.Failed {
		if err := json.Unmarshal(result.Payload, &a); err != nil {
			t.Fatalf("%s: %s", result.Payload, err)
		}
	}
	return a, result
}

// gone waits until no process has the id.
func gone(t *testing.T, pid int) {
	t.Helper()
	for range 200 {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) || zombie(pid) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("process %d is still there", pid)
}

// zombie: an orphan killed in a container without a reaper has ended all the same.
func zombie(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(stat), ") Z ")
}

func TestAProcessIsReusedForTheNextEvent(t *testing.T) {
	s, _ := service(t, nil)
	first, _ := do(t, s, `{}`)
	second, _ := do(t, s, `{}`)
	if first.PID == 0 || first.PID != second.PID {
		t.Errorf("processes %d and %d", first.PID, second.PID)
	}
}

func TestAFunctionSeesOnlyLambdasEnvironment(t *testing.T) {
	t.Setenv("AWS_PROFILE", "of-the-machine")
	s, _ := service(t, nil)
	a, _ := do(t, s, `{"Do":"environment"}`)
	want := map[string]string{
		"TABLE_NAME": "t", "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "LOCALActs", "AWS_LAMBDA_FUNCTION_NAME": "local-acts",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_LAMBDA_LOG_FORMAT": "JSON",
		"AWS_LAMBDA_LOG_LEVEL": "INFO", "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/local-acts", "_HANDLER": "bootstrap",
	}
	for name, value := range want {
		if a.Variables[name] != value {
			t.Errorf("%s=%q, want %q", name, a.Variables[name], value)
		}
	}
	for _, name := range []string{"AWS_PROFILE", "HOME", "GOFLAGS", "USER"} {
		if value, ok := a.Variables[name]; ok {
			t.Errorf("%s=%q came from the machine", name, value)
		}
	}
	if a.ARN != "arn:aws:lambda:us-east-1:1:function:local-acts" || a.Remaining < 3*time.Second || a.Remaining > 5*time.Second {
		t.Errorf("invoked as %s with %s left", a.ARN, a.Remaining)
	}
}

func TestAFunctionErrorKeepsItsMessageAndType(t *testing.T) {
	s, _ := service(t, nil)
	_, result := do(t, s, `{"Do":"error"}`)
	if f := result.Failure(); f.Message != "Unauthorized" || f.Type != "errorString" {
		t.Errorf("failure %+v", f)
	}
}

func TestACrashedProcessIsReplaced(t *testing.T) {
	for event, want := range map[string]string{"exit": "Runtime exited with error: exit status 3", "panic": "on purpose"} {
		s, l := service(t, nil)
		before, _ := do(t, s, `{}`)
		_, result := do(t, s, `{"Do":"`+event+`"}`)
		if f := result.Failure(); !strings.Contains(f.Message, want) {
			t.Errorf("%s answered %+v", event, f)
		}
		after, _ := do(t, s, `{}`)
		if after.PID == before.PID {
			t.Errorf("%s: the same process answered again", event)
		}
		if event == "exit" && !strings.Contains(l.String(), "Acts | RequestId: ") {
			t.Errorf("the crash is not in the log: %q", l)
		}
	}
}

func TestATimeoutKillsTheProcess(t *testing.T) {
	s, _ := service(t, func(f *lambda.Function, _ *lambda.Options) { f.Timeout = time.Second })
	before, _ := do(t, s, `{}`)
	_, result := do(t, s, `{"Do":"sleep","Size":60000}`)
	if f := result.Failure(); !strings.HasSuffix(f.Message, "Task timed out after 1.00 seconds") || f.Type != "Sandbox.Timedout" {
		t.Errorf("failure %+v", f)
	}
	gone(t, before.PID)
	if after, _ := do(t, s, `{}`); after.PID == before.PID {
		t.Error("the process that timed out answered again")
	}
}

func TestABusyFunctionGetsMoreProcessesUpToItsLimit(t *testing.T) {
	s, _ := service(t, func(f *lambda.Function, o *lambda.Options) { f.Concurrency, o.QueueTimeout = 2, 50*time.Millisecond })
	var wg sync.WaitGroup
	var mu sync.Mutex
	pids := map[int]int{}
	throttled := 0
	for range 4 {
		wg.Go(func() {
			result, err := s.Invoke(context.Background(), "local-acts", []byte(`{"Do":"sleep","Size":700}`))
			mu.Lock()
			defer mu.Unlock()
			if errors.Is(err, lambda.ErrThrottled) {
				throttled++
				return
			}
			var a answer
			if json.Unmarshal(result.Payload, &a) != nil {
				t.Errorf("%s %v", result.Payload, err)
			}
			pids[a.PID]++
		})
	}
	wg.Wait()
	if len(pids) != 2 || throttled != 2 {
		t.Errorf("processes %v, %d throttled; want 2 and 2", pids, throttled)
	}
}

func TestACallerThatLeavesDoesNotStopTheFunction(t *testing.T) {
	s, l := service(t, nil)
	before, _ := do(t, s, `{}`)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.Invoke(ctx, "local-acts", []byte(`{"Do":"sleep","Size":300}`)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	time.Sleep(500 * time.Millisecond)
	if after, _ := do(t, s, `{}`); after.PID != before.PID {
		t.Errorf("the process was not kept: %s", l)
	}
}

func TestNothingOutlivesClose(t *testing.T) {
	s, _ := service(t, nil)
	a, _ := do(t, s, `{"Do":"child"}`)
	waiting := make(chan error, 1)
	go func() {
		_, err := s.Invoke(context.Background(), "local-acts", []byte(`{"Do":"sleep","Size":60000}`))
		waiting <- err
	}()
	time.Sleep(100 * time.Millisecond)
	s.Close()
	if err := <-waiting; !errors.Is(err, lambda.ErrStopped) {
		t.Errorf("the event under way ended with %v", err)
	}
	gone(t, a.PID)
	gone(t, a.Child)
	if _, err := s.Invoke(t.Context(), "local-acts", nil); !errors.Is(err, lambda.ErrStopped) {
		t.Errorf("after Close: %v", err)
	}
}

func TestPayloadLimits(t *testing.T) {
	s, _ := service(t, nil)
	if _, err := s.Invoke(t.Context(), "local-acts", make([]byte, lambda.MaxPayload+1)); !errors.Is(err, lambda.ErrTooLarge) {
		t.Errorf("an event over 6 MB: %v", err)
	}
	_, result := do(t, s, `{"Do":"text","Size":6300000}`)
	if f := result.Failure(); f.Type != "Function.ResponseSizeTooLarge" {
		t.Errorf("an answer over 6 MB: %+v", f)
	}
	if a, _ := do(t, s, `{"Do":"text","Size":6000000}`); len(a.Text) != 6000000 {
		t.Errorf("an answer just under the limit came back with %d bytes", len(a.Text))
	}
}

func TestLinesReachTheLogWholeAndLabelled(t *testing.T) {
	s, l := service(t, nil)
	do(t, s, `{"Do":"print"}`)
	s.Close()
	for _, want := range []string{"Acts | {\"level\":\"INFO\",\"message\":\"hello\"}\n", "Acts | no end"} {
		if !strings.Contains(l.String(), want) {
			t.Errorf("log %q, want %q", l, want)
		}
	}
}

func TestAFunctionThatCannotStartSaysSo(t *testing.T) {
	s, l := service(t, func(f *lambda.Function, _ *lambda.Options) { f.Program = programs["testdata/initfails"] })
	_, result := do(t, s, `{}`)
	if f := result.Failure(); f.Type != "Runtime.ExitError" || !strings.Contains(f.Message, "exit status 1") {
		t.Errorf("failure %+v", f)
	}
	if !strings.Contains(l.String(), "Acts | cannot read the configuration\n") {
		t.Errorf("log %q", l)
	}
	reporting, _ := service(t, func(f *lambda.Function, _ *lambda.Options) {
		f.Program, f.Environment = programs["testdata/initfails"], map[string]string{"REPORT": "yes"}
	})
	_, result = do(t, reporting, `{}`)
	if f := result.Failure(); f.Type != "Configuration" || f.Message != "no table" {
		t.Errorf("the reason the function gave became %+v", f)
	}
	slow, _ := service(t, func(f *lambda.Function, o *lambda.Options) {
		f.Program, o.InitTimeout = programs["testdata/slowstart"], 200*time.Millisecond
	})
	_, result = do(t, slow, `{}`)
	if f := result.Failure(); !strings.HasSuffix(f.Message, "Init timed out after 0.20 seconds") {
		t.Errorf("failure %+v", f)
	}
}

func TestAnUnknownFunctionIsNotFound(t *testing.T) {
	s, _ := service(t, nil)
	if _, err := s.Invoke(t.Context(), "other", nil); !errors.Is(err, lambda.ErrNotFound) {
		t.Errorf("error %v", err)
	}
}

func TestACompileErrorNamesTheFunctionAndTheLine(t *testing.T) {
	_, err := lambda.Build(t.Context(), ".", t.TempDir(), []lambda.Package{{Label: "BrokenFunction", Directory: "testdata/broken"}})
	want := "BrokenFunction does not compile: testdata/broken/main.go:3:15: undefined: undefined"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
