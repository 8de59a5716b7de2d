package oidctest

import "time"

// Faults are the misbehaviours. The zero value is an honest provider.
type Faults struct {
	// Down answers everything with 503; Slow waits before each answer; Huge
	// answers megabytes at this path; Elsewhere redirects a path (307).
	Down      bool
	Slow      time.Duration
	Huge      string
	Elsewhere map[string]string

	// DiscoveryIssuer is what the provider calls itself. Discovery replaces
	// members of the discovery document (nil: leaves them out).
	DiscoveryIssuer string
	Discovery       map[string]any

	// ErrorCode answers the sign-in with this error; AlterState changes the
	// state; Iss names another issuer in the answer; NoIss leaves it out;
	// SaysNoIss has discovery say that it is left out.
	ErrorCode        string
	AlterState       bool
	Iss              string
	NoIss, SaysNoIss bool

	// IDToken changes the claims of ID tokens just before they are signed;
	// Header its header. NoIDToken leaves the token out.
	IDToken   func(claims map[string]any)
	Header    map[string]any
	NoIDToken bool
	// Unsigned, SharedSecret (HS256 with the public key in PEM as the secret)
	// and ForeignKey (a key never published, under the published id) sign in
	// ways that nobody may accept; Twice repeats the subject, with another
	// value first.
	Unsigned, SharedSecret, ForeignKey bool
	Twice                              bool

	// KeyUse and KeyAlgorithm are what the published key says it is for;
	// OtherKeys stand before it in the set; NoKeyID names no key anywhere.
	KeyUse, KeyAlgorithm string
	OtherKeys            []any
	NoKeyID              bool

	// OtherUserInfo answers about somebody else; NoUserInfo answers 500.
	OtherUserInfo bool
	NoUserInfo    bool
	// TokenError answers the token endpoint with this error code (400);
	// RefuseRefresh does so for renewals only, with invalid_grant;
	// OtherAtRefresh renews the token of somebody else; KeepRefresh gives no
	// new refresh token.
	TokenError     string
	RefuseRefresh  bool
	OtherAtRefresh bool
	KeepRefresh    bool
}

// Faults returns the misbehaviours in force.
func (p *Provider) Faults() Faults {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.faults
}

// Misbehave puts misbehaviours in force, in place of those before.
func (p *Provider) Misbehave(f Faults) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = f
}
