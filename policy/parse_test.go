package policy

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// mustParse reads a policy that has no fault.
func mustParse(t testing.TB, text string) *Policy {
	t.Helper()
	p, _, err := Parse("policy.csv", []byte(text))
	if err != nil {
		t.Fatalf("parse: %v\n%s", err, text)
	}
	return p
}

func user(name string, groups ...string) Caller { return Caller{User: name, Groups: groups} }

func TestRefusedLinesNameTheirLineAndTheRemedy(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, line, want string }{
		{"line type", "x, user:a, cv/*, read", `unknown line type "x"`},
		{"line type in capitals", "P, user:a, cv/*, read", "a line begins with p"},
		{"second policy type of casbin", "p2, user:a, cv/*, read", "unknown line type"},
		{"too few fields", "p, user:a, cv/*", "4 or 5 fields, not 3"},
		{"too many fields", "p, user:a, cv/*, read, allow, x", "4 or 5 fields, not 6"},
		{"comma in a name", "p, user:a, cv, x/*, read, deny", "needs quotes"},
		{"no subject", "p, , cv/*, read", "the subject is missing"},
		{"bare subject", "p, alice, cv/*, read", "write user:alice, group:alice or role:alice"},
		{"subject type", "p, team:a, cv/*, read", `unknown subject type "team"`},
		{"subject type in capitals", "p, User:a, cv/*, read", `unknown subject type "User"`},
		{"subject without a name", "p, user:, cv/*, read", "write user:NAME"},
		{"star subject", "p, *, cv/*, read", "write any"},
		{"any in capitals", "p, ANY, cv/*, read", "write any"},
		{"wildcard in a subject", "p, user:a*, cv/*, read", "subjects are whole names"},
		{"everyone of a type", "p, group:*, cv/*, read", "write any"},
		{"blank in front of a subject", `p, "user: a", cv/*, read`, "begins or ends with a blank"},
		{"decomposed subject", "p, user:e\u0301t, cv/*, read", "NFC"},
		{"no resource", "p, user:a, , read", "the resource is empty"},
		{"kind without a pattern", "p, user:a, model:, read", "the resource is empty"},
		{"bare star at the end", "p, user:a, cv*, read", `would also match cvx/…: write cv/*`},
		{"bare star at the end of a model", "p, user:a, model:cv*, read", "write cv/*"},
		{"dot star", "p, user:a, cv/.*, read", "write cv/*"},
		{"dot star of a model", "p, user:a, model:cv.*, read", "write cv/*"},
		{"star in front", "p, user:a, *cv, read", "not at its end"},
		{"star inside", "p, user:a, cv/*/x, read", "not at its end"},
		{"star inside and at the end", "p, user:a, cv/*/x/*, read", "not at its end"},
		{"two stars", "p, user:a, cv/**, read", "one star covers every depth, write cv/*"},
		{"only stars", "p, user:a, **, read", "'*'"},
		{"slash star", "p, user:a, /*, read", "write * for everything"},
		{"slash at the end", "p, user:a, cv/, read", "write cv/* for what lies below"},
		{"double quote", `p, user:a, "cv""/*", read`, "quotes, % and backslashes"},
		{"double quote inside a field", `p, user:a, c"v/*, read`, "a quote inside"},
		{"single quote", "p, user:a, cv'/*, read", "quotes, % and backslashes"},
		{"backtick", "p, user:a, `cv`/*, read", "quotes, % and backslashes"},
		{"percent", "p, user:a, cv%/*, read", "cover the name by the prefix above it"},
		{"backslash", `p, user:a, cv\x, read`, "backslashes"},
		{"dot segment", "p, user:a, cv/./x, read", "patterns are names, not paths"},
		{"dot dot segment", "p, user:a, cv/../x/*, read", "patterns are names, not paths"},
		{"dot dot prefix", "p, user:a, ../*, read", "patterns are names, not paths"},
		{"blank in front of a pattern", "p, user:a, model: cv/*, read", "begins or ends with a blank"},
		{"blank behind a quoted pattern", `p, user:a, "cv/x ", read`, "begins or ends with a blank"},
		{"no-break space", "p, user:a, cv/x\u00a0, read", "begins or ends with a blank"},
		{"decomposed pattern", "p, user:a, e\u0301/*, read", "NFC"},
		{"line separator", "p, user:a, cv\u2028/*, read", "U+2028"},
		{"writing direction", "p, user:a, cv\u202e/*, read", "U+202E"},
		{"writing direction in a comment", "# cv\u202e", "U+202E"},
		{"tab inside a pattern", "p, user:a, c\tv, read", "U+0009"},
		{"NUL", "p, user:a, cv\x00, read", "U+0000"},
		{"lone carriage return", "p, user:a, cv/*, read\rp, user:b, *, read", "U+000D"},
		{"lone carriage return in a comment", "# x\rp, user:b, *, read", "U+000D"},
		{"not UTF-8", "p, user:a, c\xff, read", "not UTF-8"},
		{"kind in plural", "p, user:a, models:cv/*, read", "write model:cv/*"},
		{"kind with swapped letters", "p, user:a, modle:cv/*, read", "write model:cv/*"},
		{"kind cut short", "p, user:a, experimnt:cv/*, read", "write experiment:cv/*"},
		{"kind with two slips", "p, user:a, exprimant:cv/*, read", "write experiment:cv/*"},
		{"kind in capitals", "p, user:a, Model:cv/*, read", "write model:cv/*"},
		{"kind in plural capitals", "p, user:a, DATASETS:cv/*, read", "write dataset:cv/*"},
		{"word of MLflow for a kind", "p, user:a, run:cv/*, read", "write experiment:cv/*"},
		{"word of MLflow with a dash", "p, user:a, registered-models:cv/*, read", "write model:cv/*"},
		{"prompts", "p, user:a, prompts:cv/*, read", "write model:cv/*"},
		{"URI of a model", "p, user:a, models:/cv/1, read", `unknown kind "models"`},
		{"subject for a resource", "p, cv/*, user:a, read", "write user:cv/*"},
		{"subject and resource swapped", "p, user:a, role:b, read", "that is a subject"},
		{"no action", "p, user:a, cv/*, ", `unknown action ""`},
		{"action", "p, user:a, cv/*, write", "use read, edit, manage, approve, use or admin"},
		{"action in capitals", "p, user:a, cv/*, Read", "write read"},
		{"two actions", "p, user:a, cv/*, read;edit", "unknown action"},
		{"effect", "p, user:a, cv/*, read, block", "write allow or deny"},
		{"effect in capitals", "p, user:a, cv/*, read, Deny", "write allow or deny"},
		{"empty effect", "p, user:a, cv/*, read,", `unknown effect ""`},
		{"comment behind a rule", "p, user:a, cv/*, read, allow # for now", "a comment needs a line of its own"},
		{"admin below a prefix", "p, user:a, cv/*, admin", "admin goes with * only"},
		{"admin of one kind", "p, user:a, model:*, admin", "admin goes with * only"},
		{"denied admin below a prefix", "p, user:a, cv/*, admin, deny", "admin goes with * only"},
		{"use without a kind", "p, user:a, chat, use", "write gateway:chat"},
		{"use of a model", "p, user:a, model:chat, use", "write gateway:chat"},
		{"use of everything", "p, user:a, *, use", "write gateway:*"},
		{"g with two fields", "g, user:a", "3 fields, not 2"},
		{"g with four fields", "g, user:a, role:b, allow", "3 fields, not 4"},
		{"g of a group", "g, user:a, group:b", "groups come from the identity provider"},
		{"g the wrong way round", "g, role:b, user:a", "is no role"},
		{"g of a bare name", "g, alice, role:b", "write user:alice"},
		{"g of a role without a name", "g, user:a, role:", "write role:NAME"},
		{"g of every role", "g, user:a, role:*", "'*'"},
		{"role in itself", "g, role:a, role:a", "role:a -> role:a"},
		{"unclosed quote", `p, user:a, "cv/*, read`, "no closing quote"},
		{"text behind a quote", `p, user:a, "cv"/*, read`, "follows a closing quote"},
		{"long line", "p, user:a, " + strings.Repeat("x", maxLine) + ", read", "longer than"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, _, err := Parse("policy.csv", []byte("# first line\n"+tt.line+"\n"))
			if p != nil || err == nil {
				t.Fatalf("got a policy, want an error that holds %q", tt.want)
			}
			if !strings.HasPrefix(err.Error(), "policy.csv:2: ") || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %q, want policy.csv:2: … %q …", err, tt.want)
			}
		})
	}
}

