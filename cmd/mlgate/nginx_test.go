package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startNginx runs the snippet of deploy/nginx in a real nginx in front of a
// backend, and returns its address.
func startNginx(t *testing.T, backend string) string {
	t.Helper()
	return startNginxWith(t, backend, "", "proxy_next_upstream off;")
}

// startNginxWith also takes a block for the http section, and another rule for what
// nginx sends again.
func startNginxWith(t *testing.T, backend, block, again string) string {
	t.Helper()
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		t.Skip("nginx is not installed")
	}
	snippet, err := os.ReadFile("../../deploy/nginx/mlgate.conf")
	if err != nil {
		t.Fatal(err)
	}
	address, err := freeAddress()
	if err != nil {
		t.Fatal(err)
	}
	level := "warn"
	if block != "" {
		level = "crit" // backends come and go
	}
	folder := t.TempDir()
	put(t, filepath.Join(folder, "mlgate.conf"), strings.NewReplacer("http://127.0.0.1:8080", backend, "proxy_next_upstream off;", again).Replace(string(snippet)))
	put(t, filepath.Join(folder, "nginx.conf"), fmt.Sprintf(`
daemon off; pid nginx.pid; error_log stderr %s;
events {}
http {
	access_log off;
	client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
	%s
	server { listen %s; include mlgate.conf; }
}`, level, block, address))
	arguments := []string{"-p", folder, "-c", filepath.Join(folder, "nginx.conf"), "-e", "stderr"}
	if out, err := exec.CommandContext(t.Context(), nginx, append(arguments, "-t")...).CombinedOutput(); err != nil {
		t.Fatalf("nginx -t: %v\n%s", err, out)
	}
	cmd := exec.Command(nginx, arguments...) //nolint:noctx // ended below, in order
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return address
		}
	}
	t.Fatal("nginx does not listen")
	return ""
}

// nginx must hand on the path byte for byte (mlgate decides about what it says),
// and must not hand on what clients claim of their own address.
func TestNginxPassesThePathOnAndDropsClaims(t *testing.T) {
	t.Parallel()
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		fmt.Fprintf(w, "%s %s %s %s %d", r.RequestURI, r.Host, strings.Join(r.Header.Values("X-Forwarded-For"), "+"),
			r.Header.Get("X-Forwarded-Proto"), n)
	}))
	t.Cleanup(backend.Close)
	address := startNginx(t, backend.URL)
	const path = "/mlflow/api/2.0/a%2Fb/%2e%2e/c//d%252F?x=%2f"
	body := strings.NewReader(strings.Repeat("x", 3<<20)) // nginx's own limit is 1 MiB
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://"+address, body)
	if err != nil {
		t.Fatal(err)
	}
	req.URL.Opaque = "//" + address + path
	req.Header.Set("X-Forwarded-For", "10.9.9.9")
	req.Header.Set("X-Forwarded-Proto", "https")
	got := roundTrip(t, req)
	want := fmt.Sprintf("200 %s %s 127.0.0.1 http %d", path, address, 3<<20)
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	bare, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/mlflow?x=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := roundTrip(t, bare); !strings.HasPrefix(got, "308 ") {
		t.Errorf("the bare path: got %s, want a redirect", got)
	}
}

// roundTrip answers a request with "status body".
func roundTrip(t *testing.T, req *http.Request) string {
	t.Helper()
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d %s", resp.StatusCode, content)
}
