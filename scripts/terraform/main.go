// Command terraform parses a Terraform file and looks at what attaches the authorizer: every name leads to something, no
// route is open, nothing is cached, and nothing is granted on the authorizer. It runs no provider.
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// What each resource of these types must say, as it stands in the file.
var wanted = map[string]map[string]string{
	"aws_apigatewayv2_authorizer": {
		"authorizer_type": `"REQUEST"`, "authorizer_payload_format_version": `"2.0"`, "enable_simple_responses": "true",
		"authorizer_result_ttl_in_seconds": "0", "authorizer_uri": "local.authorizer_uri",
	},
	"aws_apigatewayv2_route":     {"authorization_type": `"CUSTOM"`, "authorizer_id": "aws_apigatewayv2_authorizer.http.id"},
	"aws_api_gateway_authorizer": {"type": `"REQUEST"`, "authorizer_result_ttl_in_seconds": "0", "authorizer_uri": "local.authorizer_uri"},
	"aws_api_gateway_method":     {"authorization": `"CUSTOM"`, "authorizer_id": "aws_api_gateway_authorizer.rest.id"},
	"aws_lambda_permission":      {"function_name": "var.function_name", "principal": `"apigateway.amazonaws.com"`},
}

func main() {
	name := os.Args[1]
	source, err := os.ReadFile(name)
	if err == nil {
		err = check(name, source)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func check(name string, source []byte) error {
	file, problems := hclsyntax.ParseConfig(source, name, hcl.InitialPos)
	if problems.HasErrors() {
		return problems
	}
	body := file.Body.(*hclsyntax.Body)
	faults, met := unresolved(body), map[string]int{}
	for _, block := range body.Blocks {
		if block.Type != "resource" {
			continue
		}
		met[block.Labels[0]]++
		for attribute, want := range wanted[block.Labels[0]] {
			got := ""
			if a := block.Body.Attributes[attribute]; a != nil {
				got = string(a.Expr.Range().SliceBytes(source))
			}
			if got != want {
				faults = append(faults, fmt.Errorf("%s: %s is %s, not %s", strings.Join(block.Labels, "."), attribute, got, want))
			}
		}
	}
	for kind := range wanted {
		if met[kind] == 0 {
			faults = append(faults, fmt.Errorf("there is no %s", kind))
		}
	}
	fmt.Printf("%s: %d blocks, parsed and not run\n", name, len(body.Blocks))
	return errors.Join(faults...)
}

// unresolved returns the names that lead to nothing in the file.
func unresolved(body *hclsyntax.Body) (faults []error) {
	declared := map[string]bool{}
	for _, block := range body.Blocks {
		switch labels := strings.Join(block.Labels, "."); block.Type {
		case "resource":
			declared[labels] = true
		case "data":
			declared["data."+labels] = true
		case "variable":
			declared["var."+labels] = true
		case "locals":
			for name := range block.Body.Attributes {
				declared["local."+name] = true
			}
		}
	}
	_ = hclsyntax.VisitAll(body, func(node hclsyntax.Node) hcl.Diagnostics {
		expression, ok := node.(*hclsyntax.ScopeTraversalExpr)
		if !ok || len(expression.Traversal) < 2 { // a type, such as string
			return nil
		}
		var parts []string
		for _, step := range expression.Traversal {
			switch s := step.(type) {
			case hcl.TraverseRoot:
				parts = append(parts, s.Name)
			case hcl.TraverseAttr:
				parts = append(parts, s.Name)
			}
		}
		length := 2
		if parts[0] == "data" {
			length = 3
		}
		if reference := strings.Join(parts[:min(length, len(parts))], "."); !declared[reference] {
			faults = append(faults, fmt.Errorf("%s: there is no %s", expression.Range(), reference))
		}
		return nil
	})
	return faults
}
