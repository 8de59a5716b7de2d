// Package device lets a terminal come by an API token that a person grants in their
// browser, in the manner of RFC 8628.
//
// It owns: the two codes of a request, what binds them, and the handing over of what
// was granted, once. It does not own: endpoints, pages, the making of tokens.
//
// Nothing is kept of a request before somebody grants it: the device code is the
// request, sealed, and the user code follows from the secret in it. So strangers fill
// no store, and a code that was mistyped grants something to nobody.
package device

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"mlgate/auth"
	"mlgate/auth/session"
	"mlgate/auth/store"
)

// Lifetime is how long a person may take.
const Lifetime = 10 * time.Minute

// Interval is how long a terminal waits between two questions.
const Interval = 2 * time.Second

// Answers to a terminal, by the names of RFC 8628, 3.5.
var (
	ErrPending = errors.New("authorization_pending")
	ErrDenied  = errors.New("access_denied")
	ErrExpired = errors.New("expired_token")
	ErrInvalid = errors.New("invalid_grant")
)

// ErrAnswered means that a user code has been granted or refused already.
var ErrAnswered = errors.New("this code was answered already")

// alphabet of user codes: no vowels, so that they spell nothing, and nothing that
// looks like another letter.
const alphabet = "BCDFGHJKLMNPQRSTVWXZ"

// userCode has 11 letters of alphabet, 47 bits, and one that checks them.
const userCodeLength = 12

// Codes makes and reads codes.
type Codes struct {
	// Seal closes what is handed out and what is kept.
	Seal *session.Seal
	// Once keeps what was granted until the terminal fetches it.
	Once store.Once
	// Now is the clock; time.Now if nil.
	Now func() time.Time
}

// request is what a device code holds.
type request struct {
	Secret  []byte    `json:"secret"`
	Expires time.Time `json:"expires"`
}

// Grant is what a terminal gets.
type Grant struct {
	// Token is the API token, and ID its id; User is whose it is.
	Token string `json:"token"`
	ID    string `json:"id"`
	User  string `json:"user"`
	// Expires is when it ends.
	Expires time.Time `json:"expires"`
}

func (c Codes) now() time.Time {
	if c.Now == nil {
		return time.Now()
	}
	return c.Now()
}

// Begin makes the two codes of a request: one for the terminal to keep, one for the
// person to compare and to grant.
func (c Codes) Begin() (deviceCode, userCode string, err error) {
	r := request{Secret: make([]byte, 32), Expires: c.now().Add(Lifetime)}
	_, _ = rand.Read(r.Secret) // never fails
	sealed, err := c.Seal.Close("device code", r)
	if err != nil {
		return "", "", fmt.Errorf("begin: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(sealed), r.userCode(), nil
}

func (r request) userCode() string {
	sum := sha256.Sum256(append([]byte("user code of "), r.Secret...))
	var code []byte
	for _, b := range sum {
		if len(code) == userCodeLength-1 {
			break
		}
		if int(b) < 256/len(alphabet)*len(alphabet) { // else some letters would be likelier
			code = append(code, alphabet[int(b)%len(alphabet)])
		}
	}
	return string(append(code, check(code)))
}

// check is the letter by which a mistyped code shows.
func check(code []byte) byte {
	sum := 0
	for i, letter := range code {
		sum += (2*i + 1) * strings.IndexByte(alphabet, letter)
	}
	return alphabet[sum%len(alphabet)]
}

// Show writes a user code in groups, as people read it.
func Show(userCode string) string {
	return userCode[:4] + "-" + userCode[4:8] + "-" + userCode[8:]
}

// Parse reads a user code as people type it.
func Parse(text string) (userCode string, ok bool) {
	var code []byte
	for _, r := range strings.ToUpper(text) {
		switch {
		case strings.ContainsRune(alphabet, r):
			code = append(code, byte(r))
		case r != '-' && r != ' ':
			return "", false
		}
	}
	if len(code) != userCodeLength || check(code[:userCodeLength-1]) != code[userCodeLength-1] {
		return "", false
	}
	return string(code), true
}

// Answer grants something to whoever holds the device code of a user code, or, with
// nil, refuses it.
func (c Codes) Answer(ctx context.Context, userCode string, grant *Grant) error {
	if grant == nil {
		grant = &Grant{}
	}
	sealed, err := c.Seal.Close("device grant "+userCode, grant)
	if err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	err = c.Once.Put(ctx, "device "+userCode, sealed, Lifetime)
	if errors.Is(err, store.ErrExists) {
		return ErrAnswered
	}
	return err
}

// Fetch gives what was granted to a device code, once. It returns ErrPending,
// ErrDenied, ErrExpired or ErrInvalid as they are, and wraps auth.ErrUnavailable.
func (c Codes) Fetch(ctx context.Context, deviceCode string) (*Grant, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(deviceCode)
	if err != nil {
		return nil, ErrInvalid
	}
	var r request
	if c.Seal.Open("device code", sealed, &r) != nil || len(r.Secret) == 0 {
		return nil, ErrInvalid
	}
	if !c.now().Before(r.Expires) {
		return nil, ErrExpired
	}
	userCode := r.userCode()
	kept, err := c.Once.Take(ctx, "device "+userCode)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, ErrPending
	case err != nil:
		return nil, fmt.Errorf("fetch grant: %w: %w", auth.ErrUnavailable, err)
	}
	var grant Grant
	if c.Seal.Open("device grant "+userCode, kept, &grant) != nil {
		return nil, ErrInvalid
	}
	if grant.Token == "" {
		return nil, ErrDenied
	}
	return &grant, nil
}
