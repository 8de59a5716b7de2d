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

	// Sessions are people who signed in in their browser, by company login or
	// password.
	Sessions Sessions `key:"sessions"`

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
	// Kind of store. `embedded`: one file, one replica. `redis`: many replicas
	// that share a Redis.
	Kind string `key:"kind" default:"embedded" kind:"embedded or redis"`

	// Path of the embedded store's file. It holds hashes of tokens and the seal
	// key: readable by mlgate alone.
	Path string `key:"path" default:"mlgate.db" kind:"path"`

	// Redis is where the replicas of kind redis keep their state.
	Redis Redis `key:"redis"`
}

// Redis is a Redis that replicas share.
type Redis struct {
	// Addrs are where Redis is: one server; with master_name its Sentinels; several
	// without master_name are nodes of a Cluster, of which two or three are enough.
	Addrs []string `key:"addrs" kind:"list of host:port" required:"for state.kind redis"`

	// MasterName is the name by which the Sentinels know the server. Absent: no
	// Sentinels.
	MasterName string `key:"master_name" kind:"text"`

	// Username is the ACL user on the server. Absent: the default user.
	Username string `key:"username" kind:"text"`

	// PasswordFile holds that user's password, and nothing else. It is read for each
	// new connection, so a password may be changed without a restart.
	PasswordFile string `key:"password_file" kind:"path"`

	// SentinelUsername is the ACL user on the Sentinels, if they have one.
	SentinelUsername string `key:"sentinel_username" kind:"text"`

	// SentinelPasswordFile holds the password for the Sentinels. Read at start.
	SentinelPasswordFile string `key:"sentinel_password_file" kind:"path"`

	// DB is the number of the database. A Cluster has only 0.
	DB int `key:"db" default:"0" kind:"number"`

	// KeyPrefix begins all keys, for a Redis that also serves others. Two mlgates of
	// one prefix share their tokens.
	KeyPrefix string `key:"key_prefix" default:"mlgate:" kind:"text"`

	// OnOutage says what becomes of tokens while Redis does not answer. `refuse`:
	// 503, before anything is sent to MLflow. `grace`: tokens that a replica has seen
	// before go on for a while, and a token that is revoked through another replica
	// meanwhile may live on here for as long.
	OnOutage string `key:"on_outage" default:"refuse" kind:"refuse or grace"`

	// Grace is how long that while is.
	Grace time.Duration `key:"grace" default:"30s" kind:"duration"`

	// TLS is how to speak TLS with Redis and its Sentinels.
	TLS RedisTLS `key:"tls"`
}

// RedisTLS is how to speak TLS with Redis.
type RedisTLS struct {
	// Enabled turns TLS on. Naming a file below turns it on as well.
	Enabled bool `key:"enabled" default:"false" kind:"true or false"`

	// CAFile holds the PEM certificates that may sign the server's. Absent: those of
	// the system.
	CAFile string `key:"ca_file" kind:"path"`

	// CertFile holds the certificate that mlgate shows, PEM, where the server asks
	// for one.
	CertFile string `key:"cert_file" kind:"path"`

	// KeyFile holds the private key of cert_file, PEM.
	KeyFile string `key:"key_file" kind:"path"`
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

	// OIDC are the company logins by which people sign in in the browser: OpenID
	// providers, each a section, shown on the sign-in page in their order. In the
	// environment the list is one line of YAML.
	OIDC []OIDC `key:"oidc" kind:"list of sections"`

	// Workload are rules by which machines sign in with the JWT that their own
	// platform gives them: CI jobs, Kubernetes service accounts. They are asked in
	// their order, and the first that takes a token decides alone. In the
	// environment the list is one line of YAML.
	Workload []Workload `key:"workload" kind:"list of sections"`
}

// OIDC is one OpenID provider.
type OIDC struct {
	// Name of the provider in addresses and logs: letters, digits, - and _. The
	// first of the list redirects to `/_gate/callback` below external_url, each
	// further one to `/_gate/callback/` and its name: register that at the provider.
	Name string `key:"name" kind:"text" required:"always"`

	// DisplayName is what the sign-in page calls it. Absent: the name.
	DisplayName string `key:"display_name" kind:"text"`

	// Issuer is the provider's address exactly as it spells it itself; discovery
	// finds the rest below it.
	Issuer string `key:"issuer" kind:"URL" required:"always"`

	// ClientID is mlgate's name at the provider.
	ClientID string `key:"client_id" kind:"text" required:"always"`

	// ClientSecretFile holds the client's secret, and nothing else. It is read again
	// when it changes. Absent: a public client, held by PKCE alone.
	ClientSecretFile string `key:"client_secret_file" kind:"path"`

	// Scopes to ask for; `openid` is always among them. Absent: `openid, email`.
	// With `offline_access`, where the provider has it, it can be asked for groups
	// again while nobody is signed in there.
	Scopes []string `key:"scopes" kind:"list of texts"`

	// AuthorizeParams are further parameters of the authorization request, a list of
	// `{name: access_type, value: offline}`.
	AuthorizeParams []Param `key:"authorize_params" kind:"list of sections"`

	// UserClaim is the claim that names the user. Absent: `email`, which counts only
	// with `email_verified: true`. Whoever may choose its value at the provider
	// chooses who they are here: take one that people cannot edit.
	UserClaim string `key:"user_claim" kind:"text"`

	// UserPrefix stands before every user name, like `acme-`. One name is one person,
	// so several providers need different ones, or trust_names.
	UserPrefix string `key:"user_prefix" kind:"text"`

	// TrustNames says that a name of this provider is the same person as that name in
	// the password file and at other providers. Without it, whoever is called like
	// somebody of the password file cannot sign in here.
	TrustNames bool `key:"trust_names" kind:"true or false"`

	// GroupsClaim is where the groups are: a claim, or a path to it like
	// `resource_access.mlgate.roles`. Absent: no groups.
	GroupsClaim string `key:"groups_claim" kind:"text"`

	// GroupPrefix stands before every group that group_rename does not name.
	GroupPrefix string `key:"group_prefix" kind:"text"`

	// GroupRename gives groups another name: a list of `{from: "Data Science", to: ds}`.
	GroupRename []Rename `key:"group_rename" kind:"list of sections"`

	// AllowedDomains are those of which a verified email address must be. Absent: any.
	AllowedDomains []string `key:"allowed_domains" kind:"list of texts"`

	// AllowedGroups are groups, as named here, of which people must be in one.
	// Absent: any.
	AllowedGroups []string `key:"allowed_groups" kind:"list of texts"`

	// CAFile holds the PEM certificates that may sign the provider's own, in place of
	// those of the system.
	CAFile string `key:"ca_file" kind:"path"`
}

