package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"strings"

	"mlgate/auth"
	"mlgate/auth/oidc"
	"mlgate/config"
)

// provider is a company login as the files tell of it.
type provider struct {
	options oidc.Options // without what belongs to the process
	trusted bool         // its names are everybody's
}

// readProviders reads the company logins and the files that these name.
func (f *files) readProviders() error {
	var errs []error
	var content []byte
	for i, c := range f.config.Auth.OIDC {
		one, raw, err := readProvider(c)
		if err != nil {
			errs = append(errs, fmt.Errorf("auth.oidc[%d].%w", i, err))
			continue
		}
		// The address to come back to is not known yet, and any will do here.
		checked := one.options
		checked.RedirectURL = "http://127.0.0.1/"
		if _, err := oidc.New(checked); err != nil {
			errs = append(errs, fmt.Errorf("auth.oidc[%d]: %w", i, err))
		}
		f.providers = append(f.providers, one)
		content = append(content, raw...)
	}
	if len(content) > 0 {
		f.hashes["oidc"] = hashOf(content)
	}
	return errors.Join(errs...)
}

// readProvider translates one section. content is that of its files.
func readProvider(c config.OIDC) (one provider, content []byte, err error) {
	one = provider{trusted: c.TrustNames, options: oidc.Options{
		Name: c.Name, DisplayName: c.DisplayName, Issuer: c.Issuer, ClientID: c.ClientID, Scopes: c.Scopes,
		UserClaim: c.UserClaim, UserPrefix: c.UserPrefix, GroupsClaim: c.GroupsClaim, GroupPrefix: c.GroupPrefix,
		AllowedDomains: c.AllowedDomains, AllowedGroups: c.AllowedGroups,
	}}
	for _, r := range c.GroupRename {
		one.options.GroupRename = append(one.options.GroupRename, oidc.Rename(r))
	}
	for _, p := range c.AuthorizeParams {
		one.options.AuthorizeParams = append(one.options.AuthorizeParams, oidc.Param(p))
	}
	secret, err := readPassword("client_secret_file", c.ClientSecretFile)
	if err != nil {
		return provider{}, nil, err
	}
	one.options.ClientSecret = auth.NewSecret(secret)
	if c.CAFile != "" {
		if one.options.CA, err = os.ReadFile(c.CAFile); err != nil { // #nosec G304 -- the admin names the file
			return provider{}, nil, fmt.Errorf("ca_file: %w", err)
		}
	}
	return one, append([]byte(secret), one.options.CA...), nil
}

// providerFiles are the files that company logins name.
func providerFiles(list []config.OIDC) []string {
	var paths []string
	for _, c := range list {
		for _, path := range []string{c.ClientSecretFile, c.CAFile} {
			if path != "" {
				paths = append(paths, path)
			}
		}
	}
	return paths
}

// taken says by which other way a user name of a provider signs in: one name is
// one person. Else whoever may choose a name at the provider could be anybody.
func (f *files) taken(name, user string) string {
	var own provider
	for _, p := range f.providers {
		if p.options.Name == name {
			own = p
		}
	}
	for _, r := range f.config.Auth.Workload {
		if r.User == user {
			return "a machine of auth.workload"
		}
	}
	for _, p := range f.providers {
		longer := len(p.options.UserPrefix) > len(own.options.UserPrefix) && strings.HasPrefix(user, p.options.UserPrefix)
		if longer && !(own.trusted && p.trusted) {
			return "the company login " + p.options.Name
		}
	}
	if f.users != nil && f.users.Has(user) && !own.trusted {
		return "the password file"
	}
	return ""
}

// callback is the address to which a provider sends browsers back. Each has one of
// its own: an answer of one provider cannot pass for that of another.
func callback(external *url.URL, i int, name string) string {
	address := strings.TrimSuffix(external.String(), "/") + "/_gate/callback"
	if i > 0 {
		address += "/" + name
	}
	return address
}

// relyingParties makes what talks to the providers. It keeps those of before whose
// settings are the same, with all that they have learnt.
func relyingParties(list []provider, external *url.URL, before map[string]*oidc.Provider, log *slog.Logger) ([]*oidc.Provider, map[string]*oidc.Provider, error) {
	var all []*oidc.Provider
	now := map[string]*oidc.Provider{}
	for i, p := range list {
		p.options.RedirectURL = callback(external, i, p.options.Name)
		key := fmt.Sprintf("%+v %x", p.options, hashOf([]byte(p.options.ClientSecret.Reveal())))
		one := before[key]
		if one == nil {
			p.options.Logger = log
			var err error
			if one, err = oidc.New(p.options); err != nil {
				return nil, nil, err
			}
		}
		all, now[key] = append(all, one), one
	}
	return all, now, nil
}

// checkProviders asks each provider who it is, and says where browsers come back to:
// that has to be registered there.
func checkProviders(ctx context.Context, w io.Writer, f *files) error {
	external := f.config.ExternalURL
	if external == nil {
		external = &url.URL{Scheme: "http", Host: f.config.Listen}
	}
	all, _, err := relyingParties(f.providers, external, nil, slog.New(slog.DiscardHandler))
	errs := []error{err}
	for i, p := range all {
		if _, _, err := p.Begin(ctx); err != nil {
			errs = append(errs, hinted(fmt.Errorf("auth.oidc[%d]: %s: %w", i, p.Issuer(), err),
				"nobody can sign in there until this works; issuer must be as its discovery spells it, and ca_file names a certificate of your own"))
			continue
		}
		fmt.Fprintf(w, "company login %s: %s answers; browsers come back to %s\n", p.Name(), p.Issuer(), callback(external, i, p.Name()))
	}
	return errors.Join(errs...)
}
