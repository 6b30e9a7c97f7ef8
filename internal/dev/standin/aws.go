// Package standin is DynamoDB and Secrets Manager as the authorizer sees them, for measuring it and for making them
// fail: one server that answers the authorizer's few calls from memory, at once, after a set delay, or as a fault says.
// It checks no signature and keeps nothing; what DynamoDB really does is for the embedded server and DynamoDB Local to
// say. It is never deployed.
package standin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Table holds items in the form they have on DynamoDB's wire, each an object of attributes.
type Table interface {
	// Item returns the item under a key; "" when there is none.
	Item(pk, sk string) string
}

// Fault answers a request instead of the stand-in, when it returns true. normal is what the stand-in would have
// answered, call its operation, n the count of that operation's requests including this one.
type Fault func(w http.ResponseWriter, r *http.Request, call string, n int64, normal []byte) bool

// AWS is the server. Its fields may be changed while no request is under way.
type AWS struct {
	URL   string
	Delay time.Duration // before each answer

	table  Table
	secret string
	fault  atomic.Pointer[Fault]
	server *httptest.Server

	mu     sync.Mutex
	counts map[string]int64
	answer atomic.Int64 // bytes
}

// Listen starts a server on the loopback interface: with TLS under a certificate of authority, or without when that is
// nil. secret is the text of the one secret.
func Listen(authority *Authority, table Table, secret string) *AWS {
	a, err := ListenAt("127.0.0.1:0", authority, table, secret)
	if err != nil {
		panic(err) // any port will do, and none was free
	}
	return a
}

// ListenAt is Listen at an address: where another one was before it died.
func ListenAt(address string, authority *Authority, table Table, secret string) (*AWS, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	a := &AWS{table: table, secret: secret, counts: map[string]int64{}}
	a.server = httptest.NewUnstartedServer(http.HandlerFunc(a.serve))
	_ = a.server.Listener.Close()
	a.server.Listener = listener
	a.server.Config.ErrorLog = discard
	if authority == nil {
		a.server.Start()
	} else {
		a.server.TLS = authority.serverConfig()
		a.server.StartTLS()
	}
	a.URL = a.server.URL
	return a, nil
}

// Address returns where the server listens.
func (a *AWS) Address() string { return a.server.Listener.Addr().String() }

// Close stops the server and cuts the connections it has.
func (a *AWS) Close() {
	a.server.CloseClientConnections()
	a.server.Close()
}

// Break makes the stand-in fail from the next request on; nil makes it well again.
func (a *AWS) Break(f Fault) {
	if f == nil {
		a.fault.Store(nil)
		return
	}
	a.fault.Store(&f)
}

// Requests returns how many requests of an operation there were.
func (a *AWS) Requests(call string) int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.counts[call]
}

// Total returns how many requests there were to each service, refreshes aside, and how many bytes the answers of both had together.
func (a *AWS) Total() (dynamodb, secrets, answered int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for call, n := range a.counts {
		switch call {
		case "GetSecretValue":
			secrets += n
		case Refresh:
		default:
			dynamodb += n
		}
	}
	return dynamodb, secrets, a.answer.Load()
}

func (a *AWS) count(call string) int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.counts[call]++
	return a.counts[call]
}

func (a *AWS) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return
	}
	_, call, _ := cutLast(r.Header.Get("X-Amz-Target"), '.')
	n := a.count(kindOf(call, body))
	normal, err := a.respond(call, body)
	if err != nil {
		refuse(w, http.StatusBadRequest, "ValidationException", err.Error())
		return
	}
	if a.Delay > 0 {
		time.Sleep(a.Delay)
	}
	if fault := a.fault.Load(); fault != nil && (*fault)(w, r, call, n, normal) {
		return
	}
	a.answer.Add(int64(len(normal)))
	write(w, http.StatusOK, normal)
}

// Refresh is what requests are counted as that read nothing of an owner: settings and rules, which processes hold.
const Refresh = "refresh"

func kindOf(call string, body []byte) string {
	if call != "GetSecretValue" && !bytes.Contains(body, []byte(`"OWNER#`)) {
		return Refresh
	}
	return call
}

func (a *AWS) respond(call string, body []byte) ([]byte, error) {
	switch call {
	case "BatchGetItem":
		return a.batchGet(body)
	case "GetItem":
		return a.get(body)
	case "UpdateItem":
		return []byte(`{}`), nil
	case "GetSecretValue":
		return json.Marshal(map[string]any{"Name": "keyring", "VersionId": "6b6e1f0e-0000-4000-8000-000000000000", "SecretString": a.secret, "CreatedDate": 1.7952e9})
	}
	return nil, fmt.Errorf("the stand-in knows no %q", call)
}

type key map[string]struct{ S string }

func (a *AWS) batchGet(body []byte) ([]byte, error) {
	var in struct {
		RequestItems map[string]struct{ Keys []key }
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	out := map[string][]json.RawMessage{}
	for table, request := range in.RequestItems {
		out[table] = []json.RawMessage{}
		for _, k := range request.Keys {
			if it := a.table.Item(k["pk"].S, k["sk"].S); it != "" {
				out[table] = append(out[table], json.RawMessage(it))
			}
		}
	}
	return json.Marshal(map[string]any{"Responses": out, "UnprocessedKeys": map[string]any{}})
}

func (a *AWS) get(body []byte) ([]byte, error) {
	var in struct{ Key key }
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	if it := a.table.Item(in.Key["pk"].S, in.Key["sk"].S); it != "" {
		return []byte(`{"Item":` + it + `}`), nil
	}
	return []byte(`{}`), nil
}

// refuse answers as both services do.
func refuse(w http.ResponseWriter, status int, kind, message string) {
	body, _ := json.Marshal(map[string]string{"__type": "com.amazonaws.dynamodb.v20120810#" + kind, "message": message})
	write(w, status, body)
}

func write(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/x-amz-json-1.0")
	h.Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10))
	h.Set("X-Amzn-Requestid", "VVTUAFGGL8GFFGF84JQDGQ0H8NVV4KQNSO5AEMVJF66Q9ASUAAJG")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// cutLast cuts s at the last sep; without one, everything is after it.
func cutLast(s string, sep byte) (before, after string, found bool) {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == sep {
			return s[:i], s[i+1:], true
		}
	}
	return "", s, false
}
