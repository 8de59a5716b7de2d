package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Session fixation: a cookie that was planted before the sign-in opens nothing
// after it, and neither does one beside the real one.
func TestAPlantedCookieIsWorthNothing(t *testing.T) {
	t.Parallel()
	c := newCompany(t, "", "fixation", nil)
	mallory := newBrowser(t, c.gate.URL())
	mallory.signIn("bob")
	alice := newBrowser(t, c.gate.URL())
	planted := *mallory.session()
	at, _ := url.Parse(c.gate.URL())
	alice.client.Jar.SetCookies(at, []*http.Cookie{&planted})
	alice.signIn("alice")
	if alice.session().Value == planted.Value {
		t.Error("signing in kept the cookie")
	}
	if who := mallory.whoami(); who != "" {
		t.Errorf("the planted session is still %s's", who)
	}
	if who := alice.whoami(); who != "alice vision" {
		t.Errorf("alice is %q", who)
	}
	real := alice.session()
	for _, both := range []string{real.String() + "; " + real.Name + "=x", real.Name + "=x; " + real.String()} {
		if status := newBrowser(t, c.gate.URL()).send("GET", "/_gate/api/v1/whoami", nil, "Cookie", both).StatusCode; status != 401 {
			t.Errorf("two cookies of one name: got %d", status)
		}
	}
	for _, guess := range []string{"", "x", strings.Repeat("A", 52), strings.Repeat("A", 5000), real.Value[:51], real.Value + "A", strings.ToLower(real.Value)} {
		if status := newBrowser(t, c.gate.URL()).send("GET", "/_gate/api/v1/whoami", nil, "Cookie", real.Name+"="+guess).StatusCode; status != 401 {
			t.Errorf("guessed %.60q: got %d", guess, status)
		}
	}
}

// CSRF: whatever changes something, asked for by a page of another site, of another
// host of the same site, or by one that hides where it comes from.
func TestAPageOfAnotherSiteChangesNothingForWhoIsSignedIn(t *testing.T) {
	t.Parallel()
	c := newCompany(t, "", "csrf", nil)
	ada := newBrowser(t, c.gate.URL())
	ada.signIn("ada")
	id := field(ada.send("GET", "/_gate/api/v1/sessions", nil).text, "id")
	made := ada.send("POST", "/_gate/api/v1/tokens?user=carl", map[string]string{"name": "n"}, same(ada)...)
	token := field(made.text, "id")
	if made.StatusCode != 201 || token == "" {
		t.Fatalf("make a token: %d %s", made.StatusCode, made.text)
	}
	for from, header := range map[string][]string{
		"another site":          {"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"},
		"another host":          {"Sec-Fetch-Site", "same-site", "Origin", "http://127.0.0.1:1"},
		"an old browser":        {"Origin", "https://evil.example"},
		"a sandbox":             {"Origin", "null"},
		"a sandbox of our own":  {"Sec-Fetch-Site", "cross-site", "Origin", "null"},
		"a lie about the host":  {"Origin", "https://evil.example", "X-Forwarded-Host", "evil.example"},
		"two origins":           {"Origin", c.gate.URL() + " https://evil.example"},
		"an origin that begins": {"Origin", c.gate.URL() + ".evil.example"},
	} {
		for _, call := range []struct {
			method, path string
			body         any
		}{
			{"POST", "/_gate/logout", url.Values{}},
			{"POST", "/_gate/login", url.Values{"user": {"carl"}, "password": {"carl-1"}}},
			{"POST", "/_gate/sessions/" + id, url.Values{}},
			{"DELETE", "/_gate/api/v1/sessions/" + id, nil},
			{"POST", "/_gate/tokens?user=carl", url.Values{"name": {"x"}}},
			{"POST", "/_gate/tokens/" + token + "?user=carl", url.Values{"do": {"revoke"}}},
			{"POST", "/_gate/api/v1/tokens?user=carl", map[string]string{"name": "x"}},
			{"POST", "/_gate/api/v1/tokens/" + token + "?user=carl", map[string]string{}},
			{"DELETE", "/_gate/api/v1/tokens/" + token + "?user=carl", nil},
			{"POST", "/ajax-api/2.0/mlflow/experiments/create", map[string]string{"name": c.team}},
			{"POST", "/api/2.0/mlflow/experiments/delete", map[string]string{"experiment_id": "0"}},
			{"PATCH", "/api/2.0/mlflow/registered-models/update", map[string]string{"name": "x"}},
		} {
			if got := ada.send(call.method, call.path, call.body, header...); got.StatusCode != 403 || !strings.Contains(got.text, "comes from a page of another site") || len(got.Header.Values("Set-Cookie")) > 0 {
				t.Errorf("%s: %s %s: got %d %s", from, call.method, call.path, got.StatusCode, got.text)
			}
		}
	}
	if who := ada.whoami(); who != "ada admins" {
		t.Errorf("ada is %q now", who)
	}
	if list := ada.send("GET", "/_gate/api/v1/tokens?user=carl", nil).text; strings.Count(list, `"id"`) != 1 {
		t.Errorf("the tokens are %s", list)
	}
	for _, path := range []string{"/_gate/logout", "/_gate/sessions/" + id, "/_gate/tokens/" + token} {
		ada.navigate(path)
	}
	if ada.whoami() == "" {
		t.Error("a GET signed ada out")
	}
}

