package item_test

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/dynamo/item"
	"github.com/tokenwright/tokenwright/internal/job"
	"github.com/tokenwright/tokenwright/internal/period"
	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

const account = user.AccountID("acc_acme")

var (
	noon  = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	ref   = user.RefOf(account, "ada")
	id    = token.ID("tok_" + string(ref) + "VbfllxJGMII")
	block = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
)

// kept is a kind of item: one that has every attribute there is, one that has only what each has, and its reader.
type kept struct {
	name       string
	full, bare item.Item
	read       func(item.Item) error
}

func reads[T any](read func(item.Item) (T, error)) func(item.Item) error {
	return func(it item.Item) error { _, err := read(it); return err }
}

func kinds(t *testing.T) []kept {
	t.Helper()
	return []kept{tokens(), users(), policies(), routes(t), events(), refusals(), tallies(), jobs(), replays()}
}

func tokens() kept {
	digest := token.Digest{KeyID: "k1", MAC: [32]byte{1}}
	full := token.Token{
		ID: id, Account: account, Kind: token.Personal, Environment: token.Live, Name: "laptop", Description: "mine", Scopes: []scope.Pattern{"orders:read"},
		CIDRs: block, Active: true, NotBefore: noon, ExpiresAt: noon, CreatedAt: noon, CreatedBy: ref.ID(), UpdatedAt: noon, UpdatedBy: ref.ID(), RotatedAt: noon,
		RevokedAt: noon, LastUsedAt: noon, LastUsedIP: block[0].Addr(), Steward: ref.ID(), Generation: 1, Version: 1,
		Secrets: []token.SecretVersion{{Digest: digest, CreatedAt: noon, ExpiresAt: noon}},
	}
	bare := token.Token{
		ID: id, Account: account, Kind: token.Service, Environment: token.Test, Version: 1, CreatedAt: noon, UpdatedAt: noon,
		Secrets: []token.SecretVersion{{Digest: digest, CreatedAt: noon}},
	}
	return kept{"token", item.OfToken(&full), item.OfToken(&bare), reads(item.Token)}
}

func users() kept {
	full := user.User{
		Ref: ref, Account: account, Subject: "ada", Kind: user.Person, Roles: []string{"admin"}, Status: user.Active, Generation: 1, IssuedBefore: noon,
		Sweep:       user.Sweep{Before: noon, After: string(id)},
		DisplayName: "Ada", Purge: user.Purge{State: user.PurgePending, Removed: 1}, CreatedAt: noon, UpdatedAt: noon, Version: 1,
		Directory: user.Directory{ExternalID: "x", GivenName: "Ada", FamilyName: "Lovelace", Email: "ada@example.com"},
	}
	bare := user.User{Ref: ref, Account: account, Kind: user.Service, Status: user.Suspended, Version: 1}
	return kept{"user", item.OfUser(&full), item.OfUser(&bare), reads(item.User)}
}

func policies() kept {
	all := settings.Rules{
		DefaultLifetime: period.MustParse("P90D"), MaxLifetime: period.MustParse("P1Y"), AllowNeverExpire: true, RequireCidrBlocks: true,
		AllowedScopes: []scope.Pattern{"orders:*"}, RevokeUnusedAfter: period.MustParse("P90D"), MaxTokensPerUser: 10,
	}
	full := settings.Settings{
		Personal: all, Service: all, AllowedCIDRs: block, AdminsMayRevokePersonalTokens: true, RolesFrom: settings.Tokenwright, IssuedBefore: noon, Sweep: user.Sweep{Before: noon},
		Version: 1, UpdatedAt: noon,
	}
	bare := settings.Settings{RolesFrom: settings.IdentityProvider, Version: 1}
	return kept{"settings", item.OfSettings(account, &full), item.OfSettings(account, &bare), reads(item.Settings)}
}

func routes(t *testing.T) kept {
	t.Helper()
	path, err := route.ParseTemplate("/orders/{id}")
	if err != nil {
		t.Fatal(err)
	}
	rules := route.Rules{
		API: "a1b2c3", Default: route.Deny, AnswersFor: route.WholeAPI, Complete: true, Version: 1, UpdatedAt: noon, UpdatedBy: ref.ID(),
		Rules: []route.Rule{{Method: "GET", Path: path, Match: route.All, Scopes: scope.NewSet("orders:read")}},
	}
	it := item.OfRoutes(&rules)
	return kept{"rules", it, it, func(it item.Item) error { _, err := item.Routes(it, "a1b2c3"); return err }}
}

