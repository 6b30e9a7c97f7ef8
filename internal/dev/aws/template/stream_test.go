package template_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tokenwright/tokenwright/internal/dev/aws/stream"
	"github.com/tokenwright/tokenwright/internal/dev/aws/template"
)

// fed is a template with a function that a table's stream feeds.
const fed = `Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: f
      Events:
        E:
          Type: DynamoDB
          Properties: {Stream: !GetAtt T.StreamArn, StartingPosition: TRIM_HORIZON, BatchSize: 5, MaximumRetryAttempts: 3,
            MaximumRecordAgeInSeconds: 60, BisectBatchOnFunctionError: true, FunctionResponseTypes: [ReportBatchItemFailures],
            FilterCriteria: {Filters: [{Pattern: '{"eventName":["INSERT"]}'}]}, DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Q.Arn}}}
  Q: {Type: AWS::SQS::Queue}
  T:
    Type: AWS::DynamoDB::Table
    Properties: {KeySchema: [{AttributeName: pk, KeyType: HASH}], StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}}
`

func load(t *testing.T, text string) (*template.Template, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "t.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return template.Load(path, template.Options{StackName: "shop"})
}

func TestAStreamFeedsItsFunctionAsTheTemplateSays(t *testing.T) {
	got, err := load(t, fed)
	if err != nil {
		t.Fatal(err)
	}
	want := stream.Mapping{
		StreamARN: got.Tables[0].ARN + "/stream/local", Function: "arn:aws:lambda:us-east-1:123456789012:function:shop-F", BatchSize: 5, Retries: 3,
		MaxAge: time.Minute, Bisect: true, ReportsEach: true, FromStart: true, Failures: "arn:aws:sqs:us-east-1:123456789012:shop-Q",
	}
	if diff := cmp.Diff([]stream.Mapping{want}, got.Streams, cmpopts.IgnoreFields(stream.Mapping{}, "Filters")); diff != "" || len(got.Streams[0].Filters) != 1 {
		t.Error(diff)
	}
	if table, ok := got.TableOf(got.Streams[0].StreamARN); !ok || table.StreamView != "NEW_AND_OLD_IMAGES" {
		t.Errorf("the stream's table is %+v", table)
	}
}

func TestWhatAStreamCannotDoHereIsAnError(t *testing.T) {
	for change, want := range map[string]string{
		"BatchSize: 5 -> ParallelizationFactor: 2":                        "ParallelizationFactor: the local stack does not support ParallelizationFactor",
		"BatchSize: 5 -> BatchSize: 0":                                    "BatchSize: want a whole number from 1 to 10000",
		"TRIM_HORIZON -> AT_TIMESTAMP":                                    "StartingPosition must be TRIM_HORIZON or LATEST",
		"[ReportBatchItemFailures] -> [Everything]":                       `"Everything" is not ReportBatchItemFailures`,
		`{"eventName":["INSERT"]} -> {"eventName":[{"prefix":"IN"}]}`:     "compares with exact values alone",
		"Stream: !GetAtt T.StreamArn -> Stream: arn:aws:dynamodb:x":       "Events.E: Stream is not that of a table of this template",
		", StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES} -> ": "Events.E: T has no StreamSpecification",
		"Stream: !GetAtt T.StreamArn, -> ":                                "the event has no Stream",
	} {
		from, to, _ := strings.Cut(change, " -> ")
		if !strings.Contains(fed, from) {
			t.Fatalf("%q is not in the template", from)
		}
		if _, err := load(t, strings.Replace(fed, from, to, 1)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", change, err, want)
		}
	}
}
