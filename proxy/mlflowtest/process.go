package mlflowtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// process is one child that leads a process group of its own, so that workers
// and grandchildren end with it.
type process struct {
	cmd  *exec.Cmd
	log  string
	done chan struct{}
	err  error // of Wait; valid once done is closed
}

// startProcess runs cmd with both outputs in the file log.
func startProcess(cmd *exec.Cmd, log string) (*process, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	reap("add", cmd.Process.Pid)
	p := &process{cmd: cmd, log: log, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// signal sends sig to the process alone.
func (p *process) signal(sig os.Signal) error { return p.cmd.Process.Signal(sig) }

// kill ends the whole group and waits for the leader.
func (p *process) kill() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.done
	reap("del", p.cmd.Process.Pid)
}

// text is what the process said so far.
func (p *process) text() string {
	b, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// ready polls url until it answers 200, the process ends, or the time is over.
func (p *process) ready(url string, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if resp, err := client.Do(req); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-p.done:
			return fmt.Errorf("%s ended before it was ready: %v", p.cmd.Path, p.err)
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer 200 after %v", url, limit)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// onFreePort calls launch, which starts what listens on a [freePort] and writes to
// the file log, and calls it again where somebody else took the port first.
func onFreePort(log string, launch func() error) error {
	for attempt := 1; ; attempt++ {
		err := launch()
		said, _ := os.ReadFile(log)
		taken := bytes.Contains(bytes.ToLower(said), []byte("address already in use"))
		if err == nil || attempt == 3 || !taken {
			return err
		}
		if err := os.Truncate(log, 0); err != nil {
			return err
		}
	}
}

// freePort asks the system for a port that nobody listens on now. Somebody may
// take it before we do: see [onFreePort].
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find free port: %w", err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}

// reap keeps the list of running groups in a small shell beside us, which kills
// them when its input ends. So they end even when this process has no chance to
// clean up: after a panic, a test timeout or a kill.
func reap(op string, group int) {
	w, err := reaper()
	if err == nil {
		_, err = fmt.Fprintf(w, "%s %d\n", op, group)
	}
	if err != nil && !errors.Is(err, os.ErrClosed) {
		fmt.Fprintln(os.Stderr, "mlflowtest: guard child process:", err)
	}
}

var reaper = sync.OnceValues(func() (*os.File, error) {
	const script = `trap '' INT TERM HUP
live=" "
while read -r op group; do
  case $op in
  add) live="$live$group " ;;
  del) case $live in *" $group "*) live="${live%% "$group" *} ${live#* "$group" }" ;; esac ;;
  esac
done
for group in $live; do kill -9 "-$group" 2>/dev/null; done`
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	cmd := exec.Command("/bin/sh", "-c", script)
	cmd.Stdin = r
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return w, cmd.Process.Release()
})
