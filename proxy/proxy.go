package proxy

import (
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"mlgate/proxy/console"
	"mlgate/proxy/mlflowapi"
	"mlgate/proxy/resolve"
)

// Options are what a Proxy needs.
type Options struct {
	// Upstream is MLflow's address; a path in it is put before every path.
	Upstream *url.URL
	// Transport carries requests upstream; nil: [NewTransport] without TLS roots of its own.
	Transport http.RoundTripper
	// Snapshot gives the snapshot in force.
	Snapshot func() *Snapshot
	// Console answers below /_gate/; the request carries what [CallerOf] reads.
	Console Console
	// Table of all endpoints; the version of MLflow chooses among them.
	Table *mlflowapi.Table
	// SealKeys (32 bytes each) open page tokens and the ids of uploads, and the first seals them; all
	// replicas need the same. None: calls are answered 503 until [Proxy.UseSealKeys].
	SealKeys [][]byte
	// ExternalURL is where clients reach the gate; its path is the mount point.
	ExternalURL *url.URL
	// TrustedProxies may say who the client is by X-Forwarded-For.
	TrustedProxies []netip.Prefix
	// SourceSchemes that a model version may name beside the served store.
	SourceSchemes []string
	// DirectTransfers opens the endpoints that hand out addresses of the artifact
	// store, which lead past the gate.
	DirectTransfers bool
	// NamesAge is how long a rename that went past this process, by hand or through
	// another replica, may go unnoticed; 0: five seconds.
	NamesAge time.Duration
	// Audit gets one line a call, from many calls at once; nil: nobody does.
	Audit func(*AuditLine)
	// Log gets what goes wrong inside.
	Log *slog.Logger
	// Metrics counts calls; nil: nobody does.
	Metrics *Metrics
}

// Console answers below /_gate/.
type Console interface {
	http.Handler
	// Open reports whether a request needs no identity: those by which people sign
	// in. It has one if it brings good credentials.
	Open(r *http.Request) bool
}

// Proxy is the gate.
type Proxy struct {
	opts  Options
	rows  atomic.Pointer[rows]
	names *resolve.Resolver
	up    *upstream
	rp    *httputil.ReverseProxy
	seal  atomic.Pointer[mlflowapi.Sealer]
	known *mlflowapi.FilterCache
	cross *http.CrossOriginProtection
	mount string

	buffers buffers
	holds   holds
}

// New makes a Proxy. It touches no network.
func New(opts Options) (*Proxy, error) {
	if opts.Transport == nil {
		opts.Transport = NewTransport(nil)
	}
	p := &Proxy{
		opts:  opts,
		known: mlflowapi.NewFilterCache(10_000),
		cross: http.NewCrossOriginProtection(),
	}
	if len(opts.SealKeys) > 0 {
		if err := p.UseSealKeys(opts.SealKeys); err != nil {
			return nil, err
		}
	}
	if opts.ExternalURL != nil {
		p.mount = strings.TrimSuffix(opts.ExternalURL.Path, "/")
		if err := p.cross.AddTrustedOrigin(opts.ExternalURL.Scheme + "://" + opts.ExternalURL.Host); err != nil {
			return nil, err
		}
	}
	p.rows.Store(&rows{table: opts.Table})
	p.up = &upstream{base: opts.Upstream, transport: opts.Transport}
	p.names = resolve.New(resolve.Options{
		Upstream: p.up, ExperimentAge: opts.NamesAge,
		Has: func(method, path string) bool { return p.rows.Load().table.Has(method, path) },
	})
	p.rp = p.reverseProxy()
	return p, nil
}

// UseSealKeys gives the keys that were not there yet when the Proxy was made.
func (p *Proxy) UseSealKeys(keys [][]byte) error {
	seal, err := mlflowapi.NewSealer(keys)
	if err != nil {
		return err
	}
	p.seal.Store(seal)
	return nil
}

