package mlflowtest

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Snapshot is all that a server holds at one moment: every row of every table,
// and every file of the artifact store. Two of them, before and after, show
// what a request moved, whatever its answer said.
type Snapshot struct {
	// Rows maps a table's name to its rows, each as one JSON object, sorted.
	Rows map[string][]string

	// Files maps a path in the artifact store to the SHA-256 of its content; a
	// folder's path ends in a slash and has no digest.
	Files map[string]string
}

// Snapshot reads the server's database and artifact folder themselves, not
// through its endpoints: what no endpoint shows is seen too.
func (s *Server) Snapshot(t testing.TB) Snapshot {
	t.Helper()
	return Snapshot{Rows: s.rows(t), Files: s.files(t)}
}

const dumpScript = `import json, sqlite3, sys
db = sqlite3.connect("file:" + sys.argv[1] + "?mode=ro", uri=True, timeout=60)
db.text_factory = lambda b: b.decode("utf-8", "backslashreplace")
db.execute("BEGIN")
tables = [r[0] for r in db.execute("SELECT name FROM sqlite_master WHERE type='table'")]
for table in tables:
    rows = db.execute('SELECT * FROM "%s"' % table)
    names = [d[0] for d in rows.description]
    for row in rows:
        print(table + "\t" + json.dumps(dict(zip(names, row)), sort_keys=True, default=lambda b: b.hex()))`

// dumpAnyScript does the same through SQLAlchemy, for the other databases.
const dumpAnyScript = `import json, sys
from sqlalchemy import create_engine, inspect, text
engine = create_engine(sys.argv[1])
quote = engine.dialect.identifier_preparer.quote
with engine.connect().execution_options(isolation_level="REPEATABLE READ") as db:
    for table in inspect(db).get_table_names():
        for row in db.execute(text("SELECT * FROM " + quote(table))).mappings():
            print(table + "\t" + json.dumps(dict(row), sort_keys=True, default=lambda v: v.hex() if isinstance(v, bytes) else str(v)))`

func (s *Server) rows(t testing.TB) map[string][]string {
	t.Helper()
	cmd := exec.Command(venvBin(s.root, "python"), "-I", "-c", dumpScript, s.database())
	if s.db != nil {
		cmd = exec.Command(venvBin(s.root, "python"), "-c", dumpAnyScript, s.uri())
		cmd.Env = append(baseEnv(s.dir), pythonPath(driverLibs(s.root)))
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("dump database: %v\n%s", err, &stderr)
	}
	rows := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		table, row, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		rows[table] = append(rows[table], row)
	}
	for _, all := range rows {
		slices.Sort(all)
	}
	return rows
}

func (s *Server) files(t testing.TB) map[string]string {
	t.Helper()
	if s.store != nil {
		return s.store.files(t)
	}
	files := map[string]string{}
	err := filepath.WalkDir(s.ArtifactDir(), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(s.ArtifactDir(), path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			files[filepath.ToSlash(name)+"/"] = ""
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		digest := sha256.Sum256(content)
		files[filepath.ToSlash(name)] = hex.EncodeToString(digest[:])
		return nil
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatalf("walk artifact folder: %v", err)
	}
	return files
}

// Mentioning keeps the rows and files that contain one of the words: the ids
// and names of a victim, where other tests write to the same server meanwhile.
func (a Snapshot) Mentioning(words ...string) Snapshot {
	kept := Snapshot{Rows: map[string][]string{}, Files: map[string]string{}}
	hit := func(text string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, w) })
	}
	for table, rows := range a.Rows {
		for _, row := range rows {
			if hit(row) {
				kept.Rows[table] = append(kept.Rows[table], row)
			}
		}
	}
	for path, digest := range a.Files {
		if hit(path) {
			kept.Files[path] = digest
		}
	}
	return kept
}

// Diff lists what is in one and not in the other, a line each: - what b lost, +
// what b gained. It is empty when both are equal.
func (a Snapshot) Diff(b Snapshot) string {
	lines := append(minus(a, b, "- "), minus(b, a, "+ ")...)
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// minus lists the rows and files of a that b lacks, as often as it lacks them.
func minus(a, b Snapshot, sign string) []string {
	var lines []string
	for table, rows := range a.Rows {
		left := map[string]int{}
		for _, row := range b.Rows[table] {
			left[row]++
		}
		for _, row := range rows {
			if left[row]--; left[row] < 0 {
				lines = append(lines, sign+table+" "+row)
			}
		}
	}
	for path, digest := range a.Files {
		if other, ok := b.Files[path]; !ok || other != digest {
			lines = append(lines, sign+"file "+path+" "+digest)
		}
	}
	return lines
}
