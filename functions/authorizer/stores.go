package main

import (
	"github.com/tokenwright/tokenwright/internal/boot"
	"github.com/tokenwright/tokenwright/internal/dynamo/direct"
)

// table returns the store, and has its connection opened before the first request.
func table(p *boot.Process) *direct.Table {
	t, err := direct.Open(p.Env.Required("AWS_REGION"), p.Env.Optional("AWS_ENDPOINT_URL_DYNAMODB", ""), p.Credentials(), p.Env.Required("TABLE_NAME"))
	if err != nil {
		p.Env.Fail("AWS_ENDPOINT_URL_DYNAMODB", err.Error())
		return nil
	}
	p.Warm(t.Warm)
	return t
}