// errNotReady answers calls that come before the state store did.
var errNotReady = &mlflowapi.Error{Status: 503, Code: "TEMPORARILY_UNAVAILABLE", Message: "mlgate waits for its state store; nothing was sent to MLflow, try again"}

// Names is the resolver, for those who keep it fresh.
func (p *Proxy) Names() *resolve.Resolver { return p.names }

// ServeHTTP takes one call through its rooms.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := &session{
		p: p, snap: p.opts.Snapshot(), start: time.Now(), requestID: requestID(r),
		client: p.client(r), method: r.Method, path: r.URL.Path,
	}
	out := &response{ResponseWriter: w, s: s}
	defer s.record(out)
	defer s.release()
	harden(out.Header(), s.requestID)
	if s.snap.Mode != Enforce {
		out.Header().Set("X-Mlgate-Mode", string(s.snap.Mode))
	}
	r = r.WithContext(withSession(r.Context(), s))
	r.RemoteAddr = s.client
	if err := p.serve(out, r, s); err != nil {
		p.fail(out, r, s, err)
	}
}

func (p *Proxy) serve(w http.ResponseWriter, r *http.Request, s *session) error {
	if p.seal.Load() == nil {
		return errNotReady
	}
	path, ok := p.below(w, r)
	if !ok {
		return nil
	}
	s.path = path
	s.table = p.rows.Load().table
	m, known := s.table.Find(r.Method, path)
	if m.Endpoint != nil && m.Endpoint.Special == mlflowapi.Health {
		s.endpoint = m.Endpoint
		return p.call(w, r, s, m)
	}
	if err := p.cross.Check(r); err != nil {
		return mlflowapi.Forbidden("the request comes from a page of another site; open the gate's own address")
	}
	s.own = strings.HasPrefix(path, console.Prefix)
	if s.own {
		r.URL.Path, r.URL.RawPath = path, ""
	}
	err := s.identify(r)
	switch {
	case s.own && (err == nil || p.opts.Console.Open(r)):
		if s.id != nil {
			warnOfExpiry(w.Header(), s.id, s.start)
		}
		p.opts.Console.ServeHTTP(w, r)
		return nil
	case err != nil && s.signsIn(r, err):
		p.toSignIn(w, r, path)
		return nil
	case err != nil:
		return err
	}
	warnOfExpiry(w.Header(), s.id, s.start)
	switch {
	case m.Endpoint == nil && known:
		return &mlflowapi.Error{Status: 404, Code: "ENDPOINT_NOT_FOUND", Message: "MLflow does not answer " + r.Method + " here"}
	case m.Endpoint == nil:
		return &mlflowapi.Error{Status: 404, Code: "ENDPOINT_NOT_FOUND", Message: "MLflow has no such endpoint"}
	}
	s.endpoint = m.Endpoint
	return p.call(w, r, s, m)
}

// below strips the mount point. Only the mount point itself needs its slash.
func (p *Proxy) below(w http.ResponseWriter, r *http.Request) (string, bool) {
	if p.mount == "" {
		return r.URL.Path, true
	}
	if r.URL.Path == p.mount {
		http.Redirect(w, r, p.mount+"/", http.StatusPermanentRedirect)
		return "", false
	}
	rest, ok := strings.CutPrefix(r.URL.Path, p.mount+"/")
	if !ok {
		writeError(w, &mlflowapi.Error{Status: 404, Code: "ENDPOINT_NOT_FOUND", Message: "mlgate lives under " + p.mount + "/"})
		return "", false
	}
	return "/" + rest, true
}

// requestID takes the client's id where it is a tame one, else makes one.
func requestID(r *http.Request) string {
	id := r.Header.Get("X-Request-Id")
	if id == "" || len(id) > 64 {
		return rand.Text()
	}
	for _, c := range id {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' {
			return rand.Text()
		}
	}
	return id
}

// errClientGone ends a call whose client went away.
var errClientGone = errors.New("client went away")
