package standin

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Process is one compiled function on a Lambda Runtime API of its own, given one event at a time.
type Process struct {
	// Started is the time from just before exec to the first poll.
	Started time.Duration
	PID     int

	command *exec.Cmd
	server  *http.Server
	output  *lockedBuffer
	polls   chan chan []byte // one element for each poll that waits for an event
	answers chan Answer
	exited  chan struct{}
	waiting chan []byte // the poll to hand the next event to
}

// Answer is what a function made of an event.
type Answer struct {
	Payload []byte
	Failed  bool // Payload is an error object
	Took    time.Duration
}

const startLimit = 15 * time.Second

// Start runs a program with these variables and Lambda's own, nothing of the machine's, and returns when it polls.
func Start(program string, variables ...string) (*Process, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	p := &Process{output: &lockedBuffer{}, polls: make(chan chan []byte, 1), answers: make(chan Answer, 1), exited: make(chan struct{})}
	p.server = &http.Server{Handler: p.runtimeAPI(), ReadHeaderTimeout: time.Minute, ErrorLog: discard}
	go func() { _ = p.server.Serve(listener) }()
	p.command = exec.Command(program)
	p.command.Env = append(lambdaEnvironment(program, listener.Addr().String()), variables...)
	p.command.Stdout, p.command.Stderr = p.output, p.output
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	began := time.Now()
	if err := p.command.Start(); err != nil {
		_ = p.server.Close()
		return nil, fmt.Errorf("starting %s: %w", program, err)
	}
	p.PID = p.command.Process.Pid
	go func() { _ = p.command.Wait(); close(p.exited) }()
	limit := time.NewTimer(startLimit)
	defer limit.Stop()
	select {
	case p.waiting = <-p.polls:
		p.Started = time.Since(began)
		return p, nil
	case <-p.exited:
		err = errors.New("it ended")
	case <-limit.C:
		err = fmt.Errorf("it did not poll within %s", startLimit)
	}
	p.Stop()
	return nil, fmt.Errorf("starting %s: %w: %s", program, err, p.output.String())
}

// lambdaEnvironment is what Lambda itself sets; the session token is as long as a real one.
func lambdaEnvironment(program, runtimeAPI string) []string {
	return []string{
		"PATH=/usr/local/bin:/usr/bin:/bin", "TZ=:UTC", "LANG=en_US.UTF-8", "_HANDLER=bootstrap", "LAMBDA_TASK_ROOT=" + filepath.Dir(program),
		"AWS_LAMBDA_RUNTIME_API=" + runtimeAPI, "AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1", "AWS_ACCESS_KEY_ID=AKIDEXAMPLE",
		"AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "AWS_SESSION_TOKEN=" + strings.Repeat("IQoJb3JpZ2luX2VjE", 43),
		"AWS_LAMBDA_FUNCTION_NAME=authorizer", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/authorizer", "AWS_LAMBDA_LOG_STREAM_NAME=2026/01/01/[$LATEST]0", "AWS_LAMBDA_LOG_FORMAT=JSON",
	}
}

// Invoke hands an event to the process, waits for the answer and until the process polls again.
func (p *Process) Invoke(event []byte) (Answer, error) {
	if p.waiting == nil {
		return Answer{}, errors.New("the process is gone")
	}
	began := time.Now()
	p.waiting <- event
	p.waiting = nil
	var a Answer
	select {
	case a = <-p.answers:
		a.Took = time.Since(began)
	case <-p.exited:
		return Answer{}, fmt.Errorf("the process ended: %s", p.output.String())
	}
	select {
	case p.waiting = <-p.polls:
	case <-p.exited:
	}
	return a, nil
}

// Output returns what the process printed so far.
func (p *Process) Output() string { return p.output.String() }

// Stop kills the process and whatever it started.
func (p *Process) Stop() {
	_ = syscall.Kill(-p.command.Process.Pid, syscall.SIGKILL)
	<-p.exited
	_ = p.server.Close()
}

// CPU returns the processor time the process has used, user and system, to the nanosecond.
func (p *Process) CPU() (time.Duration, error) {
	tasks, err := filepath.Glob("/proc/" + strconv.Itoa(p.PID) + "/task/*/schedstat")
	if err != nil || len(tasks) == 0 {
		return 0, fmt.Errorf("no processor time of process %d under /proc", p.PID)
	}
	var total int64
	for _, task := range tasks {
		text, err := os.ReadFile(task) //nolint:gosec // under /proc
		if err != nil {
			return 0, fmt.Errorf("reading processor time: %w", err)
		}
		first, _, _ := strings.Cut(string(text), " ")
		n, err := strconv.ParseInt(first, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("reading processor time: %w", err)
		}
		total += n
	}
	return time.Duration(total), nil
}

const invocationPath = "/2018-06-01/runtime/invocation/"

func (p *Process) runtimeAPI() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+invocationPath+"next", p.next)
	mux.HandleFunc("POST "+invocationPath+"{id}/response", func(w http.ResponseWriter, r *http.Request) { p.answered(w, r, false) })
	mux.HandleFunc("POST "+invocationPath+"{id}/error", func(w http.ResponseWriter, r *http.Request) { p.answered(w, r, true) })
	return mux
}

func (p *Process) next(w http.ResponseWriter, _ *http.Request) {
	mine := make(chan []byte, 1)
	p.polls <- mine
	select {
	case event := <-mine:
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(30*time.Second).UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:authorizer")
		h.Set("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0")
		_, _ = w.Write(event)
	case <-p.exited:
	}
}

func (p *Process) answered(w http.ResponseWriter, r *http.Request, failed bool) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	p.answers <- Answer{Payload: body, Failed: failed}
	w.WriteHeader(http.StatusAccepted)
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// maxOutput bounds what is kept of a process's lines in long measurements.
const maxOutput = 1 << 20

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.buf.Len() < maxOutput {
		b.buf.Write(p)
	}
	return len(p), nil
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