func events() kept {
	full := audit.Event{
		ID: "evt_0123456789ABCDEFGHIJKL", Time: noon, Account: account, Action: audit.TokenUpdated, Target: string(id), Refused: "x", Reason: "y",
		Actor: audit.Actor{User: ref.ID(), Token: id, Kind: "personal"}, Origin: audit.Origin{IP: "203.0.113.7", UserAgent: "curl", RequestID: "r"},
		Changes: []audit.Change{{Field: "name", Before: "a", After: "b"}, {Field: "isActive", Before: true, After: false}, {Field: "scopes", After: []string{"orders:read"}}},
	}
	bare := audit.Event{ID: full.ID, Time: noon, Account: account, Action: audit.SettingsUpdated, Target: string(account)}
	return kept{"event", item.OfEvent(&full, noon), item.OfEvent(&bare, noon), reads(item.Event)}
}

func refusals() kept {
	full := audit.Event{ID: "evt_0123456789ABCDEFGHIJKL", Time: noon, Account: account, Action: audit.TokenUpdated, Target: string(id), Refused: "x", Count: 2}
	bare := item.OfRefused(&full, noon)
	delete(bare, "refused")
	delete(bare, "count") // which earlier versions did not write
	return kept{"refused attempt", item.OfRefused(&full, noon), bare, reads(item.Event)}
}

func tallies() kept {
	it := item.OfTally(&audit.Tally{Account: account, User: ref.ID(), Minute: noon, Events: map[string]audit.ID{"x": "evt_0123456789ABCDEFGHIJKL"}})
	return kept{"tally", it, it, func(it item.Item) error { _, err := item.Tally(it, account, ref.ID(), noon); return err }}
}

func jobs() kept {
	named := job.ID("job_0123456789ABCDEFGHIJKL")
	full := job.Job{
		ID: named, Account: account, State: job.Running, Request: "r", Reason: "y", Actor: audit.Actor{User: ref.ID(), Token: id, Kind: "personal"},
		Origin: audit.Origin{IP: "203.0.113.7", UserAgent: "curl", RequestID: "r"}, Pending: []token.ID{id}, After: id, Total: 1,
		Counts: map[job.Outcome]int{job.Revoked: 1}, Results: []job.Result{{Token: id, Outcome: job.Revoked}}, CreatedAt: noon, UpdatedAt: noon, Version: 1,
		Filter: &job.Filter{Owner: ref.ID(), Kind: token.Personal, Environment: token.Live, Scope: "orders:read", CreatedBefore: noon, UnusedSince: noon},
	}
	bare := job.Job{ID: named, Account: account, State: job.Done, CreatedAt: noon, UpdatedAt: noon, Version: 1}
	return kept{"job", item.OfJob(&full), item.OfJob(&bare), reads(item.Job)}
}

func replays() kept {
	it := item.OfReplay(&store.Replay{Account: account, Digest: "d", Request: "r", KeyID: "k1", Sealed: []byte("x"), ExpiresAt: noon})
	return kept{"replay record", it, it, func(it item.Item) error { _, err := item.Replay(it, account, "d"); return err }}
}

// unread are the attributes that no reader looks at: keys, which DynamoDB holds to be texts, and what TTL and conditions see.
var unread = []string{"pk", "sk", "accountPk", "accountSk", "ttl", "endsAt"}

// odd is a value of each type that an attribute can have, and of none that items have: NULL, a set.
var odd = []item.Value{
	{}, item.String(""), item.String("1"), item.Int(1), {Kind: item.Number, Text: "1.5"}, {Kind: item.Number, Text: "1E+400"}, item.Bytes(nil), item.Bytes([]byte("x")),
	item.Bool(false), item.Bool(true), {Kind: item.List}, {Kind: item.List, Elements: []item.Value{item.Int(1)}}, {Kind: item.List, Elements: []item.Value{{}}},
	item.MapOf(nil), item.MapOf(item.Item{"x": {}}),
}

// variants yields copies of a value that have another type in one place, with the place.
func variants(place string, v item.Value, yield func(string, item.Value)) {
	for _, o := range odd {
		if sort(o.Kind) != sort(v.Kind) || v.Kind == item.Number && strings.ContainsAny(o.Text, ".E") {
			yield(fmt.Sprintf("%s as %+v", place, o), o)
		}
	}
	for i, e := range v.Elements {
		variants(fmt.Sprintf("%s[%d]", place, i), e, func(where string, changed item.Value) {
			elements := slices.Clone(v.Elements)
			elements[i] = changed
			yield(where, item.Value{Kind: item.List, Elements: elements})
		})
	}
	for name, e := range v.Fields {
		variants(place+"."+name, e, func(where string, changed item.Value) {
			fields := maps.Clone(v.Fields)
			fields[name] = changed
			yield(where, item.MapOf(fields))
		})
	}
}

