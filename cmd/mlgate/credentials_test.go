package main

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The order is the MLflow client's: a user who is signed in there must not be
// somebody else here.
func TestCredentialsAreTheClientsInItsOrder(t *testing.T) {
	t.Parallel()
	const file = "[mlflow]\nmlflow_tracking_username = fred\nmlflow_tracking_password = f=p:w\n"
	const netrc = "machine gate.example.org login nina password npw\n"
	for _, c := range []struct {
		name, at, env, file, netrc, want string
	}{
		{"nowhere", "http://gate.example.org", "", "", "", ""},
		{"URL beats all", "http://ute:u%40pw@gate.example.org", "USERNAME=eve PASSWORD=e TOKEN=t", file, netrc, "ute u@pw"},
		{"URL without password", "http://ute@gate.example.org", "TOKEN=t", "", "", "ute "},
		{"netrc beats the rest", "http://gate.example.org:8080/mlflow", "USERNAME=eve PASSWORD=e TOKEN=t", file, netrc, "nina npw"},
		{"netrc of another host", "http://other.example.org", "USERNAME=eve PASSWORD=e", "", netrc, "eve e"},
		{"netrc default", "http://other.example.org", "", "", netrc + "default login dora password d\n", "dora d"},
		{"environment beats file", "http://h", "USERNAME=eve PASSWORD=e TOKEN=t", file, "", "eve e"},
		{"file fills in", "http://h", "USERNAME=eve", file, "", "eve f=p:w"},
		{"file", "http://h", "", file, "", "fred f=p:w"},
		{"other section", "http://h", "", strings.Replace(file, "[mlflow]", "[other]", 1), "", ""},
		{"user alone is nothing", "http://h", "USERNAME=eve", "", "", ""},
		{"user alone leaves the token", "http://h", "USERNAME=eve TOKEN=t", "", "", " t"},
		{"password beats token", "http://h", "USERNAME=eve PASSWORD=e TOKEN=t", "", "", "eve e"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			in := surroundings{home: t.TempDir(), env: func(name string) string {
				for _, pair := range strings.Fields(c.env) {
					if value, ok := strings.CutPrefix("MLFLOW_TRACKING_"+pair, name+"="); ok {
						return value
					}
				}
				return ""
			}}
			put(t, filepath.Join(in.home, ".mlflow", "credentials"), c.file)
			put(t, filepath.Join(in.home, ".netrc"), c.netrc)
			at, err := url.Parse(c.at)
			if err != nil {
				t.Fatal(err)
			}
			found, err := findCredentials(at, in)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if found != nil {
				got = found.user + " " + found.secret.Reveal()
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// put writes a file, if there is something to write.
func put(t *testing.T, path, content string) {
	t.Helper()
	if content == "" {
		return
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestNetrcForms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, content, want string }{
		{"one line", "machine h login u password p", "u p"},
		{"many lines", "machine h\n\tlogin u\n\tpassword p\n", "u p"},
		{"quoted", `machine h login "u" password "p"`, "u p"},
		{"account", "machine h login u account a password p", "u p"},
		{"comment", "# machine h login x password y\nmachine h login u password p", "u p"},
		{"macro", "macdef init\nmachine h login x password y\n\nmachine h login u password p", "u p"},
		{"password named machine", "machine a login u password machine\nmachine h login u password p", "u p"},
		{"other host", "machine hh login u password p", ""},
		{"cut off", "machine h login", " "},
		{"empty", "", ""},
	} {
		user, password, ok := netrcEntry(c.content, "h")
		got := ""
		if ok {
			got = user + " " + password
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
