package acceptance

import (
	"crypto/rand"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/dev/local"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

const (
	crowd  = 10_000
	sample = 200
)

// TestOffboardingCostsTheSameForOneTokenAndForTenThousand, which are refused from that write on; and what removes them
// gets to its end, also when its process is killed.
func TestOffboardingCostsTheSameForOneTokenAndForTenThousand(t *testing.T) {
	t.Parallel()
	s := another(t, "offboarding", nil)
	const account = "acc_crowd"
	ada := personOf(t, s, account, "ada", "admin")
	offboard := func(who human) (calls int) {
		t.Helper()
		before := s.Calls("OffboardUserFunction")
		ada.call(t, "DELETE", who.path(), nil).want(t, 200)
		return s.Calls("OffboardUserFunction") - before
	}
	member := func(name string) (caller, human, tok) {
		t.Helper()
		c := personOf(t, s, account, name, "analyst")
		return c, c.me(t), c.create(t, nil)
	}
	_, first, _ := member("first")
	offboard(first) // the function's process starts
	_, one, single := member("one")
	cost := offboard(one)
	on(s, single.Token).call(t, "GET", "/v1/ping", nil).want(t, 401)

	bob, many, model := member("many")
	secrets := multiply(t, s, model, crowd)
	for _, secret := range secrets[:5] {
		on(s, secret).call(t, "GET", "/v1/ping", nil).want(t, 200)
	}
	if got := offboard(many); got != cost || cost == 0 {
		t.Errorf("offboarding with %d tokens took %d calls of DynamoDB, with one %d", crowd, got, cost)
	}
	var all sync.WaitGroup
	for part := range slices.Chunk(secrets, sample/4) {
		all.Go(func() {
			for _, secret := range part {
				if a := on(s, secret).call(t, "GET", "/v1/ping", nil); a.status != 401 {
					t.Errorf("a token of an offboarded person is answered %d", a.status)
				}
			}
		})
	}
	bob.call(t, "GET", "/v1/ping", nil).want(t, 401)
	killPurge(t, ada, many)
	all.Wait()
	// A step that is cut off between removing and counting is not counted again.
	if removed := purged(t, ada, many); removed > crowd || removed < crowd-200 {
		t.Errorf("%d tokens were counted as removed", removed)
	}
	items, err := s.Dump(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, it := range items {
		if text(it["pk"]) == model.pk() && strings.HasPrefix(text(it["sk"]), "TOKEN#") {
			t.Fatalf("%s is left", text(it["sk"]))
		}
	}
	if strings.Contains(s.Logged(), "given up") {
		t.Error("the purge was given up")
	}
}

func TestAPurgeGoesOnAfterARestart(t *testing.T) {
	t.Parallel()
	const account, some = "acc_purge_restart", 500
	s := another(t, "purge-restart", nil)
	ada, bob := personOf(t, s, account, "ada", "admin"), personOf(t, s, account, "bob", "analyst")
	him, model := bob.me(t), bob.create(t, nil)
	multiply(t, s, model, some)
	ada.call(t, "DELETE", him.path(), nil).want(t, 200)
	s.Stop()
	s = another(t, "purge-restart", nil)
	if removed := purged(t, personOf(t, s, account, "ada", "admin"), him); removed > some || removed < some-200 {
		t.Errorf("%d tokens were counted as removed", removed)
	}
	items, err := s.Dump(t.Context())
	if err != nil || strings.Contains(table(items), "sk: "+model.sk()) {
		t.Errorf("the token is left (%v)", err)
	}
}

func on(s *local.Stack, secret string) caller {
	c := bearer(secret)
	c.stack = s
	return c
}

// multiply writes tokens like one, past the API, until there are n, and returns the secrets of some of them.
func multiply(t *testing.T, s *local.Stack, model tok, n int) (secrets []string) {
	t.Helper()
	client, table := s.DynamoDB(), tableName(s)
	got, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &table, Key: attributes{"pk": str(model.pk()), "sk": str(model.sk())}})
	if err != nil || got.Item == nil {
		t.Fatalf("the model: %v", err)
	}
	format, err := token.NewFormat("at")
	if err != nil {
		t.Fatal(err)
	}
	owner := user.ID(model.UserID).Ref()
	var batch []types.WriteRequest
	for i := 1; i < n; i++ {
		id, err := token.NewID(owner, time.Now(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		it := maps.Clone(got.Item)
		it["sk"], it["accountSk"] = str("TOKEN#"+id.Ref()), str(id.Ref()+"#"+string(owner))
		if i%(crowd/sample) == 0 {
			secret, err := format.Issue(id, token.Live, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			digest := digestOn(t, s, secret.Reveal())
			it["secrets"] = &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberM{Value: attributes{
				"digest": &types.AttributeValueMemberB{Value: digest.MAC[:]}, "key": str(digest.KeyID), "createdAt": it["createdAt"],
			}}}}
			secrets = append(secrets, secret.Reveal())
		}
		batch = append(batch, types.WriteRequest{PutRequest: &types.PutRequest{Item: it}})
		if len(batch) == 25 || i == n-1 {
			if _, err := client.BatchWriteItem(t.Context(), &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{table: batch}}); err != nil {
				t.Fatal(err)
			}
			batch = nil
		}
	}
	return secrets
}

// killPurge waits until the purge of a person is under way and kills its process, again if it was idle just then, until
// Lambda tells of a step that was cut off.
func killPurge(t *testing.T, admin caller, who human) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		now := decode[human](t, admin.call(t, "GET", who.path(), nil).want(t, 200))
		if now.Purge.State == "done" {
			t.Fatalf("the purge of %d tokens is done already", now.Purge.RemovedTokens)
		}
		if now.Purge.RemovedTokens < crowd/20 {
			continue
		}
		for _, pid := range purgeProcesses(t, admin.stack) {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may be gone by itself
		}
		time.Sleep(20 * time.Millisecond)
		if strings.Contains(admin.stack.Logged(), "signal: killed") {
			return
		}
	}
	t.Fatal("the purge does not begin, or cannot be killed")
}

// purgeProcesses finds the purge's processes of a stack, by their program and the DynamoDB they were given.
func purgeProcesses(t *testing.T, s *local.Stack) (pids []int) {
	t.Helper()
	endpoint := s.DynamoDB().Options().BaseEndpoint
	programs, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		t.Fatal(err)
	}
	for _, program := range programs {
		target, err := os.Readlink(program)
		environment, err2 := os.ReadFile(filepath.Join(filepath.Dir(program), "environ"))
		if err != nil || err2 != nil || !strings.HasPrefix(target, work) || !strings.Contains(string(environment), "PurgeTokensFunction") || !strings.Contains(string(environment), *endpoint+"\x00") {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(program)))
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return pids
}
