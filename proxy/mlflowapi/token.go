package mlflowapi

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/maypok86/otter/v2"
)

// Sealer seals the page tokens that mlgate makes: they count rows that their
// holder may not know of, and must not be made up. So it does the ids of uploads,
// see [World.SealUpload].
type Sealer struct{ keys []cipher.AEAD }

// NewSealer takes keys of 32 bytes; every replica needs the same. The first one
// seals, and all open: while keys are changed, listings that are under way go on.
func NewSealer(keys [][]byte) (*Sealer, error) {
	if len(keys) == 0 {
		return nil, errors.New("make page token cipher: no key")
	}
	s := &Sealer{}
	for _, key := range keys {
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, fmt.Errorf("make page token cipher: %w", err)
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, fmt.Errorf("make page token cipher: %w", err)
		}
		s.keys = append(s.keys, aead)
	}
	return s, nil
}

func (s *Sealer) seal(b []byte) []byte { return s.keys[0].Seal(nil, nil, b, nil) }

func (s *Sealer) open(sealed []byte) (b []byte, err error) {
	for _, key := range s.keys {
		if b, err = key.Open(nil, nil, sealed, nil); err == nil {
			return b, nil
		}
	}
	return nil, err
}

// pageToken is where each stream of a search stands; -1: at its end.
type pageToken struct {
	Endpoint string `json:"e"`
	Scope    string `json:"s"`
	Offsets  []int  `json:"o"`
}

func (p *page) token(scope Scope) string {
	t := pageToken{p.call.Endpoint.Name, scope.Key + p.shape, nil}
	for _, s := range p.streams {
		at := s.next
		if s.done && len(s.rows) == 0 {
			at = -1
		} else if len(s.rows) == 0 {
			at = s.offset
		}
		t.Offsets = append(t.Offsets, at)
	}
	return p.w.Seal.write(t)
}

// offsets opens the request's page token; nil: it has none.
func (p *page) offsets(scope Scope) ([]int, error) {
	s := p.call.args.text("page_token")
	if s == "" {
		return nil, nil
	}
	var t pageToken
	if !p.w.Seal.read(s, &t) || t.Endpoint != p.call.Endpoint.Name {
		return nil, Bad("Invalid page token, could not base64-decode")
	}
	if t.Scope != scope.Key+p.shape || len(t.Offsets) != len(p.streams) {
		return nil, Bad("the page token was made under other rights; start the search again")
	}
	return t.Offsets, nil
}

// write makes a page token.
func (s *Sealer) write(t any) string {
	b, _ := json.Marshal(t)
	return base64.RawURLEncoding.EncodeToString(s.seal(b))
}

// read opens a page token; false: it is none of ours.
func (s *Sealer) read(token string, into any) bool {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil {
		b, err = s.open(b)
	}
	return err == nil && json.Unmarshal(b, into) == nil
}

// FilterCache remembers which search arguments MLflow has found good, so that
// it is asked only once about each.
type FilterCache struct {
	c *otter.Cache[string, struct{}]
}

// NewFilterCache remembers up to most searches.
func NewFilterCache(most int) *FilterCache {
	return &FilterCache{otter.Must(&otter.Options[string, struct{}]{MaximumSize: most})}
}

func (f *FilterCache) has(key string) bool {
	_, ok := f.c.GetIfPresent(key)
	return ok
}

func (f *FilterCache) add(key string) { f.c.Set(key, struct{}{}) }
