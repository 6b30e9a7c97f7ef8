// Package storetest is the suite that every endpoint behind the store must pass, and the ways for other tests to get a
// store that is real: the DynamoDB adapter over an endpoint. It is imported by tests only.
package storetest

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/audit"
	local "github.com/tokenwright/tokenwright/internal/dev/aws/dynamodb"
	"github.com/tokenwright/tokenwright/internal/dynamo"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Fixture is a store on a table of its own, and the table itself for looking behind the store.
type Fixture struct {
	Store  *dynamo.Table
	Client *dynamodb.Client
	Table  string
}

// Retention is how long the fixture's stores keep events.
const Retention = 400 * 24 * time.Hour

// Embedded returns a fixture on the embedded server, which ends with the test.
func Embedded(t testing.TB) *Fixture { return Contended(t, 0) }

// Contended is Embedded with transactions that take a while, in which others on the same items are turned away.
func Contended(t testing.TB, transaction time.Duration) *Fixture {
	t.Helper()
	server, err := local.Open(local.Options{TransactionTime: transaction})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(server)
	t.Cleanup(func() {
		web.Close()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return At(t, web.URL)
}

// At returns a fixture on a new table at an endpoint.
func At(t testing.TB, url string) *Fixture {
	t.Helper()
	client := dynamo.NewClient(dynamo.Endpoint{
		Region: "us-east-1", URL: url, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "storetest", SecretAccessKey: "secret"}, nil
		}),
	})
	suffix, err := token.NewID(user.RefOf("a", "b"), time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	name := "storetest-" + strings.TrimPrefix(string(suffix), "tok_")
	text := func(s string) types.AttributeDefinition {
		return types.AttributeDefinition{AttributeName: aws.String(s), AttributeType: types.ScalarAttributeTypeS}
	}
	_, err = client.CreateTable(context.Background(), &dynamodb.CreateTableInput{
		TableName: aws.String(name), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{text("pk"), text("sk"), text("accountPk"), text("accountSk")},
		KeySchema:            schema("pk", "sk"),
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{{
			IndexName: aws.String("by-account"), KeySchema: schema("accountPk", "accountSk"),
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly},
		}},
	})
	var exists *types.ResourceInUseException // of this name, which is random, only an attempt that was slow can have made one
	if err != nil && !errors.As(err, &exists) {
		t.Fatal(err)
	}
	return &Fixture{Store: dynamo.New(client, name, Retention), Client: client, Table: name}
}

func schema(hash, sort string) []types.KeySchemaElement {
	return []types.KeySchemaElement{
		{AttributeName: aws.String(hash), KeyType: types.KeyTypeHash},
		{AttributeName: aws.String(sort), KeyType: types.KeyTypeRange},
	}
}

// Items returns every item whose sort key begins with a prefix, by table scan.
func (f *Fixture) Items(t testing.TB, sortPrefix string) []map[string]types.AttributeValue {
	t.Helper()
	var out []map[string]types.AttributeValue
	pages := dynamodb.NewScanPaginator(f.Client, &dynamodb.ScanInput{TableName: aws.String(f.Table), ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range page.Items {
			if s, ok := it["sk"].(*types.AttributeValueMemberS); ok && strings.HasPrefix(s.Value, sortPrefix) {
				out = append(out, it)
			}
		}
	}
	return out
}

// TokenAndOwner is the store's Lookup with nothing along.
func (f *Fixture) TokenAndOwner(ctx context.Context, id token.ID) (token.Token, user.User, error) {
	found, err := f.Store.Lookup(ctx, id, store.Along{})
	return found.Token, found.Owner, err
}

// Put writes an item past the store.
func (f *Fixture) Put(t testing.TB, it map[string]types.AttributeValue) {
	t.Helper()
	if _, err := f.Client.PutItem(context.Background(), &dynamodb.PutItemInput{TableName: aws.String(f.Table), Item: it}); err != nil {
		t.Fatal(err)
	}
}

// Noon is the instant at which the suite happens.
var Noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// Person returns an active person of an account.
func Person(account user.AccountID, subject string, roles ...string) user.User {
	return user.User{
		Ref: user.RefOf(account, subject), Account: account, Subject: subject, Kind: user.Person, Roles: roles, Status: user.Active,
		CreatedAt: Noon, UpdatedAt: Noon, Version: 1,
	}
}

// Event returns an event of an account at an instant.
func Event(t testing.TB, account user.AccountID, at time.Time) audit.Event {
	t.Helper()
	id, err := audit.NewID(at, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return audit.Event{ID: id, Time: at, Account: account, Action: audit.TokenUpdated, Target: "tok_x", Actor: audit.Actor{User: "usr_x", Kind: "person"}, Count: 1}
}

// Tell writes an event past all rules: of a refused attempt with a tally of its own, any other along with a new person.
func (f *Fixture) Tell(t testing.TB, e audit.Event) {
	t.Helper()
	err := error(nil)
	if e.Refused == "" {
		err = f.Store.SaveUser(t.Context(), nil, Person(e.Account, string(e.ID)), e)
	} else {
		who := user.RefOf(e.Account, string(e.ID)).ID()
		err = f.Store.Note(t.Context(), audit.Tally{Account: e.Account, User: who, Minute: audit.MinuteOf(e.Time)}, "kind", e)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Here is the address from which the suite's requests come.
var Here = netip.MustParseAddr("203.0.113.7")
