package session

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mlgate/auth"
	"mlgate/auth/store"
	"mlgate/auth/store/embedded"
)

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.at }
func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// provider renews sessions as a test says.
type provider struct {
	mu     sync.Mutex
	asked  []string // the refresh tokens that were spent
	answer func(spent string) (*Renewal, error)
}

func (p *provider) Knows(name string) bool { return name == "company" }

func (p *provider) Renew(_ context.Context, _ *store.Session, secrets Secrets) (*Renewal, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, secrets.RefreshToken)
	return p.answer(secrets.RefreshToken)
}

func (p *provider) count() int { p.mu.Lock(); defer p.mu.Unlock(); return len(p.asked) }

type passwords map[string]string

func (p passwords) Mark(user string) (string, bool) { mark, ok := p[user]; return mark, ok }

// stage is a gate's sessions over a real store.
type stage struct {
	*Sessions

	t        *testing.T
	clock    *clock
	provider *provider
	users    passwords
	db       *embedded.DB
}

func newStage(t *testing.T, external string) *stage {
	t.Helper()
	s := &stage{t: t, clock: &clock{at: time.Now()}, provider: &provider{}, users: passwords{"alice": "1"}}
	s.provider.answer = func(spent string) (*Renewal, error) {
		return &Renewal{User: "alice", Groups: []string{"new"}, Secrets: Secrets{RefreshToken: spent + "+"}}, nil
	}
	db, err := embedded.Open(filepath.Join(t.TempDir(), "mlgate.db"), embedded.Options{Now: s.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	s.db = db
	at, err := url.Parse(external)
	if err != nil {
		t.Fatal(err)
	}
	cookies, err := NewCookies(at)
	if err != nil {
		t.Fatal(err)
	}
	seal, err := NewSeal(make([]byte, keySize))
	if err != nil {
		t.Fatal(err)
	}
	s.Sessions = New(Options{
		Store: db.Sessions(), Once: db.Once(), Seal: seal, Cookies: cookies, Renewer: s.provider, Passwords: s.users,
		Idle: 12 * time.Hour, Absolute: 168 * time.Hour, Refresh: 15 * time.Minute, MaxGroupAge: 4 * time.Hour, Now: s.clock.now,
	})
	return s
}

// request is one of a browser with these cookies.
func request(cookies ...*http.Cookie) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	return r
}

// begin signs in and returns the cookie.
func (s *stage) begin(p Person, r *http.Request) *http.Cookie {
	s.t.Helper()
	w := httptest.NewRecorder()
	if err := s.Begin(w, r, p); err != nil {
		s.t.Fatal(err)
	}
	set := w.Result().Cookies()
	if len(set) != 1 {
		s.t.Fatalf("got cookies %v, want one", set)
	}
	return set[0]
}

func company(token string) Person {
	return Person{
		User: "alice", Groups: []string{"old"}, Method: "oidc",
		Login:   store.Login{Provider: "company", Subject: "sub", SID: "sid"},
		Secrets: Secrets{RefreshToken: token, IDToken: "the-id-token"},
	}
}

func byPassword() Person { return Person{User: "alice", Method: auth.MethodPassword} }

func (s *stage) in(c *http.Cookie, groups ...string) {
	s.t.Helper()
	id, err := s.Authenticate(request(c))
	if err != nil {
		s.t.Fatalf("got %v, want alice", err)
	}
	if id.User != "alice" || id.Method != auth.MethodSession || id.SessionID == "" || len(groups) > 0 && !slices.Equal(id.Groups, groups) {
		s.t.Errorf("got %+v, want alice of %v", id, groups)
	}
}

func (s *stage) out(c *http.Cookie) {
	s.t.Helper()
	id, err := s.Authenticate(request(c))
	if !errors.Is(err, auth.ErrBadCredentials) {
		s.t.Errorf("got %v, %v; want a refusal", id, err)
	}
}

func TestTheCookieIsOpaqueAndOutOfReach(t *testing.T) {
	t.Parallel()
	for external, name := range map[string]string{
		"https://ml.example.org":         "__Host-mlgate",
		"https://ml.example.org/mlflow/": "__Host-mlgate+mlflow",
		"https://ml.example.org/a/b":     "__Host-mlgate+a+b",
		"http://127.0.0.1:8080":          "mlgate-8080",
		"http://localhost:8080/mlflow":   "mlgate-8080+mlflow",
		"http://[::1]:8080":              "mlgate-8080",
	} {
		s := newStage(t, external)
		c := s.begin(byPassword(), request())
		secure := strings.HasPrefix(external, "https:")
		if c.Name != name || c.Path != "/" || c.Domain != "" || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Secure != secure || c.MaxAge != 0 {
			t.Errorf("%s: got %+v, want %s", external, c, name)
		}
		if len(c.Value) != valueLength || strings.Contains(c.Value, "alice") {
			t.Errorf("%s: got value %q", external, c.Value)
		}
		s.in(c)
	}
	for _, external := range []string{"http://ml.example.org", "http://10.0.0.5:8080", "http://127.0.0.1.example.org", "ftp://localhost"} {
		at, _ := url.Parse(external)
		if _, err := NewCookies(at); err == nil {
			t.Errorf("%s: sessions over plain http were taken", external)
		}
	}
}

func TestTheStoreHoldsNoCookieAndNoTokenOfTheProvider(t *testing.T) {
	t.Parallel()
	s := newStage(t, "https://ml.example.org")
	c := s.begin(company("refresh-me"), request())
	record, err := s.db.Sessions().Get(t.Context(), sha256.Sum256([]byte(c.Value)))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"refresh-me", "the-id-token", c.Value} {
		if strings.Contains(string(record.Sealed), secret) || strings.Contains(record.ID, secret) {
			t.Errorf("%q lies open", secret)
		}
	}
	// What is sealed for one session opens in no other.
	other := s.begin(company("other"), request())
	moved := *record
	moved.Hash = sha256.Sum256([]byte(other.Value))
	var got Secrets
	if err := s.opts.Seal.openKept(&moved, &got); err == nil {
		t.Errorf("secrets of another session opened: %v", got.RefreshToken)
	}
}

