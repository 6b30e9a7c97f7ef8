package acceptance

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Keywords of JSON Schema 2020-12 that the checker goes by, by what stands at them.
var (
	oneSchema    = []string{"items", "contains", "propertyNames", "not", "if", "then", "else", "additionalProperties", "unevaluatedProperties"}
	namedSchemas = []string{"properties"}
	manySchemas  = []string{"allOf", "anyOf", "oneOf"}
	plainValues  = []string{
		"type", "enum", "const", "pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "minProperties", "required",
		"description",
	}
	knownFormats = []string{"date-time", "ipv4", "ipv6", "uri"} // of others the checker would take anything
)

// examples walks through openapi.yaml. It holds every example against its schema, and every schema to keywords that are
// not passed over in silence.
type examples struct {
	*document
	found, schemas int
	faults         []string
}

func TestEveryExampleInTheDocumentFitsItsSchema(t *testing.T) {
	w := examplesOf(contract)
	for _, fault := range w.faults {
		t.Error(fault)
	}
	if w.found < 60 || w.schemas < 600 {
		t.Errorf("%d examples and %d schemas were found: this test does not look where they are", w.found, w.schemas)
	}
}

// TestAnExampleThatDoesNotFitIsFound makes sure that the test above can fail, wherever the mistake is.
func TestAnExampleThatDoesNotFitIsFound(t *testing.T) {
	const around = `{"openapi":"3.1.0","paths":{"/x":{"post":{"operationId":"x","parameters":[{"name":"n","in":"query","schema":{"$ref":"#/components/schemas/N"}%s}],
		"requestBody":{"content":{"application/json":{"schema":{"type":"object","properties":{"n":{"type":"integer"%s}}}%s}}}}}},
		"components":{"schemas":{"N":{"type":"integer"%s},"L":{"type":"array","items":{"type":"string"%s}}},"examples":{"E":{"value":{"n":"text"}}}}}`
	load := func(parts ...any) *examples {
		file := filepath.Join(t.TempDir(), "openapi.yaml")
		if err := os.WriteFile(file, fmt.Appendf(nil, around, parts...), 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := loadDocument(file)
		if err != nil {
			t.Fatal(err)
		}
		return examplesOf(d)
	}
	if w := load("", "", "", "", ""); len(w.faults) > 0 || w.schemas != 6 {
		t.Errorf("%d schemas, %q", w.schemas, w.faults)
	}
	for i, parts := range [][]any{
		{`,"example":"text"`, "", "", "", ""}, {`,"examples":{"a":{"value":1.5}}`, "", "", "", ""}, {"", `,"examples":["text"]`, "", "", ""}, {"", `,"default":"text"`, "", "", ""},
		{"", "", `,"example":{"n":"text"}`, "", ""}, {"", "", `,"examples":{"a":{"$ref":"#/components/examples/E"}}`, "", ""}, {"", "", "", `,"examples":[1,"text"]`, ""},
		{"", "", "", "", `,"examples":[7]`}, {"", "", "", "", `,"format":"colour"`}, {"", "", "", `,"multipleOf":7`, ""}, {"", "", "", `,"nullable":true`, ""},
		{"", "", "", `,"example":7`, ""}, {"", `,"oneOf":[{"maxlength":7}]`, "", "", ""},
	} {
		if w := load(parts...); len(w.faults) != 1 {
			t.Errorf("%d: %v: %q", i, parts, w.faults)
		}
	}
}

func examplesOf(d *document) *examples {
	w := &examples{document: d}
	w.walk(d.root, "")
	components, _ := d.follow(map[string]any{"$ref": "#/components/schemas"}, "")
	for name, schema := range components.node {
		w.schema(schema, components.pointer+"/"+name)
	}
	return w
}

func (w *examples) fault(format string, args ...any) {
	w.faults = append(w.faults, fmt.Sprintf(format, args...))
}

// walk looks for what has a schema: bodies, parameters and headers.
func (w *examples) walk(value any, pointer string) {
	switch value := value.(type) {
	case map[string]any:
		if schema, ok := value["schema"]; ok {
			w.schema(schema, pointer+"/schema")
			for name, example := range w.examplesAt(value) {
				w.example(pointer+"/schema", name, example)
			}
		} else if (value["example"] != nil || value["examples"] != nil) && pointer != "/components" {
			w.fault("%s has an example and no schema", pointer)
		}
		for key, child := range value {
			if below := pointer + "/" + escaped(key); below != "/components/schemas" && !slices.Contains([]string{"schema", "example", "examples"}, key) {
				w.walk(child, below)
			}
		}
	case []any:
		for i, child := range value {
			w.walk(child, fmt.Sprintf("%s/%d", pointer, i))
		}
	}
}

// examplesAt returns the examples that stand at a body, a parameter or a header, references followed.
func (d *document) examplesAt(at map[string]any) map[string]any {
	out := map[string]any{}
	if example, ok := at["example"]; ok {
		out["example"] = example
	}
	named, _ := at["examples"].(map[string]any)
	for name := range named {
		if example, ok := d.under(place{named, ""}, name); ok {
			out[name] = example.node["value"]
		}
	}
	return out
}

// schema looks at one schema and all below it.
func (w *examples) schema(schema any, pointer string) {
	w.schemas++
	if _, anything := schema.(bool); anything {
		return
	}
	node, ok := schema.(map[string]any)
	if !ok {
		w.fault("%s is no schema", pointer)
	}
	for key, value := range node {
		w.keyword(key, value, pointer)
	}
}

func (w *examples) keyword(key string, value any, pointer string) {
	at := pointer + "/" + escaped(key)
	switch {
	case slices.Contains(oneSchema, key):
		w.schema(value, at)
	case slices.Contains(namedSchemas, key):
		for name, schema := range value.(map[string]any) {
			w.schema(schema, at+"/"+escaped(name))
		}
	case slices.Contains(manySchemas, key):
		for i, schema := range value.([]any) {
			w.schema(schema, fmt.Sprintf("%s/%d", at, i))
		}
	case key == "examples":
		for i, example := range value.([]any) {
			w.example(pointer, fmt.Sprintf("example %d", i), example)
		}
	case key == "default":
		w.example(pointer, key, value)
	case key == "$ref":
		if _, ok := w.follow(map[string]any{"$ref": value}, ""); !ok {
			w.fault("%s leads nowhere", at)
		}
	case key == "format":
		if !slices.Contains(knownFormats, value.(string)) {
			w.fault("%s: nothing here checks the format %s", pointer, value)
		}
	case !slices.Contains(plainValues, key):
		w.fault("%s: nothing here goes by the keyword %s", pointer, key)
	}
}

func (w *examples) example(pointer, name string, example any) {
	w.found++
	if err := w.fitsAt(pointer, example); err != nil {
		w.fault("%s, %s: %v", pointer, name, err)
	}
}

// TestEveryExampleOfARequestWorks sends each, with ids that exist in place of the made-up ones.
func TestEveryExampleOfARequestWorks(t *testing.T) {
	bodies := 0
	for _, o := range contract.operations {
		body, _ := contract.under(o.place, "requestBody")
		content, _ := contract.under(body, "content")
		for _, mediaType := range slices.Sorted(maps.Keys(content.node)) {
			bodies++
			media, _ := contract.under(content, mediaType)
			examples := contract.examplesAt(media.node)
			if len(examples) == 0 {
				t.Errorf("%s has a body and no example of it in %s", o.id, mediaType)
			}
			for name, example := range examples {
				t.Run(fmt.Sprintf("%s %s %s", o.id, mediaType, name), func(t *testing.T) { sendExample(t, o, mediaType, example) })
			}
		}
	}
	if bodies < 18 {
		t.Errorf("%d bodies were found", bodies)
	}
}

func sendExample(t *testing.T, o *operation, mediaType string, example any) {
	account := fmt.Sprintf("acc_example_%d", time.Now().UnixNano())
	if strings.HasPrefix(o.path, "/v1/apis") { // whose rules are the operator's
		account = operator
	}
	ada, grace := person(t, account, "ada", "admin"), person(t, account, "grace@example.com", "viewer")
	them := decode[struct{ ID string }](t, grace.call(t, "GET", "/v1/users/me", nil)).ID
	token := ada.create(t, object{"kind": "service", "scopes": []string{"orders:read", "orders:write"}, "expiresAt": nil})
	if strings.HasPrefix(o.path, "/scim/") { // where the example is somebody new, or already there
		ada = ada.create(t, object{"kind": "service", "scopes": []string{"scim:users", "users:read"}}).bearer()
	}
	encoded, err := json.Marshal(example)
	if err != nil {
		t.Fatal(err)
	}
	id := token.ID
	if strings.Contains(o.path, "/Users/") || strings.Contains(o.path, "/users/") {
		id = them
	}
	path := strings.NewReplacer("{id}", id, "{apiId}", fmt.Sprintf("example%d", time.Now().UnixNano())).Replace(o.path)
	text := strings.NewReplacer("tok_EXAMPLEuserV70MWDg0Exa", token.ID, "usr_EXAMPLEuser", them).Replace(string(encoded))
	headers := []string{"Content-Type", mediaType}
	switch o.id {
	case "putSettings":
		headers = append(headers, "If-Match", `"0"`)
	case "putUser":
		ada.call(t, "PUT", "/v1/settings", object{"rolesFrom": "tokenwright"}, "If-Match", `"0"`).want(t, 200)
	case "checkApi":
		ada.call(t, "PUT", strings.TrimSuffix(path, "/check"), object{"rules": []object{}}).want(t, 201)
	case "scimCreateUser":
		text = strings.Replace(text, "grace@example.com", "hedy@example.com", 1) // the one who is not there yet
	}
	if a := ada.call(t, o.method, path, text, headers...); a.status >= 300 {
		t.Errorf("%s refuses its example %s: %d %s", o.id, text, a.status, a.body)
	}
	if account == operator {
		rules := strings.TrimSuffix(path, "/check")
		ada.call(t, "DELETE", rules, nil, "If-Match", ada.call(t, "GET", rules, nil).want(t, 200).header.Get("Etag")).want(t, 204)
	}
}
