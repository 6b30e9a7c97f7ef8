package lambda

import (
	"io"
	"net/http"
	"strconv"
)

const runtimePath = "/2018-06-01/runtime"

// runtimeAPI is the interface a function's process sees.
func (i *instance) runtimeAPI() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+runtimePath+"/invocation/next", i.next)
	mux.HandleFunc("POST "+runtimePath+"/invocation/{id}/response", i.response)
	mux.HandleFunc("POST "+runtimePath+"/invocation/{id}/error", i.error)
	mux.HandleFunc("POST "+runtimePath+"/init/error", i.initFailed)
	return mux
}

func (i *instance) next(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	if !i.started {
		i.started = true
		close(i.ready)
	}
	i.mu.Unlock()
	select {
	case v := <-i.work:
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Lambda-Runtime-Aws-Request-Id", v.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(v.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", v.arn)
		h.Set("Lambda-Runtime-Trace-Id", v.trace)
		_, _ = w.Write(v.event)
	case <-r.Context().Done():
	case <-i.exited:
	}
}

func (i *instance) response(w http.ResponseWriter, r *http.Request) {
	v, ok := i.answering(w, r)
	if !ok {
		return
	}
	body, ok := readAnswer(w, r, v)
	if !ok {
		return
	}
	// A runtime that fails half-way through a body says so in the trailer.
	if kind := r.Trailer.Get("Lambda-Runtime-Function-Error-Type"); kind != "" {
		v.answer(errorObject(kind, "the function failed while it wrote its answer"), true)
	} else {
		v.answer(body, false)
	}
	accepted(w)
}

func (i *instance) error(w http.ResponseWriter, r *http.Request) {
	v, ok := i.answering(w, r)
	if !ok {
		return
	}
	if body, ok := readAnswer(w, r, v); ok {
		v.answer(body, true)
		accepted(w)
	}
}

func (i *instance) initFailed(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxPayload))
	i.mu.Lock()
	defer i.mu.Unlock()
	if err != nil || i.started || i.initError != nil {
		refused(w, http.StatusForbidden, "InvalidStateTransition", "the function has started already")
		return
	}
	i.initError = body
	close(i.failed)
	accepted(w)
}

// answering returns the event the process is working on, if it is the one in the path.
func (i *instance) answering(w http.ResponseWriter, r *http.Request) (*invocation, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.current == nil || i.current.id != r.PathValue("id") {
		refused(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return nil, false
	}
	return i.current, true
}

func readAnswer(w http.ResponseWriter, r *http.Request, v *invocation) ([]byte, bool) {
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxPayload+1))
	if err != nil {
		return nil, false
	}
	if len(body) > MaxPayload {
		const message = "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
		v.answer(errorObject("Function.ResponseSizeTooLarge", message), true)
		refused(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", message)
		return nil, false
	}
	return body, true
}

func accepted(w http.ResponseWriter) {
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
}

func refused(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(errorObject(kind, message))
}
