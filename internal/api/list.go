package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tokenwright/tokenwright/internal/cursor"
	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

const (
	defaultLimit = 25
	maxLimit     = 100
	maxText      = 255
)

// listParameters are the query parameters of a list, in the order in which a cursor is bound to them.
var listParameters = []string{"limit", "owner", "kind", "status", "environment", "q", "expiresBefore", "lastUsedBefore"}

type listJSON struct {
	Records []tokenJSON `json:"records"`
	HasMore bool        `json:"hasMore"`
	Next    *string     `json:"next"`
}

// List answers GET /v1/tokens.
func (e *Tokens) List(ctx context.Context, r *Request) (Answer, error) {
	parameters, err := r.query(append([]string{"cursor"}, listParameters...)...)
	if err != nil {
		return Answer{}, err
	}
	q, err := parseQuery(parameters, r.Caller)
	if err != nil {
		return Answer{}, err
	}
	bound := []string{string(r.Caller.Account), string(r.Caller.User), string(r.Caller.Token)}
	for _, name := range listParameters {
		bound = append(bound, parameters[name])
	}
	if c, ok := parameters["cursor"]; ok {
		if q.After, err = e.position(ctx, c, bound); err != nil {
			return Answer{}, err
		}
	}
	page, err := e.Manager.List(ctx, r.Caller, q)
	if err != nil {
		return Answer{}, err
	}
	return e.page(ctx, page, bound)
}

func (e *Tokens) page(ctx context.Context, page lifecycle.Page, bound []string) (Answer, error) {
	list := listJSON{Records: make([]tokenJSON, len(page.Tokens)), HasMore: page.More}
	for i := range page.Tokens {
		list.Records[i] = show(e.Format, &page.Tokens[i], e.Now())
	}
	if page.More {
		key, err := e.Manager.Keys.Current(ctx)
		if err != nil {
			return Answer{}, err
		}
		next := cursor.Seal(key, string(page.Last), bound...)
		list.Next = &next
	}
	return Answer{Status: http.StatusOK, Body: list}, nil
}

// position opens a cursor. One that was forged, or made for another account, caller or query, is no cursor.
func (e *Tokens) position(ctx context.Context, c string, bound []string) (token.ID, error) {
	bad := malformed("cursor", "bad_cursor", "A cursor is the “next” of the page before, sent with the same query. Start again without one.")
	keyID, err := cursor.KeyID(c)
	if err != nil {
		return "", bad
	}
	key, err := e.Manager.Keys.Key(ctx, keyID)
	if errors.Is(err, token.ErrUnavailable) {
		return "", err
	}
	if err != nil {
		return "", bad
	}
	position, err := cursor.Open(key, c, bound...)
	if err != nil {
		return "", bad
	}
	id, err := token.ParseID(position)
	if err != nil {
		return "", bad
	}
	return id, nil
}

func parseQuery(p map[string]string, c lifecycle.Caller) (lifecycle.Query, error) {
	q := lifecycle.Query{Limit: defaultLimit, Text: p["q"]}
	var err error
	if s, ok := p["limit"]; ok {
		if q.Limit, err = strconv.Atoi(s); err != nil || q.Limit < 1 || q.Limit > maxLimit {
			return q, malformed("limit", "bad_limit", "Want a whole number from 1 to %d.", maxLimit)
		}
	}
	if s, ok := p["owner"]; ok {
		if s == "me" {
			s = string(c.User)
		}
		if q.Owner, err = user.ParseID(s); err != nil {
			return q, malformed("owner", "bad_id", "A user id is usr_ and 11 letters or digits, or me.")
		}
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
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, malformed(name, "bad_time", "Want a time such as 2027-01-31T12:00:00Z (RFC 3339).")
	}
	return t, nil
}