func TestRefusedFiles(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, data, want string }{
		{"UTF-16 LE", "\xff\xfep\x00", "save it as UTF-8"},
		{"UTF-16 BE", "\xfe\xff\x00p", "save it as UTF-8"},
		{"too large", strings.Repeat("#\n", maxFile/2+1), "larger than"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, _, err := Parse("f.csv", []byte(tt.data)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestAllFaultsAreReportedInOrderAndBounded(t *testing.T) {
	t.Parallel()
	_, _, err := Parse("p.csv", []byte("p, a, cv*, reed, x\ng, user:a\ng, role:a, role:b\ng, role:b, role:a\n"))
	want := []string{"p.csv:1: unknown subject", "p.csv:1: pattern", "p.csv:1: unknown action", "p.csv:1: unknown effect", "p.csv:2:", "p.csv:4: roles hold one another"}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(want) {
		t.Fatalf("got %d faults, want %d:\n%v", len(lines), len(want), err)
	}
	for i, w := range want {
		if !strings.HasPrefix(lines[i], w) {
			t.Errorf("fault %d: got %q, want %q…", i, lines[i], w)
		}
	}
	_, _, err = Parse("p.csv", []byte(strings.Repeat("nonsense\n", 1000)))
	lines = strings.Split(err.Error(), "\n")
	if last := lines[len(lines)-1]; len(lines) != maxFaults+1 || last != "p.csv: and 950 more faults" {
		t.Errorf("got %d lines ending in %q", len(lines), last)
	}
	var f *Fault
	if !errors.As(err, &f) || f.Line != 1 || f.File != "p.csv" {
		t.Errorf("got %+v, want the fault of line 1", f)
	}
}

func TestRolesInACircleAreRefusedWithTheChain(t *testing.T) {
	t.Parallel()
	_, _, err := Parse("p.csv", []byte("g, user:x, role:a\ng, role:a, role:b\ng, role:b, role:c\ng, role:c, role:a\n"))
	if err == nil || !strings.Contains(err.Error(), "p.csv:4: roles hold one another in a circle, role:a -> role:b -> role:c -> role:a") {
		t.Errorf("got %v", err)
	}
	// Two ways to one role are no circle.
	mustParse(t, "p, role:d, cv/*, read\ng, role:a, role:b\ng, role:a, role:c\ng, role:b, role:d\ng, role:c, role:d\ng, user:x, role:a\n")
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"role without members", "p, role:a, cv/*, read", "p.csv:1: nobody holds role:a"},
		{"role held by a role that nobody holds", "p, role:a, cv/*, read\ng, role:b, role:a", "p.csv:1: nobody holds role:a\np.csv:2: nobody holds role:b"},
		{"role held by a group", "p, role:a, cv/*, read\ng, group:b, role:a", ""},
		{"role held by all", "p, role:a, cv/*, read\ng, any, role:a", ""},
		{"role without rights", "p, any, x, read\ng, user:u, role:a", "p.csv:2: role:a brings no rights"},
		{"role with the rights of another", "p, role:b, x, read\ng, role:a, role:b\ng, user:u, role:a", ""},
		{"line twice", "p, any, cv/*, read\np, any, cv/*, read, allow", "p.csv:2: says the same as line 1"},
		{"g line twice", "p, role:a, cv/*, read\ng, any, role:a\ng, any, role:a", "p.csv:3: says the same as line 2"},
		{"contradiction", "p, any, cv/*, read\np, any, cv/*, read, deny", "p.csv:2: contradicts line 1"},
		{"word that is no kind", "p, any, foo:bar, read", `p.csv:1: "foo" before the ':' is no kind`},
		{"word that is no kind, behind a kind", "p, any, experiment:foo:bar, read", ""},
		{"colon behind a segment", "p, any, cv/a:b, read", ""},
		{"digits before a colon", "p, any, 12:30, read", ""},
		{"empty segment", "p, any, /Users/x/*, read", "p.csv:1: pattern \"/Users/x/*\" has an empty segment"},
		{"approve on an experiment", "p, any, experiment:x, approve", "p.csv:1: approve on \"experiment:x\""},
		{"empty file", "# nothing\n", "p.csv: the file has no p line"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, warnings, err := Parse("p.csv", []byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			want := strings.Split(tt.want, "\n")
			if tt.want == "" {
				want = nil
			}
			if len(warnings) != len(want) {
				t.Fatalf("got %v, want %q", warnings, want)
			}
			for i := range want {
				if !strings.HasPrefix(warnings[i].String(), want[i]) {
					t.Errorf("got %q, want %q…", warnings[i], want[i])
				}
			}
		})
	}
}

func TestPatternsThatOverlapOnlyByDotsAreRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, a, b string
		refused    bool
	}{
		{"two spellings of a prefix", "p, role:a, model:cv.x/*, read", "p, role:b, model:cv/x/*, read", true},
		{"a dotted prefix below another's", "p, role:a, cv/*, edit", "p, role:b, cv.x/*, edit", true},
		{"a dotted name below another's prefix", "p, role:a, cv/*, edit", "p, user:b, model:cv.resnet, read", true},
		{"the order of lines does not matter", "p, user:b, model:cv.resnet, read", "p, role:a, cv/*, edit", true},
		{"two spellings of a name", "p, role:a, model:cv.x, read", "p, role:b, model:cv/x, read", true},
		{"a line that denies too", "p, role:a, model:cv.x, read, deny", "p, role:b, model:cv/x, read", true},
		{"the same subject", "p, role:a, cv/*, read", "p, role:a, model:cv.x, edit", false},
		{"the same spelling", "p, role:a, model:cv.x, read", "p, role:b, model:cv.x, edit", false},
		{"overlap as written", "p, role:a, cv/*, read", "p, role:b, cv/x.y/*, edit", false},
		{"another kind", "p, role:a, cv/*, read", "p, role:b, experiment:cv.x/*, edit", false},
		{"apart for models too", "p, role:a, cv/*, read", "p, role:b, cvx.y/*, edit", false},
		{"a name beside its prefix", "p, role:a, cv/x/*, read", "p, role:b, model:cv.x, edit", false},
		{"everything", "p, role:a, *, read", "p, role:b, model:cv.x, edit", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := Parse("p.csv", []byte(tt.a+"\n"+tt.b+"\n"))
			if (err != nil) != tt.refused {
				t.Fatalf("got %v, want refused %v", err, tt.refused)
			}
			if err != nil && (!strings.Contains(err.Error(), "p.csv:2: line 2 (") || !strings.Contains(err.Error(), "and line 1 (")) {
				t.Errorf("got %v, want both lines", err)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("got more than one fault: %v", err)
			}
		})
	}
	// A third line can be the one that makes the subjects differ.
	_, _, err := Parse("p.csv", []byte("p, role:a, cv/*, read\np, role:a, model:cv.x, read\np, role:b, model:cv.x, read\n"))
	if err == nil || !strings.Contains(err.Error(), "line 3") {
		t.Errorf("got %v, want lines 1 and 3", err)
	}
}

