package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"mlgate/config"
	"mlgate/policy"
)

// document is a YAML document as plain maps; at walks it.
type document map[string]any

func (d document) at(path ...any) any {
	var value any = map[string]any(d)
	for _, step := range path {
		switch s := step.(type) {
		case string:
			section, _ := value.(map[string]any)
			value = section[s]
		case int:
			list, _ := value.([]any)
			if s >= len(list) {
				return nil
			}
			value = list[s]
		}
	}
	return value
}

func readDocuments(t *testing.T, path string) []document {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list []document
	for decoder := yaml.NewDecoder(bytes.NewReader(content)); ; {
		var d map[string]any
		if err := decoder.Decode(&d); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		list = append(list, d)
	}
}

// manifest is a Kubernetes manifest by the kinds of its parts, with the config that
// it gives to mlgate.
type manifest struct {
	kinds map[string]document
	cfg   *config.Config
}

func readManifest(t *testing.T, path string) manifest {
	t.Helper()
	kinds := map[string]document{}
	for _, d := range readDocuments(t, path) {
		kinds[d["kind"].(string)] = d
	}
	folder := t.TempDir()
	for name, content := range kinds["ConfigMap"].at("data").(map[string]any) {
		put(t, filepath.Join(folder, name), content.(string))
	}
	cfg, err := config.Load(filepath.Join(folder, "mlgate.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return manifest{kinds, cfg}
}

// pod is a part of the pods that the manifest makes.
func (m manifest) pod(path ...any) any {
	return m.kinds["Deployment"].at(append([]any{"spec", "template", "spec"}, path...)...)
}

// What the manifests hold for mlgate is what mlgate takes, and their parts fit
// together.
func TestKubernetesManifestsFitTogether(t *testing.T) {
	t.Parallel()
	m := readManifest(t, "../../deploy/kubernetes/mlgate.yaml")
	kinds, cfg, pod := m.kinds, m.cfg, m.pod
	if _, warnings, err := policy.Load(cfg.Policy.File); err != nil || len(warnings) > 0 {
		t.Errorf("policy: error %v, warnings %v", err, warnings)
	}
	for _, c := range []struct {
		what      string
		got, want any
	}{
		{"replicas over one state file", kinds["Deployment"].at("spec", "replicas"), 1},
		{"strategy", kinds["Deployment"].at("spec", "strategy", "type"), "Recreate"},
		{"service links", pod("enableServiceLinks"), false},
		{"state volume", pod("volumes", 2, "persistentVolumeClaim", "claimName"), kinds["PersistentVolumeClaim"].at("metadata", "name")},
		{"config volume", pod("volumes", 0, "configMap", "name"), kinds["ConfigMap"].at("metadata", "name")},
		{"config folder", pod("containers", 0, "volumeMounts", 0, "mountPath"), path.Dir(pod("containers", 0, "args", 2).(string))},
		{"users folder", pod("containers", 0, "volumeMounts", 1, "mountPath"), path.Dir(cfg.Auth.Basic.HtpasswdFile)},
		{"state folder", pod("containers", 0, "volumeMounts", 2, "mountPath"), path.Dir(cfg.State.Path)},
		{"port", pod("containers", 0, "ports", 0, "containerPort"), portOf(t, cfg.Listen)},
		{"admin port", pod("containers", 0, "ports", 1, "containerPort"), portOf(t, cfg.AdminListen)},
		{"service", kinds["Service"].at("spec", "ports", 0, "targetPort"), pod("containers", 0, "ports", 0, "name")},
		{"admin port outside", kinds["Service"].at("spec", "ports", 1), nil},
		{"who reaches MLflow", kinds["NetworkPolicy"].at("spec", "ingress", 0, "from", 0, "podSelector", "matchLabels", "app"),
			kinds["Deployment"].at("spec", "template", "metadata", "labels", "app")},
		{"MLflow's port", kinds["NetworkPolicy"].at("spec", "ingress", 0, "ports", 0, "port"), portOf(t, cfg.Upstream.URL.Host)},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %v, want %v", c.what, c.got, c.want)
		}
	}
}

// Replicas share a Redis, with TLS and an account, and nothing else: no volume that
// only one of them could hold.
func TestKubernetesReplicasShareARedisAlone(t *testing.T) {
	t.Parallel()
	m := readManifest(t, "../../deploy/kubernetes/replicas.yaml")
	kinds, cfg, pod := m.kinds, m.cfg, m.pod
	for i := range 4 {
		if claim := pod("volumes", i, "persistentVolumeClaim"); claim != nil {
			t.Errorf("volume %d is a claim: %v", i, claim)
		}
	}
	r := cfg.State.Redis
	for _, c := range []struct {
		what      string
		got, want any
	}{
		{"store", cfg.State.Kind, "redis"},
		{"replicas", kinds["Deployment"].at("spec", "replicas"), 3},
		{"password", path.Dir(r.PasswordFile), pod("containers", 0, "volumeMounts", 2, "mountPath")},
		{"certificates", path.Dir(r.TLS.CAFile), pod("containers", 0, "volumeMounts", 2, "mountPath")},
		{"secret", pod("volumes", 2, "secret", "secretName"), "mlgate-redis"},
		{"port", pod("containers", 0, "ports", 0, "containerPort"), portOf(t, cfg.Listen)},
		{"admin port", pod("containers", 0, "ports", 1, "containerPort"), portOf(t, cfg.AdminListen)},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %v, want %v", c.what, c.got, c.want)
		}
	}
}

