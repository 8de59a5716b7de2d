package redis

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"mlgate/auth/store"
)

// certificate writes a certificate that signs itself, and its key.
func certificate(t *testing.T) (cert, key string, pair tls.Certificate, roots *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "redis"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})
	if err := errors.Join(os.WriteFile(cert, certPEM, 0o600), os.WriteFile(key, keyPEM, 0o600)); err != nil {
		t.Fatal(err)
	}
	if pair, err = tls.X509KeyPair(certPEM, keyPEM); err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	roots.AppendCertsFromPEM(certPEM)
	return cert, key, pair, roots
}

func TestOverTLSNeitherSideTrustsWhomItDoesNotKnow(t *testing.T) {
	t.Parallel()
	needRedis(t)
	cert, key, pair, roots := certificate(t)
	number := strconv.Itoa(freePort(t))
	s := &server{addr: "127.0.0.1:" + number, args: []string{
		"--port", "0", "--tls-port", number, "--bind", "127.0.0.1", "--dir", t.TempDir(), "--save", "", "--loglevel", "warning",
		"--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert, "--tls-auth-clients", "yes",
	}}
	s.start(t)
	for name, c := range map[string]struct {
		tls  *tls.Config
		good bool
	}{
		"both known":     {&tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}}, true},
		"unknown server": {&tls.Config{Certificates: []tls.Certificate{pair}}, false},
		"unknown client": {&tls.Config{RootCAs: roots}, false},
		"in the clear":   {nil, false},
	} {
		db := openDB(t, Options{Addrs: []string{s.addr}, TLS: c.tls, Prefix: prefixOf(t)}, false)
		err := db.Ping(t.Context())
		if c.good && err != nil || !c.good && !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
