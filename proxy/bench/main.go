package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// settings say how long and how much is measured.
type settings struct {
	rounds      int
	slice       time.Duration
	experiments int
	artifact    int64 // MiB
	only        string
	out         string
	profile     string
}

// bench is one run of the program.
type bench struct {
	settings
	dir   string // of everything that is written, removed at the end
	gate  string // the mlgate binary
	tests *report
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		exit(serveRole(os.Args[2:]))
	}
	var s settings
	flag.IntVar(&s.rounds, "rounds", 7, "how many rounds all contenders take turns in")
	flag.DurationVar(&s.slice, "slice", 3*time.Second, "how long one contender is loaded in a round")
	flag.IntVar(&s.experiments, "experiments", 5000, "how many experiments the server of the search holds")
	flag.Int64Var(&s.artifact, "artifact", 2048, "size of the artifact, in `MiB`")
	flag.StringVar(&s.only, "only", "", "measure only these `parts`, with commas between: "+strings.Join(partNames(), ","))
	flag.StringVar(&s.out, "out", "docs/benchmarks.md", "the `file` for the result of a whole run")
	flag.StringVar(&s.profile, "profile", "", "where to write a processor profile of the gate in the part fast: the `file` that Go optimises by")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	exit(run(ctx, s))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: error:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// part is a group of measurements that share servers.
type part struct {
	name    string
	measure func(*bench, context.Context) error
}

func parts() []part {
	return []part{
		{"fast", (*bench).fast}, {"mlflow", (*bench).mlflow},
		{"search", (*bench).search}, {"inside", (*bench).inside}, {"memory", (*bench).memory},
	}
}

func partNames() []string {
	var names []string
	for _, p := range parts() {
		names = append(names, p.name)
	}
	return names
}

// chosen are the parts that were asked for; whole tells whether that is all.
func (s settings) chosen() (list []part, whole bool, err error) {
	if s.only == "" {
		return parts(), true, nil
	}
	names := strings.Split(s.only, ",")
	for _, n := range names {
		if !slices.Contains(partNames(), n) {
			return nil, false, fmt.Errorf("no part %q; there are %s", n, strings.Join(partNames(), ", "))
		}
	}
	for _, p := range parts() {
		if slices.Contains(names, p.name) {
			list = append(list, p)
		}
	}
	return list, false, nil
}

func run(ctx context.Context, s settings) (err error) {
	list, whole, err := s.chosen()
	if err != nil {
		return err
	}
	if _, err := os.Stat("cmd/mlgate"); err != nil {
		return errors.New("run it in the top folder of the source tree")
	}
	b := &bench{settings: s, tests: &report{settings: s}}
	if b.dir, err = os.MkdirTemp("", "mlgate-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	b.gate = b.dir + "/mlgate"
	if out, err := exec.CommandContext(ctx, goTool(), "build", "-trimpath", "-o", b.gate, "./cmd/mlgate").CombinedOutput(); err != nil {
		return fmt.Errorf("build mlgate: %w\n%s", err, out)
	}
	for _, p := range list {
		if err := p.measure(b, ctx); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	if whole {
		if err := os.WriteFile(s.out, []byte(b.tests.markdown()), 0o644); err != nil {
			return err
		}
		fmt.Println("written to", s.out)
	}
	return b.tests.verdict()
}

// goTool is the go command that the Makefile was told to use.
func goTool() string {
	if g := os.Getenv("GO"); g != "" {
		return g
	}
	return "go"
}