func TestSignInTakesANewCookieAndEndsTheSessionBefore(t *testing.T) {
	t.Parallel()
	s := newStage(t, "https://ml.example.org")
	planted := &http.Cookie{Name: "__Host-mlgate", Value: newValue()}
	c := s.begin(byPassword(), request(planted))
	if c.Value == planted.Value {
		t.Fatal("the planted cookie is in use")
	}
	s.out(planted)
	s.in(c)
	next := s.begin(byPassword(), request(c))
	s.out(c)
	s.in(next)
}

func TestOnlyOneWholeCookieCounts(t *testing.T) {
	t.Parallel()
	s := newStage(t, "https://ml.example.org")
	c := s.begin(byPassword(), request())
	planted := &http.Cookie{Name: c.Name, Value: newValue()}
	for name, r := range map[string]*http.Request{
		"planted beside": request(c, planted), "planted before": request(planted, c),
		"cut":           request(&http.Cookie{Name: c.Name, Value: c.Value[:51]}),
		"longer":        request(&http.Cookie{Name: c.Name, Value: c.Value + "A"}),
		"in small":      request(&http.Cookie{Name: c.Name, Value: strings.ToLower(c.Value)}),
		"empty":         request(&http.Cookie{Name: c.Name}),
		"guessed":       request(planted),
		"same, doubled": request(c, c),
	} {
		if id, err := s.Authenticate(r); !errors.Is(err, auth.ErrBadCredentials) {
			t.Errorf("%s: got %v, %v; want a refusal", name, id, err)
		}
	}
	for _, name := range []string{"mlgate", "__Secure-mlgate", "__host-mlgate", "__Host-mlgate+x", "__Host_mlgate"} {
		if id, err := s.Authenticate(request(&http.Cookie{Name: name, Value: c.Value})); !errors.Is(err, auth.ErrNoCredentials) {
			t.Errorf("cookie %s: got %v, %v; want it not seen", name, id, err)
		}
	}
}

func TestAuthorizationBeatsTheCookie(t *testing.T) {
	t.Parallel()
	s := newStage(t, "https://ml.example.org")
	c := s.begin(byPassword(), request())
	for _, header := range []string{"Basic x", "Bearer x", "Negotiate x", ""} {
		r := request(c)
		r.Header.Set("Authorization", header)
		if id, err := s.Authenticate(r); !errors.Is(err, auth.ErrNoCredentials) {
			t.Errorf("%q: got %v, %v; want the header to decide", header, id, err)
		}
	}
}

