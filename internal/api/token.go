package api

import (
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/token"
)

// tokenJSON is a token as answers show it. Times are RFC 3339 in UTC with milliseconds; null = none.
type tokenJSON struct {
	ID                string           `json:"id"`
	AccountID         string           `json:"accountId"`
	UserID            string           `json:"userId"`
	Kind              string           `json:"kind"`
	Environment       string           `json:"environment"`
	Name              string           `json:"name"`
	Description       string           `json:"description"`
	Hint              string           `json:"hint"`
	Scopes            *[]scope.Pattern `json:"scopes"`
	AllowedCidrBlocks []netip.Prefix   `json:"allowedCidrBlocks"`
	IsActive          bool             `json:"isActive"`
	Status            string           `json:"status"`
	NotBefore         *string          `json:"notBefore"`
	ExpiresAt         *string          `json:"expiresAt"`
	CreatedAt         *string          `json:"createdAt"`
	CreatedBy         string           `json:"createdBy"`
	UpdatedAt         *string          `json:"updatedAt"`
	UpdatedBy         string           `json:"updatedBy"`
	RotatedAt         *string          `json:"rotatedAt"`
	LastUsedAt        *string          `json:"lastUsedAt"`
	LastUsedIP        *string          `json:"lastUsedIp"`
	Steward           *string          `json:"steward"`
	Version           int64            `json:"version"`
	// Token is the secret itself, in the answers to create and rotate alone.
	Token string `json:"token,omitempty"`
}

// tokenFields are the members of tokenJSON, for telling a read-only field from an unknown one.
var tokenFields = []string{
	"id", "accountId", "userId", "kind", "environment", "name", "description", "hint", "scopes", "allowedCidrBlocks", "isActive", "status",
	"notBefore", "expiresAt", "createdAt", "createdBy", "updatedAt", "updatedBy", "rotatedAt", "lastUsedAt", "lastUsedIp", "steward", "version", "token",
}

func show(f token.Format, t *token.Token, now time.Time) tokenJSON {
	j := tokenJSON{
		ID: string(t.ID), AccountID: string(t.Account), UserID: string(t.ID.Owner().ID()), Kind: string(t.Kind),
		Environment: string(t.Environment), Name: t.Name, Description: t.Description, Hint: f.Hint(t.ID, t.Environment),
		AllowedCidrBlocks: append([]netip.Prefix{}, t.CIDRs...), IsActive: t.Active, Status: string(t.Status(now)),
		NotBefore: instant(t.NotBefore), ExpiresAt: instant(t.ExpiresAt), CreatedAt: instant(t.CreatedAt), CreatedBy: string(t.CreatedBy),
		UpdatedAt: instant(t.UpdatedAt), UpdatedBy: string(t.UpdatedBy), RotatedAt: instant(t.RotatedAt), LastUsedAt: instant(t.LastUsedAt),
		Version: t.Version,
	}
	if t.Steward != "" {
		steward := string(t.Steward)
		j.Steward = &steward
	}
	if t.Scopes != nil {
		j.Scopes = &t.Scopes
	}
	if t.LastUsedIP.IsValid() {
		ip := t.LastUsedIP.String()
		j.LastUsedIP = &ip
	}
	return j
}

func instant(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := t.UTC().Format(principal.TimeLayout)
	return &s
}

// etag is the entity tag of a token: its version.
func etag(t *token.Token) string { return strconv.Quote(fmt.Sprint(t.Version)) }
