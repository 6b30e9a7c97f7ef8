package item

import (
	"fmt"
	"net/netip"

	"github.com/tokenwright/tokenwright/internal/period"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/settings"
	"github.com/tokenwright/tokenwright/internal/user"
)

// OfSettings draws an account's policy:
//
//	{"pk": "SETTINGS#acc_acme", "sk": "SETTINGS", "type": "settings", "account": "acc_acme", "rolesFrom": "identity-provider",
//	 "adminsMayRevoke": false, "cidrs": ["203.0.113.0/24"], "issuedBefore": ms, "sweep": "<ms>#tok_…", "updatedAt": ms, "version": 1,
//	 "personal": {"defaultLifetime": "P90D", "maxLifetime": "P1Y", "allowNeverExpire": false, "requireCidrBlocks": false,
//	              "allowedScopes": ["orders:*"], "revokeUnusedAfter": "P90D", "maxTokens": 10},
//	 "service": {…}}
func OfSettings(account user.AccountID, s *settings.Settings) Item {
	it := SettingsKey(account).Item()
	it["type"], it["account"] = String("settings"), String(string(account))
	it["rolesFrom"], it["adminsMayRevoke"] = String(string(s.RolesFrom)), Bool(s.AdminsMayRevokePersonalTokens)
	it["personal"], it["service"] = ofRules(&s.Personal), ofRules(&s.Service)
	it["version"], it["updatedAt"] = Int(s.Version), Time(s.UpdatedAt)
	it.SetTime("issuedBefore", s.IssuedBefore)
	it.setSweep(s.Sweep)
	if len(s.AllowedCIDRs) > 0 {
		it["cidrs"] = ListOf(s.AllowedCIDRs, func(p netip.Prefix) Value { return String(p.String()) })
	}
	return it
}

func ofRules(r *settings.Rules) Value {
	it := Item{"allowNeverExpire": Bool(r.AllowNeverExpire), "requireCidrBlocks": Bool(r.RequireCidrBlocks), "maxTokens": Int(int64(r.MaxTokensPerUser))}
	it.SetString("defaultLifetime", r.DefaultLifetime.String())
	it.SetString("maxLifetime", r.MaxLifetime.String())
	it.SetString("revokeUnusedAfter", r.RevokeUnusedAfter.String())
	if r.AllowedScopes != nil {
		it["allowedScopes"] = ListOf(r.AllowedScopes, func(p scope.Pattern) Value { return String(string(p)) })
	}
	return MapOf(it)
}

// Settings reads an account's policy; without an item (nil) it is the default. A policy that cannot be read is an error:
// the default might allow what it forbids.
func Settings(it Item) (settings.Settings, error) {
	if it == nil {
		return settings.Default(), nil
	}
	r := reader{it: it}
	r.isA("settings")
	account := r.text("account")
	s := settings.Settings{
		RolesFrom: word(&r, "rolesFrom", settings.IdentityProvider, settings.Tokenwright), AdminsMayRevokePersonalTokens: r.truth("adminsMayRevoke"),
		AllowedCIDRs: r.prefixesOrNone("cidrs"), IssuedBefore: r.instantOrNone("issuedBefore"), Sweep: r.sweepOrNone(), Version: r.number("version"),
		UpdatedAt: r.instant("updatedAt"),
	}
	s.Personal, s.Service = rules(&r, "personal"), rules(&r, "service")
	if r.err == nil && s.Version == 0 {
		r.refuse("version", "is 0")
	}
	if r.err != nil {
		return settings.Settings{}, fmt.Errorf("settings of %q: %w", account, r.err)
	}
	return s, nil
}

func rules(of *reader, name string) settings.Rules {
	r := of.fields(name)
	out := settings.Rules{
		DefaultLifetime: r.periodOrNone("defaultLifetime"), MaxLifetime: r.periodOrNone("maxLifetime"), AllowNeverExpire: r.truth("allowNeverExpire"),
		RequireCidrBlocks: r.truth("requireCidrBlocks"), AllowedScopes: r.patternsOrNone("allowedScopes"),
		RevokeUnusedAfter: r.periodOrNone("revokeUnusedAfter"), MaxTokensPerUser: int(r.number("maxTokens")),
	}
	if out.MaxTokensPerUser < 0 {
		r.refuse("maxTokens", "is below 0")
	}
	if of.err = r.err; of.err != nil {
		of.err = fmt.Errorf("%s: %w", name, of.err)
	}
	return out
}

func (r *reader) periodOrNone(name string) period.Period {
	if !r.has(name) {
		return period.Period{}
	}
	p, err := period.Stored(r.text(name))
	if err != nil {
		r.refuse(name, "is no duration")
	}
	return p
}