func TestASessionEndsWhenItLiesIdleAndInAnyCase(t *testing.T) {
	t.Parallel()
	s := newStage(t, "https://ml.example.org")
	idle := s.begin(byPassword(), request())
	s.clock.pass(12*time.Hour - time.Second)
	s.in(idle) // a use moves the end
	s.clock.pass(12*time.Hour - time.Second)
	s.in(idle)
	s.clock.pass(12 * time.Hour)
	s.out(idle)

	busy := s.begin(byPassword(), request())
	for range 16 {
		s.clock.pass(10 * time.Hour)
		s.in(busy)
	}
	s.clock.pass(8 * time.Hour) // 168 in all
	s.out(busy)
}

func TestALastUseIsWrittenAtMostOnceAMinute(t *testing.T) {
	t.Parallel()
	s := newStage(t, "https://ml.example.org")
	c := s.begin(byPassword(), request())
	version := func() uint64 {
		record, err := s.db.Sessions().Get(t.Context(), sha256.Sum256([]byte(c.Value)))
		if err != nil {
			t.Fatal(err)
		}
		return record.Version
	}
	for range 50 {
		s.clock.pass(time.Second)
		s.in(c)
	}
	if got := version(); got != 0 {
		t.Errorf("got %d writes within the minute, want none", got)
	}
	s.clock.pass(10 * time.Second)
	s.in(c)
	if got := version(); got != 1 {
		t.Errorf("got %d writes after a minute, want 1", got)
	}
}

func TestAPasswordsSessionEndsWithThePassword(t *testing.T) {
	t.Parallel()
	s := newStage(t, "https://ml.example.org")
	c := s.begin(byPassword(), request())
	s.in(c)
	s.users["alice"] = "changed"
	s.out(c)
	s.users["alice"] = "1"
	s.in(c)
	delete(s.users, "alice")
	s.out(c)
	if err := s.Begin(httptest.NewRecorder(), request(), byPassword()); !errors.Is(err, auth.ErrBadCredentials) {
		t.Errorf("sign-in of a stranger: got %v", err)
	}
}

func TestSignOutEndsTheSessionAtOnceAndForgetsTheCookie(t *testing.T) {
	t.Parallel()
	s := newStage(t, "https://ml.example.org")
	c, other := s.begin(company("r"), request()), s.begin(company("r"), request())
	w := httptest.NewRecorder()
	ended, err := s.End(w, request(c))
	if err != nil || ended == nil || ended.Provider != "company" || ended.IDToken != "the-id-token" {
		t.Fatalf("got %+v, %v", ended, err)
	}
	gone := w.Result().Cookies()
	if len(gone) != 1 || gone[0].Name != c.Name || gone[0].MaxAge >= 0 || !gone[0].Secure || gone[0].Path != "/" {
		t.Errorf("got %v, want the cookie forgotten", gone)
	}
	s.out(c)
	s.in(other)
	if again, err := s.End(httptest.NewRecorder(), request(c)); again != nil || err != nil {
		t.Errorf("twice: got %v, %v; want nothing to do", again, err)
	}
}

func TestListedSessionsAreEndedByNameByTheirOwnerAlone(t *testing.T) {
	t.Parallel()
	s := newStage(t, "https://ml.example.org")
	one, two := s.begin(byPassword(), request()), s.begin(byPassword(), request())
	list, err := s.List(t.Context(), "alice")
	if err != nil || len(list) != 2 {
		t.Fatalf("got %v, %v; want two", list, err)
	}
	if err := s.EndByID(t.Context(), "bob", list[0].ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("bob ended alice's: %v", err)
	}
	if err := s.EndByID(t.Context(), "alice", list[0].ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Authenticate(request(one)); err == nil {
		s.out(two)
	} else {
		s.in(two)
	}
}

func TestTheProviderEndsTheSessionsOfALogin(t *testing.T) {
	t.Parallel()
	s := newStage(t, "https://ml.example.org")
	c := s.begin(company("r"), request())
	p := s.begin(byPassword(), request())
	if n, err := s.EndLogin(t.Context(), store.Login{Provider: "company", SID: "sid"}); n != 1 || err != nil {
		t.Errorf("got %d, %v; want 1", n, err)
	}
	s.out(c)
	s.in(p)
}
