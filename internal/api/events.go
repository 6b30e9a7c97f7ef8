package api

import (
	"context"
	"errors"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/token"
)

// eventJSON is an audit event as answers show it; null = none.
type eventJSON struct {
	ID      string       `json:"id"`
	Time    *string      `json:"time"`
	Action  string       `json:"action"`
	Outcome string       `json:"outcome"` // done or refused
	Code    *string      `json:"code"`    // of a refusal
	Count   int64        `json:"count"`   // of attempts that were refused within a minute
	Target  string       `json:"target"`
	Actor   actorJSON    `json:"actor"`
	Origin  originJSON   `json:"origin"`
	Changes []changeJSON `json:"changes"`
	Reason  *string      `json:"reason"`
}

type actorJSON struct {
	UserID  string  `json:"userId"`
	TokenID *string `json:"tokenId"`
	Kind    string  `json:"kind"`
}

type originJSON struct {
	IP        *string `json:"ip"`
	UserAgent *string `json:"userAgent"`
	RequestID *string `json:"requestId"`
}

type changeJSON struct {
	Field  string `json:"field"`
	Before any    `json:"before"`
	After  any    `json:"after"`
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func showEvent(e *audit.Event) eventJSON {
	j := eventJSON{
		ID: string(e.ID), Time: instant(e.Time), Action: string(e.Action), Outcome: outcomeDone, Code: orNull(e.Refused), Count: e.Count, Target: e.Target,
		Actor:   actorJSON{UserID: string(e.Actor.User), TokenID: orNull(string(e.Actor.Token)), Kind: e.Actor.Kind},
		Origin:  originJSON{IP: orNull(e.Origin.IP), UserAgent: orNull(e.Origin.UserAgent), RequestID: orNull(e.Origin.RequestID)},
		Changes: make([]changeJSON, len(e.Changes)), Reason: orNull(e.Why()),
	}
	if e.Refused != "" {
		j.Outcome = outcomeRefused
	}
	for i, c := range e.Changes {
		j.Changes[i] = changeJSON(c)
	}
	return j
}

const (
	outcomeDone    = "done"
	outcomeRefused = "refused"
)

var eventParameters = []string{"limit", "actor", "action", "token", "user", "from", "to", "outcome"}

// ListEvents answers GET /v1/events.
func (e *Endpoints) ListEvents(ctx context.Context, r *Request) (Answer, error) {
	return e.events(ctx, r, "events", eventParameters, func(q lifecycle.EventQuery) (lifecycle.EventPage, error) {
		return e.Manager.Events(ctx, r.Caller, q)
	})
}

// ListTokenEvents answers GET /v1/tokens/{id}/events.
func (e *Endpoints) ListTokenEvents(ctx context.Context, r *Request) (Answer, error) {
	target, err := r.target()
	if err != nil {
		return Answer{}, err
	}
	return e.events(ctx, r, "events of "+r.event.PathParameters["id"], []string{"limit", "actor", "action", "from", "to", "outcome"},
		func(q lifecycle.EventQuery) (lifecycle.EventPage, error) {
			return e.Manager.TokenEvents(ctx, r.Caller, target, q)
		})
}

func (e *Endpoints) events(ctx context.Context, r *Request, list string, known []string, read func(lifecycle.EventQuery) (lifecycle.EventPage, error)) (Answer, error) {
	p, err := r.query(append([]string{"cursor"}, known...)...)
	if err != nil {
		return Answer{}, err
	}
	q, err := parseEventQuery(p, r.Caller)
	if err != nil {
		return Answer{}, err
	}
	bound := r.bound(list, p, known)
	if q.After, err = position(ctx, e, p, bound, parseEventID); err != nil {
		return Answer{}, err
	}
	page, err := read(q)
	if err != nil {
		return Answer{}, err
	}
	records := make([]eventJSON, len(page.Events))
	for i := range page.Events {
		records[i] = showEvent(&page.Events[i])
	}
	return pageOf(ctx, e, records, page.More, string(page.Last), bound)
}

func parseEventID(s string) (audit.ID, error) {
	id, ok := audit.ParseID(s)
	if !ok {
		return "", errors.New("no event id")
	}
	return id, nil
}

func parseEventQuery(p map[string]string, c lifecycle.Caller) (lifecycle.EventQuery, error) {
	var q lifecycle.EventQuery
	var err error
	if q.Limit, err = limit(p); err != nil {
		return q, err
	}
	if q.Actor, err = userParameter(p, "actor", c); err != nil {
		return q, err
	}
	if q.User, err = userParameter(p, "user", c); err != nil {
		return q, err
	}
	if s, ok := p["token"]; ok {
		if q.Token, err = token.ParseID(s); err != nil {
			return q, malformed("token", "bad_id", "A token id is tok_ and 22 letters or digits.")
		}
	}
	if q.Action, err = word(p, "action", "the name of an action, such as token.created", audit.ParseAction); err != nil {
		return q, err
	}
	if q.From, err = moment(p, "from"); err != nil {
		return q, err
	}
	if q.To, err = moment(p, "to"); err != nil {
		return q, err
	}
	if !q.From.IsZero() && !q.To.IsZero() && q.To.Before(q.From) {
		return q, malformed("to", "before_from", "to is before from.")
	}
	outcome, err := word(p, "outcome", "done or refused", func(s string) (string, bool) { return s, s == outcomeDone || s == outcomeRefused })
	if outcome != "" {
		refused := outcome == outcomeRefused
		q.Refused = &refused
	}
	return q, err
}

// summaryJSON counts an account's tokens.
type summaryJSON struct {
	Total                int            `json:"total"`
	ByStatus             map[string]int `json:"byStatus"`
	ByKind               map[string]int `json:"byKind"`
	ByOwner              map[string]int `json:"byOwner"`
	ExpiringWithin30Days int            `json:"expiringWithin30Days"`
	NeverUsed            int            `json:"neverUsed"`
	UnusedFor90Days      int            `json:"unusedFor90Days"`
	Complete             bool           `json:"complete"`
}

func showSummary(s *lifecycle.Summary) summaryJSON {
	return summaryJSON{
		Total: s.Total, ByStatus: named(s.ByStatus), ByKind: named(s.ByKind), ByOwner: named(s.ByOwner), ExpiringWithin30Days: s.ExpiringSoon,
		NeverUsed: s.NeverUsed, UnusedFor90Days: s.UnusedLong, Complete: s.Complete,
	}
}

func named[K ~string](counts map[K]int) map[string]int {
	out := make(map[string]int, len(counts))
	for k, n := range counts {
		out[string(k)] = n
	}
	return out
}
