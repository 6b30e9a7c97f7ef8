package lambda

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/tokenwright/tokenwright/internal/dev/aws/loopback"
)

// errGone says that a process ended before it took the event.
var errGone = errors.New("the process is gone")

// instance is one process with a Runtime API of its own: whatever arrives at
// that listener comes from this process, so nothing needs to tell them apart.
type instance struct {
	pool    *pool
	command *exec.Cmd
	server  *http.Server
	output  *lineWriter
	work    chan *invocation
	ready   chan struct{} // closed when the process first asks for an event
	failed  chan struct{} // closed when it reports that it could not start
	exited  chan struct{} // closed when it is reaped

	mu        sync.Mutex
	started   bool
	initError []byte
	current   *invocation // the event it is working on
}

func startInstance(p *pool) (*instance, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for %s: %w", p.function.Label, err)
	}
	i := &instance{
		pool: p, work: make(chan *invocation), ready: make(chan struct{}), failed: make(chan struct{}), exited: make(chan struct{}),
		output: &lineWriter{prefix: p.function.Label + " | ", to: p.log},
	}
	i.server = &http.Server{Handler: loopback.Only(i.runtimeAPI()), ReadHeaderTimeout: time.Minute}
	i.command = exec.Command(p.function.Program) //nolint:gosec // the program was built from the template's own code
	i.command.Dir = filepath.Dir(p.function.Program)
	i.command.Env = environment(p.function, p.options.Region, listener.Addr().String())
	i.command.Stdout, i.command.Stderr = i.output, i.output
	// A group of its own, so that kill reaches what the process has started,
	// and the terminal's Ctrl-C reaches the stack alone.
	i.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	i.command.WaitDelay = time.Second
	if err := i.command.Start(); err != nil {
		_ = listener.Close()
		return nil, fmt.Errorf("starting %s: %w", p.function.Label, err)
	}
	go func() { _ = i.server.Serve(listener) }()
	return i, nil
}

// handle delivers the event and waits for the answer.
func (i *instance) handle(v *invocation) (Result, error) {
	if failure := i.initialize(v); failure != nil {
		return v.failure(failure), nil
	}
	limit := time.NewTimer(i.pool.function.Timeout)
	defer limit.Stop()
	v.begin(i.pool.function)
	i.setCurrent(v)
	select {
	case i.work <- v:
	case <-i.exited:
		return Result{}, errGone
	case <-limit.C: // still busy with what it does after its last answer
		i.kill()
		<-i.exited
		return Result{}, errGone
	}
	select {
	case result := <-v.result:
		return result, nil
	case <-i.exited:
		return v.last(i.exitFailure(v)), nil
	case <-limit.C:
		i.kill()
		<-i.exited
		return v.last(i.timeout(v)), nil
	}
}

// initialize waits until the process asks for its first event; it returns the
// error object when that does not happen.
func (i *instance) initialize(v *invocation) []byte {
	select {
	case <-i.ready: // it may have ended since; handle finds out
		return nil
	default:
	}
	limit := time.NewTimer(i.pool.options.InitTimeout)
	defer limit.Stop()
	select {
	case <-i.ready:
		return nil
	case <-i.failed:
		i.kill()
		<-i.exited
		return i.initError
	case <-i.exited:
		if i.initError != nil {
			return i.initError
		}
		return i.exitFailure(v)
	case <-limit.C:
		i.kill()
		<-i.exited
		return i.report(v, "Sandbox.Timedout", fmt.Sprintf("Init timed out after %.2f seconds", i.pool.options.InitTimeout.Seconds()))
	}
}

func (i *instance) timeout(v *invocation) []byte {
	return i.report(v, "Sandbox.Timedout", fmt.Sprintf("Task timed out after %.2f seconds", i.pool.function.Timeout.Seconds()))
}

func (i *instance) exitFailure(v *invocation) []byte {
	return i.report(v, "Runtime.ExitError", "Runtime exited with error: "+i.command.ProcessState.String())
}

// report makes the error object Lambda makes itself, and logs it as Lambda does.
func (i *instance) report(v *invocation, kind, message string) []byte {
	text := fmt.Sprintf("RequestId: %s Error: %s", v.id, message)
	_, _ = fmt.Fprintf(i.output, "%s\n", text)
	return errorObject(kind, text)
}

// wait reaps the process, and whatever it left behind in its group.
func (i *instance) wait() {
	_ = i.command.Wait()
	i.kill()
	i.output.flush()
	_ = i.server.Close()
	close(i.exited)
}

func (i *instance) kill() {
	_ = syscall.Kill(-i.command.Process.Pid, syscall.SIGKILL)
}

// broken says that the process must not be given another event.
func (i *instance) broken() bool {
	select {
	case <-i.exited:
		return true
	case <-i.failed:
		return true
	default:
		return false
	}
}

func (i *instance) setCurrent(v *invocation) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.current = v
}
