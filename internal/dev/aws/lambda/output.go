package lambda

import (
	"bytes"
	"io"
	"sync"
)

// maxLine bounds what is held back of a line that never ends.
const maxLine = 256 * 1024

// lockedWriter lets many processes share one log.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer // nil discards
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.w == nil {
		return len(p), nil
	}
	return l.w.Write(p)
}

// lineWriter passes on whole lines, each with the prefix, in one write: lines of
// different processes never mix, and a JSON line stays one line.
type lineWriter struct {
	prefix string
	to     io.Writer

	mu      sync.Mutex
	pending []byte
}

func (l *lineWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending = append(l.pending, p...)
	for {
		end := bytes.IndexByte(l.pending, '\n')
		if end < 0 && len(l.pending) < maxLine {
			return len(p), nil
		}
		if end < 0 {
			end = len(l.pending)
		}
		l.emit(l.pending[:end])
		l.pending = l.pending[min(end+1, len(l.pending)):]
	}
}

// flush passes on a last line without an end.
func (l *lineWriter) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.pending) > 0 {
		l.emit(l.pending)
		l.pending = nil
	}
}

func (l *lineWriter) emit(line []byte) {
	out := append([]byte(l.prefix), bytes.TrimRight(line, "\r")...)
	_, _ = l.to.Write(append(out, '\n'))
}
