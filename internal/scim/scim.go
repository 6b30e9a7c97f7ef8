// Package scim is SCIM 2.0 (RFC 7643, RFC 7644) over the people of an account, so that an identity provider creates,
// suspends and offboards them. It is the HTTP side alone; the rules are the lifecycle package's. What it leaves out of the
// protocol, ServiceProviderConfig says: bulk, sorting, groups, and every filter but userName, externalId and id.
package scim

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/user"
)

// The schemas and messages spoken here.
const (
	userSchema     = "urn:ietf:params:scim:schemas:core:2.0:User"
	extensions     = "urn:ietf:params:scim:schemas:extension:" // accepted and ignored
	patchMessage   = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	listMessage    = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	errorMessage   = "urn:ietf:params:scim:api:messages:2.0:Error"
	mediaType      = "application/scim+json"
	plainMediaType = "application/json" // RFC 7644, 3.1: accepted as well
)

// Endpoints are the operations.
type Endpoints struct{ Manager *lifecycle.Manager }

// Of gives an operation what the management API's own are given.
func Of(operation func(*Endpoints, context.Context, *api.Request) (api.Answer, error)) func(*api.Endpoints, context.Context, *api.Request) (api.Answer, error) {
	return func(e *api.Endpoints, ctx context.Context, r *api.Request) (api.Answer, error) {
		return operation(&Endpoints{Manager: e.Manager}, ctx, r)
	}
}

// Handler makes an operation a Lambda handler that tells errors as SCIM does.
func Handler(operation string, log *slog.Logger, endpoint api.Endpoint) api.Lambda {
	return api.HandlerWith(refuse, operation, log, endpoint)
}

// scimError is the error of RFC 7644, section 3.12.
type scimError struct {
	Schemas  []string `json:"schemas"`
	Status   string   `json:"status"`
	ScimType string   `json:"scimType,omitempty"`
	Detail   string   `json:"detail"`
}

// refuse is the api package's table of statuses in SCIM's words: fields that cannot be accepted are 400 here.
func refuse(err error, _ string) (events.APIGatewayProxyResponse, string) {
	status, code, detail, headers := api.Explain(err)
	e := scimError{Schemas: []string{errorMessage}, Detail: detail}
	switch {
	case status == http.StatusUnprocessableEntity:
		status, e.ScimType, e.Detail = http.StatusBadRequest, "invalidValue", fields(err, detail)
	case status == http.StatusBadRequest:
		e.ScimType = badRequest(code)
	case code == "uniqueness":
		e.ScimType = code
	}
	e.Status = strconv.Itoa(status)
	body, _ := json.Marshal(e) // strings
	headers["Content-Type"] = mediaType
	return events.APIGatewayProxyResponse{StatusCode: status, Headers: headers, Body: string(body)}, code
}

// badRequest returns the scimType of a code: those of table 9 of RFC 7644, and what the api package calls otherwise.
func badRequest(code string) string {
	switch code {
	case "invalidFilter", "invalidPath", "invalidValue", "noTarget", "mutability", "tooMany":
		return code
	}
	return "invalidSyntax"
}

func refusal(scimType, format string, args ...any) error {
	return &lifecycle.Refusal{Root: lifecycle.ErrMalformed, Code: scimType, Detail: fmt.Sprintf(format, args...)}
}

// resource is a user as SCIM shows one.
type resource struct {
	Schemas     []string     `json:"schemas"`
	ID          string       `json:"id"`
	ExternalID  string       `json:"externalId,omitempty"`
	UserName    string       `json:"userName"`
	DisplayName string       `json:"displayName,omitempty"`
	Name        *name        `json:"name,omitempty"`
	Emails      []multiValue `json:"emails,omitempty"`
	Roles       []multiValue `json:"roles,omitempty"`
	Active      bool         `json:"active"`
	Meta        meta         `json:"meta"`
}

type name struct {
	Formatted  string `json:"formatted,omitempty"`
	GivenName  string `json:"givenName,omitempty"`
	FamilyName string `json:"familyName,omitempty"`
}

type multiValue struct {
	Value   string `json:"value"`
	Type    string `json:"type,omitempty"`
	Primary bool   `json:"primary,omitempty"`
}

type meta struct {
	ResourceType string `json:"resourceType"`
	Created      string `json:"created,omitempty"`
	LastModified string `json:"lastModified,omitempty"`
	Location     string `json:"location"`
	Version      string `json:"version,omitempty"`
}

func show(r *api.Request, u *user.User) resource {
	out := resource{
		Schemas: []string{userSchema}, ID: string(u.ID()), ExternalID: u.Directory.ExternalID, UserName: u.Subject, DisplayName: u.DisplayName,
		Active: u.Status == user.Active, Meta: meta{
			ResourceType: "User", Created: instant(u.CreatedAt), LastModified: instant(u.UpdatedAt),
			Location: base(r) + "/Users/" + string(u.ID()), Version: etag(u),
		},
	}
	if d := u.Directory; d.GivenName != "" || d.FamilyName != "" {
		out.Name = &name{Formatted: strings.TrimSpace(d.GivenName + " " + d.FamilyName), GivenName: d.GivenName, FamilyName: d.FamilyName}
	}
	if u.Directory.Email != "" {
		out.Emails = []multiValue{{Value: u.Directory.Email, Type: u.Directory.EmailType, Primary: true}}
	}
	for _, role := range u.Roles {
		out.Roles = append(out.Roles, multiValue{Value: role})
	}
	return out
}

