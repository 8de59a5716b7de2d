package workload

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
)

const (
	// fetchTimeout bounds one look for keys, discovery included. A job may wait
	// for it.
	fetchTimeout = 5 * time.Second
	// maxAnswer bounds what is read of an issuer's answer.
	maxAnswer = 1 << 20
)

// newClient returns a client that follows no redirect: what an issuer says of
// itself is at its own address or nowhere.
func newClient(s *resolvedSource) *http.Client {
	transport := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		TLSClientConfig:        &tls.Config{RootCAs: s.roots, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: 64 << 10,
		DisableKeepAlives:      true, // asked a few times an hour
	}
	return &http.Client{
		Transport: transport, Timeout: fetchTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("it answers with a redirect") },
	}
}

// fetchKeys asks for the keys of an issuer.
func fetchKeys(ctx context.Context, client *http.Client, s *resolvedSource, now func() time.Time) (*keySet, error) {
	at := s.JWKSURL
	if at == "" {
		var err error
		if at, err = discover(ctx, client, s); err != nil {
			return nil, err
		}
	}
	asked := now()
	raw, err := get(ctx, client, at)
	if err != nil {
		return nil, err
	}
	set, err := parseKeys(raw, asked)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", at, err)
	}
	return set, nil
}

// discover finds where the keys are. The description must be of this very
// issuer: one copied from another would have us trust the other's keys.
func discover(ctx context.Context, client *http.Client, s *resolvedSource) (string, error) {
	at := s.discoveryURL()
	raw, err := get(ctx, client, at)
	if err != nil {
		return "", err
	}
	var about struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(raw, &about); err != nil {
		return "", fmt.Errorf("%s: not an OpenID description", at)
	}
	if about.Issuer != s.Issuer {
		return "", fmt.Errorf("%s: it describes the issuer %q, not %q", at, about.Issuer, s.Issuer)
	}
	if err := checkURL(about.Keys); err != nil {
		return "", fmt.Errorf("%s: jwks_uri: %w", at, err)
	}
	return about.Keys, nil
}

func get(ctx context.Context, client *http.Client, at string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return nil, err // it names the URL
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: answers %s", at, resp.Status)
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", at, err)
	}
	if len(raw) > maxAnswer {
		return nil, fmt.Errorf("%s: answers with more than %d bytes", at, maxAnswer)
	}
	return raw, nil
}
