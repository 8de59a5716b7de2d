package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"mlgate/config"
)

func TestExitCodeTellsUsageFromFailure(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		line string
		want int
	}{
		{"version", 0},
		{"--help", 0},
		{"", codeUsage},
		{"nonsense", codeUsage},
		{"serve", codeUsage},
		{"serve --nonsense", codeUsage},
		{"policy explain --policy p --user u --action nonsense x", codeUsage},
		{"token list", codeUsage},
		{"config check --config gone.yaml", codeFailure},
		{"serve --config gone.yaml", codeFailure},
		{"policy check gone.csv", codeFailure},
	} {
		var stdout, stderr bytes.Buffer
		got := run(strings.Fields(c.line), strings.NewReader(""), &stdout, &stderr)
		if got != c.want {
			t.Errorf("%q: got exit code %d, want %d: %s", c.line, got, c.want, &stderr)
		}
		if (got == 0) != (stderr.Len() == 0) {
			t.Errorf("%q: exit code %d with %q on standard error", c.line, got, &stderr)
		}
	}
}

func TestReportSaysEachFaultOnce(t *testing.T) {
	t.Parallel()
	problem := &config.Problem{Where: "f:1", Key: "mode", Fault: "unknown mode", Remedy: "write open, warn or enforce"}
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"nothing", nil, ""},
		{"plain", errors.New("broken"), "mlgate: error: broken\n"},
		{"hint", hinted(errors.New("broken"), "mend %s", "it"), "mlgate: error: broken\nhint: mend it\n"},
		{"wrapped hint", fmt.Errorf("read x: %w", hinted(errors.New("broken"), "mend it")), "mlgate: error: read x: broken\nhint: mend it\n"},
		{"problem", problem, "mlgate: error: f:1: mode: unknown mode\nhint: write open, warn or enforce\n"},
		{
			"joined", errors.Join(problem, errors.Join(errors.New("a"), errors.New("b"))),
			"mlgate: error: f:1: mode: unknown mode\nhint: write open, warn or enforce\nmlgate: error: a\nmlgate: error: b\n",
		},
		{"around a join", fmt.Errorf("x: %w", errors.Join(errors.New("a"), errors.New("b"))), "mlgate: error: x: a\n  b\n"},
	} {
		var out bytes.Buffer
		report(&out, c.err)
		if out.String() != c.want {
			t.Errorf("%s: got\n%swant\n%s", c.name, &out, c.want)
		}
	}
}
