package mlflowtest_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mlgate/proxy/mlflowtest"
)

var live = mlflowtest.NewShared()

func TestMain(m *testing.M) { os.Exit(live.Run(m)) }

func TestServerIsThePinnedStockMLflow(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	root, err := mlflowtest.Root()
	if err != nil {
		t.Fatal(err)
	}
	pins, err := os.ReadFile(filepath.Join(root, "examples", "quickstart", "requirements.txt"))
	if err != nil {
		t.Fatal(err)
	}
	status, version := srv.Do(t, "GET", "/version", nil)
	if status != http.StatusOK || !strings.Contains(string(pins), "\nmlflow=="+string(version)+"\n") {
		t.Errorf("got status %d, version %q, want the pinned one", status, version)
	}
}

func TestJobsAndGatewayAreOff(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	status, info := srv.Do(t, "GET", "/api/3.0/mlflow/server-info", nil)
	if status != http.StatusOK || !strings.Contains(strings.ReplaceAll(string(info), " ", ""), `"gateway":false`) {
		t.Errorf("got %d %s, want a server without gateway", status, info)
	}
	status, answer := srv.Do(t, "POST", "/ajax-api/3.0/jobs/", `{"job_name":"optimize_prompts","params":{}}`)
	if status == http.StatusOK || !strings.Contains(string(answer), "MLFLOW_SERVER_ENABLE_JOB_EXECUTION") {
		t.Errorf("got %d %s, want jobs to be off", status, answer)
	}
}

func TestSeedingShowsInSnapshot(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	name := mlflowtest.Name(t, "cv/seed")
	model := mlflowtest.Name(t, "cv.seed")
	before := srv.Snapshot(t)

	experiment := srv.CreateExperiment(t, name)
	run := srv.CreateRun(t, experiment)
	logged := srv.LogModel(t, experiment, run, "m")
	srv.CreateModel(t, model)
	version := srv.CreateVersion(t, model, "models:/"+logged, "")
	file := experiment + "/" + run + "/artifacts/ü 100%.txt"
	srv.PutArtifact(t, file, []byte("x"))

	if version != "1" {
		t.Errorf("got version %s, want 1", version)
	}
	diff := before.Mentioning(name, run, logged, model).Diff(srv.Snapshot(t).Mentioning(name, run, logged, model))
	for _, want := range []string{"+ experiments ", "+ runs ", "+ logged_models ", "+ registered_models ", "+ model_versions ",
		"+ file " + file + " 2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"} {
		if !strings.Contains(diff, want) {
			t.Errorf("got diff without %q:\n%s", want, diff)
		}
	}
	if strings.Contains(diff, "- ") && strings.HasPrefix(diff, "- ") {
		t.Errorf("got a loss where nothing was removed:\n%s", diff)
	}
}

func TestSnapshotSeesEveryChangeAndNoneWhereNoneIs(t *testing.T) {
	t.Parallel()
	srv := mlflowtest.Start(t)
	experiment := srv.CreateExperiment(t, "cv/a")
	srv.PutArtifact(t, experiment+"/f", []byte("1"))
	before := srv.Snapshot(t)
	srv.Call(t, "GET", "experiments/get?experiment_id="+experiment, nil)
	if diff := before.Diff(srv.Snapshot(t)); diff != "" {
		t.Errorf("got a diff after a read:\n%s", diff)
	}
	srv.Call(t, "POST", "experiments/set-experiment-tag", map[string]string{"experiment_id": experiment, "key": "k", "value": "v"})
	srv.PutArtifact(t, experiment+"/f", []byte("2"))
	diff := before.Diff(srv.Snapshot(t))
	for _, want := range []string{"+ experiment_tags ", "- file " + experiment + "/f 6b86", "+ file " + experiment + "/f d473"} {
		if !strings.Contains(diff, want) {
			t.Errorf("got diff without %q:\n%s", want, diff)
		}
	}
}

func TestPythonSpeaksToTheServerAndInheritsNothing(t *testing.T) {
	srv := live.Server(t)
	t.Setenv("MLFLOW_TRACKING_TOKEN", "of-the-caller")
	script := filepath.Join(t.TempDir(), "s.py")
	source := `import os, sys, mlflow
print(os.environ.get("MLFLOW_TRACKING_TOKEN"), mlflow.create_experiment(sys.argv[1]))`
	if err := os.WriteFile(script, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	name := mlflowtest.Name(t, "cv/py")
	out := mlflowtest.Python(t, []string{"MLFLOW_TRACKING_URI=" + srv.URL()}, script, name)
	answer := srv.Call(t, "GET", "experiments/get-by-name?experiment_name="+name, nil)
	id := answer["experiment"].(map[string]any)["experiment_id"].(string)
	if want := "None " + id + "\n"; !strings.HasSuffix(out, want) {
		t.Errorf("got %q, want it to end in %q", out, want)
	}
	if _, err := mlflowtest.TryPython(t, nil, script+".missing"); err == nil {
		t.Error("got no error from a script that does not exist")
	}
}

// A test process that is killed leaves no server behind: the inner run of this
// test binary starts one and dies without cleanup.
func TestServersEndWithAKilledTestProcess(t *testing.T) {
	t.Parallel()
	const inner = "MLFLOWTEST_DIES"
	if file := os.Getenv(inner); file != "" {
		srv := mlflowtest.Start(t)
		if err := os.WriteFile(file+".new", []byte(srv.URL()), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	file := filepath.Join(t.TempDir(), "url")
	cmd := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.timeout", "120s")
	cmd.Env = append(os.Environ(), inner+"="+file)
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Fatalf("got a clean end of the inner process:\n%s", out)
	}
	url, err := os.ReadFile(file)
	if err != nil {
		t.Fatal("inner process did not start a server:", err)
	}
	for range 100 {
		resp, err := http.Get(string(url) + "/health")
		if err != nil {
			return
		}
		resp.Body.Close()
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("server at %s outlived the process that started it", url)
}

func TestNamesDoNotCollideAndAreLegalForModels(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for i := range 3 {
		t.Run(strconv.Itoa(i)+" a/b:c", func(t *testing.T) {
			name := mlflowtest.Name(t, "cv.m")
			if seen[name] || strings.ContainsAny(name, "/: ") {
				t.Errorf("got %q, want a fresh legal name", name)
			}
			seen[name] = true
		})
	}
}
