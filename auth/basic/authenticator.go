package basic

import (
	"errors"
	"fmt"
	"net/http"

	"golang.org/x/text/unicode/norm"

	"mlgate/auth"
)

// maxPassword bounds what is hashed: SHA-crypt's cost grows with the square of
// the password's length, so one long password would hold a core for minutes.
// The htpasswd and openssl tools take no more than this either.
const maxPassword = 256

// errRefused is the answer to unknown users and wrong passwords alike.
var errRefused = fmt.Errorf("unknown user or wrong password: %w", auth.ErrBadCredentials)

// Authenticator checks Basic credentials against one snapshot of users. It is
// made anew for each snapshot; Verified outlives it.
type Authenticator struct {
	// Users is the snapshot to check against.
	Users *Users
	// Verified remembers what was verified before and bounds the work of
	// verifying. It must not be nil.
	Verified *Verified
}

// Authenticate implements auth.Authenticator. A password that has the form of
// an API token is left to the token authenticator.
//
// An unknown user is compared with a real stored hash, and the outcome thrown
// away, so that its answer takes as long as that to a wrong password.
func (a Authenticator) Authenticate(r *http.Request) (*auth.Identity, error) {
	c, err := auth.ParseAuthorization(r.Header)
	if err != nil {
		return nil, err
	}
	if c.Scheme != auth.SchemeBasic || c.IsToken() {
		return nil, auth.ErrNoCredentials
	}
	password := c.Secret.Reveal()
	if c.IsSignOut() || c.User == "" || password == "" || len(password) > maxPassword {
		return nil, errRefused
	}
	name := norm.NFC.String(c.User)
	e, known := a.Users.byName[name]
	stored := ""
	if known {
		stored = e.stored
	} else {
		e = a.Users.costliest
	}
	// Unknown users are signed without a stored hash, as no known one is: what
	// was verified for a user who is gone must not count for the stand-in.
	key := a.Verified.key(name, stored, password)
	if known && a.Verified.has(key) {
		return e.identity, nil
	}
	right, err := a.Verified.check(r.Context(), auth.ClientAddress(r), key, func() bool {
		return a.compare(e, known, password)
	})
	switch {
	case err != nil:
		return nil, checkError(err)
	case !right || !known:
		return nil, errRefused
	}
	return e.identity, nil
}

// checkError keeps a *auth.ThrottledError as it is.
func checkError(err error) error {
	var throttled *auth.ThrottledError
	if errors.As(err, &throttled) {
		return err
	}
	return fmt.Errorf("check password: %w", err)
}

// compare runs the slow hash. A failure against one of the file's cheaper
// hashes pays for a costly one on top: else the quick answer would say that
// the name exists.
func (a Authenticator) compare(e *entry, known bool, password string) bool {
	right := e.match(password) && known
	if !right && e.weight < a.Users.costliest.weight {
		_ = a.Users.costliest.match(password)
	}
	return right
}
