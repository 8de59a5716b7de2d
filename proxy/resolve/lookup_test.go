package resolve

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mlgate/proxy/mlflowapi"
	"mlgate/proxy/mlflowtest"
)

const aRun = "11111111111111111111111111111111"

func runAnswer() string {
	return `{"run":{"info":{"run_id":"` + aRun + `","experiment_id":"7","artifact_uri":"mlflow-artifacts:/7/` + aRun + `/artifacts"},
		"data":{"metrics":[{"key":"m","value":"NaN"}],"tags":[{"key":"mlflow.user","value":"eve"},{"key":"mlgate.user","value":"alice"}]}}}`
}

func TestAKnownRunAsksNothingAndAllocatesNothing(t *testing.T) {
	var asked atomic.Int32
	r := New(Options{Upstream: scripted(func(context.Context, *mlflowapi.Request) (*mlflowapi.Answer, error) {
		asked.Add(1)
		return says(200, runAnswer())
	})})
	ctx := t.Context()
	info, err := r.Run(ctx, aRun)
	if want := (mlflowapi.RunInfo{ExperimentID: "7", ArtifactURI: "mlflow-artifacts:/7/" + aRun + "/artifacts", Creator: "alice"}); err != nil || info != want {
		t.Fatalf("got %+v, %v, want %+v", info, err, want)
	}
	allocs := testing.AllocsPerRun(1000, func() { _, _ = r.Run(ctx, aRun) })
	if asked.Load() != 1 || allocs > 0 {
		t.Errorf("got %d questions and %v allocations a hit, want 1 and 0", asked.Load(), allocs)
	}
}

func TestSimultaneousMissesShareOneQuestion(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	gate := make(chan struct{})
	r := New(Options{Upstream: scripted(func(context.Context, *mlflowapi.Request) (*mlflowapi.Answer, error) {
		asked.Add(1)
		<-gate
		return says(200, runAnswer())
	})})
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if info, err := r.Run(t.Context(), aRun); err != nil || info.ExperimentID != "7" {
				t.Errorf("got %+v, %v", info, err)
			}
		})
	}
	time.Sleep(20 * time.Millisecond)
	close(gate)
	wg.Wait()
	if n := asked.Load(); n != 1 {
		t.Errorf("got %d questions, want 1", n)
	}
}

func TestACancelledFirstCallerDoesNotFailTheOthers(t *testing.T) {
	t.Parallel()
	begun, gate := make(chan struct{}), make(chan struct{})
	r := New(Options{Upstream: scripted(func(ctx context.Context, _ *mlflowapi.Request) (*mlflowapi.Answer, error) {
		close(begun)
		<-gate
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return says(200, runAnswer())
	})})
	ctx, cancel := context.WithCancel(t.Context())
	first, second := make(chan error, 1), make(chan error, 1)
	go func() { _, err := r.Run(ctx, aRun); first <- err }()
	<-begun
	go func() { _, err := r.Run(t.Context(), aRun); second <- err }()
	time.Sleep(10 * time.Millisecond)
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the cancelled caller got %v", err)
	}
	close(gate)
	if err := <-second; err != nil {
		t.Errorf("the other caller got %v, want an answer", err)
	}
}

func TestForgettingDuringALookKeepsNothingOfIt(t *testing.T) {
	t.Parallel()
	var name atomic.Value
	name.Store("old")
	begun, gate := make(chan struct{}, 9), make(chan struct{})
	r := New(Options{ExperimentAge: time.Hour, Upstream: scripted(func(context.Context, *mlflowapi.Request) (*mlflowapi.Answer, error) {
		said := name.Load().(string)
		begun <- struct{}{}
		<-gate
		return says(200, `{"experiment":`+experiment("7", said, "mlflow-artifacts:/7")+`}`)
	})})
	first := make(chan mlflowapi.ExperimentInfo, 1)
	go func() { e, _ := r.Experiment(t.Context(), "7"); first <- e }()
	<-begun
	name.Store("new")
	r.ForgetExperiment("7")
	second := make(chan mlflowapi.ExperimentInfo, 1)
	go func() { e, _ := r.Experiment(t.Context(), "7"); second <- e }()
	<-begun // it did not join the look that began before
	close(gate)
	if e := <-first; e.Name != "old" {
		t.Errorf("the look that began before got %q", e.Name)
	}
	if e := <-second; e.Name != "new" {
		t.Errorf("the look that began after got %q, want new", e.Name)
	}
	if e, _ := r.Experiment(t.Context(), "7"); e.Name != "new" {
		t.Errorf("got %q from memory, want new", e.Name)
	}
}

