package authorizer

import (
	"iter"
	"strings"
)

// values returns a header's values by its name in any case. REST APIs pass on the client's spelling, HTTP APIs lower
// case; REST and WebSocket events hold every value in multi and only the last in single.
func values(multi map[string][]string, single map[string]string, name string) []string {
	var out []string
	for key, values := range multi {
		if strings.EqualFold(key, name) {
			out = append(out, values...)
		}
	}
	if out != nil {
		return out
	}
	for key, value := range single {
		if strings.EqualFold(key, name) {
			out = append(out, value)
		}
	}
	return out
}

// parameters returns the values of a query parameter, whose name has a case.
func parameters(e *event, name string) []string {
	if all := e.MultiQuery[name]; len(all) > 0 {
		return all
	}
	if value, ok := e.Query[name]; ok {
		return []string{value}
	}
	return nil
}

// each yields the single values: HTTP APIs join those of one name by commas, as anybody on the way may (RFC 9110,
// section 5.3). No credential has a comma in it.
func each(joined []string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, values := range joined {
			for value := range strings.SplitSeq(values, ",") {
				if !yield(strings.TrimSpace(value)) {
					return
				}
			}
		}
	}
}
