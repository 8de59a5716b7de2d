package main

import (
	"io"
	"strings"
	"testing"
)

func TestCountEndsInOneLine(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in, want string
		ok             bool
	}{
		{"pass", `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p"}`, "1 passed, 0 failed, 0 skipped", true},
		{"a parent is not counted beside its children", `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"run","Package":"p","Test":"TestA/x"}
{"Action":"pass","Package":"p","Test":"TestA/x"}
{"Action":"run","Package":"p","Test":"TestA/y"}
{"Action":"fail","Package":"p","Test":"TestA/y"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"fail","Package":"p"}`, "1 passed, 1 failed, 0 skipped", false},
		{"a parent that fails by itself is counted", `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"run","Package":"p","Test":"TestA/x"}
{"Action":"pass","Package":"p","Test":"TestA/x"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"fail","Package":"p"}`, "1 passed, 1 failed, 0 skipped", false},
		{"a skip is seen", `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"skip","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p"}`, "0 passed, 0 failed, 1 skipped", true},
		{"a package that does not build fails", `{"ImportPath":"p","Action":"build-output","Output":"x.go:1: oops\n"}
{"Action":"fail","Package":"p"}`, "0 passed, 1 failed, 0 skipped", false},
		{"a crash fails", `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"panic: boom\n"}
{"Action":"fail","Package":"p"}`, "0 passed, 1 failed, 0 skipped", false},
		{"nothing at all fails", "", "0 passed, 1 failed, 0 skipped", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			c := newCounter(&out)
			if err := c.read(strings.NewReader(tt.in)); err != nil {
				t.Fatal(err)
			}
			if ok := c.finish(); ok != tt.ok {
				t.Errorf("got ok=%v, want %v", ok, tt.ok)
			}
			lines := strings.Split(strings.TrimRight(out.String(), "\n"), "\n")
			if got := lines[len(lines)-1]; got != tt.want {
				t.Errorf("got last line %q, want %q\n%s", got, tt.want, out.String())
			}
		})
	}
}

func TestPanicOfACrashedTestIsShown(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	c := newCounter(&out)
	in := `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"panic: boom\n"}
{"Action":"fail","Package":"p"}`
	if err := c.read(strings.NewReader(in)); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "panic: boom") {
		t.Errorf("got %q, want the panic in it", out.String())
	}
}
