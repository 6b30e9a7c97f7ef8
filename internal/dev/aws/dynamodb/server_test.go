package dynamodb_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/tokenwright/tokenwright/internal/dev/aws/dynamodb"
)

// open starts a server and answers it with an SDK client for access key id
// "AKIDTEST". The returned function stops both; it may be called twice.
func open(t *testing.T, o dynamodb.Options) (*dynamodb.Server, *sdk.Client, func()) {
	t.Helper()
	s, err := dynamodb.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s)
	stop := sync.OnceFunc(func() {
		web.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return s, client(web.URL, "AKIDTEST"), stop
}

func client(url, accessKeyID string) *sdk.Client {
	return sdk.New(sdk.Options{
		BaseEndpoint: &url,
		Region:       "us-east-1",
		Retryer:      aws.NopRetryer{},
		HTTPClient:   &http.Client{Transport: readBodies{&http.Transport{}}},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: accessKeyID, SecretAccessKey: "secret"}, nil
		}),
	})
}

// readBodies keeps the SDK from losing an answer to a body of over 4 KB now and then: see
// https://github.com/aws/aws-sdk-go-v2/issues/2737.
type readBodies struct{ http.RoundTripper }

func (t readBodies) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		reading := *r
		reading.Body = struct{ io.ReadCloser }{r.Body}
		r = &reading
	}
	return t.RoundTripper.RoundTrip(r)
}

func makeTable(t *testing.T, c *sdk.Client, name string) {
	t.Helper()
	_, err := c.CreateTable(t.Context(), &sdk.CreateTableInput{
		TableName: &name, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("pk"), AttributeType: "S"}, {AttributeName: aws.String("sk"), AttributeType: "S"},
			{AttributeName: aws.String("gpk"), AttributeType: "S"},
		},
		KeySchema: keys("pk", "sk"),
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{{
			IndexName: aws.String("by-gpk"), KeySchema: keys("gpk"), Projection: &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := sdk.NewTableExistsWaiter(c).Wait(t.Context(), &sdk.DescribeTableInput{TableName: &name}, time.Second); err != nil {
		t.Fatal(err)
	}
}

func keys(hash string, rng ...string) []types.KeySchemaElement {
	k := []types.KeySchemaElement{{AttributeName: &hash, KeyType: types.KeyTypeHash}}
	for _, name := range rng {
		k = append(k, types.KeySchemaElement{AttributeName: &name, KeyType: types.KeyTypeRange})
	}
	return k
}

type attributes = map[string]types.AttributeValue

func s(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }
func n(v string) types.AttributeValue { return &types.AttributeValueMemberN{Value: v} }

func put(t *testing.T, c *sdk.Client, table string, item attributes) {
	t.Helper()
	if _, err := c.PutItem(t.Context(), &sdk.PutItemInput{TableName: &table, Item: item}); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, c *sdk.Client, table string, pk, sk string) attributes {
	t.Helper()
	got, err := c.GetItem(t.Context(), &sdk.GetItemInput{TableName: &table, Key: attributes{"pk": s(pk), "sk": s(sk)}, ConsistentRead: aws.Bool(true)})
	if err != nil {
		t.Fatal(err)
	}
	return got.Item
}

func same(t *testing.T, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got, cmp.Exporter(func(reflect.Type) bool { return true })); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestEveryTypeSurvivesARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	item := attributes{
		"pk": s("p\x00\"é😀<&>\u2028"), "sk": s("s"), "gpk": s("g"), "n": n("-12.5"), "b": &types.AttributeValueMemberB{Value: []byte{0, 255, 1}},
		"t": &types.AttributeValueMemberBOOL{Value: true}, "f": &types.AttributeValueMemberBOOL{Value: false}, "z": &types.AttributeValueMemberNULL{Value: true},
		"ss": &types.AttributeValueMemberSS{Value: []string{"a", "b"}}, "ns": &types.AttributeValueMemberNS{Value: []string{"-1", "2", "10"}},
		"bs": &types.AttributeValueMemberBS{Value: [][]byte{{0}, {0, 1}, {255}}},
		"l":  &types.AttributeValueMemberL{Value: []types.AttributeValue{s(""), n("0"), &types.AttributeValueMemberL{Value: []types.AttributeValue{}}}},
		"m":  &types.AttributeValueMemberM{Value: attributes{"a": s("x"), "e": &types.AttributeValueMemberM{Value: attributes{}}}},
	}
	_, c, stop := open(t, dynamodb.Options{Path: path})
	makeTable(t, c, "kept")
	put(t, c, "kept", item)
	same(t, get(t, c, "kept", "p\x00\"é😀<&>\u2028", "s"), item)
	if _, err := c.UpdateTimeToLive(t.Context(), &sdk.UpdateTimeToLiveInput{TableName: aws.String("kept"),
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String("ttl"), Enabled: aws.Bool(true)}}); err != nil {
		t.Fatal(err)
	}
	stop()

	_, c, _ = open(t, dynamodb.Options{Path: path})
	same(t, get(t, c, "kept", "p\x00\"é😀<&>\u2028", "s"), item)
	found, err := c.Query(t.Context(), &sdk.QueryInput{TableName: aws.String("kept"), IndexName: aws.String("by-gpk"),
		KeyConditionExpression: aws.String("gpk = :g"), ExpressionAttributeValues: attributes{":g": s("g")}})
	if err != nil || len(found.Items) != 1 {
		t.Fatal(found, err)
	}
	ttl, err := c.DescribeTimeToLive(t.Context(), &sdk.DescribeTimeToLiveInput{TableName: aws.String("kept")})
	if err != nil || ttl.TimeToLiveDescription.TimeToLiveStatus != types.TimeToLiveStatusEnabled {
		t.Fatal(ttl, err)
	}
}

func TestASecondServerOnTheSameFileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	open(t, dynamodb.Options{Path: path})
	if s, err := dynamodb.Open(dynamodb.Options{Path: path}); err == nil {
		t.Error("opened twice", s.Close())
	}
}

func TestDeletedTableIsGoneWithItsItems(t *testing.T) {
	_, c, _ := open(t, dynamodb.Options{})
	for range 2 {
		makeTable(t, c, "table")
		if got := get(t, c, "table", "a", "b"); got != nil {
			t.Fatal(got)
		}
		put(t, c, "table", attributes{"pk": s("a"), "sk": s("b"), "gpk": s("g")})
		if _, err := c.DeleteTable(t.Context(), &sdk.DeleteTableInput{TableName: aws.String("table")}); err != nil {
			t.Fatal(err)
		}
		if err := sdk.NewTableNotExistsWaiter(c).Wait(t.Context(), &sdk.DescribeTableInput{TableName: aws.String("table")}, time.Second); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDescribeTableShowsTheDefinition(t *testing.T) {
	_, c, _ := open(t, dynamodb.Options{Now: func() time.Time { return time.Unix(1_700_000_000, 0) }})
	makeTable(t, c, "described")
	put(t, c, "described", attributes{"pk": s("a"), "sk": s("b")})
	got, err := c.DescribeTable(t.Context(), &sdk.DescribeTableInput{TableName: aws.String("described")})
	if err != nil {
		t.Fatal(err)
	}
	d := got.Table
	if *d.TableArn == "" || d.TableStatus != types.TableStatusActive || *d.ItemCount != 1 || !d.CreationDateTime.Equal(time.Unix(1_700_000_000, 0)) ||
		d.BillingModeSummary.BillingMode != types.BillingModePayPerRequest || len(d.AttributeDefinitions) != 3 {
		t.Errorf("%+v", d)
	}
	same(t, d.KeySchema, keys("pk", "sk"))
	x := d.GlobalSecondaryIndexes[0]
	if *x.IndexName != "by-gpk" || x.IndexStatus != types.IndexStatusActive || x.Projection.ProjectionType != types.ProjectionTypeKeysOnly {
		t.Errorf("%+v", x)
	}
	list, err := c.ListTables(t.Context(), &sdk.ListTablesInput{})
	if err != nil || !slices.Equal(list.TableNames, []string{"described"}) {
		t.Error(list, err)
	}
}

// Of many writers that all expect the same version, exactly one wins a round.
func TestConcurrentWritersAreLinearizable(t *testing.T) {
	_, c, _ := open(t, dynamodb.Options{})
	makeTable(t, c, "race")
	put(t, c, "race", attributes{"pk": s("a"), "sk": s("b"), "version": n("0")})
	const rounds, writers = 20, 8
	for round := range rounds {
		var wins sync.Map
		var group sync.WaitGroup
		for w := range writers {
			group.Go(func() {
				_, err := c.UpdateItem(t.Context(), &sdk.UpdateItemInput{
					TableName: aws.String("race"), Key: attributes{"pk": s("a"), "sk": s("b")},
					UpdateExpression: aws.String("SET version = :next"), ConditionExpression: aws.String("version = :now"),
					ExpressionAttributeValues: attributes{":now": n(fmt.Sprint(round)), ":next": n(fmt.Sprint(round + 1))},
				})
				var failed *types.ConditionalCheckFailedException
				switch {
				case err == nil:
					wins.Store(w, true)
				case !errors.As(err, &failed):
					t.Error(err)
				}
			})
		}
		group.Wait()
		count := 0
		wins.Range(func(any, any) bool { count++; return true })
		if count != 1 {
			t.Fatalf("round %d: %d winners", round, count)
		}
	}
}

func TestForEachGivesEverythingStored(t *testing.T) {
	server, c, _ := open(t, dynamodb.Options{})
	makeTable(t, c, "dumped")
	put(t, c, "dumped", attributes{"pk": s("a"), "sk": s("1"), "x": n("1")})
	put(t, c, "dumped", attributes{"pk": s("a"), "sk": s("2")})
	var got []string
	err := server.ForEach("dumped", func(raw json.RawMessage) error {
		got = append(got, string(raw))
		return nil
	})
	if err != nil || len(got) != 2 || !strings.Contains(got[0], `"x":{"N":"1"}`) {
		t.Error(got, err)
	}
	stop := errors.New("stop")
	if err := server.ForEach("dumped", func(json.RawMessage) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
	if err := server.ForEach("nowhere", func(json.RawMessage) error { return nil }); err == nil {
		t.Error("an unknown table was read")
	}
}
