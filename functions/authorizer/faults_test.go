package main_test

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/dev/bench"
	"github.com/tokenwright/tokenwright/internal/dev/standin"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// halfBatch leaves the owner's key unprocessed, however often it is asked for, as DynamoDB may when it is busy.
func halfBatch(w http.ResponseWriter, r *http.Request, call string, n int64, normal []byte) bool {
	var in struct {
		Responses struct{ Tokens []map[string]any }
	}
	if err := json.Unmarshal(normal, &in); err != nil {
		return false
	}
	tokens, owner := []any{}, map[string]any{}
	for _, it := range in.Responses.Tokens {
		if reflect.DeepEqual(it["sk"], map[string]any{"S": "PROFILE"}) {
			owner = map[string]any{"pk": it["pk"], "sk": it["sk"]}
			continue
		}
		tokens = append(tokens, it)
	}
	half, err := json.Marshal(map[string]any{
		"Responses": map[string]any{"tokens": tokens}, "UnprocessedKeys": map[string]any{"tokens": map[string]any{"Keys": []any{owner}, "ConsistentRead": true}},
	})
	return err == nil && standin.Says(string(half))(w, r, call, n, normal)
}

// faults are the ways of DynamoDB to fail, and whether a failure that happens once is made good in the same request.
var faults = map[string]struct {
	fault   standin.Fault
	mended  bool
	instant bool
}{
	"slow":                   {standin.Slow(30 * time.Second), true, false},
	"throttling":             {standin.Refuses(400, "ProvisionedThroughputExceededException"), true, true},
	"limiting":               {standin.Refuses(400, "RequestLimitExceeded"), true, true},
	"failing with 500":       {standin.Refuses(500, "InternalServerError"), true, true},
	"failing with 503":       {standin.Refuses(503, "ServiceUnavailable"), true, true},
	"hanging up":             {standin.HangsUp(), true, true},
	"cutting answers short":  {standin.Truncates(), true, true},
	"garbling answers":       {standin.WrongChecksum(), true, true},
	"answering half a batch": {halfBatch, true, true},
	"answering nothing":      {standin.Says(`{}`), false, true},
	"answering HTML":         {standin.Says(`<html>502 Bad Gateway</html>`), false, true},
	"answering another's":    {standin.Edits(`"OWNER#`, `"OWNER#x`), false, true},
	"answering no token":     {standin.Edits(`{"S":"token"}`, `{"S":"user"}`), false, true},
	"refusing us":            {standin.Refuses(400, "AccessDeniedException"), false, true},
	"without the table":      {standin.Refuses(400, "ResourceNotFoundException"), false, true},
}

func TestDynamoDBFailingIsAnErrorAndPasses(t *testing.T) {
	for name, tt := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := play(t, nil, nil)
			s.expect("allow", "before")
			s.aws.Break(standin.On("BatchGetItem", tt.fault))
			took := s.expect("error", "while it fails")
			if tt.instant && took > 2*time.Second {
				t.Errorf("it took %s to give up", took)
			}
			s.aws.Break(nil)
			s.expect("allow", "on the next request")
		})
		t.Run(name+" once", func(t *testing.T) {
			t.Parallel()
			s := play(t, nil, nil)
			s.aws.Break(standin.On("BatchGetItem", standin.Times(1, tt.fault)))
			want := "error"
			if tt.mended {
				want = "allow"
			}
			s.expect(want, "when it fails once")
			s.expect("allow", "on the next request")
		})
	}
}

func TestDynamoDBDyingIsAnErrorAndPasses(t *testing.T) {
	t.Parallel()
	s := play(t, nil, nil)
	s.expect("allow", "before")
	address := s.aws.Address()
	s.aws.Close()
	s.expect("error", "while nobody listens")
	var err error
	if s.aws, err = standin.ListenAt(address, authority, s.world, standin.Keyring); err != nil {
		t.Fatal(err)
	}
	s.expect("allow", "when it is back")
}

// A process that starts while everything is down starts all the same, and is well as soon as the others are.
func TestAStartDuringAnOutagePasses(t *testing.T) {
	for name, fault := range map[string]standin.Fault{
		"slow": standin.Slow(30 * time.Second), "failing": standin.Refuses(500, "InternalServerError"), "hanging up": standin.HangsUp(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := play(t, func(a *standin.AWS) { a.Break(fault) }, nil)
			s.expect("error", "during the outage")
			s.aws.Break(nil)
			s.expect("allow", "on the next request")
		})
	}
}

