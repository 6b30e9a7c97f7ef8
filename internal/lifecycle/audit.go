package lifecycle

import (
	"context"
	"time"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// EventQuery says which events to list. Zero fields do not filter.
type EventQuery struct {
	Actor   user.ID // the person or token user who acted
	Action  audit.Action
	Token   token.ID // the event is about it, or was caused with it
	User    user.ID  // the event is about them
	From    time.Time
	To      time.Time
	Refused *bool // true: attempts that were refused; false: changes that were made
	After   audit.ID
	Limit   int // at least 1
}

// EventPage is one page of events. More says whether another follows; Last is where it begins.
type EventPage struct {
	Events []audit.Event
	More   bool
	Last   audit.ID
}

// Events returns the account's events, newest first, to holders of audit:read. A filter costs reads: one call looks at
// 1,000 events at most.
func (m *Manager) Events(ctx context.Context, c Caller, q EventQuery) (EventPage, error) {
	if !c.Scopes.Has(scope.AuditRead) {
		return EventPage{}, lacking(scope.AuditRead)
	}
	return q.page(func(after audit.ID, limit int) ([]audit.Event, audit.ID, error) {
		return m.Store.Events(ctx, c.Account, q.From, q.To, after, limit)
	})
}

// TokenEvents returns the events about one token, newest first: one's own for nothing, others' with audit:read. They
// outlive the token.
func (m *Manager) TokenEvents(ctx context.Context, c Caller, target Target, q EventQuery) (EventPage, error) {
	id, err := c.resolve(target)
	if err != nil {
		return EventPage{}, err
	}
	if !c.owns(id) && !c.Scopes.Has(scope.AuditRead) {
		return EventPage{}, lacking(scope.AuditRead)
	}
	page, err := q.page(func(after audit.ID, limit int) ([]audit.Event, audit.ID, error) {
		return m.Store.TokenEvents(ctx, c.Account, id, after, limit)
	})
	if err == nil && len(page.Events) == 0 && q.After == "" { // another account's answers like one that never was
		_, err = m.find(ctx, c, id, m.now())
	}
	return page, err
}

func (q *EventQuery) page(read func(after audit.ID, limit int) ([]audit.Event, audit.ID, error)) (EventPage, error) {
	var page EventPage
	after := q.After
	for examined := 0; examined < maxExamined; {
		batch := min(100, max(q.Limit+1-len(page.Events), 25))
		found, last, err := read(after, batch)
		if err != nil {
			return EventPage{}, err
		}
		for _, e := range found {
			if !q.matches(&e) {
				continue
			}
			if len(page.Events) == q.Limit {
				page.More, page.Last = true, page.Events[q.Limit-1].ID
				return page, nil
			}
			page.Events = append(page.Events, e)
		}
		if last == "" {
			return page, nil
		}
		after, examined = last, examined+batch
	}
	page.More, page.Last = true, after
	return page, nil
}

func (q *EventQuery) matches(e *audit.Event) bool {
	return (q.Actor == "" || e.Actor.User == q.Actor) &&
		(q.Action == "" || e.Action == q.Action) &&
		(q.Token == "" || e.Target == string(q.Token) || e.Actor.Token == q.Token) &&
		(q.User == "" || e.Target == string(q.User)) &&
		(q.Refused == nil || (e.Refused != "") == *q.Refused) &&
		(q.From.IsZero() || !e.Time.Before(q.From)) && (q.To.IsZero() || !e.Time.After(q.To))
}

// Summary counts an account's tokens.
type Summary struct {
	Total        int
	ByStatus     map[token.Status]int
	ByKind       map[token.Kind]int
	ByOwner      map[user.ID]int
	ExpiringSoon int  // usable now, and over within 30 days
	NeverUsed    int  // of those that are neither revoked nor expired
	UnusedLong   int  // likewise: last used, or else created, 90 days ago or earlier
	Complete     bool // false: there are more tokens than one call looks at
}

const maxSummarized = 20_000

// Summarize counts the account's tokens for holders of tokens:read. It reads each of them, up to 20,000.
func (m *Manager) Summarize(ctx context.Context, c Caller) (Summary, error) {
	if !c.Scopes.Has(scope.TokensRead) {
		return Summary{}, lacking(scope.TokensRead)
	}
	now := m.now()
	s := Summary{ByStatus: map[token.Status]int{}, ByKind: map[token.Kind]int{}, ByOwner: map[user.ID]int{}}
	complete, err := m.each(ctx, c, maxSummarized, func(t *token.Token) {
		if !forgotten(t, now) {
			s.count(t, now)
		}
	})
	s.Complete = complete
	return s, err
}

func (s *Summary) count(t *token.Token, now time.Time) {
	status := t.Status(now)
	s.Total++
	s.ByStatus[status]++
	s.ByKind[t.Kind]++
	s.ByOwner[t.ID.Owner().ID()]++
	if status == token.Revoked || status == token.Expired {
		return
	}
	if !t.ExpiresAt.IsZero() && t.ExpiresAt.Before(now.AddDate(0, 0, 30)) {
		s.ExpiringSoon++
	}
	if t.LastUsedAt.IsZero() {
		s.NeverUsed++
	}
	if !t.LastUse().After(now.AddDate(0, 0, -90)) {
		s.UnusedLong++
	}
}
