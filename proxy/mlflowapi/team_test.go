package mlflowapi

import (
	"context"
	"strings"
)

// teamRights is a caller who may do everything below some prefixes, in names
// whose "." reads as "/" where they are models'.
type teamRights struct {
	prefixes []string
	names    []string
	denied   []string // prefixes
	all      bool
}

func (r teamRights) Allows(_ Action, k Kind, name string) bool {
	if k == Model {
		name = strings.ReplaceAll(name, ".", "/")
	}
	for _, d := range r.denied {
		if strings.HasPrefix(name, d) {
			return false
		}
	}
	for _, p := range r.prefixes {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	for _, n := range r.names {
		if n == name {
			return true
		}
	}
	return r.all
}

func (r teamRights) Scope(Kind) Scope {
	if r.all {
		return Scope{All: true, Denied: len(r.denied) > 0, Key: "all"}
	}
	return Scope{Denied: len(r.denied) > 0, Prefixes: r.prefixes, Names: r.names, Key: strings.Join(r.prefixes, ",") + ";" + strings.Join(r.names, ",")}
}

// memoryNames is a small server's ids: experiments 1 (cv/a) and 2 (nlp/b).
type memoryNames struct {
	experiments map[string]string
	runs        map[string]string // run to experiment
	models      map[string]string // logged model to experiment
}

func (n memoryNames) Experiment(_ context.Context, id string) (ExperimentInfo, error) {
	if name, ok := n.experiments[id]; ok {
		return ExperimentInfo{ID: id, Name: name}, nil
	}
	return ExperimentInfo{}, ErrNotFound
}

func (n memoryNames) Run(_ context.Context, id string) (RunInfo, error) {
	if e, ok := n.runs[id]; ok {
		return RunInfo{ExperimentID: e}, nil
	}
	return RunInfo{}, ErrNotFound
}

func (n memoryNames) LoggedModel(_ context.Context, id string) (LoggedModelInfo, error) {
	if e, ok := n.models[id]; ok {
		return LoggedModelInfo{ExperimentID: e}, nil
	}
	return LoggedModelInfo{}, ErrNotFound
}

func (memoryNames) Homes(context.Context, Thing, string) ([]string, error) { return nil, ErrNotFound }

func (memoryNames) SameModel(context.Context, string) (bool, error) { return true, nil }

func (memoryNames) Prompt(context.Context, string, bool) (bool, error) { return false, nil }

func (memoryNames) Owners(context.Context, string) ([]ExperimentInfo, error) { return nil, nil }

func (memoryNames) Registered(context.Context, string) ([]string, error) { return nil, nil }

const (
	mineModel   = "m-11111111111111111111111111111111"
	theirsModel = "m-22222222222222222222222222222222"
)

// teamWorld is the world of a member of team cv.
func teamWorld() *World {
	return &World{
		Rights: teamRights{prefixes: []string{"cv/"}},
		Names: memoryNames{
			experiments: map[string]string{"1": "cv/a", "2": "nlp/b"},
			runs:        map[string]string{mineRun: "1", theirsRun: "2"},
			models:      map[string]string{mineModel: "1", theirsModel: "2"},
		},
		User: "alice",
	}
}
