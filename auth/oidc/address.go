package oidc

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// safeURL parses an absolute URL that secrets may be sent to: https, or http
// on this machine only.
func safeURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case text == "":
		return nil, errors.New("is missing")
	case err != nil:
		return nil, fmt.Errorf("%q is no URL", text)
	case u.Host == "" || u.User != nil || u.Fragment != "":
		return nil, fmt.Errorf("%q: write scheme, host and path, without user and fragment", text)
	case u.Scheme == "https":
		return u, nil
	case u.Scheme == "http" && loopback(u.Hostname()):
		return u, nil
	}
	return nil, fmt.Errorf("%q: use https (http only on loopback)", text)
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// short makes text of a provider fit for a log.
func short(text string) string {
	if len(text) > 120 {
		text = text[:120] + "…"
	}
	return fmt.Sprintf("%q", text)
}