func sort(k item.Kind) item.Kind {
	if k == item.False {
		return item.True
	}
	return k
}

// shown may be of several types: what a field was before and after a change, which nothing is decided by.
func shown(kind, place string) bool {
	return kind == "event" && (strings.Contains(place, "].before") || strings.Contains(place, "].after"))
}

func TestAnAttributeOfAnotherTypeIsAnErrorAndNeverALimitLess(t *testing.T) {
	for _, k := range kinds(t) {
		if err := k.read(k.full); err != nil {
			t.Fatalf("a %s as it is written: %v", k.name, err)
		}
		for name, v := range k.full {
			if slices.Contains(unread, name) {
				continue
			}
			variants(name, v, func(place string, changed item.Value) {
				it := maps.Clone(k.full)
				it[name] = changed
				if err := k.read(it); err == nil && !shown(k.name, place) {
					t.Errorf("a %s with %s is read", k.name, place)
				}
			})
		}
	}
}

// What every item of a kind has is not "none" when it is missing.
func TestAMissingAttributeIsAnErrorUnlessItsAbsenceIsWritten(t *testing.T) {
	for _, k := range kinds(t) {
		if err := k.read(k.bare); err != nil {
			t.Fatalf("a bare %s: %v", k.name, err)
		}
		for name, v := range k.bare {
			it := maps.Clone(k.bare)
			delete(it, name)
			if err := k.read(it); err == nil && !slices.Contains(unread, name) {
				t.Errorf("a %s without %s is read", k.name, name)
			}
			for part := range v.Fields {
				it[name] = item.MapOf(maps.Clone(v.Fields))
				delete(it[name].Fields, part)
				if k.read(it) == nil {
					t.Errorf("a %s without %s.%s is read", k.name, name, part)
				}
			}
		}
	}
}

func TestADurationOfAnEarlierVersionIsRead(t *testing.T) {
	it := policies().full
	personal := maps.Clone(it["personal"].Fields)
	personal["maxLifetime"], personal["revokeUnusedAfter"] = item.String("P1Y2Y"), item.String("P1DT")
	it["personal"] = item.MapOf(personal)
	s, err := item.Settings(it)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []struct{ got, want period.Period }{{s.Personal.MaxLifetime, period.MustParse("P2Y")}, {s.Personal.RevokeUnusedAfter, period.MustParse("P1D")}} {
		if p.got.AddTo(noon) != p.want.AddTo(noon) {
			t.Errorf("%s is not %s", p.got, p.want)
		}
		if _, err := period.Parse(p.got.String()); err != nil {
			t.Errorf("it is shown as %s, which cannot be sent back: %v", p.got, err)
		}
	}
}

func TestWhatNoVersionWritesIsAnError(t *testing.T) {
	empty, gap := item.Value{Kind: item.List}, item.Value{Kind: item.List, Elements: []item.Value{item.String("203.0.113.0/24"), item.String("203.0.113.0/33")}}
	for _, c := range []struct {
		kind, name string
		v          item.Value
	}{
		{"token", "cidrs", empty}, {"token", "cidrs", gap}, {"settings", "cidrs", empty}, {"settings", "cidrs", gap}, {"token", "environment", item.String("prod")},
		{"token", "kind", item.String("session")}, {"token", "version", item.Int(0)}, {"token", "account", item.String("")}, {"user", "account", item.String("")},
		{"user", "kind", item.String("robot")}, {"user", "status", item.String("asleep")}, {"user", "purge", item.String("maybe")},
		{"user", "sweep", item.String("")}, {"user", "sweep", item.String("soon")}, {"settings", "sweep", item.String("1#tok_short")}, {"settings", "sweep", item.String("1#")},
		{"settings", "rolesFrom", item.String("")},
		{"settings", "rolesFrom", item.String("both")}, {"settings", "version", item.Int(0)}, {"rules", "default", item.String("")}, {"rules", "answersFor", item.String("x")},
		{"rules", "api", item.String("another")}, {"job", "state", item.String("paused")}, {"job", "account", item.String("acc_other")}, {"event", "id", item.String("evt_1")},
	} {
		for _, k := range kinds(t) {
			if k.name != c.kind {
				continue
			}
			it := maps.Clone(k.full)
			it[c.name] = c.v
			if k.read(it) == nil {
				t.Errorf("a %s with %s = %+v is read", k.name, c.name, c.v)
			}
		}
	}
}

func BenchmarkRead(b *testing.B) {
	for _, k := range []kept{tokens(), users(), policies()} {
		b.Run(k.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := k.read(k.full); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
