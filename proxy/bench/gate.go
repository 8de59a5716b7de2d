package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// policyText gives alice one prefix, both two, root everything.
const policyText = `p, role:vision, cv/*, edit
p, role:language, nlp/*, edit
p, role:admin, *, admin
g, user:alice, role:vision
g, user:both, role:vision
g, user:both, role:language
g, user:root, role:admin
`

// gate is the real mlgate as an operator runs it: bcrypt passwords, tokens in
// the embedded store, an audit line for each call in a file.
type gate struct {
	*child
	url   string
	admin string // where health, metrics and profiles are
	token string // of alice
}

func passwordOf(user string) string { return "bench-password-of-" + user }

// basicAuth is a user's Authorization header.
func basicAuth(user string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+passwordOf(user)))
}

func (b *bench) startGate(ctx context.Context, name, upstream string) (*gate, error) {
	dir := filepath.Join(b.dir, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	for _, user := range []string{"alice", "both", "root"} {
		cmd := exec.CommandContext(ctx, b.gate, "user", "add", "--password-stdin", filepath.Join(dir, "users.htpasswd"), user)
		cmd.Stdin = strings.NewReader(passwordOf(user) + "\n")
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("add user: %w\n%s", err, out)
		}
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	admin, err := freePort()
	if err != nil {
		return nil, err
	}
	g := &gate{url: fmt.Sprintf("http://127.0.0.1:%d", port), admin: fmt.Sprintf("127.0.0.1:%d", admin)}
	config, err := json.Marshal(map[string]any{
		"version": 1, "listen": fmt.Sprintf("127.0.0.1:%d", port), "external_url": g.url,
		"admin_listen": g.admin,
		"upstream":     map[string]any{"url": upstream},
		"policy":       map[string]any{"file": "policy.csv"},
		"auth":         map[string]any{"basic": map[string]any{"htpasswd_file": "users.htpasswd"}},
	})
	if err != nil {
		return nil, err
	}
	for file, text := range map[string]string{"mlgate.yaml": string(config), "policy.csv": policyText} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	if g.child, err = startChild(dir, "mlgate", exec.Command(b.gate, "serve", "--config", filepath.Join(dir, "mlgate.yaml"))); err != nil {
		return nil, err
	}
	if err := g.ready(ctx, "http://"+g.admin+"/readyz"); err != nil {
		g.stop()
		return nil, err
	}
	if g.token, err = b.makeToken(ctx, g.url); err != nil {
		g.stop()
		return nil, err
	}
	return g, nil
}

func (b *bench) makeToken(ctx context.Context, url string) (string, error) {
	cmd := exec.CommandContext(ctx, b.gate, "token", "create", "--url", url, "--name", "bench")
	cmd.Env = append(os.Environ(), "MLFLOW_TRACKING_USERNAME=alice", "MLFLOW_TRACKING_PASSWORD="+passwordOf("alice"))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("make token: %w\n%s", err, &stderr)
	}
	return strings.TrimSpace(string(out)), nil
}

// profile writes a processor profile of the next seconds to file.
func (g *gate) profile(ctx context.Context, file string, seconds int) error {
	status, body, err := ask(ctx, http.MethodGet, fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", g.admin, seconds), nil)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("profile: got %d %s", status, body)
	}
	return os.WriteFile(file, body, 0o644)
}
