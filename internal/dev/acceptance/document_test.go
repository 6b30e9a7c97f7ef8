package acceptance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

const documentURL = "mem:///openapi.json"

// document is openapi.yaml.
type document struct {
	root       any
	compiler   *jsonschema.Compiler
	operations []*operation

	mu  sync.Mutex // guards the compiler and met
	met map[string]int
}

// operation is one method of one path.
type operation struct {
	place
	id, method, path string
	pattern          *regexp.Regexp
	parameters       []place
}

// place is an object of the document and the JSON pointer to it.
type place struct {
	node    map[string]any
	pointer string
}

func loadDocument(path string) (*document, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var tree any
	if err := yaml.Unmarshal(text, &tree); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	encoded, err := json.Marshal(tree)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	d := &document{compiler: jsonschema.NewCompiler(), met: map[string]int{}}
	if d.root, err = jsonschema.UnmarshalJSON(bytes.NewReader(encoded)); err != nil {
		return nil, err
	}
	d.compiler.AssertFormat()
	if err := d.compiler.AddResource(documentURL, d.root); err != nil {
		return nil, err
	}
	return d, d.readOperations()
}

func (d *document) readOperations() error {
	paths := place{d.root.(map[string]any), ""}
	paths, _ = d.under(paths, "paths")
	for _, path := range slices.Sorted(maps.Keys(paths.node)) {
		item, _ := d.under(paths, path)
		for _, method := range []string{"get", "post", "patch", "put", "delete"} {
			found, ok := d.under(item, method)
			if !ok {
				continue
			}
			o := &operation{
				place: found, method: strings.ToUpper(method), path: path,
				pattern:    regexp.MustCompile("^" + regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(path, "[^/]+") + "$"),
				parameters: append(d.list(item, "parameters"), d.list(found, "parameters")...),
			}
			o.id, _ = found.node["operationId"].(string)
			if o.id == "" {
				return fmt.Errorf("%s %s has no operationId", o.method, path)
			}
			d.operations = append(d.operations, o)
		}
	}
	return nil
}

// under goes down one key and then along references.
func (d *document) under(p place, key string) (place, bool) {
	return d.follow(p.node[key], p.pointer+"/"+escaped(key))
}

// escaped writes a key as JSON pointers have it.
func escaped(key string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(key) }

func (d *document) follow(value any, pointer string) (place, bool) {
	node, ok := value.(map[string]any)
	if !ok {
		return place{}, false
	}
	reference, ok := node["$ref"].(string)
	if !ok {
		return place{node, pointer}, true
	}
	target := d.root
	for _, key := range strings.Split(strings.TrimPrefix(reference, "#/"), "/") {
		parent, _ := target.(map[string]any)
		target = parent[strings.NewReplacer("~1", "/", "~0", "~").Replace(key)]
	}
	return d.follow(target, strings.TrimPrefix(reference, "#"))
}

func (d *document) list(p place, key string) []place {
	values, _ := p.node[key].([]any)
	var out []place
	for i, value := range values {
		if found, ok := d.follow(value, fmt.Sprintf("%s/%s/%d", p.pointer, key, i)); ok {
			out = append(out, found)
		}
	}
	return out
}

// fits holds a value against the schema at p's "schema".
func (d *document) fits(p place, value any) error { return d.fitsAt(p.pointer+"/schema", value) }

// fitsAt is fits for a schema anywhere.
func (d *document) fitsAt(pointer string, value any) error {
	d.mu.Lock()
	schema, err := d.compiler.Compile(documentURL + "#" + pointer)
	d.mu.Unlock()
	if err != nil {
		return fmt.Errorf("openapi.yaml: %w", err)
	}
	return schema.Validate(value)
}

// fitsText is fits for the value of a header or a parameter.
func (d *document) fitsText(p place, text string) error {
	schema, _ := p.node["schema"].(map[string]any)
	if schema["type"] == "integer" {
		number, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		return d.fits(p, number)
	}
	return d.fits(p, text)
}

