// Package secretsmanager is a small Secrets Manager on one machine: it speaks
// the service's JSON protocol for the calls below and keeps its secrets in one
// file that only their owner may read.
//
// It guarantees the version stages of the service: one version is AWSCURRENT,
// the one before it AWSPREVIOUS. It leaves out binary values, KMS, rotation
// schedules, deletion, replication and resource policies. Signatures are not
// verified: who calls is believed, so it is for loopback only.
package secretsmanager

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const targetPrefix = "secretsmanager."

// maxBody is ample: a secret is at most 64 KB.
const maxBody = 256 * 1024

// Call is what IAM gets to see of a request.
type Call struct {
	AccessKeyID string
	Operation   string // e.g. GetSecretValue
	ARN         string
	// Context holds the condition keys of the request.
	Context map[string][]string
}

// Options of Open.
type Options struct {
	// Path is the file; it is made when a secret is first written.
	Path string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Authorize is asked before a secret is touched; nil allows everything.
	Authorize func(Call) error
}

// apiError is an error as the service answers it.
type apiError struct {
	status int
	kind   string
	text   string
}

func (e *apiError) Error() string { return e.kind + ": " + e.text }

func badRequest(kind, format string, args ...any) error {
	return &apiError{http.StatusBadRequest, kind, fmt.Sprintf(format, args...)}
}

// ErrNotFound is what an unknown secret or version gets.
var ErrNotFound error = &apiError{http.StatusBadRequest, "ResourceNotFoundException", "Secrets Manager can't find the specified secret."}

// request is the union of the parameters of the calls below.
type request struct {
	SecretID            string `json:"SecretId"`
	VersionID           string `json:"VersionId"`
	VersionStage        string
	ClientRequestToken  string
	SecretString        *string
	SecretBinary        *string
	VersionStages       []string
	MoveToVersionID     string `json:"MoveToVersionId"`
	RemoveFromVersionID string `json:"RemoveFromVersionId"`
}

var operations = map[string]func(*Server, *secret, request) (any, error){
	"GetSecretValue":           (*Server).getSecretValue,
	"DescribeSecret":           (*Server).describeSecret,
	"PutSecretValue":           (*Server).putSecretValue,
	"UpdateSecretVersionStage": (*Server).updateSecretVersionStage,
	"ListSecretVersionIds":     (*Server).listSecretVersionIDs,
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	answer, err := s.serve(r)
	var known *apiError
	switch {
	case err == nil:
	case errors.As(err, &known):
		w.WriteHeader(known.status)
		answer = map[string]string{"__type": known.kind, "Message": known.text}
	default:
		w.WriteHeader(http.StatusInternalServerError)
		answer = map[string]string{"__type": "InternalServiceError", "Message": err.Error()}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *Server) serve(r *http.Request) (any, error) {
	name := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), targetPrefix)
	operation, ok := operations[name]
	if !ok {
		return nil, badRequest("UnknownOperationException", "the local Secrets Manager does not know %q", name)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return nil, err
	}
	var q request
	if err := json.Unmarshal(body, &q); err != nil {
		return nil, badRequest("SerializationException", "%v", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.find(q.SecretID)
	if err := s.authorize(r, name, found, q); err != nil {
		return nil, err
	}
	if found == nil {
		return nil, ErrNotFound
	}
	return operation(s, found, q)
}

// authorize comes before "not found", so that a caller without permission does
// not learn which secrets exist.
func (s *Server) authorize(r *http.Request, operation string, found *secret, q request) error {
	if s.options.Authorize == nil {
		return nil
	}
	call := Call{AccessKeyID: accessKeyID(r), Operation: operation, ARN: q.SecretID, Context: map[string][]string{"secretsmanager:SecretId": {q.SecretID}}}
	if found != nil {
		call.ARN = found.ARN
	}
	if q.VersionID != "" {
		call.Context["secretsmanager:VersionId"] = []string{q.VersionID}
	}
	if q.VersionStage != "" {
		call.Context["secretsmanager:VersionStage"] = []string{q.VersionStage}
	}
	if err := s.options.Authorize(call); err != nil {
		return badRequest("AccessDeniedException", "%v", err)
	}
	return nil
}

// accessKeyID reads who signed: "… Credential=<id>/<date>/<region>/…".
func accessKeyID(r *http.Request) string {
	_, credential, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	id, _, _ := strings.Cut(credential, "/")
	return id
}
