// Package dynamodb is a small, strict DynamoDB on one machine: it speaks
// DynamoDB's JSON protocol over HTTP and keeps the data in one bbolt file.
//
// What it supports it does as Amazon's DynamoDB does, down to the types of the
// errors; conformance_test.go runs the same cases against DynamoDB Local. What
// it does not support (streams, PartiQL, backups, local secondary indexes, the
// parameters from before expressions) it refuses; it never does something
// else silently.
//
// Known differences from DynamoDB Local: the documented reserved words CONVERT
// and SIZE are refused, as the list has it; requests the service refuses but
// DynamoDB Local lets pass (unknown parameters, values of a wrong JSON type)
// are refused; messages about keys and numbers are the service's; capacity of
// transactions is always doubled; index entries with equal keys, and the items
// of a Scan, come in the order of the primary key.
//
// Every request is one bbolt transaction, so requests are linearizable and all
// reads are consistent. Signatures are NOT verified: the server reads the
// access key id from the Authorization header and believes it. It is for
// loopback only.
package dynamodb

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
)

// Options of Open; the zero value is a temporary, open database.
type Options struct {
	// Path is the data file; its folder must exist. Empty means a temporary
	// file that Close removes and that is never synced to disk.
	Path string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Authorize is asked before a request touches data: about one call, or about
	// the calls a transaction is made of, one for each item. Its error is answered
	// as AccessDeniedException with the error's text. Nil allows everything.
	// It may be called concurrently.
	Authorize func([]Call) error
	// OnWrite is told every change of an item after its commit, in commit
	// order. Further writes wait for it, so it must not write itself.
	OnWrite func(Change)
	// TransactionTime is how long a TransactWriteItems has its items to itself
	// before it writes, for tests of what happens to others in that time: they
	// are turned away, as the service does.
	TransactionTime time.Duration
}

// Change is one item before and after a write, in DynamoDB JSON; Old is nil
// for a new item, New for a deleted one.
type Change struct {
	Table    string
	Old, New json.RawMessage
	Expired  bool // deleted by SweepExpired
}

// Server is an http.Handler. Its methods may be called concurrently.
type Server struct {
	options   Options
	db        *bolt.DB
	temporary string // folder to remove

	writing sync.Mutex   // held from the begin of a write to the end of OnWrite
	catalog sync.RWMutex // write-locked while tables are made or removed
	tables  map[string]*table

	ongoing ongoing
}

// Open opens or creates the data file.
func Open(o Options) (*Server, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{options: o, tables: map[string]*table{}}
	path := o.Path
	if path == "" {
		dir, err := os.MkdirTemp("", "dynamodb-")
		if err != nil {
			return nil, fmt.Errorf("making a temporary folder: %w", err)
		}
		s.temporary, path = dir, filepath.Join(dir, "data")
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{
		Timeout:      3 * time.Second, // another process holds the file
		FreelistType: bolt.FreelistMapType,
		NoSync:       o.Path == "",
		NoGrowSync:   o.Path == "",
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening %s: %w", path, err), s.removeTemporary())
	}
	s.db = db
	if err := s.loadTables(); err != nil {
		return nil, errors.Join(fmt.Errorf("reading the tables of %s: %w", path, err), s.Close())
	}
	return s, nil
}

// Close waits for running requests, closes the file, and removes it if it was
// temporary.
func (s *Server) Close() error {
	return errors.Join(s.db.Close(), s.removeTemporary())
}

func (s *Server) removeTemporary() error {
	if s.temporary == "" {
		return nil
	}
	return os.RemoveAll(s.temporary)
}

// request is one call on its way through the server.
type request struct {
	*Server
	operation string
	caller    string // access key id
	body      *object
}

var operations = map[string]func(*request) (any, error){
	"CreateTable":        (*request).createTable,
	"DescribeTable":      (*request).describeTable,
	"DeleteTable":        (*request).deleteTable,
	"ListTables":         (*request).listTables,
	"UpdateTimeToLive":   (*request).updateTimeToLive,
	"DescribeTimeToLive": (*request).describeTimeToLive,
	"GetItem":            (*request).getItem,
	"PutItem":            (*request).putItem,
	"UpdateItem":         (*request).updateItem,
	"DeleteItem":         (*request).deleteItem,
	"BatchGetItem":       (*request).batchGetItem,
	"BatchWriteItem":     (*request).batchWriteItem,
	"Query":              (*request).query,
	"Scan":               (*request).scan,
	"TransactGetItems":   (*request).transactGetItems,
	"TransactWriteItems": (*request).transactWriteItems,
}

const (
	targetPrefix   = "DynamoDB_20120810."
	maxRequestSize = 16 << 20
)

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, err := s.serve(w, r)
	status := http.StatusOK
	if err != nil {
		e := asAPIError(err)
		status, answer = e.status, e.body()
	}
	respond(w, status, answer)
}

var credential = regexp.MustCompile(`\bCredential=([^/,\s]+)/`)

func (s *Server) serve(w http.ResponseWriter, r *http.Request) (any, error) {
	if r.Method != http.MethodPost || r.URL.Path != "/" {
		return nil, &apiError{status: 404, kind: serviceNamespace + "UnknownOperationException", message: "requests are POST /"}
	}
	name, known := strings.CutPrefix(r.Header.Get("X-Amz-Target"), targetPrefix)
	operation := operations[name]
	if !known || operation == nil {
		return nil, newError(serviceNamespace, "UnknownOperationException", "The operation "+name+" is not supported here")
	}
	key := credential.FindStringSubmatch(r.Header.Get("Authorization"))
	if key == nil {
		return nil, newError(serviceNamespace, "MissingAuthenticationTokenException", "Request is missing Authentication Token")
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestSize))
	if err != nil {
		return nil, errSerialization("the request body cannot be read or exceeds 16 MB")
	}
	body, err := parseRequest(raw)
	if err != nil {
		return nil, err
	}
	return operation(&request{Server: s, operation: name, caller: key[1], body: body})
}

func respond(w http.ResponseWriter, status int, answer any) {
	body, err := json.Marshal(answer)
	if err != nil { // only our own types are marshalled: a defect
		status, body = http.StatusInternalServerError, []byte(`{"__type":"`+modelNamespace+`InternalServerError"}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/x-amz-json-1.0")
	h.Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10))
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that went away is not our concern
}
