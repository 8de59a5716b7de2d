package console

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxBody bounds the bodies read here; the largest honest one, a token with 50
// long prefixes, needs less.
const maxBody = 64 << 10

func writeJSON(w http.ResponseWriter, status int, answer any) error {
	body, err := json.Marshal(answer, jsontext.EscapeForHTML(true))
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, err = w.Write(append(body, '\n'))
	if err != nil {
		return nil // the client has gone; there is nobody to tell
	}
	return nil
}

// readJSON reads exactly one object with known fields, each once, by its exact
// name. A body of a form's content type is refused: that is what a page of
// another site can send without being asked.
func readJSON(w http.ResponseWriter, r *http.Request, into any) error {
	if kind := r.Header.Get("Content-Type"); kind != "" {
		if media, _, err := mime.ParseMediaType(kind); err != nil || media != "application/json" {
			return invalid("send the body as Content-Type: application/json")
		}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLong *http.MaxBytesError
	if errors.As(err, &tooLong) {
		return invalid("the body is too long")
	}
	if err != nil {
		return invalid("the body could not be read")
	}
	if jsontext.Value(body).Kind() != '{' {
		return invalid("the body must be a JSON object")
	}
	if err := json.Unmarshal(body, into, json.RejectUnknownMembers(true)); err != nil {
		return invalid("the body cannot be read: " + err.Error())
	}
	return nil
}

// readQuery returns the values of the named parameters; others, and repeated
// ones, are refused.
func readQuery(r *http.Request, names ...string) (map[string]string, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, invalid("the query cannot be read")
	}
	out := map[string]string{}
	for _, name := range names {
		switch list := values[name]; len(list) {
		case 0:
		case 1:
			out[name] = list[0]
		default:
			return nil, invalid("parameter " + name + " is given more than once")
		}
		delete(values, name)
	}
	for name := range values {
		return nil, invalid("unknown parameter " + name)
	}
	return out, nil
}
