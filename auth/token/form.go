package token

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"

	"mlgate/auth"
	"mlgate/auth/store"
)

// The form of a token is "mlg_", then these many characters of alphabet for
// the id, the secret and the checksum, 79 in all. One character carries 5
// bits: the secret has 260. There is no separator, so that a double click
// selects the whole.
const (
	idLength       = auth.TokenIDLength
	secretLength   = 52
	checksumLength = 7

	idEnd       = len(auth.TokenPrefix) + idLength
	secretEnd   = idEnd + secretLength
	tokenLength = secretEnd + checksumLength
)

// alphabet has digits and lower-case letters, without those that are mistaken
// for others (i, l, o, u). It needs no escaping in URLs, shells and headers.
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// errMalformed never quotes the text: it may be a token with one typo.
var errMalformed = fmt.Errorf("malformed API token (mistyped or cut off?): %w", auth.ErrBadCredentials)

// generate makes a new token.
func generate(rand io.Reader) (id string, text auth.Secret, err error) {
	random := make([]byte, idLength+secretLength)
	if _, err := io.ReadFull(rand, random); err != nil {
		return "", auth.Secret{}, fmt.Errorf("make token: %w", err)
	}
	var b strings.Builder
	b.WriteString(auth.TokenPrefix)
	for _, r := range random {
		b.WriteByte(alphabet[r%32]) // 256 is a multiple of 32: no bias
	}
	body := b.String()
	return body[len(auth.TokenPrefix):idEnd], auth.NewSecret(body + checksum(body)), nil
}

// checksum lets a mistyped token be told from a wrong one without asking the
// store, and lets scanners that look for leaked secrets recognise ours. It
// protects nothing.
func checksum(body string) string {
	sum := crc32.ChecksumIEEE([]byte(body))
	var out [checksumLength]byte
	for i := range out {
		out[checksumLength-1-i] = alphabet[sum%32]
		sum /= 32
	}
	return string(out[:])
}

// decode returns the id of a well-formed token.
func decode(text string) (id string, err error) {
	if len(text) != tokenLength || !strings.HasPrefix(text, auth.TokenPrefix) {
		return "", errMalformed
	}
	for i := len(auth.TokenPrefix); i < tokenLength; i++ {
		if strings.IndexByte(alphabet, text[i]) < 0 {
			return "", errMalformed
		}
	}
	if checksum(text[:secretEnd]) != text[secretEnd:] {
		return "", errMalformed
	}
	return text[len(auth.TokenPrefix):idEnd], nil
}

// hash covers the whole text, so that no part of a token can be exchanged for
// another's.
func hash(text string) store.TokenHash {
	return sha256.Sum256([]byte(text))
}

var errID = errors.New("malformed token id")

// checkID refuses ids that no token can have, before they reach a store.
func checkID(id string) error {
	if len(id) != idLength || strings.Trim(id, alphabet) != "" {
		return errID
	}
	return nil
}