// find returns the operation of a request, nil when there is none.
func (d *document) find(method, path string) *operation {
	for _, o := range d.operations {
		if o.method == method && o.pattern.MatchString(path) {
			return o
		}
	}
	return nil
}

// check holds one exchange against the document.
func (d *document) check(r *http.Request, sent []byte, a *http.Response, body []byte) error {
	o := d.find(r.Method, r.URL.EscapedPath())
	if o == nil {
		return d.checkUnknown(a, body)
	}
	responses, _ := d.under(o.place, "responses")
	response, ok := d.under(responses, strconv.Itoa(a.StatusCode))
	if !ok {
		return fmt.Errorf("%s answered %d, which it does not document", o.id, a.StatusCode)
	}
	d.mu.Lock()
	d.met[o.id+" "+strconv.Itoa(a.StatusCode)]++
	d.mu.Unlock()
	err := errors.Join(d.checkHeaders(response, a.Header), d.checkBody(response, a, body))
	switch {
	case a.StatusCode < 300:
		err = errors.Join(err, d.checkRequest(o, r, sent))
	case err == nil && a.Header.Get("Content-Type") == "application/problem+json" && d.checkRequest(o, r, sent) == nil:
		err = checkRefusal(body)
	}
	return err
}

// beyondSchemas are the codes of fields that are right of a request which is as the document has it.
var beyondSchemas = map[string]string{
	"bad_cursor": "is of an earlier page", "no_self": "of who calls", "reused": "of an earlier request", "wrong_subject": "an id is made of it",
	"in_past": "of now", "in_future": "of now", "after_expiry": "of two times", "before_from": "of two times",
	"over_maximum": "of the settings", "must_expire": "of the settings", "not_allowed": "of the settings",
	"unknown_scope": "of the deployment", "unknown_role": "of the deployment", "not_a_person": "of who calls", "not_active": "of the person named",
	"duplicate": "of two rules", "overlapping": "of two rules", "unreachable": "of two rules", "admits_more": "of two rules", "ambiguous": "of two routes",
	"too_large": "of all rules", "too_complex": "of all rules", "repeated": "of names that stand there twice", "not_json": "of bytes that are no UTF-8",
	"host_bits": "of addresses", "bad_duration": "a sum over 100 years", "too_long": "a sum over that of a rotation",
	"contradiction": "of two durations", "bad_path": "of two parameters", "holds_token": "what is stored already may hold one",
	"required": "of who calls, and of the kind of a token", "bad_time": "the last hours of the year 9999, the first of the year 0, and the instant that stands for none",
	// Of the document of another API, whose schema is OpenAPI's.
	"ambiguous_security": "", "unknown_scheme": "", "unsupported_security": "", "no_operations": "", "not_openapi": "", "bad_version": "", "reference": "",
}

// checkRefusal holds a refusal of a request that is as the document has it: else the document admits what does not work.
func checkRefusal(body []byte) error {
	var p problem
	if err := json.Unmarshal(body, &p); err != nil {
		return err
	}
	for _, e := range p.Errors {
		if _, ok := beyondSchemas[e.Code]; !ok && !strings.HasPrefix(e.Field, "openapi") {
			return fmt.Errorf("%s was refused as %s, and is as openapi.yaml has it", e.Field, e.Code)
		}
	}
	return nil
}

// checkUnknown is check for what the document does not have: that must be refused.
func (d *document) checkUnknown(a *http.Response, body []byte) error {
	if a.StatusCode != http.StatusNotFound {
		return fmt.Errorf("a path or method outside the document was answered %d", a.StatusCode)
	}
	notFound, _ := d.follow(map[string]any{"$ref": "#/components/responses/NotFound"}, "")
	return d.checkBody(notFound, a, body)
}

// fromGateway are the headers that API Gateway and HTTP add by themselves.
var fromGateway = []string{"Content-Length", "Content-Type", "Date", "X-Amzn-Requestid", "X-Amz-Apigw-Id", "X-Amzn-Errortype"}

