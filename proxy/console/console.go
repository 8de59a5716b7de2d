package console

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"mlgate/auth"
	"mlgate/auth/store"
	"mlgate/auth/token"
	"mlgate/policy"
)

// Prefix is where the console lives, below the gate's own path.
const Prefix = "/_gate/"

// Tokens makes, lists, rotates and revokes API tokens by auth/token's rules.
type Tokens interface {
	Create(ctx context.Context, by token.Caller, req token.Request) (*store.Token, auth.Secret, error)
	List(ctx context.Context, by token.Caller, owner string) ([]*store.Token, error)
	Revoke(ctx context.Context, by token.Caller, owner, id string) error
	Rotate(ctx context.Context, by token.Caller, owner, id string, how token.Rotation) (*store.Token, auth.Secret, error)
}

// Request is what a call is answered with: who asks, and the one snapshot that
// holds for the whole of the call. No field may be nil but Identity and SignIn.
type Request struct {
	// Identity is who asks; nil: nobody, answered 401.
	Identity *auth.Identity
	// Policy is the policy in force.
	Policy *policy.Policy
	// Tokens is the service over the users in force.
	Tokens Tokens
	// SignIn is how people sign in in their browser; nil: nobody does.
	SignIn *SignIn
	// Contact is whom to ask for a right; it may be empty.
	Contact string
}

// Options are what a Console needs.
type Options struct {
	// Request returns the identity and snapshot of a request. The proxy has
	// authenticated it already.
	Request func(*http.Request) Request
	// ExternalURL is where clients reach the gate, for the settings that the
	// account page shows.
	ExternalURL string
	// Status is what is in force, for the admin page.
	Status func() Status
	// Logger gets the causes of 500 answers, which clients do not see.
	Logger *slog.Logger
}

// Console is the handler of everything below Prefix. A path prefix of the gate
// itself must be stripped before.
type Console struct {
	opts   Options
	routes []route
	pages  *pages
}

// route is one path with the handlers of its methods. A path that ends in a
// slash takes one more segment.
type route struct {
	path    string
	methods map[string]handler
	as      kind
}

// kind says for whom a route is.
type kind int

const (
	forPeople kind = 1 << iota // faults are told on a page
	open                       // no identity is needed
	browsers                   // it is there where people sign in in the browser
)

// handler answers a call, or returns an error for fail to answer.
type handler func(w http.ResponseWriter, r *http.Request, q Request) error

// New returns a Console. It touches neither network nor disk.
func New(opts Options) *Console {
	c := &Console{opts: opts, pages: newPages(opts.ExternalURL)}
	c.routes = []route{
		{"account", map[string]handler{http.MethodGet: c.account}, forPeople},
		{"tokens", map[string]handler{http.MethodGet: c.tokensPage, http.MethodPost: c.makeToken}, forPeople},
		{"tokens/", map[string]handler{http.MethodPost: c.changeToken}, forPeople},
		{"ui.js", map[string]handler{http.MethodGet: c.uiScript}, open},
		{"admin", map[string]handler{http.MethodGet: c.admin}, forPeople},
		{"login", map[string]handler{http.MethodGet: c.signInPage, http.MethodPost: c.signInByPassword}, forPeople | open | browsers},
		{"login/", map[string]handler{http.MethodGet: c.beginSignIn}, forPeople | open | browsers},
		{"callback", map[string]handler{http.MethodGet: c.finishSignIn}, forPeople | open | browsers},
		{"callback/", map[string]handler{http.MethodGet: c.finishSignIn}, forPeople | open | browsers},
		{"logout", map[string]handler{http.MethodGet: c.signOutPage, http.MethodPost: c.signOut}, forPeople | open | browsers},
		{"backchannel/", map[string]handler{http.MethodPost: c.backChannel}, open | browsers},
		{"sessions", map[string]handler{http.MethodGet: c.sessionsPage}, forPeople | browsers},
		{"sessions/", map[string]handler{http.MethodPost: c.endOnPage}, forPeople | browsers},
		{"device", map[string]handler{http.MethodGet: c.devicePage, http.MethodPost: c.answerDevice}, forPeople | browsers},
		{"api/v1/device", map[string]handler{http.MethodPost: c.beginDevice}, open | browsers},
		{"api/v1/device/token", map[string]handler{http.MethodPost: c.fetchDevice}, open | browsers},
		{"api/v1/whoami", map[string]handler{http.MethodGet: whoami}, 0},
		{"api/v1/sessions", map[string]handler{http.MethodGet: listSessions}, browsers},
		{"api/v1/sessions/", map[string]handler{http.MethodDelete: deleteSession}, browsers},
		{"api/v1/explain", map[string]handler{http.MethodGet: explain}, 0},
		{"api/v1/tokens", map[string]handler{http.MethodGet: listTokens, http.MethodPost: createToken}, 0},
		{"api/v1/tokens/", map[string]handler{http.MethodDelete: revokeToken, http.MethodPost: rotateToken}, 0},
	}
	return c
}

