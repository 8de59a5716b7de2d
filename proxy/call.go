package proxy

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"mlgate/proxy/console"
	"mlgate/proxy/mlflowapi"
)

// mostBody bounds a JSON request; MLflow's own clients stay below 1 MB.
const mostBody = 64 << 20

// call takes a request whose row is known through reading, deciding and
// narrowing, and sends it on.
func (p *Proxy) call(w http.ResponseWriter, r *http.Request, s *session, m mlflowapi.Match) error {
	e := m.Endpoint
	if !e.Open() {
		s.denied = "rule: closed endpoint"
		return mlflowapi.Forbidden("%s is shut: %s", e.Name, e.Closed)
	}
	if e.Direct && !p.opts.DirectTransfers {
		s.denied = "rule: direct transfers are off"
		return mlflowapi.TransfersOff(e)
	}
	if e.Special == mlflowapi.CurrentUser {
		return s.currentUser(w)
	}
	if err := s.reserve(e); err != nil {
		return err
	}
	c, err := p.read(r, m)
	if err != nil {
		return err
	}
	s.call = c
	if e.Special == mlflowapi.Health || e.Special == mlflowapi.Static {
		return p.stream(w, r, s)
	}
	ctx := r.Context()
	if err := s.admit(ctx, c); err != nil {
		return err
	}
	world := p.world(s)
	if err := world.Prepare(ctx, c, s.watch); err != nil {
		return lookup(err)
	}
	switch {
	case c.Hiding():
		return p.hidden(w, r, s)
	case world.Pages(e):
		a, err := world.SearchPage(ctx, c)
		if err != nil {
			return err
		}
		return p.finish(w, r, s, world, a)
	case p.whole(e):
		a, err := p.up.Do(ctx, c.Request())
		if err != nil {
			return err
		}
		return p.finish(w, r, s, world, a)
	default:
		return p.stream(w, r, s)
	}
}

// whole reports whether an answer is read whole, to be looked at or changed.
func (p *Proxy) whole(e *mlflowapi.Endpoint) bool {
	switch e.Special {
	case mlflowapi.GraphQL, mlflowapi.DownloadURI, mlflowapi.StartUpload:
		return true
	case mlflowapi.ServerInfo:
		return !p.opts.DirectTransfers
	default:
		return e.Trims != nil || e.Echo != ""
	}
}

func (p *Proxy) world(s *session) *mlflowapi.World {
	return &mlflowapi.World{
		Rights: s.rights, Names: p.names, Places: p.names, Directory: p.names, Hold: s.hold, Upstream: p.up, Seal: p.seal.Load(),
		User: s.id.User, Judge: s, Schemes: p.opts.SourceSchemes, Known: p.known, Table: s.table,
	}
}

// read reads the request against its row; a streamed body stays unread.
func (p *Proxy) read(r *http.Request, m mlflowapi.Match) (*mlflowapi.Call, error) {
	in := mlflowapi.Incoming{Method: r.Method, Query: r.URL.RawQuery, ContentType: r.Header.Get("Content-Type"), Header: r.Header}
	if r.Method == http.MethodHead {
		in.Method = http.MethodGet
	}
	if m.Endpoint.Args != mlflowapi.Streamed {
		if enc := r.Header.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") && m.Endpoint.Args != mlflowapi.InSpans {
			return nil, mlflowapi.Bad("MLflow does not decode Content-Encoding here; send the body as it is")
		}
		var err error
		if in.Body, err = readAll(r); err != nil {
			return nil, err
		}
		sessionOf(r.Context()).bytesIn = int64(len(in.Body))
	}
	if m.Endpoint.Special == mlflowapi.GraphQL {
		return mlflowapi.ReadGraphQL(m, in)
	}
	return m.Read(in)
}

func readAll(r *http.Request) ([]byte, error) {
	if r.ContentLength == 0 || r.Body == nil {
		return nil, nil
	}
	if r.ContentLength > mostBody {
		return nil, tooLarge
	}
	if n := r.ContentLength; n > 0 {
		b := make([]byte, n)
		if _, err := io.ReadFull(r.Body, b); err != nil {
			return nil, errClientGone
		}
		return b, nil
	}
	b, err := io.ReadAll(io.LimitReader(r.Body, mostBody+1))
	if err != nil {
		return nil, errClientGone
	}
	if len(b) > mostBody {
		return nil, tooLarge
	}
	return b, nil
}

var tooLarge = &mlflowapi.Error{Status: 413, Code: "INVALID_PARAMETER_VALUE", Message: "the request body is larger than 64 MiB; send artifacts to the artifact endpoints"}

// hidden asks MLflow about things that do not exist in the place of those that
// are not visible, and gives its answer with the client's own ids.
func (p *Proxy) hidden(w http.ResponseWriter, r *http.Request, s *session) error {
	s.denied = "not visible"
	req := s.call.Request()
	if s.endpoint.Args == mlflowapi.Streamed && r.ContentLength != 0 {
		req.Body = []byte{' '} // MLflow looks for a body before it looks for the run
	}
	a, err := p.up.Do(r.Context(), req)
	if err != nil {
		return err
	}
	if a.Status < 300 && s.endpoint.Action != mlflowapi.Read && !s.endpoint.Forgives {
		return mlflowapi.NotFound("not found") // MLflow took an id that nobody holds
	}
	s.upstream = a.Status
	a.Body = s.call.Reveal(a.Body)
	if s.endpoint.Special == mlflowapi.GraphQL {
		return p.finish(w, r, s, p.world(s), a)
	}
	return write(w, r, a)
}

// finish trims an answer that was read whole, and gives it.
func (p *Proxy) finish(w http.ResponseWriter, r *http.Request, s *session, world *mlflowapi.World, a *mlflowapi.Answer) error {
	s.upstream = a.Status
	if a.Status == http.StatusOK {
		if !s.call.Echoes(a.Body) {
			return s.call.MissingName()
		}
		var err error
		switch s.endpoint.Special {
		case mlflowapi.GraphQL:
			a.Body, err = world.TrimGraphQL(r.Context(), s.call, a.Body)
		case mlflowapi.DownloadURI: // the caller's next call asks for these files
			if name, version, uri := s.call.Place(a.Body); uri != "" {
				p.names.Remember(name, version, uri)
			}
		case mlflowapi.ServerInfo:
			a.Body, err = mlflowapi.TrimServerInfo(a.Body)
		case mlflowapi.StartUpload:
			a.Body, err = world.SealUpload(s.call, a.Body)
		default:
			a.Body, err = world.TrimAnswer(r.Context(), s.endpoint, a.Body)
		}
		if err != nil {
			return s.lost(err)
		}
	}
	return write(w, r, a)
}

func (s *session) currentUser(w http.ResponseWriter) error {
	body, ok := console.CurrentUser(s.id)
	if !ok {
		return &mlflowapi.Error{Status: 404, Code: "ENDPOINT_NOT_FOUND", Message: "nobody is signed in"}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, err := w.Write(body)
	return ignore(err)
}

// ignore: a client that is gone needs no answer.
func ignore(error) error { return nil }

// lookupError: MLflow could not be asked what an id means. Nothing of the
// call itself was sent.
type lookupError struct{ error }

func (e *lookupError) Unwrap() error { return e.error }

func lookup(err error) error {
	var own *mlflowapi.Error
	if errors.As(err, &own) {
		return err
	}
	return &lookupError{err}
}
