package item

import (
	"fmt"
	"time"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/user"
)

// tallyLife is how long TTL leaves a tally: longer than its minute and any difference between clocks.
const tallyLife = time.Hour

// OfTally draws a tally. Its version is the number of its events, which only grows:
//
//	{"pk": "TALLY#acc_acme", "sk": "<minute>#tgNbh7Q7aQP", "type": "tally", "account": "acc_acme", "version": 1,
//	 "events": {"<kind>": "evt_…"}, "ttl": seconds}
func OfTally(t *audit.Tally) Item {
	it := TallyKey(t.Account, t.User, t.Minute).Item()
	it["type"], it["account"], it["version"] = String("tally"), String(string(t.Account)), Int(int64(len(t.Events)))
	events := Item{}
	for kind, id := range t.Events {
		events[kind] = String(string(id))
	}
	it["events"], it["ttl"] = MapOf(events), Int(t.Minute.Add(tallyLife).Unix())
	return it
}

// Tally reads what was refused to a user within a minute; without an item (nil) it was nothing.
func Tally(it Item, account user.AccountID, person user.ID, minute time.Time) (audit.Tally, error) {
	t := audit.Tally{Account: account, User: person, Minute: minute, Events: map[string]audit.ID{}}
	if it == nil {
		return t, nil
	}
	r := reader{it: it}
	r.isA("tally")
	if r.text("account") != string(account) {
		r.refuse("account", "is another")
	}
	events := r.fields("events")
	for kind := range events.it {
		id, ok := audit.ParseID(events.text(kind))
		if t.Events[kind] = id; !ok {
			r.refuse("events", "holds something that is no event's id")
		}
	}
	if r.number("version") != int64(len(t.Events)) {
		r.refuse("version", "is not the number of events")
	}
	if r.err != nil {
		return audit.Tally{}, fmt.Errorf("tally %q of %s: %w", it.String("sk"), account, r.err)
	}
	return t, nil
}
