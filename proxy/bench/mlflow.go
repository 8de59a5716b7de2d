package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// python is the pinned environment's.
const python = ".venv/bin/python"

const restAPI = "/api/2.0/mlflow/"

// floorDirect is how much of MLflow's own throughput must come through the gate.
const floorDirect = 0.95

// server is a stock MLflow, started as its manual says, but for one worker in
// place of four: which worker takes which connection is a matter of chance, and
// made the rates of two equal runs differ by a factor of two.
type server struct {
	*child
	url, database, artifacts string
}

func (b *bench) startMLflow(ctx context.Context, name string) (*server, error) {
	dir := filepath.Join(b.dir, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	program, err := filepath.Abs(".venv/bin/mlflow")
	if err != nil {
		return nil, err
	}
	s := &server{
		url: fmt.Sprintf("http://127.0.0.1:%d", port), database: filepath.Join(dir, "mlflow.sqlite"), artifacts: filepath.Join(dir, "artifacts"),
	}
	cmd := exec.Command(program, "server", "--host", "127.0.0.1", "--port", strconv.Itoa(port),
		"--backend-store-uri", "sqlite:///"+s.database, "--serve-artifacts", "--artifacts-destination", s.artifacts, "--workers", "1")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "MLFLOW_DISABLE_TELEMETRY=true",
		"MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false", "MLFLOW_ENABLE_AI_GATEWAY=false")
	if s.child, err = startChild(dir, "mlflow", cmd); err != nil {
		return nil, err
	}
	if err := s.ready(ctx, s.url+"/health"); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// pair is an MLflow and a gate before it.
type pair struct {
	mlflow *server
	gate   *gate
}

func (b *bench) startPair(ctx context.Context, name string, seed func(*server) error) (*pair, error) {
	s, err := b.startMLflow(ctx, "mlflow-"+name)
	if err != nil {
		return nil, err
	}
	if seed != nil {
		if err := seed(s); err != nil {
			s.stop()
			return nil, err
		}
	}
	g, err := b.startGate(ctx, "gate-"+name, s.url)
	if err != nil {
		s.stop()
		return nil, err
	}
	return &pair{s, g}, nil
}

func (p *pair) stop() {
	p.gate.stop()
	p.mlflow.stop()
}

// call asks MLflow itself, and reads one string of its answer.
func (s *server) call(ctx context.Context, path string, body map[string]any, at ...string) (string, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return "", err
	}
	status, answer, err := ask(ctx, http.MethodPost, s.url+restAPI+path, strings.NewReader(string(text)))
	if err != nil {
		return "", err
	}
	if status != http.StatusOK {
		return "", fmt.Errorf("%s: got %d %s", path, status, answer)
	}
	var v any
	if err := json.Unmarshal(answer, &v); err != nil {
		return "", err
	}
	for _, key := range at {
		object, _ := v.(map[string]any)
		v = object[key]
	}
	found, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("%s: no %s in %s", path, strings.Join(at, "."), answer)
	}
	return found, nil
}

// newRun makes an experiment of alice's and a run in it.
func (s *server) newRun(ctx context.Context) (experiment, run string, err error) {
	if experiment, err = s.call(ctx, "experiments/create", map[string]any{"name": "cv/detector/baseline"}, "experiment_id"); err != nil {
		return "", "", err
	}
	run, err = s.call(ctx, "runs/create", map[string]any{"experiment_id": experiment, "start_time": 1}, "run", "info", "run_id")
	return experiment, run, err
}

// script makes wrk post. Every call logs new points: MLflow treats a point that
// it has as a special case. Points stay apart by the number of the wrk run, of
// the thread and of the call.
const script = `local threads = 0
function setup(thread) thread:set("id", threads); threads = threads + 1 end
local n, base = 0, 0
function init(args)
  base = tonumber(args[3]) * 10000000 + id * 5000000
  kind, run = args[1], args[2]
end
function request()
  n = n + 1
  local step = base + n
  local body
  if kind == "log-metric" then
    body = string.format('{"run_id": "%s", "key": "loss", "value": 0.25, "timestamp": 1763900000000, "step": %d}', run, step)
  else
    local m = {}
    for i = 1, 20 do
      m[i] = string.format('{"key": "m%d", "value": 0.25, "timestamp": 1763900000000, "step": %d}', i, step)
    end
    body = string.format('{"run_id": "%s", "metrics": [%s], "params": [{"key": "lr", "value": "0.1"}], "tags": [{"key": "phase", "value": "train"}]}', run, table.concat(m, ","))
  end
  return wrk.format("POST", nil, nil, body)
end
function response(status, headers, body)
  if status ~= 200 then print(status, body) end
end
`

// mlflow compares the gate with the direct way to a real server.
func (b *bench) mlflow(ctx context.Context) error {
	p, err := b.startPair(ctx, "calls", nil)
	if err != nil {
		return err
	}
	defer p.stop()
	hop, hopURL, err := startRole(b.dir, "tuned", p.mlflow.url)
	if err != nil {
		return err
	}
	defer hop.stop()
	experiment, run, err := p.mlflow.newRun(ctx)
	if err != nil {
		return err
	}
	// Of two calls that are the first to log a param, MLflow 3.17.2 refuses one.
	param := fmt.Sprintf(`{"run_id": %q, "key": "lr", "value": "0.1"}`, run)
	if status, answer, err := ask(ctx, http.MethodPost, p.mlflow.url+restAPI+"runs/log-parameter", strings.NewReader(param)); err != nil || status != http.StatusOK {
		return fmt.Errorf("log a param: got %d %s, %v", status, answer, err)
	}
	file := filepath.Join(b.dir, "post.lua")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		return err
	}
	t := b.tests.table("In front of MLflow",
		"MLflow with one worker and SQLite; the same call straight, through a `httputil.ReverseProxy` that checks nothing but has the gate's transport, and through the gate, with a password. What the second costs is the price of any hop on these cores, of which MLflow needs one. `experiments/get` over 16 connections, the writes over 4 (SQLite takes one writer at a time). `log-batch` sends 20 metrics, a param and a tag. Twice the rounds: two equal ones differ by a tenth.",
		"calls/s")
	calls := []struct {
		name, path string
		conns      int
	}{
		{"experiments/get", "experiments/get?experiment_id=" + experiment, 16},
		{"log-metric", "runs/log-metric", 4},
		{"log-batch", "runs/log-batch", 4},
	}
	runs := 0
	for _, c := range calls {
		var loads [3]load
		for i, url := range []string{p.mlflow.url, hopURL, p.gate.url} {
			loads[i] = load{
				name: c.name, url: url + restAPI + c.path, conns: c.conns,
				header: []string{"Authorization: " + basicAuth("alice"), "Content-Type: application/json"},
			}
		}
		rate := func(i int) (float64, error) {
			l := loads[i]
			if strings.HasPrefix(c.path, "runs/") {
				runs++
				l.script, l.args = file, []string{c.name, run, strconv.Itoa(runs)}
			}
			return l.rate(ctx, b.slice)
		}
		for i := range loads {
			if _, err := rate(i); err != nil {
				return err
			}
		}
		got, err := turns(2*b.rounds, len(loads), rate)
		if err != nil {
			return err
		}
		t.add(compared(c.name+", straight", got[0], got[0], "itself"))
		t.add(compared(c.name+", through ReverseProxy", got[1], got[0], "straight"))
		t.add(b.tests.atLeast(compared(c.name+", through mlgate", got[2], got[0], "straight"), floorDirect))
		t.add(compared(c.name+", mlgate again", got[2], got[1], "the one through ReverseProxy"))
	}
	return nil
}
