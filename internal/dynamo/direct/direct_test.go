package direct_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/tokenwright/tokenwright/internal/dev/storetest"
	"github.com/tokenwright/tokenwright/internal/dynamo/direct"
	"github.com/tokenwright/tokenwright/internal/period"
	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

var credentials = aws.Credentials{AccessKeyID: "storetest", SecretAccessKey: "secret", SessionToken: "session"}

// everywhere runs a test on the embedded server, and on DynamoDB Local as well where one is running, as package dynamo's
// suite does: the SDK's store writes, and both read.
func everywhere(t *testing.T, test func(*testing.T, *storetest.Fixture, *direct.Table)) {
	t.Helper()
	run := func(open func(testing.TB) *storetest.Fixture) func(*testing.T) {
		return func(t *testing.T) {
			f := open(t)
			table, err := direct.Open("us-east-1", *f.Client.Options().BaseEndpoint, credentials, f.Table)
			if err != nil {
				t.Fatal(err)
			}
			test(t, f, table)
		}
	}
	t.Run("embedded", run(storetest.Embedded))
	if url := os.Getenv("DYNAMODB_LOCAL_ENDPOINT"); url != "" {
		t.Run("DynamoDB Local", run(func(t testing.TB) *storetest.Fixture { return storetest.At(t, url) }))
	}
}

var equal = cmp.Options{
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }), cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) }),
}

// alike reads through both stores and says what differs, errors' sentinels included.
func alike(t *testing.T, f *storetest.Fixture, table *direct.Table, id token.ID) (token.Token, error) {
	t.Helper()
	wantToken, wantOwner, wantErr := f.TokenAndOwner(t.Context(), id)
	found, err := table.Lookup(t.Context(), id, store.Along{})
	tok, owner := found.Token, found.Owner
	if diff := cmp.Diff(wantToken, tok, equal); diff != "" {
		t.Errorf("token (- SDK, + direct):\n%s", diff)
	}
	if diff := cmp.Diff(wantOwner, owner, equal); diff != "" {
		t.Errorf("owner (- SDK, + direct):\n%s", diff)
	}
	if (wantToken.Scopes == nil) != (tok.Scopes == nil) {
		t.Errorf("scopes: SDK %#v, direct %#v", wantToken.Scopes, tok.Scopes)
	}
	wantUser, wantUserErr := f.Store.User(t.Context(), id.Owner())
	person, userErr := table.LookupUser(t.Context(), id.Owner(), store.Along{})
	if diff := cmp.Diff(wantUser, person.Owner, equal); diff != "" {
		t.Errorf("user (- SDK, + direct):\n%s", diff)
	}
	for _, sentinel := range []error{token.ErrNotFound, token.ErrUnavailable, user.ErrNotFound} {
		if errors.Is(wantErr, sentinel) != errors.Is(err, sentinel) || errors.Is(wantUserErr, sentinel) != errors.Is(userErr, sentinel) {
			t.Errorf("%v: SDK %v and %v, direct %v and %v", sentinel, wantErr, wantUserErr, err, userErr)
		}
	}
	if (wantErr == nil) != (err == nil) || (wantUserErr == nil) != (userErr == nil) {
		t.Errorf("SDK %v and %v, direct %v and %v", wantErr, wantUserErr, err, userErr)
	}
	return tok, err
}

