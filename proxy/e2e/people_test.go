package e2e_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mlgate/auth/oidc/oidctest"
	"mlgate/proxy/mlflowtest"
)

// insecure takes the self-signed certificate of a test.
func insecure() *tls.Config { return &tls.Config{InsecureSkipVerify: true} } // #nosec G402 -- loopback

func TestACompanyLoginSeesAndChangesItsOwnTeamAlone(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", "/mlflow"} {
		t.Run("at "+path+"/", func(t *testing.T) {
			t.Parallel()
			c := newCompany(t, path, "login"+strings.Trim(path, "/"), nil)
			alice, bob := newBrowser(t, c.gate.URL()), newBrowser(t, c.gate.URL())
			if at := alice.signIn("alice"); at != path+"/" {
				t.Errorf("after signing in alice is sent to %s", at)
			}
			bob.signIn("bob")
			if got := alice.whoami(); got != "alice vision" {
				t.Errorf("alice is %q", got)
			}
			for _, one := range []struct {
				who    *browser
				name   string
				status int
			}{{alice, c.team, 200}, {bob, c.nlp, 200}, {alice, c.nlp + "/x", 403}, {bob, c.team + "/x", 403}} {
				made := one.who.send("POST", "/ajax-api/2.0/mlflow/experiments/create", map[string]string{"name": one.name}, same(one.who)...)
				if made.StatusCode != one.status {
					t.Errorf("%s: got %d %s, want %d", one.name, made.StatusCode, made.text, one.status)
				}
			}
			list := alice.send("POST", "/ajax-api/2.0/mlflow/experiments/search", map[string]any{"max_results": 1000}, same(alice)...)
			if !strings.Contains(list.text, c.team) || strings.Contains(list.text, "nlp/") {
				t.Errorf("alice sees %s", list.text)
			}
			if page := alice.navigate("/"); page.StatusCode != 200 || !strings.Contains(page.text, "<title>MLflow</title>") {
				t.Errorf("MLflow's page: got %d", page.StatusCode)
			}
		})
	}
}

func TestAPasswordSignsInOnThePageAndAWrongOneIsToldSo(t *testing.T) {
	t.Parallel()
	c := newCompany(t, "", "form", nil)
	b := newBrowser(t, c.gate.URL())
	page := b.navigate("/_gate/login?next=/_gate/account")
	for _, want := range []string{"Sign in with Acme", `name="password"`, `value="/_gate/account"`} {
		if !strings.Contains(page.text, want) {
			t.Errorf("the page has no %s:\n%s", want, page.text)
		}
	}
	form := url.Values{"user": {"carl"}, "password": {"wrong"}, "next": {"/_gate/account"}}
	if no := b.send("POST", "/_gate/login", form, same(b)...); no.StatusCode != 403 || !strings.Contains(no.text, "not right") || b.session() != nil {
		t.Errorf("a wrong password: got %d %v", no.StatusCode, b.session())
	}
	form.Set("password", "carl-1")
	in := b.send("POST", "/_gate/login", form, same(b)...)
	if in.StatusCode != 303 || in.Header.Get("Location") != "/_gate/account" || b.whoami() != "carl" {
		t.Errorf("got %d to %q as %q", in.StatusCode, in.Header.Get("Location"), b.whoami())
	}
}

