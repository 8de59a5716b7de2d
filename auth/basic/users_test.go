package basic

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlgate/auth"
)

const (
	sha1Horse = "{SHA}L55TUjtiq8FBorTWAZ0jy6g129A=" // "correct horse"
	cheap     = "$2y$04$JxbrJY50V9xDpxFrVgNktOHRoONMwnLtvmtx736ftEeenM//SffzC"
)

func TestParseAcceptsWhatTheToolsWrite(t *testing.T) {
	t.Parallel()
	u, err := Parse("f", []byte("# made by hand\n\nalice:"+sha1Horse+"\r\nbob:"+cheap+" \n  \njürgen:"+sha1Horse))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"alice", "bob", "jürgen"} {
		if !u.Has(name) {
			t.Errorf("%s is missing", name)
		}
	}
	if u.Len() != 3 || u.Has("") || u.Has("# made by hand") || u.Has("Alice") {
		t.Errorf("got %d users, want 3 and no others", u.Len())
	}
	if !u.byName["bob"].match("correct horse") {
		t.Error("blanks after a hash are part of it")
	}
}

func TestOneBadLineRefusesTheWholeFile(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ line, want string }{
		"no colon":          {"alice", "f:2: no colon"},
		"password, no user": {"hunter2hunter2", "f:2: no colon"},
		"empty name":        {":" + sha1Horse, "f:2: empty user name"},
		"duplicate":         {"first:" + sha1Horse, `f:2: user "first" is there already, on line 1`},
		"control":           {"a\tb:" + sha1Horse, "f:2: user name \"a\\tb\" holds a control"},
		"zero width":        {"a\u200bb:" + sha1Horse, "invisible"},
		"byte order mark":   {"\ufeffalice:" + sha1Horse, "invisible"},
		"leading blank":     {" alice:" + sha1Horse, "begins or ends with a blank"},
		"trailing blank":    {"alice :" + sha1Horse, "begins or ends with a blank"},
		"not NFC":           {"ju\u0308rgen:" + sha1Horse, `write it as "j\u00fcrgen"`},
		"not UTF-8":         {"j\xfcrgen:" + sha1Horse, "not UTF-8"},
		"too long":          {strings.Repeat("a", 256) + ":" + sha1Horse, "longer than"},
		"plaintext":         {"alice:hunter2hunter2", "plaintext is never accepted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u, err := Parse("f", []byte("first:"+cheap+"\n"+tt.line+"\nlast:"+cheap+"\n"))
			if err == nil || u != nil {
				t.Fatal("the file was accepted")
			}
			if !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "f:2: ") {
				t.Errorf("got %q, want %q on line 2", err, tt.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error quotes what may be a password: %q", err)
			}
		})
	}
}

func TestAllBadLinesAreListed(t *testing.T) {
	t.Parallel()
	_, err := Parse("f", []byte("x\nalice:"+cheap+"\ny\n"))
	if err == nil || !strings.Contains(err.Error(), "f:1:") || !strings.Contains(err.Error(), "f:3:") {
		t.Errorf("got %v, want lines 1 and 3", err)
	}
}

func TestAnEmptyFileIsRefusedAsAHalfWrittenOneMayBe(t *testing.T) {
	t.Parallel()
	for _, data := range []string{"", "\n\n", "# nobody\n"} {
		if _, err := Parse("f", []byte(data)); err == nil || !strings.Contains(err.Error(), "mlgate user add f NAME") {
			t.Errorf("%q: got %v, want a hint how to add a user", data, err)
		}
	}
	if _, err := Parse("f", make([]byte, maxFile+1)); err == nil {
		t.Error("a huge file was accepted")
	}
}

func TestLoadNamesTheFileAndHashTellsVersionsApart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "users")
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("missing file: got %v", err)
	}
	hashes := map[string]bool{}
	for _, data := range []string{"a:" + cheap, "a:" + cheap + "\n", "a:" + sha1Horse} {
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			u, err := Load(path)
			if err != nil {
				t.Fatal(err)
			}
			hashes[u.Hash()] = true
		}
	}
	if len(hashes) != 3 {
		t.Errorf("got %d hashes of 3 files, want 3", len(hashes))
	}
}

// FuzzParse holds that no file makes the parser or a later comparison panic,
// that errors name the file and quote no hash, and that what is accepted is a
// set of names that auth.CheckName accepts.
func FuzzParse(f *testing.F) {
	data, err := os.ReadFile("testdata/vectors.tsv")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if parts := strings.Split(strings.TrimSpace(line), "\t"); len(parts) == 3 && !strings.Contains(parts[0], "-B") {
			f.Add(parts[2])
		}
	}
	for _, seed := range []string{"", "a:", ":", "a:$6$rounds=1$x$", "a:{SHA}\na:{SHA}", "\ufeffa:x", "a:" + sha1Horse + "\r\nb:" + sha1Horse + ":c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data string) {
		u, err := Parse("f", []byte(data))
		if err != nil {
			for line := range strings.Lines(err.Error()) {
				if !strings.HasPrefix(line, "f:") {
					t.Errorf("error without its file: %q", line)
				}
			}
			if _, hash, ok := strings.Cut(data, ":"); ok && len(hash) > 20 && !strings.Contains(hash, "\n") && strings.Contains(err.Error(), hash) {
				t.Errorf("error quotes a hash: %q", err)
			}
			return
		}
		if u.Len() == 0 {
			t.Error("a file without users was accepted")
		}
		for name, e := range u.byName {
			if err := auth.CheckName(name); err != nil {
				t.Errorf("accepted %q: %v", name, err)
			}
			if e.weight < 50_000_000 && e.match(fmt.Sprintf("no password %x", data)) {
				t.Errorf("%q matches a password nobody chose", name)
			}
		}
	})
}
