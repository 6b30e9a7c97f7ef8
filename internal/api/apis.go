package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// apiJSON are the rules of an API as answers show them; lists of APIs have a number in place of the rules.
type apiJSON struct {
	ID         route.APIID      `json:"id"`
	Default    route.Default    `json:"default"`
	AnswersFor route.AnswersFor `json:"answersFor"`
	Complete   bool             `json:"complete"`
	Rules      *[]ruleJSON      `json:"rules,omitempty"`
	RuleCount  *int             `json:"ruleCount,omitempty"`
	UpdatedAt  *string          `json:"updatedAt"`
	UpdatedBy  user.ID          `json:"updatedBy"`
	Version    int64            `json:"version"`
}

type ruleJSON struct {
	Method string      `json:"method"`
	Path   string      `json:"path"`
	Scopes scope.Set   `json:"scopes"`
	Match  route.Match `json:"match"`
}

func showAPI(rs *route.Rules) apiJSON {
	return apiJSON{
		ID: rs.API, Default: rs.Default, AnswersFor: rs.AnswersFor, Complete: rs.Complete, UpdatedAt: instant(rs.UpdatedAt),
		UpdatedBy: rs.UpdatedBy, Version: rs.Version,
	}
}

func showRule(r *route.Rule) ruleJSON {
	return ruleJSON{Method: r.Method, Path: r.Path.String(), Scopes: append(scope.Set{}, r.Scopes...), Match: r.Match}
}

func apiAnswer(status int, rs *route.Rules) Answer {
	body, rules := showAPI(rs), make([]ruleJSON, len(rs.Rules))
	for i := range rs.Rules {
		rules[i] = showRule(&rs.Rules[i])
	}
	body.Rules = &rules
	return Answer{Status: status, Headers: map[string]string{"ETag": strconv.Quote(strconv.FormatInt(rs.Version, 10))}, Body: body}
}

// ListAPIs answers GET /v1/apis.
func (e *Endpoints) ListAPIs(ctx context.Context, r *Request) (Answer, error) {
	p, err := r.query("cursor", "limit")
	if err != nil {
		return Answer{}, err
	}
	n, err := limit(p)
	if err != nil {
		return Answer{}, err
	}
	bound := r.bound("apis", p, []string{"limit"})
	after, err := position(ctx, e, p, bound, route.ParseAPIID)
	if err != nil {
		return Answer{}, err
	}
	page, err := e.Manager.APIs(ctx, r.Caller, after, n)
	if err != nil {
		return Answer{}, err
	}
	records := make([]apiJSON, len(page.APIs))
	for i := range page.APIs {
		records[i] = showAPI(&page.APIs[i])
		count := len(page.APIs[i].Rules)
		records[i].RuleCount = &count
	}
	return pageOf(ctx, e, records, page.More, string(page.Last), bound)
}

// GetAPI answers GET /v1/apis/{apiId}.
func (e *Endpoints) GetAPI(ctx context.Context, r *Request) (Answer, error) {
	api, err := r.api()
	if err != nil {
		return Answer{}, err
	}
	rs, err := e.Manager.APIRules(ctx, r.Caller, api)
	if err != nil {
		return Answer{}, err
	}
	return apiAnswer(http.StatusOK, &rs), nil
}

// PutAPI answers PUT /v1/apis/{apiId}: 201 when the API had no rules before.
func (e *Endpoints) PutAPI(ctx context.Context, r *Request) (Answer, error) {
	api, err := r.api()
	if err != nil {
		return Answer{}, err
	}
	version, err := r.seenRules()
	if err != nil {
		return Answer{}, err
	}
	in, err := r.apiRules()
	if err != nil {
		return Answer{}, err
	}
	in.API = api
	own := route.APIID(r.event.RequestContext.APIID)
	rs, made, err := e.Manager.SetAPIRules(ctx, r.Caller, lifecycle.SetRules{Rules: in.Rules, IfVersion: version, Own: own})
	if err != nil {
		return Answer{}, in.located(err)
	}
	if !made {
		return apiAnswer(http.StatusOK, &rs), nil
	}
	a := apiAnswer(http.StatusCreated, &rs)
	a.Headers["Location"] = r.called()
	return a, nil
}

