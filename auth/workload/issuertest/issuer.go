package issuertest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	jose "github.com/go-jose/go-jose/v4"
)

// Issuer is one running issuer. It ends with its test.
type Issuer struct {
	server *httptest.Server

	mu      sync.Mutex
	keys    []Key
	answer  Answer
	fetches int
}

// Key is one key pair of an issuer.
type Key struct {
	// ID is the kid under which it is published; empty: none.
	ID string
	// Alg it signs with, as JOSE names it: ES256.
	Alg string
	// Private half of it.
	Private crypto.Signer
}

// Answer is how an issuer answers; the zero value is as it should.
type Answer struct {
	// Down answers 503 to all, with the right words behind it.
	Down bool
	// Gate, if not nil, holds every answer back until it is closed.
	Gate chan struct{}
	// Issuer is what discovery says instead of the true one.
	Issuer string
	// KeysURL is where discovery says that the keys are.
	KeysURL string
	// Keys, if not nil, is the key set in the place of the true one.
	Keys []byte
	// RedirectTo sends the question for keys elsewhere.
	RedirectTo string
}

// Start starts an issuer with one key, "k1" for ES256.
func Start(t testing.TB) *Issuer {
	t.Helper()
	i := &Issuer{}
	i.keys = []Key{NewKey(t, "k1")}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", i.discovery)
	mux.HandleFunc("GET /keys", i.keySet)
	i.server = httptest.NewServer(mux)
	t.Cleanup(i.server.Close)
	return i
}

// NewKey makes a key pair for ES256.
func NewKey(t testing.TB, id string) Key {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return Key{ID: id, Alg: "ES256", Private: private}
}

// URL is the issuer's name.
func (i *Issuer) URL() string { return i.server.URL }

// KeysURL is where its keys are.
func (i *Issuer) KeysURL() string { return i.server.URL + "/keys" }

// Key is the key that signs: the last one.
func (i *Issuer) Key() Key {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.keys[len(i.keys)-1]
}

// SetKeys puts keys in the place of all others; the last one signs.
func (i *Issuer) SetKeys(keys ...Key) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = keys
}

// Answers changes how the issuer answers from now on.
func (i *Issuer) Answers(a Answer) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.answer = a
}

// Fetches is how often its keys were asked for.
func (i *Issuer) Fetches() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fetches
}

// begin waits and fails as told.
func (i *Issuer) begin(w http.ResponseWriter, r *http.Request) Answer {
	i.mu.Lock()
	a := i.answer
	i.mu.Unlock()
	if a.Gate != nil {
		select {
		case <-a.Gate:
		case <-r.Context().Done():
		}
	}
	if a.Down {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	return a
}

func (i *Issuer) discovery(w http.ResponseWriter, r *http.Request) {
	a := i.begin(w, r)
	about := map[string]string{"issuer": i.URL(), "jwks_uri": i.KeysURL()}
	if a.Issuer != "" {
		about["issuer"] = a.Issuer
	}
	if a.KeysURL != "" {
		about["jwks_uri"] = a.KeysURL
	}
	_ = json.NewEncoder(w).Encode(about) // a client that has gone needs no answer
}

func (i *Issuer) keySet(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	i.fetches++
	i.mu.Unlock()
	a := i.begin(w, r)
	switch {
	case a.RedirectTo != "":
		http.Redirect(w, r, a.RedirectTo, http.StatusFound)
	case a.Keys != nil:
		_, _ = w.Write(a.Keys)
	default:
		_, _ = w.Write(i.JWKS())
	}
}

// JWKS is the public key set.
func (i *Issuer) JWKS() []byte {
	i.mu.Lock()
	defer i.mu.Unlock()
	return JWKS(i.keys...)
}

// JWKS writes the public halves of keys as a set.
func JWKS(keys ...Key) []byte {
	var set jose.JSONWebKeySet
	for _, k := range keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: k.Private.Public(), KeyID: k.ID, Algorithm: k.Alg, Use: "sig"})
	}
	raw, err := json.Marshal(set)
	if err != nil {
		panic(err) // keys of our own making can be written
	}
	return raw
}
