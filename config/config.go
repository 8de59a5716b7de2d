package config

import (
	"net/netip"
	"net/url"
	"time"
)

// Config is one loaded configuration. Its comments are the reference: the text
// over a field, up to an empty line, becomes the key's entry in docs/config.md.
type Config struct {
	// Version of this file's format. There is one so far.
	Version int `key:"version" default:"1" kind:"number"`

	// Listen is the address on which clients reach mlgate. Port 0 takes any
	// free port and logs it.
	Listen string `key:"listen" default:"127.0.0.1:8080" kind:"host:port"`

	// ExternalURL is the URL that users type. With a path
	// (https://ml.example.org/mlflow) mlgate lives under that prefix. Absent, it
	// follows from listen and tls; needed when listen names no single address.
	ExternalURL *url.URL `key:"external_url" kind:"URL"`

	// AdminListen is the address of healthz, readyz and metrics, which ask for
	// no password: keep it away from users. Empty turns it off.
	AdminListen string `key:"admin_listen" default:"127.0.0.1:9090" kind:"host:port"`

	// Mode says what a refusal does. `open`: anonymous callers pass and nothing
	// is refused. `warn`: sign-in is needed, refusals are only recorded.
	// `enforce`: refusals refuse. Server-wide endpoints stay shut in every mode.
	Mode Mode `key:"mode" default:"enforce" kind:"open, warn or enforce"`

	// TrustedProxies are the addresses and networks whose X-Forwarded-For and
	// X-Forwarded-Proto count. Whoever is on this list can claim to be any client
	// address, which throttling and the audit log then believe.
	TrustedProxies []netip.Prefix `key:"trusted_proxies" kind:"list of addresses or networks"`

	// SealKeysFile holds the keys that seal page tokens and the ids of uploads, one
	// base64 key of 32 bytes a line. The first one seals and all open, so a new key
	// goes first and the old one stays until what is under way has ended. Absent: a
	// key is made and kept in the state store.
	SealKeysFile string `key:"seal_keys_file" kind:"path"`

	// TLS makes mlgate speak HTTPS itself. Absent: plain HTTP.
	TLS TLS `key:"tls"`

	// Upstream is the MLflow server behind mlgate.
	Upstream Upstream `key:"upstream"`

	// State is what must outlive a restart: API tokens and the seal key.
	State State `key:"state"`

	// Policy says who may do what.
	Policy Policy `key:"policy"`

	// Auth says how callers prove who they are.
	Auth Auth `key:"auth"`

	origin origin
}

// TLS names the certificate that mlgate shows to clients.
type TLS struct {
	// CertFile holds the certificate and its chain, PEM. Read again on reload.
	CertFile string `key:"cert_file" kind:"path"`

	// KeyFile holds the private key of cert_file, PEM.
	KeyFile string `key:"key_file" kind:"path"`
}

// Upstream is the MLflow server behind mlgate.
type Upstream struct {
	// URL of the MLflow server. Nobody but mlgate should be able to reach it.
	URL *url.URL `key:"url" kind:"URL" required:"always"`

	// CAFile holds the PEM certificates that may sign the upstream's own, beside
	// those of the system.
	CAFile string `key:"ca_file" kind:"path"`

	// AllowedSourceSchemes are URL schemes, like `s3`, that the source of a new
	// model version may have although mlgate cannot see who owns what it names.
	// MLflow fetches such a source with its own credentials, for whoever may read
	// the version: name no scheme under which teams keep things apart.
	AllowedSourceSchemes []string `key:"allowed_source_schemes" kind:"list of URL schemes"`

	// DirectTransfers opens MLflow's multipart and presigned transfers, where its
	// artifact store has them: whoever may read or write a file through mlgate gets
	// an address of the store for it, which is good until it expires, whatever
	// becomes of the right. `false` refuses them, and clients send files through
	// mlgate.
	DirectTransfers bool `key:"direct_transfers" default:"true" kind:"true or false"`
}

// State is what must outlive a restart.
type State struct {
	// Kind of store. `embedded`: one file, one replica.
	Kind string `key:"kind" default:"embedded" kind:"embedded"`

	// Path of the embedded store's file. It holds hashes of tokens and the seal
	// key: readable by mlgate alone.
	Path string `key:"path" default:"mlgate.db" kind:"path"`
}

// Policy says who may do what.
type Policy struct {
	// File is the policy, Casbin CSV. It is read again when it changes; a faulty
	// new version leaves the old one in force.
	File string `key:"file" kind:"path" required:"unless mode is open"`

	// Contact is shown in refusals: whom to ask for a right.
	Contact string `key:"contact" kind:"text"`
}

// Auth says how callers prove who they are.
type Auth struct {
	// Basic is sign-in by name and password.
	Basic Basic `key:"basic"`

	// Tokens are API tokens that users make for themselves.
	Tokens Tokens `key:"tokens"`
}

// Basic is sign-in by name and password.
type Basic struct {
	// HtpasswdFile holds names and password hashes (bcrypt, apr1, SHA-1,
	// SHA-256/512-crypt; plaintext is refused). It is read again when it changes.
	HtpasswdFile string `key:"htpasswd_file" kind:"path" required:"unless mode is open"`
}

// Tokens are API tokens that users make for themselves.
type Tokens struct {
	// MaxLifetime is the longest time that a new token may live.
	MaxLifetime time.Duration `key:"max_lifetime" default:"8760h" kind:"duration"`
}

// Mode says what a refusal does.
type Mode string

// The modes. All but [Enforce] are loud in log, header, metrics and readyz.
const (
	Open    Mode = "open"
	Warn    Mode = "warn"
	Enforce Mode = "enforce"
)

// File is the path that the config was loaded from, empty for one made by hand.
func (c *Config) File() string { return c.origin.file }
