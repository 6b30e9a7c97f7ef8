package main

import (
	"strconv"
	"time"

	"github.com/tokenwright/tokenwright/internal/authorizer"
	"github.com/tokenwright/tokenwright/internal/boot"
)

// maxAppSyncTTL is AppSync's own limit, in seconds.
const maxAppSyncTTL = 3600

// gateways reads how the APIs that attach this function are set up. One deployment treats all of them alike; an API that
// needs something else attaches another deployment of the function.
func gateways(p *boot.Process, c authorizer.Config) authorizer.Config {
	c.HTTPResponse = oneOf(p, "HTTP_API_RESPONSE", authorizer.Simple, authorizer.IAM)
	c.ClientAddress = oneOf(p, "CLIENT_ADDRESS", authorizer.Gateway, authorizer.CloudFront)
	c.Places.Subprotocol = oneOf(p, "WEBSOCKET_SUBPROTOCOL", "off", "on") == "on"
	c.Places.QueryParameter = p.Env.Optional("CREDENTIAL_QUERY_PARAMETER", "")
	var err error
	if c.Places.Headers, err = authorizer.ParseHeaders(p.Env.Optional("CREDENTIAL_HEADERS", authorizer.DefaultHeaders)); err != nil {
		p.Env.Fail("CREDENTIAL_HEADERS", err.Error())
	}
	seconds, err := strconv.Atoi(p.Env.Optional("APPSYNC_TTL_SECONDS", "0"))
	if err != nil || seconds < 0 || seconds > maxAppSyncTTL {
		p.Env.Fail("APPSYNC_TTL_SECONDS", "want a whole number from 0 to 3600")
	}
	c.AppSyncTTL = time.Duration(seconds) * time.Second
	return c
}

// oneOf reads a setting of two values, the first of which it has when it is not set.
func oneOf[T ~string](p *boot.Process, name string, standard, other T) T {
	v := T(p.Env.Optional(name, string(standard)))
	if v != standard && v != other {
		p.Env.Fail(name, "want "+string(standard)+" or "+string(other))
	}
	return v
}