func TestSecretsManagerFailingIsAnErrorAndPasses(t *testing.T) {
	for name, fault := range map[string]standin.Fault{
		"slow":               standin.Slow(30 * time.Second),
		"throttling":         standin.Refuses(400, "ThrottlingException"),
		"failing with 500":   standin.Refuses(500, "InternalServiceError"),
		"hanging up":         standin.HangsUp(),
		"cutting short":      standin.Truncates(),
		"refusing us":        standin.Refuses(400, "AccessDeniedException"),
		"without the secret": standin.Refuses(400, "ResourceNotFoundException"),
		"answering nothing":  standin.Says(`{}`),
		"answering HTML":     standin.Says(`<html>`),
		"with another text":  standin.Says(`{"SecretString":"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ01"}`),
		"without the key":    standin.Says(`{"SecretString":"{\"current\":\"k9\",\"k9\":\"0123456789abcdefghijklmnopqrstuvwxyz\"}"}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := play(t, func(a *standin.AWS) { a.Break(standin.On("GetSecretValue", fault)) }, nil)
			s.expect("error", "while it fails")
			s.aws.Break(nil)
			time.Sleep(time.Second) // the keyring's own pause between two looks for a key it does not have
			s.expect("allow", "on the next request")
			s.aws.Break(standin.On("GetSecretValue", fault))
			s.expect("allow", "with the keyring in memory")
		})
	}
}

// due makes the token's noted use old, so that every validation wants to note another.
func due(t *token.Token, _ *user.User) { t.LastUsedAt = time.Now().Add(-time.Hour) }

func TestNotingAUseNeitherFailsNorDelaysAnAnswer(t *testing.T) {
	for name, fault := range map[string]standin.Fault{
		"well":        nil,
		"slow":        standin.Slow(30 * time.Second),
		"throttling":  standin.Refuses(400, "ProvisionedThroughputExceededException"),
		"failing":     standin.Refuses(500, "InternalServerError"),
		"hanging up":  standin.HangsUp(),
		"refusing us": standin.Refuses(400, "AccessDeniedException"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := play(t, nil, due)
			if fault != nil {
				s.aws.Break(standin.On("UpdateItem", fault))
			}
			const budget = 150 * time.Millisecond
			fastest := time.Hour
			for range 5 {
				fastest = min(fastest, s.expect("allow", "with notes of uses that fail"))
			}
			if fastest > budget+100*time.Millisecond { // of several, because the machine may be busy
				t.Errorf("an answer took %s", fastest)
			}
			if s.aws.Requests("UpdateItem") < 5 {
				t.Errorf("%d uses were noted of 5", s.aws.Requests("UpdateItem"))
			}
		})
	}
}

// A query string, a body and a cookie are no places for a token: it is not accepted there, and not logged.
func TestATokenInTheWrongPlaceIsNeitherAcceptedNorLogged(t *testing.T) {
	t.Parallel()
	s := play(t, nil, nil)
	text := s.token.Reveal()
	for name, event := range map[string]string{
		"query string": `"queryStringParameters":{"token":"` + text + `","access_token":"` + text + `"},"multiValueQueryStringParameters":{"access_token":["` + text + `"]}`,
		"body":         `"body":"{\"token\":\"` + text + `\"}"`,
		"cookie":       `"headers":{"Cookie":"token=` + text + `"},"multiValueHeaders":{"cookie":["token=` + text + `","Authorization=Bearer ` + text + `"]}`,
		"path":         `"path":"/orders/` + text + `"`,
		"another header": `"headers":{"X-Token":"` + text + `","X-Authorization":"Bearer ` + text + `","Proxy-Authorization":"Bearer ` + text +
			`","X-Forwarded-For":"` + text + `"}`,
	} {
		a := s.send([]byte(`{"type":"REQUEST","methodArn":"arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/live/GET/orders",` + event +
			`,"requestContext":{"requestId":"r-1","identity":{"sourceIp":"203.0.113.7"}}}`))
		if got := answered(a); got != "unauthorized" {
			t.Errorf("in the %s: %s", name, got)
		}
	}
	for name, changed := range map[string]string{
		"truncated": text[:len(text)-1], "doubled": text + text, "lower-cased": strings.ToLower(text), "with a space": text[:20] + " " + text[20:],
		"of another prefix": "xx" + text[2:],
	} {
		if got := answered(s.send(bench.Event(changed))); got != "unauthorized" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestACacheSparesRequests(t *testing.T) {
	t.Parallel()
	s := play(t, nil, nil, "CACHE_SECONDS=300")
	for range 5 {
		s.expect("allow", "with a cache")
	}
	before := s.aws.Requests("BatchGetItem")
	s.aws.Break(standin.HangsUp())
	s.expect("allow", "from the cache, with DynamoDB out")
	if after := s.aws.Requests("BatchGetItem"); after != before || before > 2 { // one while it started, one for the token
		t.Errorf("%d requests, then %d", before, after)
	}
}
