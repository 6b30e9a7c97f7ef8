package scim

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/user"
)

// maxCount is how many users one page holds.
const maxCount = 100

// list is the ListResponse of RFC 7644, section 3.4.2.
type list[T any] struct {
	Schemas      []string `json:"schemas"`
	TotalResults int      `json:"totalResults"`
	StartIndex   int      `json:"startIndex"`
	ItemsPerPage int      `json:"itemsPerPage"`
	Resources    []T      `json:"Resources"`
}

func listOf[T any](resources []T, total, start int) list[T] {
	return list[T]{Schemas: []string{listMessage}, TotalResults: total, StartIndex: start, ItemsPerPage: len(resources), Resources: resources}
}

// ListUsers answers GET /scim/v2/Users. Parameters that it does not know, such as attributes and sortBy, change nothing.
func (e *Endpoints) ListUsers(ctx context.Context, r *api.Request) (api.Answer, error) {
	parameters := r.Event().QueryStringParameters
	start, err := count(parameters, "startIndex", 1, 1)
	if err != nil {
		return api.Answer{}, err
	}
	limit, err := count(parameters, "count", maxCount, 0)
	if err != nil {
		return api.Answer{}, err
	}
	found, total, err := e.find(ctx, r.Caller, parameters["filter"], lifecycle.EntryQuery{Skip: start - 1, Limit: min(limit, maxCount)})
	if err != nil {
		return api.Answer{}, err
	}
	resources := make([]resource, len(found))
	for i := range found {
		resources[i] = show(r, &found[i])
	}
	return answer(http.StatusOK, listOf(resources, total, start)), nil
}

func (e *Endpoints) find(ctx context.Context, c lifecycle.Caller, text string, q lifecycle.EntryQuery) ([]user.User, int, error) {
	if strings.TrimSpace(text) == "" {
		return e.Manager.Entries(ctx, c, q)
	}
	attribute, value, err := parseFilter(text)
	if err != nil {
		return nil, 0, err
	}
	var u user.User
	switch attribute {
	case "externalid":
		q.ExternalID = value
		return e.Manager.Entries(ctx, c, q)
	case "id":
		id, bad := user.ParseID(value)
		if bad != nil {
			id = user.Ref("").ID() // nobody's
		}
		u, err = e.Manager.Entry(ctx, c, id)
	default:
		u, err = e.Manager.EntryBySubject(ctx, c, value)
	}
	switch {
	case errors.Is(err, user.ErrNotFound):
		return nil, 0, nil
	case err != nil:
		return nil, 0, err
	case q.Skip > 0 || q.Limit == 0:
		return nil, 1, nil
	}
	return []user.User{u}, 1, nil
}

// listFilter is the one form of filter that is understood: an attribute, eq, and a JSON string.
var listFilter = regexp.MustCompile(`(?s)^\s*([A-Za-z0-9:.]+)\s+([A-Za-z]+)\s+(".*")\s*$`)

// parseFilter returns the attribute, in lower case, and what it is to equal.
func parseFilter(text string) (attribute, value string, err error) {
	bad := refusal("invalidFilter", `Want a filter such as userName eq "ada", or the same with externalId or id.`)
	parts := listFilter.FindStringSubmatch(text)
	if parts == nil || !strings.EqualFold(parts[2], "eq") || json.Unmarshal([]byte(parts[3]), &value) != nil || value == "" {
		return "", "", bad
	}
	switch attribute = strings.TrimPrefix(strings.ToLower(parts[1]), strings.ToLower(userSchema)+":"); attribute {
	case "username", "externalid", "id":
		return attribute, value, nil
	}
	return "", "", bad
}
