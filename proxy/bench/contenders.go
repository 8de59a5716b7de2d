package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"

	"mlgate/proxy"
)

// getExperiment is the call that the fast contenders are asked.
const getExperiment = "/api/2.0/mlflow/experiments/get?experiment_id=1"

// stubAnswer is what MLflow 3.17.2 answers to getExperiment.
const stubAnswer = `{
  "experiment": {
    "experiment_id": "1",
    "name": "cv/detector/baseline",
    "artifact_location": "mlflow-artifacts:/1",
    "lifecycle_stage": "active",
    "last_update_time": 1763900000000,
    "creation_time": 1763900000000,
    "tags": [{"key": "mlflow.note.content", "value": "nightly detector runs"}]
  }
}`

// stub is an upstream that answers as fast as Go can. Whatever else it is asked
// for is empty.
func stub() http.Handler {
	mux := http.NewServeMux()
	answer := []byte(stubAnswer)
	mux.HandleFunc("GET /api/2.0/mlflow/experiments/get", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
		_, _ = w.Write(answer)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("{}"))
	})
	return mux
}

// reverseProxy is what the gate would be if it checked nothing: Go's reverse
// proxy as it comes, or tuned with the gate's own transport and a pool of buffers.
func reverseProxy(upstream *url.URL, tuned bool) http.Handler {
	p := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(upstream)
		r.SetXForwarded()
	}}
	if tuned {
		p.Transport, p.BufferPool = proxy.NewTransport(nil), &pool{}
	}
	return p
}

// pool lends buffers of the size that the gate's pool lends.
type pool struct{ sync.Pool }

func (p *pool) Get() []byte {
	if b, ok := p.Pool.Get().(*[]byte); ok {
		return *b
	}
	return make([]byte, 64<<10)
}

func (p *pool) Put(b []byte) { p.Pool.Put(&b) }

// nginxConfig has what its manual advises for a proxy: connections to the
// upstream that are kept, one worker a core, a log of the calls.
const nginxConfig = `%[1]s
daemon off;
worker_processes auto;
pid %[2]s/nginx.pid;
events { worker_connections 1024; }
http {
  access_log %[2]s/access.txt combined;
  client_body_temp_path %[2]s/t1; proxy_temp_path %[2]s/t2; fastcgi_temp_path %[2]s/t3;
  uwsgi_temp_path %[2]s/t4; scgi_temp_path %[2]s/t5;
  keepalive_requests 1000000000;
  upstream mlflow { server %[3]s; keepalive 256; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:%[4]d;
    auth_basic "mlflow";
    auth_basic_user_file %[2]s/htpasswd;
    location / {
      proxy_pass http://mlflow;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Authorization "";
      proxy_set_header X-Forwarded-For $remote_addr;
    }
  }
}
`

// startNginx puts nginx with auth_basic before an upstream. Its password file
// has the hash that htpasswd makes unless told otherwise, apr1: nginx computes
// it on every call.
func startNginx(ctx context.Context, dir, upstream, user, password string) (*child, string, error) {
	dir = filepath.Join(dir, "nginx")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, "", err
	}
	hash, err := exec.CommandContext(ctx, "openssl", "passwd", "-apr1", password).Output()
	if err != nil {
		return nil, "", fmt.Errorf("hash password: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "htpasswd"), []byte(user+":"+string(hash)), 0o600); err != nil {
		return nil, "", err
	}
	port, err := freePort()
	if err != nil {
		return nil, "", err
	}
	u, err := url.Parse(upstream)
	if err != nil {
		return nil, "", err
	}
	as := ""
	if os.Geteuid() == 0 {
		as = "user root;" // else its workers could not read the password file
	}
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, nginxConfig, as, dir, u.Host, port), 0o600); err != nil {
		return nil, "", err
	}
	c, err := startChild(dir, "nginx", exec.Command("nginx", "-p", dir, "-e", filepath.Join(dir, "error.txt"), "-c", file))
	if err != nil {
		return nil, "", err
	}
	return c, fmt.Sprintf("http://127.0.0.1:%d", port), nil
}
