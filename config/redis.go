package config

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// What state.redis.on_outage may say.
const (
	// Refuse answers 503 while Redis is gone.
	Refuse = "refuse"
	// Grace lets verified tokens go on for state.redis.grace.
	Grace = "grace"
)

// longestGrace bounds how long a revoked token may go on. It is there for a
// restart of Redis, not for a night without it.
const longestGrace = 15 * time.Minute

// On reports whether TLS is spoken.
func (t RedisTLS) On() bool {
	return t.Enabled || t.CAFile != "" || t.CertFile != "" || t.KeyFile != ""
}

// Cluster reports whether the addresses are nodes of a Cluster.
func (r Redis) Cluster() bool { return len(r.Addrs) > 1 && r.MasterName == "" }

// redis checks state.redis, where state.kind asks for it.
func (v *verdict) redis(r Redis) {
	const key = "state.redis."
	if len(r.Addrs) == 0 {
		v.fault(key+"addrs", "missing", "write where Redis listens, like [127.0.0.1:6379]")
	}
	for _, addr := range r.Addrs {
		if fault := badAddress(addr); fault != "" {
			v.fault(key+"addrs", fmt.Sprintf("item %s: %s", shown(addr), fault), "write host:port, like redis.example.org:6379; user and password have keys of their own")
		}
	}
	v.redisAccounts(r)
	switch {
	case r.DB < 0:
		v.fault(key+"db", "negative", "write the number of a database, like 0")
	case r.DB > 0 && r.Cluster():
		v.fault(key+"db", "set, but several addrs without master_name are a Cluster, which has only database 0", "remove it, or give master_name if these are Sentinels")
	}
	switch {
	case r.KeyPrefix == "":
		v.fault(key+"key_prefix", "empty", "write for example mlgate:")
	case strings.ContainsAny(r.KeyPrefix, "{}*?[]\\ "):
		v.fault(key+"key_prefix", "has a brace, blank, bracket, backslash, * or ?", "use letters, digits, - and :")
	}
	v.outage(r)
	if (r.TLS.CertFile == "") != (r.TLS.KeyFile == "") {
		v.fault(key+"tls.cert_file", "cert_file and key_file belong together", "name both or neither")
	}
}

func (v *verdict) redisAccounts(r Redis) {
	const key = "state.redis."
	if r.Username != "" && r.PasswordFile == "" {
		v.fault(key+"password_file", "missing while username is set", "name the file that holds this user's password")
	}
	if r.MasterName == "" && (r.SentinelUsername != "" || r.SentinelPasswordFile != "") {
		v.fault(key+"master_name", "missing while an account on Sentinels is set", "write the name that the Sentinels monitor, or remove the account")
	}
	if r.SentinelUsername != "" && r.SentinelPasswordFile == "" {
		v.fault(key+"sentinel_password_file", "missing while sentinel_username is set", "name the file that holds its password")
	}
}

func (v *verdict) outage(r Redis) {
	const key = "state.redis."
	switch r.OnOutage {
	case Refuse:
	case Grace:
		if r.Grace <= 0 || r.Grace > longestGrace {
			v.fault(key+"grace", fmt.Sprintf("want more than 0s and at most %v: a revoked token may go on for as long", longestGrace), "write for example 30s")
		}
	default:
		v.fault(key+"on_outage", "unknown", "write refuse or grace")
	}
}

// badAddress says what is wrong with the address of a server.
func badAddress(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || strings.Contains(addr, "/") || strings.Contains(addr, "@") {
		return "want host:port"
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "want a port from 1 to 65535"
	}
	if host == "" {
		return "no host"
	}
	return ""
}

// redisWarnings are sentences about a valid state.redis.
func (c *Config) redisWarnings() []string {
	if c.State.Kind != "redis" {
		if len(c.State.Redis.Addrs) > 0 {
			return []string{"state.redis: set, but state.kind is " + c.State.Kind + ": it does nothing"}
		}
		return nil
	}
	r, found := c.State.Redis, []string(nil)
	if !r.TLS.On() && !allLoopback(r.Addrs) {
		found = append(found, "state.redis: without tls, hashes of tokens and the seal key pass in the clear")
	}
	if r.PasswordFile == "" && r.TLS.CertFile == "" {
		found = append(found, "state.redis: without a password, who reaches Redis can end and forge what is kept there")
	}
	if r.OnOutage == Grace {
		found = append(found, fmt.Sprintf("state.redis.on_outage: grace: while a replica cannot reach Redis, a token revoked elsewhere goes on there for up to %v", r.Grace))
	}
	return found
}

func allLoopback(addrs []string) bool {
	for _, addr := range addrs {
		if !isLoopback(addr) {
			return false
		}
	}
	return true
}
