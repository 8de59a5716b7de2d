package config

import (
	"fmt"
	"net"
	"slices"
)

// Warnings are sentences about a valid config that its author should read once:
// what is loud, what is in the clear, what does nothing.
func (c *Config) Warnings() []string {
	var found []string
	if c.Mode != Enforce {
		found = append(found, fmt.Sprintf("mode: %s: refusals are recorded, not enforced", c.Mode))
	}
	if c.TLS.CertFile == "" && !isLoopback(c.Listen) && len(c.TrustedProxies) == 0 {
		found = append(found, fmt.Sprintf("listen: %s is reachable from outside without TLS: passwords and tokens pass in the clear; set tls, or trusted_proxies if something in front ends TLS", c.Listen))
	}
	if c.ExternalURL != nil && c.ExternalURL.Scheme == "https" && c.TLS.CertFile == "" && len(c.TrustedProxies) == 0 {
		found = append(found, "external_url: https, but tls is absent: if something in front ends TLS, list it in trusted_proxies, or all users share its address in throttling and audit")
	}
	if c.AdminListen != "" && !isLoopback(c.AdminListen) {
		found = append(found, fmt.Sprintf("admin_listen: %s is reachable from outside and asks for no password", c.AdminListen))
	}
	if slices.Contains(c.Upstream.AllowedSourceSchemes, "file") {
		found = append(found, "upstream.allowed_source_schemes: file lets whoever may register a model name files of the MLflow host")
	}
	found = append(found, c.redisWarnings()...)
	for _, name := range c.origin.stray {
		found = append(found, fmt.Sprintf("environment variable %s: sets nothing", name))
	}
	return found
}

// isLoopback reports whether only this host can reach an address.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && loopbackHost(host)
}
