package oidctest

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Options configure a Provider.
type Options struct {
	// Listen is the address to serve on, on loopback. Default: 127.0.0.1:0.
	Listen string
	// ClientID and ClientSecret are those of the one client. Defaults:
	// "mlgate" and "client-secret". Public: the client has no secret.
	ClientID, ClientSecret string
	Public                 bool
	// Redirects are the addresses that a browser may be sent back to with a
	// code; empty: any on loopback. PostLogout: the same after a logout.
	Redirects, PostLogout []string
	// Backchannel gets logout tokens when a session ends; empty: none are sent.
	Backchannel string
	// Users may sign in.
	Users []User
	// Algorithm signs tokens. Default: ES256. Bits of an RSA key. Default: 2048.
	Algorithm string
	Bits      int
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// Lifetime of ID tokens. Default: 5 minutes.
	Lifetime time.Duration
}

// User is somebody who may sign in.
type User struct {
	// Name picks the user at the authorize endpoint (login_hint).
	Name string
	// Subject is the user's for ever. Default: "sub-" and the name.
	Subject string
	// Claims go into the ID token, UserInfo to the userinfo endpoint.
	Claims, UserInfo map[string]any
	// Disabled users cannot sign in or renew.
	Disabled bool
}

// Provider is a running provider.
type Provider struct {
	opts   Options
	issuer string
	server *http.Server

	mu       sync.Mutex
	faults   Faults
	users    map[string]User
	keys     []signingKey // the first one signs
	codes    map[string]grant
	refresh  map[string]grant
	access   map[string]grant
	sessions map[string]string // sid to user
	requests map[string]int
}

// grant is what a code or token stands for.
type grant struct {
	user, sid, nonce, challenge, redirect string
	at                                    time.Time
}

// Start serves a provider until Close.
func Start(o Options) (*Provider, error) {
	o.Listen = cmp.Or(o.Listen, "127.0.0.1:0")
	o.ClientID = cmp.Or(o.ClientID, "mlgate")
	o.Algorithm = cmp.Or(o.Algorithm, "ES256")
	o.Bits = cmp.Or(o.Bits, 2048)
	if !o.Public {
		o.ClientSecret = cmp.Or(o.ClientSecret, "client-secret")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Lifetime <= 0 {
		o.Lifetime = 5 * time.Minute
	}
	p := &Provider{
		opts: o, users: map[string]User{}, codes: map[string]grant{}, refresh: map[string]grant{},
		access: map[string]grant{}, sessions: map[string]string{}, requests: map[string]int{},
	}
	for _, u := range o.Users {
		p.SetUser(u)
	}
	p.RotateKeys()
	return p, p.listen()
}

func (p *Provider) listen() error {
	l, err := net.Listen("tcp", p.opts.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if addr, ok := l.Addr().(*net.TCPAddr); !ok || !addr.IP.IsLoopback() {
		return errors.Join(errors.New("a provider without passwords is for loopback only"), l.Close())
	}
	p.issuer = "http://" + l.Addr().String()
	p.server = &http.Server{Handler: p.handler(), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = p.server.Serve(l) }()
	return nil
}

// Close ends the provider and its connections.
func (p *Provider) Close() error { return p.server.Close() }

// Issuer is the provider's address.
func (p *Provider) Issuer() string { return p.issuer }

// Client returns the client's name and secret.
func (p *Provider) Client() (id, secret string) { return p.opts.ClientID, p.opts.ClientSecret }

// SetUser adds or replaces a user, with effect at once.
func (p *Provider) SetUser(u User) {
	if u.Subject == "" {
		u.Subject = "sub-" + u.Name
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.users[u.Name] = u
}

// Requests counts the requests to path so far.
func (p *Provider) Requests(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests[path]
}

func (p *Provider) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /keys", p.publishKeys)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("GET /userinfo", p.userInfo)
	mux.HandleFunc("GET /logout", p.endSession)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.requests[r.URL.Path]++
		f := p.faults
		p.mu.Unlock()
		switch {
		case f.Down:
			http.Error(w, "down", http.StatusServiceUnavailable)
		case f.Huge == r.URL.Path:
			_, _ = w.Write([]byte(`{"filler": "`))
			_, _ = w.Write(slices.Repeat([]byte("a"), 3<<20))
			_, _ = w.Write([]byte(`"}`))
		case f.Elsewhere[r.URL.Path] != "":
			http.Redirect(w, r, f.Elsewhere[r.URL.Path], http.StatusTemporaryRedirect)
		default:
			if f.Slow > 0 {
				wait(r, f.Slow)
			}
			mux.ServeHTTP(w, r)
		}
	})
}

func wait(r *http.Request, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.Context().Done():
	}
}

func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	f := p.Faults()
	issuer := p.issuer
	if f.DiscoveryIssuer != "" {
		issuer = f.DiscoveryIssuer
	}
	doc := map[string]any{
		"issuer":                                         issuer,
		"authorization_endpoint":                         p.issuer + "/authorize",
		"token_endpoint":                                 p.issuer + "/token",
		"jwks_uri":                                       p.issuer + "/keys",
		"userinfo_endpoint":                              p.issuer + "/userinfo",
		"end_session_endpoint":                           p.issuer + "/logout",
		"id_token_signing_alg_values_supported":          []string{p.opts.Algorithm},
		"token_endpoint_auth_methods_supported":          []string{"client_secret_basic", "client_secret_post"},
		"code_challenge_methods_supported":               []string{"S256"},
		"authorization_response_iss_parameter_supported": !f.SaysNoIss,
		"backchannel_logout_supported":                   true,
	}
	for name, value := range f.Discovery {
		if value == nil {
			delete(doc, name)
			continue
		}
		doc[name] = value
	}
	writeJSON(w, http.StatusOK, doc)
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}

func random() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}