func TestWhoIsNotSignedInIsSentToSignInOnlyWhereAPersonWaits(t *testing.T) {
	t.Parallel()
	c := newCompany(t, "/mlflow", "nobody", nil)
	b := newBrowser(t, c.gate.URL())
	page := b.navigate("/?a=b")
	if page.StatusCode != 303 || page.Header.Get("Location") != "/mlflow/_gate/login?next=%2F%3Fa%3Db" {
		t.Errorf("a page: got %d to %s", page.StatusCode, page.Header.Get("Location"))
	}
	for name, header := range map[string][]string{
		"a client":        {"Accept", "*/*"},
		"a page's call":   {"Sec-Fetch-Mode", "cors", "Sec-Fetch-Site", "same-origin", "Accept", "text/html"},
		"a client's lie":  {"Accept", "text/html", "Authorization", "Basic YTpi"},
		"a broken cookie": {"Cookie", "mlgate=x", "Accept", "application/json"},
	} {
		answer := b.send("GET", "/ajax-api/2.0/mlflow/experiments/get?experiment_id=0", nil, header...)
		challenge := answer.Header.Get("WWW-Authenticate")
		if answer.StatusCode != 401 || !strings.Contains(answer.text, `"UNAUTHENTICATED"`) || challenge == "" {
			t.Errorf("%s: got %d %s", name, answer.StatusCode, answer.text)
		}
		if dialog := strings.HasPrefix(challenge, "Basic"); dialog == (name == "a page's call") {
			t.Errorf("%s: got the challenge %s", name, challenge)
		}
	}
	if posted := b.send("POST", "/ajax-api/2.0/mlflow/experiments/create", map[string]string{"name": "cv/x"}, "Accept", "text/html"); posted.StatusCode != 401 {
		t.Errorf("a POST: got %d", posted.StatusCode)
	}
}

func TestWhatTheProviderSaysCountsAfterARefresh(t *testing.T) {
	t.Parallel()
	c := newCompany(t, "", "refresh", map[string]any{"sessions": map[string]any{"refresh": "1s", "max_group_age": "3s"}})
	alice := newBrowser(t, c.gate.URL())
	alice.signIn("alice")
	c.idp.SetUser(employee("alice", "language"))
	until(t, "alice's new group counts", func() bool { return alice.whoami() == "alice language" })

	asked := c.idp.Requests("/token")
	time.Sleep(1100 * time.Millisecond)
	began := time.Now()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { alice.whoami() })
	}
	all.Wait()
	// On a slow machine the groups may be due again before all are answered.
	if n, most := c.idp.Requests("/token")-asked, 1+int(time.Since(began)/time.Second); n > most {
		t.Errorf("20 requests at once asked the provider %d times, want %d at most", n, most)
	}

	c.idp.Misbehave(oidctest.Faults{Down: true})
	until(t, "groups that are too old are refused", func() bool {
		answer := alice.send("GET", "/_gate/api/v1/whoami", nil)
		return answer.StatusCode == 503 && strings.Contains(answer.text, "TEMPORARILY_UNAVAILABLE")
	})
	c.idp.Misbehave(oidctest.Faults{})
	disabled := employee("alice", "language")
	disabled.Disabled = true
	c.idp.SetUser(disabled)
	// A provider that was down is left alone for a while: a new session is asked about sooner.
	c.idp.SetUser(employee("bob", "language"))
	bob := newBrowser(t, c.gate.URL())
	bob.signIn("bob")
	gone := employee("bob", "language")
	gone.Disabled = true
	c.idp.SetUser(gone)
	until(t, "bob, who is disabled, is out", func() bool { return bob.whoami() == "" })
	c.idp.SetUser(employee("bob", "language"))
	if bob.whoami() != "" {
		t.Error("a session that was ended came back")
	}
}

// until waits for something that takes a while.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after 30 s: not yet: %s", what)
		}
	}
}

func TestSignOutEndsTheSessionHereAndLeadsToTheProvider(t *testing.T) {
	t.Parallel()
	c := newCompany(t, "/mlflow", "out", nil)
	b := newBrowser(t, c.gate.URL())
	b.signIn("alice")
	stolen := b.session()
	if page := b.navigate("/_gate/logout"); page.StatusCode != 200 || b.whoami() == "" {
		t.Error("a link alone signed alice out")
	}
	out := b.send("POST", "/_gate/logout", url.Values{}, same(b)...)
	if out.StatusCode != 200 || b.session() != nil {
		t.Errorf("got %d, cookie %v", out.StatusCode, b.session())
	}
	want := `content="0;url=` + c.idp.Issuer() + `/logout?client_id=mlgate&amp;id_token_hint=`
	if !strings.Contains(out.text, want) || !strings.Contains(out.text, url.QueryEscape(c.gate.URL()+"/_gate/login")) {
		t.Errorf("the page does not lead to the provider:\n%s", out.text)
	}
	if who := b.whoami("Cookie", stolen.String()); who != "" {
		t.Errorf("after the sign-out the cookie is still %s's", who)
	}
	if again := b.send("POST", "/_gate/logout", url.Values{}, same(b)...); again.StatusCode != 200 {
		t.Errorf("pressed twice: got %d", again.StatusCode)
	}
}

