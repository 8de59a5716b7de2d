package policy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzParse holds that no file makes Parse panic, that a refusal names its file,
// and that what is read means the same when it is written anew.
func FuzzParse(f *testing.F) {
	examples, err := filepath.Glob("testdata/*.csv")
	if err != nil || len(examples) == 0 {
		f.Fatal("no examples", err)
	}
	for _, e := range examples {
		data, err := os.ReadFile(e)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, "cv/x")
	}
	for _, s := range []string{"p, any, cv*, read", "\ufeffp,any,\"a\"\"b\",read\r\n", "g, role:a, role:a", "p, any, model:a.b/*, read, deny\np, user:u, *, admin", "p, user:u, models:x, read", "\xff\xfep"} {
		f.Add([]byte(s), "a.b/c")
	}
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		p, _, err := Parse("f.csv", data)
		if err != nil {
			for _, line := range strings.Split(err.Error(), "\n") {
				if !strings.HasPrefix(line, "f.csv:") {
					t.Fatalf("%q names no file", line)
				}
			}
			return
		}
		text := rewrite(p)
		again, _, err := Parse("again.csv", []byte(text))
		if err != nil {
			t.Fatalf("written anew, it is refused: %v\n%s", err, text)
		}
		compareMeaning(t, p, again, name)
	})
}

// compareMeaning asks both about the names and subjects that the file holds.
func compareMeaning(t *testing.T, p, again *Policy, name string) {
	t.Helper()
	names := []string{name, ""}
	callers := []Caller{{User: "nobody-else"}}
	for i := range p.rules {
		if i > 5 {
			break
		}
		names = append(names, p.rules[i].pattern.text, p.rules[i].pattern.text+"x")
		kind, who, _ := strings.Cut(p.rules[i].subject, ":")
		if kind == "group" {
			callers = append(callers, Caller{User: "nobody-else", Groups: []string{who}})
		} else {
			callers = append(callers, Caller{User: who})
		}
	}
	for _, c := range callers {
		r, s := p.Rights(c), again.Rights(c)
		for _, n := range names {
			for _, a := range actions() {
				for _, k := range kinds() {
					got, want := s.Decide(a, k, n), r.Decide(a, k, n)
					if got.Allow != want.Allow {
						t.Fatalf("%+v %s %s:%q: got %+v, want %+v", c, a, k, n, got, want)
					}
					if n != "" && r.Scope(a, k).Matches(n) != want.Allow {
						t.Fatalf("%+v %s %s:%q: scope %+v, decision %+v", c, a, k, n, r.Scope(a, k), want)
					}
				}
			}
		}
	}
}

// FuzzRunTests holds that no file of expectations makes RunTests panic, and that
// Casbin and the index agree on all of them.
func FuzzRunTests(f *testing.F) {
	data, err := os.ReadFile("testdata/two-teams.tests.csv")
	if err != nil {
		f.Fatal(err)
	}
	p, _, err := Load("testdata/two-teams.csv")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, _, err := RunTests(p, "t.csv", data); err != nil && !strings.HasPrefix(err.Error(), "t.csv:") {
			t.Fatal(err)
		} else if err != nil && strings.Contains(err.Error(), "fault of mlgate") {
			t.Fatal(err)
		}
	})
}
