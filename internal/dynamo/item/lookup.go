package item

import (
	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// LookupKeys are the items that a validation reads in one round trip: a token, its owner and what is to come along.
func LookupKeys(id token.ID, along store.Along) []Key {
	return withAlong(append(make([]Key, 0, 4), TokenKey(id), ProfileKey(id.Owner())), along)
}

// UserKeys are the items that the look-up of a user reads in one round trip.
func UserKeys(ref user.Ref, along store.Along) []Key {
	return withAlong(append(make([]Key, 0, 3), ProfileKey(ref)), along)
}

func withAlong(keys []Key, along store.Along) []Key {
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
	found.Rules, err = rulesAlong(items, along)
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
	if found.Settings, err = settingsAlong(items, along); err != nil {
		return store.Found{}, err
	}
	return found, nil
}

// LookupUser reads what UserKeys named; user.ErrNotFound, with what came along, when the user is missing. Whatever was asked for
// and cannot be read is an error for everybody.
func LookupUser(items map[Key]Item, ref user.Ref, along store.Along) (found store.Found, err error) {
	if found.Rules, err = rulesAlong(items, along); err != nil {
		return store.Found{}, err
	}
	if found.Settings, err = settingsAlong(items, along); err != nil {
		return store.Found{}, err
	}
	it := items[ProfileKey(ref)]
	if it == nil {
		return found, user.ErrNotFound
	}
	if found.Owner, err = User(it); err != nil {
		return store.Found{}, err
	}
	return found, nil
}

func rulesAlong(items map[Key]Item, along store.Along) (*route.Rules, error) {
	if along.API == "" {
		return nil, nil
	}
	rules, err := Routes(items[RoutesKey(along.API)], along.API)
	if err != nil {
		return nil, err
	}
	return &rules, nil
}

func settingsAlong(items map[Key]Item, along store.Along) (*settings.Settings, error) {
	if along.Account == "" {
		return nil, nil
	}
	policy, err := Settings(items[SettingsKey(along.Account)])
	if err != nil {
		return nil, err
	}
	return &policy, nil
}