func TestTheProviderEndsSessions(t *testing.T) {
	t.Parallel()
	c := newCompany(t, "", "backchannel", nil)
	alice, bob := newBrowser(t, c.gate.URL()), newBrowser(t, c.gate.URL())
	alice.signIn("alice")
	bob.signIn("bob")
	token := c.idp.LogoutToken(oidctest.Logout{User: "alice"})
	anybody := newBrowser(t, c.gate.URL())
	post := func(text string) int {
		return anybody.send("POST", "/_gate/backchannel/company", url.Values{"logout_token": {text}}).StatusCode
	}
	if status := post(token[:len(token)-4] + "AAAA"); status != 400 || alice.whoami() == "" {
		t.Errorf("a forged token: got %d", status)
	}
	if status := post(token); status != 200 || alice.whoami() != "" || bob.whoami() == "" {
		t.Errorf("got %d, alice is %q, bob %q", status, alice.whoami(), bob.whoami())
	}
	alice.signIn("alice")
	if status := post(token); status != 400 || alice.whoami() == "" {
		t.Errorf("a token used twice: got %d", status)
	}
	if status := post(c.idp.LogoutToken(oidctest.Logout{SID: c.idp.Sessions("alice")[0]})); status != 200 {
		t.Errorf("by session: got %d", status)
	}
}

func TestSessionsAreListedAndEndedByTheirOwnerAndByAdmins(t *testing.T) {
	t.Parallel()
	c := newCompany(t, "", "sessions", nil)
	alice, bob, ada := newBrowser(t, c.gate.URL()), newBrowser(t, c.gate.URL()), newBrowser(t, c.gate.URL())
	alice.signIn("alice")
	bob.signIn("bob")
	ada.signIn("ada")
	list := alice.send("GET", "/_gate/api/v1/sessions", nil)
	id := field(list.text, "id")
	if line := c.gate.Lines("call"); line[len(line)-1]["session_id"] != id || line[len(line)-1]["sign_in"] != "session" {
		t.Errorf("the call's line is %v, want the session in it", line[len(line)-1])
	}
	if list.StatusCode != 200 || id == "" || strings.Contains(list.text, alice.session().Value) || !strings.Contains(list.text, `"current":true`) {
		t.Fatalf("got %d %s", list.StatusCode, list.text)
	}
	for _, who := range []*browser{bob, newBrowser(t, c.gate.URL())} {
		for _, query := range []string{"", "?user=alice"} {
			if no := who.send("DELETE", "/_gate/api/v1/sessions/"+id+query, nil, same(who)...); no.StatusCode < 400 || alice.whoami() == "" {
				t.Errorf("another ended alice's session by %q: %d", query, no.StatusCode)
			}
			who.send("POST", "/_gate/sessions/"+id+query, url.Values{}, same(who)...)
		}
		if got := who.send("GET", "/_gate/api/v1/sessions?user=alice", nil); got.StatusCode < 400 {
			t.Errorf("another sees alice's sessions: %s", got.text)
		}
	}
	if alice.whoami() == "" {
		t.Fatal("another ended alice's session")
	}
	if page := ada.navigate("/_gate/sessions?user=alice"); !strings.Contains(page.text, "/_gate/sessions/"+id+"?user=alice") {
		t.Errorf("the admin's page has no button:\n%s", page.text)
	}
	if out := ada.send("POST", "/_gate/sessions/"+id+"?user=alice", url.Values{}, same(ada)...); out.StatusCode != 303 || alice.whoami() != "" {
		t.Errorf("the admin: got %d, alice is %q", out.StatusCode, alice.whoami())
	}
}

