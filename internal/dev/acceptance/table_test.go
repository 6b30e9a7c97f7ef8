package acceptance

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/tokenwright/tokenwright/internal/dev/local"
)

type attributes = map[string]types.AttributeValue

func tableName(s *local.Stack) string { return s.Template().Tables[0].Name }

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

// snapshot returns what the table holds of accounts, as text by key; rules of APIs go with the operator's. That a token was
// used is no change of it.
func snapshot(t *testing.T, s *local.Stack, accounts ...string) map[string]string {
	t.Helper()
	items, err := s.Dump(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, it := range items {
		account, _ := it["account"].(*types.AttributeValueMemberS)
		pk, _ := it["pk"].(*types.AttributeValueMemberS)
		if strings.HasPrefix(pk.Value, "API#") && slices.Contains(accounts, operator) || account != nil && slices.Contains(accounts, account.Value) || slices.Contains(accounts, strings.TrimPrefix(pk.Value, "ACCOUNT#")) {
			it = maps.Clone(it)
			delete(it, "lastUsedAt")
			delete(it, "lastUsedIp")
			out[pk.Value+" "+text(it["sk"])] = text(&types.AttributeValueMemberM{Value: it})
		}
	}
	return out
}

// unchanged fails the test if do changes anything of the accounts in the table. Notes of refused attempts are the one
// thing that may be new; it returns their codes.
func unchanged(t *testing.T, accounts []string, do func()) (refused []string) {
	t.Helper()
	before := snapshot(t, stack, accounts...)
	do()
	after := snapshot(t, stack, accounts...)
	for key, item := range after {
		was, is := noteOf.FindStringSubmatch(before[key]), noteOf.FindStringSubmatch(item)
		switch {
		case strings.HasPrefix(key, "TALLY#"):
		case is != nil && (before[key] == "" || was != nil && countOf.ReplaceAllString(item, "") == countOf.ReplaceAllString(before[key], "")):
			for range attempts(t, is) - attempts(t, was) {
				refused = append(refused, is[2])
			}
		default:
			continue
		}
		delete(before, key)
		delete(after, key)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the table changed:\n%s", diff)
	}
	return refused
}

// attempts reads how many attempts a note tells of; nil tells of none.
func attempts(t *testing.T, note []string) int {
	t.Helper()
	if note == nil {
		return 0
	}
	n, err := strconv.Atoi(note[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

var countOf = regexp.MustCompile(`, count: \d+`)

// noteOf recognises the audit event of a refused attempt: it tells of no change, and has no member that could hold a
// secret or a digest.
var noteOf = regexp.MustCompile(`^\{account: [^,]+, (?:accountPk: EVENTS#[^#,]+#tok_\w+, accountSk: \w+, )?action: [a-z.]+, actorKind: \w+, (?:actorToken: tok_\w+, )?actorUser: usr_\w+, at: \d+, ` +
	`changes: \[\], count: (\d+), id: evt_\w+, ip: [0-9.:a-f]+, pk: REFUSED#[^,]+, refused: ([a-z_]+), requestId: [0-9a-f-]+, sk: EVENT#\w+, target: [\w:.-]+, ttl: \d+, type: event, userAgent: [^,]+\}$`)

// put writes an item behind the API's back.
func put(t *testing.T, it attributes) {
	t.Helper()
	if _, err := stack.DynamoDB().PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(tableName(stack)), Item: it}); err != nil {
		t.Fatal(err)
	}
}

// remove deletes an item behind the API's back, also when the test is over.
func remove(t *testing.T, pk, sk string) {
	t.Helper()
	_, err := stack.DynamoDB().DeleteItem(context.WithoutCancel(t.Context()), &dynamodb.DeleteItemInput{
		TableName: aws.String(tableName(stack)), Key: attributes{"pk": str(pk), "sk": str(sk)},
	})
	if err != nil {
		t.Error(err)
	}
}

// set changes one attribute of an item behind the API's back.
func set(t *testing.T, pk, sk, name string, value types.AttributeValue) {
	t.Helper()
	_, err := stack.DynamoDB().UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
		TableName: aws.String(tableName(stack)), Key: attributes{"pk": str(pk), "sk": str(sk)},
		UpdateExpression: aws.String("SET #n = :v"), ConditionExpression: aws.String("attribute_exists(pk)"),
		ExpressionAttributeNames: map[string]string{"#n": name}, ExpressionAttributeValues: attributes{":v": value},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// keys of a token's and its owner's items.
func (k tok) pk() string { return "OWNER#" + strings.TrimPrefix(k.UserID, "usr_") }
func (k tok) sk() string { return "TOKEN#" + strings.TrimPrefix(k.ID, "tok_")[11:] }

// text shows an attribute value; binary as it is, so that a search finds what is in it.
func text(v types.AttributeValue) string {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		return v.Value
	case *types.AttributeValueMemberBOOL:
		return fmt.Sprint(v.Value)
	case *types.AttributeValueMemberB:
		return string(v.Value)
	case *types.AttributeValueMemberL:
		var out []string
		for _, e := range v.Value {
			out = append(out, text(e))
		}
		return "[" + strings.Join(out, ", ") + "]"
	case *types.AttributeValueMemberM:
		var out []string
		for _, name := range slices.Sorted(maps.Keys(v.Value)) {
			out = append(out, name+": "+text(v.Value[name]))
		}
		return "{" + strings.Join(out, ", ") + "}"
	default:
		return fmt.Sprintf("%T", v)
	}
}

// digests returns every digest that is stored.
func digests(items []attributes) (out [][]byte) {
	for _, it := range items {
		secrets, _ := it["secrets"].(*types.AttributeValueMemberL)
		if secrets == nil {
			continue
		}
		for _, v := range secrets.Value {
			if version, ok := v.(*types.AttributeValueMemberM); ok {
				if digest, ok := version.Value["digest"].(*types.AttributeValueMemberB); ok {
					out = append(out, digest.Value)
				}
			}
		}
	}
	return out
}

// leaks looks for secrets in the table, on disk, in the logs and in all answers, and for digests in the latter two. A
// part of a secret counts as one.
func leaks(secrets []string, s *local.Stack, data string) (faults []string) {
	items, err := s.Dump(context.Background())
	if err != nil {
		return []string{err.Error()}
	}
	said := map[string]string{"the logs": logs.String(), "an answer": strings.Join(answers.all(), "\n")}
	kept := map[string]string{"the table": table(items)}
	err = filepath.WalkDir(data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		kept[path] = string(content)
		return err
	})
	if err != nil {
		faults = append(faults, err.Error())
	}
	search := func(what, needle string, haystacks map[string]string) {
		for where, text := range haystacks {
			if i := strings.Index(text, needle); i >= 0 {
				faults = append(faults, fmt.Sprintf("%s is in %s: …%q…", what, where, text[max(0, i-100):min(len(text), i+100)]))
			}
		}
	}
	for _, secret := range secrets {
		tail := secret[len(secret)-38:]
		for _, part := range []string{tail[:12], tail[13:25], tail[26:]} {
			search("a secret", part, said)
			search("a secret", part, kept)
		}
	}
	for _, digest := range digests(items) {
		for _, form := range []string{hex.EncodeToString(digest), base64.RawStdEncoding.EncodeToString(digest), base64.RawURLEncoding.EncodeToString(digest), string(digest)} {
			search("a digest", form, said)
		}
	}
	return faults
}

func table(items []attributes) string {
	var b strings.Builder
	for _, it := range items {
		b.WriteString(text(&types.AttributeValueMemberM{Value: it}) + "\n")
	}
	return b.String()
}
