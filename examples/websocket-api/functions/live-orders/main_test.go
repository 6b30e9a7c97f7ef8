package main

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenwright/tokenwright/authctx"
)

var expires = time.Date(2027, 1, 2, 3, 4, 5, 6e6, time.UTC)

func event(t *testing.T, name string) events.APIGatewayWebsocketProxyRequest {
	t.Helper()
	raw, err := os.ReadFile("../../../../events/live-orders/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var request events.APIGatewayWebsocketProxyRequest
	if err := json.Unmarshal(raw, &request); err != nil {
		t.Fatal(err)
	}
	request.RequestContext.Authorizer.(map[string]any)["expiresAt"] = "2027-01-02T03:04:05.006Z"
	return request
}

func call(t *testing.T, request events.APIGatewayWebsocketProxyRequest, now time.Time) events.APIGatewayProxyResponse {
	t.Helper()
	response, err := server{now: func() time.Time { return now }}.handle(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

func TestABrowserIsAnsweredTheSubprotocolAndNotTheToken(t *testing.T) {
	before := expires.Add(-time.Hour)
	response := call(t, event(t, "connect-browser"), before)
	if got := response.Headers["Sec-WebSocket-Protocol"]; response.StatusCode != 200 || got != "tokenwright" {
		t.Errorf("got %d with the subprotocol %q, want 200 with tokenwright", response.StatusCode, got)
	}
	request := event(t, "connect-browser")
	request.Headers = map[string]string{"Authorization": "Bearer x", "sec-websocket-protocol": "graphql-ws"}
	if response := call(t, request, before); response.StatusCode != 200 || response.Headers["Sec-WebSocket-Protocol"] != "" {
		t.Errorf("a subprotocol nobody offered is answered: %+v", response)
	}
}

func TestMessagesAreAnsweredUntilTheTokenEnds(t *testing.T) {
	for now, want := range map[time.Time]int{expires.Add(-1): 200, expires: 401, expires.Add(time.Hour): 401} {
		response := call(t, event(t, "message"), now)
		if response.StatusCode != want || strings.Contains(response.Body, "oak desk") != (want == 200) {
			t.Errorf("at %s: %d %s, want %d", now, response.StatusCode, response.Body, want)
		}
	}
}

func TestNobodyWithoutTheScopeOpensAWebSocket(t *testing.T) {
	request := event(t, "connect-browser")
	request.RequestContext.Authorizer.(map[string]any)["scopes"] = "orders:write"
	if response := call(t, request, expires.Add(-time.Hour)); response.StatusCode != 403 {
		t.Errorf("got %d, want 403", response.StatusCode)
	}
	request.RequestContext.Authorizer = nil
	if response, err := (server{now: time.Now}).handle(t.Context(), request); !errors.Is(err, authctx.ErrNone) {
		t.Errorf("without the authorizer: %+v, %v", response, err)
	}
}
