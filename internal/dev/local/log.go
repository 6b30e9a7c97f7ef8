package local

import (
	"bytes"
	"fmt"
	"io"
	"sync"
)

// log takes whole lines from many goroutines, passes them on, and keeps the
// latest so that tests can search them.
type log struct {
	mu   sync.Mutex
	to   io.Writer // nil: kept only
	kept []byte
}

// maxKept bounds what is kept; a stack may run for days.
const maxKept = 4 << 20

func newLog(to io.Writer) *log { return &log{to: to} }

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept = append(l.kept, p...)
	if len(l.kept) > 2*maxKept {
		l.kept = bytes.Clone(l.kept[len(l.kept)-maxKept:])
	}
	if l.to == nil {
		return len(p), nil
	}
	return l.to.Write(p)
}

func (l *log) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(l, "local | "+format+"\n", args...)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.kept)
}
