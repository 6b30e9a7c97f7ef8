package apigateway

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
)

// proxyAnswer is what a function says the response is.
type proxyAnswer struct {
	status int
	header http.Header
	body   []byte
}

// readProxyAnswer reads payload 1.0's answer. No member is required, but a
// member that does not belong, or a header that is no text, makes it malformed.
func readProxyAnswer(payload []byte) (*proxyAnswer, error) {
	var raw struct {
		StatusCode        json.Number         `json:"statusCode"`
		Headers           map[string]any      `json:"headers"`
		MultiValueHeaders map[string][]string `json:"multiValueHeaders"`
		Body              *string             `json:"body"`
		IsBase64Encoded   bool                `json:"isBase64Encoded"`
	}
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.DisallowUnknownFields()
	if !bytes.HasPrefix(bytes.TrimSpace(payload), []byte("{")) {
		return nil, fmt.Errorf("it is not a JSON object")
	}
	if err := decoder.Decode(&raw); err != nil {
		return nil, err
	}
	answer := &proxyAnswer{status: http.StatusOK, header: http.Header{}}
	if err := answer.setStatus(raw.StatusCode); err != nil {
		return nil, err
	}
	for name, value := range raw.Headers {
		text, err := headerText(value)
		if err != nil {
			return nil, fmt.Errorf("header %s: %w", name, err)
		}
		answer.header.Set(name, text)
	}
	for name, values := range raw.MultiValueHeaders {
		answer.header.Del(name)
		for _, value := range values {
			answer.header.Add(name, value)
		}
	}
	return answer, answer.setBody(raw.Body, raw.IsBase64Encoded)
}

func (p *proxyAnswer) setStatus(n json.Number) error {
	if n == "" {
		return nil
	}
	status, err := n.Int64()
	if err != nil || status < 200 || status > 599 {
		return fmt.Errorf("the statusCode %s is no HTTP status", n)
	}
	p.status = int(status)
	return nil
}

func (p *proxyAnswer) setBody(body *string, isBase64 bool) (err error) {
	if body == nil {
		return nil
	}
	if p.body = []byte(*body); isBase64 {
		p.body, err = base64.StdEncoding.DecodeString(*body)
	}
	return err
}

func headerText(value any) (string, error) {
	switch value := value.(type) {
	case string:
		return value, nil
	case bool:
		return fmt.Sprint(value), nil
	default:
		return "", fmt.Errorf("the value is neither text nor a boolean")
	}
}

// remapped headers reach the client under x-amzn-Remapped-; a function cannot
// set them itself. A challenge (WWW-Authenticate) is the one that surprises.
var remapped = map[string]bool{
	"Authorization": true, "Connection": true, "Content-Length": true, "Content-Md5": true,
	"Date": true, "Host": true, "Server": true, "User-Agent": true, "Www-Authenticate": true,
}

// dropped headers never reach the client.
var dropped = map[string]bool{
	"Expect": true, "Max-Forwards": true, "Proxy-Authenticate": true, "Te": true, "Trailer": true,
	"Transfer-Encoding": true, "Upgrade": true,
}

func (p *proxyAnswer) write(w http.ResponseWriter) {
	header := w.Header()
	header.Set("Content-Type", "application/json")
	for name, values := range p.header {
		switch {
		case dropped[name]:
		case remapped[name]:
			header["X-Amzn-Remapped-"+name] = values
		default:
			header[name] = values
		}
	}
	p.send(w)
}

func (p *proxyAnswer) send(w http.ResponseWriter) {
	w.WriteHeader(p.status)
	_, _ = w.Write(p.body) //nolint:gosec // a gateway passes on what the function wrote
}
