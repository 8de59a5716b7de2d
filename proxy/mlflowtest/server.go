package mlflowtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// startLimit is generous: several packages start servers on two busy cores.
const startLimit = 5 * time.Minute

// Server is one running stock MLflow server.
type Server struct {
	url, dir, root string
	proc           *process
	db             *database // nil: SQLite
	store          *store    // nil: a folder
}

// Option changes how a server is started.
type Option func(*options)

type options struct {
	workers int
	backend string
	onS3    bool
	args    []string
	env     []string
}

// Workers sets the number of server processes; one unless told, which starts
// soonest. Tests of throughput want more.
func Workers(n int) Option { return func(o *options) { o.workers = n } }

// Args adds flags to the `mlflow server` command line.
func Args(args ...string) Option {
	return func(o *options) { o.args = append(o.args, args...) }
}

// Env adds NAME=value settings to the server's environment.
func Env(settings ...string) Option {
	return func(o *options) { o.env = append(o.env, settings...) }
}

// Start starts a server that ends with the test. A failed test gets the end of
// the server's log.
func Start(t testing.TB, opts ...Option) *Server {
	t.Helper()
	s, err := start(t.TempDir(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.end()
		if t.Failed() {
			t.Logf("end of MLflow's log:\n%s", tail(s.Log(), 60))
		}
	})
	return s
}

// start keeps all that the server writes below dir.
func start(dir string, opts []Option) (*Server, error) {
	root, err := Root()
	if err != nil {
		return nil, err
	}
	o := options{workers: 1, backend: Backend()}
	for _, opt := range opts {
		opt(&o)
	}
	s := &Server{dir: dir, root: root}
	if err := s.prepare(o.backend); err != nil {
		s.db.stop()
		return nil, err
	}
	if o.onS3 {
		if s.store, err = startStore(dir); err != nil {
			s.store.stop()
			s.db.stop()
			return nil, err
		}
	}
	return s, onFreePort(s.logFile(), func() error { return s.launch(o) })
}

// prepare gives the server a database with MLflow's tables in it.
func (s *Server) prepare(backend string) error {
	if backend != "" {
		var err error
		s.db, err = startDatabase(s.root, backend)
		return err
	}
	template, err := templateDB(s.root)
	if err != nil {
		return err
	}
	if err := copyFile(s.database(), template, 0o600); err != nil {
		return fmt.Errorf("copy the template database: %w", err)
	}
	return nil
}

// uri is what MLflow is told to keep its data in.
func (s *Server) uri() string {
	if s.db != nil {
		return s.db.URI()
	}
	return "sqlite:///" + s.database()
}

// end ends the server and what it stands on.
func (s *Server) end() {
	s.proc.kill()
	s.db.stop()
	s.store.stop()
}

// launch runs `mlflow server` as an operator would who puts mlgate before it:
// on loopback, SQLite behind it, artifacts served by it, and what runs code or
// spends money off.
func (s *Server) launch(o options) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	args := []string{"server", "--host", "127.0.0.1", "--port", strconv.Itoa(port),
		"--workers", strconv.Itoa(o.workers), "--backend-store-uri", s.uri(),
		"--serve-artifacts", "--artifacts-destination", s.destination()}
	cmd := exec.Command(venvBin(s.root, "mlflow"), append(args, o.args...)...)
	cmd.Dir = s.dir
	cmd.Env = append(baseEnv(s.dir), "MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false", "MLFLOW_ENABLE_AI_GATEWAY=false")
	var libs []string
	if s.db != nil {
		libs = append(libs, driverLibs(s.root))
	}
	if s.store != nil {
		libs = append(libs, s.store.libs)
		cmd.Env = append(cmd.Env, s.store.env()...)
	}
	cmd.Env = append(append(cmd.Env, pythonPath(libs...)), o.env...)
	if s.proc, err = startProcess(cmd, s.logFile()); err != nil {
		return err
	}
	s.url = fmt.Sprintf("http://127.0.0.1:%d", port)
	if err := s.proc.ready(s.url+"/health", startLimit); err != nil {
		s.proc.kill()
		return fmt.Errorf("start MLflow: %w\n%s", err, tail(s.Log(), 60))
	}
	return nil
}

// URL is where the server listens, without a slash at its end.
func (s *Server) URL() string { return s.url }

// destination is what MLflow is told to serve artifacts from.
func (s *Server) destination() string {
	if s.store != nil {
		return "s3://" + Served
	}
	return s.ArtifactDir()
}

// ArtifactDir is the folder that the server serves artifacts from.
func (s *Server) ArtifactDir() string { return filepath.Join(s.dir, "artifacts") }

// Log is all that the server wrote so far.
func (s *Server) Log() string {
	if s.proc == nil {
		return ""
	}
	return s.proc.text()
}

// Stop ends the server before the test does, for tests of an upstream that is
// gone.
func (s *Server) Stop() { s.proc.kill() }

func (s *Server) database() string { return filepath.Join(s.dir, "mlflow.sqlite") }
func (s *Server) logFile() string  { return filepath.Join(s.dir, "mlflow.txt") }

// baseEnv is what every child gets: nothing of the caller's MLflow settings,
// credentials or proxies, so that tests mean the same everywhere.
func baseEnv(home string) []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + os.TempDir(), "LANG=C.UTF-8",
		"MLFLOW_DISABLE_TELEMETRY=true", "DO_NOT_TRACK=true",
		"PYTHONUNBUFFERED=1", "PYTHONDONTWRITEBYTECODE=1", "GIT_PYTHON_REFRESH=quiet",
		"OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1",
	}
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
