package keyring_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/tokenwright/tokenwright/internal/keyring"
)

func TestTheSecretIsReadOffTheWire(t *testing.T) {
	for _, tt := range []struct {
		answer, want string
		ok           bool
	}{
		{`{"ARN":"arn","CreatedDate":1.5e9,"SecretString":"{\"a\":\"b\"}","VersionStages":["AWSCURRENT"]}`, `{"a":"b"}`, true},
		{`{"SecretString":""}`, "", true},
		{`{"SecretBinary":"eA=="}`, "", false},
		{`{}`, "", false},
		{`{"SecretString":5}`, "", false},
		{`{"SecretString":"hidden"`, "", false},
		{`"hidden"`, "", false},
		{`<html>`, "", false},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if r.Header.Get("X-Amz-Target") != "secretsmanager.GetSecretValue" || r.Header.Get("Content-Type") != "application/x-amz-json-1.1" ||
				string(body) != `{"SecretId":"a\u0022b"}` || !strings.Contains(r.Header.Get("Authorization"), "/secretsmanager/aws4_request") {
				t.Errorf("asked %s %s", r.Header, body)
			}
			_, _ = w.Write([]byte(tt.answer))
		}))
		source, err := keyring.Open("us-east-1", server.URL, `a"b`, aws.Credentials{AccessKeyID: "a", SecretAccessKey: "b"})
		if err != nil {
			t.Fatal(err)
		}
		got, err := source(t.Context())
		if got != tt.want || (err == nil) != tt.ok {
			t.Errorf("%s: %q, %v", tt.answer, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "hidden") {
			t.Errorf("the error quotes the secret: %v", err)
		}
		server.Close()
	}
	if _, err := keyring.Open("us-east-1", "nowhere", "x", aws.Credentials{}); err == nil {
		t.Error("an endpoint that is no URL is taken")
	}
}
