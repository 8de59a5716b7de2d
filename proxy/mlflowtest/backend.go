package mlflowtest

import (
	"context"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Backend is what the servers keep their data in that are not told by [On]: ""
// for SQLite, or "postgres" or "mariadb", of which each server gets a private
// one. The environment variable TEST_MLFLOW_BACKEND chooses.
func Backend() string { return os.Getenv("TEST_MLFLOW_BACKEND") }

// On keeps a server's data in a named [Backend], whatever the environment says.
func On(backend string) Option { return func(o *options) { o.backend = backend } }

// dbms is how a database server is made and run.
type dbms struct {
	name    string
	account string // whom it runs as when the tests run as root
	uri     string // as MLflow is told, but for the port
	make    func(dir string) []string
	run     func(dir string, port int) []string
	ping    func(port int) []string // ends well once the server answers
	create  func(port int) []string // makes the database, where that is left to do; else nil
}

// anyCase is how Debian's MariaDB compares unless told otherwise.
var anyCase = []string{"--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci", "--innodb-log-file-size=8M"}

// PostgreSQL sorts by a language's rules here, as it does by default on most
// hosts, and MariaDB compares without case, as it does by default.
var backends = map[string]dbms{
	"postgres": {
		name: "postgres", account: "postgres", uri: "postgresql+psycopg2://mlflow@127.0.0.1:%d/postgres",
		make: func(dir string) []string {
			return []string{postgresBin("initdb"), "-D", dir, "-U", "mlflow", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8",
				"--locale-provider=icu", "--icu-locale=en-US", "--no-sync"}
		},
		run: func(dir string, port int) []string {
			return []string{postgresBin("postgres"), "-D", dir, "-k", dir, "-h", "127.0.0.1", "-p", strconv.Itoa(port), "-F"}
		},
		ping: func(port int) []string {
			return []string{postgresBin("pg_isready"), "-q", "-h", "127.0.0.1", "-p", strconv.Itoa(port)}
		},
	},
	"mariadb": {
		name: "mariadb", account: "mysql", uri: "mysql+pymysql://root@127.0.0.1:%d/mlflow?charset=utf8mb4",
		make: func(dir string) []string {
			return append([]string{"mariadb-install-db", "--no-defaults", "--datadir=" + dir, "--auth-root-authentication-method=normal"}, anyCase...)
		},
		run: func(dir string, port int) []string {
			return append([]string{sbin("mariadbd"), "--no-defaults", "--datadir=" + dir, "--socket=" + dir + "/s", "--pid-file=" + dir + "/pid",
				"--bind-address=127.0.0.1", "--port=" + strconv.Itoa(port), "--innodb-flush-log-at-trx-commit=0"}, anyCase...)
		},
		ping: func(port int) []string {
			return []string{"mariadb-admin", "--no-defaults", "-h", "127.0.0.1", "-P", strconv.Itoa(port), "-u", "root", "--silent", "ping"}
		},
		create: func(port int) []string { // the one that is there is in another character set
			return []string{"mariadb", "--no-defaults", "-h", "127.0.0.1", "-P", strconv.Itoa(port), "-u", "root", "-e", "CREATE DATABASE mlflow"}
		},
	},
}

// postgresBin finds the newest of Debian's PostgreSQLs, which are not on the PATH.
func postgresBin(name string) string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name) // the pattern is a good one
	if len(found) == 0 {
		return name
	}
	return found[len(found)-1]
}

func sbin(name string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	return "/usr/sbin/" + name
}

// database is one running database server.
type database struct {
	dbms
	dir  string
	port int
	proc *process
}

// startDatabase starts a private database server with MLflow's tables in it.
func startDatabase(root, backend string) (*database, error) {
	kind, ok := backends[backend]
	if !ok {
		return nil, fmt.Errorf("TEST_MLFLOW_BACKEND=%s: write postgres or mariadb", backend)
	}
	if out, err := exec.Command(filepath.Join(root, ".ci", "drivers")).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("install database drivers: %w\n%s", err, out)
	}
	template, err := templateDir(root, kind)
	if err != nil {
		return nil, err
	}
	db, err := newDatabase(kind)
	if err != nil {
		return nil, err
	}
	if out, err := exec.Command("cp", "-a", template+"/.", db.dir).CombinedOutput(); err != nil {
		return db, fmt.Errorf("copy the template database: %w\n%s", err, out)
	}
	return db, db.start()
}