func TestByteOrderMarkAndWindowsLineEndsAreAccepted(t *testing.T) {
	t.Parallel()
	p := mustParse(t, "\ufeffp, any, cv/*, read\r\n\r\n# x\r\ng, any, role:a\r\n")
	if d := p.Rights(user("u")).Decide(Read, Experiment, "cv/x"); !d.Allow || d.Rule != "p, any, cv/*, read" {
		t.Errorf("got %+v", d)
	}
}

func TestExamplesLoadAndPassTheirTests(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]int{"two-teams.csv": 22, "names.csv": 0} {
		p, warnings, err := Load(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		if name == "names.csv" && len(warnings) != 1 || name == "two-teams.csv" && len(warnings) != 0 {
			t.Errorf("%s: got warnings %v", name, warnings)
		}
		if want == 0 {
			continue
		}
		tests := strings.TrimSuffix(name, ".csv") + ".tests.csv"
		data, err := os.ReadFile(filepath.Join("testdata", tests))
		if err != nil {
			t.Fatal(err)
		}
		passed, failures, err := RunTests(p, tests, data)
		if err != nil || passed != want || len(failures) != 0 {
			t.Errorf("%s: got %d passed, %v, %v; want %d", name, passed, failures, err, want)
		}
	}
}

func TestLoadRefusesWhatIsMissing(t *testing.T) {
	t.Parallel()
	if _, _, err := Load(filepath.Join(t.TempDir(), "none.csv")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want not exist", err)
	}
}

