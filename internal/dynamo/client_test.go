package dynamo

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

func TestBodiesAreReadAndDoNotWriteThemselves(t *testing.T) {
	body := io.NopCloser(bytes.NewReader([]byte("five"))) // io.NopCloser keeps WriteTo, as the SDK's own wrapper does
	if _, writes := body.(io.WriterTo); !writes {
		t.Fatal("the body of this test could not write itself")
	}
	r := httptest.NewRequestWithContext(t.Context(), "POST", "http://localhost/", nil)
	r.Body = body
	seen := ""
	_, err := readBodies{transport(func(r *http.Request) (*http.Response, error) {
		if _, writes := r.Body.(io.WriterTo); writes {
			t.Error("the body writes itself")
		}
		text, err := io.ReadAll(r.Body)
		seen = string(text)
		return nil, err
	})}.RoundTrip(r)
	if err != nil || seen != "five" || r.Body != body {
		t.Errorf("%q, %v; the caller's request is another: %t", seen, err, r.Body != body)
	}
}
