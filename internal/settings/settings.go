// Package settings is an account's policy for its tokens.
package settings

import "github.com/tokenwright/tokenwright/internal/period"

// Settings say which tokens an account allows. The zero value is replaced by Default when an account has none.
type Settings struct {
	DefaultLifetime  period.Period // of a token that asks for none; zero = never expires
	MaxLifetime      period.Period // zero = no limit
	AllowNeverExpire bool          // whether expiresAt may be null
}

// Default is the policy of an account that never set one.
func Default() Settings {
	return Settings{DefaultLifetime: period.MustParse("P90D"), AllowNeverExpire: true}
}
