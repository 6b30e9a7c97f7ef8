package item

import (
	"fmt"
	"maps"
	"time"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// OfEvent draws an audit event that is kept until an instant. One about a token also stands in the index, under that
// token, so that a token's history is found without reading the account's.
//
//	{"pk": "ACCOUNT#acc_acme", "sk": "EVENT#…", "type": "event", "id": "evt_…", "at": ms, "account": "acc_acme",
//	 "accountPk": "EVENTS#acc_acme#tok_…", "accountSk": "…", "action": "token.created", "target": "tok_…",
//	 "actorUser": "usr_…", "actorToken": "tok_…", "actorKind": "personal", "ip": "203.0.113.7", "userAgent": "curl/8.5.0",
//	 "requestId": "…", "reason": "…", "refused": "insufficient_scope",
//	 "changes": [{"field": "name", "before": …, "after": …}], "ttl": seconds}
func OfEvent(e *audit.Event, until time.Time) Item {
	it := EventKey(e.Account, e.ID).Item()
	it["type"], it["id"], it["at"], it["account"] = String("event"), String(string(e.ID)), Time(e.Time), String(string(e.Account))
	it["action"], it["target"] = String(string(e.Action)), String(e.Target)
	it["actorUser"], it["actorKind"] = String(string(e.Actor.User)), String(e.Actor.Kind)
	it["changes"] = ListOf(e.Changes, ofChange)
	it["ttl"] = Int(until.Unix())
	it.SetString("actorToken", string(e.Actor.Token))
	it.SetString("ip", e.Origin.IP)
	it.SetString("userAgent", e.Origin.UserAgent)
	it.SetString("requestId", e.Origin.RequestID)
	it.SetString("refused", e.Refused)
	it.SetString("reason", e.Reason)
	if id := e.Subject(); id != "" {
		it["accountPk"], it["accountSk"] = String(TokenEvents(e.Account, id)), String(e.ID.Digits())
	}
	return it
}

// OfRefused draws the event of a refused attempt, which further attempts are counted in: an event with "count": 1 in a
// partition of its kind.
func OfRefused(e *audit.Event, until time.Time) Item {
	it := OfEvent(e, until)
	maps.Copy(it, RefusedKey(e.Account, e.ID).Item())
	it["count"] = Int(e.Count)
	return it
}

// Unproven says whether an event that an earlier version wrote proves nothing of the token it is about: that version noted
// whoever lacked a scope before it had read the token, which may be another account's or nobody's.
func Unproven(it Item, about token.ID) bool {
	return it.String("accountPk") == FormerTokenEvents(about) && it.String("refused") == "insufficient_scope"
}

func ofChange(c audit.Change) Value {
	it := Item{"field": String(c.Field)}
	for name, v := range map[string]any{"before": c.Before, "after": c.After} {
		switch v := v.(type) {
		case nil:
		case bool:
			it[name] = Bool(v)
		case []string:
			it[name] = ListOf(v, String)
		default:
			it[name] = String(fmt.Sprint(v))
		}
	}
	return MapOf(it)
}

// Event reads an audit event.
func Event(it Item) (audit.Event, error) {
	r := reader{it: it}
	r.isA("event")
	id, ok := audit.ParseID(r.text("id"))
	if !ok {
		r.refuse("id", "is none of an event")
	}
	e := audit.Event{
		ID: id, Time: r.instant("at"), Account: user.AccountID(r.text("account")), Action: audit.Action(r.text("action")),
		Target: r.text("target"), Refused: r.textOrNone("refused"), Reason: r.textOrNone("reason"), Actor: actor(&r), Origin: origin(&r),
		Count: max(1, r.numberOrNone("count")),
	}
	for _, c := range r.list("changes") {
		f := reader{it: c.Fields}
		e.Changes = append(e.Changes, audit.Change{Field: f.text("field"), Before: f.changeOrNone("before"), After: f.changeOrNone("after")})
		if f.err != nil {
			r.refuse("a change:", f.err.Error())
		}
	}
	if r.err != nil {
		return audit.Event{}, fmt.Errorf("event %q: %w", it.String("sk"), r.err)
	}
	return e, nil
}

// actor reads who caused something, and origin from where; jobs carry both as well, for the events of their steps.
func actor(r *reader) audit.Actor {
	return audit.Actor{User: user.ID(r.text("actorUser")), Token: token.ID(r.textOrNone("actorToken")), Kind: r.text("actorKind")}
}

func origin(r *reader) audit.Origin {
	return audit.Origin{IP: r.textOrNone("ip"), UserAgent: r.textOrNone("userAgent"), RequestID: r.textOrNone("requestId")}
}

func (r *reader) changeOrNone(name string) any {
	switch v := r.it[name]; {
	case !r.has(name):
		return nil
	case v.Kind == Text:
		return v.Text
	case v.Kind == True || v.Kind == False:
		return v.Kind == True
	default:
		return texts[string](r, name)
	}
}
