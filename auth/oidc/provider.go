package oidc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"mlgate/auth"
)

// Options configure a Provider.
type Options struct {
	// Name is the provider's short name in routes and logs: letters, digits,
	// dash, underscore. Needed.
	Name string
	// DisplayName is what the sign-in page says. Default: Name.
	DisplayName string
	// Issuer is the provider's address, exactly as it spells it itself. Plain
	// http only on loopback. Needed.
	Issuer string
	// ClientID is this server's name at the provider. Needed.
	ClientID string
	// ClientSecret proves it. Empty: a public client, held by PKCE alone.
	ClientSecret auth.Secret
	// Scopes asked for. "openid" is always among them. Default: openid, email.
	Scopes []string
	// AuthorizeParams are further parameters of the authorization request. None of
	// the flow's own can be among them.
	AuthorizeParams []Param
	// RedirectURL is the address here that the browser comes back to. Needed.
	RedirectURL string

	// UserClaim is the claim that names the user. Default: email, which counts
	// only where the provider says email_verified.
	//
	// Whoever can choose the value of this claim at the provider chooses who
	// they are here: take one that people cannot edit themselves.
	UserClaim string
	// UserPrefix stands before every user name. Without one, this provider is
	// trusted to say who is who: its alice is the alice of the password file.
	UserPrefix string
	// GroupsClaim is the path to the groups: "groups",
	// "resource_access.mlgate.roles". Empty: no groups. See Path.
	GroupsClaim string
	// GroupPrefix stands before every group that GroupRename does not name.
	GroupPrefix string
	// GroupRename gives groups another name; that name gets no prefix.
	GroupRename []Rename
	// AllowedDomains, unless empty, are the domains that a verified email
	// address must be in.
	AllowedDomains []string
	// AllowedGroups, unless empty, are the groups (as named here) of which a
	// person must be in one.
	AllowedGroups []string

	// CA holds PEM certificates that vouch for the provider, in place of the
	// system's. Empty: the system's.
	CA []byte
	// Timeout bounds each request to the provider. Default: 10 s.
	Timeout time.Duration
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// Logger gets what an operator should know. Default: silence.
	Logger *slog.Logger
}

// Rename gives the group From of the provider the name To here.
type Rename struct{ From, To string }

// Param is a parameter of a request.
type Param struct{ Name, Value string }

// ours are the parameters of an authorization request by which a sign-in is held
// together, and those that would put another request in its place.
var ours = []string{
	"response_type", "response_mode", "client_id", "redirect_uri", "scope", "state", "nonce",
	"code_challenge", "code_challenge_method", "request", "request_uri",
}

// Provider is one OpenID provider. It is safe for use by many goroutines.
type Provider struct {
	opts   Options
	issuer *url.URL
	client *http.Client
	user   path
	groups path // nil: no groups
	rename map[string]string
	meta   *cached[*metadata]
	keys   *cached[[]key]
}

// Providers are several, in the order in which they are offered.
type Providers []*Provider

// Named is the one of this name, or nil.
func (list Providers) Named(name string) *Provider {
	for _, p := range list {
		if p.opts.Name == name {
			return p
		}
	}
	return nil
}

// New checks o. It touches no network: a provider that is down when this
// server starts is asked again at the first sign-in.
func New(o Options) (*Provider, error) {
	o = o.withDefaults()
	p := &Provider{opts: o}
	var errs []error
	note := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	var err error
	note(o.checkNames())
	p.issuer, err = safeURL(o.Issuer)
	note(wrap("issuer", err))
	_, err = safeURL(o.RedirectURL)
	note(wrap("redirect url", err))
	p.user, err = parsePath(o.UserClaim)
	note(wrap("user_claim", err))
	if o.GroupsClaim != "" {
		p.groups, err = parsePath(o.GroupsClaim)
		note(wrap("groups_claim", err))
	}
	p.rename, err = renames(o.GroupRename)
	note(err)
	p.client, err = newClient(o.CA, o.Timeout)
	note(err)
	if len(errs) > 0 {
		return nil, fmt.Errorf("provider %q: %w", o.Name, errors.Join(errs...))
	}
	p.meta = newMetadataCache(p)
	p.keys = newKeyCache(p)
	return p, nil
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

func (o Options) withDefaults() Options {
	if o.DisplayName == "" {
		o.DisplayName = o.Name
	}
	if o.UserClaim == "" {
		o.UserClaim = "email"
	}
	if len(o.Scopes) == 0 {
		o.Scopes = []string{"openid", "email"}
	}
	o.Scopes = slices.Clone(o.Scopes)
	if !slices.Contains(o.Scopes, "openid") {
		o.Scopes = slices.Insert(o.Scopes, 0, "openid")
	}
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

func (o Options) checkNames() error {
	if ok, _ := regexp.MatchString(`^[A-Za-z0-9_-]{1,64}$`, o.Name); !ok {
		return fmt.Errorf("name %q: use letters, digits, dash and underscore", o.Name)
	}
	if o.ClientID == "" {
		return errors.New("client_id is missing: copy it from the provider")
	}
	if o.UserPrefix != "" {
		if err := checkUser(o.UserPrefix + "x"); err != nil {
			return fmt.Errorf("user_prefix %q: %w", o.UserPrefix, err)
		}
	}
	if len(o.AllowedGroups) > 0 && o.GroupsClaim == "" {
		return errors.New("allowed_groups without groups_claim lets nobody in: say where the groups are")
	}
	for _, param := range o.AuthorizeParams {
		if param.Name == "" || slices.Contains(ours, param.Name) {
			return fmt.Errorf("authorize_params: %q is not for the config to set", param.Name)
		}
	}
	for _, d := range o.AllowedDomains {
		if d == "" || strings.ContainsAny(d, "@ *") {
			return fmt.Errorf("allowed domain %q: write a domain such as example.org", d)
		}
	}
	return nil
}

func renames(pairs []Rename) (map[string]string, error) {
	m := make(map[string]string, len(pairs))
	for _, r := range pairs {
		if r.From == "" || r.To == "" {
			return nil, fmt.Errorf("group_rename %q to %q: both names are needed", r.From, r.To)
		}
		if to, ok := m[r.From]; ok {
			return nil, fmt.Errorf("group_rename %q is there twice, to %q and %q", r.From, to, r.To)
		}
		m[r.From] = r.To
	}
	return m, nil
}

// warn logs that the provider could not be asked.
func (p *Provider) warn(ctx context.Context, err error) {
	p.opts.Logger.WarnContext(ctx, "sign-in provider cannot be asked", "provider", p.opts.Name, "error", err.Error())
}

// Name is the provider's short name.
func (p *Provider) Name() string { return p.opts.Name }

// DisplayName is the provider's name for people.
func (p *Provider) DisplayName() string { return p.opts.DisplayName }

// Issuer is the provider's address, as it spells it.
func (p *Provider) Issuer() string { return p.opts.Issuer }
