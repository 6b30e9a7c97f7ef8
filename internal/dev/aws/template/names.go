package template

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Where the local stack pretends to be.
const (
	Region    = "us-east-1"
	AccountID = "123456789012"
	Partition = "aws"
)

// pseudo parameters other than AWS::NoValue, which ref handles itself.
func pseudo(stack string) map[string]string {
	return map[string]string{
		"AWS::Region":    Region,
		"AWS::AccountId": AccountID,
		"AWS::Partition": Partition,
		"AWS::URLSuffix": "amazonaws.com",
		"AWS::StackName": stack,
		"AWS::StackId":   "arn:aws:cloudformation:" + Region + ":" + AccountID + ":stack/" + stack + "/local",
	}
}

// nameProperty is the property that names a resource of a type, where it has one.
var nameProperty = map[string]string{
	"AWS::Serverless::Function":     "FunctionName",
	"AWS::Serverless::StateMachine": "Name",
	"AWS::DynamoDB::Table":          "TableName",
	"AWS::Serverless::SimpleTable":  "TableName",
	"AWS::SecretsManager::Secret":   "Name",
	"AWS::Logs::LogGroup":           "LogGroupName",
	"AWS::IAM::Role":                "RoleName",
	"AWS::SNS::Topic":               "TopicName",
	"AWS::SQS::Queue":               "QueueName",
	"AWS::CloudWatch::Alarm":        "AlarmName",
}

// arnFormats are the ARNs of the types that are referred to by ARN.
var arnFormats = map[string]string{
	"AWS::Serverless::Function":    "lambda:REGION:ACCOUNT:function:NAME",
	"AWS::DynamoDB::Table":         "dynamodb:REGION:ACCOUNT:table/NAME",
	"AWS::Serverless::SimpleTable": "dynamodb:REGION:ACCOUNT:table/NAME",
	"AWS::SecretsManager::Secret":  "secretsmanager:REGION:ACCOUNT:secret:NAME",
	"AWS::Logs::LogGroup":          "logs:REGION:ACCOUNT:log-group:NAME",
	"AWS::IAM::Role":               "iam::ACCOUNT:role/NAME",
	"AWS::SNS::Topic":              "sns:REGION:ACCOUNT:NAME",
	"AWS::SQS::Queue":              "sqs:REGION:ACCOUNT:NAME",
	"AWS::CloudWatch::Alarm":       "cloudwatch:REGION:ACCOUNT:alarm:NAME",
	"AWS::KMS::Key":                "kms:REGION:ACCOUNT:key/NAME",
}

// reference is what Ref gives for a resource.
func (e *evaluator) reference(n *yaml.Node, path, name string) (string, error) {
	r, ok := e.resources[name]
	if !ok {
		if api, _, implicit := strings.Cut(name, "."); implicit && e.resources[api] != nil {
			return e.attribute(n, path, api, strings.TrimPrefix(name, api+"."))
		}
		return e.implicit(n, path, name)
	}
	switch r.kind {
	case "AWS::Serverless::Api", "AWS::Serverless::HttpApi":
		return shortID(e.stack, r.id), nil
	case "AWS::SecretsManager::Secret", "AWS::SNS::Topic":
		return e.arn(r)
	default:
		return e.name(r)
	}
}

// implicit answers for resources SAM makes by itself: an API for events that
// name none, and the role of each function.
func (e *evaluator) implicit(n *yaml.Node, path, name string) (string, error) {
	if name == "ServerlessRestApi" || name == "ServerlessHttpApi" {
		return shortID(e.stack, name), nil
	}
	if function, ok := strings.CutSuffix(name, "Role"); ok && e.resources[function] != nil {
		return e.stack + "-" + name, nil
	}
	return "", fail(n, path, "%s is neither a parameter nor a resource of this template", name)
}

func (e *evaluator) attribute(n *yaml.Node, path, id, attribute string) (string, error) {
	r, ok := e.resources[id]
	if !ok {
		name, err := e.implicit(n, path, id)
		if err != nil {
			return "", fail(n, path, "%s is not a resource of this template", id)
		}
		return e.generic(name, attribute), nil
	}
	switch {
	case attribute == "Arn" && arnFormats[r.kind] != "":
		return e.arn(r)
	case attribute == "Stage" && r.kind == "AWS::Serverless::Api":
		stage, err := e.property(r, "StageName", "Prod")
		return stage, err
	case attribute == "StreamArn":
		arn, err := e.arn(r)
		return arn + "/stream/local", err
	}
	name, err := e.name(r)
	return e.generic(name, attribute), err
}

// generic stands in for attributes nothing local looks at, such as the ARN of
// a resource that only exists on AWS.
func (e *evaluator) generic(name, attribute string) string {
	if attribute == "Arn" {
		return "arn:aws:local:" + Region + ":" + AccountID + ":" + name
	}
	return name + "-" + attribute
}

func (e *evaluator) name(r *resource) (string, error) {
	fallback := e.stack + "-" + r.id
	if nameProperty[r.kind] == "" {
		return fallback, nil
	}
	return e.property(r, nameProperty[r.kind], fallback)
}

func (e *evaluator) property(r *resource, name, fallback string) (string, error) {
	n := member(r.properties, name)
	if n == nil {
		return fallback, nil
	}
	guard := r.id + "." + name
	path := join(r.path, "Properties."+name)
	if e.visiting[guard] {
		return "", fail(n, path, "the name of %s depends on itself", r.id)
	}
	e.visiting[guard] = true
	defer delete(e.visiting, guard)
	v, err := e.evaluate(n, path)
	if err != nil {
		return "", err
	}
	return v.string(fallback)
}

func (e *evaluator) arn(r *resource) (string, error) {
	name, err := e.name(r)
	if r.kind == "AWS::SecretsManager::Secret" {
		name += "-" + shortID(e.stack, r.id)[:6] // Secrets Manager adds six characters of its own
	}
	tail := strings.NewReplacer("REGION", Region, "ACCOUNT", AccountID, "NAME", name).Replace(arnFormats[r.kind])
	return "arn:" + Partition + ":" + tail, err
}

// shortID makes an identifier in the form of an API id, the same in every run.
func shortID(stack, id string) string {
	sum := sha256.Sum256([]byte(stack + "/" + id))
	return hex.EncodeToString(sum[:])[:10]
}
