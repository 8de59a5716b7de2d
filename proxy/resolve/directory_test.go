package resolve

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"mlgate/proxy/mlflowapi"
	"mlgate/proxy/mlflowtest"
)

func TestManyNamesAreFoundInOneList(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	up, now := &counting{url: srv.URL()}, newClock()
	r := New(Options{Upstream: up, Now: now.now})
	name := mlflowtest.Name(t, "dir/x")
	want := map[string]string{name: srv.CreateExperiment(t, name), name + "-gone": srv.CreateExperiment(t, name+"-gone")}
	srv.Call(t, "POST", "experiments/delete", map[string]any{"experiment_id": want[name+"-gone"]})
	names := []string{name, name + "-gone"}
	for i := range mostNames {
		names = append(names, fmt.Sprintf("%s/none%d", name, i))
	}
	for i, c := range []struct {
		wait time.Duration
		most int
	}{
		{0, 1},
		{time.Second, 0},
		{10 * time.Second, mostNames}, // the names that nothing bore are asked about again
		{0, 0},
		{2 * time.Minute, 1},
	} {
		now.move(c.wait)
		got, err := r.IDs(t.Context(), names)
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("look %d: got %v, %v, want %v", i, got, err, want)
		}
		if asked := up.since(); len(asked) > c.most {
			t.Errorf("look %d asked %d times: %v", i, len(asked), asked)
		}
	}
}

func TestATakenNameIsAskedAboutAgain(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	r := New(Options{Upstream: &counting{url: srv.URL()}, Now: newClock().now})
	name := mlflowtest.Name(t, "dir/x")
	if got, err := r.IDs(t.Context(), []string{name}); err != nil || len(got) > 0 {
		t.Fatal(got, err)
	}
	id := srv.CreateExperiment(t, name)
	if got, err := r.IDs(t.Context(), []string{name}); err != nil || len(got) > 0 {
		t.Error("it was not remembered that nothing bears the name", got, err)
	}
	r.ForgetName(name)
	if got, err := r.IDs(t.Context(), []string{name}); err != nil || got[name] != id {
		t.Error(got, err)
	}
}

func TestManyIDsAreFoundInOneList(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	up := &counting{url: srv.URL()}
	r := New(Options{Upstream: up, Now: newClock().now})
	want, ids := map[string]string{}, []string{"9100000000000000000", "9223372036854775807", "9223372036854775808", "9999999999999999999"}
	for i := range fewIDs + 2 {
		name := fmt.Sprintf("%s/%d", mlflowtest.Name(t, "dir"), i)
		id := srv.CreateExperiment(t, name)
		want[id], ids = name, append(ids, id)
	}
	for i, most := range []int{1, 2} { // what does not exist is not remembered
		got, err := r.Experiments(t.Context(), ids)
		if err != nil || len(got) != len(want) {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
		for id, name := range want {
			if got[id].Name != name || got[id].ArtifactLocation != "mlflow-artifacts:/"+id {
				t.Errorf("got %v for %s", got[id], id)
			}
		}
		if asked := up.since(); len(asked) > most {
			t.Errorf("look %d asked %v", i, asked)
		}
	}
}

// A server before 3.17 refuses the list.
func TestIDsAreAskedAboutOneByOneWhereListsAreUnknown(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	at, most := 0, 0
	r := New(Options{Upstream: scripted(func(_ context.Context, q *mlflowapi.Request) (*mlflowapi.Answer, error) {
		if strings.HasSuffix(q.Path, "/search") {
			return says(400, `{"error_code":"INVALID_PARAMETER_VALUE","message":"Invalid attribute key"}`)
		}
		mu.Lock()
		at++
		most = max(most, at)
		mu.Unlock()
		time.Sleep(time.Millisecond)
		mu.Lock()
		at--
		mu.Unlock()
		id := strings.TrimPrefix(q.Query, "experiment_id=")
		return says(200, `{"experiment":`+experiment(id, "cv/"+id, "")+`}`)
	})})
	var ids []string
	for i := range 40 {
		ids = append(ids, fmt.Sprint(i))
	}
	got, err := r.Experiments(t.Context(), ids)
	if err != nil || len(got) != 40 || got["39"].Name != "cv/39" {
		t.Error(got, err)
	}
	if most > atOnce {
		t.Errorf("%d questions at a time", most)
	}
}
