package apigateway

import (
	"net/http"
	"slices"
	"strings"

	"github.com/tokenwright/tokenwright/internal/dev/aws/template"
)

// anyMethod is how the template spells "every method".
const anyMethod = "ANY"

// router finds the route of a request. Static segments win over {name}, which
// wins over {name+}.
type router struct {
	routes []template.Route // the most specific first
}

func newRouter(routes []template.Route) router {
	sorted := slices.Clone(routes)
	slices.SortStableFunc(sorted, func(a, b template.Route) int {
		if order := strings.Compare(specificity(a.Path), specificity(b.Path)); order != 0 {
			return order
		}
		return rank(a.Method) - rank(b.Method)
	})
	return router{sorted}
}

// specificity sorts as text: the kinds of the segments from left to right.
func specificity(path string) string {
	if path == "$default" {
		return "z"
	}
	var kinds strings.Builder
	for _, segment := range segments(path) {
		switch {
		case !strings.HasPrefix(segment, "{"):
			kinds.WriteByte('a')
		case !strings.HasSuffix(segment, "+}"):
			kinds.WriteByte('b')
		default:
			kinds.WriteByte('c')
		}
	}
	return kinds.String()
}

func rank(method string) int {
	if method == anyMethod {
		return 1
	}
	return 0
}

// rest finds the route of a REST API: first the resource the path belongs to,
// then its method. A less specific resource is not tried when the method is
// missing. A slash at the end does not count.
func (r router) rest(method, path string) (template.Route, map[string]string, bool) {
	path = strings.TrimRight(path, "/")
	resource := ""
	for _, route := range r.routes {
		parameters, ok := match(route.Path, path)
		if !ok || (resource != "" && route.Path != resource) {
			continue
		}
		if route.Method == method || route.Method == anyMethod {
			return route, parameters, true
		}
		resource = route.Path
	}
	return template.Route{}, nil, false
}

// http finds the route of an HTTP API: the most specific one with the method;
// $default takes what is left.
func (r router) http(method, path string) (template.Route, map[string]string, bool) {
	for _, route := range r.routes {
		if route.Path == "$default" {
			return route, nil, true
		}
		parameters, ok := match(route.Path, path)
		if ok && (route.Method == method || route.Method == anyMethod) {
			return route, parameters, true
		}
	}
	return template.Route{}, nil, false
}

// match compares a path with a pattern and returns the parameters as they stand
// in the path. A parameter is never empty.
func match(pattern, path string) (map[string]string, bool) {
	want, got := segments(pattern), segments(path)
	parameters := map[string]string{}
	for i, segment := range want {
		name, isParameter := strings.CutPrefix(segment, "{")
		greedy := strings.HasSuffix(name, "+}")
		switch {
		case i >= len(got):
			return nil, false
		case isParameter && greedy:
			rest := strings.Join(got[i:], "/")
			parameters[strings.TrimSuffix(name, "+}")] = rest
			return parameters, rest != ""
		case isParameter && got[i] != "":
			parameters[strings.TrimSuffix(name, "}")] = got[i]
		case isParameter || segment != got[i]:
			return nil, false
		}
	}
	return parameters, len(want) == len(got)
}

func segments(path string) []string {
	path = strings.TrimPrefix(path, "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}

// escapedPath is the path as the client wrote it.
func escapedPath(r *http.Request) string {
	if path := r.URL.EscapedPath(); path != "" {
		return path
	}
	return "/"
}
