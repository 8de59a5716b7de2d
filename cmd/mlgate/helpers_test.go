package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// fetchMain is `fetch [-u user:password] [-ca FILE] [-until TEXT] METHOD URL [BODY]`:
// it prints status and body. With -until it asks again, for up to ten seconds,
// until the answer holds TEXT; it fails if it never does, and, without -until,
// if the status is 400 or more.
func fetchMain() {
	user := flag.String("u", "", "")
	ca := flag.String("ca", "", "")
	until := flag.String("until", "", "")
	within := flag.Duration("within", 10*time.Second, "")
	flag.Parse()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool(*ca)}, DisableKeepAlives: true}}
	for deadline := time.Now().Add(*within); ; time.Sleep(10 * time.Millisecond) {
		status, text, err := fetch(client, *user)
		found := strings.Contains(text, *until)
		switch {
		case *until != "" && (err != nil || !found) && time.Now().Before(deadline):
			continue
		case err != nil:
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Print(text)
		if *until == "" && status >= 400 || !found {
			os.Exit(1)
		}
		return
	}
}

func fetch(client *http.Client, user string) (int, string, error) {
	req, err := http.NewRequest(flag.Arg(0), flag.Arg(1), strings.NewReader(flag.Arg(2)))
	if err != nil {
		return 0, "", err
	}
	if name, password, ok := strings.Cut(user, ":"); ok {
		req.SetBasicAuth(name, password)
	}
	if flag.Arg(2) != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, fmt.Sprintf("%s\n%s", resp.Status, body), err
}

func pool(file string) *x509.CertPool {
	if file == "" {
		return nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	certs := x509.NewCertPool()
	certs.AppendCertsFromPEM(content)
	return certs
}

// selfSignedMain is `selfsigned NAME CERT KEY`: it writes a certificate for
// 127.0.0.1 with this common name.
func selfSignedMain() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	exitOn(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: os.Args[1]},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	exitOn(err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	exitOn(err)
	exitOn(os.WriteFile(os.Args[2], pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}), 0o600))
	exitOn(os.WriteFile(os.Args[3], pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