// Param is a parameter of a request.
type Param struct {
	// Name of the parameter.
	Name string `key:"name" kind:"text" required:"always"`

	// Value of the parameter.
	Value string `key:"value" kind:"text"`
}

// Rename gives a group another name.
type Rename struct {
	// From is the group at the provider.
	From string `key:"from" kind:"text" required:"always"`

	// To is its name here.
	To string `key:"to" kind:"text" required:"always"`
}

// Sessions are people who signed in in their browser.
type Sessions struct {
	// Idle is how long a session lives without being used.
	Idle time.Duration `key:"idle" default:"12h" kind:"duration"`

	// Absolute is how long a session lives however much it is used.
	Absolute time.Duration `key:"absolute" default:"168h" kind:"duration"`

	// Refresh is how old the groups from a provider may be before it is asked again.
	// Who is disabled there loses the session within it.
	Refresh time.Duration `key:"refresh" default:"10m" kind:"duration"`

	// MaxGroupAge is how old those groups may be while the provider does not answer;
	// then the session is answered 503. A session whose provider gave no refresh
	// token ends after it.
	MaxGroupAge time.Duration `key:"max_group_age" default:"4h" kind:"duration"`
}

// Workload is one rule for tokens of one issuer.
type Workload struct {
	// Issuer of the tokens, exactly as their `iss` says it. Its keys are found by
	// OpenID discovery below this URL, unless jwks_url or jwks_file is set.
	Issuer string `key:"issuer" kind:"URL" required:"always"`

	// Audience that the tokens must be made for. Choose one that no other service
	// takes: a token that a job made for another one must not open mlgate.
	Audience string `key:"audience" kind:"text" required:"always"`

	// Subject is what `sub` must be. A `*` stands for one whole segment between `:`
	// or `/`, at the end for all that follows, and needs two segments spelt out
	// before it.
	Subject string `key:"subject" kind:"pattern" required:"always"`

	// Claims must match as well: a list of `{name: ref, value: refs/tags/*}`, names
	// of claims at the top of the token and patterns for their values.
	Claims []Claim `key:"claims" kind:"list of sections"`

	// User is who the caller is then. Nobody of the password file may be called the
	// same.
	User string `key:"user" kind:"text" required:"always"`

	// Groups of the caller, for `group:` lines of the policy.
	Groups []string `key:"groups" kind:"list of texts"`

	// JWKSURL is where the issuer's keys are, where discovery does not find them. It
	// counts for all rules of the issuer, like the three keys below: set it in one.
	JWKSURL string `key:"jwks_url" kind:"URL"`

	// JWKSFile holds the issuer's keys, for an issuer that mlgate cannot reach. It is
	// read again when it changes; until then the keys count, however old.
	JWKSFile string `key:"jwks_file" kind:"path"`

	// CAFile holds the PEM certificates that may sign the issuer's own, beside those
	// of the system.
	CAFile string `key:"ca_file" kind:"path"`

	// MaxKeyAge is how long the last keys count while the issuer does not answer;
	// then its tokens are answered 503. Absent: 24h.
	MaxKeyAge time.Duration `key:"max_key_age" kind:"duration"`
}

// Claim is a claim that a token must have.
type Claim struct {
	// Name of the claim.
	Name string `key:"name" kind:"text" required:"always"`

	// Value is a pattern for it; one segment must be spelt out before a `*`.
	Value string `key:"value" kind:"pattern" required:"always"`
}

// Basic is sign-in by name and password.
type Basic struct {
	// HtpasswdFile holds names and password hashes (bcrypt, apr1, SHA-1,
	// SHA-256/512-crypt; plaintext is refused). It is read again when it changes.
	HtpasswdFile string `key:"htpasswd_file" kind:"path" required:"unless mode is open, or auth.oidc or auth.workload is set"`
}

// Tokens are API tokens that users make for themselves.
type Tokens struct {
	// MaxLifetime is the longest time that a new token may live.
	MaxLifetime time.Duration `key:"max_lifetime" default:"8760h" kind:"duration"`

	// MaxUnused is how long a token may lie unused: after that it is refused, like a
	// revoked one. `0s`: as long as it lives.
	MaxUnused time.Duration `key:"max_unused" default:"2160h" kind:"duration"`

	// MaxGroupAge is how old the groups of an owner from auth.oidc may be while the
	// provider cannot be asked: after that the token is answered 503, or, where the
	// provider gave no refresh token, refused until its owner signs in again. The
	// provider is asked as for sessions, after sessions.refresh.
	MaxGroupAge time.Duration `key:"max_group_age" default:"24h" kind:"duration"`
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