// DeleteAPI answers DELETE /v1/apis/{apiId}.
func (e *Endpoints) DeleteAPI(ctx context.Context, r *Request) (Answer, error) {
	api, err := r.api()
	if err != nil {
		return Answer{}, err
	}
	version, err := r.mustMatch()
	if err != nil {
		return Answer{}, err
	}
	if err := e.Manager.DeleteAPIRules(ctx, r.Caller, api, version); err != nil {
		return Answer{}, err
	}
	return Answer{Status: http.StatusNoContent}, nil
}

// api reads the path's API id, and refuses every query parameter.
func (r *Request) api() (route.APIID, error) {
	api, err := route.ParseAPIID(r.event.PathParameters["apiId"])
	if err != nil {
		return "", malformed("apiId", "bad_id", "An API id is 1 to 64 lower-case letters or digits, the first part of the API's standard host name.")
	}
	_, err = r.query()
	return api, err
}

// seenRules reads the version of rules that a PUT replaces, "0" for none; null = whatever is there.
func (r *Request) seenRules() (lifecycle.Field[int64], error) {
	if _, ok, err := r.once("If-Match"); err != nil || !ok {
		return lifecycle.Field[int64]{}, err
	}
	version, err := r.mustMatch()
	if errors.Is(err, lifecycle.ErrVersionRequired) {
		return lifecycle.Field[int64]{Set: true, Null: true}, nil
	}
	return lifecycle.Field[int64]{Set: true, Value: version}, err
}

// checkJSON tells what a token may do at an API; null = none, or not asked for.
type checkJSON struct {
	APIID   route.APIID        `json:"apiId"`
	Version *int64             `json:"version"`
	TokenID token.ID           `json:"tokenId"`
	Usable  bool               `json:"usable"`
	Refusal *string            `json:"refusal"`
	Scopes  scope.Set          `json:"scopes"`
	Default *route.Default     `json:"default"`
	Call    *callJSON          `json:"call"`
	Rules   *[]checkedRuleJSON `json:"rules"`
}

type callJSON struct {
	Method        *string   `json:"method"` // null for $connect
	Path          string    `json:"path"`
	Allowed       bool      `json:"allowed"`
	Code          *string   `json:"code"`
	MissingScopes scope.Set `json:"missingScopes"`
	Rule          *ruleJSON `json:"rule"` // null = the default decided, or not for this caller to see
}

type checkedRuleJSON struct {
	ruleJSON
	Allowed       bool      `json:"allowed"`
	MissingScopes scope.Set `json:"missingScopes"`
}

// CheckAPI answers POST /v1/apis/{apiId}/check.
func (e *Endpoints) CheckAPI(ctx context.Context, r *Request) (Answer, error) {
	api, err := r.api()
	if err != nil {
		return Answer{}, err
	}
	target, called, err := r.check()
	if err != nil {
		return Answer{}, err
	}
	c, err := e.Manager.CheckAPI(ctx, r.Caller, api, target, called)
	if err != nil {
		return Answer{}, err
	}
	return Answer{Status: http.StatusOK, Body: showCheck(&c), Token: string(c.Token)}, nil
}

func showCheck(c *lifecycle.APICheck) checkJSON {
	rs := c.Rules.Rules()
	j := checkJSON{
		APIID: rs.API, TokenID: c.Token, Usable: c.Refusal == "", Refusal: orNull(string(c.Refusal)),
		Scopes: append(scope.Set{}, c.Scopes...),
	}
	if c.Whole {
		j.Version, j.Default = &rs.Version, &rs.Default
	}
	if c.Call != nil {
		j.Call = showCall(c)
		return j
	}
	rules := make([]checkedRuleJSON, len(rs.Rules))
	for i := range rs.Rules {
		allowed, missing := c.Permits(&rs.Rules[i])
		rules[i] = checkedRuleJSON{showRule(&rs.Rules[i]), allowed, append(scope.Set{}, missing...)}
	}
	j.Rules = &rules
	return j
}

func showCall(c *lifecycle.APICheck) *callJSON {
	j := &callJSON{
		Method: orNull(c.Call.Method), Path: c.Call.Path, Allowed: c.Decision.Allowed(), Code: orNull(string(c.Decision.Reason)),
		MissingScopes: append(scope.Set{}, c.Decision.Lacking...),
	}
	if c.Decision.Rule != nil && c.Whole {
		rule := showRule(c.Decision.Rule)
		j.Rule = &rule
	}
	return j
}
