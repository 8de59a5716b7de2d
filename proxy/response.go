package proxy

import "net/http"

// response notes what was answered.
type response struct {
	http.ResponseWriter
	s      *session
	status int
	bytes  int64
	wrote  bool
}

func (w *response) WriteHeader(code int) {
	if code >= 200 && !w.wrote {
		w.status, w.wrote = code, true
	}
	w.ResponseWriter.WriteHeader(code)
}

func (w *response) Write(b []byte) (int, error) {
	if !w.wrote {
		w.status, w.wrote = http.StatusOK, true
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController flush and set deadlines.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }
