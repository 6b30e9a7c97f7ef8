package item

import (
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
)

// LookupKeys are the items that a validation reads in one round trip: a token, its owner and what is to come along.
func LookupKeys(id token.ID, along store.Along) []Key {
	keys := append(make([]Key, 0, 4), TokenKey(id), ProfileKey(id.Owner()))
	if along.Account != "" {
		keys = append(keys, SettingsKey(along.Account))
	}
	if along.API != "" {
		keys = append(keys, RoutesKey(along.API))
	}
	return keys
}

// Lookup reads what LookupKeys named; token.ErrNotFound when token or owner are missing. An account that was guessed wrong
// says nothing, not even that its settings cannot be read. Rules that cannot be read are an error for every token there is.
func Lookup(items map[Key]Item, id token.ID, along store.Along) (found store.Found, err error) {
	if along.API != "" {
		rules, bad := Routes(items[RoutesKey(along.API)], along.API)
		if err = bad; err == nil {
			found.Rules = &rules
		}
	}
	tokenItem, ownerItem := items[TokenKey(id)], items[ProfileKey(id.Owner())]
	switch {
	case tokenItem == nil || ownerItem == nil:
		return found, token.ErrNotFound
	case err != nil:
		return store.Found{}, err
	}
	if found.Token, err = Token(tokenItem); err != nil {
		return store.Found{}, err
	}
	if found.Owner, err = User(ownerItem); err != nil {
		return store.Found{}, err
	}
	if found.Token.Account != along.Account {
		return found, nil
	}
	policy, err := Settings(items[SettingsKey(along.Account)])
	if err != nil {
		return store.Found{}, err
	}
	found.Settings = &policy
	return found, nil
}
