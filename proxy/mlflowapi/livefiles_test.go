package mlflowapi_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"mlgate/proxy/mlflowapi"
	"mlgate/proxy/mlflowtest"
	"mlgate/proxy/resolve"
)

type obj = map[string]any

// grants maps "kind:prefix" to the most that the caller may do there.
type grants map[string]mlflowapi.Action

func (g grants) Allows(a mlflowapi.Action, k mlflowapi.Kind, name string) bool {
	for key, most := range g {
		kind, prefix, _ := strings.Cut(key, ":")
		if kind == k.String() && strings.HasPrefix(name, prefix) && a <= most {
			return true
		}
	}
	return false
}

func (g grants) Scope(mlflowapi.Kind) mlflowapi.Scope { return mlflowapi.Scope{} }

// judge is alice, or whoever is no longer: somebody without a name, or one with
// a limited token, created nothing.
type judge struct {
	grants
	isNobody bool
}

func (j judge) Judge(a mlflowapi.Action, k mlflowapi.Kind, name string) *mlflowapi.Refusal {
	if j.Allows(a, k, name) {
		return nil
	}
	return &mlflowapi.Refusal{Answer: mlflowapi.Forbidden("alice may not %s %s %q", a, k, name), Rule: "no line"}
}

func (j judge) Own(creator string) bool { return creator == "alice" && !j.isNobody }

// upstream is the way to the real MLflow.
type upstream struct{ url string }

func (u upstream) Do(ctx context.Context, r *mlflowapi.Request) (*mlflowapi.Answer, error) {
	req, err := http.NewRequestWithContext(ctx, r.Method, u.url+r.Path+"?"+r.Query, bytes.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	if len(r.Body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return &mlflowapi.Answer{Status: res.StatusCode, Body: body}, err
}

// filesGate does with a call what package proxy does, and no more.
type filesGate struct {
	srv   *mlflowtest.Server
	world mlflowapi.World
	table *mlflowapi.Table
}

func newFilesGate(t *testing.T, g grants) *filesGate {
	t.Helper()
	table, err := mlflowapi.NewTable()
	if err != nil {
		t.Fatal(err)
	}
	srv := mlflowtest.Start(t)
	up := upstream{srv.URL()}
	names := resolve.New(resolve.Options{Upstream: up, ExperimentAge: 1})
	return &filesGate{srv, mlflowapi.World{
		Rights: g, Names: names, Places: names, Directory: names, Upstream: up, User: "alice", Judge: judge{grants: g}, Table: table,
	}, table}
}

// send gives what a client gets. path was decoded once, as by an HTTP server.
func (g *filesGate) send(t *testing.T, method, path, query, body string) (int, string) {
	t.Helper()
	status, answer, err := g.try(t, method, path, query, body)
	var own *mlflowapi.Error
	if errors.As(err, &own) {
		return own.Status, own.Message
	}
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return status, answer
}

func (g *filesGate) try(t *testing.T, method, path, query, body string) (int, string, error) {
	t.Helper()
	m, _ := g.table.Find(method, path)
	if m.Endpoint == nil {
		return 404, "no endpoint", nil
	}
	in := mlflowapi.Incoming{Method: method, Query: query}
	if m.Endpoint.Args != mlflowapi.Streamed && body != "" {
		in.Body, in.ContentType = []byte(body), "application/json"
	}
	c, err := m.Read(in)
	if err != nil {
		return 0, "", err
	}
	if err := g.world.Prepare(t.Context(), c, func(*mlflowapi.Refusal) bool { return false }); err != nil {
		return 0, "", err
	}
	r := c.Request()
	if m.Endpoint.Args == mlflowapi.Streamed {
		r.Body = []byte(body)
	}
	a, err := g.world.Upstream.Do(t.Context(), r)
	if err != nil {
		return 0, "", err
	}
	return a.Status, string(c.Reveal(a.Body)), nil
}

const (
	store    = "/api/2.0/mlflow-artifacts/artifacts"
	nobodys  = "0123456789abcdef0123456789abcdef"
	nowhere  = "8888888888"
	ourBytes = "ours"
)

// team is one team's experiment on the server.
type team struct{ exp, run, logged, file, modelFile, trace string }

func seedTeam(t *testing.T, srv *mlflowtest.Server, name, creator string) team {
	t.Helper()
	e := team{exp: srv.CreateExperiment(t, name)}
	made := srv.Call(t, "POST", "runs/create", obj{"experiment_id": e.exp, "tags": []obj{{"key": "mlgate.user", "value": creator}}})
	e.run = made["run"].(obj)["info"].(obj)["run_id"].(string)
	e.logged = srv.LogModel(t, e.exp, "", "m")
	e.file = e.exp + "/" + e.run + "/artifacts/model/a.txt"
	e.modelFile = e.exp + "/models/" + e.logged + "/artifacts/MLmodel"
	e.trace = e.exp + "/traces/tr-" + nobodys + "/artifacts/traces.json"
	srv.PutArtifact(t, e.file, []byte("of "+name))
	srv.PutArtifact(t, e.trace, []byte("trace of "+name))
	return e
}

// freshNames forgets all that was learnt, as a restart does.
func (g *filesGate) freshNames() {
	names := resolve.New(resolve.Options{Upstream: g.world.Upstream, ExperimentAge: 1})
	g.world.Names, g.world.Places, g.world.Directory = names, names, names
}
