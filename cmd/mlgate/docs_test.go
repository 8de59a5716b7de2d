package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"mlgate/config"
	"mlgate/policy"
)

// A fence is one fenced block of a Markdown page. The first word behind the
// back-ticks is its language; a second one names the file that it shows.
type fence struct {
	page           string
	line           int
	language, file string
	text           string
}

func (f fence) at() string { return fmt.Sprintf("%s:%d", f.page, f.line) }

// pages lists the Markdown files that a reader follows.
func pages(t *testing.T) []string {
	t.Helper()
	found := []string{"README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"}
	for _, pattern := range []string{"docs/*.md", "docs/decisions/*.md"} {
		list, err := filepath.Glob(filepath.Join("../..", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range list {
			found = append(found, strings.TrimPrefix(filepath.ToSlash(p), "../../"))
		}
	}
	return found
}

func readPage(t *testing.T, page string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../..", page))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func fences(t *testing.T, page string) []fence {
	t.Helper()
	var list []fence
	var open *fence
	for i, line := range strings.Split(readPage(t, page), "\n") {
		info, isFence := strings.CutPrefix(line, "```")
		switch {
		case isFence && open == nil:
			language, file, _ := strings.Cut(info, " ")
			open = &fence{page: page, line: i + 1, language: language, file: file}
		case isFence:
			list = append(list, *open)
			open = nil
		case open != nil:
			open.text += line + "\n"
		}
	}
	if open != nil {
		t.Fatalf("%s: the block is not closed", open.at())
	}
	return list
}

// A step is one command of a console block, with what it is said to print.
type step struct {
	at, command, want string
}

func (f fence) steps() []step {
	var list []step
	for i, line := range strings.Split(strings.TrimSuffix(f.text, "\n"), "\n") {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			list = append(list, step{at: fmt.Sprintf("%s:%d", f.page, f.line+1+i), command: command})
		} else if len(list) > 0 {
			list[len(list)-1].want += line + "\n"
		}
	}
	return list
}

// offline are the commands that need no server: they are run, and must print
// what the page says. The others must exist, with their flags.
func offline(args []string) bool {
	name := strings.Join(args[:min(2, len(args))], " ")
	switch name {
	case "policy check", "policy explain", "policy test", "user add":
		return true
	case "config check":
		return !slices.Contains(args, "--live")
	}
	return false
}

func TestPagesShowConfigsThatLoadAndPoliciesThatHold(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for _, page := range pages(t) {
		for _, f := range fences(t, page) {
			if f.language != "yaml" && f.language != "csv" {
				continue
			}
			if f.file == "" && f.language == "yaml" {
				f.file = "mlgate.yaml" // there is no other YAML here
			}
			if f.file == "" {
				t.Errorf("%s: the %s block names no file: write ```%s NAME", f.at(), f.language, f.language)
				continue
			}
			seen[f.language]++
			if err := sound(t, f); err != nil {
				t.Errorf("%s: %v", f.at(), err)
			}
		}
	}
	if seen["yaml"] == 0 || seen["csv"] == 0 {
		t.Errorf("got %v, want at least one config and one policy: has the form of the blocks changed?", seen)
	}
}

// sound loads what a block shows as what its name says that it is.
func sound(t *testing.T, f fence) error {
	t.Helper()
	switch {
	case strings.HasPrefix(f.file, "mlgate"):
		path := filepath.Join(t.TempDir(), "mlgate.yaml")
		if err := os.WriteFile(path, []byte(f.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := config.Load(path)
		return err
	case strings.HasPrefix(f.file, "policy"):
		_, warnings, err := policy.Parse(f.file, []byte(f.text))
		if err == nil && len(warnings) > 0 && f.file == "policy.csv" {
			return fmt.Errorf("an example should not warn: %v", warnings)
		}
		return err
	}
	return nil // read by the commands that follow it
}

func TestPagesShowCommandsAsTheyRun(t *testing.T) {
	ran := 0
	for _, page := range pages(t) {
		t.Run(page, func(t *testing.T) { ran += runPage(t, page) })
	}
	if ran == 0 {
		t.Error("no page shows a command that was run: has the form of the blocks changed?")
	}
}

// runPage follows one page from top to bottom, in a folder that holds the files
// shown so far.
func runPage(t *testing.T, page string) (ran int) {
	list := fences(t, page)
	t.Chdir(t.TempDir())
	for _, f := range list {
		if f.file != "" {
			if err := os.WriteFile(f.file, []byte(f.text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if f.language != "console" && f.language != "sh" {
			continue
		}
		for _, s := range f.steps() {
			ran += s.run(t)
		}
	}
	return ran
}

// run executes the step if it is one of ours, and reports how many were run.
func (s step) run(t *testing.T) int {
	t.Helper()
	command := regexp.MustCompile(`\s(2?>|\|| #).*`).ReplaceAllString(s.command, "")
	args := words(command)
	if args[0] != "mlgate" && args[0] != "bin/mlgate" {
		return 0
	}
	if !offline(args[1:]) {
		s.parse(t, args[1:])
		return 0
	}
	want := s.want
	if args[1] == "user" { // a page shows the questions that a terminal asks
		args = append(args, "--password-stdin")
		want = regexp.MustCompile(`(?m)^Password.*\n`).ReplaceAllString(want, "")
	}
	var out bytes.Buffer
	run(args[1:], strings.NewReader("correct horse battery\n"), &out, &out)
	if !matches(out.String(), want) {
		t.Errorf("%s: %s\n--- got\n%s--- the page says\n%s", s.at, s.command, out.String(), want)
	}
	return 1
}

// parse checks the names of a command and its flags without running it.
func (s step) parse(t *testing.T, args []string) {
	t.Helper()
	cmd, rest, err := newRoot().Find(args)
	if err == nil && !cmd.HasParent() {
		err = fmt.Errorf("unknown command %q", args)
	}
	if err == nil {
		err = parseFlags(cmd, rest)
	}
	if err != nil {
		t.Errorf("%s: %s: %v", s.at, s.command, err)
	}
}

func parseFlags(cmd *cobra.Command, args []string) error {
	if err := cmd.ParseFlags(args); err != nil {
		return err
	}
	if cmd.Args == nil {
		return nil
	}
	return cmd.Args(cmd, cmd.Flags().Args())
}

// words splits a command line at blanks outside of quotes.
func words(line string) []string {
	var list []string
	for _, w := range regexp.MustCompile(`'[^']*'|"[^"]*"|\S+`).FindAllString(line, -1) {
		list = append(list, strings.Trim(w, `'"`))
	}
	return list
}

// matches compares output with what a page shows; "…" on the page stands for
// anything.
func matches(got, want string) bool {
	pattern := regexp.QuoteMeta(strings.TrimRight(want, "\n"))
	pattern = strings.ReplaceAll(pattern, "…", "(?s:.*)")
	return regexp.MustCompile(`^` + pattern + `\n*$`).MatchString(got)
}
