package dynamodb_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/dev/aws/dynamodb"
)

// clock is a time tests move by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func TestSweepDeletesExactlyWhatExpired(t *testing.T) {
	time0 := clock{now: time.Unix(1_800_000_000, 0)}
	var mu sync.Mutex
	var expired []dynamodb.Change
	server, c, _ := open(t, dynamodb.Options{Now: time0.read, OnWrite: func(ch dynamodb.Change) {
		mu.Lock()
		defer mu.Unlock()
		if ch.Expired {
			expired = append(expired, ch)
		}
	}})
	makeTable(t, c, "swept")
	at := func(d time.Duration) types.AttributeValue { return n(fmt.Sprint(time0.read().Add(d).Unix())) }
	const year = 365 * 24 * time.Hour
	put(t, c, "swept", attributes{"pk": s("past"), "sk": s("x"), "ttl": at(-time.Second), "gpk": s("g")})
	put(t, c, "swept", attributes{"pk": s("soon"), "sk": s("x"), "ttl": at(time.Minute)})
	put(t, c, "swept", attributes{"pk": s("text"), "sk": s("x"), "ttl": s("1")})
	put(t, c, "swept", attributes{"pk": s("ancient"), "sk": s("x"), "ttl": at(-6 * year)})
	put(t, c, "swept", attributes{"pk": s("old"), "sk": s("x"), "ttl": at(-4 * year)})
	put(t, c, "swept", attributes{"pk": s("none"), "sk": s("x")})
	sweep := func(want int) {
		t.Helper()
		if n, err := server.SweepExpired(); n != want || err != nil {
			t.Errorf("swept %d, %v, want %d", n, err, want)
		}
	}
	sweep(0) // TTL is not enabled yet
	if _, err := c.UpdateTimeToLive(t.Context(), &sdk.UpdateTimeToLiveInput{TableName: aws.String("swept"),
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String("ttl"), Enabled: aws.Bool(true)}}); err != nil {
		t.Fatal(err)
	}
	sweep(2)
	sweep(0)
	time0.advance(time.Minute)
	sweep(1)
	for pk, kept := range map[string]bool{"past": false, "soon": false, "old": false, "text": true, "ancient": true, "none": true} {
		if (get(t, c, "swept", pk, "x") != nil) != kept {
			t.Errorf("%s: kept is not %v", pk, kept)
		}
	}
	if len(expired) != 3 || expired[0].New != nil || !strings.Contains(string(expired[0].Old), `"ttl"`) {
		t.Errorf("%+v", expired)
	}
}

func TestSweepCrossesItsBatches(t *testing.T) {
	server, c, _ := open(t, dynamodb.Options{})
	makeTable(t, c, "swept")
	if _, err := c.UpdateTimeToLive(t.Context(), &sdk.UpdateTimeToLiveInput{TableName: aws.String("swept"),
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String("ttl"), Enabled: aws.Bool(true)}}); err != nil {
		t.Fatal(err)
	}
	past := n(fmt.Sprint(time.Now().Add(-time.Hour).Unix()))
	const items = 2025
	for i := 0; i < items; i += 25 {
		var writes []types.WriteRequest
		for j := range 25 {
			writes = append(writes, types.WriteRequest{PutRequest: &types.PutRequest{Item: attributes{"pk": s("p"), "sk": s(fmt.Sprint(i + j)), "ttl": past}}})
		}
		if _, err := c.BatchWriteItem(t.Context(), &sdk.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{"swept": writes}}); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := server.SweepExpired(); n != items || err != nil {
		t.Error(n, err)
	}
}

func TestRequestTokenIsForgottenAfterTenMinutes(t *testing.T) {
	time0 := clock{now: time.Unix(1_800_000_000, 0)}
	_, c, _ := open(t, dynamodb.Options{Now: time0.read})
	makeTable(t, c, "table")
	count := func(token, want string) {
		t.Helper()
		_, err := c.TransactWriteItems(t.Context(), &sdk.TransactWriteItemsInput{ClientRequestToken: &token, TransactItems: []types.TransactWriteItem{{Update: &types.Update{
			TableName: aws.String("table"), Key: attributes{"pk": s("a"), "sk": s("b")}, UpdateExpression: aws.String("ADD n :one"), ExpressionAttributeValues: attributes{":one": n("1")},
		}}}})
		if err != nil {
			t.Fatal(err)
		}
		same(t, get(t, c, "table", "a", "b")["n"], n(want))
	}
	count("first", "1")
	time0.advance(10*time.Minute - time.Nanosecond)
	count("first", "1")
	count("second", "2")
	time0.advance(time.Nanosecond)
	count("first", "3")
	count("first", "3")
	count("second", "3")
}

// The hook hears of every change of an item, once, in the order of the
// commits, and of nothing that failed or changed nothing.
func TestOnWriteHearsEveryCommitInOrder(t *testing.T) {
	var mu sync.Mutex
	var heard []string
	_, c, _ := open(t, dynamodb.Options{OnWrite: func(ch dynamodb.Change) {
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, fmt.Sprintf("%s %v>%v", ch.Table, numberIn(ch.Old), numberIn(ch.New)))
	}})
	makeTable(t, c, "heard")
	put(t, c, "heard", attributes{"pk": s("a"), "sk": s("b"), "n": n("1")})
	update := func(condition string) error {
		_, err := c.UpdateItem(t.Context(), &sdk.UpdateItemInput{TableName: aws.String("heard"), Key: attributes{"pk": s("a"), "sk": s("b")},
			UpdateExpression: aws.String("ADD n :one"), ConditionExpression: &condition, ExpressionAttributeValues: attributes{":one": n("1")}})
		return err
	}
	if err := update("attribute_exists(n)"); err != nil {
		t.Fatal(err)
	}
	if err := update("attribute_exists(absent)"); err == nil {
		t.Fatal("the condition held")
	}
	put(t, c, "heard", attributes{"pk": s("a"), "sk": s("b"), "n": n("2.0")}) // the same item again is no change
	for range 2 {                                                             // deleting what is not there is no change
		if _, err := c.DeleteItem(t.Context(), &sdk.DeleteItemInput{TableName: aws.String("heard"), Key: attributes{"pk": s("a"), "sk": s("b")}}); err != nil {
			t.Fatal(err)
		}
	}
	same(t, heard, []string{"heard none>1", "heard 1>2", "heard 2>none"})

	heard = nil
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 20 {
				if err := update("attribute_not_exists(absent)"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	for i, line := range heard {
		before := fmt.Sprint(i)
		if i == 0 {
			before = "none"
		}
		if want := fmt.Sprintf("heard %s>%d", before, i+1); line != want {
			t.Fatalf("change %d is %q, want %q", i, line, want)
		}
	}
}

func numberIn(image []byte) string {
	if image == nil {
		return "none"
	}
	_, after, _ := strings.Cut(string(image), `"n":{"N":"`)
	number, _, _ := strings.Cut(after, `"`)
	return number
}
