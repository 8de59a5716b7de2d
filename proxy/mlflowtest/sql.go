package mlflowtest

import (
	"encoding/json"
	"os/exec"
	"testing"
)

const execScript = `import json, sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=60)
db.execute(sys.argv[2], json.loads(sys.argv[3]))
db.commit()`

const execAnyScript = `import json, sys
from sqlalchemy import create_engine, text
with create_engine(sys.argv[1]).begin() as db:
    db.execute(text(sys.argv[2]), json.loads(sys.argv[3]))`

// Exec runs a statement in the server's database, past MLflow; :name stands for
// a value.
func (s *Server) Exec(t testing.TB, statement string, values map[string]any) {
	t.Helper()
	encoded, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(venvBin(s.root, "python"), "-I", "-c", execScript, s.database(), statement, string(encoded))
	if s.db != nil {
		cmd = exec.Command(venvBin(s.root, "python"), "-c", execAnyScript, s.uri(), statement, string(encoded))
		cmd.Env = append(baseEnv(s.dir), pythonPath(driverLibs(s.root)))
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", statement, err, out)
	}
}

// CountFrom makes the ids of experiments count on from first, so that they look
// like no other number of an answer. SQLite counts from the highest id that is
// there, so the floor under it is to be taken away when there is another.
func (s *Server) CountFrom(t testing.TB, first int) (remove func()) {
	t.Helper()
	at := map[string]any{"id": first}
	switch {
	case s.db == nil:
		s.CreateExperiment(t, "floor")
		s.Exec(t, "UPDATE experiments SET experiment_id = :id WHERE name = 'floor'", at)
		return func() { s.Exec(t, "DELETE FROM experiments WHERE experiment_id = :id", at) }
	case s.db.name == "postgres":
		s.Exec(t, "SELECT setval('experiments_experiment_id_seq', :id)", at)
	default:
		s.Exec(t, "ALTER TABLE experiments AUTO_INCREMENT = :id", map[string]any{"id": first + 1})
	}
	return func() {}
}
