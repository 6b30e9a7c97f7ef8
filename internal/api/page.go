package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/tokenwright/tokenwright/internal/cursor"
	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// listJSON is one page of any list.
type listJSON[T any] struct {
	Records []T     `json:"records"`
	HasMore bool    `json:"hasMore"`
	Next    *string `json:"next"`
}

// bound is what a cursor is tied to: the list, who reads it, and the query.
func (r *Request) bound(list string, parameters map[string]string, names []string) []string {
	bound := []string{list, string(r.Caller.Account), string(r.Caller.User), string(r.Caller.Token)}
	for _, name := range names {
		bound = append(bound, parameters[name])
	}
	return bound
}

// pageOf answers one page; last is where the next one begins.
func pageOf[T any](ctx context.Context, e *Endpoints, records []T, more bool, last string, bound []string) (Answer, error) {
	list := listJSON[T]{Records: records, HasMore: more}
	if more {
		key, err := e.Manager.Keys.Current(ctx)
		if err != nil {
			return Answer{}, err
		}
		next := cursor.Seal(key, last, bound...)
		list.Next = &next
	}
	return Answer{Status: http.StatusOK, Body: list}, nil
}

// position opens the query's cursor, if there is one. One that was forged, or made for another list, account, caller or
// query, is no cursor.
func position[T ~string](ctx context.Context, e *Endpoints, parameters map[string]string, bound []string, parse func(string) (T, error)) (T, error) {
	c, ok := parameters["cursor"]
	if !ok {
		return "", nil
	}
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
	text, err := cursor.Open(key, c, bound...)
	if err != nil {
		return "", bad
	}
	at, err := parse(text)
	if err != nil {
		return "", bad
	}
	return at, nil
}

func limit(p map[string]string) (int, error) {
	s, ok := p["limit"]
	if !ok {
		return defaultLimit, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > maxLimit {
		return 0, malformed("limit", "bad_limit", "Want a whole number from 1 to %d.", maxLimit)
	}
	return n, nil
}

// userParameter reads a user id, or "me"; absent = "".
func userParameter(p map[string]string, name string, c lifecycle.Caller) (user.ID, error) {
	s, ok := p[name]
	switch {
	case !ok:
		return "", nil
	case s == "me":
		return c.User, nil
	}
	id, err := user.ParseID(s)
	if err != nil {
		return "", malformed(name, "bad_id", "A user id is usr_ and 11 letters or digits, or me.")
	}
	return id, nil
}
