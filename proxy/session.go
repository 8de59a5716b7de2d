package proxy

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"mlgate/auth"
	"mlgate/policy"
	"mlgate/proxy/mlflowapi"
)

// session is what is known of one call while it is under way.
type session struct {
	p         *Proxy
	snap      *Snapshot
	table     *mlflowapi.Table
	id        *auth.Identity
	rights    rights
	endpoint  *mlflowapi.Endpoint
	call      *mlflowapi.Call
	requestID string
	client    string // the true client's address with port
	method    string
	path      string
	start     time.Time

	denied   string // the rule of a refusal; "no line" when none speaks
	line     int
	rule     string // the deciding line when allowed
	upstream int    // MLflow's status
	own      bool   // answered below /_gate/
	bytesIn  int64
	out      *outgoing // set on its way upstream
	held     []int     // stripes of the proxy's locks
}

type sessionKey struct{}

func withSession(ctx context.Context, s *session) context.Context {
	return context.WithValue(ctx, sessionKey{}, s)
}

func sessionOf(ctx context.Context) *session {
	s, _ := ctx.Value(sessionKey{}).(*session)
	return s
}

// CallerOf gives the identity and the snapshot of a request that is on its way
// through the gate.
func CallerOf(r *http.Request) (*auth.Identity, *Snapshot) {
	if s := sessionOf(r.Context()); s != nil {
		return s.id, s.snap
	}
	return nil, nil
}

// identify asks who is calling. Anonymous callers pass only in mode open.
func (s *session) identify(r *http.Request) error {
	id, err := s.snap.Who.Authenticate(r)
	if err == auth.ErrNoCredentials && s.snap.Mode == Open {
		id, err = auth.Anonymous(), nil
	}
	if err != nil {
		return err
	}
	s.id = id
	s.rights = rights{s.snap.rightsOf(id), s.snap.Mode != Enforce}
	return nil
}

// decide asks the policy about one name.
func (s *session) decide(a mlflowapi.Action, k mlflowapi.Kind, name string) policy.Decision {
	return s.rights.Decide(actionOf(a, k), kindOf(k), name)
}

// client is the address of the one who really calls: the peer, or what a
// trusted proxy says of it. X-Forwarded-For is read from the right, and the
// first address that no trusted proxy holds counts.
func (p *Proxy) client(r *http.Request) string {
	if len(p.opts.TrustedProxies) == 0 {
		return r.RemoteAddr
	}
	host, port, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil || !p.trusted(host) {
		return r.RemoteAddr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop := strings.TrimSpace(hops[i])
		addr, err := netip.ParseAddr(hop)
		if err != nil {
			break
		}
		host, port = addr.Unmap().String(), "0"
		if !p.trusted(host) {
			break
		}
	}
	return net.JoinHostPort(host, port)
}

func (p *Proxy) trusted(host string) bool {
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	for _, n := range p.opts.TrustedProxies {
		if n.Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}
