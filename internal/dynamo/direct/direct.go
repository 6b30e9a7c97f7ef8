// Package direct is the part of the store that every validation waits for, spoken on DynamoDB's wire: the same reads and
// the same note of a use as package dynamo, without the SDK's layers, which cost more than the rest of a validation
// together. It guarantees that reads are strongly consistent and whole, that no call outlives its budget, and that an
// answer it does not understand is an error and never "not found". One suite holds both packages to the same behaviour.
package direct

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/tokenwright/tokenwright/internal/awsjson"
	"github.com/tokenwright/tokenwright/internal/dynamo/item"
	"github.com/tokenwright/tokenwright/internal/jsonread"
	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// budgets are package dynamo's: an attempt that takes longer than a hundred usual ones is given up for another, and the
// worst case stays well under the 10 seconds that API Gateway gives an authorizer.
var budgets = awsjson.Budgets{Attempt: 1200 * time.Millisecond, Total: 4 * time.Second, Attempts: 3}

// Table is the store. It is safe for concurrent use.
type Table struct {
	client *awsjson.Client
	name   string
}

// Open returns the store on a table; url "" = the region's own endpoint. It connects on first use.
func Open(region, url string, credentials aws.Credentials, table string) (*Table, error) {
	client, err := awsjson.New(awsjson.Service{
		Name: "dynamodb", Target: "DynamoDB_20120810.", ContentType: "application/x-amz-json-1.0", Region: region, URL: url,
		Credentials: credentials, Budgets: budgets,
	})
	return &Table{client: client, name: table}, err
}

// Lookup reads a token, its owner and what comes along in one BatchGetItem, strongly consistent: what a revocation or an
// offboarding wrote before is seen.
func (t *Table) Lookup(ctx context.Context, id token.ID, along store.Along) (store.Found, error) {
	items, err := t.read(ctx, item.LookupKeys(id, along)...)
	if err != nil {
		return store.Found{}, err
	}
	return item.Lookup(items, id, along)
}

// Routes reads the rules of an API; their version is 0 when it has none.
func (t *Table) Routes(ctx context.Context, api route.APIID) (route.Rules, error) {
	items, err := t.read(ctx, item.RoutesKey(api))
	if err != nil {
		return route.Rules{}, err
	}
	return item.Routes(items[item.RoutesKey(api)], api)
}

// Settings reads an account's policy, settings.Default when it has none.
func (t *Table) Settings(ctx context.Context, account user.AccountID) (settings.Settings, error) {
	items, err := t.read(ctx, item.SettingsKey(account))
	if err != nil {
		return settings.Settings{}, err
	}
	return item.Settings(items[item.SettingsKey(account)])
}

// LookupUser reads a user and what comes along in one BatchGetItem; user.ErrNotFound, with what came along, when there is none.
func (t *Table) LookupUser(ctx context.Context, ref user.Ref, along store.Along) (store.Found, error) {
	items, err := t.read(ctx, item.UserKeys(ref, along)...)
	if err != nil {
		return store.Found{}, err
	}
	return item.LookupUser(items, ref, along)
}

// Warm opens the connection while a function starts, by reading a key that is never there.
func (t *Table) Warm(ctx context.Context) error {
	_, err := t.read(ctx, item.NoKey())
	return err
}

// Touch notes a use, unless another request noted one within token.TouchInterval. It never makes an item: a token
// that TTL removed stays removed. It leaves version alone, because nobody changed the token.
func (t *Table) Touch(ctx context.Context, id token.ID, at time.Time, from netip.Addr) error {
	set, values := "SET lastUsedAt = :now", append(make([]byte, 0, 128), `":now":`...)
	values = appendInstant(values, at)
	values = appendInstant(append(values, `,":before":`...), at.Add(-token.TouchInterval))
	if from.IsValid() {
		set += ", lastUsedIp = :ip"
		values = appendText(append(values, `,":ip":`...), from.Unmap().String())
	}
	body := append(make([]byte, 0, 512), `{"TableName":`...)
	body = jsonread.AppendString(body, t.name)
	body = appendKey(append(body, `,"Key":`...), item.TokenKey(id))
	body = append(append(append(body, `,"UpdateExpression":"`...), set...), '"')
	body = append(body, `,"ConditionExpression":"attribute_exists(pk) AND (attribute_not_exists(lastUsedAt) OR lastUsedAt <= :before)"`...)
	body = append(append(append(body, `,"ExpressionAttributeValues":{`...), values...), "}}"...)
	_, err := t.client.Call(ctx, "UpdateItem", body)
	if awsjson.Is(err, "ConditionalCheckFailedException") {
		return nil // another was quicker, or the token is gone
	}
	return translate("noting a use of "+string(id), err)
}

func appendInstant(b []byte, t time.Time) []byte {
	return append(strconv.AppendInt(append(b, `{"N":"`...), t.UnixMilli(), 10), `"}`...)
}

func appendText(b []byte, s string) []byte {
	return append(jsonread.AppendString(append(b, `{"S":`...), s), '}')
}

func appendKey(b []byte, k item.Key) []byte {
	b = appendText(append(b, `{"pk":`...), k.PK)
	return append(appendText(append(b, `,"sk":`...), k.SK), '}')
}

// translate turns an error of the wire into one of the project's, as package dynamo does with the SDK's.
func translate(action string, err error) error {
	if err == nil {
		return nil
	}
	if awsjson.Transient(err) {
		return fmt.Errorf("%s: %w: %s", action, token.ErrUnavailable, err.Error())
	}
	return fmt.Errorf("%s: %s", action, err.Error())
}