// field is the first text of a name in JSON.
func field(text, name string) string {
	_, rest, _ := strings.Cut(text, `"`+name+`":"`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

func TestOverHTTPSTheCookieIsBoundToTheHost(t *testing.T) {
	t.Parallel()
	certificate, key := selfSigned(t)
	c := newCompany(t, "", "https", map[string]any{"external_url": nil, "tls": map[string]any{"cert_file": certificate, "key_file": key}})
	b := newBrowser(t, "https"+strings.TrimPrefix(c.gate.URL(), "http"))
	in := b.navigate(b.begin("alice", "company", "/"))
	cookie := ""
	for _, line := range in.Header.Values("Set-Cookie") {
		if !strings.Contains(line, "login") {
			cookie = line
		}
	}
	for _, want := range []string{"__Host-mlgate=", "; Path=/;", "; HttpOnly", "; Secure", "; SameSite=Lax"} {
		if !strings.Contains(cookie, want) || strings.Contains(cookie, "Domain") {
			t.Errorf("got %q, want %s and no Domain in it", cookie, want)
		}
	}
	if got := b.whoami(); got != "alice vision" {
		t.Errorf("got %q", got)
	}
}

func TestACompanyLoginComesAndGoesWithAReload(t *testing.T) {
	t.Parallel()
	c := newCompany(t, "", "reload", nil)
	b := newBrowser(t, c.gate.URL())
	b.signIn("alice")
	text, err := os.ReadFile(c.gate.ConfigFile())
	if err != nil {
		t.Fatal(err)
	}
	other := strings.Replace(string(text), "company", "elsewhere", 1)
	if other == string(text) {
		t.Fatal("the config names no company")
	}
	put := func(content string) {
		if err := os.WriteFile(c.gate.ConfigFile(), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(other)
	until(t, "sessions of a login that is gone are over", func() bool { return b.whoami() == "" })
	put(string(text))
	until(t, "the login is back", func() bool {
		return b.navigate("/_gate/login/company").StatusCode == http.StatusSeeOther
	})
	b.signIn("alice")
	if b.whoami() == "" {
		t.Error("alice cannot sign in again")
	}
}

func TestProvidersSignInTheirOwnPeopleAtTheirOwnAddress(t *testing.T) {
	t.Parallel()
	first, second := startIDP(t), startIDP(t)
	prefixed := loginAt(t, second, "globex")
	prefixed["user_prefix"], prefixed["group_prefix"] = "globex-", "globex-"
	srv := live.Server(t)
	gate := mlflowtest.StartGate(t, srv.URL(), mlflowtest.GateOptions{
		Policy: companyPolicy, Users: map[string]string{"carl": "carl-1"},
		Config: map[string]any{"auth": map[string]any{"oidc": []any{loginAt(t, first, "company"), prefixed}}},
	})
	b := newBrowser(t, gate.URL())
	back := b.begin("alice", "globex", "/")
	if !strings.HasPrefix(back, gate.URL()+"/_gate/callback/globex?") {
		t.Errorf("the second provider sends back to %s", back)
	}
	// Mix-up: the answer of one provider at the address of the other.
	_, query, _ := strings.Cut(back, "?")
	if mixed := b.navigate("/_gate/callback?" + query); mixed.StatusCode < 400 || b.session() != nil {
		t.Errorf("an answer of the wrong provider: got %d", mixed.StatusCode)
	}
	if in := b.navigate(b.begin("alice", "globex", "/")); in.StatusCode != 303 || b.whoami() != "globex-alice globex-vision" {
		t.Errorf("got %d as %q", in.StatusCode, b.whoami())
	}
	first.SetUser(oidctest.User{Name: "eve", Claims: map[string]any{"preferred_username": "globex-alice"}})
	for user, other := range map[string]string{"carl": "the password file", "eve": "the company login globex"} {
		in := newBrowser(t, gate.URL())
		if no := in.navigate(in.begin(user, "company", "/")); no.StatusCode != 403 || !strings.Contains(no.text, other) || in.session() != nil {
			t.Errorf("%s: got %d %s", user, no.StatusCode, no.text)
		}
	}
}

// selfSigned writes the certificate of httptest, and its key.
func selfSigned(t *testing.T) (certificate, key string) {
	t.Helper()
	srv := httptest.NewTLSServer(http.NotFoundHandler())
	defer srv.Close()
	pair := srv.TLS.Certificates[0]
	private, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	certificate, key = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	for path, block := range map[string]*pem.Block{
		certificate: {Type: "CERTIFICATE", Bytes: pair.Certificate[0]}, key: {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certificate, key
}

// A researcher whose job has run for two days: the token goes on when no browser is
// signed in, with the groups that the company says, and not a refresh longer.
func TestATokenOfTheCompanyLoginFollowsTheCompany(t *testing.T) {
	t.Parallel()
	c := newCompany(t, "", "comptoken", map[string]any{"sessions": map[string]any{"refresh": "1s", "max_group_age": "2s"}})
	b := newBrowser(t, c.gate.URL())
	if status, answer := c.gate.Do(t, "carl", "carl-1", "POST", "/_gate/api/v1/tokens?user=alice", map[string]string{"name": "n"}); status != 403 {
		t.Errorf("another made a token for alice: %d %s", status, answer)
	}
	b.signIn("alice")
	made := b.send("POST", "/_gate/api/v1/tokens", map[string]string{"name": "job"}, same(b)...)
	token := field(made.text, "token")
	if made.StatusCode != 201 {
		t.Fatalf("make a token: %d %s", made.StatusCode, made.text)
	}
	page := b.send("POST", "/_gate/tokens", url.Values{"name": {"on the page"}}, same(b)...)
	if page.StatusCode != 201 {
		t.Errorf("on the page: %d", page.StatusCode)
	}
	b.send("POST", "/_gate/logout", url.Values{}, same(b)...)
	as := func() string { return newBrowser(t, c.gate.URL()).whoami("Authorization", "Bearer "+token) }
	if got := as(); got != "alice vision" {
		t.Errorf("the token is %q", got)
	}
	run(t, "tracking", c.job(token), c.names("alice"), []string{"EXPECT_USER=alice"})
	c.idp.SetUser(employee("alice", "language"))
	until(t, "the token has the new groups", func() bool { return as() == "alice language" })
	if status := c.as(t, token, c.team+"/x"); status != 403 {
		t.Errorf("alice, who changed teams, asks for her former team's: got %d", status)
	}
	gone := employee("alice", "language")
	gone.Disabled = true
	c.idp.SetUser(gone)
	until(t, "the token of somebody who is disabled is refused", func() bool { return as() == "" })
	c.idp.SetUser(employee("alice", "vision"))
	refused := newBrowser(t, c.gate.URL()).send("GET", "/_gate/api/v1/whoami", nil, "Authorization", "Bearer "+token)
	if refused.StatusCode != 401 || !strings.Contains(refused.text, "sign in at the company again") {
		t.Errorf("got %d %s", refused.StatusCode, refused.text)
	}
	b.signIn("alice")
	if got := as(); got != "alice vision" {
		t.Errorf("after signing in again the token is %q", got)
	}
	if strings.Contains(c.gate.Log(), token) {
		t.Error("the token is in the log")
	}
}

// Who is in both, by trust_names, is one person with one set of tokens; who is not
// cannot come by the tokens of the other.
func TestTokensBelongToTheOnePersonOfAName(t *testing.T) {
	t.Parallel()
	idp := startIDP(t)
	trusted := loginAt(t, idp, "company")
	trusted["trust_names"] = true
	srv := live.Server(t)
	gate := mlflowtest.StartGate(t, srv.URL(), mlflowtest.GateOptions{
		Policy: companyPolicy, Users: map[string]string{"carl": "carl-1"},
		Config: map[string]any{"auth": map[string]any{"oidc": []any{trusted}}},
	})
	if status, _ := gate.Do(t, "carl", "carl-1", "POST", "/_gate/api/v1/tokens", map[string]string{"name": "by password"}); status != 201 {
		t.Fatalf("by password: got %d", status)
	}
	b := newBrowser(t, gate.URL())
	b.signIn("carl")
	if list := b.send("GET", "/_gate/api/v1/tokens", nil); !strings.Contains(list.text, "by password") {
		t.Errorf("carl at the company sees %s", list.text)
	}
}