func TestItReadsWhatTheSDKReads(t *testing.T) {
	everywhere(t, func(t *testing.T, f *storetest.Fixture, table *direct.Table) {
		ada := storetest.Person("acc_acme", "ada \"quoted\" ü🔑\\", "admin", "viewer")
		plain := storetest.Token(t, ada, storetest.Noon)
		if _, err := alike(t, f, table, plain.ID); !errors.Is(err, token.ErrNotFound) {
			t.Errorf("nothing stored: %v", err)
		}
		f.Save(t, ada)
		if _, err := alike(t, f, table, plain.ID); !errors.Is(err, token.ErrNotFound) {
			t.Errorf("owner alone: %v", err)
		}
		full, none := storetest.Token(t, ada, storetest.Noon.Add(time.Second)), storetest.Token(t, ada, storetest.Noon.Add(2*time.Second))
		full.Name, full.Description, full.Environment, full.Active = "</script>&\u2028", "a\nb\t„ü“ 🔑 \\ \"", token.Test, false
		full.Scopes = []scope.Pattern{"orders:read", "*:read"}
		full.CIDRs = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8::/32")}
		full.NotBefore, full.ExpiresAt = storetest.Noon.Add(time.Hour), storetest.Noon.Add(2*time.Hour+time.Millisecond)
		full.RotatedAt, full.LastUsedAt, full.LastUsedIP = storetest.Noon.Add(time.Minute), storetest.Noon, storetest.Here
		full.Secrets = append(full.Secrets, token.SecretVersion{
			CreatedAt: storetest.Noon, ExpiresAt: storetest.Noon.Add(time.Hour), Digest: token.Digest{KeyID: "k0", MAC: [32]byte{0xff, 0xfe, 0}},
		})
		none.Scopes = []scope.Pattern{}
		for _, tok := range []token.Token{plain, full, none} {
			f.Create(t, tok)
			if got, err := alike(t, f, table, tok.ID); err != nil || got.ID != tok.ID || len(got.Secrets) != len(tok.Secrets) {
				t.Errorf("%s reads as %+v, %v", tok.ID, got, err)
			}
		}
	})
}

func TestItBringsAlongWhatTheSDKBringsAlong(t *testing.T) {
	everywhere(t, func(t *testing.T, f *storetest.Fixture, table *direct.Table) {
		ada := storetest.Person("acc_acme", "ada")
		f.Save(t, ada)
		tok, unknown := storetest.Token(t, ada, storetest.Noon), storetest.Token(t, ada, storetest.Noon.Add(time.Second))
		f.Create(t, tok)
		f.PutRules(t, "a1b2c3", 3)
		f.PutBrokenRules(t, "broken")
		for _, along := range []store.Along{
			{}, {Account: "acc_acme"}, {Account: "acc_other"}, {API: "a1b2c3"}, {API: "none"}, {API: "broken"}, {Account: "acc_acme", API: "a1b2c3"},
		} {
			for _, id := range []token.ID{tok.ID, unknown.ID} {
				want, wantErr := f.Store.Lookup(t.Context(), id, along)
				got, err := table.Lookup(t.Context(), id, along)
				if diff := cmp.Diff(want, got, equal, cmp.AllowUnexported(period.Period{}), cmp.Comparer(sameTemplate)); diff != "" {
					t.Errorf("%s with %+v (- SDK, + direct):\n%s", id, along, diff)
				}
				if (wantErr == nil) != (err == nil) || errors.Is(wantErr, token.ErrNotFound) != errors.Is(err, token.ErrNotFound) {
					t.Errorf("%s with %+v: SDK %v, direct %v", id, along, wantErr, err)
				}
			}
			for _, ref := range []user.Ref{ada.Ref, "somebodyels"} {
				want, wantErr := f.Store.LookupUser(t.Context(), ref, along)
				got, err := table.LookupUser(t.Context(), ref, along)
				if diff := cmp.Diff(want, got, equal, cmp.AllowUnexported(period.Period{}), cmp.Comparer(sameTemplate)); diff != "" {
					t.Errorf("%s with %+v (- SDK, + direct):\n%s", ref, along, diff)
				}
				if (wantErr == nil) != (err == nil) || errors.Is(wantErr, user.ErrNotFound) != errors.Is(err, user.ErrNotFound) {
					t.Errorf("%s with %+v: SDK %v, direct %v", ref, along, wantErr, err)
				}
			}
		}
		if rules, err := table.Routes(t.Context(), "a1b2c3"); err != nil || rules.Version != 3 || len(rules.Rules) != 1 {
			t.Errorf("rules alone: %+v, %v", rules, err)
		}
		if rules, err := table.Routes(t.Context(), "none"); err != nil || rules.Version != 0 || rules.API != "none" {
			t.Errorf("of an API without rules: %+v, %v", rules, err)
		}
		if rules, err := table.Routes(t.Context(), "broken"); err == nil {
			t.Errorf("rules that cannot be read: %+v", rules)
		}
	})
}

