package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// load is what one contender is asked, over and over.
type load struct {
	name   string // of the contender
	url    string
	header []string // name: value
	script string   // Lua for wrk; empty: GET
	args   []string // for the script
	conns  int
	pid    int // of the process that answers; 0: not told
}

// rate loads a contender for a while and returns calls a second. A call that
// is not answered 2xx makes the figure worthless, and is an error.
func (l load) rate(ctx context.Context, d time.Duration) (float64, error) {
	args := []string{"-t2", "-c" + strconv.Itoa(l.conns), fmt.Sprintf("-d%ds", max(1, int(d.Seconds()))), "--timeout", "20s"}
	for _, h := range l.header {
		args = append(args, "-H", h)
	}
	if l.script != "" {
		args = append(args, "-s", l.script)
	}
	args = append(append(args, l.url, "--"), l.args...)
	out, err := exec.CommandContext(ctx, "wrk", args...).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("%s: wrk: %w\n%s", l.name, err, out)
	}
	rate, err := readWrk(string(out))
	if err != nil {
		return 0, fmt.Errorf("%s: %w", l.name, err)
	}
	return rate, nil
}

var rateLine = regexp.MustCompile(`(?m)^Requests/sec:\s+([0-9.]+)$`)

// readWrk reads what wrk printed.
func readWrk(out string) (float64, error) {
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "Non-2xx") || strings.HasPrefix(line, "Socket errors") {
			return 0, fmt.Errorf("calls failed: %s\n%s", line, out)
		}
	}
	m := rateLine.FindStringSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("cannot read what wrk printed:\n%s", out)
	}
	rate, err := strconv.ParseFloat(m[1], 64)
	if err == nil && rate == 0 {
		err = fmt.Errorf("no call was answered:\n%s", out)
	}
	return rate, err
}
