package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Validate reports what is wrong with the values, each alone and together, as
// one joined error. It is pure: it opens no file, resolves no name and changes
// nothing; whether the named files are sound is the business of who opens them.
func (c *Config) Validate() error {
	return errors.Join(c.faults()...)
}

func (c *Config) faults() []error {
	v := &verdict{origin: c.origin}
	v.general(c)
	v.external(c)
	v.tls(c.TLS)
	v.upstream(c.Upstream)
	v.state(c.State)
	v.who(c)
	v.workload(c.Auth.Workload)
	v.people(c)
	return v.faults
}

// verdict collects faults.
type verdict struct {
	origin origin
	faults []error
}

func (v *verdict) fault(key, fault, remedy string) {
	v.faults = append(v.faults, v.origin.problem(key, fault, remedy))
}

func (v *verdict) general(c *Config) {
	if c.Version != 1 {
		v.fault("version", "unknown version of the config format", "write version: 1")
	}
	v.address("listen", c.Listen)
	if c.AdminListen != "" {
		v.address("admin_listen", c.AdminListen)
		if c.AdminListen == c.Listen && !strings.HasSuffix(c.Listen, ":0") {
			v.fault("admin_listen", "the same address as listen",
				"give health and metrics an address of their own, or write \"\" to turn them off")
		}
	}
	switch c.Mode {
	case Open, Warn, Enforce:
	default:
		v.fault("mode", "unknown mode", "write open, warn or enforce")
	}
}

// address checks a host:port to listen on.
func (v *verdict) address(key, value string) {
	const remedy = "write for example 127.0.0.1:8080"
	_, port, err := net.SplitHostPort(value)
	if err != nil {
		v.fault(key, "want host:port", remedy)
		return
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		v.fault(key, "want a port from 0 to 65535", remedy)
	}
}

func (v *verdict) external(c *Config) {
	if c.ExternalURL == nil {
		if namesNoHost(c.Listen) {
			v.fault("external_url", fmt.Sprintf("missing, and listen %q does not tell by which name users reach mlgate", c.Listen),
				"write the URL that users type, like https://ml.example.org")
		}
		return
	}
	if !v.url("external_url", c.ExternalURL) {
		return
	}
	v.urlPath("external_url", c.ExternalURL)
	if strings.HasPrefix(c.ExternalURL.Path+"/", "/_gate/") {
		v.fault("external_url", "the path /_gate belongs to mlgate's own pages", "choose another one")
	}
}

// urlPath checks the path of a URL: one that clients, proxies and browsers could
// read in two ways would mount mlgate in two places.
func (v *verdict) urlPath(key string, u *url.URL) {
	clean := strings.TrimSuffix(u.Path, "/")
	switch {
	case u.RawPath != "" || strings.ContainsFunc(u.Path, needsEscaping):
		v.fault(key, "its path has characters that need escaping", "use letters, digits, - and _ only")
	case clean != "" && path.Clean(clean) != clean:
		v.fault(key, "its path has empty, . or .. segments", "write it like https://ml.example.org/mlflow")
	}
}

func needsEscaping(r rune) bool {
	plain := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	return !plain && !strings.ContainsRune("/-_.~", r)
}

// namesNoHost reports whether an address listens on all interfaces.
func namesNoHost(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(host)
	return host == "" || err == nil && addr.IsUnspecified()
}

// url checks what every URL of the config must be, and reports whether it is.
func (v *verdict) url(key string, u *url.URL) bool {
	before := len(v.faults)
	example := "write for example http://127.0.0.1:5000"
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		v.fault(key, "want an http or https URL", example)
	case u.Hostname() == "":
		v.fault(key, "want a URL with a host", example)
	case u.User != nil:
		v.fault(key, "has a user or password in it", "take it out: URLs end up in logs and pages")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		v.fault(key, "has a query or fragment", "take it out")
	}
	return len(v.faults) == before
}

func (v *verdict) tls(t TLS) {
	if t.CertFile == "" && t.KeyFile != "" {
		v.fault("tls.cert_file", "missing while tls.key_file is set", "name both or neither")
	}
	if t.CertFile != "" && t.KeyFile == "" {
		v.fault("tls.key_file", "missing while tls.cert_file is set", "name both or neither")
	}
}

func (v *verdict) upstream(u Upstream) {
	if u.URL == nil {
		v.fault("upstream.url", "missing", "write where MLflow listens, like http://127.0.0.1:5000")
	} else if v.url("upstream.url", u.URL) {
		v.urlPath("upstream.url", u.URL)
	}
	if u.CAFile != "" && u.URL != nil && u.URL.Scheme == "http" {
		v.fault("upstream.ca_file", "set, but upstream.url is plain http", "write https in upstream.url or remove ca_file")
	}
	v.schemes(u.AllowedSourceSchemes)
}

// schemes checks upstream.allowed_source_schemes. The schemes that MLflow resolves
// by itself (runs, models, mlflow-artifacts) are authorised by name, and listing
// them must not look like a way around that.
func (v *verdict) schemes(list []string) {
	const key = "upstream.allowed_source_schemes"
	form := regexp.MustCompile(`^[a-z][a-z0-9+.-]*$`)
	for _, scheme := range list {
		switch {
		case !form.MatchString(scheme):
			v.fault(key, fmt.Sprintf("item %q is not a URL scheme", scheme), "write schemes in lower case without ://, like s3")
		case scheme == "runs", scheme == "models", scheme == "mlflow-artifacts":
			v.fault(key, fmt.Sprintf("item %q is always allowed, by the rights on what it names", scheme), "remove it")
		}
	}
}

func (v *verdict) state(s State) {
	switch s.Kind {
	case "embedded":
		if s.Path == "" {
			v.fault("state.path", "empty", "name the file of the embedded store, like mlgate.db")
		}
	case "redis":
		v.redis(s.Redis)
	default:
		v.fault("state.kind", "unknown kind of store", "write embedded or redis")
	}
}

// who checks that somebody can sign in and that something decides, except in
// mode open, which is there to begin with neither.
func (v *verdict) who(c *Config) {
	if c.Mode != Open {
		if c.Policy.File == "" {
			v.fault("policy.file", "missing", "name the policy file, like policy.csv")
		}
		if c.Auth.Basic.HtpasswdFile == "" && len(c.Auth.OIDC) == 0 && len(c.Auth.Workload) == 0 {
			v.fault("auth.basic.htpasswd_file", "missing, so nobody could sign in",
				"name a password file and fill it with `mlgate user add FILE NAME`")
		}
	}
	if c.Auth.Tokens.MaxLifetime < time.Minute {
		v.fault("auth.tokens.max_lifetime", "shorter than a minute", "write for example 8760h")
	}
	// The last use of a token is known to a minute or two.
	if c.Auth.Tokens.MaxUnused != 0 && c.Auth.Tokens.MaxUnused < time.Hour {
		v.fault("auth.tokens.max_unused", "shorter than an hour", "write for example 2160h, or 0s for no limit")
	}
}
