package mlflowtest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// Backend is what the servers keep their data in: "" for SQLite, or "postgres"
// or "mariadb", of which each server gets a private one. The environment
// variable TEST_MLFLOW_BACKEND chooses.
func Backend() string { return os.Getenv("TEST_MLFLOW_BACKEND") }

// dbms is how a database server is made and run.
type dbms struct {
	account string // whom it runs as when the tests run as root
	uri     string // as MLflow is told, but for the port
	make    func(dir string) []string
	run     func(dir string, port int) []string
}

// PostgreSQL sorts by a language's rules here, as it does by default on most
// hosts, and MariaDB compares without case, as it does by default.
var backends = map[string]dbms{
	"postgres": {
		account: "postgres", uri: "postgresql+psycopg2://mlflow@127.0.0.1:%d/postgres",
		make: func(dir string) []string {
			return []string{postgresBin("initdb"), "-D", dir, "-U", "mlflow", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8",
				"--locale-provider=icu", "--icu-locale=en-US", "--no-sync"}
		},
		run: func(dir string, port int) []string {
			return []string{postgresBin("postgres"), "-D", dir, "-k", dir, "-h", "127.0.0.1", "-p", strconv.Itoa(port), "-F"}
		},
	},
	"mariadb": {
		account: "mysql", uri: "mysql+pymysql://root@127.0.0.1:%d/test?charset=utf8mb4",
		make: func(dir string) []string {
			return []string{"mariadb-install-db", "--no-defaults", "--datadir=" + dir, "--auth-root-authentication-method=normal",
				"--innodb-log-file-size=8M"}
		},
		run: func(dir string, port int) []string {
			return []string{sbin("mariadbd"), "--no-defaults", "--datadir=" + dir, "--socket=" + dir + "/s", "--pid-file=" + dir + "/pid",
				"--bind-address=127.0.0.1", "--port=" + strconv.Itoa(port), "--innodb-flush-log-at-trx-commit=0", "--innodb-log-file-size=8M"}
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
func startDatabase(root string) (*database, error) {
	kind, ok := backends[Backend()]
	if !ok {
		return nil, fmt.Errorf("TEST_MLFLOW_BACKEND=%s: write postgres or mariadb", Backend())
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
		return nil, fmt.Errorf("copy the template database: %w\n%s", err, out)
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

func (db *database) start() error {
	var err error
	if db.port, err = freePort(); err != nil {
		return err
	}
	log := db.dir + ".log"
	if db.proc, err = startProcess(db.command(db.run(db.dir, db.port)), log); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", "127.0.0.1:"+strconv.Itoa(db.port))
		if err == nil {
			return conn.Close()
		}
		select {
		case <-db.proc.done:
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
			continue
		}
		return fmt.Errorf("start the database server: %w\n%s", err, tail(db.proc.text(), 20))
	}
}

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
	_ = os.Remove(db.dir + ".log")
}

// templateDir is a folder of a database server with MLflow's tables, made once
// for each version of MLflow and kept.
func templateDir(root string, kind dbms) (string, error) {
	stamp, err := stampOf(root)
	if err != nil {
		return "", err
	}
	path := filepath.Join(root, ".cache", "test", fmt.Sprintf("mlflow-%s-%s", Backend(), stamp))
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
	time.Sleep(time.Second) // it listens a little before it answers
	if err := migrate(root, db.URI()); err != nil {
		return "", err
	}
	if err := db.proc.signal(syscall.SIGTERM); err != nil {
		return "", err
	}
	<-db.proc.done
	if out, err := exec.Command("cp", "-a", db.dir, path+".new").CombinedOutput(); err != nil {
		return "", fmt.Errorf("keep the template database: %w\n%s", err, out)
	}
	return path, os.Rename(path+".new", path)
}

// drivers tells Python where the database drivers are.
func drivers(root string) []string {
	if Backend() == "" {
		return nil
	}
	return []string{"PYTHONPATH=" + filepath.Join(root, ".cache", "drivers")}
}
