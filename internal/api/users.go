package api

import (
	"context"
	"net/http"
	"strconv"

	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// userJSON is a user as answers show it; null = none.
type userJSON struct {
	ID           string     `json:"id"`
	AccountID    string     `json:"accountId"`
	Kind         string     `json:"kind"`
	Subject      *string    `json:"subject"` // null behind a service token
	DisplayName  string     `json:"displayName"`
	Roles        []string   `json:"roles"`
	Scopes       scope.Set  `json:"scopes"` // what the roles stand for now
	Status       string     `json:"status"`
	SuspendedBy  *string    `json:"suspendedBy"`
	IssuedBefore *string    `json:"issuedBefore"`
	Purge        *purgeJSON `json:"purge"`
	CreatedAt    *string    `json:"createdAt"`
	UpdatedAt    *string    `json:"updatedAt"`
	Version      int64      `json:"version"`
}

// purgeJSON tells how far the removal of an offboarded user's tokens is; they are refused from the start.
type purgeJSON struct {
	State         string `json:"state"`
	RemovedTokens int64  `json:"removedTokens"`
}

func (e *Endpoints) showUser(u *user.User) userJSON {
	roles := []string{}
	if u.Status != user.Offboarded { // earlier versions left roles on the profile
		roles = append(roles, u.Roles...)
	}
	j := userJSON{
		ID: string(u.ID()), AccountID: string(u.Account), Kind: string(u.Kind), DisplayName: u.DisplayName, Roles: roles,
		Scopes: append(scope.Set{}, e.Manager.Catalogue.OfRoles(roles)...), Status: string(u.Status), IssuedBefore: instant(u.IssuedBefore),
		CreatedAt: instant(u.CreatedAt), UpdatedAt: instant(u.UpdatedAt), Version: u.Version,
	}
	if u.Subject != "" {
		j.Subject = &u.Subject
	}
	if by := string(u.SuspendedBy); by != "" {
		j.SuspendedBy = &by
	}
	if u.Purge.State != user.NoPurge {
		j.Purge = &purgeJSON{State: string(u.Purge.State), RemovedTokens: u.Purge.Removed}
	}
	return j
}

func (e *Endpoints) userAnswer(u *user.User, err error) (Answer, error) {
	if err != nil {
		return Answer{}, err
	}
	return Answer{Status: http.StatusOK, Headers: map[string]string{"ETag": strconv.Quote(strconv.FormatInt(u.Version, 10))}, Body: e.showUser(u)}, nil
}

var userParameters = []string{"limit", "status"}

// ListUsers answers GET /v1/users.
func (e *Endpoints) ListUsers(ctx context.Context, r *Request) (Answer, error) {
	p, err := r.query(append([]string{"cursor"}, userParameters...)...)
	if err != nil {
		return Answer{}, err
	}
	n, err := limit(p)
	if err != nil {
		return Answer{}, err
	}
	status, err := word(p, "status", "active, suspended or offboarded", user.ParseStatus)
	if err != nil {
		return Answer{}, err
	}
	bound := r.bound("users", p, userParameters)
	after, err := position(ctx, e, p, bound, user.ParseID)
	if err != nil {
		return Answer{}, err
	}
	page, err := e.Manager.Users(ctx, r.Caller, status, after, n)
	if err != nil {
		return Answer{}, err
	}
	records := make([]userJSON, len(page.Users))
	for i := range page.Users {
		records[i] = e.showUser(&page.Users[i])
	}
	return pageOf(ctx, e, records, page.More, string(page.Last), bound)
}

// GetUser answers GET /v1/users/{id}.
func (e *Endpoints) GetUser(ctx context.Context, r *Request) (Answer, error) {
	target, err := r.person()
	if err != nil {
		return Answer{}, err
	}
	if _, err := r.query(); err != nil {
		return Answer{}, err
	}
	u, err := e.Manager.User(ctx, r.Caller, target)
	return e.userAnswer(&u, err)
}

// PutUser answers PUT /v1/users/{id}.
func (e *Endpoints) PutUser(ctx context.Context, r *Request) (Answer, error) {
	target, version, err := r.changingUser()
	if err != nil {
		return Answer{}, err
	}
	o, err := r.object(false)
	if err != nil {
		return Answer{}, err
	}
	in := lifecycle.SetUser{
		Subject: plain[string](o, "subject", "text").Value, Roles: plain[[]string](o, "roles", "a list of roles"),
		DisplayName: plain[string](o, "displayName", "text"),
	}
	if in.Subject != "" && token.CheckSubject(in.Subject) != nil {
		o.fault("subject", "bad_subject", "Want 1 to 255 characters, none of them a control character, and no token.")
	}
	if err := o.done("id", "accountId", "kind", "scopes", "status", "suspendedBy", "issuedBefore", "purge", "createdAt", "updatedAt", "version"); err != nil {
		return Answer{}, err
	}
	u, err := e.Manager.PutUser(ctx, r.Caller, target, version, in)
	return e.userAnswer(&u, err)
}

// SuspendUser answers POST /v1/users/{id}/suspend.
func (e *Endpoints) SuspendUser(ctx context.Context, r *Request) (Answer, error) {
	target, version, err := r.changingUser()
	if err != nil {
		return Answer{}, err
	}
	u, err := e.Manager.Suspend(ctx, r.Caller, target, version)
	return e.userAnswer(&u, err)
}

// ResumeUser answers POST /v1/users/{id}/resume.
func (e *Endpoints) ResumeUser(ctx context.Context, r *Request) (Answer, error) {
	target, version, err := r.changingUser()
	if err != nil {
		return Answer{}, err
	}
	u, err := e.Manager.Resume(ctx, r.Caller, target, version)
	return e.userAnswer(&u, err)
}

type offboardedJSON struct {
	User              userJSON   `json:"user"`
	ServiceTokens     []token.ID `json:"serviceTokens"`
	MoreServiceTokens bool       `json:"moreServiceTokens"`
}

// OffboardUser answers DELETE /v1/users/{id} with what the person leaves behind.
func (e *Endpoints) OffboardUser(ctx context.Context, r *Request) (Answer, error) {
	target, version, err := r.changingUser()
	if err != nil {
		return Answer{}, err
	}
	out, err := e.Manager.Offboard(ctx, r.Caller, target, version)
	a, err := e.userAnswer(&out.User, err)
	if err == nil {
		a.Body = offboardedJSON{User: e.showUser(&out.User), ServiceTokens: append([]token.ID{}, out.ServiceTokens...), MoreServiceTokens: out.More}
	}
	return a, err
}

// changingUser reads what every change of a user names: whom, and at which version.
func (r *Request) changingUser() (lifecycle.Person, int64, error) {
	target, err := r.person()
	if err != nil {
		return target, 0, err
	}
	if _, err := r.query(); err != nil {
		return target, 0, err
	}
	version, err := r.ifMatch()
	return target, version, err
}