// Login CSRF: a browser that is sent the answer of somebody else's sign-in does not
// end up as that somebody; nor does it lose the sign-in that it has begun itself.
func TestAnAnswerCountsInTheBrowserThatAskedAndOnce(t *testing.T) {
	t.Parallel()
	c := newCompany(t, "", "logincsrf", nil)
	mallory, alice := newBrowser(t, c.gate.URL()), newBrowser(t, c.gate.URL())
	malloryBack, aliceBack := mallory.begin("bob", "company", "/"), alice.begin("alice", "company", "/")
	for name, b := range map[string]*browser{"one that began nothing": newBrowser(t, c.gate.URL()), "one that is signing in": alice} {
		got := b.send("GET", malloryBack, nil, "Accept", "text/html", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Site", "cross-site")
		if got.StatusCode != 400 || b.session() != nil || !strings.Contains(got.text, "Begin to sign in again") && !strings.Contains(got.text, "begin to sign in again") {
			t.Errorf("%s: got %d %s", name, got.StatusCode, got.text)
		}
	}
	cookies := ""
	for _, cookie := range alice.client.Jar.Cookies(mustParse(t, c.gate.URL())) {
		cookies += cookie.String() + "; "
	}
	if in := alice.navigate(aliceBack); in.StatusCode != 303 || alice.whoami() != "alice vision" {
		t.Errorf("alice's own answer: got %d as %q", in.StatusCode, alice.whoami())
	}
	// Somebody who read the address and the cookie of the sign-in comes too late.
	if again := newBrowser(t, c.gate.URL()).send("GET", aliceBack, nil, "Cookie", cookies); again.StatusCode != 400 || len(again.Header.Values("Set-Cookie")) > 1 {
		t.Errorf("the same answer twice: got %d %v", again.StatusCode, again.Header.Values("Set-Cookie"))
	}
	for _, query := range []string{"", "?state=", "?code=x", "?error=access_denied&error_description=<script>alert(1)</script>", "?state=%zz", "?" + strings.Repeat("state=a&", 1000)} {
		if got := alice.navigate("/_gate/callback" + query); got.StatusCode != 400 || strings.Contains(got.text, "<script") {
			t.Errorf("%.40s: got %d", query, got.StatusCode)
		}
	}
	if alice.whoami() != "alice vision" {
		t.Error("a broken answer signed alice out")
	}
}

func mustParse(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestAfterSigningInABrowserStaysBelowTheGate(t *testing.T) {
	t.Parallel()
	c := newCompany(t, "/mlflow", "redirects", nil)
	for asked, want := range map[string]string{
		"/_gate/account":                "/mlflow/_gate/account",
		"/?x=1&y=2":                     "/mlflow/?x=1&y=2",
		"/graphql?q=%2F%2Fevil":         "/mlflow/graphql?q=%2F%2Fevil",
		"/#/experiments/1?a=b":          "/mlflow/#/experiments/1?a=b",
		"/?x=1#/a//b":                   "/mlflow/?x=1#/a//b",
		"//evil.example#/x":             "/mlflow/",
		"":                              "/mlflow/",
		"https://evil.example":          "/mlflow/",
		"//evil.example":                "/mlflow/",
		"///evil.example":               "/mlflow/",
		"/\\evil.example":               "/mlflow/",
		"\\\\evil.example":              "/mlflow/",
		"/%5cevil.example":              "/mlflow/",
		"/..//evil.example":             "/mlflow/",
		"/../other-app":                 "/mlflow/",
		"/%2e%2e/other-app":             "/mlflow/",
		"/a/%2e%2e/%2e%2e/other-app":    "/mlflow/",
		"/.//evil.example":              "/mlflow/",
		"/a//evil.example":              "/mlflow/",
		"/\tevil":                       "/mlflow/",
		"/\n/evil.example":              "/mlflow/",
		"/%0d%0aSet-Cookie: a=b":        "/mlflow/",
		"javascript:alert(1)":           "/mlflow/",
		"evil.example":                  "/mlflow/",
		"@evil.example":                 "/mlflow/",
		" /evil":                        "/mlflow/",
		"/é":                            "/mlflow/",
		"/_gate/login":                  "/mlflow/",
		"/_gate/login/company":          "/mlflow/",
		"/_gate/logout":                 "/mlflow/",
		"/_gate/callback?state=x":       "/mlflow/",
		"/" + strings.Repeat("a", 2000): "/mlflow/",
	} {
		b := newBrowser(t, c.gate.URL())
		if got := b.navigate(b.begin("alice", "company", asked)).Header.Get("Location"); got != want {
			t.Errorf("%q: sent to %q, want %q", asked, got, want)
		}
		form := url.Values{"user": {"carl"}, "password": {"carl-1"}, "next": {asked}}
		if got := newBrowser(t, c.gate.URL()).send("POST", "/_gate/login", form, same(b)...).Header.Get("Location"); got != want {
			t.Errorf("by password: %q: sent to %q, want %q", asked, got, want)
		}
	}
}

// Authorization beats the cookie, whatever it says, and no header stands for either.
func TestNoOtherHeaderSignsInOrChangesWhoIsSignedIn(t *testing.T) {
	t.Parallel()
	c := newCompany(t, "", "smuggle", nil)
	alice := newBrowser(t, c.gate.URL())
	alice.signIn("alice")
	const carl = "Basic Y2FybDpjYXJsLTE=" // carl:carl-1
	if who := alice.whoami("Authorization", carl); who != "carl" {
		t.Errorf("with carl's password the browser is %q", who)
	}
	for _, bad := range []string{"", " ", "Basic", "Basic Y2FybDp4", "Bearer x", "Bearer mlg_x", "Negotiate x", "Session x"} {
		if who := alice.whoami("Authorization", bad); who != "" {
			t.Errorf("with %q beside the cookie the browser is %q", bad, who)
		}
	}
	cookie := alice.session().String()
	for _, header := range [][]string{
		{"X-Forwarded-User", "alice"}, {"X_Forwarded_User", "alice"}, {"Remote-User", "alice"}, {"X-Remote-User", "alice"},
		{"X-Auth-Request-User", "alice"}, {"X-Forwarded-Email", "alice@acme.example"}, {"X-Mlgate-User", "alice"},
		{"Set-Cookie", cookie}, {"Cookie2", cookie}, {"X-Cookie", cookie}, {"Proxy-Authorization", carl}, {"X-Authorization", carl},
		{"X-Forwarded-Authorization", carl}, {"Connection", "Cookie", "X-Original-Cookie", cookie},
	} {
		if who := newBrowser(t, c.gate.URL()).whoami(header...); who != "" {
			t.Errorf("%v: signed in as %s", header, who)
		}
		if who := alice.whoami(header...); who != "alice vision" {
			t.Errorf("%v beside the cookie: alice is %q", header, who)
		}
	}
	for _, header := range [][]string{{"Connection", "Cookie"}, {"Connection", "Authorization, close"}} {
		if who := alice.whoami(header...); who != "alice vision" {
			t.Errorf("%v: alice is %q", header, who)
		}
	}
}

// A cookie of one gate opens no other on the same host, and its name says which it is for.
func TestACookieOpensTheGateThatMadeItAlone(t *testing.T) {
	t.Parallel()
	one, other := newCompany(t, "", "host-a", nil), newCompany(t, "", "host-b", nil)
	b := newBrowser(t, one.gate.URL())
	b.signIn("ada")
	stolen := b.session()
	there := newBrowser(t, other.gate.URL())
	there.signIn("bob")
	name := there.session().Name
	if name == stolen.Name {
		t.Errorf("two gates of one host call their cookies %s", name)
	}
	for _, cookie := range []string{stolen.String(), name + "=" + stolen.Value} {
		if who := newBrowser(t, other.gate.URL()).whoami("Cookie", cookie); who != "" {
			t.Errorf("%s: signed in as %s", cookie, who)
		}
	}
	// Nor does the half of a sign-in that began at the other.
	back := b.begin("alice", "company", "/")
	_, query, _ := strings.Cut(back, "?")
	if got := newBrowser(t, other.gate.URL()).navigate("/_gate/callback?" + query); got.StatusCode != 400 {
		t.Errorf("another gate's sign-in: got %d", got.StatusCode)
	}
}

func TestPagesOfSignInCannotBeFramedAndRunNoScript(t *testing.T) {
	t.Parallel()
	c := newCompany(t, "", "frame", nil)
	b := newBrowser(t, c.gate.URL())
	b.signIn("alice")
	for _, path := range []string{"/_gate/login", "/_gate/logout", "/_gate/sessions", "/_gate/callback", "/_gate/login/nobody"} {
		got := b.navigate(path)
		policy := got.Header.Get("Content-Security-Policy")
		if got.Header.Get("X-Frame-Options") != "DENY" || !strings.Contains(policy, "frame-ancestors 'none'") || !strings.Contains(policy, "default-src 'none'") ||
			got.Header.Get("Cache-Control") != "no-store" || strings.Count(got.text, "<script>") != strings.Count(path, "/_gate/login")-strings.Count(path, "nobody") {
			t.Errorf("%s: %d %v", path, got.StatusCode, got.Header)
		}
	}
}

// Neither the log nor the metrics nor a page holds what would let its reader in.
func TestNothingThatSignsInIsWrittenDown(t *testing.T) {
	t.Parallel()
	c := newCompany(t, "", "secrets", map[string]any{"sessions": map[string]any{"refresh": "1s"}})
	b := newBrowser(t, c.gate.URL())
	back := b.begin("alice", "company", "/")
	var secrets []string
	for _, cookie := range b.client.Jar.Cookies(mustParse(t, c.gate.URL())) {
		secrets = append(secrets, cookie.Value)
	}
	secrets = append(secrets, mustParse(t, back).Query().Get("code"), mustParse(t, back).Query().Get("state"))
	b.navigate(back)
	secrets = append(secrets, b.session().Value)
	_, secret := c.idp.Client()
	secrets = append(secrets, secret, "carl-1")
	b.send("POST", "/_gate/login", url.Values{"user": {"carl"}, "password": {"carl-1x"}}, same(b)...)
	pages := ""
	for _, path := range []string{"/_gate/account", "/_gate/sessions", "/_gate/api/v1/sessions", "/_gate/tokens", "/_gate/callback?state=x"} {
		pages += b.navigate(path).text
	}
	pages += b.send("GET", c.gate.AdminURL()+"/metrics", nil).text + b.send("GET", c.gate.AdminURL()+"/readyz", nil).text
	for _, secret := range secrets {
		if secret == "" || strings.Contains(pages, secret) || strings.Contains(c.gate.Log(), secret) {
			t.Errorf("%q is written down", secret)
		}
	}
	if !strings.Contains(c.gate.Log(), `"msg":"signed in"`) || !strings.Contains(c.gate.Log(), `"user":"alice"`) {
		t.Error("the log does not say that alice signed in")
	}
}
