package session

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/go-json-experiment/json"

	"mlgate/auth"
	"mlgate/auth/store"
)

// keySize is the length of a seal key in bytes.
const keySize = 32

// Secrets are what a session keeps for the provider's eyes alone.
type Secrets struct {
	// RefreshToken asks the provider anew; empty: it gave none. The standing session
	// keeps it.
	RefreshToken string `json:"refresh,omitzero"`
	// IDToken is shown to the provider at sign-out, so that it asks nothing.
	IDToken string `json:"id,omitzero"`
	// Mark is what the password file said of the user at sign-in.
	Mark string `json:"mark,omitzero"`
}

// Seal encrypts for this gate's own later reading. What is sealed for one
// purpose does not open for another.
type Seal struct{ keys atomic.Pointer[[]cipher.AEAD] }

// NewSeal returns a Seal with these keys, or with none until [Seal.Use]: then it
// opens nothing and seals nothing.
func NewSeal(keys ...[]byte) (*Seal, error) {
	s := &Seal{}
	return s, s.Use(keys)
}

// Use takes the gate's seal keys: the first seals from now on, all open. What
// seals here is derived from them, so that nothing sealed elsewhere with the same
// keys opens here.
func (s *Seal) Use(keys [][]byte) error {
	var list []cipher.AEAD
	for _, key := range keys {
		if len(key) != keySize {
			return fmt.Errorf("seal of sessions: want keys of %d bytes, got %d", keySize, len(key))
		}
		own, err := hkdf.Key(sha256.New, key, nil, "mlgate sessions", keySize)
		if err != nil {
			return fmt.Errorf("seal of sessions: %w", err)
		}
		block, err := aes.NewCipher(own)
		if err != nil {
			return fmt.Errorf("seal of sessions: %w", err)
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return fmt.Errorf("seal of sessions: %w", err)
		}
		list = append(list, aead)
	}
	s.keys.Store(&list)
	return nil
}

// Close seals a value, as JSON, for a purpose.
func (s *Seal) Close(purpose string, value any) ([]byte, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	keys := *s.keys.Load()
	if len(keys) == 0 {
		return nil, fmt.Errorf("seal of sessions: no key yet: %w", auth.ErrUnavailable)
	}
	return keys[0].Seal(nil, nil, text, []byte(purpose)), nil
}

// Open reads what Close sealed for the same purpose.
func (s *Seal) Open(purpose string, sealed []byte, into any) error {
	for _, key := range *s.keys.Load() {
		if text, err := key.Open(nil, nil, sealed, []byte(purpose)); err == nil {
			return json.Unmarshal(text, into)
		}
	}
	return errors.New("not sealed by this gate for this purpose")
}

// purposeOf binds secrets to their session: those of one cannot be put into
// another by who can write to the store.
func purposeOf(hash store.SessionHash) string { return "session " + string(hash[:]) }

// closeKept seals what a session keeps: Secrets, or the grants of a standing one.
func (s *Seal) closeKept(hash store.SessionHash, kept any) ([]byte, error) {
	return s.Close(purposeOf(hash), kept)
}

// openKept reads what a session keeps.
func (s *Seal) openKept(session *store.Session, into any) error {
	if s.Open(purposeOf(session.Hash), session.Sealed, into) != nil {
		return errors.New("open session: what it keeps was not sealed with this gate's key")
	}
	return nil
}

// newValue is a cookie's value: 256 random bits in 43 characters.
func newValue() string { return rand.Text() + rand.Text() }