func instant(t time.Time) string { return t.UTC().Format(principal.TimeLayout) }

func etag(u *user.User) string { return fmt.Sprintf(`W/"%d"`, u.Version) }

// base is where this service's SCIM API lies, as the caller sees it.
func base(r *api.Request) string {
	e := r.Event()
	scheme, host, path := r.Header("X-Forwarded-Proto"), r.Header("Host"), e.RequestContext.Path
	if scheme == "" {
		scheme = "https"
	}
	if host == "" {
		host = e.RequestContext.DomainName
	}
	before, _, _ := strings.Cut(path, "/scim/v2")
	return scheme + "://" + host + before + "/scim/v2"
}

// version reads If-Match; 0 = any. SCIM's tags are weak and are matched all the same (RFC 7644, section 3.14).
func version(r *api.Request) int64 {
	s, ok, err := r.Once("If-Match")
	if err != nil {
		return -1
	}
	if !ok || s == "*" {
		return 0
	}
	digits, err := strconv.Unquote(strings.TrimPrefix(s, "W/"))
	if n, bad := strconv.ParseInt(digits, 10, 64); err == nil && bad == nil && n > 0 {
		return n
	}
	return -1 // no version there ever was
}

func answer(status int, body any) api.Answer {
	return api.Answer{Status: status, Headers: map[string]string{"Content-Type": mediaType}, Body: body}
}

func userAnswer(r *api.Request, status int, u *user.User, err error) (api.Answer, error) {
	if err != nil {
		return api.Answer{}, err
	}
	shown := show(r, u)
	a := answer(status, shown)
	a.Headers["ETag"], a.Headers["Location"] = shown.Meta.Version, shown.Meta.Location
	return a, nil
}

// target reads the path's id. What is no id is no user either.
func target(r *api.Request) (user.ID, error) {
	id, err := user.ParseID(r.Event().PathParameters["id"])
	if err != nil {
		return "", fmt.Errorf("reading the path: %w", user.ErrNotFound)
	}
	return id, nil
}

// CreateUser answers POST /scim/v2/Users.
func (e *Endpoints) CreateUser(ctx context.Context, r *api.Request) (api.Answer, error) {
	m, err := body(r, userSchema)
	if err != nil {
		return api.Answer{}, err
	}
	entry := lifecycle.Entry{Active: true}
	if err := m.replace(&entry); err != nil {
		return api.Answer{}, err
	}
	u, err := e.Manager.CreateEntry(ctx, r.Caller, entry)
	return userAnswer(r, http.StatusCreated, &u, err)
}

// GetUser answers GET /scim/v2/Users/{id}.
func (e *Endpoints) GetUser(ctx context.Context, r *api.Request) (api.Answer, error) {
	id, err := target(r)
	if err != nil {
		return api.Answer{}, err
	}
	u, err := e.Manager.Entry(ctx, r.Caller, id)
	if err == nil && r.Header("If-None-Match") == etag(&u) {
		return api.Answer{Status: http.StatusNotModified, Headers: map[string]string{"ETag": etag(&u)}}, nil
	}
	return userAnswer(r, http.StatusOK, &u, err)
}

// ReplaceUser answers PUT /scim/v2/Users/{id}.
func (e *Endpoints) ReplaceUser(ctx context.Context, r *api.Request) (api.Answer, error) {
	return e.change(ctx, r, userSchema, members.replace)
}

// PatchUser answers PATCH /scim/v2/Users/{id}.
func (e *Endpoints) PatchUser(ctx context.Context, r *api.Request) (api.Answer, error) {
	return e.change(ctx, r, patchMessage, members.patch)
}

func (e *Endpoints) change(ctx context.Context, r *api.Request, schema string, edit func(members, *lifecycle.Entry) error) (api.Answer, error) {
	id, err := target(r)
	if err != nil {
		return api.Answer{}, err
	}
	m, err := body(r, schema)
	if err != nil {
		return api.Answer{}, err
	}
	u, err := e.Manager.ChangeEntry(ctx, r.Caller, id, version(r), func(entry *lifecycle.Entry) error { return edit(m, entry) })
	return userAnswer(r, http.StatusOK, &u, err)
}

// DeleteUser answers DELETE /scim/v2/Users/{id}: the person is offboarded.
func (e *Endpoints) DeleteUser(ctx context.Context, r *api.Request) (api.Answer, error) {
	id, err := target(r)
	if err != nil {
		return api.Answer{}, err
	}
	if err := e.Manager.DeleteEntry(ctx, r.Caller, id, version(r)); err != nil {
		return api.Answer{}, err
	}
	return api.Answer{Status: http.StatusNoContent}, nil
}
