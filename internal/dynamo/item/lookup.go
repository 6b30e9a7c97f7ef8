package item

import (
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// LookupKeys are the items that a validation reads in one round trip: a token, its owner and, when the account is given,
// that account's settings.
func LookupKeys(id token.ID, account user.AccountID) []Key {
	keys := []Key{TokenKey(id), ProfileKey(id.Owner())}
	if account != "" {
		keys = append(keys, SettingsKey(account))
	}
	return keys
}

// Lookup reads what LookupKeys named; token.ErrNotFound when token or owner are missing, nil settings
// unless the account is the token's: one that was guessed wrong says nothing, not even that its settings cannot be read.
func Lookup(items map[Key]Item, id token.ID, account user.AccountID) (token.Token, user.User, *settings.Settings, error) {
	tokenItem, ownerItem := items[TokenKey(id)], items[ProfileKey(id.Owner())]
	if tokenItem == nil || ownerItem == nil {
		return token.Token{}, user.User{}, nil, token.ErrNotFound
	}
	tok, err := Token(tokenItem)
	if err != nil {
		return token.Token{}, user.User{}, nil, err
	}
	owner, err := User(ownerItem)
	if err != nil || tok.Account != account {
		return tok, owner, nil, err
	}
	policy, err := Settings(items[SettingsKey(account)])
	return tok, owner, &policy, err
}
