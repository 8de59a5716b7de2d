package config

import (
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// people checks the form of company logins, what they are together, and the life
// of sessions. What a claim or a name may be is for auth/oidc to say.
func (v *verdict) people(c *Config) {
	v.sessions(c.Sessions)
	if c.Auth.Tokens.MaxGroupAge < c.Sessions.Refresh {
		v.fault("auth.tokens.max_group_age", "shorter than sessions.refresh", "write a longer one, like 24h: the provider is asked no sooner")
	}
	if len(c.Auth.OIDC) > 0 && c.ExternalURL != nil && c.ExternalURL.Scheme == "http" && !loopbackHost(c.ExternalURL.Hostname()) {
		v.fault("external_url", "plain http, and auth.oidc is set: who is on the way could take the session's cookie", "write https; where something in front ends TLS, list it in trusted_proxies")
	}
	if len(c.Auth.OIDC) > 0 && c.ExternalURL == nil && c.TLS.CertFile == "" && !isLoopback(c.Listen) && !namesNoHost(c.Listen) {
		v.fault("external_url", "missing, so mlgate lives at plain http, and auth.oidc is set: who is on the way could take the session's cookie", "write the https URL that users type, like https://ml.example.org")
	}
	names := map[string]int{}
	for i, p := range c.Auth.OIDC {
		at := fmt.Sprintf("auth.oidc[%d]", i)
		v.provider(at, p)
		if first, ok := names[p.Name]; ok && p.Name != "" {
			v.fault(at+".name", fmt.Sprintf("auth.oidc[%d] is called so too", first), "give each provider a name of its own")
		}
		names[p.Name] = i
		v.namesApart(at, p, c.Auth.OIDC[:i])
	}
}

func (v *verdict) sessions(s Sessions) {
	for _, k := range []struct {
		key     string
		value   time.Duration
		least   time.Duration
		example string
	}{
		{"idle", s.Idle, time.Minute, "12h"},
		{"absolute", s.Absolute, time.Minute, "168h"},
		{"refresh", s.Refresh, time.Second, "10m"},
		{"max_group_age", s.MaxGroupAge, time.Second, "4h"},
	} {
		if k.value < k.least {
			v.fault("sessions."+k.key, fmt.Sprintf("shorter than %s", k.least), "write for example "+k.example)
		}
	}
	if s.MaxGroupAge < s.Refresh {
		v.fault("sessions.max_group_age", "shorter than sessions.refresh", "write a longer one: the provider is asked no sooner")
	}
}

func (v *verdict) provider(at string, p OIDC) {
	for _, k := range []struct{ key, value, remedy string }{
		{"name", p.Name, "call it for example company"},
		{"issuer", p.Issuer, "write the provider's address, like https://sso.example.org/realms/acme"},
		{"client_id", p.ClientID, "copy it from the provider"},
	} {
		if k.value == "" {
			v.fault(at+"."+k.key, "missing", k.remedy)
		}
	}
	v.issuerURL(at+".issuer", p.Issuer)
	for i, one := range p.AuthorizeParams {
		if one.Name == "" {
			v.fault(fmt.Sprintf("%s.authorize_params[%d]", at, i), "without a name", "write it like {name: access_type, value: offline}")
		}
	}
	for i, one := range p.GroupRename {
		if one.From == "" || one.To == "" {
			v.fault(fmt.Sprintf("%s.group_rename[%d]", at, i), "without from or to", "write it like {from: Data Science, to: ds}")
		}
	}
}

// namesApart holds that no two providers can give one name to two people, unless
// the config says that they mean the same. Where one prefix begins with another,
// names are those of the longer one: sign-in sees to that.
func (v *verdict) namesApart(at string, p OIDC, before []OIDC) {
	i := slices.IndexFunc(before, func(other OIDC) bool {
		return p.UserPrefix == other.UserPrefix && !(p.TrustNames && other.TrustNames)
	})
	if i >= 0 {
		v.fault(at+".user_prefix", fmt.Sprintf("its alice and the alice of auth.oidc[%d] would have one name", i),
			"give one of them a prefix of its own, like acme-, or both trust_names: true if they are the same people")
	}
}

// loopbackHost reports whether only this machine is reached by a host name.
func loopbackHost(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}