// Open reports whether a request needs no identity.
func (c *Console) Open(r *http.Request) bool {
	rt, ok := c.find(r)
	return ok && rt.as&open != 0
}

// ServeHTTP implements http.Handler. Paths are compared as they are: nothing
// is cleaned or redirected, so that no second spelling of a path exists. No
// answer may be kept by a cache: all depend on who asks.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	rt, ok := c.find(r)
	if err := c.serve(w, r, rt, ok); err != nil {
		c.fail(w, r, rt.as&forPeople != 0, err)
	}
}

func (c *Console) serve(w http.ResponseWriter, r *http.Request, rt route, ok bool) error {
	if !ok {
		return &apiError{http.StatusNotFound, "ENDPOINT_NOT_FOUND", "mlgate has no page at this path"}
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	handle, ok := rt.methods[method]
	if !ok {
		w.Header().Set("Allow", rt.allow())
		return &apiError{http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", "this path takes " + rt.allow()}
	}
	q := c.opts.Request(r)
	if rt.as&browsers != 0 && q.SignIn == nil {
		return &apiError{http.StatusNotFound, "ENDPOINT_NOT_FOUND", "nobody signs in in the browser here: that needs https, or a loopback address, in external_url"}
	}
	if q.Identity == nil && rt.as&open == 0 {
		return &apiError{http.StatusUnauthorized, "UNAUTHENTICATED", "sign in first"}
	}
	return handle(w, r, q)
}

func (c *Console) find(r *http.Request) (route, bool) {
	path, ok := strings.CutPrefix(r.URL.EscapedPath(), Prefix)
	if !ok {
		return route{}, false
	}
	for _, rt := range c.routes {
		rest, below := strings.CutPrefix(path, rt.path)
		if below && (rest == "" && !strings.HasSuffix(rt.path, "/") ||
			rest != "" && strings.HasSuffix(rt.path, "/") && !strings.Contains(rest, "/")) {
			return rt, true
		}
	}
	return route{}, false
}

func (rt route) allow() string {
	var list []string
	for method := range rt.methods {
		list = append(list, method)
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// caller is who asks, as the policy knows them.
func (q Request) caller() policy.Caller { return CallerOf(q.Identity) }

// CallerOf is an identity as the policy knows it: who it is, and every limit of
// its token.
func CallerOf(id *auth.Identity) policy.Caller {
	return policy.Caller{
		User: id.User, Groups: id.Groups, Actions: id.Actions, Prefixes: id.Prefixes,
		Anonymous: id.Method == auth.MethodAnonymous,
	}
}

// by is the identity as the token service knows it. Whether it is an admin is
// the policy's word at this moment, with the limits of the caller's own token.
func (q Request) by() token.Caller {
	return token.Caller{Identity: q.Identity, Admin: q.Policy.Rights(q.caller()).IsAdmin()}
}

// apiError is an answer that says what is wrong.
type apiError struct {
	status        int
	code, message string
}

// Error implements error.
func (e *apiError) Error() string { return e.message }

func invalid(message string) error {
	return &apiError{http.StatusBadRequest, "INVALID_PARAMETER_VALUE", message}
}

// known is the answer to an error that is the caller's business; nil for others.
func known(err error) *apiError {
	var answer *apiError
	switch {
	case errors.As(err, &answer):
		return answer
	case errors.Is(err, token.ErrForbidden):
		return &apiError{http.StatusForbidden, "PERMISSION_DENIED", err.Error()}
	case errors.Is(err, token.ErrInvalid):
		return &apiError{http.StatusBadRequest, "INVALID_PARAMETER_VALUE", err.Error()}
	case errors.Is(err, token.ErrNotFound):
		return &apiError{http.StatusNotFound, "RESOURCE_DOES_NOT_EXIST", err.Error()}
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, auth.ErrUnavailable):
		return &apiError{http.StatusServiceUnavailable, "TEMPORARILY_UNAVAILABLE", "the state store does not answer; look whether the change was made, then try again"}
	}
	return nil
}

// fail answers err, on a page or in MLflow's form. What is none of the caller's
// business is logged and not shown.
func (c *Console) fail(w http.ResponseWriter, r *http.Request, page bool, err error) {
	answer := known(err)
	if answer == nil {
		c.opts.Logger.ErrorContext(r.Context(), "console failed", "method", r.Method, "path", r.URL.Path, "error", err)
		answer = &apiError{http.StatusInternalServerError, "INTERNAL_ERROR", "mlgate could not answer; its log says why"}
	}
	if page {
		c.failPage(w, r, answer)
		return
	}
	_ = writeJSON(w, answer.status, struct {
		Code    string `json:"error_code"`
		Message string `json:"message"`
	}{answer.code, answer.message})
}