func (d *document) checkHeaders(response place, got http.Header) error {
	documented, _ := d.under(response, "headers")
	var err error
	known := map[string]bool{}
	for name := range documented.node {
		header, _ := d.under(documented, name)
		key := http.CanonicalHeaderKey(name)
		known[key] = true
		switch values := got.Values(key); {
		case len(values) == 1:
			if e := d.fitsText(header, values[0]); e != nil {
				err = errors.Join(err, fmt.Errorf("header %s is %q: %w", name, values[0], e))
			}
		case len(values) > 1 || header.node["required"] == true:
			err = errors.Join(err, fmt.Errorf("header %s stands there %d times", name, len(values)))
		}
	}
	for name := range got {
		if !known[name] && !slices.Contains(fromGateway, name) {
			err = errors.Join(err, fmt.Errorf("header %s is not documented", name))
		}
	}
	return err
}

func (d *document) checkBody(response place, a *http.Response, body []byte) error {
	content, ok := d.under(response, "content")
	if !ok {
		if len(body) > 0 {
			return fmt.Errorf("a body where none is documented: %s", body)
		}
		return nil
	}
	media, ok := d.under(content, a.Header.Get("Content-Type"))
	if !ok {
		return fmt.Errorf("the content type %q is not documented", a.Header.Get("Content-Type"))
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("the body is no JSON: %w", err)
	}
	if err := d.fits(media, value); err != nil {
		return err
	}
	return checkProblem(a, value)
}

// checkProblem holds a problem document to what a schema cannot say.
func checkProblem(a *http.Response, value any) error {
	if a.Header.Get("Content-Type") != "application/problem+json" {
		return nil
	}
	p := value.(map[string]any)
	if p["error"] != p["title"] {
		return fmt.Errorf("error %q is not title %q", p["error"], p["title"])
	}
	if p["requestId"] != a.Header.Get("X-Amzn-Requestid") {
		return fmt.Errorf("requestId is %q, not the gateway's %q", p["requestId"], a.Header.Get("X-Amzn-Requestid"))
	}
	return nil
}

// checkRequest holds a request that was accepted against the document: else the document forbids what works.
func (d *document) checkRequest(o *operation, r *http.Request, sent []byte) error {
	query := r.URL.Query()
	var err error
	for _, p := range o.parameters {
		name, _ := p.node["name"].(string)
		var values []string
		switch p.node["in"] {
		case "query":
			values = query[name]
			delete(query, name)
		case "header":
			values = r.Header.Values(name)
		case "path":
			values = []string{strings.Split(r.URL.EscapedPath(), "/")[slices.Index(strings.Split(o.path, "/"), "{"+name+"}")]}
		}
		for _, value := range values {
			if e := d.fitsText(p, value); e != nil {
				err = errors.Join(err, fmt.Errorf("%s %q was accepted: %w", name, value, e))
			}
		}
	}
	for name := range query {
		err = errors.Join(err, fmt.Errorf("the parameter %s was accepted and is not documented", name))
	}
	return errors.Join(err, d.checkSent(o, r, sent))
}

func (d *document) checkSent(o *operation, r *http.Request, sent []byte) error {
	body, documented := d.under(o.place, "requestBody")
	if len(sent) == 0 && body.node["required"] != true {
		return nil
	}
	if !documented {
		return fmt.Errorf("a body was accepted where none is documented")
	}
	contentType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	content, _ := d.under(body, "content")
	media, ok := d.under(content, contentType)
	if !ok {
		return fmt.Errorf("the content type %q was accepted and is not documented", contentType)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(sent))
	if err != nil {
		return fmt.Errorf("what is no JSON was accepted: %w", err)
	}
	if err := d.fits(media, value); err != nil {
		return fmt.Errorf("the body %s was accepted: %w", sent, err)
	}
	return nil
}
