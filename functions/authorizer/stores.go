package main

import (
	"github.com/tokenwright/tokenwright/internal/boot"
	"github.com/tokenwright/tokenwright/internal/dynamo/direct"
	"github.com/tokenwright/tokenwright/internal/keyring"
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

// keys returns the digest keys, and has them read before the first request.
func keys(p *boot.Process) *keyring.Keyring {
	source, err := keyring.Direct(p.Env.Required("AWS_REGION"), p.Env.Optional("AWS_ENDPOINT_URL_SECRETS_MANAGER", ""),
		p.Env.Required("KEYRING_SECRET_ID"), p.Credentials())
	if err != nil {
		p.Env.Fail("AWS_ENDPOINT_URL_SECRETS_MANAGER", err.Error())
		return nil
	}
	ring := keyring.New(source, boot.Now)
	p.Warm(ring.Load)
	return ring
}
