package workload

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"mlgate/auth"
)

// defaultMaxKeyAge is how long keys count that could not be asked for again.
const defaultMaxKeyAge = 24 * time.Hour

// Source says where the keys of one issuer come from.
type Source struct {
	// Issuer as its tokens name it. Without more, its keys are found by OpenID
	// discovery below this URL.
	Issuer string
	// JWKSURL is where the keys are, for issuers that cannot be asked.
	JWKSURL string
	// JWKS is a key set that somebody fetched. It never becomes too old, and
	// nobody is asked for another one.
	JWKS []byte
	// CA are PEM certificates that may sign the issuer's own, beside those of the
	// system.
	CA []byte
	// MaxKeyAge is how long the last keys count while the issuer does not answer;
	// zero: 24 hours.
	MaxKeyAge time.Duration
}

// resolvedSource is a Source that was checked.
type resolvedSource struct {
	Source
	keys  *keySet        // of JWKS; nil: they are fetched
	roots *x509.CertPool // nil: those of the system
}

func (s Source) resolve() (*resolvedSource, error) {
	r := &resolvedSource{Source: s}
	if r.MaxKeyAge <= 0 {
		r.MaxKeyAge = defaultMaxKeyAge
	}
	if s.JWKSURL != "" && s.JWKS != nil {
		return nil, errors.New("both a URL and a file of keys")
	}
	asked := s.Issuer // a key set that is there needs no URL
	if s.JWKSURL != "" {
		asked = s.JWKSURL
	}
	var err error
	if s.JWKS != nil {
		r.keys, err = parseKeys(s.JWKS, time.Time{})
	} else {
		err = checkURL(asked)
	}
	if err != nil {
		return nil, err
	}
	if s.CA != nil {
		if r.roots, err = x509.SystemCertPool(); err != nil {
			r.roots = x509.NewCertPool()
		}
		if !r.roots.AppendCertsFromPEM(s.CA) {
			return nil, errors.New("no PEM certificate in the CA file")
		}
	}
	return r, nil
}

// checkURL wants https: whoever can answer for the issuer can sign in as anybody.
// Within the machine plain http will do.
func checkURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("%q: want a URL like https://issuer.example.org", text)
	case u.Scheme == "https", u.Scheme == "http" && auth.Loopback(u.Hostname()):
		return nil
	}
	return fmt.Errorf("%q: want https: keys that came in the clear could be anybody's", text)
}

// print tells sources apart: one that is the same after a reload keeps its keys.
func (s *resolvedSource) print() string {
	return fmt.Sprintf("%q %q %q %q %d", s.Issuer, s.JWKSURL, s.JWKS, s.CA, s.MaxKeyAge)
}

// discoveryURL is where an issuer describes itself.
func (s *resolvedSource) discoveryURL() string {
	return strings.TrimSuffix(s.Issuer, "/") + "/.well-known/openid-configuration"
}
