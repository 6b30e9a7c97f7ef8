package bench

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/tokenwright/tokenwright/internal/dev/standin"
	"github.com/tokenwright/tokenwright/internal/token"
)

// subject is one program to measure, on an AWS of its own.
type subject struct {
	name    string
	program string
	aws     *standin.AWS
	world   *standin.World
	roots   string // PEM file of what it trusts
	extra   []string
}

func (s *subject) start() (*standin.Process, error) {
	first, _ := token.NewFormat(standin.Prefix)
	known, err := first.Parse(s.world.Tokens[0].Reveal())
	if err != nil {
		return nil, fmt.Errorf("reading a token of the world: %w", err)
	}
	variables := []string{
		"STACK_NAME=tokenwright", "TABLE_NAME=tokens", "KEYRING_SECRET_ID=keyring", "TOKEN_PREFIX=" + standin.Prefix, "AWS_ENDPOINT_URL_DYNAMODB=" + s.aws.URL,
		"AWS_ENDPOINT_URL_SECRETS_MANAGER=" + s.aws.URL, "SSL_CERT_FILE=" + s.roots, "SSL_CERT_DIR=/nowhere",
		"BARE_PK=OWNER#" + string(known.ID.Owner()), "BARE_SK=TOKEN#" + known.ID.Ref(),
	}
	return standin.Start(s.program, append(variables, s.extra...)...)
}

// event is what a REST API sends for one of the world's tokens; which one changes from call to call.
func (s *subject) event() []byte {
	return Event(s.world.Tokens[rand.IntN(len(s.world.Tokens))].Reveal()) //nolint:gosec // nothing depends on it
}

// check refuses to measure a subject that answers something else than it should.
func check(a standin.Answer) error {
	if a.Failed || !strings.Contains(string(a.Payload), `"Allow"`) {
		return fmt.Errorf("the answer is no allow: %.300s", a.Payload)
	}
	return nil
}

// Event returns a REST API's REQUEST event that presents a token, with the headers a browser or a proxy adds.
func Event(presented string) []byte {
	single := map[string]string{
		"Accept": "application/json", "Accept-Encoding": "gzip, deflate, br", "Accept-Language": "en-GB,en;q=0.9",
		"Authorization": "Bearer " + presented, "Cache-Control": "no-cache", "Host": "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com",
		"User-Agent":      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
		"X-Amzn-Trace-Id": "Root=1-6955b980-0123456789abcdef01234567", "X-Forwarded-For": "203.0.113.7", "X-Forwarded-Port": "443",
		"X-Forwarded-Proto": "https",
	}
	multi := map[string][]string{}
	for name, value := range single {
		multi[name] = []string{value}
	}
	text, err := json.Marshal(map[string]any{
		"type": "REQUEST", "methodArn": "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/live/GET/orders", "resource": "/orders",
		"path": "/orders", "httpMethod": "GET", "headers": single, "multiValueHeaders": multi, "queryStringParameters": map[string]string{"limit": "20"},
		"multiValueQueryStringParameters": map[string][]string{"limit": {"20"}}, "pathParameters": map[string]string{}, "stageVariables": map[string]string{},
		"requestContext": map[string]any{
			"resourceId": "x7k2m9", "resourcePath": "/orders", "httpMethod": "GET", "extendedRequestId": "WkFTTEkExAmPlE=",
			"requestTime": "01/Jan/2026:00:00:00 +0000", "path": "/live/orders", "accountId": "123456789012", "protocol": "HTTP/1.1",
			"stage": "live", "domainPrefix": "a1b2c3d4e5", "requestTimeEpoch": 1767225600000, "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
			"identity": map[string]any{
				"cognitoIdentityPoolId": nil, "accountId": nil, "cognitoIdentityId": nil, "caller": nil, "sourceIp": "203.0.113.7",
				"principalOrgId": nil, "accessKey": nil, "cognitoAuthenticationType": nil, "cognitoAuthenticationProvider": nil,
				"userArn": nil, "userAgent": "Mozilla/5.0", "user": nil,
			},
			"domainName": "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com", "deploymentId": "d1e2f3", "apiId": "a1b2c3d4e5",
		},
	})
	if err != nil {
		panic(err) // maps of strings always encode
	}
	return text
}

// warmth is what some warm validations of one process cost, each on average.
type warmth struct {
	cpu                        time.Duration
	p50, p99                   time.Duration
	perSecond                  float64
	dynamodb, secrets, answers float64
}

// warm starts a process, lets it run in, and measures n invocations.
func (s *subject) warm(runIn, n int) (warmth, error) {
	p, err := s.start()
	if err != nil {
		return warmth{}, err
	}
	defer p.Stop()
	took := make([]time.Duration, 0, n)
	var cpu time.Duration
	var dynamodb, secrets, answered int64
	var began time.Time
	for i := range runIn + n {
		if i == runIn {
			if cpu, err = p.CPU(); err != nil {
				return warmth{}, err
			}
			dynamodb, secrets, answered = s.aws.Total()
			began = time.Now()
		}
		a, err := p.Invoke(s.event())
		if err == nil {
			err = check(a)
		}
		if err != nil {
			return warmth{}, fmt.Errorf("%s: %w", s.name, err)
		}
		if i >= runIn {
			took = append(took, a.Took)
		}
	}
	all := time.Since(began)
	after, err := p.CPU()
	if err != nil {
		return warmth{}, err
	}
	d, m, b := s.aws.Total()
	slices.Sort(took)
	per := func(n1, n0 int64) float64 { return float64(n1-n0) / float64(n) }
	return warmth{
		cpu: (after - cpu) / time.Duration(n), p50: took[n/2], p99: took[n*99/100], perSecond: float64(n) / all.Seconds(),
		dynamodb: per(d, dynamodb), secrets: per(m, secrets), answers: per(b, answered),
	}, nil
}

// quartile returns the lower one.
func quartile(values []time.Duration) time.Duration {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return sorted[len(sorted)/4]
}

func median[T int | time.Duration | float64](values []T) T {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return sorted[len(sorted)/2]
}
