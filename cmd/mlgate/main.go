// Command mlgate stands in front of a stock MLflow server and lets each team see
// and change what lies under its own names.
//
// It owns the commands, the reading of files at start and on reload, and the
// wiring: this is the one place where config, auth, policy and proxy meet. It
// does not own what any of them decides.
package main

import (
	"context"
	"io"
	"os"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run executes one command line and returns the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return report(stderr, root.ExecuteContext(context.Background()))
}