func TestHashIsThatOfTheBytes(t *testing.T) {
	t.Parallel()
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	if got := mustParse(t, "").Hash(); got != empty {
		t.Errorf("got %s", got)
	}
	if mustParse(t, "# a").Hash() == mustParse(t, "# b").Hash() {
		t.Error("two files, one hash")
	}
}

func TestValidateName(t *testing.T) {
	t.Parallel()
	for _, ok := range []string{"cv", "cv/x", "été", "a b", "x'y", "100%", `a\b`, "cv.x", "a..b", "*", "...", "日本/語"} {
		if err := ValidateName(ok); err != nil {
			t.Errorf("%q: got %v", ok, err)
		}
	}
	for name, want := range map[string]string{
		"": "empty", "/cv": "empty segment", "cv/": "empty segment", "cv//x": "empty segment", "/": "empty segment",
		".": `"." segment`, "..": `".." segment`, "cv/../x": `".." segment`, "cv/.": `"." segment`,
		" cv": "blank", "cv ": "blank", "cv\u00a0": "blank", "\tcv": "blank", "c\x00v": "U+0000", "c\nv": "U+000A",
		"c\u0085v": "U+0085", "c\u2028v": "U+2028", "c\u202ev": "U+202E", "e\u0301": "NFC", "c\xff": "UTF-8", "\u212b": "NFC",
	} {
		if err := ValidateName(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", name, err, want)
		}
	}
}
