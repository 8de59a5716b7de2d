package mlflowapi

import (
	"context"
	"slices"
	"strings"
)

// traceHolder finds, by its shape alone, the trace whose files a path lies in:
// …/traces/<trace>/artifacts[/…]. MLflow's client puts spans there that the
// store does not take, and what is attached to spans.
func traceHolder(path string) (h Holder, ok bool) {
	segs := strings.Split(path, "/")
	for i := 1; i+2 < len(segs); i++ {
		if segs[i] == "traces" && ValidTraceID(segs[i+1]) && segs[i+2] == "artifacts" {
			return Holder{ID: segs[i+1], Root: strings.Join(segs[:i+3], "/")}, true
		}
	}
	return h, false
}

// traceHolding finds the trace that a path lies in: one that exists in one of
// the owners, below whose own location the path lies. A trace without prefix
// looks like a run, so that one that is not there may be a run still.
func (w *World) traceHolding(ctx context.Context, o owners, path string) (h Holder, experiment string, err error) {
	h, ok := traceHolder(path)
	if !ok {
		return Holder{}, "", nil
	}
	at, err := w.tracesAt(ctx, []string{h.ID})
	if err != nil {
		return Holder{}, "", err
	}
	experiment, exists := at[h.ID]
	if exists && slices.ContainsFunc(o.all, func(e ExperimentInfo) bool {
		_, place, ok := ServedPath(e.ArtifactLocation)
		return ok && e.ID == experiment && h.Root == place+"/traces/"+h.ID+"/artifacts"
	}) {
		return h, experiment, nil
	}
	if _, isRun := ArtifactHolder(path); isRun {
		return Holder{}, "", nil
	}
	return Holder{}, "", NotFound("Trace with ID '%s' not found.", h.ID)
}
