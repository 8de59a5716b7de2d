package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
)

// newFakeMLflow is a server that answers the few questions that the commands ask
// of MLflow, in pages as MLflow does. It stands for a real one where a script
// wants a server of known content, or one that is slow.
//
//   - /health answers once somebody posts to /release
//   - /version says 3.17.2 until somebody posts to /becomes/VERSION
//   - experiments 1 to 3 lie at their own ids, 4 below 1, 5 in S3
//   - registered models cv.resnet, by the run of alice, and scratch
//   - versions of cv.resnet from its own experiments, from others' and from outside
func newFakeMLflow() *httptest.Server {
	mux := http.NewServeMux()
	var version atomic.Value
	version.Store("3.17.2")
	mux.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, version.Load()) })
	mux.HandleFunc("POST /becomes/{version}", func(_ http.ResponseWriter, r *http.Request) { version.Store(r.PathValue("version")) })
	released := make(chan struct{})
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-released:
			fmt.Fprint(w, "OK")
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("POST /release", func(http.ResponseWriter, *http.Request) { released <- struct{}{} })
	mux.HandleFunc("GET /api/2.0/mlflow/experiments/get-by-name", func(w http.ResponseWriter, r *http.Request) {
		answer(w, map[string]any{"experiment": map[string]any{"experiment_id": "1", "name": r.URL.Query().Get("experiment_name")}})
	})
	mux.HandleFunc("POST /api/2.0/mlflow/experiments/search", fakeExperiments)
	mux.HandleFunc("POST /api/2.0/mlflow/runs/search", fakeRuns)
	mux.HandleFunc("GET /api/2.0/mlflow/registered-models/search", fakeModels)
	mux.HandleFunc("GET /api/2.0/mlflow/model-versions/search", fakeVersions)
	mux.HandleFunc("GET /api/2.0/mlflow/runs/get", fakeOrigin("run", "run_id"))
	mux.HandleFunc("GET /api/2.0/mlflow/logged-models/{id}", fakeOrigin("model", ""))
	mux.HandleFunc("/clean/api/2.0/mlflow/", fakeClean)
	return httptest.NewServer(stumbling(mux))
}

// stumbling answers 500 to the first search of all, as a MLflow that was just
// started may.
func stumbling(next http.Handler) http.Handler {
	var stumbled atomic.Bool
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/search") && stumbled.CompareAndSwap(false, true) {
			http.Error(w, "<!doctype html>", http.StatusInternalServerError)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body) // a client that has gone needs no answer
}

// paged cuts a list into pages of two, whatever was asked for.
func paged(w http.ResponseWriter, member, token string, list []map[string]any) {
	const size = 2
	from, _ := strconv.Atoi(token)
	to := min(from+size, len(list))
	body := map[string]any{member: list[from:to]}
	if to < len(list) {
		body["next_page_token"] = strconv.Itoa(to)
	}
	answer(w, body)
}

func fakeExperiments(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		View  string `json:"view_type"`
		Token string `json:"page_token"`
		Most  int    `json:"max_results"`
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || asked.View != "ALL" || asked.Most != 1000 {
		http.Error(w, "want view_type ALL and max_results 1000", http.StatusBadRequest)
		return
	}
	var list []map[string]any
	for i, e := range [][2]string{
		{"cv/resnet", "mlflow-artifacts:/1"}, {"cv/vit", "mlflow-artifacts://gate.example.org/2"}, {"nlp/bert", "mlflow-artifacts:/3"},
		{"nlp/thief", "mlflow-artifacts:/1/0123/artifacts"}, {"old", "s3://bucket/old"},
	} {
		list = append(list, map[string]any{"experiment_id": strconv.Itoa(i + 1), "name": e[0], "artifact_location": e[1]})
	}
	paged(w, "experiments", asked.Token, list)
}

func fakeRuns(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		IDs []string `json:"experiment_ids"`
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || len(asked.IDs) != 1 {
		http.Error(w, "want one experiment", http.StatusBadRequest)
		return
	}
	user := map[string]string{"1": "alice", "2": "carol", "3": "bob"}[asked.IDs[0]]
	answer(w, map[string]any{"runs": []any{map[string]any{
		"info": map[string]any{"run_id": "run-" + asked.IDs[0]},
		"data": map[string]any{"tags": []any{map[string]any{"key": "mlflow.user", "value": user}}},
	}}})
}

func fakeModels(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("max_results") != "1000" {
		http.Error(w, "want max_results 1000", http.StatusBadRequest)
		return
	}
	paged(w, "registered_models", r.URL.Query().Get("page_token"), []map[string]any{
		{"name": "cv.resnet", "latest_versions": []any{map[string]any{"run_id": "run-1"}}}, {"name": "nlp.bert"}, {"name": "scratch"},
	})
}

func fakeVersions(w http.ResponseWriter, r *http.Request) {
	var list []map[string]any
	for i, source := range []string{
		"mlflow-artifacts:/2/run-2/artifacts/m", "mlflow-artifacts:/3/run-3/artifacts/m", "runs:/run-2/m", "runs:/run-3/m", "runs:/run-9/m",
		"models:/m-2", "models:/m-3", "models:/cv.resnet/1", "models:/nlp.bert@champion", "s3://bucket/old/m", "s3://bucket/m", "file:///etc", "dummy-source",
		"mlflow-artifacts:/1/0123/artifacts/m",
	} {
		list = append(list, map[string]any{"name": "cv.resnet", "version": strconv.Itoa(i + 1), "source": source})
	}
	list = append(list, map[string]any{"name": "nlp.bert", "version": "1", "source": "runs:/run-2/m"})
	paged(w, "model_versions", r.URL.Query().Get("page_token"), list)
}

// fakeOrigin answers about the run or the logged model of an experiment, which
// bears its number.
func fakeOrigin(member, param string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id := r.PathValue("id")
		if param != "" {
			id = r.URL.Query().Get(param)
		}
		_, number, _ := strings.Cut(id, "-")
		if number == "9" {
			w.WriteHeader(http.StatusNotFound)
			answer(w, map[string]any{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "gone"})
			return
		}
		answer(w, map[string]any{member: map[string]any{"info": map[string]any{"experiment_id": number}}})
	}
}

// fakeClean is a server of two experiments at their own places.
func fakeClean(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{"experiments": []any{
		map[string]any{"experiment_id": "1", "name": "a", "artifact_location": "mlflow-artifacts:/1"},
		map[string]any{"experiment_id": "11", "name": "b", "artifact_location": "mlflow-artifacts:/11"},
	}})
}
