package awsjson_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/tokenwright/tokenwright/internal/awsjson"
)

var budgets = awsjson.Budgets{Attempt: 200 * time.Millisecond, Total: 500 * time.Millisecond, Attempts: 3}

func client(t *testing.T, answer http.HandlerFunc) *awsjson.Client {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	c, err := awsjson.New(awsjson.Service{
		Name: "dynamodb", Target: "DynamoDB_20120810.", ContentType: "application/x-amz-json-1.0", Region: "eu-central-1", URL: server.URL,
		Credentials: aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret", SessionToken: "session"}, Budgets: budgets,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestARequestIsWhatTheServiceExpects(t *testing.T) {
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		for name, want := range map[string]string{
			"X-Amz-Target": "DynamoDB_20120810.GetItem", "Content-Type": "application/x-amz-json-1.0", "X-Amz-Security-Token": "session",
			"Accept-Encoding": "", "X-Idempotency-Key": "", "Content-Length": "7",
		} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		authorization := r.Header.Get("Authorization")
		if !strings.HasPrefix(authorization, "AWS4-HMAC-SHA256 Credential=AKID/") || !strings.Contains(authorization, "/eu-central-1/dynamodb/aws4_request") ||
			!strings.Contains(authorization, "SignedHeaders=content-length;content-type;host;x-amz-date;x-amz-security-token;x-amz-target,") {
			t.Errorf("signature: %s", authorization)
		}
		if r.Method != http.MethodPost || r.URL.Path != "/" || string(body) != `{"a":1}` {
			t.Errorf("%s %s %s", r.Method, r.URL, body)
		}
		_, _ = w.Write([]byte("answer"))
	})
	if got, err := c.Call(t.Context(), "GetItem", []byte(`{"a":1}`)); got != "answer" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// refuse answers with an error of the service.
func refuse(w http.ResponseWriter, status int, kind string) {
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`{"__type":"com.amazonaws.dynamodb.v20120810#` + kind + `","Message":"because"}`))
}

