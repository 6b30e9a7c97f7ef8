package route_test

import (
	"fmt"
	"testing"

	"github.com/tokenwright/tokenwright/internal/dev/routetest"
	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/scope"
)

// realistic are the rules of an API with n resources of four routes each.
func realistic(resources int) *route.Rules {
	rs := rules(route.Deny)
	for i := range resources {
		for _, line := range []string{"GET /v1/r%d a:read", "POST /v1/r%d a:write", "GET /v1/r%d/{id} a:read", "DELETE /v1/r%d/{id} a:write"} {
			rs.Rules = append(rs.Rules, routetest.Rule(fmt.Sprintf(line, i)))
		}
	}
	return rs
}

func BenchmarkCompile(b *testing.B) {
	for _, n := range []int{3, 12} {
		rs := realistic(n)
		b.Run(fmt.Sprintf("rules=%d", len(rs.Rules)), func(b *testing.B) {
			for b.Loop() {
				route.Compile(rs)
			}
		})
	}
}

func BenchmarkFaults(b *testing.B) {
	rs := realistic(12)
	for b.Loop() {
		if f := rs.Faults(known); len(f) > 0 {
			b.Fatal(f)
		}
	}
}

func BenchmarkPolicy(b *testing.B) {
	c, held := route.Compile(realistic(12)), scope.NewSet("a:read")
	for b.Loop() {
		c.Policy(held)
	}
}

func BenchmarkDecide(b *testing.B) {
	c, held := route.Compile(realistic(12)), scope.NewSet("a:read")
	for b.Loop() {
		if !c.Decide("GET", "/v1/r7/1234", held).Allowed() {
			b.Fatal()
		}
	}
}
