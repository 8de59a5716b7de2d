package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestCredentialsAreSetAndRemovedAndAllElseStays(t *testing.T) {
	t.Parallel()
	set := map[string]string{"mlflow_tracking_username": "token", "mlflow_tracking_password": "new"}
	gone := map[string]string{"mlflow_tracking_username": "", "mlflow_tracking_password": ""}
	for _, c := range []struct {
		old, want string
		values    map[string]string
	}{
		{"", "[mlflow]\nmlflow_tracking_password = new\nmlflow_tracking_username = token\n", set},
		{"[aws]\nkey = 1\n", "[aws]\nkey = 1\n\n[mlflow]\nmlflow_tracking_password = new\nmlflow_tracking_username = token\n", set},
		{"# mine\n[mlflow]\nMLFLOW_TRACKING_USERNAME: old\nmlflow_tracking_password=old\nother = 1\n\n[aws]\nmlflow_tracking_password = theirs\n",
			"# mine\n[mlflow]\nother = 1\nmlflow_tracking_password = new\nmlflow_tracking_username = token\n\n[aws]\nmlflow_tracking_password = theirs\n", set},
		{"[mlflow]\n", "[mlflow]\nmlflow_tracking_password = new\nmlflow_tracking_username = token\n", set},
		{"[mlflow]\nmlflow_tracking_username = a\nmlflow_tracking_password = b\n; x = y", "[mlflow]\n; x = y\n", gone},
	} {
		if got := setINI(c.old, "mlflow", c.values); got != c.want {
			t.Errorf("%q: got\n%s\nwant\n%s", c.old, got, c.want)
		}
	}
}

func TestTheCredentialsFileIsItsOwnersAloneAndALinkStays(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "home", ".mlflow", "credentials")
	if err := setCredentials(path, map[string]string{"a": "b"}); err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(folder, "dotfiles")
	put(t, kept, "[x]\n")
	if err := os.Chmod(kept, 0o644); err != nil { // #nosec G302 -- as it may be found
		t.Fatal(err)
	}
	link := filepath.Join(folder, "link")
	if err := os.Symlink(kept, link); err != nil {
		t.Fatal(err)
	}
	if err := setCredentials(link, map[string]string{"a": "b"}); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{path, kept} {
		info, err := os.Lstat(file)
		if err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: got %v, %v", file, info.Mode(), err)
		}
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v, %v", info, err)
	}
	left, _ := filepath.Glob(filepath.Join(folder, "*credentials-*"))
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
