package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
)

// Routes are the rules of APIs. They belong to the deployment and to no account, so the operator's account alone sees and
// sets them, whatever scopes others hold.
type Routes interface {
	// Routes returns the rules of an API, at version 0 when it has none.
	Routes(ctx context.Context, api route.APIID) (route.Rules, error)
	// AllRoutes returns up to limit APIs' rules, by id, that come after one ("" = from the first), and the last one looked
	// at, "" at the end. The index it reads lags by fractions of a second.
	AllRoutes(ctx context.Context, after route.APIID, limit int) ([]route.Rules, route.APIID, error)
	// SaveRoutes writes rules over those that were read (store.ErrChanged).
	SaveRoutes(ctx context.Context, before, after route.Rules, event audit.Event) error
	// DeleteRoutes removes the rules that were read (store.ErrChanged).
	DeleteRoutes(ctx context.Context, before route.Rules, event audit.Event) error
}

// operates holds that the caller may do something with rules as the operator.
func (m *Manager) operates(c Caller, needs scope.Scope) error {
	if !c.Scopes.Has(needs) {
		return lacking(needs)
	}
	if !m.isOperator(c) {
		return forbidden("not_operator", "Rules belong to the deployment. Its parameter OperatorAccount names the one account that may see and set them, and that is not yours.")
	}
	return nil
}

// isOperator says whether the caller is of the operator's account. Where none is named, nobody is.
func (m *Manager) isOperator(c Caller) bool {
	return m.OperatorAccount != "" && c.Account == m.OperatorAccount
}

// APIPage is one page of APIs that have rules. More says whether another follows; Last is where it begins.
type APIPage struct {
	APIs []route.Rules
	More bool
	Last route.APIID
}

// APIs returns APIs that have rules, by id, to the operator.
func (m *Manager) APIs(ctx context.Context, c Caller, after route.APIID, limit int) (APIPage, error) {
	if err := m.operates(c, scope.APIsRead); err != nil {
		return APIPage{}, err
	}
	var page APIPage
	for {
		found, last, err := m.Store.AllRoutes(ctx, after, min(100, limit+1-len(page.APIs)))
		if err != nil {
			return APIPage{}, err
		}
		page.APIs = append(page.APIs, found...)
		if len(page.APIs) > limit {
			page.APIs, page.More, page.Last = page.APIs[:limit], true, page.APIs[limit-1].API
			return page, nil
		}
		if last == "" {
			return page, nil
		}
		after = last
	}
}

// APIRules returns the rules of an API to the operator, or route.ErrNotFound.
func (m *Manager) APIRules(ctx context.Context, c Caller, api route.APIID) (route.Rules, error) {
	if err := m.operates(c, scope.APIsRead); err != nil {
		return route.Rules{}, err
	}
	return m.rulesOf(ctx, api)
}

// rulesOf reads rules that are there.
func (m *Manager) rulesOf(ctx context.Context, api route.APIID) (route.Rules, error) {
	rs, err := m.Store.Routes(ctx, api)
	if err == nil && rs.Version == 0 {
		err = fmt.Errorf("reading rules of %s: %w", api, route.ErrNotFound)
	}
	return rs, err
}

// SetRules is a request to set the rules of an API.
type SetRules struct {
	Rules route.Rules // API and what is set; the rest does not count
	// IfVersion is the version that the caller has seen; null = any there is. Rules that exist are never replaced blind.
	IfVersion Field[int64]
	// Own is the API that is called. It has no rules: they could lock everybody out.
	Own route.APIID
}

// SetAPIRules makes or replaces the rules of an API, and says whether there were none.
func (m *Manager) SetAPIRules(ctx context.Context, c Caller, in SetRules) (set route.Rules, made bool, err error) {
	api := in.Rules.API
	if c, err = m.Know(ctx, c); err != nil {
		return route.Rules{}, false, err
	}
	if err := m.maySetRules(c, in); err != nil {
		return route.Rules{}, false, m.refusedUnread(ctx, c, audit.APIUpdated, string(api), err)
	}
	if err := m.checkRules(&in.Rules); err != nil {
		return route.Rules{}, false, err
	}
	before, err := m.Store.Routes(ctx, api)
	if err == nil {
		err = matchesRules(&before, in.IfVersion)
	}
	if err != nil {
		return route.Rules{}, false, err
	}
	after := in.Rules
	after.Version, after.UpdatedAt, after.UpdatedBy = before.Version+1, m.now(), c.User
	if before.Version == 0 { // never a version that rules had which were deleted: somebody may still hold its ETag
		after.Version = after.UpdatedAt.UnixMilli()
	}
	changes := diffRules(&before, &after)
	if before.Version != 0 && len(changes) == 0 {
		return before, false, nil
	}
	err = m.writeRules(ctx, c, after.UpdatedAt, audit.APIUpdated, api, changes, func(event audit.Event) error {
		return m.Store.SaveRoutes(ctx, before, after, event)
	})
	return after, before.Version == 0, err
}

