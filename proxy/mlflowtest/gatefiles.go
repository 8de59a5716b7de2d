package mlflowtest

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// SetPolicy replaces the policy file, in one step, as `git checkout` does. A
// running mlgate takes it up by itself.
func (g *Gate) SetPolicy(t testing.TB, text string) {
	t.Helper()
	replace(t, filepath.Join(g.dir, "policy.csv"), []byte(text))
}

// SetUsers replaces the password file. The hashes are the cheapest that bcrypt
// has: tests of their cost bring their own file.
func (g *Gate) SetUsers(t testing.TB, users map[string]string) {
	t.Helper()
	var file bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(users)) {
		hash, err := bcrypt.GenerateFromPassword([]byte(users[name]), bcrypt.MinCost)
		if err != nil {
			t.Fatalf("hash password of %s: %v", name, err)
		}
		file.WriteString(name + ":" + string(hash) + "\n")
	}
	replace(t, filepath.Join(g.dir, "users.htpasswd"), file.Bytes())
}

func replace(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// writeConfig writes JSON: all of it is YAML too.
func writeConfig(path string, config map[string]any) error {
	content, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o600)
}

// overlay lays changes over a config, key by key.
func overlay(config, changes map[string]any) map[string]any {
	for key, value := range changes {
		below, isMap := value.(map[string]any)
		old, wasMap := config[key].(map[string]any)
		switch {
		case value == nil:
			delete(config, key)
		case isMap && wasMap:
			config[key] = overlay(old, below)
		default:
			config[key] = value
		}
	}
	return config
}

// Log is all that the process wrote so far.
func (g *Gate) Log() string {
	if g.proc == nil {
		return ""
	}
	return g.proc.text()
}

// Lines are the JSON lines of the log whose msg is one of the given, all of
// them when none is given. The audit lines are Lines("call").
func (g *Gate) Lines(msg ...string) []map[string]any {
	var found []map[string]any
	for line := range bytes.Lines([]byte(g.settledLog())) {
		var entry map[string]any
		if json.Unmarshal(line, &entry) != nil {
			continue
		}
		text, _ := entry["msg"].(string)
		if len(msg) == 0 || slices.Contains(msg, text) {
			found = append(found, entry)
		}
	}
	return found
}

// settledLog waits until no more is written: lines that come fast reach the log
// a few milliseconds after the answers.
func (g *Gate) settledLog() string {
	for log := g.Log(); ; {
		time.Sleep(20 * time.Millisecond)
		now := g.Log()
		if now == log {
			return now
		}
		log = now
	}
}
