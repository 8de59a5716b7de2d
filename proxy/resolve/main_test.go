package resolve

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mlgate/proxy/mlflowapi"
	"mlgate/proxy/mlflowtest"
)

var live = mlflowtest.NewShared()

// TestMain also holds the package to leaving nothing running behind.
func TestMain(m *testing.M) {
	code := live.Run(m)
	if err := goleak.Find(goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop")); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// counting asks a real MLflow, and notes what it was asked.
type counting struct {
	url string

	mu    sync.Mutex
	asked []string
}

func (c *counting) Do(ctx context.Context, r *mlflowapi.Request) (*mlflowapi.Answer, error) {
	c.mu.Lock()
	c.asked = append(c.asked, strings.TrimPrefix(r.Path, "/api/2.0/mlflow/"))
	c.mu.Unlock()
	req, err := http.NewRequestWithContext(ctx, r.Method, c.url+r.Path+"?"+r.Query, bytes.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	if r.Body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return &mlflowapi.Answer{Status: res.StatusCode, ContentType: res.Header.Get("Content-Type"), Body: body}, err
}

// since gives what was asked since the last time.
func (c *counting) since() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	asked := c.asked
	c.asked = nil
	return asked
}

// clock stands still until it is moved.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Unix(1_700_000_000, 0)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// scripted answers in place of MLflow.
type scripted func(ctx context.Context, r *mlflowapi.Request) (*mlflowapi.Answer, error)

func (s scripted) Do(ctx context.Context, r *mlflowapi.Request) (*mlflowapi.Answer, error) {
	return s(ctx, r)
}

func says(status int, body string) (*mlflowapi.Answer, error) {
	return &mlflowapi.Answer{Status: status, ContentType: "application/json", Body: []byte(body)}, nil
}

func experiment(id, name, location string) string {
	return fmt.Sprintf(`{"experiment_id":%q,"name":%q,"artifact_location":%q}`, id, name, location)
}
