package local_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/dev/local"
)

// buildDir is shared, so that the test functions are linked once.
var buildDir string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if buildDir, err = os.MkdirTemp("", "stack"); err != nil {
			panic(err)
		}
		defer func() { _ = os.RemoveAll(buildDir) }()
		return m.Run()
	}())
}

func options(dataDir string) local.Options {
	return local.Options{Template: "testdata/template.yaml", Downstream: "testdata/web/template.yaml", DataDir: dataDir, BuildDir: buildDir}
}

func start(t *testing.T, o local.Options) *local.Stack {
	t.Helper()
	s, err := local.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

func signIn(t *testing.T, s *local.Stack, subject string) string {
	t.Helper()
	r, err := http.PostForm(s.URL()+"/_local/sign-in", url.Values{"account": {"acc_demo"}, "subject": {subject}, "roles": {"admin"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(r.Body).Decode(&answer); err != nil || answer.Token == "" {
		t.Fatalf("sign-in: %v %v", r.Status, err)
	}
	return answer.Token
}

func get(t *testing.T, url, token string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

func TestARequestGoesThroughAuthorizerAndFunction(t *testing.T) {
	s := start(t, options(t.TempDir()))
	for _, test := range []struct {
		path, token string
		status      int
		body        string
	}{
		{"/notes/put", signIn(t, s, "ada"), 200, "done"},
		{"/notes/put", "", 401, `{"message":"Unauthorized"}`},
		{"/notes/put", "forged", 401, ""},
		{"/notes/put", signIn(t, s, "mallory"), 403, `{"detail":"not you"}`},
		{"/nope", signIn(t, s, "ada"), 403, "Missing Authentication Token"},
	} {
		if status, body := get(t, s.URL()+test.path, test.token); status != test.status || !strings.Contains(body, test.body) {
			t.Errorf("%s: %d %s, want %d %s", test.path, status, body, test.status, test.body)
		}
	}
	for token, want := range map[string]int{signIn(t, s, "ada"): 200, "forged": 403, "": 401} {
		if status, body := get(t, s.DownstreamURL()+"/page", token); status != want || (want == 200 && body != `{"by":"guard"}`) {
			t.Errorf("downstream: %d %s, want %d", status, body, want)
		}
	}
}

func TestEachDownstreamAPIHasAPortOfItsOwn(t *testing.T) {
	o := options(t.TempDir())
	if s := start(t, o); s.HTTPDownstreamURL() != "" {
		t.Errorf("an API nobody has a template of answers at %s", s.HTTPDownstreamURL())
	} else {
		s.Stop()
	}
	o.HTTPDownstream = o.Downstream
	s := start(t, o)
	token := signIn(t, s, "ada")
	for _, url := range []string{s.DownstreamURL(), s.HTTPDownstreamURL()} {
		if status, body := get(t, url+"/page", token); status != 200 || !strings.Contains(s.Ready(), url) {
			t.Errorf("%s: %d %s; %s", url, status, body, s.Ready())
		}
	}
	if s.DownstreamURL() == s.HTTPDownstreamURL() {
		t.Error("both on one port")
	}
}

func TestAFunctionMayDoOnlyWhatTheTemplateAllows(t *testing.T) {
	s := start(t, options(t.TempDir()))
	token := signIn(t, s, "ada")
	for _, what := range []string{"put", "get", "query", "update", "secret"} {
		if status, body := get(t, s.URL()+"/notes/"+what, token); status != 200 {
			t.Errorf("%s is allowed, but: %s", what, body)
		}
	}
	for what, want := range map[string]string{
		"put-foreign":      "is not authorized to perform: dynamodb:PutItem on resource: arn:aws:dynamodb:us-east-1:123456789012:table/tokenwright-Table because no identity-based policy",
		"put-locked":       "dynamodb:PutItem on resource: arn:aws:dynamodb:us-east-1:123456789012:table/tokenwright-Table with an explicit deny",
		"query-index":      "dynamodb:Query on resource: arn:aws:dynamodb:us-east-1:123456789012:table/tokenwright-Table/index/by-kind because",
		"update-other":     "dynamodb:UpdateItem",
		"update-return":    "dynamodb:UpdateItem",
		"delete":           "dynamodb:DeleteItem",
		"batch-mixed":      "dynamodb:BatchGetItem",
		"transact-foreign": "dynamodb:PutItem",
		"secret-other":     "secretsmanager:GetSecretValue",
	} {
		status, body := get(t, s.URL()+"/notes/"+what, token)
		if status != 400 || !strings.HasPrefix(body, "AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/tokenwright-NotesFunctionRole/tokenwright-NotesFunction") || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s, want AccessDeniedException with %s", what, status, body, want)
		}
	}
	if !strings.Contains(s.Logged(), "NotesFunction was denied") || !strings.Contains(s.Logged(), "dynamodb:LeadingKeys:[USER#1]") {
		t.Error("the log does not say why")
	}
	items, err := s.Dump(t.Context())
	if err != nil || len(items) != 1 {
		t.Errorf("%d items (%v), want the one that was allowed", len(items), err)
	}
}

func TestDataSurvivesARestart(t *testing.T) {
	dir := t.TempDir()
	first := start(t, options(dir))
	get(t, first.URL()+"/notes/put", signIn(t, first, "ada"))
	keyring, err := first.Secrets().Value("tokenwright-Keyring")
	if err != nil {
		t.Fatal(err)
	}
	first.Stop()
	second := start(t, options(dir))
	if status, body := get(t, second.URL()+"/notes/get", signIn(t, second, "ada")); status != 200 {
		t.Errorf("the note is gone: %s", body)
	}
	if again, _ := second.Secrets().Value("tokenwright-Keyring"); again != keyring {
		t.Error("the keyring was made anew, and with it every token worthless")
	}
	for name, want := range map[string]os.FileMode{"": 0o700, "secrets.json": 0o600, "oidc-key.json": 0o600, "dynamodb.db": 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || (name != "" && info.Mode().Perm() != want) {
			t.Errorf("%s has mode %v (%v), want %v", name, info.Mode().Perm(), err, want)
		}
	}
}

func TestExpiredItemsAreRemoved(t *testing.T) {
	o := options(t.TempDir())
	o.SweepInterval = 20 * time.Millisecond
	s := start(t, o)
	for id, ttl := range map[string]time.Time{"old": time.Now().Add(-time.Minute), "new": time.Now().Add(time.Hour)} {
		_, err := s.DynamoDB().PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("tokenwright-Table"), Item: map[string]types.AttributeValue{
			"pk": &types.AttributeValueMemberS{Value: id}, "sk": &types.AttributeValueMemberS{Value: "x"},
			"ttl": &types.AttributeValueMemberN{Value: strconv.FormatInt(ttl.Unix(), 10)},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 100 {
		if items, err := s.Dump(t.Context()); err == nil && len(items) == 1 {
			if pk := items[0]["pk"].(*types.AttributeValueMemberS).Value; pk != "new" {
				t.Errorf("%s is left", pk)
			}
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("the expired item is still there")
}

func TestStopLeavesNoProcess(t *testing.T) {
	s := start(t, options(t.TempDir()))
	_, body := get(t, s.URL()+"/notes/pid", signIn(t, s, "ada"))
	pid, err := strconv.Atoi(body)
	if err != nil {
		t.Fatalf("the function's process is %q", body)
	}
	if err := syscall.Kill(pid, 0); err != nil {
		t.Fatalf("process %d does not run: %v", pid, err)
	}
	s.Stop()
	s.Stop() // again does no harm
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d outlived Stop (%v)", pid, err)
	}
	if _, err := http.Get(s.URL()); err == nil {
		t.Error("the API still answers")
	}
}

func TestInvokeTakesLogicalIDs(t *testing.T) {
	s := start(t, options(t.TempDir()))
	result, err := s.Invoke(t.Context(), "NotesFunction", []byte(`{"pathParameters":{"what":"put"}}`))
	if err != nil || result.Failed || !strings.Contains(string(result.Payload), `"done"`) {
		t.Errorf("%s %v", result.Payload, err)
	}
	if _, err := s.Invoke(t.Context(), "Nobody", nil); err == nil {
		t.Error("an unknown function was invoked")
	}
}

func TestReadySaysWhatToTypeNext(t *testing.T) {
	s := start(t, options(t.TempDir()))
	for _, want := range []string{s.URL() + "/_local/sign-in", s.URL() + "/v1/tokens", s.DownstreamURL() + "/orders", "Ctrl-C"} {
		if !strings.Contains(s.Ready(), want) {
			t.Errorf("%s does not name %s", s.Ready(), want)
		}
	}
}

func TestEachReasonNotToStartIsOneSentence(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	port := taken.Addr().(*net.TCPAddr).Port
	inUse := t.TempDir()
	start(t, options(inUse))
	blocked := filepath.Join(t.TempDir(), "file")
	write(t, blocked, "")
	for _, test := range []struct {
		name   string
		change func(*local.Options)
		want   string
	}{
		{"the port is taken", func(o *local.Options) { o.Port = port }, "port " + strconv.Itoa(port) + " is in use by another program: stop it, or choose another port with PORT="},
		{"the example's port is taken", func(o *local.Options) { o.Downstream, o.DownstreamPort = "testdata/web/template.yaml", port }, "choose another port with DOWNSTREAM_PORT="},
		{"the data folder is in use", func(o *local.Options) { o.DataDir = inUse }, "is in use by another running stack (process " + strconv.Itoa(os.Getpid()) + ")"},
		{"the data folder cannot be written", func(o *local.Options) { o.DataDir = filepath.Join(blocked, "data") }, "cannot be written: not a directory"},
		{"there is no template", func(o *local.Options) { o.Template = "testdata/none.yaml" }, "reading the template: open testdata/none.yaml: no such file"},
		{"the template is broken", broken(t, "Resources: {F: {Type: AWS::Serverless::Function, Properties: {CodeUri: !Ref Nothing}}}"), "t.yaml:1: Resources.F.Properties.CodeUri: Nothing is neither a parameter nor a resource"},
		{"a statement cannot be enforced", broken(t, "Resources: {F: {Type: AWS::Serverless::Function, Properties: {CodeUri: f, Policies: [{Statement: {Effect: Allow, Action: a, Resource: b, Condition: {StringEquals: {aws:x: y}}}}]}}}"), "t.yaml:1: Resources.F.Properties.Policies[0].Statement: the condition key aws:x cannot be enforced locally"},
		{"a function has no code", broken(t, "Resources: {MyThingFunction: {Type: AWS::Serverless::Function, Properties: {CodeUri: f}}}"), "MyThingFunction (line 1 of the template) has no Go code: neither its CodeUri nor functions/my-thing holds a main package"},
		{"a function does not compile", func(o *local.Options) { o.Template, o.BuildDir = "testdata/broken/template.yaml", "" }, "FailsFunction does not compile: testdata/broken/functions/fails/main.go:3:15: undefined: thisDoesNotExist"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := options(t.TempDir())
			o.Downstream = ""
			test.change(&o)
			s, err := local.Start(t.Context(), o)
			if err == nil {
				s.Stop()
				t.Fatal("it started")
			}
			if !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("said %q, want one line with %q", err, test.want)
			}
		})
	}
}

func TestAnInterruptedStartStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	if _, err := local.Start(ctx, options(dir)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	start(t, options(dir)) // the folder is free again
}

func TestATableThatNoLongerFitsTheTemplateIsSaid(t *testing.T) {
	dir := t.TempDir()
	start(t, options(dir)).Stop()
	o := options(dir)
	o.Parameters = map[string]string{"IndexName": "by-sort"}
	if s, err := local.Start(t.Context(), o); err == nil || !strings.Contains(err.Error(), "has other keys or indexes than Table in the template: remove the folder") {
		t.Errorf("started %v, error %v", s, err)
	}
}

func broken(t *testing.T, content string) func(*local.Options) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "t.yaml")
	write(t, path, content)
	return func(o *local.Options) { o.Template = path }
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