func sameTemplate(a, b route.Template) bool { return a.String() == b.String() }

// An item that somebody damaged is an error through both, never a token with something missing.
func TestDamagedItemsAreErrorsThroughBoth(t *testing.T) {
	everywhere(t, func(t *testing.T, f *storetest.Fixture, table *direct.Table) {
		ada := storetest.Person("acc_acme", "ada")
		f.Save(t, ada)
		tok := storetest.Token(t, ada, storetest.Noon)
		tok.CIDRs = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
		f.Create(t, tok)
		whole := f.Items(t, "TOKEN#")[0]
		text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
		for name, damage := range map[string]func(map[string]types.AttributeValue){
			"type":    func(it map[string]types.AttributeValue) { it["type"] = text("user") },
			"kind":    func(it map[string]types.AttributeValue) { it["kind"] = text("royal") },
			"account": func(it map[string]types.AttributeValue) { delete(it, "account") },
			"version": func(it map[string]types.AttributeValue) { it["version"] = text("1") },
			"an address": func(it map[string]types.AttributeValue) {
				it["cidrs"] = &types.AttributeValueMemberL{Value: []types.AttributeValue{text("anywhere")}}
			},
			"a secret": func(it map[string]types.AttributeValue) {
				it["secrets"] = &types.AttributeValueMemberL{Value: []types.AttributeValue{text("x")}}
			},
			"half a digest": func(it map[string]types.AttributeValue) {
				it["secrets"] = &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberM{Value: map[string]types.AttributeValue{
					"key": text("k1"), "digest": &types.AttributeValueMemberB{Value: []byte{1, 2, 3}},
				}}}}
			},
		} {
			it := map[string]types.AttributeValue{}
			for k, v := range whole {
				it[k] = v
			}
			damage(it)
			f.Put(t, it)
			if _, err := alike(t, f, table, tok.ID); err == nil || errors.Is(err, token.ErrNotFound) {
				t.Errorf("%s damaged: %v, want an error", name, err)
			}
		}
	})
}

func TestAUseIsNotedAsTheSDKNotesIt(t *testing.T) {
	everywhere(t, func(t *testing.T, f *storetest.Fixture, table *direct.Table) {
		ada := storetest.Person("acc_acme", "ada")
		f.Save(t, ada)
		tok := storetest.Token(t, ada, storetest.Noon)
		f.Create(t, tok)
		for _, tt := range []struct {
			after time.Duration
			from  string
			want  time.Duration // when the noted use was
			addr  string
		}{
			{0, "203.0.113.7", 0, "203.0.113.7"},
			{token.TouchInterval - time.Millisecond, "198.51.100.1", 0, "203.0.113.7"},
			{token.TouchInterval, "::ffff:198.51.100.1", token.TouchInterval, "198.51.100.1"},
			{2 * token.TouchInterval, "", 2 * token.TouchInterval, "198.51.100.1"},
			{5 * token.TouchInterval, "2001:db8::1", 5 * token.TouchInterval, "2001:db8::1"},
		} {
			var from netip.Addr
			if tt.from != "" {
				from = netip.MustParseAddr(tt.from)
			}
			if err := table.Touch(t.Context(), tok.ID, storetest.Noon.Add(tt.after), from); err != nil {
				t.Fatalf("after %s: %v", tt.after, err)
			}
			got, err := alike(t, f, table, tok.ID)
			if err != nil || !got.LastUsedAt.Equal(storetest.Noon.Add(tt.want)) || got.LastUsedIP.String() != tt.addr || got.Version != 1 {
				t.Errorf("after %s: used %s from %s at version %d, %v", tt.after, got.LastUsedAt, got.LastUsedIP, got.Version, err)
			}
		}
		gone := storetest.Token(t, ada, storetest.Noon.Add(time.Second))
		if err := table.Touch(t.Context(), gone.ID, storetest.Noon, storetest.Here); err != nil {
			t.Errorf("a token that is gone: %v", err)
		}
		if _, _, err := f.TokenAndOwner(t.Context(), gone.ID); !errors.Is(err, token.ErrNotFound) {
			t.Errorf("noting a use brought a token back: %v", err)
		}
	})
}