func TestWhatPassesIsTriedAgainAndNothingElse(t *testing.T) {
	hangUp := func(http.ResponseWriter) { panic(http.ErrAbortHandler) }
	for name, tt := range map[string]struct {
		fail     func(http.ResponseWriter)
		attempts int64
	}{
		"throttled":        {func(w http.ResponseWriter) { refuse(w, 400, "ProvisionedThroughputExceededException") }, 3},
		"too many":         {func(w http.ResponseWriter) { refuse(w, 429, "SomethingElse") }, 3},
		"a server error":   {func(w http.ResponseWriter) { refuse(w, 500, "InternalServerError") }, 3},
		"no error object":  {func(w http.ResponseWriter) { w.WriteHeader(503) }, 3},
		"hung up":          {hangUp, 3},
		"cut short":        {func(w http.ResponseWriter) { w.Header().Set("Content-Length", "10"); _, _ = w.Write([]byte("x")) }, 3},
		"a wrong checksum": {func(w http.ResponseWriter) { w.Header().Set("X-Amz-Crc32", "5"); _, _ = w.Write([]byte("x")) }, 3},
		"too long":         {func(w http.ResponseWriter) { w.Header().Set("Content-Length", "99999999") }, 3},
		"endless":          {func(w http.ResponseWriter) { _, _ = io.CopyN(w, endless{}, 3<<20) }, 3},
		"not permitted":    {func(w http.ResponseWriter) { refuse(w, 400, "AccessDeniedException") }, 1},
		"a condition":      {func(w http.ResponseWriter) { refuse(w, 400, "ConditionalCheckFailedException") }, 1},
		"moved":            {func(w http.ResponseWriter) { w.Header().Set("Location", "/"); w.WriteHeader(307) }, 1},
	} {
		var n atomic.Int64
		c := client(t, func(w http.ResponseWriter, _ *http.Request) { n.Add(1); tt.fail(w) })
		answer, err := c.Call(t.Context(), "GetItem", nil)
		if err == nil || answer != "" || n.Load() != tt.attempts || awsjson.Transient(err) != (tt.attempts > 1) {
			t.Errorf("%s: %q, %v after %d attempts, want %d", name, answer, err, n.Load(), tt.attempts)
		}
		n.Store(0)
		c = client(t, func(w http.ResponseWriter, _ *http.Request) {
			if n.Add(1) < 3 {
				tt.fail(w)
				return
			}
			_, _ = w.Write([]byte("well again"))
		})
		if answer, err := c.Call(t.Context(), "GetItem", nil); tt.attempts > 1 && (answer != "well again" || err != nil) {
			t.Errorf("%s twice: %q, %v", name, answer, err)
		}
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestRefusalsKeepTheirCode(t *testing.T) {
	for _, tt := range []struct{ header, body, code string }{
		{"", `{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"}`, "ConditionalCheckFailedException"},
		{"", `{"__type":"ResourceNotFoundException","Message":"x"}`, "ResourceNotFoundException"},
		{"ValidationException:http://x", `{}`, "ValidationException"},
		{"", `{"__type":5,"message":{}}`, ""},
		{"", `not JSON`, ""},
		{"", `{"__type":"a#b`, ""},
	} {
		c := client(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Amzn-ErrorType", tt.header)
			w.WriteHeader(400)
			_, _ = w.Write([]byte(tt.body))
		})
		_, err := c.Call(t.Context(), "GetItem", nil)
		var refusal *awsjson.Error
		if !errors.As(err, &refusal) || refusal.Code != tt.code || refusal.Status != 400 || awsjson.Is(err, tt.code) != true {
			t.Errorf("%s %s: %v, want code %q", tt.header, tt.body, err, tt.code)
		}
	}
}

func TestNoCallOutlivesItsBudgets(t *testing.T) {
	var n atomic.Int64
	c := client(t, func(_ http.ResponseWriter, r *http.Request) {
		n.Add(1)
		_, _ = io.ReadAll(r.Body)
		<-r.Context().Done()
	})
	began := time.Now()
	_, err := c.Call(t.Context(), "GetItem", nil)
	if took := time.Since(began); err == nil || !awsjson.Transient(err) || n.Load() < 2 || took > budgets.Total+200*time.Millisecond {
		t.Errorf("%v after %s and %d attempts", err, took, n.Load())
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began = time.Now()
	if _, err := c.Call(ctx, "GetItem", nil); err == nil || time.Since(began) > 250*time.Millisecond {
		t.Errorf("a caller with 50 ms: %v after %s", err, time.Since(began))
	}
}

// A connection that the service closed while it was kept costs no attempt.
func TestAClosedConnectionIsOpenedAgain(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok")) }))
	defer server.Close()
	c, err := awsjson.New(awsjson.Service{Name: "dynamodb", Region: "us-east-1", URL: server.URL, Budgets: awsjson.Budgets{Attempt: time.Second, Total: time.Second, Attempts: 1}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		if _, err := c.Call(t.Context(), "GetItem", []byte("{}")); err != nil {
			t.Fatalf("call %d: %v", i, err)
		}
		server.CloseClientConnections()
	}
}

func TestEndpointsAreTheSDKs(t *testing.T) {
	for _, region := range []string{
		"us-east-1", "eu-central-1", "ap-southeast-7", "us-gov-west-1", "cn-north-1", "us-iso-east-1", "us-isob-east-1", "us-isof-south-1", "eu-isoe-west-1",
		"eusc-de-east-1",
	} {
		d, err := dynamodb.NewDefaultEndpointResolverV2().ResolveEndpoint(t.Context(), dynamodb.EndpointParameters{Region: aws.String(region), UseDualStack: aws.Bool(false), UseFIPS: aws.Bool(false)})
		if err != nil {
			t.Fatal(err)
		}
		s, err := secretsmanager.NewDefaultEndpointResolverV2().ResolveEndpoint(t.Context(), secretsmanager.EndpointParameters{Region: aws.String(region), UseDualStack: aws.Bool(false), UseFIPS: aws.Bool(false)})
		if err != nil {
			t.Fatal(err)
		}
		for service, want := range map[string]string{"dynamodb": d.URI.String(), "secretsmanager": s.URI.String()} {
			if got := awsjson.Endpoint(service, region); got != want {
				t.Errorf("%s in %s: %s, want %s", service, region, got, want)
			}
		}
	}
}
