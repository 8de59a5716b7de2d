package proxy

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json"

	"mlgate/auth"
	"mlgate/proxy/mlflowapi"
)

// fail gives an error in MLflow's form, so that its clients show the message.
func (p *Proxy) fail(w *response, r *http.Request, s *session, err error) {
	if w.wrote {
		panic(http.ErrAbortHandler) // the answer is under way; a cut one must not look whole
	}
	var own *mlflowapi.Error
	var throttled *auth.ThrottledError
	var refusal *auth.Refusal
	switch {
	case errors.As(err, &own):
		writeError(w, own)
	case errors.As(err, &throttled):
		w.Header().Set("Retry-After", strconv.Itoa(throttled.Seconds()))
		writeError(w, &mlflowapi.Error{Status: 429, Code: "REQUEST_LIMIT_EXCEEDED", Message: "too many failed sign-ins from this address; wait and check the password"})
	case errors.Is(err, auth.ErrNoCredentials):
		s.unauthenticated(w, r, "sign in: set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN")
	case errors.As(err, &refusal):
		s.denied = "sign-in: " + refusal.Why
		s.unauthenticated(w, r, refusal.Why)
	case errors.Is(err, auth.ErrUnavailable):
		p.opts.Log.Error("sign-in cannot be checked", "request_id", s.requestID, "error", err.Error())
		writeError(w, &mlflowapi.Error{Status: 503, Code: "TEMPORARILY_UNAVAILABLE", Message: "what vouches for these credentials does not answer, so they cannot be checked; nothing was sent to MLflow, try again"})
	case errors.Is(err, auth.ErrBadCredentials):
		s.unauthenticated(w, r, "the user name, password or token is not valid")
	case errors.Is(err, errClientGone), errors.Is(err, context.Canceled) && r.Context().Err() != nil:
		w.status = 499
		panic(http.ErrAbortHandler) // one that only seems gone must not get the 200 of an empty answer
	default:
		p.opts.Log.Error("call failed", "request_id", s.requestID, "path", s.path, "error", err.Error())
		writeError(w, s.lostAnswer(err))
	}
}

// lostAnswer says what a client may conclude when MLflow could not be reached
// or its answer was lost. MLflow's client repeats 5xx on every method, so they
// are given only where repeating does no harm.
func (s *session) lostAnswer(err error) *mlflowapi.Error {
	var lk *lookupError
	var up *upstreamError
	switch {
	case errors.As(err, &lk), errors.As(err, &up) && !up.sent, s.endpoint == nil:
		return &mlflowapi.Error{Status: 503, Code: "TEMPORARILY_UNAVAILABLE", Message: "MLflow cannot be reached; nothing was sent, try again"}
	case s.endpoint.Repeatable:
		return &mlflowapi.Error{Status: 502, Code: "TEMPORARILY_UNAVAILABLE", Message: "MLflow's answer was lost; the call may be repeated"}
	default:
		return &mlflowapi.Error{Status: 409, Code: "ABORTED", Message: "MLflow's answer was lost after the call was sent; it may or may not have taken effect: look before repeating it"}
	}
}

// lost marks an error that came after the call was sent.
func (s *session) lost(err error) error { return &upstreamError{err, true} }

// unauthenticated asks for credentials. A page's own call is not asked for a
// password: the browser would open its dialog over the page.
func (s *session) unauthenticated(w http.ResponseWriter, r *http.Request, msg string) {
	challenge := `Basic realm="mlgate", charset="UTF-8"`
	if s.snap.SignIn != nil && r.Header.Get("Sec-Fetch-Mode") != "" && r.Header.Get("Authorization") == "" {
		challenge = `Session realm="mlgate"`
	}
	w.Header().Set("WWW-Authenticate", challenge)
	writeError(w, &mlflowapi.Error{Status: 401, Code: "UNAUTHENTICATED", Message: msg})
}

func writeError(w http.ResponseWriter, e *mlflowapi.Error) {
	body, _ := json.Marshal(struct {
		Code    string `json:"error_code"`
		Message string `json:"message"`
	}{e.Code, e.Message})
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(e.Status)
	w.Write(body)
}

// write gives an answer that was read whole.
func write(w http.ResponseWriter, r *http.Request, a *mlflowapi.Answer) error {
	h := w.Header()
	if a.ContentType != "" {
		h.Set("Content-Type", a.ContentType)
	}
	h.Set("Content-Length", strconv.Itoa(len(a.Body)))
	w.WriteHeader(a.Status)
	if r.Method == http.MethodHead {
		return nil
	}
	_, err := w.Write(a.Body)
	return ignore(err)
}