func portOf(t *testing.T, address string) int {
	t.Helper()
	var port int
	if err := yaml.Unmarshal([]byte(address[strings.LastIndex(address, ":")+1:]), &port); err != nil {
		t.Fatal(err)
	}
	return port
}

func TestComposeLetsNobodyPastTheGate(t *testing.T) {
	t.Parallel()
	compose := readDocuments(t, "../../deploy/compose/compose.yaml")[0]
	cfg, err := config.Load("../../deploy/compose/etc/mlgate.yaml")
	if err != nil {
		t.Fatal(err)
	}
	mlflow, _ := compose.at("services", "mlflow").(map[string]any)
	if _, published := mlflow["ports"]; published {
		t.Error("MLflow's port is published")
	}
	if got := compose.at("services", "mlflow", "networks", 0); got != "inside" || compose.at("services", "mlflow", "networks", 1) != nil ||
		compose.at("networks", "inside", "internal") != true {
		t.Errorf("MLflow is on network %v, want the internal one alone", got)
	}
	if got := compose.at("services", "mlgate", "ports", 0); got != cfg.ExternalURL.Host+":8080" {
		t.Errorf("published at %v, external_url says %s", got, cfg.ExternalURL)
	}
	command, _ := mlflow["command"].(string)
	if want := "--allowed-hosts " + cfg.Upstream.URL.Host; !strings.Contains(command, want) {
		t.Errorf("MLflow's command %q lacks %q: it would refuse mlgate", command, want)
	}
	for _, mount := range []string{"./etc:/etc/mlgate:ro", "./state:" + path.Dir(cfg.State.Path)} {
		if list, _ := compose.at("services", "mlgate", "volumes").([]any); len(list) != 2 || list[0] != mount && list[1] != mount {
			t.Errorf("got volumes %v, want one to be %s", list, mount)
		}
	}
}

// The unit is judged by systemd itself, where there is one.
func TestSystemdUnitIsSound(t *testing.T) {
	t.Parallel()
	const unit = "../../deploy/systemd/mlgate.service"
	content, err := os.ReadFile(unit)
	if err != nil {
		t.Fatal(err)
	}
	start := regexp.MustCompile(`(?m)^ExecStart=/usr/local/bin/mlgate (.*)$`).FindSubmatch(content)
	if start == nil {
		t.Fatal("no ExecStart of mlgate")
	}
	arguments := strings.Fields(string(start[1]))
	root := newRoot()
	cmd, rest, err := root.Find(arguments)
	if err != nil || cmd.ParseFlags(rest) != nil || cmd.Flags().NArg() > 0 {
		t.Errorf("mlgate takes no arguments %q: %v", arguments, err)
	}
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	// It wants to find the binary.
	copied := filepath.Join(t.TempDir(), "mlgate.service")
	put(t, copied, strings.ReplaceAll(string(content), "/usr/local/bin/mlgate", "/bin/true"))
	if out, err := exec.CommandContext(t.Context(), analyze, "verify", copied).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}