func TestWarmOnlyConnects(t *testing.T) {
	everywhere(t, func(t *testing.T, _ *storetest.Fixture, table *direct.Table) {
		if err := table.Warm(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// A table that cannot be reached is unavailable; one that is not there, or not ours, is a mistake that does not pass.
func TestErrorsAreTheProjectsOwn(t *testing.T) {
	server := func(status int, body string) *direct.Table {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}))
		t.Cleanup(s.Close)
		table, err := direct.Open("us-east-1", s.URL, credentials, "tokens")
		if err != nil {
			t.Fatal(err)
		}
		return table
	}
	ada := storetest.Person("acc_acme", "ada")
	id := storetest.Token(t, ada, storetest.Noon).ID
	refusal := func(code string) string {
		return `{"__type":"com.amazonaws.dynamodb.v20120810#` + code + `","message":"no"}`
	}
	for _, tt := range []struct {
		status      int
		body        string
		unavailable bool
	}{
		{400, refusal("ProvisionedThroughputExceededException"), true}, {400, refusal("ThrottlingException"), true},
		{400, refusal("RequestLimitExceeded"), true}, {500, refusal("InternalServerError"), true}, {503, "", true}, {500, "<html>", true},
		{400, refusal("ResourceNotFoundException"), false}, {400, refusal("AccessDeniedException"), false}, {400, refusal("ValidationException"), false},
		{403, "<html>", false},
		{200, `{}`, true}, {200, `[]`, true}, {200, ``, true}, {200, `{"Responses":{}}`, true}, {200, `{"Responses":{"other":[]}}`, true},
		{200, `{"Responses":{"tokens":[]}`, true}, {200, `{"Responses":{"tokens":[{"pk":{"S":"OWNER#x"},"sk":{"S":"TOKEN#y"}}]}}`, true},
		{200, `{"Responses":{"tokens":[{}]}}`, true}, {200, `{"Responses":{"tokens":[]},"UnprocessedKeys":{"tokens":{"Keys":[{"pk":{"S":"a"},"sk":{"S":"b"}}]}}}`, true},
	} {
		_, err := server(tt.status, tt.body).Lookup(t.Context(), id, store.Along{})
		if err == nil || errors.Is(err, token.ErrNotFound) || errors.Is(err, token.ErrUnavailable) != tt.unavailable {
			t.Errorf("%d %s: %v, unavailable %v", tt.status, tt.body, err, tt.unavailable)
		}
	}
	if _, err := server(200, `{"Responses":{"tokens":[]},"UnprocessedKeys":{}}`).Lookup(t.Context(), id, store.Along{}); !errors.Is(err, token.ErrNotFound) {
		t.Errorf("an empty answer: %v, want ErrNotFound", err)
	}
	stopped := httptest.NewServer(nil)
	stopped.Close()
	table, err := direct.Open("us-east-1", stopped.URL, credentials, "tokens")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := table.Lookup(t.Context(), id, store.Along{}); !errors.Is(err, token.ErrUnavailable) {
		t.Errorf("nobody there: %v", err)
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := table.Lookup(done, id, store.Along{}); !errors.Is(err, token.ErrUnavailable) {
		t.Errorf("a caller who left: %v", err)
	}
}

func TestEndpointsMustBeURLs(t *testing.T) {
	for _, url := range []string{"dynamodb", "ftp://x", "https://", "://"} {
		if _, err := direct.Open("us-east-1", url, credentials, "tokens"); err == nil {
			t.Errorf("%q is taken for an endpoint", url)
		}
	}
}
