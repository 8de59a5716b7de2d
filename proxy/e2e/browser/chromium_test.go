package browser_test

import (
	"context"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"mlgate/proxy/mlflowtest"
)

var live = mlflowtest.NewShared()

func TestMain(m *testing.M) {
	code := live.Run(m)
	theBrowser.stop()
	os.Exit(code)
}

// theBrowser is one Chromium for the package. Each test gets a profile of its
// own in it, with its own cookies, cache and remembered passwords.
var theBrowser chromium

type chromium struct {
	once sync.Once
	ctx  context.Context
	dir  string
	err  error
	end  []func()
}

// start is ctx of the running browser.
func (c *chromium) start(t *testing.T) context.Context {
	t.Helper()
	path := executable(t)
	c.once.Do(func() { c.launch(path) })
	if c.err != nil {
		t.Fatalf("start %s: %v", path, c.err)
	}
	return c.ctx
}

func (c *chromium) launch(path string) {
	if c.dir, c.err = os.MkdirTemp("", "browser-"); c.err != nil {
		return
	}
	flags := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(c.dir), chromedp.DisableGPU, chromedp.NoSandbox,
		chromedp.WindowSize(1500, 1000), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		// Names that are not of this machine: a browser sends no Sec-Fetch-Site
		// to them over plain HTTP, so that only Origin is left to judge by.
		chromedp.Flag("host-resolver-rules", "MAP gate.example 127.0.0.1, MAP elsewhere.example 127.0.0.1"),
	)
	alloc, endAlloc := chromedp.NewExecAllocator(context.Background(), flags...)
	ctx, endBrowser := chromedp.NewContext(alloc)
	c.end = []func(){endBrowser, endAlloc}
	c.ctx, c.err = ctx, chromedp.Do(ctx)
}

func (c *chromium) stop() {
	for _, end := range c.end {
		end()
	}
	if c.dir != "" {
		_ = os.RemoveAll(c.dir)
	}
}

// executable is the browser to run; without one the test ends here.
func executable(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("no Chromium found, and CI is set: apt-get install chromium")
	}
	t.Skip("SKIPPED: no Chromium found; to run this: apt-get install chromium")
	return ""
}
