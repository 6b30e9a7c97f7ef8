// Package load drives validations through the local stack: the deployed functions behind a gateway, a bounded number of
// requests, each through the authorizer and one small function. What it prints is about this machine: the stand-ins
// share it with what they serve.
package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tokenwright/tokenwright/internal/dev/local"
)

// Options of Run; zero means the standard.
type Options struct {
	Requests   int // 2,000
	AtOnce     int // 8
	Parameters map[string]string
}

// Result is what Run saw.
type Result struct {
	Requests, Refused, Failed int // Refused: 401 or 403; Failed: anything else than 200
	Took                      time.Duration
	Sorted                    []time.Duration // of the requests that were answered 200
}

// Run starts a stack of its own, makes a token there and asks for GET /v1/ping with it.
func Run(ctx context.Context, o Options) (Result, error) {
	if o.Requests <= 0 {
		o.Requests = 2000
	}
	if o.AtOnce <= 0 {
		o.AtOnce = 8
	}
	folder, err := os.MkdirTemp("", "tokenwright-load")
	if err != nil {
		return Result{}, fmt.Errorf("making a folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	stack, err := local.Start(ctx, local.Options{DataDir: filepath.Join(folder, "data"), Parameters: o.Parameters})
	if err != nil {
		return Result{}, err
	}
	defer stack.Stop()
	c := &caller{base: stack.URL(), client: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: o.AtOnce}}}
	if err := c.enter(ctx); err != nil {
		return Result{}, err
	}
	for range 4 * o.AtOnce { // the functions' processes start with their first events
		if _, _, err := c.ping(ctx); err != nil {
			return Result{}, err
		}
	}
	return c.drive(ctx, o)
}

type caller struct {
	base   string
	client *http.Client
	token  string
}

// enter signs a person in and makes the token.
func (c *caller) enter(ctx context.Context) error {
	var session struct {
		AccessToken string `json:"access_token"`
	}
	form := url.Values{"account": {"acc_load"}, "subject": {"ada"}, "roles": {"admin"}}.Encode()
	if err := c.post(ctx, "/_local/sign-in", "application/x-www-form-urlencoded", "", form, &session); err != nil {
		return fmt.Errorf("signing in: %w", err)
	}
	var made struct{ Token string }
	if err := c.post(ctx, "/v1/tokens", "application/json", session.AccessToken, `{"name":"load"}`, &made); err != nil {
		return fmt.Errorf("making a token: %w", err)
	}
	c.token = made.Token
	return nil
}

func (c *caller) post(ctx context.Context, path, kind, bearer, body string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", kind)
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	response, err := c.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("%s: %s", response.Status, bytes.TrimSpace(text))
	}
	return json.Unmarshal(text, into)
}

func (c *caller) ping(ctx context.Context) (status int, took time.Duration, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/v1/ping", nil)
	if err != nil {
		return 0, 0, err
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	began := time.Now()
	response, err := c.client.Do(request)
	if err != nil {
		return 0, 0, err
	}
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, time.Since(began), errors.Join(err, response.Body.Close())
}

func (c *caller) drive(ctx context.Context, o Options) (Result, error) {
	var mu sync.Mutex
	var failure error
	r := Result{Requests: o.Requests}
	var given atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for range o.AtOnce {
		all.Go(func() {
			for given.Add(1) <= int64(o.Requests) {
				status, took, err := c.ping(ctx)
				mu.Lock()
				switch {
				case err != nil:
					failure = err
				case status == http.StatusOK:
					r.Sorted = append(r.Sorted, took)
				case status == http.StatusUnauthorized || status == http.StatusForbidden:
					r.Refused++
				default:
					r.Failed++
				}
				stop := failure != nil
				mu.Unlock()
				if stop {
					return
				}
			}
		})
	}
	all.Wait()
	r.Took = time.Since(began)
	slices.Sort(r.Sorted)
	return r, failure
}

// String says the rate and the percentiles.
func (r Result) String() string {
	if len(r.Sorted) == 0 {
		return fmt.Sprintf("%d requests, %d refused, %d failed", r.Requests, r.Refused, r.Failed)
	}
	at := func(percent int) string {
		return fmt.Sprintf("%.1f ms", r.Sorted[(len(r.Sorted)-1)*percent/100].Seconds()*1000)
	}
	return fmt.Sprintf("%d requests in %.1f s: %.0f a second; p50 %s, p90 %s, p99 %s, slowest %s; %d refused, %d failed",
		r.Requests, r.Took.Seconds(), float64(r.Requests)/r.Took.Seconds(), at(50), at(90), at(99), at(100), r.Refused, r.Failed)
}
