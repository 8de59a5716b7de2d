package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// child is a server that runs beside this program, in a process group of its
// own, so that its workers end with it.
type child struct {
	cmd  *exec.Cmd
	log  string
	done chan struct{}
}

// startChild runs a command with its output in a file, as services run: a log
// that is written is part of what is measured.
func startChild(dir, name string, cmd *exec.Cmd) (*child, error) {
	c := &child{cmd: cmd, log: filepath.Join(dir, name+".txt"), done: make(chan struct{})}
	out, err := os.OpenFile(c.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	if cmd.Stdout == nil {
		cmd.Stdout = out
	}
	cmd.Stderr = out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		_ = cmd.Wait() // how it ended shows in its log
		close(c.done)
	}()
	return c, nil
}

// stop ends the whole group and waits for its leader.
func (c *child) stop() {
	if c == nil {
		return
	}
	_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL)
	<-c.done
}

// ready waits until url answers 200.
func (c *child) ready(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		if req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil); err != nil {
			return err
		} else if resp, err := client.Do(req); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-c.done:
			return fmt.Errorf("%s ended before it was ready:\n%s", c.cmd.Path, c.tail())
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w\n%s", c.cmd.Path, ctx.Err(), c.tail())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// tail is the end of what the child wrote.
func (c *child) tail() string {
	text, err := os.ReadFile(c.log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-40):], "\n")
}

// startRole runs this program itself in another role, and returns its URL.
// The role ends when its standard input does, that is with this process.
func startRole(dir string, role ...string) (*child, string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, "", err
	}
	cmd := exec.Command(self, append([]string{"serve"}, role...)...)
	if _, err = cmd.StdinPipe(); err != nil {
		return nil, "", err
	}
	said, says, err := os.Pipe()
	if err != nil {
		return nil, "", err
	}
	defer said.Close()
	cmd.Stdout = says
	c, err := startChild(dir, role[0], cmd)
	says.Close()
	if err != nil {
		return nil, "", err
	}
	line, err := bufio.NewReader(said).ReadString('\n')
	if err != nil {
		c.stop()
		return nil, "", fmt.Errorf("%s does not say where it listens: %w", role[0], err)
	}
	return c, strings.TrimSpace(line), nil
}

// serveRole is the other end of startRole.
func serveRole(args []string) error {
	var handler http.Handler
	switch {
	case len(args) == 1 && args[0] == "stub":
		handler = stub()
	case len(args) == 2 && (args[0] == "bare" || args[0] == "tuned"):
		u, err := url.Parse(args[1])
		if err != nil {
			return err
		}
		handler = reverseProxy(u, args[0] == "tuned")
	default:
		return fmt.Errorf("no such role: %v", args)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", l.Addr())
	server := &http.Server{Handler: handler}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = server.Close()
	}()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// freePort asks the system for a port that nobody listens on now.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find free port: %w", err)
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
