package oidc

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"mlgate/auth"
)

// serviceAccount begins names of machines. Their tokens are made by admins; a
// person of that name would own them.
const serviceAccount = "svc-"

// Person is somebody whom the provider vouches for.
type Person struct {
	// Provider is the Name of the provider.
	Provider string
	// Issuer and Subject together are who it is, for ever: names change.
	Issuer, Subject string
	// SID is the provider's name for this sign-in, if it gives one; a logout
	// token may name it.
	SID string
	// User is the user name here, with the prefix.
	User string
	// Groups are the names of the groups here, sorted, each once.
	Groups []string
	// Email is the address that the provider says is verified, or empty.
	Email string
	// RefreshToken renews what is known, if the provider gave one. After each
	// renewal only the newest counts.
	RefreshToken auth.Secret
	// IDToken is the proof itself: a hint for EndSessionURL. It stays the one
	// of before where a renewal brings none (then it is empty).
	IDToken auth.Secret
	// AuthTime is when the person signed in at the provider; zero if it does
	// not say.
	AuthTime time.Time
}

// person puts together who the token is about.
func (p *Provider) person(ctx context.Context, m *metadata, t *token, answer *oauth2.Token) (Person, error) {
	all := t.claims
	if p.incomplete(all) && m.userInfo != "" {
		more, err := p.userInfo(ctx, m, answer.AccessToken, t.text("sub"))
		if err != nil {
			return Person{}, err
		}
		all = merge(t.claims, more)
	}
	person, err := p.named(all)
	if err != nil {
		return Person{}, err
	}
	person.SID = t.text("sid")
	person.AuthTime, _ = t.time("auth_time")
	person.IDToken = auth.NewSecret(t.raw)
	person.RefreshToken = auth.NewSecret(answer.RefreshToken)
	return person, nil
}

// named is the person as they are called here, if they are let in.
func (p *Provider) named(c claims) (Person, error) {
	person := Person{Provider: p.opts.Name, Issuer: p.opts.Issuer, Subject: c.text("sub"), Email: c.verifiedEmail()}
	var err error
	if person.User, err = p.userName(c); err != nil {
		return Person{}, err
	}
	if person.Groups, err = p.groupNames(c); err != nil {
		return Person{}, err
	}
	if err := p.admit(&person); err != nil {
		return Person{}, err
	}
	return person, nil
}

// incomplete reports whether userinfo could tell what c does not.
func (p *Provider) incomplete(c claims) bool {
	if _, ok := c.at(p.user); !ok {
		return true
	}
	if _, ok := c.at(p.groups); p.groups != nil && !ok {
		return true
	}
	needEmail := len(p.opts.AllowedDomains) > 0 || p.opts.UserClaim == "email"
	return needEmail && c.verifiedEmail() == ""
}

// merge adds what userinfo says and the signed token does not. An address and
// the word that it is verified belong together, so both come from one place:
// "verified" of the token must not vouch for an address that only userinfo has.
func merge(signed, more claims) claims {
	all := maps.Clone(more)
	maps.Copy(all, signed)
	from := signed
	if _, ok := signed["email"]; !ok || signed.verifiedEmail() == "" && more.verifiedEmail() != "" {
		from = more
	}
	delete(all, "email")
	delete(all, "email_verified")
	for _, name := range []string{"email", "email_verified"} {
		if value, ok := from[name]; ok {
			all[name] = value
		}
	}
	return all
}

// userInfo asks about the person. The answer is not signed and may be about
// somebody else; then nothing of it counts.
func (p *Provider) userInfo(ctx context.Context, m *metadata, accessToken, subject string) (claims, error) {
	body, err := p.read(ctx, m.userInfo, accessToken)
	var status statusError
	if errors.As(err, &status) && (status == http.StatusUnauthorized || status == http.StatusForbidden) {
		return nil, fail(ErrRefused, sayAgain, fmt.Errorf("userinfo: %w", err))
	}
	if err != nil {
		return nil, fail(ErrUnavailable, sayLater, fmt.Errorf("userinfo: %w", err))
	}
	c, err := readClaims(body)
	if err != nil {
		return nil, distrust(fmt.Errorf("userinfo: %w", err))
	}
	if c.text("sub") != subject {
		return nil, distrust(errors.New("userinfo: about another person (sub)"))
	}
	return c, nil
}

// verifiedEmail returns the address if the provider says, by the boolean and
// nothing like it, that it is verified. Whoever may write any address into
// their profile could otherwise be anybody.
func (c claims) verifiedEmail() string {
	email := c.text("email")
	name, domain, ok := strings.Cut(email, "@")
	if verified, _ := c["email_verified"].(bool); !verified {
		return ""
	}
	if !ok || name == "" || domain == "" || strings.Contains(domain, "@") {
		return ""
	}
	return email
}

// userName returns the name here.
func (p *Provider) userName(c claims) (string, error) {
	value, _ := c.at(p.user)
	name, _ := value.(string)
	if len(p.user) == 1 && p.user[0] == "email" {
		if name != "" && c.verifiedEmail() == "" {
			return "", fail(ErrClaims, "The sign-in service does not say that your email address is verified. Verify it there, then sign in again.",
				errors.New("email without email_verified: true"))
		}
	}
	if name == "" {
		return "", fail(ErrClaims, "The sign-in service does not tell your user name. Please tell the administrators of this server.",
			fmt.Errorf("no text in the claim %q (user_claim): ask the provider to add it, or add its scope", p.opts.UserClaim))
	}
	name = p.opts.UserPrefix + name
	if err := checkUser(name); err != nil {
		return "", fail(ErrClaims, "Your user name at the sign-in service cannot be used on this server. Please tell its administrators.", err)
	}
	return name, nil
}

func checkUser(name string) error {
	if err := auth.CheckName(name); err != nil {
		return err
	}
	if strings.HasPrefix(name, serviceAccount) {
		return fmt.Errorf("user name %q begins like a service account's: set user_prefix", name)
	}
	return nil
}

// admit applies the allow-lists.
func (p *Provider) admit(person *Person) error {
	if len(p.opts.AllowedDomains) > 0 {
		_, domain, _ := strings.Cut(person.Email, "@")
		same := func(allowed string) bool { return strings.EqualFold(allowed, domain) }
		if domain == "" || !slices.ContainsFunc(p.opts.AllowedDomains, same) {
			return fail(ErrNotAllowed, "This server is for people with an email address of certain domains. Sign in with such an account, or ask its administrators.",
				errors.New("no verified email address in allowed_domains"))
		}
	}
	if len(p.opts.AllowedGroups) > 0 {
		in := func(group string) bool { return slices.Contains(p.opts.AllowedGroups, group) }
		if !slices.ContainsFunc(person.Groups, in) {
			return fail(ErrNotAllowed, "This server is for members of certain groups. Ask its administrators to add you to one.",
				errors.New("in none of allowed_groups"))
		}
	}
	return nil
}
