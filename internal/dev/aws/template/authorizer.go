package template

import (
	"regexp"
	"time"
)

// maximumReauthorize is the longest an answer may be cached, in seconds.
const maximumReauthorize = 3600

func authorizers(auth *value, read func(*value, *Authorizer) error) (map[string]Authorizer, string, error) {
	standard, err := auth.get("DefaultAuthorizer").string("")
	if err != nil {
		return nil, "", err
	}
	declared, err := auth.get("Authorizers").mapping()
	if err != nil {
		return nil, "", err
	}
	out := map[string]Authorizer{}
	for _, f := range declared {
		a := Authorizer{Name: f.name}
		if err := f.value.refuse("UserPoolArn", "JwtConfiguration", "IdentitySource", "AuthorizationScopes"); err != nil {
			return nil, "", err
		}
		if a.FunctionARN, err = f.value.get("FunctionArn").string(""); err != nil {
			return nil, "", err
		}
		if a.FunctionARN == "" {
			return nil, "", f.value.errorf("the authorizer has no FunctionArn; the local stack runs Lambda authorizers only")
		}
		if err := read(f.value, &a); err != nil {
			return nil, "", err
		}
		out[f.name] = a
	}
	if _, ok := out[standard]; standard != "" && standard != "NONE" && !ok {
		return nil, "", auth.get("DefaultAuthorizer").errorf("%s is not one of the Authorizers", standard)
	}
	return out, standard, nil
}

// restAuthorizer applies API Gateway's defaults: TOKEN from the Authorization
// header, and answers kept for 300 seconds.
func restAuthorizer(v *value, a *Authorizer) (err error) {
	identity := v.get("Identity")
	if a.Payload, err = v.get("FunctionPayloadType").string("TOKEN"); err != nil {
		return err
	}
	if err = a.cacheFor(identity, 300); err != nil {
		return err
	}
	if a.Payload == "REQUEST" {
		if a.Identity, err = identitySources(identity); err == nil && len(a.Identity) == 0 && a.TTL > 0 {
			err = v.errorf("a REQUEST authorizer needs an identity source unless ReauthorizeEvery is 0")
		}
		return err
	}
	header, err := identity.get("Header").string("Authorization")
	if err != nil {
		return err
	}
	a.Identity = []IdentitySource{{"header", header}}
	if a.Validation, err = identity.get("ValidationExpression").string(""); err != nil {
		return err
	}
	if _, bad := regexp.Compile(a.Validation); bad != nil {
		return identity.get("ValidationExpression").errorf("%v", bad)
	}
	return nil
}

func httpAuthorizer(v *value, a *Authorizer) (err error) {
	version := v.get("AuthorizerPayloadFormatVersion")
	if a.Payload, err = version.string(""); err != nil {
		return err
	}
	switch a.Payload {
	case "2.0", "2":
		a.Payload = "2.0"
	case "1.0", "1":
		return version.errorf("the local stack supports payload 2.0 for an HTTP API's authorizer")
	default:
		return v.errorf("AuthorizerPayloadFormatVersion is missing")
	}
	if a.Simple, err = v.get("EnableSimpleResponses").boolean(false); err != nil {
		return err
	}
	identity := v.get("Identity")
	if a.Identity, err = identitySources(identity); err != nil {
		return err
	}
	if err = a.cacheFor(identity, 0); err == nil && a.TTL > 0 && len(a.Identity) == 0 {
		err = v.errorf("an authorizer that caches needs an identity source")
	}
	return err
}

func (a *Authorizer) cacheFor(identity *value, fallback int) error {
	seconds, err := identity.get("ReauthorizeEvery").integer(fallback, 0, maximumReauthorize)
	a.TTL = time.Duration(seconds) * time.Second
	return err
}

func identitySources(v *value) ([]IdentitySource, error) {
	var out []IdentitySource
	for _, part := range []struct{ property, kind string }{
		{"Headers", "header"}, {"QueryStrings", "query"}, {"StageVariables", "stage"}, {"Context", "context"},
	} {
		names, err := v.get(part.property).strings()
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			out = append(out, IdentitySource{part.kind, name})
		}
	}
	return out, nil
}
