package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"strconv"

	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/period"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/settings"
)

// settingsJSON is an account's policy as answers show it; null = no bound.
type settingsJSON struct {
	Personal                      rulesJSON      `json:"personal"`
	Service                       rulesJSON      `json:"service"`
	AllowedCidrBlocks             []netip.Prefix `json:"allowedCidrBlocks"`
	AdminsMayRevokePersonalTokens bool           `json:"adminsMayRevokePersonalTokens"`
	RolesFrom                     string         `json:"rolesFrom"`
	IssuedBefore                  *string        `json:"issuedBefore"`
	UpdatedAt                     *string        `json:"updatedAt"`
	Version                       int64          `json:"version"`
	// Refuses tells, in the answer to a PUT, what the policy does to the tokens that exist.
	Refuses *refusesJSON `json:"refuses,omitempty"`
}

type rulesJSON struct {
	DefaultLifetime   *string          `json:"defaultLifetime"`
	MaxLifetime       *string          `json:"maxLifetime"`
	AllowNeverExpire  bool             `json:"allowNeverExpire"`
	RequireCidrBlocks bool             `json:"requireCidrBlocks"`
	AllowedScopes     *[]scope.Pattern `json:"allowedScopes"`
	RevokeUnusedAfter *string          `json:"revokeUnusedAfter"`
	MaxTokensPerUser  *int             `json:"maxTokensPerUser"`
}

type refusesJSON struct {
	Tokens   int           `json:"tokens"`
	Examined int           `json:"examined"`
	Complete bool          `json:"complete"`
	Examples []refusedJSON `json:"examples"`
}

type refusedJSON struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Rule string `json:"rule"`
}

func showRules(r *settings.Rules) rulesJSON {
	j := rulesJSON{
		DefaultLifetime: text(r.DefaultLifetime), MaxLifetime: text(r.MaxLifetime), AllowNeverExpire: r.AllowNeverExpire,
		RequireCidrBlocks: r.RequireCidrBlocks, RevokeUnusedAfter: text(r.RevokeUnusedAfter),
	}
	if r.AllowedScopes != nil {
		j.AllowedScopes = &r.AllowedScopes
	}
	if r.MaxTokensPerUser > 0 {
		j.MaxTokensPerUser = &r.MaxTokensPerUser
	}
	return j
}

func text(p period.Period) *string {
	if p.IsZero() {
		return nil
	}
	s := p.String()
	return &s
}

func showPreview(p *lifecycle.Preview) *refusesJSON {
	j := &refusesJSON{Tokens: p.Total, Examined: p.Examined, Complete: p.Complete, Examples: make([]refusedJSON, len(p.Refused))}
	for i, t := range p.Refused {
		j.Examples[i] = refusedJSON{ID: string(t.ID), Name: t.Name, Rule: t.Rule}
	}
	return j
}

func settingsAnswer(s *settings.Settings, refuses *refusesJSON) Answer {
	return Answer{Status: http.StatusOK, Headers: map[string]string{"ETag": strconv.Quote(strconv.FormatInt(s.Version, 10))}, Body: settingsJSON{
		Personal: showRules(&s.Personal), Service: showRules(&s.Service), AllowedCidrBlocks: append([]netip.Prefix{}, s.AllowedCIDRs...),
		AdminsMayRevokePersonalTokens: s.AdminsMayRevokePersonalTokens, RolesFrom: string(s.RolesFrom), IssuedBefore: instant(s.IssuedBefore),
		UpdatedAt: instant(s.UpdatedAt), Version: s.Version, Refuses: refuses,
	}}
}

// GetSettings answers GET /v1/settings.
func (e *Endpoints) GetSettings(ctx context.Context, r *Request) (Answer, error) {
	if _, err := r.query(); err != nil {
		return Answer{}, err
	}
	s, err := e.Manager.Settings(ctx, r.Caller)
	if err != nil {
		return Answer{}, err
	}
	return settingsAnswer(&s, nil), nil
}

