package proxy

import (
	"net/http"
	"time"

	"mlgate/auth"
	"mlgate/auth/token"
	"mlgate/proxy/mlflowapi"
)

// harden sets what every answer of the gate says: to a browser how to treat it,
// and the call's id.
func harden(h http.Header, requestID string) {
	v := [...]string{"nosniff", "SAMEORIGIN", "same-origin", requestID} // one allocation for all
	h["X-Content-Type-Options"] = v[0:1:1]
	h["X-Frame-Options"] = v[1:2:2]
	h["Referrer-Policy"] = v[2:3:3]
	h["X-Request-Id"] = v[3:4:4]
}

// warnOfExpiry tells who calls with a token when it ends, once that is soon.
func warnOfExpiry(h http.Header, id *auth.Identity, now time.Time) {
	if id.Method == auth.MethodToken && id.Expires.Sub(now) < token.EndsSoon {
		h.Set("X-Mlgate-Token-Expires", id.Expires.UTC().Format(time.RFC3339))
	}
}

// mine puts the gate's headers in the place of MLflow's. Files that users
// wrote are shown in a sandbox: a page among them would otherwise act in the
// gate's origin with the rights of whoever opens it.
func (p *Proxy) mine(h http.Header, s *session) {
	h.Del("X-Content-Type-Options")
	h.Del("X-Frame-Options")
	h.Del("Referrer-Policy")
	if s.endpoint.Direct { // whoever has the address in it has the file
		h.Set("Cache-Control", "no-store")
	}
	if s.endpoint.File && s.endpoint.Special != mlflowapi.Static {
		h.Set("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:")
		h.Set("Cache-Control", "private, no-cache")
	}
}
