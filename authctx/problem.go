package authctx

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// Problem is a refusal, answered as a problem document (RFC 9457) in the shape of Tokenwright's own. It is an error too,
// which is how a Lambda resolver refuses to AppSync.
type Problem struct {
	Status    int
	Code      string // for programs
	Detail    string // for people
	RequestID string
	// Challenge is the value of WWW-Authenticate; "" leaves the header out.
	Challenge string
}

// InsufficientScope refuses a caller who lacks a scope, and names all that the call needs (RFC 6750, section 3.1).
func InsufficientScope(requestID, scope string, more ...string) Problem {
	scopes := append([]string{scope}, more...)
	names := strings.Join(scopes, " ")
	return Problem{
		Status: http.StatusForbidden, Code: "insufficient_scope", Detail: "This needs the scope " + strings.Join(scopes, " and ") + ".",
		RequestID: requestID, Challenge: fmt.Sprintf(`Bearer error="insufficient_scope", scope="%s"`, names),
	}
}

// Internal is the answer to what is our fault and none of the caller's business.
func Internal(requestID string) Problem {
	return Problem{
		Status: http.StatusInternalServerError, Code: "internal", RequestID: requestID,
		Detail: "Something went wrong on our side. The request id finds it in the log.",
	}
}

// Error says what a log or AppSync's caller may read.
func (p Problem) Error() string { return p.Code + ": " + p.Detail }

// REST is the answer of a REST API, an HTTP API with payload format 1.0 or a WebSocket API. A REST API delivers
// WWW-Authenticate as x-amzn-remapped-www-authenticate.
func (p Problem) REST() events.APIGatewayProxyResponse {
	return events.APIGatewayProxyResponse{StatusCode: p.Status, Headers: p.headers(), Body: p.body()}
}

// HTTP is the answer of an HTTP API with payload format 2.0.
func (p Problem) HTTP() events.APIGatewayV2HTTPResponse {
	return events.APIGatewayV2HTTPResponse{StatusCode: p.Status, Headers: p.headers(), Body: p.body()}
}

func (p Problem) headers() map[string]string {
	h := map[string]string{"Content-Type": "application/problem+json", "Cache-Control": "no-store"}
	if p.Challenge != "" {
		h["WWW-Authenticate"] = p.Challenge
	}
	return h
}

func (p Problem) body() string {
	text := http.StatusText(p.Status)
	body, _ := json.Marshal(map[string]any{ // strings and a number always encode
		"type": "about:blank", "title": text, "status": p.Status, "detail": p.Detail,
		"error": text, "code": p.Code, "requestId": p.RequestID,
	})
	return string(body)
}
