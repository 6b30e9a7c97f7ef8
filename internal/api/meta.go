package api

import (
	"context"
	"net/http"

	"github.com/tokenwright/tokenwright/internal/scope"
)

type scopesJSON struct {
	Scopes []scope.Definition `json:"scopes"`
	Roles  []roleJSON         `json:"roles"`
}

type roleJSON struct {
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Grants      []scope.Pattern `json:"grants"`
	Scopes      scope.Set       `json:"scopes"` // what the grants stand for
}

// Scopes answers GET /v1/scopes with the catalogue.
func Scopes(catalogue *scope.Catalogue) Endpoint {
	body := scopesJSON{Scopes: catalogue.Scopes}
	for _, r := range catalogue.Roles {
		body.Roles = append(body.Roles, roleJSON{Name: r.Name, Description: r.Description, Grants: r.Grants, Scopes: catalogue.OfRoles([]string{r.Name})})
	}
	return func(_ context.Context, r *Request) (Answer, error) {
		if _, err := r.query(); err != nil {
			return Answer{}, err
		}
		return Answer{Status: http.StatusOK, Body: body}, nil
	}
}

// Ping answers GET /v1/ping: whoever gets through to it has a credential that works.
func Ping(_ context.Context, r *Request) (Answer, error) {
	if _, err := r.query(); err != nil {
		return Answer{}, err
	}
	return Answer{Status: http.StatusOK, Body: map[string]string{"status": "ok"}}, nil
}
