package lambda

import (
	"context"
	"errors"
	"sync"
	"time"
)

// pool is the processes of one function. A slot is held by each event under
// way, so there are never more busy processes than slots.
type pool struct {
	function Function
	options  Options
	log      *lockedWriter
	slots    chan struct{}
	stopping chan struct{}
	running  sync.WaitGroup // processes not yet reaped

	mu      sync.Mutex
	idle    []*instance // the last one was used last
	all     map[*instance]bool
	stopped bool
}

func newPool(f Function, o Options, log *lockedWriter) *pool {
	size := f.Concurrency
	if size <= 0 || size > defaultConcurrency {
		size = defaultConcurrency
	}
	return &pool{
		function: f, options: o, log: log, slots: make(chan struct{}, size),
		stopping: make(chan struct{}), all: map[*instance]bool{},
	}
}

func (p *pool) invoke(ctx context.Context, event []byte) (Result, error) {
	if err := p.acquire(ctx); err != nil {
		return Result{}, err
	}
	type outcome struct {
		result Result
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		defer func() { <-p.slots }()
		result, err := p.run(newInvocation(event))
		done <- outcome{result, err}
	}()
	select {
	case o := <-done:
		return o.result, o.err
	case <-ctx.Done():
		return Result{}, ctx.Err()
	}
}

func (p *pool) acquire(ctx context.Context) error {
	wait := time.NewTimer(p.options.QueueTimeout)
	defer wait.Stop()
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-wait.C:
		return ErrThrottled
	case <-p.stopping:
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run delivers the event to a process. A process that turns out to be gone
// before it took the event is replaced; one that dies with it is not, because
// the event may have had its effect.
func (p *pool) run(v *invocation) (Result, error) {
	for {
		i, fresh, err := p.take()
		if err != nil {
			return Result{}, err
		}
		result, err := i.handle(v)
		if errors.Is(err, errGone) {
			if !fresh {
				continue
			}
			result, err = v.failure(i.exitFailure(v)), nil
		}
		p.put(i)
		select {
		case <-p.stopping:
			return Result{}, ErrStopped
		default:
			return result, err
		}
	}
}

// take returns an idle process, or starts one.
func (p *pool) take() (i *instance, fresh bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return nil, false, ErrStopped
	}
	if last := len(p.idle) - 1; last >= 0 {
		i = p.idle[last]
		p.idle = p.idle[:last]
		return i, false, nil
	}
	if i, err = startInstance(p); err != nil {
		return nil, false, err
	}
	p.all[i] = true
	p.running.Add(1)
	go p.reap(i)
	return i, true, nil
}

// put makes a process available again, unless it is broken.
func (p *pool) put(i *instance) {
	if i.broken() {
		i.kill()
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, i)
}

func (p *pool) reap(i *instance) {
	defer p.running.Done()
	i.wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.all, i)
	for n, other := range p.idle {
		if other == i {
			p.idle = append(p.idle[:n], p.idle[n+1:]...)
			break
		}
	}
}

func (p *pool) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return
	}
	p.stopped = true
	close(p.stopping)
	for i := range p.all {
		i.kill()
	}
}
