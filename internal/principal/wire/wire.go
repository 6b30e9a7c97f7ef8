// Package wire holds the names on which the authorizer and the functions behind it agree. It is apart from package
// principal so that package authctx, which other modules link, brings in nothing else of this one.
package wire

// Keys of the authorizer's context. docs/attaching.md has them for functions in other languages.
const (
	Token         = "tokenId"
	Account       = "accountId"
	User          = "userId"
	Kind          = "kind"
	Environment   = "environment"
	Scopes        = "scopes"
	Expires       = "expiresAt"
	Subject       = "subject"
	Roles         = "roles"
	RolesStatedAt = "rolesStatedAt"
	Profile       = "profile"
)

// Keys of the context that a gateway's own refusals are written from. Functions behind it do not read them: they stand
// beside the principal where one policy, which admits to some routes, is also what others are refused by.
const (
	Code      = "code"
	Detail    = "detail"
	Challenge = "challenge" // a whole value of WWW-Authenticate
)

// The kinds of principals, values of Kind.
const (
	Person   = "person"
	Personal = "personal"
	Service  = "service"
)

// TimeLayout writes instants as every answer of Tokenwright does: RFC 3339, UTC, milliseconds.
const TimeLayout = "2006-01-02T15:04:05.000Z"

// Subprotocol is what a browser names before the credential, because it can set no header on a WebSocket:
// new WebSocket(url, ["tokenwright", credential]).
const Subprotocol = "tokenwright"
