package mlflowtest

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pythonLimit ends a script that hangs; a client retries for minutes on end.
const pythonLimit = 10 * time.Minute

// Python runs a script with the pinned environment and returns all that it
// wrote. A script that fails fails the test. It gets the NAME=value settings of
// env and nothing of the caller's own; HOME is a fresh folder unless env names
// one.
func Python(t testing.TB, env []string, script string, args ...string) string {
	t.Helper()
	out, err := TryPython(t, env, script, args...)
	if err != nil {
		t.Fatalf("python %s: %v\n%s", script, err, out)
	}
	return out
}

// TryPython is Python for scripts that may fail.
func TryPython(t testing.TB, env []string, script string, args ...string) (string, error) {
	t.Helper()
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	return runPython(t, venvBin(root, "python"), env, script, args...)
}

// Exporter is Python for a script that has OpenTelemetry's SDK and its OTLP
// exporter, and nothing of MLflow.
func Exporter(t testing.TB, env []string, script string, args ...string) string {
	t.Helper()
	root, err := exporterRoot()
	if err != nil {
		t.Fatal(err)
	}
	out, err := runPython(t, filepath.Join(root, ".venv-otlp", "bin", "python"), env, script, args...)
	if err != nil {
		t.Fatalf("python %s: %v\n%s", script, err, out)
	}
	return out
}

// pythonPath tells Python of libraries beside its own.
func pythonPath(libs ...string) string {
	return "PYTHONPATH=" + strings.Join(libs, string(filepath.ListSeparator))
}

func runPython(t testing.TB, python string, env []string, script string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), pythonLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, python, append([]string{script}, args...)...)
	// The later setting wins, so env may replace what the base says.
	cmd.Env = append(baseEnv(t.TempDir()), env...)
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.CombinedOutput()
	return string(out), err
}
