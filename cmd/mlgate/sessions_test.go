package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mlgate/auth/oidc/oidctest"
)

// browse sends a request with a cookie, and gives status, cookie set, and body.
func (r *replicas) browse(base, method, path, cookie string, form url.Values) (status int, set, text string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, base+"/mlflow"+path, strings.NewReader(form.Encode()))
	if err != nil {
		r.t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if cookie != "" {
		req.Header.Set("Cookie", cookie)
	}
	client := *r.client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, c := range resp.Cookies() {
		if c.Value != "" {
			set = c.Name + "=" + c.Value
		}
	}
	if resp.StatusCode == http.StatusSeeOther {
		text = resp.Header.Get("Location")
	}
	return resp.StatusCode, set, text + string(body)
}

// signIn signs alice in at a replica, by password.
func (r *replicas) signIn(base string) (cookie string) {
	r.t.Helper()
	status, cookie, text := r.browse(base, "POST", "/_gate/login", "", url.Values{"user": {"alice"}, "password": {"correct-horse"}})
	if status != http.StatusSeeOther || cookie == "" {
		r.t.Fatalf("sign in: got %d %s", status, text)
	}
	return cookie
}

func (r *replicas) seen(one *replica, cookie string) int {
	r.t.Helper()
	status, _, _ := r.browse("http://"+one.listen, "GET", "/_gate/api/v1/whoami", cookie, nil)
	return status
}

func TestASessionIsGoodOnEveryReplicaAndEndsOnAllAtOnce(t *testing.T) {
	t.Parallel()
	r := startReplicas(t)
	for i := range 6 {
		cookie := r.signIn(r.url)
		for range 2 { // so that each of them remembers it
			for _, one := range r.all {
				if status := r.seen(one, cookie); status != 200 {
					t.Fatalf("round %d: got %d", i, status)
				}
			}
		}
		if status, _, text := r.browse(r.url, "POST", "/_gate/logout", cookie, url.Values{}); status != 200 {
			t.Fatalf("sign out: got %d %s", status, text)
		}
		for _, one := range r.all {
			if status := r.seen(one, cookie); status != 401 {
				t.Errorf("round %d: %s: after the sign-out got %d", i, one.listen, status)
			}
		}
	}
}

// A session outlives the replica that it began on, and the Redis that wrote it down;
// while Redis is away nobody is let in by one that nobody remembers.
func TestASessionSurvivesReplicasAndRedis(t *testing.T) {
	t.Parallel()
	r := startReplicas(t)
	kept, ended := r.signIn("http://"+r.all[0].listen), r.signIn("http://"+r.all[0].listen)
	if status, _, _ := r.browse("http://"+r.all[1].listen, "POST", "/_gate/logout", ended, url.Values{}); status != 200 {
		t.Fatalf("sign out: got %d", status)
	}
	_ = r.all[0].cmd.Process.Kill()
	_ = r.all[0].cmd.Wait()
	r.redis.kill()
	until(t, "sessions to be refused while Redis is away", func() bool { return r.seen(r.all[1], kept) == 503 })
	if status, _, _ := r.browse("http://"+r.all[1].listen, "POST", "/_gate/login", "", url.Values{"user": {"alice"}, "password": {"correct-horse"}}); status != 503 {
		t.Errorf("sign-in while Redis is away: got %d", status)
	}
	if err := r.redis.start(); err != nil {
		t.Fatal(err)
	}
	r.start(r.all[0])
	for _, one := range r.all {
		r.await(one)
		if status := r.seen(one, kept); status != 200 {
			t.Errorf("%s: a session that Redis had: got %d", one.listen, status)
		}
		if status := r.seen(one, ended); status != 401 {
			t.Errorf("%s: a session that was ended: got %d", one.listen, status)
		}
	}
}

func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited 30 s for %s", what)
		}
	}
}

// A provider that sees a refresh token twice takes it for stolen. So of three
// replicas that are asked at once, one asks it.
func TestARefreshTokenIsSpentOnceByAllReplicas(t *testing.T) {
	t.Parallel()
	idp, err := oidctest.Start(oidctest.Options{
		Redirects: []string{"https://ml.example.org/mlflow/_gate/callback"},
		Users:     []oidctest.User{{Name: "carl", Claims: map[string]any{"preferred_username": "carl", "groups": []string{"old"}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = idp.Close() })
	r := startReplicas(t)
	_, secret := idp.Client()
	for _, one := range r.all {
		put(t, filepath.Join(filepath.Dir(one.config), "client.secret"), secret)
		text, err := os.ReadFile(one.config)
		if err != nil {
			t.Fatal(err)
		}
		put(t, one.config, strings.Replace(string(text), "auth: {", fmt.Sprintf(`sessions: {refresh: 1s}
auth: {oidc: [{name: company, issuer: "%s", client_id: mlgate, client_secret_file: client.secret, user_claim: preferred_username, groups_claim: groups}], `, idp.Issuer()), 1))
		base := "http://" + one.listen
		until(t, "the company login", func() bool {
			status, _, _ := r.browse(base, "GET", "/_gate/login/company", "", nil)
			return status == http.StatusSeeOther
		})
	}
	_, begun, there := r.browse(r.url, "GET", "/_gate/login/company", "", nil)
	client := *r.client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Get(there + "&login_hint=carl")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	_, query, _ := strings.Cut(resp.Header.Get("Location"), "?")
	status, cookie, text := r.browse(r.url, "GET", "/_gate/callback?"+query, begun, nil) // on another replica than it began
	if status != http.StatusSeeOther {
		t.Fatalf("callback: got %d %s", status, text)
	}
	groups := func(one *replica) string {
		status, _, text := r.browse("http://"+one.listen, "GET", "/_gate/api/v1/whoami", cookie, nil)
		var who struct {
			Groups []string `json:"groups"`
		}
		if err := json.Unmarshal([]byte(text), &who); err != nil || status != 200 {
			t.Errorf("%s: got %d %s", one.listen, status, text)
		}
		return strings.Join(who.Groups, " ")
	}
	for round := range 3 {
		group := fmt.Sprint("new", round)
		idp.SetUser(oidctest.User{Name: "carl", Claims: map[string]any{"preferred_username": "carl", "groups": []string{group}}})
		time.Sleep(1100 * time.Millisecond)
		asked := idp.Requests("/token")
		var all sync.WaitGroup
		began := time.Now()
		for i := range 12 {
			all.Go(func() {
				if got := groups(r.all[i%3]); got != group {
					t.Errorf("round %d: got the groups %s", round, got)
				}
			})
		}
		all.Wait()
		// Where the machine takes so long that they are due again, more is right.
		if n, most := idp.Requests("/token")-asked, 1+int(time.Since(began)/time.Second); n < 1 || n > most {
			t.Errorf("round %d: the provider was asked %d times, want 1 to %d", round, n, most)
		}
	}
}
