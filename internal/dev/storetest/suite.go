package storetest

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/period"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Run holds a store to its promises. open yields an empty one.
func Run(t *testing.T, open func(testing.TB) *Fixture) {
	for name, test := range map[string]func(*testing.T, *Fixture){
		"a token reads as it was written":                           readsAsWritten,
		"a token without its owner is not found":                    needsOwner,
		"an id is given out once":                                   createsOnce,
		"nobody creates a token for an inactive owner":              refusesInactive,
		"an idempotency key is used once until it expires":          replaysOnce,
		"a rotation is written with its record, once":               rotatesOnce,
		"a change of something that changed is refused":             refusesStale,
		"a change and its event are one":                            changeWithEvent,
		"of many changes at one version one wins":                   oneWins,
		"a use is noted once a minute and leaves the version":       touches,
		"a use does not bring a removed token back":                 touchMakesNothing,
		"a note of a use and a change do not undo each other":       touchAndChange,
		"an owner's tokens are listed newest first, page by page":   listsOwner,
		"an account's tokens are listed newest first, page by page": listsAccount,
		"an account without settings has the default":               readsSettings,
		"settings are saved by version":                             savesSettings,
		"an API's rules come along with a token":                    bringsRulesAlong,
		"events are listed newest first, by time":                   listsEvents,
		"a token's events are found without the account's":          listsTokenEvents,
		"events of earlier versions stay, each for its account":     keepsFormerEvents,
		"what an index names of another account is left out":        misplaces,
		"attempts are counted, each kind in one event":              countsRefusals,
		"a service token goes to another steward":                   transfers,
		"people of an account are listed, token users are not":      listsPeople,
		"a change beside another user holds that one":               savesBeside,
		"a token that writes another is held":                       holdsTheMaker,
		"whoever moves roles is held, and the provider's word":      movesRoles,
		"a change that gives roles holds whoever gives them":        holdsTheGiver,
		"people are saved once and changed by version":              savesPeople,
		"roles said anew are noted, and hold what was read":         confirmsRoles,
		"an old suspension is an administrator's":                   readsOldSuspensions,
		"an ending needs no version and happens once":               endsOnce,
		"an ending asks for a version where its caller does":        endsAtVersion,
		"an ending leaves the rest as it has become":                endsAlone,
		"an offboarding ends a generation and is undone by nothing": endsForGood,
		"an ending leaves an administrator":                         endsBeside,
		"a step names the tokens that were in its way":              stepsAround,
		"a job is begun once and each step is taken once":           stepsJobs,
		"tokens are read by id, those that there are":               readsNamed,
		"rules of an API are saved by version":                      savesRoutes,
		"rules of an API are deleted by version":                    deletesRoutes,
		"rules that cannot be read are not taken for none":          refusesBrokenRoutes,
		"rules of all APIs are listed by id, page by page":          listsRoutes,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

var ada = Person("acc_acme", "ada", "admin")

// Token returns a full token of an owner, made at an instant.
func Token(t testing.TB, owner user.User, at time.Time) token.Token {
	t.Helper()
	id, err := token.NewID(owner.Ref, at, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	v := token.SecretVersion{CreatedAt: at, Digest: token.Digest{KeyID: "k1"}}
	copy(v.Digest.MAC[:], id)
	return token.Token{
		ID: id, Account: owner.Account, Kind: token.Personal, Environment: token.Live, Name: "laptop", Active: true, CreatedAt: at,
		CreatedBy: owner.ID(), UpdatedAt: at, UpdatedBy: owner.ID(), Version: 1, Secrets: []token.SecretVersion{v},
	}
}

// Save writes a person past all rules.
func (f *Fixture) Save(t testing.TB, u user.User) {
	t.Helper()
	if err := f.Store.SaveUser(t.Context(), nil, u, Event(t, u.Account, Noon)); err != nil {
		t.Fatal(err)
	}
}

// Create writes a token of a person past all rules.
func (f *Fixture) Create(t testing.TB, tok token.Token) {
	t.Helper()
	if err := f.Store.CreateToken(t.Context(), store.Creation{Token: tok, Creator: person(tok), Event: Event(t, tok.Account, tok.CreatedAt)}); err != nil {
		t.Fatal(err)
	}
}

// person is who made the token, as far as a creation looks.
func person(tok token.Token) user.User {
	return user.User{Ref: tok.ID.Owner(), Account: tok.Account, Generation: tok.Generation}
}

func same(t *testing.T, want, got any) {
	t.Helper()
	options := cmp.Options{
		cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }), cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
		cmpopts.EquateApproxTime(0), cmp.Comparer(func(a, b period.Period) bool { return a == b }),
		cmpopts.IgnoreFields(user.User{}, "Made"), // which rises with each token that a test makes
	}
	if diff := cmp.Diff(want, got, options); diff != "" {
		t.Errorf("it reads differently (- written, + read):\n%s", diff)
	}
}

func readsAsWritten(t *testing.T, f *Fixture) {
	keeper := ada
	keeper.Generation, keeper.DisplayName, keeper.IssuedBefore, keeper.Purge = 3, "Ada L.", Noon, user.Purge{State: user.PurgeDone, Removed: 7}
	keeper.RolesStatedAt = Noon.Add(-time.Hour)
	keeper.Sweep = user.Sweep{Before: Noon, After: string(Token(t, ada, Noon).ID)}
	f.Save(t, keeper)
	plain, full := Token(t, ada, Noon), Token(t, ada, Noon.Add(time.Second))
	full.Description, full.Environment, full.Active = "a\nb „ü“ 🔑", token.Test, false
	full.Scopes, full.CIDRs = []scope.Pattern{"orders:read", "*:read"}, []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8::/32")}
	full.Steward = ada.ID()
	full.NotBefore, full.ExpiresAt, full.RotatedAt = Noon.Add(time.Hour), Noon.Add(2*time.Hour+time.Millisecond), Noon.Add(time.Minute)
	full.Secrets = append(full.Secrets, token.SecretVersion{CreatedAt: Noon, ExpiresAt: Noon.Add(time.Hour), Digest: token.Digest{KeyID: "k0", MAC: [32]byte{1, 2}}})
	none := Token(t, ada, Noon.Add(2*time.Second))
	none.Scopes = []scope.Pattern{} // no scopes is not all scopes
	for _, want := range []token.Token{plain, full, none} {
		want.Generation = keeper.Generation
		f.Create(t, want)
		got, owner, err := f.TokenAndOwner(t.Context(), want.ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, want, got)
		same(t, keeper, owner)
		if (want.Scopes == nil) != (got.Scopes == nil) {
			t.Errorf("scopes %#v read as %#v", want.Scopes, got.Scopes)
		}
	}
}

func needsOwner(t *testing.T, f *Fixture) {
	tok := Token(t, ada, Noon)
	if _, _, err := f.TokenAndOwner(t.Context(), tok.ID); !errors.Is(err, token.ErrNotFound) {
		t.Errorf("nothing stored: %v", err)
	}
	f.Save(t, ada)
	if _, _, err := f.TokenAndOwner(t.Context(), tok.ID); !errors.Is(err, token.ErrNotFound) {
		t.Errorf("owner alone: %v", err)
	}
	if _, err := f.Store.User(t.Context(), user.RefOf("acc_acme", "bob")); !errors.Is(err, user.ErrNotFound) {
		t.Errorf("unknown user: %v", err)
	}
}

func createsOnce(t *testing.T, f *Fixture) {
	f.Save(t, ada)
	tok := Token(t, ada, Noon)
	f.Create(t, tok)
	again := store.Creation{Token: tok, Creator: ada, Event: Event(t, ada.Account, Noon)}
	if err := f.Store.CreateToken(t.Context(), again); !errors.Is(err, store.ErrExists) {
		t.Errorf("second create: %v, want ErrExists", err)
	}
	if n := len(f.Items(t, "EVENT#")); n != 2 {
		t.Errorf("%d events, want 2: a refused create leaves none", n)
	}
}

func refusesInactive(t *testing.T, f *Fixture) {
	tok := Token(t, ada, Noon)
	creation := store.Creation{Token: tok, Creator: ada, Event: Event(t, ada.Account, Noon)}
	if err := f.Store.CreateToken(t.Context(), creation); !errors.Is(err, store.ErrChanged) {
		t.Errorf("unknown owner: %v", err)
	}
	again := ada
	again.Generation = 1
	f.Save(t, again)
	if err := f.Store.CreateToken(t.Context(), creation); !errors.Is(err, store.ErrChanged) {
		t.Errorf("an owner who was offboarded and invited again meanwhile: %v", err)
	}
	for _, status := range []user.Status{user.Suspended, user.Offboarded} {
		eve := Person("acc_acme", "eve-"+string(status))
		eve.Status = status
		f.Save(t, eve)
		creation.Token, creation.Creator = Token(t, eve, Noon), eve
		if err := f.Store.CreateToken(t.Context(), creation); !errors.Is(err, store.ErrChanged) {
			t.Errorf("%s owner: %v", status, err)
		}
	}
	stranger := Person("acc_other", "mallory")
	f.Save(t, stranger)
	creation.Token, creation.Creator = Token(t, stranger, Noon), stranger
	creation.Token.Account = "acc_acme"
	if err := f.Store.CreateToken(t.Context(), creation); !errors.Is(err, store.ErrChanged) {
		t.Errorf("owner of another account: %v", err)
	}
	if n := len(f.Items(t, "TOKEN#")); n != 0 {
		t.Errorf("%d tokens were written", n)
	}
}

func replaysOnce(t *testing.T, f *Fixture) {
	f.Save(t, ada)
	create := func(at time.Time) error {
		r := store.Replay{Account: ada.Account, Digest: "d", Request: "r", KeyID: "k1", Sealed: []byte{1, 2, 3}, ExpiresAt: at.Add(time.Hour)}
		return f.Store.CreateToken(t.Context(), store.Creation{Token: Token(t, ada, at), Creator: ada, Event: Event(t, ada.Account, at), Replay: &r})
	}
	if _, err := f.Store.Replay(t.Context(), ada.Account, "d"); !errors.Is(err, store.ErrNoReplay) {
		t.Errorf("before: %v", err)
	}
	if err := create(Noon); err != nil {
		t.Fatal(err)
	}
	got, err := f.Store.Replay(t.Context(), ada.Account, "d")
	if err != nil {
		t.Fatal(err)
	}
	same(t, store.Replay{Account: ada.Account, Digest: "d", Request: "r", KeyID: "k1", Sealed: []byte{1, 2, 3}, ExpiresAt: Noon.Add(time.Hour)}, got)
	if _, err := f.Store.Replay(t.Context(), "acc_other", "d"); !errors.Is(err, store.ErrNoReplay) {
		t.Errorf("from another account: %v", err)
	}
	if err := create(Noon.Add(time.Hour - 1)); !errors.Is(err, store.ErrReplay) {
		t.Errorf("within its life: %v, want ErrReplay", err)
	}
	if err := create(Noon.Add(time.Hour)); err != nil {
		t.Errorf("at its end: %v", err)
	}
	if n := len(f.Items(t, "TOKEN#")); n != 2 {
		t.Errorf("%d tokens, want 2", n)
	}
}

func rotatesOnce(t *testing.T, f *Fixture) {
	f.Save(t, ada)
	before := Token(t, ada, Noon)
	f.Create(t, before)
	rotate := func(digest string, at time.Time) error {
		after := changed(before, "rotated")
		r := store.Replay{Account: ada.Account, Digest: digest, Request: "r", KeyID: "k1", Sealed: []byte{1}, ExpiresAt: at.Add(time.Hour)}
		return f.Store.UpdateTokenBeside(t.Context(), store.TokenEnding{Before: before, After: after, Event: Event(t, ada.Account, at)}, &r)
	}
	if err := rotate("one", Noon); err != nil {
		t.Fatal(err)
	}
	events := len(f.Items(t, "EVENT#"))
	if err := rotate("one", Noon.Add(time.Minute)); !errors.Is(err, store.ErrReplay) {
		t.Errorf("under a key that was used: %v, want ErrReplay", err)
	}
	if err := rotate("two", Noon); !errors.Is(err, store.ErrChanged) {
		t.Errorf("of an older version: %v, want ErrChanged", err)
	}
	if _, err := f.Store.Replay(t.Context(), ada.Account, "two"); !errors.Is(err, store.ErrNoReplay) {
		t.Errorf("a rotation that was refused left its record: %v", err)
	}
	if got := len(f.Items(t, "EVENT#")); got != events {
		t.Errorf("%d events of refused rotations", got-events)
	}
}

// changed returns tok as the next version with another name.
func changed(tok token.Token, name string) token.Token {
	tok.Name, tok.Version = name, tok.Version+1
	return tok
}

func refusesStale(t *testing.T, f *Fixture) {
	f.Save(t, ada)
	tok := Token(t, ada, Noon)
	absent := f.Store.UpdateToken(t.Context(), tok, changed(tok, "x"), Event(t, ada.Account, Noon))
	if !errors.Is(absent, store.ErrChanged) {
		t.Errorf("an absent token: %v, want ErrChanged", absent)
	}
	f.Create(t, tok)
	if err := f.Store.UpdateToken(t.Context(), tok, changed(tok, "first"), Event(t, ada.Account, Noon)); err != nil {
		t.Fatal(err)
	}
	if err := f.Store.UpdateToken(t.Context(), tok, changed(tok, "second"), Event(t, ada.Account, Noon)); !errors.Is(err, store.ErrChanged) {
		t.Errorf("a stale version: %v, want ErrChanged", err)
	}
	got, _, err := f.TokenAndOwner(t.Context(), tok.ID)
	if err != nil || got.Name != "first" || got.Version != 2 {
		t.Errorf("%s at version %d, %v", got.Name, got.Version, err)
	}
}

func changeWithEvent(t *testing.T, f *Fixture) {
	f.Save(t, ada)
	tok := Token(t, ada, Noon)
	tok.Description, tok.ExpiresAt = "gone soon", Noon.Add(time.Hour)
	f.Create(t, tok)
	after := changed(tok, "renamed")
	after.Description, after.RevokedAt, after.ExpiresAt = "", Noon, time.Time{}
	event := Event(t, ada.Account, Noon)
	event.Changes = []audit.Change{{Field: "name", Before: "laptop", After: "renamed"}, {Field: "isActive", Before: true, After: nil}, {Field: "scopes", After: []string{"a:b"}}}
	if err := f.Store.UpdateToken(t.Context(), tok, after, event); err != nil {
		t.Fatal(err)
	}
	got, _, err := f.TokenAndOwner(t.Context(), tok.ID)
	if err != nil {
		t.Fatal(err)
	}
	same(t, after, got)
	events := f.Items(t, "EVENT#")
	i := slices.IndexFunc(events, func(it map[string]types.AttributeValue) bool {
		return it["id"].(*types.AttributeValueMemberS).Value == string(event.ID)
	})
	if len(events) != 3 || i < 0 {
		t.Fatalf("%d events, ours at %d", len(events), i)
	}
	if ttl := events[i]["ttl"].(*types.AttributeValueMemberN).Value; ttl != fmt.Sprint(Noon.Add(Retention).Unix()) {
		t.Errorf("the event is kept until %s", ttl)
	}
	if n := len(events[i]["changes"].(*types.AttributeValueMemberL).Value); n != 3 {
		t.Errorf("%d changes in the event", n)
	}
}

func oneWins(t *testing.T, f *Fixture) {
	f.Save(t, ada)
	tok := Token(t, ada, Noon)
	f.Create(t, tok)
	results := make(chan error, 8)
	var start sync.WaitGroup
	start.Add(1)
	for i := range cap(results) {
		go func() {
			start.Wait()
			results <- f.Store.UpdateToken(t.Context(), tok, changed(tok, fmt.Sprint(i)), Event(t, ada.Account, Noon))
		}()
	}
	start.Done()
	won := 0
	for range cap(results) {
		switch err := <-results; {
		case err == nil:
			won++
		case !errors.Is(err, store.ErrChanged) && !errors.Is(err, token.ErrUnavailable):
			t.Errorf("a loser is told %v", err)
		}
	}
	if n := len(f.Items(t, "EVENT#")); won != 1 || n != 3 {
		t.Errorf("%d changes won, %d events; want 1 and 3", won, n)
	}
}

func touches(t *testing.T, f *Fixture) {
	f.Save(t, ada)
	tok := Token(t, ada, Noon)
	f.Create(t, tok)
	from := netip.MustParseAddr("::ffff:203.0.113.7")
	for _, step := range []struct{ at, want time.Time }{
		{Noon, Noon}, {Noon.Add(time.Minute - 1e6), Noon}, {Noon.Add(time.Minute), Noon.Add(time.Minute)}, {Noon, Noon.Add(time.Minute)},
	} {
		if err := f.Store.Touch(t.Context(), tok.ID, step.at, from); err != nil {
			t.Fatal(err)
		}
		got, _, err := f.TokenAndOwner(t.Context(), tok.ID)
		if err != nil || !got.LastUsedAt.Equal(step.want) || got.LastUsedIP.String() != "203.0.113.7" || got.Version != 1 {
			t.Errorf("after a use at %s: used %s from %s, version %d, %v; want %s", step.at, got.LastUsedAt, got.LastUsedIP, got.Version, err, step.want)
		}
	}
	if err := f.Store.Touch(t.Context(), tok.ID, Noon.Add(time.Hour), netip.Addr{}); err != nil {
		t.Errorf("a use from an unknown address: %v", err)
	}
}

func touchMakesNothing(t *testing.T, f *Fixture) {
	if err := f.Store.Touch(t.Context(), Token(t, ada, Noon).ID, Noon, netip.MustParseAddr("203.0.113.7")); err != nil {
		t.Fatal(err)
	}
	if items := f.Items(t, ""); len(items) != 0 {
		t.Errorf("there is %v", items)
	}
}

func touchAndChange(t *testing.T, f *Fixture) {
	f.Save(t, ada)
	tok := Token(t, ada, Noon)
	f.Create(t, tok)
	if err := f.Store.Touch(t.Context(), tok.ID, Noon.Add(time.Minute), netip.MustParseAddr("203.0.113.7")); err != nil {
		t.Fatal(err)
	}
	// The change was read before the use was noted.
	if err := f.Store.UpdateToken(t.Context(), tok, changed(tok, "renamed"), Event(t, ada.Account, Noon)); err != nil {
		t.Fatal(err)
	}
	got, _, err := f.TokenAndOwner(t.Context(), tok.ID)
	if err != nil || got.Name != "renamed" || got.LastUsedAt.IsZero() {
		t.Errorf("named %s, used %s, %v", got.Name, got.LastUsedAt, err)
	}
}
