package oidc

import "errors"

// One error for each decision that a caller makes. Test with errors.Is.
var (
	// ErrUnavailable: the provider does not answer, or says that it cannot for
	// now. Keep what there is, try again later.
	ErrUnavailable = errors.New("provider unavailable")
	// ErrRefused: the provider said no: the person cancelled, is disabled, or
	// the refresh token is void. End the session.
	ErrRefused = errors.New("refused by the provider")
	// ErrLogin: the answer belongs to no sign-in that this browser began, or
	// to one begun too long ago. Offer to begin again.
	ErrLogin = errors.New("no such sign-in")
	// ErrToken: what came from the provider is not to be trusted (signature,
	// issuer, audience, times, nonce, another person). Refuse and log.
	ErrToken = errors.New("answer of the provider not accepted")
	// ErrClaims: the person is who they say, but what the provider tells of
	// them makes no user: no name, an email address not verified.
	ErrClaims = errors.New("claims make no user")
	// ErrNotAllowed: the person is known and not among those let in.
	ErrNotAllowed = errors.New("not among those let in")
	// ErrSetup: the settings here and those at the provider do not fit. Only
	// an operator can mend it.
	ErrSetup = errors.New("settings do not fit the provider")
)

// Error is what every method of Provider fails with.
type Error struct {
	kind   error
	public string
	cause  error
}

// fail makes an Error. The cause is for the log: it holds no token, no code
// and no secret.
func fail(kind error, public string, cause error) *Error {
	return &Error{kind: kind, public: public, cause: cause}
}

// Error is the text for the log.
func (e *Error) Error() string {
	if e.cause == nil {
		return e.kind.Error()
	}
	return e.kind.Error() + ": " + e.cause.Error()
}

// Unwrap gives errors.Is both the decision and the cause.
func (e *Error) Unwrap() []error {
	if e.cause == nil {
		return []error{e.kind}
	}
	return []error{e.kind, e.cause}
}

// Public is a sentence for the person before the browser: what they can do.
// It holds nothing that came from the network.
func (e *Error) Public() string { return e.public }

const (
	sayAgain   = "Please begin to sign in again."
	sayLater   = "The sign-in service does not answer. Please try again in a minute."
	sayAdmin   = "The sign-in service and this server do not fit together. Please tell the administrators of this server."
	sayGroups  = "Your groups at the sign-in service cannot be used on this server. Please tell its administrators."
	sayNoTrust = "The answer of the sign-in service could not be trusted. Please begin to sign in again; if it happens twice, tell the administrators of this server."
)
