package api

import (
	"context"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/token"
)

const (
	defaultLimit = 25
	maxLimit     = 100
	maxText      = 255
)

// listParameters are the query parameters of a list, in the order in which a cursor is bound to them.
var listParameters = []string{"limit", "owner", "steward", "kind", "status", "environment", "q", "expiresBefore", "lastUsedBefore"}

// List answers GET /v1/tokens.
func (e *Endpoints) List(ctx context.Context, r *Request) (Answer, error) {
	parameters, err := r.query(append([]string{"cursor"}, listParameters...)...)
	if err != nil {
		return Answer{}, err
	}
	q, err := parseQuery(parameters, r.Caller)
	if err != nil {
		return Answer{}, err
	}
	bound := r.bound("tokens", parameters, listParameters)
	if q.After, err = position(ctx, e, parameters, bound, token.ParseID); err != nil {
		return Answer{}, err
	}
	page, err := e.Manager.List(ctx, r.Caller, q)
	if err != nil {
		return Answer{}, err
	}
	return e.page(ctx, page, bound)
}

func (e *Endpoints) page(ctx context.Context, page lifecycle.Page, bound []string) (Answer, error) {
	records := make([]tokenJSON, len(page.Tokens))
	for i := range page.Tokens {
		records[i] = show(e.Format, &page.Tokens[i], e.Now())
	}
	return pageOf(ctx, e, records, page.More, string(page.Last), bound)
}

func parseQuery(p map[string]string, c lifecycle.Caller) (lifecycle.Query, error) {
	q := lifecycle.Query{Text: p["q"]}
	var err error
	if q.Limit, err = limit(p); err != nil {
		return q, err
	}
	if q.Owner, err = userParameter(p, "owner", c); err != nil {
		return q, err
	}
	if q.Steward, err = userParameter(p, "steward", c); err != nil {
		return q, err
	}
	if utf8.RuneCountInString(q.Text) > maxText || !utf8.ValidString(q.Text) || containsControl(q.Text) {
		return q, malformed("q", "bad_text", "Want at most %d characters, none of them a control character.", maxText)
	}
	if q.Kind, err = word(p, "kind", "personal or service", token.ParseKind); err != nil {
		return q, err
	}
	if q.Environment, err = word(p, "environment", "live or test", token.ParseEnvironment); err != nil {
		return q, err
	}
	if q.Status, err = word(p, "status", "active, inactive, scheduled, expired or revoked", token.ParseStatus); err != nil {
		return q, err
	}
	if q.ExpiresBefore, err = moment(p, "expiresBefore"); err != nil {
		return q, err
	}
	q.LastUsedBefore, err = moment(p, "lastUsedBefore")
	return q, err
}

func containsControl(s string) bool {
	for _, c := range s {
		if unicode.IsControl(c) {
			return true
		}
	}
	return false
}

func word[T ~string](p map[string]string, name, what string, parse func(string) (T, bool)) (T, error) {
	s, ok := p[name]
	if !ok {
		return "", nil
	}
	v, ok := parse(s)
	if !ok {
		return "", malformed(name, "bad_value", "Want %s.", what)
	}
	return v, nil
}

func moment(p map[string]string, name string) (time.Time, error) {
	s, ok := p[name]
	if !ok {
		return time.Time{}, nil
	}
	t, ok := parseTime(s)
	if !ok {
		return t, malformed(name, "bad_time", wantTime)
	}
	return t, nil
}
