package session

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"mlgate/auth/store"
)

// KeySize is the length of the key that seals, for store.Keys.
const KeySize = 32

// Secrets are what a session keeps for the provider's eyes alone.
type Secrets struct {
	// RefreshToken asks the provider anew; empty: it gave none.
	RefreshToken string `json:"refresh,omitzero"`
	// IDToken is shown to the provider at sign-out, so that it asks nothing.
	IDToken string `json:"id,omitzero"`
	// Mark is what the password file said of the user at sign-in.
	Mark string `json:"mark,omitzero"`
}

// Seal encrypts for this gate's own later reading. What is sealed for one
// purpose does not open for another.
type Seal struct{ aead cipher.AEAD }

// NewSeal takes a key of KeySize bytes.
func NewSeal(key []byte) (*Seal, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("seal of sessions: want a key of %d bytes, got %d", KeySize, len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("seal of sessions: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("seal of sessions: %w", err)
	}
	return &Seal{aead}, nil
}

// Close seals text for a purpose.
func (s *Seal) Close(purpose string, text []byte) []byte {
	return s.aead.Seal(nil, nil, text, []byte(purpose))
}

// Open gives back what Close sealed for the same purpose.
func (s *Seal) Open(purpose string, sealed []byte) ([]byte, error) {
	text, err := s.aead.Open(nil, nil, sealed, []byte(purpose))
	if err != nil {
		return nil, errors.New("not sealed by this gate for this purpose")
	}
	return text, nil
}

// purposeOf binds secrets to their session: those of one cannot be put into
// another by who can write to the store.
func purposeOf(hash store.SessionHash) string { return "session " + string(hash[:]) }

func (s *Seal) closeSecrets(hash store.SessionHash, secrets Secrets) ([]byte, error) {
	text, err := json.Marshal(secrets)
	if err != nil {
		return nil, fmt.Errorf("seal session: %w", err)
	}
	return s.Close(purposeOf(hash), text), nil
}

func (s *Seal) openSecrets(session *store.Session) (Secrets, error) {
	var secrets Secrets
	text, err := s.Open(purposeOf(session.Hash), session.Sealed)
	if err == nil {
		err = json.Unmarshal(text, &secrets)
	}
	if err != nil {
		return Secrets{}, errors.New("open session: what it keeps was not sealed with this gate's key")
	}
	return secrets, nil
}

// newValue is a cookie's value: 256 random bits in 43 characters.
func newValue() string { return rand.Text() + rand.Text() }