func (m *Manager) maySetRules(c Caller, in SetRules) error {
	if err := m.operates(c, scope.APIsWrite); err != nil {
		return err
	}
	if in.Own != "" && in.Rules.API == in.Own {
		return conflict("own_api", "This is the API you are calling. Rules could lock everybody out of it, so it has none.")
	}
	return nil
}

// maxFaults bounds how many faults of rules are told at once.
const maxFaults = 50

// checkRules refuses what cannot hold.
func (m *Manager) checkRules(rs *route.Rules) error {
	var f faults
	for i, r := range rs.Rules {
		if token.InText(r.Path.String()) {
			f.add(fmt.Sprintf("rules[%d].path", i), "holds_token", "There is a token in it, and whoever may read this could use it.")
		}
	}
	for _, fault := range rs.Faults(m.Catalogue.All()) {
		if len(f) < maxFaults {
			f = append(f, FieldError(fault))
		}
	}
	return Invalid(f)
}

// matchesRules refuses a change of other rules than the caller has seen.
func matchesRules(is *route.Rules, want Field[int64]) error {
	switch {
	case is.Version == 0 && (!want.Set || !want.Null && want.Value == 0), want.Set && !want.Null && want.Value == is.Version:
		return nil
	case is.Version == 0:
		return rulesMoved("The API has no rules. Name no version to make some.")
	case !want.Set || want.Null:
		return fmt.Errorf("replacing rules of %s: %w", is.API, ErrVersionRequired)
	}
	return rulesMoved(fmt.Sprintf("The rules are at version %d. Read them again and decide anew.", is.Version))
}

func rulesMoved(detail string) error {
	return &Refusal{Root: ErrPrecondition, Code: "version_mismatch", Detail: detail}
}

// DeleteAPIRules removes the rules of an API, at the version that the caller has seen. Afterwards the authorizer admits
// every valid credential to it again.
func (m *Manager) DeleteAPIRules(ctx context.Context, c Caller, api route.APIID, ifVersion int64) error {
	c, err := m.Know(ctx, c)
	if err != nil {
		return err
	}
	if err := m.operates(c, scope.APIsWrite); err != nil {
		return m.refusedUnread(ctx, c, audit.APIDeleted, string(api), err)
	}
	before, err := m.rulesOf(ctx, api)
	if err == nil {
		err = matchesRules(&before, Field[int64]{Set: true, Value: ifVersion})
	}
	if err != nil {
		return err
	}
	none := route.Rules{API: api}
	return m.writeRules(ctx, c, m.now(), audit.APIDeleted, api, diffRules(&before, &none), func(event audit.Event) error {
		return m.Store.DeleteRoutes(ctx, before, event)
	})
}

func (m *Manager) writeRules(ctx context.Context, c Caller, now time.Time, action audit.Action, api route.APIID, changes []audit.Change, write func(audit.Event) error) error {
	event, err := m.event(c, now, action, string(api), changes...)
	if err != nil {
		return err
	}
	if err := write(event); errors.Is(err, store.ErrChanged) {
		return rulesMoved("The rules have just changed. Read them again and decide anew.")
	} else if err != nil {
		return fmt.Errorf("writing rules of %s: %w", api, orBusy(err, "the rules"))
	}
	return nil
}

// diffRules tells the members that differ, in the form the API shows them; of rules that are not there, none.
func diffRules(a, b *route.Rules) []audit.Change {
	var out []audit.Change
	note := func(field string, same bool, of func(*route.Rules) any) {
		c := audit.Change{Field: field}
		if a.Version != 0 {
			c.Before = of(a)
		}
		if b.Version != 0 {
			c.After = of(b)
		}
		if !same || a.Version == 0 || b.Version == 0 {
			out = append(out, c)
		}
	}
	note("default", a.Default == b.Default, func(rs *route.Rules) any { return string(rs.Default) })
	note("answersFor", a.AnswersFor == b.AnswersFor, func(rs *route.Rules) any { return string(rs.AnswersFor) })
	note("complete", a.Complete == b.Complete, func(rs *route.Rules) any { return rs.Complete })
	note("rules", slices.Equal(ruleLines(a.Rules), ruleLines(b.Rules)), func(rs *route.Rules) any { return told(ruleLines(rs.Rules)) })
	return out
}

// ruleLines writes each rule as one line: "GET /orders/{id} all orders:read".
func ruleLines(rules []route.Rule) []string {
	lines := make([]string, len(rules))
	for i, r := range rules {
		lines[i] = fmt.Sprintf("%s %s %s", r.Method, r.Path, r.Match)
		if len(r.Scopes) > 0 {
			lines[i] += " " + r.Scopes.String()
		}
	}
	return lines
}

// maxTold bounds what one side of a change may fill of an event: a page of a hundred must fit into one answer.
const maxTold = 8 << 10

// told is a list of rules as an event has it, or how many they are when that is too long.
func told(lines []string) any {
	size := 0
	for _, line := range lines {
		size += len(line)
	}
	if size > maxTold {
		return fmt.Sprintf("%d rules", len(lines))
	}
	return lines
}
