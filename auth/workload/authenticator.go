package workload

import (
	"context"
	"crypto/sha256"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"

	"mlgate/auth"
)

// verifiedSize bounds how many verified tokens are remembered.
const verifiedSize = 10_000

// Authenticator signs in with a JWT of a configured issuer, sent as Bearer. It is
// made anew for each snapshot; Issuers outlive it.
type Authenticator struct {
	rules    []rule
	issuers  map[string]*issuer
	now      func() time.Time
	verified *otter.Cache[proof, *verified]
	buffers  sync.Pool // of *[]byte: a token is 2 kB, and a hash wants bytes
}

// proof stands for the text of one token, which is not kept.
type proof [sha256.Size]byte

// verified is the outcome of one check. It holds until the token expires, as long
// as its issuer's keys are those it was checked with.
type verified struct {
	identity *auth.Identity
	issuer   *issuer
	print    [sha256.Size]byte // of the keys
}

// Authenticate implements auth.Authenticator. Bearer tokens without the form of a
// JWT are left to others, and so is everything that is not Bearer: a JWT as
// password would end up in files that passwords are kept in.
func (a *Authenticator) Authenticate(r *http.Request) (*auth.Identity, error) {
	c, err := auth.ParseAuthorization(r.Header)
	if err != nil {
		return nil, err
	}
	if !c.IsJWT() {
		return nil, auth.ErrNoCredentials
	}
	text := c.Secret.Reveal()
	key := a.proofOf(text)
	if v, ok := a.verified.GetIfPresent(key); ok && v.holds(a.now()) {
		return v.identity, nil
	}
	v, err := a.check(r.Context(), text)
	if err != nil {
		return nil, err
	}
	a.verified.Set(key, v)
	return v.identity, nil
}

func (a *Authenticator) proofOf(text string) proof {
	b, _ := a.buffers.Get().(*[]byte)
	if b == nil {
		b = new([]byte)
	}
	*b = append((*b)[:0], text...)
	sum := sha256.Sum256(*b)
	clear(*b) // no token lingers in the pool
	a.buffers.Put(b)
	return sum
}

func (v *verified) holds(now time.Time) bool {
	set := v.issuer.current(now)
	return set != nil && set.print == v.print && now.Before(v.identity.Expires)
}

// check does all that a token needs once.
func (a *Authenticator) check(ctx context.Context, text string) (*verified, error) {
	t, err := parse(text)
	if err != nil {
		return nil, err
	}
	is, known := a.issuers[t.claims.issuer]
	if !known {
		return nil, refuse("its issuer %q is not a trusted one", short(t.claims.issuer))
	}
	// What the caller made up or what has ended costs no signature.
	if err := t.claims.current(a.now()); err != nil {
		return nil, err
	}
	set, err := is.verify(ctx, t)
	if err != nil {
		return nil, err
	}
	rule, err := a.ruleFor(&t.claims)
	if err != nil {
		return nil, err
	}
	identity := auth.NewIdentity(auth.Identity{
		User: rule.User, Groups: rule.Groups, Method: auth.MethodWorkload,
		Issuer: t.claims.issuer, Subject: t.claims.subject, Expires: t.claims.expires,
	})
	return &verified{identity: identity, issuer: is, print: set.print}, nil
}

// ruleFor is the first rule that takes the token. The reasons go to who holds a
// token that its issuer made.
func (a *Authenticator) ruleFor(c *claims) (*rule, error) {
	var wanted []string
	heard := false
	for i := range a.rules {
		r := &a.rules[i]
		switch {
		case r.Issuer != c.issuer:
		case !c.isFor(r.Audience):
			wanted = append(wanted, r.Audience)
		case r.takes(c):
			return r, nil
		default:
			heard = true
		}
	}
	if !heard {
		return nil, refuse("it is for the audience %q, want %q", short(strings.Join(c.audience, " ")), strings.Join(slices.Compact(slices.Sorted(slices.Values(wanted))), " or "))
	}
	return nil, refuse("no rule takes its subject %q with its claims", short(c.subject))
}
