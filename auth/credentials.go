package auth

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"
)

// TokenPrefix begins every API token and no password: it decides which
// authenticator a credential belongs to.
const TokenPrefix = "mlg_"

// TokenIDLength is how many characters after the prefix are a token's public
// id. What follows is secret.
const TokenIDLength = 16

// signOutPrefix begins the made-up user with which MLflow's UI overwrites the
// browser's remembered password.
const signOutPrefix = "mlflow-logged-out-"

// maxAuthorization bounds the header before anything is decoded. The longest
// honest ones are tokens of identity providers, a few kB.
const maxAuthorization = 16 << 10

// strictBase64 refuses a second spelling of the same bytes.
var strictBase64 = base64.StdEncoding.Strict()

// Scheme is the kind of an Authorization header.
type Scheme string

// The schemes that are read.
const (
	SchemeBasic  Scheme = "basic"
	SchemeBearer Scheme = "bearer"
)

// Credentials are what an Authorization header claims, unverified.
type Credentials struct {
	// Scheme says which kind of header it was.
	Scheme Scheme
	// User is the claimed name, for SchemeBasic.
	User string
	// Secret is the password, or the bearer token.
	Secret Secret
}

// IsToken reports whether the secret belongs to the token authenticator.
func (c Credentials) IsToken() bool {
	return strings.HasPrefix(c.Secret.Reveal(), TokenPrefix)
}

// IsJWT reports whether the secret has the outer form of a signed JWT sent as
// Bearer: it belongs to the workload authenticator. A JSON object in base64url
// begins with eyJ. Whatever signs such a token is asymmetric, so nothing of this
// form can be guessed.
func (c Credentials) IsJWT() bool {
	text := c.Secret.Reveal()
	return c.Scheme == SchemeBearer && strings.HasPrefix(text, "eyJ") && strings.Count(text, ".") == 2
}

// IsSignOut reports whether this is MLflow's UI signing out: it answers 401,
// costs no hash and counts as no failure, or signing out a few times would
// lock the address.
func (c Credentials) IsSignOut() bool {
	return c.Scheme == SchemeBasic && strings.HasPrefix(c.User, signOutPrefix)
}

// ParseAuthorization reads the Authorization header. It answers
// ErrNoCredentials if there is none and ErrBadCredentials if it cannot be read
// in exactly one way: two headers are refused, since a proxy in front may have
// checked the other one. A scheme that is not read here is ErrNoCredentials,
// for another authenticator to claim.
func ParseAuthorization(h http.Header) (Credentials, error) {
	values := h["Authorization"]
	if len(values) == 0 {
		return Credentials{}, ErrNoCredentials
	}
	if len(values) > 1 {
		return Credentials{}, fmt.Errorf("several authorization headers: %w", ErrBadCredentials)
	}
	if len(values[0]) > maxAuthorization {
		return Credentials{}, fmt.Errorf("authorization header too long: %w", ErrBadCredentials)
	}
	scheme, rest, _ := strings.Cut(values[0], " ")
	rest = strings.Trim(rest, " ")
	switch {
	case strings.EqualFold(scheme, string(SchemeBasic)):
		return parseBasic(rest)
	case strings.EqualFold(scheme, string(SchemeBearer)):
		return parseBearer(rest)
	}
	return Credentials{}, ErrNoCredentials
}

func parseBearer(token string) (Credentials, error) {
	if token == "" || strings.ContainsFunc(token, func(c rune) bool { return c <= ' ' || c >= 0x7f }) {
		return Credentials{}, fmt.Errorf("malformed bearer token: %w", ErrBadCredentials)
	}
	return Credentials{Scheme: SchemeBearer, Secret: NewSecret(token)}, nil
}

// parseBasic takes bytes that are no UTF-8 for Latin-1: MLflow's client sends
// UTF-8, but names from a URL or ~/.netrc go through requests, which sends
// Latin-1. A wrong guess can only fail.
func parseBasic(encoded string) (Credentials, error) {
	var buf [192]byte
	raw, err := strictBase64.AppendDecode(buf[:0], []byte(encoded))
	if err != nil {
		return Credentials{}, fmt.Errorf("malformed basic credentials: %w", ErrBadCredentials)
	}
	text := string(raw)
	if !utf8.ValidString(text) {
		text = fromLatin1(raw)
	}
	user, password, ok := strings.Cut(text, ":")
	if !ok || strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return Credentials{}, fmt.Errorf("malformed basic credentials: %w", ErrBadCredentials)
	}
	return Credentials{Scheme: SchemeBasic, User: user, Secret: NewSecret(password)}, nil
}

func fromLatin1(raw []byte) string {
	var b strings.Builder
	for _, c := range raw {
		b.WriteRune(rune(c))
	}
	return b.String()
}
