package browser_test

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/chromedp"
)

// traffic is all that a tab asked for and got. Every answer is held until its
// body is read, so that none escapes because the page went on.
type traffic struct {
	tab *chromedp.Target
	ctx context.Context

	mu      sync.Mutex
	all     []exchange
	taken   int // of them, by take
	pending int
	dialogs int // that asked for a password
	since   time.Time
}

type exchange struct {
	method, url string
	status      int
	body        []byte
	headers     map[string]string
}

// watch begins to hold and read a tab's answers.
func watch(t *testing.T, ctx context.Context) *traffic {
	t.Helper()
	w := &traffic{tab: chromedp.FromContext(ctx).Target, ctx: ctx, since: time.Now()}
	err := chromedp.Listen(ctx, func(ev any) {
		switch ev := ev.(type) {
		case *fetch.EventAuthRequired:
			go w.dialog(ev)
		case *fetch.EventRequestPaused:
			w.count(1)
			go w.read(ev)
		}
	})
	if err != nil {
		t.Fatalf("watch traffic: %v", err)
	}
	yes := true
	if _, err := chromedp.Call(ctx, fetch.Enable, fetch.EnableParams{
		HandleAuthRequests: &yes,
		// Without the requests the browser does not ask for a password, but fails.
		Patterns: []*fetch.RequestPattern{
			{URLPattern: "*", RequestStage: fetch.RequestStageRequest},
			{URLPattern: "*", RequestStage: fetch.RequestStageResponse},
		},
	}); err != nil {
		t.Fatalf("watch traffic: %v", err)
	}
	return w
}

func (w *traffic) count(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pending += n
	w.since = time.Now()
}

// dialog notes that the browser would ask for a password over the page, and cancels.
func (w *traffic) dialog(ev *fetch.EventAuthRequired) {
	w.mu.Lock()
	w.dialogs++
	w.mu.Unlock()
	answer := &fetch.AuthChallengeResponse{Response: fetch.AuthChallengeResponseResponseCancelAuth}
	_, _ = cdp.Call(w.ctx, w.tab, fetch.ContinueWithAuth, fetch.ContinueWithAuthParams{RequestID: ev.RequestID, AuthChallengeResponse: answer})
}

// read notes one answer and lets it through. A request that is yet to be sent,
// or that the browser itself cut off, has no answer.
func (w *traffic) read(ev *fetch.EventRequestPaused) {
	defer w.count(-1)
	if ev.ResponseStatusCode != 0 {
		x := exchange{method: ev.Request.Method, url: ev.Request.URL, status: int(ev.ResponseStatusCode), headers: map[string]string{}}
		for _, h := range ev.ResponseHeaders {
			x.headers[strings.ToLower(h.Name)] = h.Value
		}
		if body, err := cdp.Call(w.ctx, w.tab, fetch.GetResponseBody, fetch.GetResponseBodyParams{RequestID: ev.RequestID}); err == nil {
			x.body = body.Body
		}
		w.mu.Lock()
		w.all = append(w.all, x)
		w.mu.Unlock()
	}
	_, _ = cdp.Call(w.ctx, w.tab, fetch.ContinueRequest, fetch.ContinueRequestParams{RequestID: ev.RequestID})
}

// quiet waits until nothing was asked for half a second: the page is done.
func (w *traffic) quiet(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		w.mu.Lock()
		done := w.pending == 0 && time.Since(w.since) > 500*time.Millisecond
		w.mu.Unlock()
		if done {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the page still loads after %v:\n%s", patience, w)
		}
	}
}

// seen is a copy of what was exchanged so far.
func (w *traffic) seen() []exchange {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.all)
}

// take is what was exchanged since the last time.
func (w *traffic) take() []exchange {
	w.mu.Lock()
	defer w.mu.Unlock()
	fresh := w.all[w.taken:]
	w.taken = len(w.all)
	return fresh
}

// to are the exchanges whose path ends so.
func (w *traffic) to(ending string) (found []exchange) {
	for _, x := range w.seen() {
		if u, err := url.Parse(x.url); err == nil && strings.HasSuffix(u.Path, ending) {
			found = append(found, x)
		}
	}
	return found
}

func (w *traffic) String() string {
	var s strings.Builder
	for _, x := range w.seen() {
		fmt.Fprintf(&s, "%d %s %s (%d bytes)\n", x.status, x.method, x.url, len(x.body))
		if x.status >= 400 {
			fmt.Fprintf(&s, "    %.300s\n", bytes.TrimSpace(x.body))
		}
	}
	return s.String()
}
