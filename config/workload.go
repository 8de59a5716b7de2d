package config

import (
	"fmt"
	"net/url"
	"time"
)

// workload checks the form of the rules. What patterns and names may be is for
// those to say who match them.
func (v *verdict) workload(rules []Workload) {
	first := map[string]*Workload{} // what was said of an issuer so far
	for i, r := range rules {
		at := fmt.Sprintf("auth.workload[%d]", i)
		v.workloadMissing(at, r)
		v.issuerURL(at+".issuer", r.Issuer)
		v.issuerURL(at+".jwks_url", r.JWKSURL)
		if r.MaxKeyAge != 0 && r.MaxKeyAge < time.Minute {
			v.fault(at+".max_key_age", "shorter than a minute", "write for example 24h")
		}
		said := first[r.Issuer]
		if said == nil {
			said = &Workload{}
			first[r.Issuer] = said
		}
		v.sameKeys(at, said, r)
		if said.JWKSURL != "" && said.JWKSFile != "" {
			v.fault(at+".jwks_file", "set, and jwks_url too for the same issuer", "say once where its keys are")
		}
		if said.CAFile != "" && said.JWKSFile != "" {
			v.fault(at+".ca_file", "set, but the issuer's keys come from jwks_file, and nobody is asked", "remove it")
		}
	}
}

func (v *verdict) workloadMissing(at string, r Workload) {
	for _, k := range []struct{ key, value, remedy string }{
		{"issuer", r.Issuer, "write the iss of its tokens, like https://token.actions.githubusercontent.com"},
		{"audience", r.Audience, "name what jobs ask their tokens for, like mlgate"},
		{"subject", r.Subject, "write whose tokens count, like repo:acme/vision:*"},
		{"user", r.User, "write who the caller is then, like ci-vision"},
	} {
		if k.value == "" {
			v.fault(at+"."+k.key, "missing", k.remedy)
		}
	}
	for i, c := range r.Claims {
		if c.Name == "" || c.Value == "" {
			v.fault(fmt.Sprintf("%s.claims[%d]", at, i), "without a name or a value", "write it like {name: ref, value: refs/tags/*}")
		}
	}
}

// issuerURL wants https: whoever can answer in an issuer's place can sign in as
// any of its machines. Within the host plain http will do.
func (v *verdict) issuerURL(key, text string) {
	if text == "" {
		return
	}
	u, err := url.Parse(text)
	if err != nil {
		v.fault(key, "not a URL", "write for example https://issuer.example.org")
		return
	}
	if !v.url(key, u) || u.Scheme == "https" {
		return
	}
	if !loopbackHost(u.Hostname()) {
		v.fault(key, "plain http: keys that came in the clear could be anybody's", "write https")
	}
}

// sameKeys holds that rules of one issuer do not contradict each other about its
// keys.
func (v *verdict) sameKeys(at string, said *Workload, r Workload) {
	agree(v, at+".jwks_url", &said.JWKSURL, r.JWKSURL)
	agree(v, at+".jwks_file", &said.JWKSFile, r.JWKSFile)
	agree(v, at+".ca_file", &said.CAFile, r.CAFile)
	agree(v, at+".max_key_age", &said.MaxKeyAge, r.MaxKeyAge)
}

func agree[T comparable](v *verdict, key string, said *T, now T) {
	var none T
	switch {
	case now == none:
	case *said == none:
		*said = now
	case *said != now:
		v.fault(key, "another rule of the same issuer says otherwise", "set it in one rule, it counts for all of them")
	}
}
