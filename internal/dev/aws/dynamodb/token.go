package dynamodb

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// tokenLifetime is how long a ClientRequestToken makes a repetition harmless.
const tokenLifetime = 10 * time.Minute

// idempotency is the ClientRequestToken of a transaction and what it stands
// for; the zero value means the request has none.
type idempotency struct {
	token  string
	digest [sha256.Size]byte
}

func (r *request) readToken() (idempotency, error) {
	token := r.body.string("ClientRequestToken")
	if token == "" {
		return idempotency{}, r.body.err
	}
	if len(token) > 36 {
		return idempotency{}, invalid("1 validation error detected: Value '%s' at 'clientRequestToken' failed to satisfy constraint: Member must have length less than or equal to 36", token)
	}
	content, err := json.Marshal(r.body.members["TransactItems"]) // maps are written in sorted order
	if err != nil {
		return idempotency{}, fmt.Errorf("encoding a transaction: %w", err)
	}
	return idempotency{token, sha256.Sum256(content)}, r.body.err
}

// stampSize is the length of a time as it is stored: Unix nanoseconds in
// decimal, with leading zeros so that bytes sort by time.
const stampSize = 19

func stamp(t time.Time) []byte { return fmt.Appendf(nil, "%0*d", stampSize, t.UnixNano()) }

// checkToken reports whether this very transaction was already done. Stored
// are the time and the digest.
func (s *Server) checkToken(t *tx, i idempotency) (repeated bool, err error) {
	stored := t.Bucket(tokensBucket).Get([]byte(i.token))
	if i.token == "" || len(stored) != stampSize+sha256.Size {
		return false, nil
	}
	if bytes.Compare(stored[:stampSize], stamp(s.options.Now().Add(-tokenLifetime))) <= 0 {
		return false, nil
	}
	if !bytes.Equal(stored[stampSize:], i.digest[:]) {
		return false, newError(modelNamespace, "IdempotentParameterMismatchException",
			"Request parameters do not match those of the transaction with the same client request token")
	}
	return true, nil
}

// rememberToken also forgets the tokens whose time is over, so there are
// never more than ten minutes' worth.
func (s *Server) rememberToken(t *tx, i idempotency) error {
	if i.token == "" {
		return nil
	}
	now := s.options.Now()
	if err := forgetTokens(t, now.Add(-tokenLifetime)); err != nil {
		return fmt.Errorf("forgetting request tokens: %w", err)
	}
	at := stamp(now)
	if err := t.Bucket(tokensBucket).Put([]byte(i.token), slices.Concat(at, i.digest[:])); err != nil {
		return fmt.Errorf("storing a request token: %w", err)
	}
	if err := t.Bucket(tokenTimesBucket).Put(append(at, i.token...), nil); err != nil {
		return fmt.Errorf("storing a request token: %w", err)
	}
	return nil
}

func forgetTokens(t *tx, before time.Time) error {
	limit := stamp(before)
	times, tokens := t.Bucket(tokenTimesBucket), t.Bucket(tokensBucket)
	for {
		k, _ := times.Cursor().First()
		if k == nil || bytes.Compare(k[:stampSize], limit) > 0 {
			return nil
		}
		key := bytes.Clone(k)
		if stored := tokens.Get(key[stampSize:]); stored != nil && bytes.Equal(stored[:stampSize], key[:stampSize]) {
			if err := tokens.Delete(key[stampSize:]); err != nil {
				return err
			}
		}
		if err := times.Delete(key); err != nil {
			return err
		}
	}
}
