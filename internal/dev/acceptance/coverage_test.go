package acceptance

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// unreachable are the documented answers that no request brings about on one machine, and why.
var unreachable = map[string]string{
	"* 429":                  "the stand-in for API Gateway does not throttle",
	"* 502":                  "answered when Lambda itself cannot be reached",
	"* 504":                  "no function takes ten seconds",
	"revokeToken 409":        "\"busy\": for seven seconds others would have to be on the token whenever it is tried",
	"getUser 409":            "\"busy\", as above, of the caller's profile",
	"putSettings 409":        "\"busy\", as above, of the caller's profile",
	"revokeIssuedBefore 409": "\"busy\", as above, of the settings or the user",
	"bulkRevoke 409":         "\"busy\", as above, of the caller's profile",
	"deleteApi 409":          "\"busy\", as above, of the caller's profile",
	"scimProviderConfig 500": "reads nothing that could be broken",
	"scimResourceTypes 500":  "reads nothing that could be broken",
	"scimResourceType 500":   "reads nothing that could be broken",
	"scimSchemas 500":        "reads nothing that could be broken",
	"scimSchema 500":         "reads nothing that could be broken",
	"listScopes 500":         "reads nothing that could be broken",
	"ping 500":               "reads nothing that could be broken",
}

// unmet lists the documented answers that were not met, and the excuses that are none.
func (d *document) unmet(excused map[string]string) []string {
	var faults []string
	used := map[string]bool{}
	for _, o := range d.operations {
		responses, _ := d.under(o.place, "responses")
		for _, status := range slices.Sorted(maps.Keys(responses.node)) {
			key, any := o.id+" "+status, "* "+status
			excuse := excused[key] + excused[any]
			used[key], used[any] = true, true
			switch met := d.met[key]; {
			case met == 0 && excuse == "":
				faults = append(faults, fmt.Sprintf("openapi.yaml documents %s of %s (%s %s), and no test met it", status, o.id, o.method, o.path))
			case met > 0 && excuse != "":
				faults = append(faults, fmt.Sprintf("%s is met although it is excused (%s)", key, excuse))
			}
		}
	}
	for key := range excused {
		if !used[key] {
			faults = append(faults, fmt.Sprintf("%s is excused and not documented", key))
		}
	}
	return faults
}

// unneeded lists what template.yaml allows a function and no call of this whole suite has needed. Attributes are left out: some
// are for values that an item may have, and a role that reaches the index names the index's keys in any case.
func unneeded() (faults []string) {
	for _, part := range stack.Unneeded() {
		if !strings.Contains(part, ": dynamodb:attributes ") {
			faults = append(faults, "template.yaml allows what no call needed: "+part)
		}
	}
	return faults
}

// fieldCode finds where the code names what is wrong with a field.
var fieldCode = regexp.MustCompile(`(?:\b(?:malformed|fault|add)\(.*?, |Fault\{"[a-z]+", |Field: .*?, Code: )"([a-z_]+)",\s`)

// TestEveryCodeOfAFieldIsDocumented reads the code, because an answer that no test brings about is held against nothing.
func TestEveryCodeOfAFieldIsDocumented(t *testing.T) {
	said := map[string]bool{}
	for _, folder := range []string{"api", "lifecycle", "route", "route/openapi"} {
		files, err := filepath.Glob(filepath.Join(root, "internal", folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range fieldCode.FindAllStringSubmatch(string(text), -1) {
				if !strings.HasSuffix(file, "_test.go") {
					said[m[1]] = true
				}
			}
		}
	}
	documented, _ := contract.follow(map[string]any{"$ref": "#/components/schemas/FieldError/properties/code"}, "")
	for code := range said {
		if !slices.Contains(documented.node["enum"].([]any), any(code)) {
			t.Errorf("the code %s is not in openapi.yaml", code)
		}
	}
	for _, code := range documented.node["enum"].([]any) {
		if !said[code.(string)] {
			t.Errorf("openapi.yaml has the code %s, which nothing says", code)
		}
	}
}

// TestTheDocumentIsHeldAgainstAnswers makes sure that the check that every other test rests on can fail.
func TestTheDocumentIsHeldAgainstAnswers(t *testing.T) {
	issued := map[string]any{}
	created, _ := contract.follow(map[string]any{"$ref": "#/paths/~1v1~1tokens/post/responses/201/content/application~1json"}, "")
	for name, value := range created.node["example"].(map[string]any) {
		issued[name] = value
	}
	shown, _ := contract.follow(map[string]any{"$ref": "#/components/responses/TokenShown/content/application~1json"}, "")
	var invalid *jsonschema.ValidationError
	if err := contract.fits(created, issued); err != nil {
		t.Errorf("an answer to create is refused: %v", err)
	}
	if err := contract.fits(shown, issued); !errors.As(err, &invalid) || !strings.Contains(err.Error(), "token") {
		t.Errorf("a secret in the answer to get passes: %v", err)
	}
	delete(issued, "token")
	if err := contract.fits(shown, issued); err != nil {
		t.Errorf("an answer to get is refused: %v", err)
	}
	for name, value := range map[string]any{"expiresAt": "tomorrow", "status": "fine", "surprise": true, "createdAt": nil, "hint": "at_live_x"} {
		bad := maps.Clone(issued)
		bad[name] = value
		if err := contract.fits(shown, bad); !errors.As(err, &invalid) {
			t.Errorf("%s: %v passes: %v", name, value, err)
		}
	}
}
