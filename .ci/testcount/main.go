// Testcount reads the events of `go test -json` and ends in one line:
//
//	12 passed, 0 failed, 1 skipped
//
// On the way it prints one line a package, and the output of what failed. A
// test that only holds subtests is not counted beside them. A package that
// does not build, panics or times out counts as one failure, and so does an
// input without a single test: a run that tested nothing has not passed.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	c := newCounter(os.Stdout)
	if err := c.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "error: read test events:", err)
		os.Exit(1)
	}
	if !c.finish() {
		os.Exit(1)
	}
}

// event is one line of `go test -json`; see `go doc test2json`.
type event struct {
	Action     string
	Package    string
	ImportPath string
	Test       string
	Elapsed    float64
	Output     string
}

// testID names a test; its zero Test stands for the package itself.
type testID struct{ pkg, test string }

type counter struct {
	out                     io.Writer
	passed, failed, skipped int
	output                  map[testID]*strings.Builder
	parents                 map[testID]bool
	failedIn                map[string]int
	failures                []string
}

func newCounter(out io.Writer) *counter {
	return &counter{
		out:      out,
		output:   map[testID]*strings.Builder{},
		parents:  map[testID]bool{},
		failedIn: map[string]int{},
	}
}

func (c *counter) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			c.line(line)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (c *counter) line(line []byte) {
	var e event
	if json.Unmarshal(line, &e) != nil {
		// Not an event: the go command itself speaks.
		fmt.Fprint(c.out, string(line))
		return
	}
	id := testID{e.Package, e.Test}
	switch e.Action {
	case "run":
		if i := strings.LastIndexByte(e.Test, '/'); i > 0 {
			c.parents[testID{e.Package, e.Test[:i]}] = true
		}
	case "output":
		c.keep(id, e.Output)
	case "build-output":
		fmt.Fprint(c.out, e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			c.endPackage(e)
		} else {
			c.endTest(e)
		}
	}
}

func (c *counter) keep(id testID, text string) {
	b := c.output[id]
	if b == nil {
		b = &strings.Builder{}
		c.output[id] = b
	}
	b.WriteString(text)
}

func (c *counter) endTest(e event) {
	id := testID{e.Package, e.Test}
	defer delete(c.output, id)
	switch e.Action {
	case "fail":
		// A parent fails because a child did: its output is worth showing,
		// its failure was counted with the child.
		if !c.parents[id] || c.failedIn[e.Package] == 0 {
			c.fail(e.Package, e.Package+" "+e.Test)
		}
		c.show(id)
	case "skip":
		c.skipped++
		c.show(id)
	default:
		if !c.parents[id] {
			c.passed++
		}
	}
}

func (c *counter) endPackage(e event) {
	id := testID{e.Package, ""}
	defer delete(c.output, id)
	if e.Action == "fail" && c.failedIn[e.Package] == 0 {
		// No test of it failed, so it did not build, panicked, or timed out.
		c.fail(e.Package, e.Package)
		c.showUnfinished(e.Package)
		c.show(id)
	}
	if e.Action == "skip" {
		return // no test files
	}
	fmt.Fprintf(c.out, "%-4s  %s  %.1fs\n", e.Action, e.Package, e.Elapsed)
}

// showUnfinished prints what the tests said that a crash cut short: there lies
// the panic.
func (c *counter) showUnfinished(pkg string) {
	for id := range c.output {
		if id.pkg == pkg && id.test != "" {
			c.show(id)
		}
	}
}

func (c *counter) fail(pkg, what string) {
	c.failed++
	c.failedIn[pkg]++
	c.failures = append(c.failures, what)
}

func (c *counter) show(id testID) {
	if b := c.output[id]; b != nil {
		fmt.Fprint(c.out, b.String())
	}
}

// finish prints what failed and the count, and reports whether all is well.
func (c *counter) finish() bool {
	if c.passed+c.failed+c.skipped == 0 {
		c.fail("", "no test ran")
	}
	if len(c.failures) > 0 {
		fmt.Fprintln(c.out, "\nfailed:")
		for _, f := range c.failures {
			fmt.Fprintln(c.out, "  "+f)
		}
	}
	fmt.Fprintf(c.out, "%d passed, %d failed, %d skipped\n", c.passed, c.failed, c.skipped)
	return c.failed == 0
}