// newDatabase makes an empty folder for one. It lies apart from the tests' own,
// which the server's account may not enter.
func newDatabase(kind dbms) (*database, error) {
	dir, err := os.MkdirTemp("", "mlflowtest-db-")
	if err != nil {
		return nil, err
	}
	db := &database{dbms: kind, dir: dir}
	if as := db.credential(); as != nil {
		if err := os.Chown(dir, int(as.Uid), int(as.Gid)); err != nil {
			return nil, err
		}
	}
	return db, nil
}

// credential is the account that the server runs as: neither runs as root.
func (db *database) credential() *syscall.Credential {
	if os.Getuid() != 0 {
		return nil
	}
	u, err := user.Lookup(db.account)
	if err != nil {
		return nil // what starts as root says why it does not
	}
	uid, _ := strconv.ParseUint(u.Uid, 10, 32)
	gid, _ := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func (db *database) command(args []string) *exec.Cmd {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Env = db.dir, baseEnv(db.dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: db.credential()}
	return cmd
}

func (db *database) start() error { return onFreePort(db.logFile(), db.launch) }

// launch starts it and waits until it answers: a server that listens may still
// be reading what its last end left, and MLflow then waits long to ask again.
func (db *database) launch() error {
	var err error
	if db.port, err = freePort(); err != nil {
		return err
	}
	if db.proc, err = startProcess(db.command(db.run(db.dir, db.port)), db.logFile()); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	ping := db.ping(db.port)
	for {
		if exec.CommandContext(ctx, ping[0], ping[1:]...).Run() == nil {
			return nil
		}
		select {
		case <-db.proc.done:
			err = db.proc.err
		case <-ctx.Done():
			err = ctx.Err()
		case <-time.After(50 * time.Millisecond):
			continue
		}
		db.proc.kill()
		return fmt.Errorf("start %s: %v\n%s", db.name, err, tail(db.proc.text(), 20))
	}
}

// logFile lies beside the folder, which must be empty at first.
func (db *database) logFile() string { return db.dir + ".log" }

// URI is what MLflow is told.
func (db *database) URI() string { return fmt.Sprintf(db.uri, db.port) }

// stop ends it and removes what it wrote.
func (db *database) stop() {
	if db == nil {
		return
	}
	if db.proc != nil {
		db.proc.kill()
	}
	_ = os.RemoveAll(db.dir)
	_ = os.Remove(db.logFile())
}

// templateDir is a folder of a database server with MLflow's tables, made once
// for each version of MLflow and kept.
func templateDir(root string, kind dbms) (string, error) {
	stamp, err := stampOf(root)
	if err != nil {
		return "", err
	}
	how := crc32.ChecksumIEEE([]byte(strings.Join(append(kind.make(kind.uri), kind.run("", 0)...), " ")))
	path := filepath.Join(root, ".cache", "test", fmt.Sprintf("mlflow-%s-%s-%08x", kind.name, stamp, how))
	unlock, err := lockFile(path + ".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	db, err := newDatabase(kind)
	if err != nil {
		return "", err
	}
	defer db.stop()
	if out, err := db.command(kind.make(db.dir)).CombinedOutput(); err != nil {
		return "", fmt.Errorf("make a database: %w\n%s", err, out)
	}
	if err := db.start(); err != nil {
		return "", err
	}
	if kind.create != nil {
		if out, err := db.command(kind.create(db.port)).CombinedOutput(); err != nil {
			return "", fmt.Errorf("make a database: %w\n%s", err, out)
		}
	}
	if err := migrate(root, db.URI(), []string{pythonPath(driverLibs(root))}); err != nil {
		return "", err
	}
	if err := db.proc.signal(syscall.SIGTERM); err != nil {
		return "", err
	}
	<-db.proc.done
	if err := os.RemoveAll(path + ".new"); err != nil { // of a run that was killed
		return "", err
	}
	if out, err := exec.Command("cp", "-a", db.dir, path+".new").CombinedOutput(); err != nil {
		return "", fmt.Errorf("keep the template database: %w\n%s", err, out)
	}
	return path, os.Rename(path+".new", path)
}

// driverLibs is where the database drivers are.
func driverLibs(root string) string { return filepath.Join(root, ".cache", "drivers") }
