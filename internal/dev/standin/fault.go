package standin

import (
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// On limits a fault to one operation.
func On(call string, f Fault) Fault {
	return func(w http.ResponseWriter, r *http.Request, c string, n int64, normal []byte) bool {
		return c == call && f(w, r, c, n, normal)
	}
}

// Times makes a fault happen to its first requests only.
func Times(times int, f Fault) Fault {
	var happened atomic.Int64
	return func(w http.ResponseWriter, r *http.Request, call string, n int64, normal []byte) bool {
		return happened.Add(1) <= int64(times) && f(w, r, call, n, normal)
	}
}

// Slow answers rightly, after a while; it gives up when the caller does.
func Slow(d time.Duration) Fault {
	return func(_ http.ResponseWriter, r *http.Request, _ string, _ int64, _ []byte) bool {
		select {
		case <-time.After(d):
			return false
		case <-r.Context().Done():
			return true
		}
	}
}

// Refuses answers with an error of the service.
func Refuses(status int, kind string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ string, _ int64, _ []byte) bool {
		refuse(w, status, kind, "the stand-in was told to")
		return true
	}
}

// Says answers 200 with this text, under its right checksum.
func Says(body string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ string, _ int64, _ []byte) bool {
		write(w, http.StatusOK, []byte(body))
		return true
	}
}

// Edits answers rightly but for a replacement in the text.
func Edits(old, changed string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ string, _ int64, normal []byte) bool {
		write(w, http.StatusOK, []byte(strings.ReplaceAll(string(normal), old, changed)))
		return true
	}
}

// WrongChecksum answers with a body that is not the one its checksum was made of.
func WrongChecksum() Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ string, _ int64, normal []byte) bool {
		w.Header().Set("X-Amz-Crc32", "1")
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = w.Write(normal)
		return true
	}
}

// HangsUp closes the connection without an answer.
func HangsUp() Fault {
	return func(http.ResponseWriter, *http.Request, string, int64, []byte) bool {
		panic(http.ErrAbortHandler)
	}
}

// Truncates sends half of the answer and closes the connection.
func Truncates() Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ string, _ int64, normal []byte) bool {
		w.Header().Set("Content-Length", "100000")
		_, _ = w.Write(normal[:len(normal)/2])
		panic(http.ErrAbortHandler)
	}
}
