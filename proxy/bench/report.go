package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// report collects what was measured.
type report struct {
	settings settings
	tables   []*table
	short    []string // the floors that were missed
}

// table is one comparison.
type table struct {
	title string
	about string
	unit  string
	rows  []line
}

// line is one contender, or one call, of a table.
type line struct {
	name   string
	value  float64
	ratio  float64 // 0: none
	to     string  // what the ratio compares to
	spread [2]float64
	bound  string
	held   bool
}

func (r *report) table(title, about, unit string) *table {
	t := &table{title: title, about: about, unit: unit}
	r.tables = append(r.tables, t)
	fmt.Printf("\n%s\n", title)
	return t
}

func (t *table) add(l line) {
	t.rows = append(t.rows, l)
	fmt.Printf("  %-44s %12s %-10s", l.name, number(l.value), t.unit)
	if l.ratio > 0 {
		fmt.Printf(" %.3f of %s (%.3f to %.3f)", l.ratio, l.to, l.spread[0], l.spread[1])
	}
	if l.bound != "" {
		verdict := "held"
		if !l.held {
			verdict = "MISSED"
		}
		fmt.Printf("  %s: %s", l.bound, verdict)
	}
	fmt.Println()
}

// atLeast holds a ratio to a floor, atMost to a ceiling.
func (r *report) atLeast(l line, floor float64) line {
	l.bound, l.held = fmt.Sprintf("at least %g", floor), l.ratio >= floor
	r.note(l)
	return l
}

func (r *report) atMost(l line, ceiling float64) line {
	l.bound, l.held = fmt.Sprintf("at most %g", ceiling), l.ratio <= ceiling
	r.note(l)
	return l
}

func (r *report) note(l line) {
	if !l.held {
		r.short = append(r.short, fmt.Sprintf("%s: %.3f of %s, wanted %s", l.name, l.ratio, l.to, l.bound))
	}
}

// compared is a line whose ratio is taken round by round.
func compared(name string, s, other series, to string) line {
	ratios := s.over(other)
	l := line{name: name, value: s.median(), ratio: ratios.median(), to: to, spread: [2]float64{ratios[0], ratios[0]}}
	for _, v := range ratios {
		l.spread[0], l.spread[1] = min(l.spread[0], v), max(l.spread[1], v)
	}
	return l
}

// verdict is the error that makes the program fail.
func (r *report) verdict() error {
	if len(r.short) == 0 {
		return nil
	}
	return errors.New("below the floor:\n  " + strings.Join(r.short, "\n  "))
}

// markdown is docs/benchmarks.md.
func (r *report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Benchmarks\n\nWritten by `make bench` on %s; do not edit.\n\n", time.Now().UTC().Format("2 January 2006"))
	fmt.Fprintf(&b, "%s, %d cores, %s, MLflow %s. Each figure is the median of %d rounds in which all contenders of its table took turns for %s each. ",
		processor(), runtime.NumCPU(), runtime.Version(), mlflowVersion(), r.settings.rounds, r.settings.slice)
	b.WriteString("A ratio is taken within each round; the median counts, the range stands behind it. Client, contenders and upstream share the same cores, so the figures of two tables, or of two runs, do not compare; the ratios do.\n")
	for _, t := range r.tables {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| | %s | ratio | range | must be |\n|---|---:|---:|---:|---|\n", t.title, t.about, t.unit)
		for _, l := range t.rows {
			b.WriteString(l.markdown())
		}
	}
	return b.String()
}

func (l line) markdown() string {
	ratio, spread, bound := "", "", l.bound
	if l.ratio > 0 {
		ratio = fmt.Sprintf("%.3f of %s", l.ratio, l.to)
		spread = fmt.Sprintf("%.3f–%.3f", l.spread[0], l.spread[1])
	}
	if bound != "" && !l.held {
		bound += ": **missed**"
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s |\n", l.name, number(l.value), ratio, spread, bound)
}

func number(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

// processor is the machine's, where the system says.
func processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		for line := range strings.Lines(string(text)) {
			if name, ok := strings.CutPrefix(line, "model name"); ok {
				return strings.TrimSpace(strings.TrimLeft(name, "\t :"))
			}
		}
	}
	return runtime.GOOS + "/" + runtime.GOARCH
}

func mlflowVersion() string {
	out, err := exec.Command(python, "-c", "import importlib.metadata as m; print(m.version('mlflow'))").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}