func TestAnExperimentIsAskedAgainWhenItsAgeIsOver(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	c := newClock()
	r := New(Options{Now: c.now, Upstream: scripted(func(context.Context, *mlflowapi.Request) (*mlflowapi.Answer, error) {
		asked.Add(1)
		return says(200, `{"experiment":`+experiment("7", "cv/a", "")+`}`)
	})})
	for _, step := range []struct {
		after time.Duration
		want  int32
	}{{0, 1}, {4999 * time.Millisecond, 1}, {time.Millisecond, 2}, {time.Second, 2}} {
		c.move(step.after)
		if _, err := r.Experiment(t.Context(), "7"); err != nil || asked.Load() != step.want {
			t.Errorf("after %v more: got %d questions, %v, want %d", step.after, asked.Load(), err, step.want)
		}
	}
}

func TestOnlyMLflowsOwnWordIsNotFound(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		status   int
		body     string
		err      error
		notFound bool
	}{
		{name: "MLflow's own", status: 404, body: `{"error_code":"RESOURCE_DOES_NOT_EXIST"}`, notFound: true},
		{name: "another server's 404", status: 404, body: `<html>not found</html>`},
		{name: "no such endpoint", status: 404, body: `{"error_code":"ENDPOINT_NOT_FOUND"}`},
		{name: "the code without the status", status: 500, body: `{"error_code":"RESOURCE_DOES_NOT_EXIST"}`},
		{name: "a fault", status: 500, body: `{"error_code":"INTERNAL_ERROR"}`},
		{name: "no connection", err: errors.New("refused")},
		{name: "no JSON", status: 200, body: `<html>sign in</html>`},
		{name: "an empty answer", status: 200, body: `{}`},
		{name: "another's answer", status: 200, body: `{"run":{"info":{"run_id":"22222222222222222222222222222222","experiment_id":"8"}},
			"experiment":{"experiment_id":"8","name":"x"},"model":{"info":{"model_id":"m-22222222222222222222222222222222","experiment_id":"8"}}}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int32
			r := New(Options{Upstream: scripted(func(context.Context, *mlflowapi.Request) (*mlflowapi.Answer, error) {
				asked.Add(1)
				if test.err != nil {
					return nil, test.err
				}
				return says(test.status, test.body)
			})})
			for range 2 {
				_, err1 := r.Experiment(t.Context(), "7")
				_, err2 := r.Run(t.Context(), aRun)
				_, err3 := r.LoggedModel(t.Context(), "m-"+aRun)
				for _, err := range []error{err1, err2, err3} {
					if err == nil || errors.Is(err, mlflowapi.ErrNotFound) != test.notFound {
						t.Errorf("got %v, want an error, not found: %v", err, test.notFound)
					}
				}
			}
			if asked.Load() != 6 {
				t.Errorf("got %d questions, want 6: a failure is not kept", asked.Load())
			}
		})
	}
}

func TestIdsAreEscapedOnTheWayUp(t *testing.T) {
	t.Parallel()
	r := New(Options{Upstream: scripted(func(_ context.Context, q *mlflowapi.Request) (*mlflowapi.Answer, error) {
		if q.Path != "/api/2.0/mlflow/logged-models/..%2Fx%3Fy" && q.Query != "run_id=a%26b" {
			t.Errorf("got %s?%s", q.Path, q.Query)
		}
		return says(404, "")
	})})
	_, _ = r.LoggedModel(t.Context(), "../x?y")
	_, _ = r.Run(t.Context(), "a&b")
}

// MLflow 2 has no logged models, and says of their addresses what any server says
// of one that it does not have. Its release tells that it holds none; a 404 tells
// nothing.
func TestAReleaseWithoutLoggedModelsHoldsNone(t *testing.T) {
	t.Parallel()
	all, err := mlflowapi.NewTable()
	if err != nil {
		t.Fatal(err)
	}
	for version, questions := range map[string]int32{"2.22.5": 0, "3.1.4": 1, mlflowtest.Pinned: 1} {
		var asked atomic.Int32
		table, _ := all.For(version)
		r := New(Options{Has: table.Has, Upstream: scripted(func(context.Context, *mlflowapi.Request) (*mlflowapi.Answer, error) {
			asked.Add(1)
			return says(404, "<!doctype html><title>404 Not Found</title>")
		})})
		_, err := r.LoggedModel(t.Context(), "m-"+aRun)
		if none := errors.Is(err, mlflowapi.ErrNotFound); err == nil || none != (questions == 0) || asked.Load() != questions {
			t.Errorf("%s: got %v after %d questions, want %d", version, err, asked.Load(), questions)
		}
	}
}
