package standin

import (
	"bufio"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tokenwright/tokenwright/internal/dynamo/item"
	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Of every world.
const (
	Prefix  = "at"
	Account = user.AccountID("acc_acme")
	keyID   = "k1"
	keyText = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ01"
	// Keyring is the text of the secret.
	Keyring = `{"current":"` + keyID + `","` + keyID + `":"` + keyText + `"}`
)

// World is a table of active people's personal tokens, and some of the tokens' texts. Of the many items it keeps only
// what differs.
type World struct {
	// Tokens are tokens that are good, up to a thousand.
	Tokens []token.Secret
	// Rules are those of their API; nil = no API has any.
	Rules atomic.Pointer[route.Rules]

	made   time.Time
	tokens map[string][32]byte // digest by both references
	owners map[user.Ref]string // subject
	edit   func(*token.Token, *user.User)
}

const maxShown = 1000

// NewWorld makes owners with so many tokens each. edit, when it is not nil, changes each token and owner before it is
// shown.
func NewWorld(owners, tokensEach int, edit func(*token.Token, *user.User)) (*World, error) {
	format, err := token.NewFormat(Prefix)
	if err != nil {
		return nil, err
	}
	w := &World{
		made: token.Millis(time.Now()).Add(-time.Hour), tokens: make(map[string][32]byte, owners*tokensEach), owners: map[user.Ref]string{}, edit: edit,
	}
	key, random := token.NewKey(keyID, []byte(keyText)), bufio.NewReader(rand.Reader)
	every := max(1, owners*tokensEach/maxShown)
	for i := range owners {
		subject := fmt.Sprintf("person-%07d", i)
		ref := user.RefOf(Account, subject)
		w.owners[ref] = subject
		for j := range tokensEach {
			at := w.made.Add(-time.Duration(j) * time.Millisecond) // one reference is unique within a millisecond
			id, err := token.NewID(ref, at, random)
			if err != nil {
				return nil, err
			}
			secret, err := format.Issue(id, token.Live, random)
			if err != nil {
				return nil, err
			}
			w.tokens[string(ref)+id.Ref()] = key.Digest(secret).MAC
			if (i*tokensEach+j)%every == 0 && len(w.Tokens) < maxShown {
				w.Tokens = append(w.Tokens, secret)
			}
		}
	}
	return w, nil
}

// Item is Table's.
func (w *World) Item(pk, sk string) string {
	if rules := w.Rules.Load(); rules != nil && item.RoutesKey(rules.API) == (item.Key{PK: pk, SK: sk}) {
		return wire(item.OfRoutes(rules))
	}
	ref := user.Ref(strings.TrimPrefix(pk, item.OwnerPK("")))
	subject, ok := w.owners[ref]
	if !ok {
		return ""
	}
	owner := user.User{
		Ref: ref, Account: Account, Subject: subject, Kind: user.Person, Roles: []string{"admin"}, Status: user.Active,
		CreatedAt: w.made, UpdatedAt: w.made, Version: 1,
	}
	tok := token.Token{
		Account: Account, Kind: token.Personal, Environment: token.Live, Name: "laptop", Description: "the quick brown fox", Active: true,
		ExpiresAt: w.made.Add(90 * 24 * time.Hour), CreatedAt: w.made, CreatedBy: ref.ID(), UpdatedAt: w.made, UpdatedBy: ref.ID(), Version: 1,
		LastUsedAt: time.Now().Add(time.Hour), // never due
	}
	suffix, isToken := strings.CutPrefix(sk, item.TokenPrefix)
	digest, known := w.tokens[string(ref)+suffix]
	if known {
		tok.ID = token.ID("tok_" + string(ref) + suffix)
		tok.Secrets = []token.SecretVersion{{Digest: token.Digest{KeyID: keyID, MAC: digest}, CreatedAt: w.made}}
	}
	if w.edit != nil {
		w.edit(&tok, &owner)
	}
	switch {
	case isToken && known:
		return wire(item.OfToken(&tok))
	case !isToken && item.ProfileKey(ref).SK == sk:
		return wire(item.OfUser(&owner))
	}
	return ""
}

// wire encodes an item as DynamoDB does.
func wire(it item.Item) string {
	text, err := json.Marshal(attributes(it))
	if err != nil {
		panic(err) // maps of strings always encode
	}
	return string(text)
}

func attributes(it item.Item) map[string]any {
	out := make(map[string]any, len(it))
	for name, v := range it {
		out[name] = attribute(v)
	}
	return out
}

func attribute(v item.Value) any {
	switch v.Kind {
	case item.Text:
		return map[string]string{"S": v.Text}
	case item.Number:
		return map[string]string{"N": v.Text}
	case item.Binary:
		return map[string]string{"B": base64.StdEncoding.EncodeToString([]byte(v.Text))}
	case item.True, item.False:
		return map[string]bool{"BOOL": v.Kind == item.True}
	case item.Map:
		return map[string]any{"M": attributes(v.Fields)}
	case item.List:
		list := make([]any, len(v.Elements))
		for i, e := range v.Elements {
			list[i] = attribute(e)
		}
		return map[string]any{"L": list}
	default:
		return map[string]bool{"NULL": true}
	}
}
