package mlflowtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// Binary builds cmd/mlgate, once a test process, and returns the path of the
// test's own copy of it, which another test process cannot replace.
func Binary(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mlgate")
	if err := linkBinary(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// built is the one build of this process. The go command keeps it current: a
// second process finds it done.
var built = sync.OnceValues(func() (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	name, args := "mlgate", []string{"build"}
	if withRace {
		name, args = "mlgate-race", append(args, "-race")
	}
	path := filepath.Join(root, ".cache", "test", name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	cmd := exec.Command("go", append(args, "-o", path, "./cmd/mlgate")...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build mlgate: %w\n%s", err, out)
	}
	return path, nil
})

func linkBinary(to string) error {
	root, err := Root()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(root, ".cache", "test"), 0o755); err != nil {
		return err
	}
	unlock, err := lockFile(filepath.Join(root, ".cache", "test", "mlgate.lock"))
	if err != nil {
		return err
	}
	defer unlock()
	path, err := built()
	if err != nil {
		return err
	}
	if os.Link(path, to) == nil {
		return nil
	}
	return copyFile(to, path, 0o755)
}
