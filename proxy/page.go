package proxy

import (
	"bytes"
	"io"
	"net/http"
	"strings"
)

// maxPage bounds MLflow's one page, which is a few kilobytes.
const maxPage = 1 << 20

// uiScript is put into MLflow's page: see /_gate/ui.js. It stands first, so that it
// runs before MLflow's own scripts.
const uiScript = `<head><script defer src="_gate/ui.js"></script>`

// isPage reports whether a call asks for MLflow's one page.
func (s *session) isPage() bool { return s.endpoint.Name == "/" }

// wholePage asks MLflow for its page as it is: the browser's copy may be one
// without the script.
func wholePage(h http.Header) {
	for _, name := range []string{"Accept-Encoding", "Range", "If-Range", "If-None-Match", "If-Modified-Since"} {
		delete(h, name)
	}
}

// addScript puts the script into MLflow's page. A page that looks otherwise than
// expected goes on as it is.
func addScript(resp *http.Response) error {
	if resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") || resp.Header.Get("Content-Encoding") != "" {
		return nil
	}
	for _, name := range []string{"Etag", "Last-Modified", "Accept-Ranges", "Content-Length"} {
		delete(resp.Header, name)
	}
	resp.Header.Set("Cache-Control", "no-cache")
	if resp.Request.Method == http.MethodHead {
		return nil
	}
	page, err := io.ReadAll(io.LimitReader(resp.Body, maxPage))
	if err != nil {
		return err
	}
	page = bytes.Replace(page, []byte("<head>"), []byte(uiScript), 1)
	resp.ContentLength = -1
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(page), resp.Body), resp.Body}
	return nil
}
