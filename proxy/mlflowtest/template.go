package mlflowtest

import (
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// Migrating an empty database takes MLflow longer than all else of its start.
// So it is done once, by MLflow's own code, and kept; each server starts from a
// copy. The name holds what the environment was made from: another MLflow gets
// another template.
func templateDB(root string) (string, error) {
	stamp, err := stampOf(root)
	if err != nil {
		return "", err
	}
	path := filepath.Join(root, ".cache", "test", "mlflow-"+stamp+".sqlite")
	unlock, err := lockFile(path + ".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	fresh := path + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return "", err
	}
	if err := migrate(root, "sqlite:///"+fresh, nil); err != nil {
		return "", err
	}
	return path, os.Rename(fresh, path)
}

// stampOf stands for what the environment was made from. It makes the folder
// that the templates lie in.
func stampOf(root string) (string, error) {
	stamp, err := os.ReadFile(filepath.Join(venvDir(root), ".stamp"))
	if err != nil {
		return "", fmt.Errorf("read environment stamp: %w", err)
	}
	return fmt.Sprintf("%08x", crc32.ChecksumIEEE(stamp)), os.MkdirAll(filepath.Join(root, ".cache", "test"), 0o755)
}

func migrate(root, uri string, env []string) error {
	const script = `import sys
from mlflow.server.handlers import initialize_backend_stores
initialize_backend_stores(sys.argv[1], None, "mlflow-artifacts:/")`
	cmd := exec.Command(venvBin(root, "python"), "-c", script, uri)
	cmd.Env = append(baseEnv(filepath.Join(root, ".cache", "test")), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("make the template database: %w\n%s", err, out)
	}
	return nil
}

// lockFile keeps the test processes of several packages apart.
func lockFile(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { f.Close() }, nil
}

func copyFile(to, from string, mode os.FileMode) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}