// PutSettings answers PUT /v1/settings, with what the new policy refuses of what exists.
func (e *Endpoints) PutSettings(ctx context.Context, r *Request) (Answer, error) {
	if _, err := r.query(); err != nil {
		return Answer{}, err
	}
	version, err := r.mustMatch()
	if err != nil {
		return Answer{}, err
	}
	in, err := r.settings()
	if err != nil {
		return Answer{}, err
	}
	s, preview, err := e.Manager.SetSettings(ctx, r.Caller, version, in)
	if err != nil {
		return Answer{}, err
	}
	return settingsAnswer(&s, showPreview(&preview)), nil
}

// PreviewSettings answers POST /v1/settings/preview.
func (e *Endpoints) PreviewSettings(ctx context.Context, r *Request) (Answer, error) {
	if _, err := r.query(); err != nil {
		return Answer{}, err
	}
	in, err := r.settings()
	if err != nil {
		return Answer{}, err
	}
	p, err := e.Manager.PreviewSettings(ctx, r.Caller, in)
	if err != nil {
		return Answer{}, err
	}
	return Answer{Status: http.StatusOK, Body: showPreview(&p)}, nil
}

// settings reads a whole policy. What is absent takes its default; what only answers have may stand there unchanged, so
// that an answer can be edited and sent back.
func (r *Request) settings() (settings.Settings, error) {
	o, err := r.object(false)
	if err != nil {
		return settings.Settings{}, err
	}
	s := settings.Default()
	for _, name := range []string{"issuedBefore", "updatedAt", "version", "refuses"} {
		delete(o.members, name)
	}
	if f := plain[bool](o, "adminsMayRevokePersonalTokens", "true or false"); f.Set {
		s.AdminsMayRevokePersonalTokens = f.Value
	}
	if f := plain[string](o, "rolesFrom", "identity-provider or tokenwright"); f.Set {
		s.RolesFrom = settings.RolesFrom(f.Value)
	}
	blocks, faults := lifecycle.ParseCIDRs(take[[]string](o, "allowedCidrBlocks", "a list of CIDR blocks").Value)
	s.AllowedCIDRs, o.faults = blocks, append(o.faults, faults...)
	o.rules("personal", &s.Personal)
	o.rules("service", &s.Service)
	return s, o.done()
}

// rules reads one kind's rules into what stands there by default.
func (o *object) rules(name string, into *settings.Rules) {
	raw := plain[json.RawMessage](o, name, "an object of rules")
	if !raw.Set || raw.Null {
		return
	}
	inner, faults := nested(raw.Value, "an object of rules")
	if inner == nil {
		o.within(name, faults)
		return
	}
	inner.periodInto("defaultLifetime", &into.DefaultLifetime)
	inner.periodInto("maxLifetime", &into.MaxLifetime)
	inner.periodInto("revokeUnusedAfter", &into.RevokeUnusedAfter)
	inner.flagInto("allowNeverExpire", &into.AllowNeverExpire)
	inner.flagInto("requireCidrBlocks", &into.RequireCidrBlocks)
	if f := take[[]scope.Pattern](inner, "allowedScopes", "a list of scopes, or null"); f.Set {
		into.AllowedScopes = f.Value
		if !f.Null && f.Value == nil {
			into.AllowedScopes = []scope.Pattern{}
		}
	}
	if f := inner.whole("maxTokensPerUser", "a whole number, or null"); f.Set {
		into.MaxTokensPerUser = f.Value
		if !f.Null && f.Value == 0 && !inner.hasFault("maxTokensPerUser") {
			inner.fault("maxTokensPerUser", "bad_value", "Want a number from 1 to 100,000, or null for no limit.")
		}
	}
	_ = inner.done()
	o.within(name, inner.faults)
}

// periodInto reads a duration, or null for none, over what stands there by default.
func (o *object) periodInto(member string, into *period.Period) {
	if _, ok := o.members[member]; ok {
		*into = o.period(member)
	}
}

// flagInto reads true or false over what stands there by default.
func (o *object) flagInto(member string, into *bool) {
	if f := plain[bool](o, member, "true or false"); f.Set {
		*into = f.Value
	}
}

// mustMatch reads an If-Match that has to be there: the version that the caller has seen.
func (r *Request) mustMatch() (int64, error) {
	s, ok, err := r.once("If-Match")
	if err != nil {
		return 0, err
	}
	if !ok || s == "*" {
		return 0, lifecycle.ErrVersionRequired
	}
	if s == `"0"` { // what nobody has set yet
		return 0, nil
	}
	return r.ifMatch()
}
