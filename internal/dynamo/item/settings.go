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
//	 "adminsMayRevoke": false, "cidrs": ["203.0.113.0/24"], "issuedBefore": ms, "updatedAt": ms, "version": 1,
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
	bad := func(err error) (settings.Settings, error) {
		return settings.Settings{}, fmt.Errorf("settings of %s: %w", it.String("account"), err)
	}
	s := settings.Settings{
		AdminsMayRevokePersonalTokens: it.Bool("adminsMayRevoke"), RolesFrom: settings.RolesFrom(it.String("rolesFrom")),
		IssuedBefore: it.Time("issuedBefore"), Version: it.Int("version"), UpdatedAt: it.Time("updatedAt"),
	}
	if it.String("type") != "settings" || s.Version == 0 || it["personal"].Kind != Map || it["service"].Kind != Map {
		return bad(fmt.Errorf("not a policy"))
	}
	var err error
	for _, c := range it.Strings("cidrs") {
		p, err := netip.ParsePrefix(c)
		if err != nil {
			return bad(err)
		}
		s.AllowedCIDRs = append(s.AllowedCIDRs, p)
	}
	if s.Personal, err = rules(it["personal"].Fields); err != nil {
		return bad(err)
	}
	if s.Service, err = rules(it["service"].Fields); err != nil {
		return bad(err)
	}
	return s, nil
}

func rules(it Item) (settings.Rules, error) {
	r := settings.Rules{
		AllowNeverExpire: it.Bool("allowNeverExpire"), RequireCidrBlocks: it.Bool("requireCidrBlocks"), MaxTokensPerUser: int(it.Int("maxTokens")),
	}
	for name, p := range map[string]*period.Period{"defaultLifetime": &r.DefaultLifetime, "maxLifetime": &r.MaxLifetime, "revokeUnusedAfter": &r.RevokeUnusedAfter} {
		if text := it.String(name); text != "" {
			var err error
			if *p, err = period.Parse(text); err != nil {
				return r, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	if patterns := it.Strings("allowedScopes"); patterns != nil {
		r.AllowedScopes = make([]scope.Pattern, len(patterns))
		for i, p := range patterns {
			r.AllowedScopes[i] = scope.Pattern(p)
		}
	}
	return r, nil
}
