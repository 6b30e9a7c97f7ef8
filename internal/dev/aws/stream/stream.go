// Package stream hands the changes of a table to a function, as Lambda's event source mapping for DynamoDB Streams does:
// filtered, in batches, in the order of the writes, and again after a failure until the mapping's bounds are met.
//
// It guarantees that whoever writes to the table never waits for a function, and that a record is delivered at least once
// or given up with a line in the log, where AWS would tell the failure queue. A table has one shard here, so the order is
// that of all its changes. What waits is lost when the process ends: whoever needs it offers it again at the next start.
package stream

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"
)

// Mapping is one event source of one function.
type Mapping struct {
	StreamARN   string
	Function    string // ARN
	Filters     []Pattern
	BatchSize   int
	Retries     int           // negative = until the record is too old
	MaxAge      time.Duration // 0 = no limit
	Bisect      bool          // a batch that fails is split in two
	ReportsEach bool          // the function names the records that failed
	FromStart   bool          // TRIM_HORIZON: what is there when the function begins to listen counts
	Failures    string        // where AWS tells of records that were given up; "" = nowhere
}

// Config is what New needs.
type Config struct {
	Mapping
	Keys   []string // names of the table's key attributes
	View   string   // StreamViewType
	Region string
	// Invoke runs the function; failed says that it answered with an error.
	Invoke func(ctx context.Context, event []byte) (answer []byte, failed bool, err error)
	Now    func() time.Time
	Log    func(format string, args ...any)
}

// Consumer feeds one function. Its methods may be called concurrently.
type Consumer struct {
	Config

	mu     sync.Mutex
	queue  []queued
	number uint64
	more   chan struct{} // holds one element when there may be something in the queue
}

// queued is a change on its way. Records are made of it by Run, not by whoever writes.
type queued struct {
	change Change
	number uint64
	at     time.Time
}

// New returns a Consumer; nothing is delivered before Run.
func New(c Config) *Consumer {
	// Sequence numbers go on rising after a restart.
	return &Consumer{Config: c, number: uint64(c.Now().UnixNano()), more: make(chan struct{}, 1)}
}

// Offer takes a change. It never waits for the function.
func (c *Consumer) Offer(change Change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.number++
	c.queue = append(c.queue, queued{change: change, number: c.number, at: c.Now()})
	select {
	case c.more <- struct{}{}:
	default:
	}
}

// Run delivers until ctx ends.
func (c *Consumer) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.more:
			for batch := c.take(); len(batch) > 0 && ctx.Err() == nil; batch = c.take() {
				c.deliver(ctx, batch)
			}
		}
	}
}

// take returns the next batch of records that pass; none when the queue is empty.
func (c *Consumer) take() []*record {
	var batch []*record
	for len(batch) < c.BatchSize {
		next, ok := c.pop()
		if !ok {
			break
		}
		r, err := c.makeRecord(next)
		if err != nil {
			c.Log("a change of %s cannot be told: %v", c.StreamARN, err)
			continue
		}
		if r != nil && c.passes(r) {
			batch = append(batch, r)
		}
	}
	return batch
}

func (c *Consumer) pop() (queued, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queue) == 0 {
		c.queue = nil
		return queued{}, false
	}
	next := c.queue[0]
	c.queue = c.queue[1:]
	return next, true
}

// Waits between attempts, which AWS chooses by itself.
const (
	firstWait = 100 * time.Millisecond
	maxWait   = 5 * time.Second
)

// deliver hands a batch over until it is done or given up. A split does not count as an attempt.
func (c *Consumer) deliver(ctx context.Context, batch []*record) {
	for attempt := 0; ; attempt++ {
		batch = c.dropOld(batch)
		if len(batch) == 0 || ctx.Err() != nil {
			return
		}
		done, why := c.try(ctx, batch)
		batch = batch[done:]
		switch {
		case len(batch) == 0:
			return
		case c.Retries >= 0 && attempt >= c.Retries:
			c.giveUp(batch, why)
			return
		case c.Bisect && done == 0 && len(batch) > 1:
			c.deliver(ctx, batch[:len(batch)/2])
			c.deliver(ctx, batch[len(batch)/2:])
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(min(firstWait<<min(attempt, 10), maxWait)):
		}
	}
}

// try invokes the function once and returns how many records from the first on are done.
func (c *Consumer) try(ctx context.Context, batch []*record) (done int, why string) {
	event, err := json.Marshal(map[string]any{"Records": batch})
	if err != nil {
		return 0, err.Error()
	}
	answer, failed, err := c.Invoke(ctx, event)
	switch {
	case err != nil:
		return 0, err.Error()
	case failed:
		return 0, string(answer)
	case !c.ReportsEach:
		return len(batch), ""
	}
	return firstFailure(batch, answer), "the function named it as failed"
}

// firstFailure reads which records failed and returns the place of the first. From there on everything is delivered
// again, and all of it when the answer makes no sense, as on AWS.
func firstFailure(batch []*record, answer []byte) int {
	var response struct {
		Failures []struct {
			Identifier string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if err := json.Unmarshal(answer, &response); err != nil {
		return 0
	}
	first := len(batch)
	for _, f := range response.Failures {
		i := slices.IndexFunc(batch, func(r *record) bool { return r.sequence == f.Identifier })
		first = min(first, max(i, 0))
	}
	return first
}

func (c *Consumer) dropOld(batch []*record) []*record {
	if c.MaxAge == 0 {
		return batch
	}
	oldest := c.Now().Add(-c.MaxAge)
	young := slices.IndexFunc(batch, func(r *record) bool { return r.at.After(oldest) })
	if young < 0 {
		young = len(batch)
	}
	if young > 0 {
		c.giveUp(batch[:young], "too old")
	}
	return batch[young:]
}

func (c *Consumer) giveUp(batch []*record, why string) {
	where := "nothing on AWS would tell"
	if c.Failures != "" {
		where = "AWS would tell " + c.Failures
	}
	c.Log("%s: %d records of the stream given up, from %s on: %s (%s)", c.Function, len(batch), batch[0].sequence, why, where)
}
