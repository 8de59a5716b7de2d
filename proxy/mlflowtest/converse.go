package mlflowtest

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"syscall"
	"testing"
)

// Conversation is a Python script that answers each line that it reads with one
// line. It is for one goroutine.
type Conversation struct {
	in  io.Writer
	out *bufio.Reader
}

// Converse starts a script with the pinned environment. It ends with the test.
func Converse(t testing.TB, script string) *Conversation {
	t.Helper()
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(venvBin(root, "python"), script)
	cmd.Env = baseEnv(t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	reap("add", cmd.Process.Pid)
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
		reap("del", cmd.Process.Pid)
	})
	return &Conversation{in, bufio.NewReaderSize(out, 1<<20)}
}

// Ask sends a line and gives the line that the script answers with.
func (c *Conversation) Ask(line []byte) ([]byte, error) {
	if _, err := c.in.Write(append(line, '\n')); err != nil {
		return nil, fmt.Errorf("ask the script: %w", err)
	}
	answer, err := c.out.ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("read the script's answer: %w", err)
	}
	return answer, nil
}
