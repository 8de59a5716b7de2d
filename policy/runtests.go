package policy

import (
	"errors"
	"fmt"
	"strings"
)

// A TestFailure is one expectation that a policy does not meet.
type TestFailure struct {
	File        string
	Line        int
	Text        string // the line of the tests
	Want        bool
	Explanation Explanation // of the first kind that answered otherwise
}

// String writes the failure as a diff: what was wanted, what came and why.
func (f TestFailure) String() string {
	words := map[bool]string{true: "allow", false: "deny"}
	return fmt.Sprintf("%s:%d: %s\n- want %s\n+ got  %s", f.File, f.Line, f.Text, words[f.Want],
		strings.TrimRight(strings.ReplaceAll(f.Explanation.String(), "\n", "\n  "), " \n"))
}

// RunTests holds a policy against a file of expectations, CSV with the fields
// user, groups (separated by ;), action, resource, allow|deny. A resource
// without a kind means the experiment, the model and the dataset of that name:
// all must answer as wanted. An empty user is a caller who is not signed in.
// The error is for tests that cannot be read, that are none, or on which Casbin
// judges differently.
func RunTests(p *Policy, name string, data []byte) (passed int, failures []TestFailure, err error) {
	rep := &report{file: name}
	tests := readTests(data, rep)
	if len(tests) == 0 && len(rep.faults) == 0 {
		rep.fault(0, "the file has no tests: write lines like alice, cv-team;ops, edit, experiment:cv/x, allow")
	}
	if err := rep.err(); err != nil {
		return 0, nil, err
	}
	for _, t := range tests {
		f, err := t.run(p, name)
		switch {
		case err != nil:
			return passed, failures, err
		case f != nil:
			failures = append(failures, *f)
		default:
			passed++
		}
	}
	return passed, failures, nil
}

// An expectation is one line of a tests file.
type expectation struct {
	record
	caller Caller
	action Action
	kinds  []Kind
	name   string
	want   bool
}

func readTests(data []byte, rep *report) []expectation {
	var list []expectation
	for i, rec := range readRecords(data, rep) {
		if i == 0 && isHeader(rec.fields) {
			continue
		}
		t, err := readTest(rec)
		if err != nil {
			rep.fault(rec.line, "%v", err)
			continue
		}
		list = append(list, t)
	}
	return list
}

func isHeader(f []string) bool {
	return len(f) == 5 && f[0] == "user" && strings.HasPrefix(f[1], "groups") && f[2] == "action" && f[3] == "resource"
}

func readTest(rec record) (t expectation, err error) {
	f := rec.fields
	if len(f) != 5 {
		return t, fmt.Errorf("a test has 5 fields, not %d: user, groups (separated by ;), action, resource, allow|deny", len(f))
	}
	t = expectation{record: rec, caller: testCaller(f[0], f[1]), want: f[4] == "allow"}
	if t.action, err = ParseAction(f[2]); err != nil {
		return t, err
	}
	if t.kinds, t.name, err = ParseResource(t.action, f[3]); err != nil {
		return t, err
	}
	if f[4] != "allow" && f[4] != "deny" {
		return t, fmt.Errorf("unknown expectation %q: write allow or deny", f[4])
	}
	if t.caller.Anonymous && len(t.caller.Groups) > 0 {
		return t, errors.New("groups without a user: name the user who is in them")
	}
	return t, nil
}

// testCaller takes names with and without their type, as both are at hand when
// somebody copies from a policy.
func testCaller(user, groups string) Caller {
	c := Caller{User: strings.TrimPrefix(user, userType)}
	c.Anonymous = c.User == ""
	for g := range strings.SplitSeq(groups, ";") {
		if g = strings.TrimPrefix(strings.TrimSpace(g), groupType); g != "" {
			c.Groups = append(c.Groups, g)
		}
	}
	return c
}

// run asks the index and Casbin. That both must agree costs a test some
// milliseconds, and makes every policy's own tests a check of this package.
func (t *expectation) run(p *Policy, file string) (*TestFailure, error) {
	for _, k := range t.kinds {
		e := p.Explain(t.caller, t.action, k, t.name)
		casbin, err := p.Enforce(t.caller, t.action, k, t.name)
		if err != nil {
			return nil, fmt.Errorf("%s%w", place(file, t.line), err)
		}
		if casbin != e.Allow {
			return nil, fmt.Errorf("%scasbin and the index judge %q differently, which is a fault of mlgate: please report it with this policy", place(file, t.line), t.text)
		}
		if e.Allow != t.want {
			return &TestFailure{File: file, Line: t.line, Text: t.text, Want: t.want, Explanation: e}, nil
		}
	}
	return nil, nil
}
