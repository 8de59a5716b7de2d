package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlgate/config"
)

func TestExternalURLFollowsFromWhatIsListenedOn(t *testing.T) {
	t.Parallel()
	address := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4711}
	for extra, want := range map[string]string{
		"listen: 127.0.0.1:0\n":                                       "http://127.0.0.1:4711",
		"listen: localhost:0\n":                                       "http://localhost:4711",
		"listen: 127.0.0.1:0\ntls: {cert_file: a, key_file: b}\n":     "https://127.0.0.1:4711",
		"listen: 0.0.0.0:0\nexternal_url: https://ml.example.org/m\n": "https://ml.example.org/m",
	} {
		path := filepath.Join(t.TempDir(), "gate.yaml")
		put(t, path, "mode: open\nupstream: {url: http://u}\n"+extra)
		cfg, err := config.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := externalURL(cfg, address).String(); got != want {
			t.Errorf("%q: got %s, want %s", extra, got, want)
		}
	}
}

func TestSealKeysAreReadStrictlyAndNeverShown(t *testing.T) {
	t.Parallel()
	const good, other = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA="
	for _, c := range []struct {
		name, content string
		want          int
		line          string
	}{
		{"one", good + "\n", 1, ""},
		{"two, with comments and blank lines", "# new\n" + good + "\n\n# old\n" + other + "\n", 2, ""},
		{"short", "c2hvcnQ=\n", 0, ":1: "},
		{"not base64", good + "\nsecret-secret\n", 0, ":2: "},
		{"empty", "# nothing\n", 0, "no key"},
	} {
		path := filepath.Join(t.TempDir(), "seal")
		if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		keys, err := readSealKeys(path)
		if len(keys) != c.want || (err == nil) != (c.line == "") {
			t.Errorf("%s: got %d keys, error %v", c.name, len(keys), err)
		}
		if err != nil && (!strings.Contains(err.Error(), c.line) || strings.Contains(err.Error(), "secret-secret")) {
			t.Errorf("%s: got error %v, want one with %q and without the key", c.name, err, c.line)
		}
	}
}
