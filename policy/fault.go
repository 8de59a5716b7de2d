package policy

import (
	"errors"
	"fmt"
	"slices"
)

// maxFaults bounds how many faults one reading reports: a file of another
// format would else fill the log.
const maxFaults = 50

// A Fault is one thing wrong with a file: where it is, what is wrong and what
// to do about it. Parse returns all of them, joined.
type Fault struct {
	File string
	Line int // 0: the file as a whole
	Text string
}

// Error writes the fault as "policy.csv:12: …", the form editors jump to.
func (f *Fault) Error() string { return place(f.File, f.Line) + f.Text }

// A Warning is something that loads but is probably not meant.
type Warning struct {
	File string
	Line int
	Text string
}

// String writes the warning as "policy.csv:12: …".
func (w Warning) String() string { return place(w.File, w.Line) + w.Text }

func place(file string, line int) string {
	if line == 0 {
		return file + ": "
	}
	return fmt.Sprintf("%s:%d: ", file, line)
}

// report gathers what a reading finds, so that one run shows every mistake.
type report struct {
	file     string
	faults   []*Fault
	warnings []Warning
	dropped  int
}

func (r *report) fault(line int, format string, args ...any) {
	if len(r.faults) == maxFaults {
		r.dropped++
		return
	}
	r.faults = append(r.faults, &Fault{File: r.file, Line: line, Text: fmt.Sprintf(format, args...)})
}

func (r *report) warn(line int, format string, args ...any) {
	r.warnings = append(r.warnings, Warning{File: r.file, Line: line, Text: fmt.Sprintf(format, args...)})
}

// err joins the faults in the order of their lines; nil if there are none.
func (r *report) err() error {
	if len(r.faults) == 0 {
		return nil
	}
	slices.SortStableFunc(r.faults, func(a, b *Fault) int { return a.Line - b.Line })
	errs := make([]error, 0, len(r.faults)+1)
	for _, f := range r.faults {
		errs = append(errs, f)
	}
	if r.dropped > 0 {
		errs = append(errs, &Fault{File: r.file, Text: fmt.Sprintf("and %d more faults", r.dropped)})
	}
	return errors.Join(errs...)
}

// sorted returns the warnings in the order of their lines.
func (r *report) sorted() []Warning {
	slices.SortStableFunc(r.warnings, func(a, b Warning) int { return a.Line - b.Line })
	return r.warnings
}
