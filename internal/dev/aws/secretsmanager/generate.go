package secretsmanager

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"

	"github.com/tokenwright/tokenwright/internal/dev/aws/template"
)

// punctuation is what the service draws from.
const punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"

// generate makes a value as GenerateSecretString asks for.
func generate(g template.Generate) (string, error) {
	text, err := password(g)
	if err != nil || g.Template == "" {
		return text, err
	}
	object := map[string]any{}
	if err := json.Unmarshal([]byte(g.Template), &object); err != nil {
		return "", fmt.Errorf("reading SecretStringTemplate: %w", err)
	}
	object[g.Key] = text
	data, err := json.Marshal(object)
	return string(data), err
}

// password draws until every class occurs, so each text with all of them is
// equally likely.
func password(g template.Generate) (string, error) {
	classes := classes(g)
	alphabet := strings.Join(classes, "")
	if alphabet == "" {
		return "", fmt.Errorf("every character is excluded")
	}
	if !g.AnyMix && g.Length < len(classes) {
		return "", fmt.Errorf("%d characters cannot hold one of each class", g.Length)
	}
	for {
		text, err := draw(alphabet, g.Length)
		if err != nil || g.AnyMix || hasEach(text, classes) {
			return text, err
		}
	}
}

func classes(g template.Generate) []string {
	var out []string
	for _, class := range []struct {
		excluded   bool
		characters string
	}{
		{g.NoLowercase, "abcdefghijklmnopqrstuvwxyz"}, {g.NoUppercase, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
		{g.NoNumbers, "0123456789"}, {g.NoPunctuation, punctuation}, {!g.Space, " "},
	} {
		left := strings.Map(func(r rune) rune {
			if strings.ContainsRune(g.Exclude, r) {
				return -1
			}
			return r
		}, class.characters)
		if !class.excluded && left != "" {
			out = append(out, left)
		}
	}
	return out
}

func draw(alphabet string, length int) (string, error) {
	text := make([]byte, length)
	size := big.NewInt(int64(len(alphabet)))
	for i := range text {
		n, err := rand.Int(rand.Reader, size)
		if err != nil {
			return "", err
		}
		text[i] = alphabet[n.Int64()]
	}
	return string(text), nil
}

func hasEach(text string, classes []string) bool {
	for _, class := range classes {
		if !strings.ContainsAny(text, class) {
			return false
		}
	}
	return true
}
