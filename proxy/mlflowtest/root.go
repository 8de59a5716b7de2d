package mlflowtest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// environment makes sure, once a test process, that the tree and its pinned
// Python environment are there.
var environment = sync.OnceValues(func() (string, error) { return makeEnvironment(Version()) })

// exporterRoot is [Root] with the environment of [Exporter].
var exporterRoot = sync.OnceValues(func() (string, error) { return makeEnvironment("otlp") })

// storeRoot is [Root] with the environment of [OnS3].
var storeRoot = sync.OnceValues(func() (string, error) { return makeEnvironment("s3") })

func makeEnvironment(name string) (string, error) {
	root, err := findRoot()
	if err != nil {
		return "", err
	}
	// The script does nothing when the environment is current, and waits when
	// another test process is making it.
	cmd := exec.Command(filepath.Join(root, ".ci", "venv"), name)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("make the Python environment: %w\n%s", err, out)
	}
	return root, nil
}

// Root is the top of the source tree that the tests run in.
func Root() (string, error) { return environment() }

// findRoot walks up to the module's go.mod. Tests run in their package's
// folder, so the first one met is ours.
func findRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find module root: %w", err)
	}
	for {
		if text, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil && bytes.HasPrefix(text, []byte("module mlgate\n")) {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("find module root: no go.mod of mlgate above the working folder")
		}
		dir = parent
	}
}

// Pinned is the version of MLflow that mlgate is built against: the one of the
// tests that ask for no other.
const Pinned = "3.17.2"

// Version is the MLflow that the tests run against: server, client and all. The
// environment variable TEST_MLFLOW_VERSION chooses an older one that .ci/venv
// has requirements for.
func Version() string {
	if v := os.Getenv("TEST_MLFLOW_VERSION"); v != "" {
		return v
	}
	return Pinned
}

func venvDir(root string) string {
	if v := Version(); v != Pinned {
		return filepath.Join(root, ".venv-"+v)
	}
	return filepath.Join(root, ".venv")
}

func venvBin(root, name string) string { return filepath.Join(venvDir(root), "bin", name) }
