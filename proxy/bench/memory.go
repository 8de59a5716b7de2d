package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// ceilingMemory is what the gate may hold above its idle size while an
// artifact passes, in MiB.
const ceilingMemory = 64

// memory sends an artifact through the gate, up and down, and watches the
// gate's resident memory.
func (b *bench) memory(ctx context.Context) error {
	if _, err := residentMiB(os.Getpid()); err != nil {
		if os.Getenv("CI") != "" {
			return err
		}
		fmt.Fprintln(os.Stderr, "SKIPPED: memory: this system does not tell how much a process holds:", err)
		return nil
	}
	p, err := b.startPair(ctx, "memory", nil)
	if err != nil {
		return err
	}
	defer p.stop()
	experiment, run, err := p.mlflow.newRun(ctx)
	if err != nil {
		return err
	}
	url := p.gate.url + "/api/2.0/mlflow-artifacts/artifacts/" + experiment + "/" + run + "/artifacts/big.bin"
	size := b.artifact << 20
	if err := transfer(ctx, http.MethodPut, url, 1<<20); err != nil { // wake everything that an artifact needs
		return err
	}
	idle, err := residentMiB(p.gate.cmd.Process.Pid)
	if err != nil {
		return err
	}
	t := b.tests.table("Artifacts pass in constant memory",
		fmt.Sprintf("An artifact of %d MiB through the gate to a real MLflow and back; the gate's resident memory, sampled every 10 ms, above its size of %.0f MiB when idle. The ratio is to the %d MiB that are allowed.", b.artifact, idle, ceilingMemory),
		"MiB")
	for _, way := range []struct{ name, method string }{{"upload", http.MethodPut}, {"download", http.MethodGet}} {
		start := time.Now()
		peak, err := peakOf(p.gate.cmd.Process.Pid, func() error { return transfer(ctx, way.method, url, size) })
		if err != nil {
			return fmt.Errorf("%s: %w", way.name, err)
		}
		above := peak - idle
		ratio := max(above, 0.001) / ceilingMemory
		name := fmt.Sprintf("%s (%.0f MiB/s)", way.name, float64(b.artifact)/time.Since(start).Seconds())
		t.add(b.tests.atMost(line{name: name, value: above, ratio: ratio, to: "the limit", spread: [2]float64{ratio, ratio}}, 1))
	}
	return nil
}

// transfer moves size bytes of a known pattern, and when they come back makes
// sure that all of them do.
func transfer(ctx context.Context, method, url string, size int64) error {
	var body io.Reader
	if method == http.MethodPut {
		body = io.LimitReader(pattern{}, size)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return err
	}
	if body != nil {
		req.ContentLength = size
		req.Header.Set("Content-Type", "application/octet-stream")
	}
	req.Header.Set("Authorization", basicAuth("alice"))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1000)) // the status is what counts
		return fmt.Errorf("got %d %s", resp.StatusCode, text)
	}
	got, err := io.Copy(io.Discard, resp.Body)
	if err == nil && method == http.MethodGet && got != size {
		err = fmt.Errorf("got %d bytes, want %d", got, size)
	}
	return err
}

// pattern is bytes without end, and without cost.
type pattern struct{}

func (pattern) Read(b []byte) (int, error) { return len(b), nil }

// peakOf is the most that a process held while work ran.
func peakOf(pid int, work func() error) (float64, error) {
	var done atomic.Bool
	finished := make(chan error, 1)
	go func() {
		finished <- work()
		done.Store(true)
	}()
	peak := 0.0
	for !done.Load() {
		now, err := residentMiB(pid)
		if err != nil {
			return 0, errors.Join(err, <-finished)
		}
		peak = max(peak, now)
		time.Sleep(10 * time.Millisecond)
	}
	return peak, <-finished
}

// residentMiB is a process's resident memory.
func residentMiB(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for l := range bytes.Lines(text) {
		if rest, ok := bytes.CutPrefix(l, []byte("VmRSS:")); ok {
			kib, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(string(rest)), " kB"), 64)
			return kib / 1024, err
		}
	}
	return 0, errors.New("no VmRSS in the process's status")
}
