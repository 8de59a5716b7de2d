package oidctest_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"mlgate/auth/oidc/oidctest"
)

func start(t *testing.T, o oidctest.Options) *oidctest.Provider {
	t.Helper()
	p, err := oidctest.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// get returns status, where it redirects to, and the body.
func get(t *testing.T, address string) (int, string, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := browser.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Location"), string(body)
}

func request(change func(url.Values)) string {
	q := url.Values{
		"client_id": {"mlgate"}, "redirect_uri": {"http://127.0.0.1:1/cb"}, "response_type": {"code"},
		"scope": {"openid"}, "state": {`"><script>`}, "code_challenge": {"c"}, "code_challenge_method": {"S256"},
	}
	change(q)
	return "/authorize?" + q.Encode()
}

func TestTheDemoPageHasAButtonForEachUserAndNoScript(t *testing.T) {
	t.Parallel()
	p := start(t, oidctest.Options{Users: []oidctest.User{{Name: "alice"}, {Name: "bob"}}})
	status, _, page := get(t, p.Issuer()+request(func(url.Values) {}))
	if status != http.StatusOK || strings.Count(page, "<button") != 2 || strings.Contains(page, "<script") {
		t.Errorf("got %d %s", status, page)
	}
	for _, want := range []string{`value="alice">alice`, `value="bob">bob`, `name="code_challenge" value="c"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not hold %s", want)
		}
	}
	if strings.Contains(page, `name="login_hint" value=""`) {
		t.Error("an empty login_hint would be sent beside the button's")
	}
}

func TestRequestsThatAnHonestProviderRefusesAreRefused(t *testing.T) {
	t.Parallel()
	p := start(t, oidctest.Options{Users: []oidctest.User{{Name: "alice"}, {Name: "gone", Disabled: true}}})
	for want, change := range map[string]func(url.Values){
		"unknown client_id":         func(q url.Values) { q.Set("client_id", "other") },
		"unknown redirect_uri":      func(q url.Values) { q.Set("redirect_uri", "https://evil.example/") },
		"error=invalid_request":     func(q url.Values) { q.Set("code_challenge_method", "plain") },
		"error=invalid_scope":       func(q url.Values) { q.Set("scope", "email") },
		"error=access_denied":       func(q url.Values) { q.Set("login_hint", "gone") },
		"error=access_denied&":      func(q url.Values) { q.Set("login_hint", "nobody") },
		"code=":                     func(q url.Values) { q.Set("login_hint", "alice") },
		"state=%22%3E%3Cscript%3E":  func(q url.Values) { q.Set("login_hint", "alice") },
		"iss=http%3A%2F%2F127.0.0.": func(q url.Values) { q.Set("login_hint", "alice") },
	} {
		_, location, body := get(t, p.Issuer()+request(change))
		if !strings.Contains(location+body, want) {
			t.Errorf("got %q %q, want %s", location, body, want)
		}
	}
}

func TestAProviderWithoutPasswordsServesLoopbackOnly(t *testing.T) {
	t.Parallel()
	if p, err := oidctest.Start(oidctest.Options{Listen: "0.0.0.0:0"}); err == nil {
		_ = p.Close()
		t.Error("serves everybody")
	}
}
