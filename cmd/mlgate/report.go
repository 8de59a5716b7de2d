package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"mlgate/config"
)

// How errors reach the terminal, for all commands:
//
//	mlgate: error: what is wrong, in lower case, naming file, line and value
//	hint: what to do next
//
// One pair a fault, on standard error; exit code 2 for a faulty command line and
// 1 for everything else. A command that has something to say beside its result
// writes it with note.

// Exit codes.
const (
	codeFailure = 1
	codeUsage   = 2
)

// failure is an error that knows what to do next.
type failure struct {
	err  error
	hint string
	code int
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// hinted adds what to do next to an error.
func hinted(err error, format string, args ...any) error {
	return &failure{err: err, hint: fmt.Sprintf(format, args...), code: codeFailure}
}

// report prints an error and returns the exit code.
func report(w io.Writer, err error) int {
	if err == nil {
		return 0
	}
	for _, fault := range flatten(err) {
		text, hint := worded(fault)
		fmt.Fprintf(w, "mlgate: error: %s\n", text)
		if hint != "" {
			fmt.Fprintf(w, "hint: %s\n", hint)
		}
	}
	if f, ok := errors.AsType[*failure](err); ok {
		return f.code
	}
	return codeFailure
}

// flatten takes joined errors apart. A wrapper around a join is kept whole: its
// words belong to all of them.
func flatten(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var list []error
	for _, e := range joined.Unwrap() {
		list = append(list, flatten(e)...)
	}
	return list
}

// worded splits an error into what is wrong and what to do next.
func worded(err error) (text, hint string) {
	if f, ok := errors.AsType[*failure](err); ok {
		return oneLine(err.Error()), f.hint
	}
	if p, ok := errors.AsType[*config.Problem](err); ok {
		bare := *p
		bare.Remedy = ""
		return oneLine(bare.Error()), p.Remedy
	}
	return oneLine(err.Error()), ""
}

// oneLine keeps the lines of a joined error together in one message.
func oneLine(text string) string {
	return strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  ")
}

// note writes a line beside the result.
func note(w io.Writer, format string, args ...any) {
	fmt.Fprintf(w, "mlgate: "+format+"\n", args...)
}
