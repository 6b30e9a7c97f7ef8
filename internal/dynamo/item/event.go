package item

import (
	"fmt"
	"time"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// OfEvent draws an audit event that is kept until an instant. One about a token also stands in the index, under that
// token, so that a token's history is found without reading the account's.
//
//	{"pk": "ACCOUNT#acc_acme", "sk": "EVENT#…", "type": "event", "id": "evt_…", "at": ms, "account": "acc_acme",
//	 "accountPk": "EVENTS#tok_…", "accountSk": "…", "action": "token.created", "target": "tok_…",
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
		it["accountPk"], it["accountSk"] = String(TokenEvents(id)), String(e.ID.Digits())
	}
	return it
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
	id, ok := audit.ParseID(it.String("id"))
	if !ok || it.String("type") != "event" {
		return audit.Event{}, fmt.Errorf("item %s is no event", it.String("sk"))
	}
	e := audit.Event{
		ID: id, Time: it.Time("at"), Account: user.AccountID(it.String("account")), Action: audit.Action(it.String("action")),
		Target: it.String("target"), Refused: it.String("refused"), Reason: it.String("reason"),
		Actor:  audit.Actor{User: user.ID(it.String("actorUser")), Token: token.ID(it.String("actorToken")), Kind: it.String("actorKind")},
		Origin: audit.Origin{IP: it.String("ip"), UserAgent: it.String("userAgent"), RequestID: it.String("requestId")},
	}
	for _, c := range it["changes"].Elements {
		e.Changes = append(e.Changes, audit.Change{Field: c.Fields.String("field"), Before: change(c.Fields["before"]), After: change(c.Fields["after"])})
	}
	return e, nil
}

func change(v Value) any {
	switch v.Kind {
	case Text:
		return v.Text
	case True, False:
		return v.Kind == True
	case List:
		return Item{"x": v}.Strings("x")
	default:
		return nil
	}
}
