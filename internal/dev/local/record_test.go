package local_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func TestWhatAFunctionNeededIsRecordedWithItsNeighbours(t *testing.T) {
	s := start(t, options(t.TempDir()))
	unneeded := func(part string) bool {
		return slices.ContainsFunc(s.Unneeded(), func(u string) bool { return strings.HasPrefix(u, "NotesFunction: ") && strings.HasSuffix(u, part) })
	}
	asked := dynamodb.New(s.DynamoDB().Options(), func(o *dynamodb.Options) {
		o.Credentials = s.Asking("NotesFunction")
	})
	for _, key := range []string{"NOTE#x", "OTHER#x"} {
		_, err := asked.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String(s.Template().Tables[0].Name), Key: map[string]types.AttributeValue{
			"pk": &types.AttributeValueMemberS{Value: key}, "sk": &types.AttributeValueMemberS{Value: "x"},
		}})
		if allowed := err == nil; allowed != (key == "NOTE#x") {
			t.Errorf("asking for %s: %v", key, err)
		}
	}
	if n := s.Calls("NotesFunction"); n != 0 || !unneeded("Action dynamodb:GetItem") {
		t.Errorf("asking counts as a call: %d", n)
	}
	if status, body := get(t, s.URL()+"/notes/put", signIn(t, s, "ada")); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	if unneeded("Action dynamodb:PutItem") || unneeded("dynamodb:Query: dynamodb:leadingkeys NOTE#*") || !unneeded("Action dynamodb:Query") || unneeded("Action *") {
		t.Errorf("unneeded after a put: %v", s.Unneeded())
	}
	var out bytes.Buffer
	if err := s.Record(&out); err != nil {
		t.Fatal(err)
	}
	var roles []struct {
		Function string
		Policy   struct{ Statement []any }
		Decided  []struct {
			What, Action string
			Allowed      bool
		}
	}
	if err := json.Unmarshal(out.Bytes(), &roles); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, r := range roles {
		if r.Function != "NotesFunction" {
			continue
		}
		if len(r.Policy.Statement) != 4 {
			t.Errorf("the policy has %d statements", len(r.Policy.Statement))
		}
		for _, d := range r.Decided {
			if d.Action == "dynamodb:PutItem" {
				found[d.What] = d.Allowed
			}
		}
	}
	if partition, is := found["in another partition"]; !found["made"] || !is || partition {
		t.Errorf("decided on puts: %v", found)
	}
}
