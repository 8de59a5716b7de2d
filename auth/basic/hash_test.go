package basic

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// matches parses one line as a file and reports whether password fits it.
func matches(t *testing.T, line, password string) bool {
	t.Helper()
	u, err := Parse("test", []byte(line+"\n"))
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return u.costliest.match(password)
}

func TestHashesOfTheRealToolsMatchTheirPasswordsOnly(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/vectors.tsv")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for line := range strings.Lines(string(data)) {
		parts := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(parts) != 3 {
			continue
		}
		tool, password, entry := parts[0], parts[1], parts[2]
		if !matches(t, entry, password) {
			t.Errorf("%s: password %q does not match %s", tool, password, entry)
		}
		for _, wrong := range []string{"", "X" + password[1:], "y" + password} {
			if matches(t, entry, wrong) {
				t.Errorf("%s: password %q matches %s", tool, wrong, entry)
			}
		}
		checked++
	}
	if checked < 35 {
		t.Errorf("got %d vectors, want at least 35", checked)
	}
}

func TestHashesMadeByTheInstalledToolsNow(t *testing.T) {
	t.Parallel()
	const password = "pässword: with $ and ' and \\"
	for _, args := range [][]string{
		{"htpasswd", "-nbB", "-C", "4", "user", password},
		{"htpasswd", "-nbm", "user", password},
		{"htpasswd", "-nbs", "user", password},
		{"htpasswd", "-nb2", "user", password},
		{"htpasswd", "-nb5", "user", password},
		{"openssl", "passwd", "-apr1", password},
		{"openssl", "passwd", "-5", password},
		{"openssl", "passwd", "-6", password},
	} {
		t.Run(args[0]+args[1]+args[2], func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(args[0]); err != nil {
				t.Skipf("%s is not installed", args[0])
			}
			out, err := exec.CommandContext(t.Context(), args[0], args[1:]...).Output()
			if err != nil {
				t.Skipf("this %s does not make that kind: %v", args[0], err)
			}
			line := strings.TrimSpace(string(out))
			if args[0] == "openssl" {
				line = "user:" + line
			}
			if !matches(t, line, password) || matches(t, line, password+"x") {
				t.Errorf("%s does not match its password only", line)
			}
		})
	}
}

func TestUnsafeAndMalformedHashesAreRefused(t *testing.T) {
	t.Parallel()
	for name, hash := range map[string]string{
		"plaintext":              "hunter2hunter2",
		"empty":                  "",
		"traditional crypt":      "Q4v0uJ1n1ZDqE",
		"md5-crypt":              "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/",
		"bcrypt 2x":              "$2x$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e",
		"bcrypt cut off":         "$2y$05$8Ir0z9v7zw8S5jQslNAVhuhNlfyG",
		"bcrypt too costly":      "$2y$31$8Ir0z9v7zw8S5jQslNAVhuhNlfyG/0qZHfhlleZs7fucKUCqKU4EW",
		"bcrypt too cheap":       "$2y$03$8Ir0z9v7zw8S5jQslNAVhuhNlfyG/0qZHfhlleZs7fucKUCqKU4EW",
		"apr1 without salt":      "$apr1$$.tIL.Wc4uzMkUt7rXHuKC.",
		"sha512 broken rounds":   "$6$rounds=abc$salt$" + strings.Repeat("a", 86),
		"sha512 too few rounds":  "$6$rounds=999$salt$" + strings.Repeat("a", 86),
		"sha512 too many rounds": "$6$rounds=999999999$salt$" + strings.Repeat("a", 86),
		"sha512 zero-led rounds": "$6$rounds=05000$salt$" + strings.Repeat("a", 86),
		"sha512 without salt":    "$6$$" + strings.Repeat("a", 86),
		"sha512 salt too long":   "$6$12345678901234567$" + strings.Repeat("a", 86),
		"sha512 cut off":         "$6$salt$" + strings.Repeat("a", 85),
		"sha256 only a salt":     "$5$salt",
		"sha1 cut off":           "{SHA}L55TUjtiq8FBorTWAZ0jy6g1",
		"ssha cut off":           "{SSHA}L55T",
		"comment behind":         "{SHA}L55TUjtiq8FBorTWAZ0jy6g129A=:ops",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse("users.htpasswd", []byte("alice:"+hash+"\n"))
			if err == nil {
				t.Fatal("got no error")
			}
			if !strings.HasPrefix(err.Error(), `users.htpasswd:1: user "alice": `) {
				t.Errorf("got %q, want file, line and user", err)
			}
			if hash != "" && strings.Contains(err.Error(), hash) {
				t.Errorf("the error quotes the hash: %q", err)
			}
		})
	}
}

func TestWeightsFollowTheMeasuredOrder(t *testing.T) {
	t.Parallel()
	sha512 := "$6$salt$" + strings.Repeat("a", 86)
	ordered := []string{
		"{SHA}L55TUjtiq8FBorTWAZ0jy6g129A=",
		"$apr1$71aqePuq$.tIL.Wc4uzMkUt7rXHuKC.",
		"$5$salt$" + strings.Repeat("a", 43),
		sha512,
		"$2y$10$8Ir0z9v7zw8S5jQslNAVhuhNlfyG/0qZHfhlleZs7fucKUCqKU4EW",
		"$2y$12$8Ir0z9v7zw8S5jQslNAVhuhNlfyG/0qZHfhlleZs7fucKUCqKU4EW",
	}
	last := 0
	for _, hash := range ordered {
		_, weight, err := parseHash(hash)
		if err != nil {
			t.Fatal(err)
		}
		if weight <= last {
			t.Errorf("%s: got weight %d, want more than %d", hash, weight, last)
		}
		last = weight
	}
}

func BenchmarkHash(b *testing.B) {
	for name, hash := range map[string]string{
		"sha1":     "{SHA}L55TUjtiq8FBorTWAZ0jy6g129A=",
		"apr1":     "$apr1$71aqePuq$.tIL.Wc4uzMkUt7rXHuKC.",
		"sha256":   "$5$salt$" + strings.Repeat("a", 43),
		"sha512":   "$6$salt$" + strings.Repeat("a", 86),
		"bcrypt11": "$2y$11$8Ir0z9v7zw8S5jQslNAVhuhNlfyG/0qZHfhlleZs7fucKUCqKU4EW",
	} {
		b.Run(name, func(b *testing.B) {
			match, _, err := parseHash(hash)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				match("correct horse battery")
			}
		})
	}
}
