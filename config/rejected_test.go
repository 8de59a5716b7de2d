package config

import (
	"path/filepath"
	"strings"
	"testing"
)

// rule is a sound one for machines, in flow style.
const rule = `{issuer: "https://i.example.org", audience: mlgate, subject: "a:b:c", user: u}`

// Each config here is refused with exactly these lines; FILE stands for its path.
func TestRejectedConfigs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, content, want string }{
		{"empty", "", `FILE: upstream.url: missing; write where MLflow listens, like http://127.0.0.1:5000
FILE: policy.file: missing; name the policy file, like policy.csv
FILE: auth.basic.htpasswd_file: missing, so nobody could sign in; name a password file and fill it with ` + "`mlgate user add FILE NAME`"},
		{"typo", minimal + "lisen: 127.0.0.1:1", `FILE:5: lisen: unknown key; the nearest known key is "listen"`},
		{"typo below", minimal + "state: {pth: x}", `FILE:5: state.pth: unknown key; the nearest known key is "state.path"`},
		{"wrong section", minimal + "htpasswd_file: x", `FILE:5: htpasswd_file: unknown key; the nearest known key is "auth.basic.htpasswd_file"`},
		{"wrong case", minimal + "Listen: 127.0.0.1:1", `FILE:5: Listen: unknown key; the nearest known key is "listen"`},
		{"case twins", minimal + "listen: 127.0.0.1:1\nListen: 127.0.0.1:2", `FILE:6: Listen: differs only in case from "listen" in line 5; keep one of the two`},
		{"case twins below", minimal + "state: {path: a, PATH: b}", `FILE:5: state.PATH: differs only in case from "path" in line 5; keep one of the two`},
		{"duplicate", minimal + "mode: warn\nmode: enforce", `FILE:6: mode: given twice, first in line 5; keep one of the two`},
		{"duplicate section", minimal + "state: {path: a}\nstate: {path: b}", `FILE:6: state: given twice, first in line 5; keep one of the two`},
		{"dotted", minimal + "state.path: x", `FILE:5: state.path: unknown key: it has a dot in it; write nested sections`},
		{"merge key", "base: &b {path: x}\n" + minimal + "state: {<<: *b}", `FILE:1: base: unknown key; the nearest known key is "mode"
FILE:6: state.<<: unknown key; the nearest known key is "state.kind"`},
		{"later naming", minimal + "naming: {}", `FILE:5: naming: unknown key: it belongs to a later version of mlgate; remove it`},
		{"later governance", minimal + "governance: {stages: [Production]}", `FILE:5: governance: unknown key: it belongs to a later version of mlgate; remove it`},
		{"redis without addresses", minimal + "state: {kind: redis}", `FILE: state.redis.addrs: missing; write where Redis listens, like [127.0.0.1:6379]`},
		{"redis at a URL", minimal + "state: {kind: redis, redis: {addrs: ['redis://x:hunter2@a:1']}}", `FILE:5: state.redis.addrs: [redis://…@a:1]: item "redis://…@a:1": want host:port; write host:port, like redis.example.org:6379; user and password have keys of their own`},
		{"redis without port", minimal + "state: {kind: redis, redis: {addrs: [redis]}}", `FILE:5: state.redis.addrs: [redis]: item "redis": want host:port; write host:port, like redis.example.org:6379; user and password have keys of their own`},
		{"redis at port 0", minimal + "state: {kind: redis, redis: {addrs: ['a:0']}}", `FILE:5: state.redis.addrs: [a:0]: item "a:0": want a port from 1 to 65535; write host:port, like redis.example.org:6379; user and password have keys of their own`},
		{"redis user without password", minimal + "state: {kind: redis, redis: {addrs: ['a:1'], username: u}}", `FILE: state.redis.password_file: missing while username is set; name the file that holds this user's password`},
		{"password in the config", minimal + "state: {kind: redis, redis: {addrs: ['a:1'], password: x}}", `FILE:5: state.redis.password: unknown key; the nearest known key is "state.redis.password_file"`},
		{"sentinel account without sentinels", minimal + "state: {kind: redis, redis: {addrs: ['a:1'], sentinel_password_file: x}}", `FILE: state.redis.master_name: missing while an account on Sentinels is set; write the name that the Sentinels monitor, or remove the account`},
		{"sentinel user without password", minimal + "state: {kind: redis, redis: {addrs: ['a:1'], master_name: m, sentinel_username: x}}", `FILE: state.redis.sentinel_password_file: missing while sentinel_username is set; name the file that holds its password`},
		{"database of a cluster", minimal + "state: {kind: redis, redis: {addrs: ['a:1', 'b:1'], db: 1}}", `FILE:5: state.redis.db: 1: set, but several addrs without master_name are a Cluster, which has only database 0; remove it, or give master_name if these are Sentinels`},
		{"negative database", minimal + "state: {kind: redis, redis: {addrs: ['a:1'], db: -1}}", `FILE:5: state.redis.db: -1: negative; write the number of a database, like 0`},
		{"brace in prefix", minimal + "state: {kind: redis, redis: {addrs: ['a:1'], key_prefix: '{a}:'}}", `FILE:5: state.redis.key_prefix: "{a}:": has a brace, blank, bracket, backslash, * or ?; use letters, digits, - and :`},
		{"no prefix", minimal + "state: {kind: redis, redis: {addrs: ['a:1'], key_prefix: ''}}", `FILE:5: state.redis.key_prefix: "": empty; write for example mlgate:`},
		{"unknown outage", minimal + "state: {kind: redis, redis: {addrs: ['a:1'], on_outage: ignore}}", `FILE:5: state.redis.on_outage: "ignore": unknown; write refuse or grace`},
		{"endless grace", minimal + "state: {kind: redis, redis: {addrs: ['a:1'], on_outage: grace, grace: 24h}}", `FILE:5: state.redis.grace: "24h": want more than 0s and at most 15m0s: a revoked token may go on for as long; write for example 30s`},
		{"key without certificate for redis", minimal + "state: {kind: redis, redis: {addrs: ['a:1'], tls: {key_file: k}}}", `FILE: state.redis.tls.cert_file: cert_file and key_file belong together; name both or neither`},
		{"other kind", minimal + "state: {kind: sqlite}", `FILE:5: state.kind: "sqlite": unknown kind of store; write embedded or redis`},
		{"no state path", minimal + "state: {path: }", `FILE:5: state.path: "": empty; name the file of the embedded store, like mlgate.db`},
		{"list as root", "- a", `FILE:1: want a section with keys; write each key on its own line, indented below`},
		{"text as root", "hello", `FILE:1: "hello": want a section with keys; write each key on its own line, indented below`},
		{"text as section", minimal + "state: mlgate.db", `FILE:5: state: "mlgate.db": want a section with keys; write each key on its own line, indented below`},
		{"two documents", minimal + "---\nmode: warn", `FILE:5: a second YAML document begins here; put all keys into one document`},
		{"not YAML", "listen: [", "FILE: line 1: did not find expected node content; the file must be YAML: `key: value` lines, sections indented by blanks"},
		{"tab", "state:\n\tpath: x", "FILE: line 2: found character that cannot start any token; the file must be YAML: `key: value` lines, sections indented by blanks"},
		{"number as text", minimal + "listen: 8080", `FILE:5: listen: 8080: want text, got a number; correct the value`},
		{"bool as mode", minimal + "mode: true", `FILE:5: mode: true: want text, got true or false; correct the value`},
		{"text as number", minimal + `version: "1"`, `FILE:5: version: "1": want a whole number, got text; correct the value`},
		{"fraction", minimal + "version: 1.0", `FILE:5: version: 1: want a whole number, got a fraction; correct the value`},
		{"next version", minimal + "version: 2", `FILE:5: version: 2: unknown version of the config format; write version: 1`},
		{"text as list", minimal + "trusted_proxies: 10.0.0.1", `FILE:5: trusted_proxies: "10.0.0.1": want a list like [a, b], got text; correct the value`},
		{"number in list", minimal + "trusted_proxies: [7]", `FILE:5: trusted_proxies: [7]: item 7: want text, got a number; correct the value`},
		{"empty item", minimal + `trusted_proxies: ["10.0.0.1", ""]`, `FILE:5: trusted_proxies: [10.0.0.1 ]: want a list without empty items; correct the value`},
		{"host name as proxy", minimal + "trusted_proxies: [lb.local]", `FILE:5: trusted_proxies: [lb.local]: item "lb.local": want an address like 10.0.0.7 or a network like 10.0.0.0/8; correct the value`},
		{"host bits", minimal + "trusted_proxies: [10.1.2.3/8]", `FILE:5: trusted_proxies: [10.1.2.3/8]: item "10.1.2.3/8": want a network without host bits, like 10.0.0.0/8; correct the value`},
		{"section as text", minimal + "listen: {host: a}", `FILE:5: listen: map[host:a]: want text, got a section; correct the value`},
		{"control character", minimal + `listen: "127.0.0.1:1\n"`, `FILE:5: listen: "127.0.0.1:1\n": want text without control characters; correct the value`},
		{"date", minimal + "seal_keys_file: 2026-11-23", `FILE:5: seal_keys_file: 2026-11-23 00:00:00 +0000 UTC: want text, got a date; correct the value`},
		{"no port", minimal + "listen: 127.0.0.1", `FILE:5: listen: "127.0.0.1": want host:port; write for example 127.0.0.1:8080`},
		{"named port", minimal + "listen: 127.0.0.1:http", `FILE:5: listen: "127.0.0.1:http": want a port from 0 to 65535; write for example 127.0.0.1:8080`},
		{"large port", minimal + "admin_listen: 127.0.0.1:70000", `FILE:5: admin_listen: "127.0.0.1:70000": want a port from 0 to 65535; write for example 127.0.0.1:8080`},
		{"empty listen", minimal + "listen:", `FILE:5: listen: "": want host:port; write for example 127.0.0.1:8080`},
		{"same address", minimal + "admin_listen: 127.0.0.1:8080", `FILE:5: admin_listen: "127.0.0.1:8080": the same address as listen; give health and metrics an address of their own, or write "" to turn them off`},
		{"mode", minimal + "mode: Enforce", `FILE:5: mode: "Enforce": unknown mode; write open, warn or enforce`},
		{"empty mode", minimal + "mode:", `FILE:5: mode: "": unknown mode; write open, warn or enforce`},
		{"wildcard without a name", minimal + "listen: 0.0.0.0:80", `FILE: external_url: missing, and listen "0.0.0.0:80" does not tell by which name users reach mlgate; write the URL that users type, like https://ml.example.org`},
		{"external ftp", minimal + "external_url: ftp://a", `FILE:5: external_url: "ftp://a": want an http or https URL; write for example http://127.0.0.1:5000`},
		{"external query", minimal + "external_url: http://a/?x=1", `FILE:5: external_url: "http://a/?x=1": has a query or fragment; take it out`},
		{"external dots", minimal + "external_url: http://a/b/../c", `FILE:5: external_url: "http://a/b/../c": its path has empty, . or .. segments; write it like https://ml.example.org/mlflow`},
		{"external slashes", minimal + "external_url: http://a//b", `FILE:5: external_url: "http://a//b": its path has empty, . or .. segments; write it like https://ml.example.org/mlflow`},
		{"external escapes", minimal + "external_url: http://a/%2fb", `FILE:5: external_url: "http://a/%2fb": its path has characters that need escaping; use letters, digits, - and _ only`},
		{"external blank", minimal + "external_url: http://a/x%20y", `FILE:5: external_url: "http://a/x%20y": its path has characters that need escaping; use letters, digits, - and _ only`},
		{"external own pages", minimal + "external_url: http://a/_gate", `FILE:5: external_url: "http://a/_gate": the path /_gate belongs to mlgate's own pages; choose another one`},
		{"upstream without scheme", "mode: open\nupstream: {url: 127.0.0.1:5000}", `FILE:2: upstream.url: "127.0.0.1:5000": want a URL like http://127.0.0.1:5000; correct the value`},
		{"upstream bare host", "mode: open\nupstream: {url: mlflow}", `FILE:2: upstream.url: "mlflow": want an http or https URL; write for example http://127.0.0.1:5000`},
		{"upstream without host", "mode: open\nupstream: {url: 'http://'}", `FILE:2: upstream.url: "http://": want a URL with a host; write for example http://127.0.0.1:5000`},
		{"upstream with empty segment", "mode: open\nupstream: {url: http://a/x//y}", `FILE:2: upstream.url: "http://a/x//y": its path has empty, . or .. segments; write it like https://ml.example.org/mlflow`},
		{"CA for plain HTTP", "mode: open\nupstream: {url: http://a, ca_file: ca.pem}", `FILE:2: upstream.ca_file: "ca.pem": set, but upstream.url is plain http; write https in upstream.url or remove ca_file`},
		{"scheme with slashes", "mode: open\nupstream: {url: http://a, allowed_source_schemes: ['s3://']}", `FILE:2: upstream.allowed_source_schemes: [s3://]: item "s3://" is not a URL scheme; write schemes in lower case without ://, like s3`},
		{"truth as text", "mode: open\nupstream: {url: http://a, direct_transfers: 'no'}", `FILE:2: upstream.direct_transfers: "no": want true or false, got text; correct the value`},
		{"own scheme", "mode: open\nupstream: {url: http://a, allowed_source_schemes: [models]}", `FILE:2: upstream.allowed_source_schemes: [models]: item "models" is always allowed, by the rights on what it names; remove it`},
		{"key without certificate", minimal + "tls: {key_file: k}", `FILE: tls.cert_file: missing while tls.key_file is set; name both or neither`},
		{"certificate without key", minimal + "tls: {cert_file: c}", `FILE: tls.key_file: missing while tls.cert_file is set; name both or neither`},
		{"lifetime without unit", "mode: open\nupstream: {url: http://a}\nauth: {tokens: {max_lifetime: 3600}}", `FILE:3: auth.tokens.max_lifetime: 3600: want a duration with its unit, like 8760h, got a number; correct the value`},
		{"lifetime in days", "mode: open\nupstream: {url: http://a}\nauth: {tokens: {max_lifetime: 365d}}", `FILE:3: auth.tokens.max_lifetime: "365d": want a duration like 30m, 12h or 8760h; correct the value`},
		{"no lifetime", "mode: open\nupstream: {url: http://a}\nauth: {tokens: {max_lifetime: 0s}}", `FILE:3: auth.tokens.max_lifetime: "0s": shorter than a minute; write for example 8760h`},
		{"negative lifetime", "mode: open\nupstream: {url: http://a}\nauth: {tokens: {max_lifetime: -1h}}", `FILE:3: auth.tokens.max_lifetime: "-1h": shorter than a minute; write for example 8760h`},
		{"unused for minutes", "mode: open\nupstream: {url: http://a}\nauth: {tokens: {max_unused: 30m}}", `FILE:3: auth.tokens.max_unused: "30m": shorter than an hour; write for example 2160h, or 0s for no limit`},
		{"unused for less than nothing", "mode: open\nupstream: {url: http://a}\nauth: {tokens: {max_unused: -1h}}", `FILE:3: auth.tokens.max_unused: "-1h": shorter than an hour; write for example 2160h, or 0s for no limit`},
		{"several faults at once", minimal + "lisen: a\nmode: off\nversion: 3", `FILE:5: lisen: unknown key; the nearest known key is "listen"
FILE:7: version: 3: unknown version of the config format; write version: 1
FILE:6: mode: "off": unknown mode; write open, warn or enforce`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := write(t, c.content)
			_, err := Load(path)
			if err == nil {
				t.Fatal("got no error")
			}
			if got := strings.ReplaceAll(err.Error(), path, "FILE"); got != c.want {
				t.Errorf("\ngot  %s\nwant %s", got, c.want)
			}
		})
	}
}

// Whoever writes a password into a URL must not find it in the log of the
// refusal, wherever in the text the parser gives up.
func TestPasswordsInURLsAreMasked(t *testing.T) {
	t.Parallel()
	for _, value := range []string{
		"http://alice:hunter2@mlflow:5000", "http://alice:hunter2@mlflow:port", "alice:hunter2@mlflow",
		"http://a@b:hunter2@mlflow/%zz", "ftp://hunter2@x",
	} {
		for _, key := range []string{"external_url", "listen", "seal_keys_file"} {
			_, err := Load(write(t, key+": '"+value+"'\nupstream: {url: '"+value+"'}\nmode: nonsense"))
			if err == nil || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s: %s: got %v, want an error without the password", key, value, err)
			}
		}
	}
}

func TestMissingFileIsNamed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gone.yaml")
	_, err := Load(path)
	want := path + ": read config: no such file or directory; name the config file with --config"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
