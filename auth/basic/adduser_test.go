package basic

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"mlgate/auth"
)

const goodPassword = "correct horse"

func add(t *testing.T, path, name string) bool {
	t.Helper()
	replaced, err := addUser(path, name, auth.NewSecret(goodPassword), 4)
	if err != nil {
		t.Fatal(err)
	}
	return replaced
}

func TestAddUserMakesAFileThatOnlyItsOwnerReads(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "users")
	if replaced, err := AddUser(path, "alice", auth.NewSecret(goodPassword)); err != nil || replaced {
		t.Errorf("got %v, %v; want a new user", replaced, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v, %v; want 0600", info.Mode().Perm(), err)
	}
	u, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if !u.byName["alice"].match(goodPassword) || u.byName["alice"].match("wrong") {
		t.Error("the new line does not match its password only")
	}
	if !strings.HasPrefix(u.byName["alice"].stored, "$2a$11$") {
		t.Errorf("got %.7s, want bcrypt of cost 11", u.byName["alice"].stored)
	}
}

func TestAddUserKeepsAllOtherLinesAndTheFilesMode(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, link := filepath.Join(dir, "users"), filepath.Join(dir, "link")
	before := "# team\nbob:" + sha1Horse + "\n\nalicex:" + cheap // no newline at the end
	if err := os.WriteFile(path, []byte(before), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	add(t, link, "alice")
	if !add(t, link, "bob") {
		t.Error("bob was there and does not count as replaced")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(data), "\n")
	if len(lines) != 6 || lines[0] != "# team" || !strings.HasPrefix(lines[1], "bob:$2a$") || lines[2] != "" ||
		lines[3] != "alicex:"+cheap || !strings.HasPrefix(lines[4], "alice:$2a$") || lines[5] != "" {
		t.Errorf("got\n%s", data)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("got mode %v, %v; want 0640 as before", info.Mode().Perm(), err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Error("the link was replaced by a file")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 2 {
		t.Errorf("got %d files, %v; want no temporary one left", len(left), err)
	}
}

func TestAddUserRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ user, password, want string }{
		"colon":                {"a:b", goodPassword, "colon"},
		"control character":    {"a\nb", goodPassword, "control"},
		"leading blank":        {" a", goodPassword, "blank"},
		"trailing blank":       {"a ", goodPassword, "blank"},
		"empty name":           {"", goodPassword, "empty"},
		"comment":              {"#a", goodPassword, "comment"},
		"sign-out name":        {"mlflow-logged-out-x", goodPassword, "sign out"},
		"token's name":         {"token", goodPassword, "API token"},
		"short password":       {"a", "1234567", "shorter than 8"},
		"password over 72":     {"a", strings.Repeat("x", 73), "longer than 72 bytes"},
		"umlauts over 72":      {"a", strings.Repeat("ü", 37), "longer than 72 bytes"},
		"token as password":    {"a", "mlg_12345678", "API tokens"},
		"name as password":     {"alice-alice", "alice-alice", "user's name"},
		"unsendable character": {"a", "1234567\n8", "control"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "users")
			_, err := AddUser(path, tt.user, auth.NewSecret(tt.password))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if err != nil && tt.user != tt.password && len(tt.password) > 3 && strings.Contains(err.Error(), tt.password) {
				t.Errorf("the error quotes the password: %v", err)
			}
			if _, err := os.Stat(path); !os.IsNotExist(err) {
				t.Error("a file was made")
			}
		})
	}
}

func TestAddUserDoesNotTouchABrokenFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "users")
	if err := os.WriteFile(path, []byte("bob:plain\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := AddUser(path, "alice", auth.NewSecret(goodPassword)); err == nil || !strings.Contains(err.Error(), path+":1:") {
		t.Errorf("got %v, want the bad line named", err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "bob:plain\n" {
		t.Errorf("got %q, %v; want the file as it was", data, err)
	}
}

func TestAddUserWritesNFC(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "users")
	add(t, path, "ju\u0308rgen")
	if u, err := Load(path); err != nil || !u.Has("jürgen") {
		t.Errorf("got %v, want jürgen in composed form", err)
	}
}

// Several hands, or a script that does not wait, add users at the same time.
func TestUsersAddedAtOnceAreAllThere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "users")
	link := filepath.Join(t.TempDir(), "link") // another name of the same file
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	add(t, path, "first")
	const many = 24
	var wait sync.WaitGroup
	for i := range many {
		wait.Go(func() {
			at := []string{path, link}[i%2]
			if _, err := addUser(at, fmt.Sprint("user", i), auth.NewSecret(goodPassword), 4); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	u, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range many {
		if name := fmt.Sprint("user", i); !u.Has(name) {
			t.Errorf("%s is lost", name)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("got %d files, %v; want nothing beside the users", len(left), err)
	}
}
