package browser_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"mlgate/proxy/mlflowtest"
)

// patience is how long a page may take on a machine that is busy with other
// tests.
const patience = 45 * time.Second

// tab is one page in a profile of its own.
type tab struct {
	ctx     context.Context
	traffic *traffic
	shots   string // screenshots are named by it

	user, password string // until they are signed in
}

// newTab opens a tab that signs in as the user when a page asks it to.
func newTab(t *testing.T, user, password string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(theBrowser.start(t), chromedp.WithNewBrowserContext(func(p *target.CreateBrowserContextParams) {}))
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("open tab: %v", err)
	}
	b := &tab{ctx: ctx, user: user, password: password, shots: strings.ReplaceAll(strings.TrimPrefix(t.Name(), "Test"), "/", "-")}
	b.traffic = watch(t, ctx)
	return b
}

// open goes to an address, past the sign-in page if the gate shows it; the UI draws
// after the page has loaded.
func (b *tab) open(t *testing.T, url string) {
	t.Helper()
	b.visit(t, url)
	if b.user == "" || b.js(t, `location.pathname.endsWith("/_gate/login") ? "yes" : "no"`) != "yes" {
		return
	}
	b.fill(t, "user", b.user)
	b.fill(t, "password", b.password)
	b.user = "" // a gate that asks again does not get it
	b.click(t, "button", "Sign in")
	b.wait(t, "the page that was asked for", func() []string {
		if at := b.js(t, "location.href"); strings.Contains(at, "/_gate/login") {
			return []string{at}
		}
		return nil
	})
}

// visit goes to an address as it is.
func (b *tab) visit(t *testing.T, url string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		t.Fatalf("open %s: %v", url, err)
	}
}

// shows waits until the page shows all of the texts.
func (b *tab) shows(t *testing.T, texts ...string) {
	t.Helper()
	b.wait(t, "the page to show them", func() (missing []string) {
		text := b.text(t)
		for _, want := range texts {
			if !strings.Contains(text, want) {
				missing = append(missing, want)
			}
		}
		return missing
	})
}

// wait waits until nothing is missing any more.
func (b *tab) wait(t *testing.T, what string, missing func() []string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		left := missing()
		if len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			b.shot(t, "failed")
			t.Fatalf("%q missing after %v, want %s; the page at %s reads:\n%s\ntraffic:\n%s",
				left, patience, what, b.js(t, "location.href"), b.text(t), b.traffic)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// text is what a person can read on the page.
func (b *tab) text(t *testing.T) string {
	t.Helper()
	return b.js(t, `document.body ? document.body.innerText : ""`)
}

// js is the value of an expression, a text.
func (b *tab) js(t *testing.T, expression string) string {
	t.Helper()
	return eval[string](t, b, expression)
}

func eval[T any](t *testing.T, b *tab, expression string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("evaluate %s: %v", expression, err)
	}
	return value
}

// click presses the first visible element of the selector whose text or label
// is text, with the mouse, as a person does; an empty text is any.
func (b *tab) click(t *testing.T, selector, text string) {
	t.Helper()
	find := fmt.Sprintf(`(() => {
		const named = e => !%[2]q || (e.innerText || "").trim() === %[2]q || e.getAttribute("aria-label") === %[2]q;
		const e = [...document.querySelectorAll(%[1]q)].find(e => named(e) && e.getClientRects().length);
		if (!e) return [];
		e.scrollIntoView({block: "center"});
		const r = e.getBoundingClientRect();
		return [r.x + r.width / 2, r.y + r.height / 2];
	})()`, selector, text)
	var at []float64
	b.wait(t, "something to click, and to stay where it is", func() []string {
		before := at
		if at = eval[[]float64](t, b, find); len(at) == 2 && slices.Equal(before, at) {
			return nil
		}
		return []string{selector, text}
	})
	if err := chromedp.Do(b.ctx, chromedp.MouseClickXY(at[0], at[1])); err != nil {
		t.Fatalf("click %s %q: %v", selector, text, err)
	}
}

// write types into whatever has the focus.
func (b *tab) write(t *testing.T, text string) {
	t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.KeyEvent(text)); err != nil {
		t.Fatalf("type %q: %v", text, err)
	}
}

// shot keeps what the page looks like in output/browser.
func (b *tab) shot(t *testing.T, name string) {
	t.Helper()
	root, err := mlflowtest.Root()
	if err != nil {
		t.Fatal(err)
	}
	picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatalf("take a screenshot: %v", err)
	}
	path := filepath.Join(root, "output", "browser", b.shots+"-"+name+".png")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, picture, 0o644); err != nil {
		t.Fatal(err)
	}
}
