package e2e_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mlgate/auth/oidc/oidctest"
	"mlgate/proxy/mlflowtest"
)

// company is a gate with a company login: its alice is in the group vision, bob in
// language, and ada in admins; carl is in the password file alone.
type company struct {
	*stage

	idp *oidctest.Provider
}

const companyPolicy = `
p, group:vision,   cv/*,  edit
p, group:language, nlp/*, manage
p, group:admins,   *,     admin
p, user:carl,      cv/*,  read
`

func employee(name string, groups ...string) oidctest.User {
	return oidctest.User{Name: name, Claims: map[string]any{
		"preferred_username": name, "email": name + "@acme.example", "email_verified": true, "groups": groups,
	}}
}

// newCompany starts both. word keeps the names apart from other stages'; more is laid
// over the config.
func newCompany(t *testing.T, path, word string, more map[string]any) *company {
	t.Helper()
	idp := startIDP(t)
	config := map[string]any{"auth": map[string]any{"oidc": []any{loginAt(t, idp, "company")}}}
	for key, value := range more {
		config[key] = value
	}
	srv := live.Server(t)
	gate := mlflowtest.StartGate(t, srv.URL(), mlflowtest.GateOptions{
		Policy: companyPolicy, Users: map[string]string{"carl": "carl-1"}, Prefix: path, Config: config,
	})
	return &company{&stage{gate, srv, "cv/" + word, "nlp/" + word, "cv." + word, "nlp." + word}, idp}
}

func startIDP(t *testing.T) *oidctest.Provider {
	t.Helper()
	idp, err := oidctest.Start(oidctest.Options{Users: []oidctest.User{
		employee("alice", "vision"), employee("bob", "language"), employee("ada", "admins"), employee("carl"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = idp.Close() })
	return idp
}

// loginAt is a section of auth.oidc.
func loginAt(t *testing.T, idp *oidctest.Provider, name string) map[string]any {
	t.Helper()
	id, secret := idp.Client()
	file := filepath.Join(t.TempDir(), "client.secret")
	if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return map[string]any{
		"name": name, "display_name": "Acme", "issuer": idp.Issuer(), "client_id": id, "client_secret_file": file,
		"user_claim": "preferred_username", "groups_claim": "groups",
	}
}

// browser is what a browser does with cookies and headers. It follows no redirects.
type browser struct {
	t      *testing.T
	base   string
	client *http.Client
}

func newBrowser(t *testing.T, base string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: insecure()}
	t.Cleanup(transport.CloseIdleConnections)
	return &browser{t, base, &http.Client{
		Jar: jar, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// reply is an answer read whole.
type reply struct {
	*http.Response

	text string
}

// send sends a request to an address, or to a path below the gate. A body that is
// url.Values is a form, others are JSON; header are pairs.
func (b *browser) send(method, to string, body any, header ...string) reply {
	b.t.Helper()
	if strings.HasPrefix(to, "/") {
		to = b.base + to
	}
	var content io.Reader
	kind := ""
	switch body := body.(type) {
	case nil:
	case url.Values:
		content, kind = strings.NewReader(body.Encode()), "application/x-www-form-urlencoded"
	default:
		text, err := json.Marshal(body)
		if err != nil {
			b.t.Fatal(err)
		}
		content, kind = bytes.NewReader(text), "application/json"
	}
	req, err := http.NewRequestWithContext(b.t.Context(), method, to, content)
	if err != nil {
		b.t.Fatal(err)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return reply{resp, string(text)}
}

// navigate opens a page as the address bar does.
func (b *browser) navigate(to string) reply {
	b.t.Helper()
	return b.send("GET", to, nil, "Accept", "text/html", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Site", "none")
}

// begin goes as far as the provider, and returns the address that it sends the
// browser back to as a user.
func (b *browser) begin(user, provider, next string) string {
	b.t.Helper()
	there := b.navigate("/_gate/login/" + provider + "?" + url.Values{"next": {next}}.Encode())
	if there.StatusCode != http.StatusSeeOther {
		b.t.Fatalf("begin: got %d %s", there.StatusCode, there.text)
	}
	back := b.navigate(there.Header.Get("Location") + "&login_hint=" + user)
	if back.StatusCode != http.StatusFound {
		b.t.Fatalf("at the provider: got %d %s", back.StatusCode, back.text)
	}
	return back.Header.Get("Location")
}

// signIn signs a user in, and returns where the browser is sent then.
func (b *browser) signIn(user string) string {
	b.t.Helper()
	in := b.navigate(b.begin(user, "company", "/"))
	if in.StatusCode != http.StatusSeeOther {
		b.t.Fatalf("callback: got %d %s", in.StatusCode, in.text)
	}
	return in.Header.Get("Location")
}

// session is the cookie of the session, or nil.
func (b *browser) session() *http.Cookie {
	b.t.Helper()
	at, err := url.Parse(b.base)
	if err != nil {
		b.t.Fatal(err)
	}
	list := slices.DeleteFunc(b.client.Jar.Cookies(at), func(c *http.Cookie) bool { return strings.Contains(c.Name, "login") })
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// whoami is who the gate takes the browser for, empty if for nobody.
func (b *browser) whoami(header ...string) string {
	b.t.Helper()
	answer := b.send("GET", "/_gate/api/v1/whoami", nil, header...)
	var who struct {
		User   string   `json:"user"`
		Groups []string `json:"groups"`
	}
	if answer.StatusCode == http.StatusUnauthorized {
		return ""
	}
	if err := json.Unmarshal([]byte(answer.text), &who); err != nil || answer.StatusCode != http.StatusOK {
		b.t.Fatalf("whoami: got %d %s", answer.StatusCode, answer.text)
	}
	return strings.Join(append([]string{who.User}, who.Groups...), " ")
}

// same are the headers of a page's own call.
func same(b *browser) []string {
	at, _ := url.Parse(b.base)
	return []string{"Origin", at.Scheme + "://" + at.Host, "Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "cors"}
}
