package mlflowapi

import (
	"context"
	"errors"
)

// Prepare does what a call needs between the decision and the way upstream:
// the checks that take more than a name, the caller's signature, and the
// narrowing of lists. watch is asked about each refusal; where it says true,
// the refusal is only recorded and the call goes on.
func (w *World) Prepare(ctx context.Context, c *Call, watch func(*Refusal) bool) error {
	if err := w.admitSpelling(ctx, c); err != nil {
		return err
	}
	for _, step := range c.steps() {
		if err := step(w, ctx, c); err != nil && !goesOn(err, watch) {
			return err
		}
	}
	return nil
}

// goesOn records a refusal, and reports whether the call goes on in spite of it.
func goesOn(err error, watch func(*Refusal) bool) bool {
	var r *Refusal
	switch {
	case !errors.As(err, &r):
		return false
	case watch(r):
		return true
	case r.hide != nil:
		r.hide()
		return true
	}
	return false
}

// step is one part of [World.Prepare].
type step func(*World, context.Context, *Call) error

var (
	pathSteps    = []step{(*World).AdmitPath}
	endSteps     = []step{(*World).AdmitPath, (*World).openUpload}
	versionSteps = []step{(*World).AdmitSource, (*World).sign, (*World).AdmitKind}
	tagSteps     = []step{(*World).sign, (*World).keepVersions}
	traceSteps   = []step{(*World).AdmitTrace, (*World).sign}
	countSteps   = []step{(*World).CountTraces, (*World).blind, (*World).Narrow}
	searchSteps  = []step{(*World).blind, (*World).Narrow}
	spanSteps    = []step{(*World).AdmitSpans}
	gatewaySteps = []step{(*World).meetName}
	inputSteps   = []step{(*World).sign, (*World).sealDatasets}
	runSteps     = []step{(*World).findDatasets, (*World).Narrow}
	usualSteps   = []step{(*World).sign, (*World).Narrow}
)

func (c *Call) steps() []step {
	switch c.Endpoint.Special {
	case ArtifactPath, ArtifactListing, StartUpload:
		return pathSteps
	case EndUpload:
		return endSteps
	case CreateVersion:
		return versionSteps
	case SetLoggedModelTags:
		return tagSteps
	case StartTrace:
		return traceSteps
	case CountTraces:
		return countSteps
	case NarrowLocations, SearchTraces:
		return searchSteps
	case LogSpans:
		return spanSteps
	case Invocation:
		return gatewaySteps
	case LogInputs:
		return inputSteps
	case SearchRuns, GraphQL:
		return runSteps
	default:
		return usualSteps
	}
}

func (w *World) sign(_ context.Context, c *Call) error { return w.Sign(c) }

// Echoes reports whether the answer is about the name that was asked for.
func (c *Call) Echoes(body []byte) bool {
	if c.Endpoint.Echo == "" {
		return true
	}
	path := splitPath(c.Endpoint.Echo)
	root := &trimNode{}
	root.down(path[:len(path)-1])
	doc, err := parseSpans(body, root)
	if err != nil {
		return false
	}
	got := doc.text(body, path...)
	for _, t := range c.Targets {
		if t.Kind == c.Endpoint.Kind && t.ID == "" && t.Name == got {
			return true
		}
	}
	return false
}

// MissingName words a 404 for a name that MLflow answered with another's thing.
func (c *Call) MissingName() *Error {
	if len(c.Targets) == 0 {
		return NotFound("not found")
	}
	if t := c.Targets[0]; t.Kind == Model {
		return NoModel(t.Name)
	}
	return NotFound("Could not find experiment with name '%s'", c.Targets[0].Name)
}

// NoModel words a 404 for a registered model as MLflow does.
func NoModel(name string) *Error { return NotFound("Registered Model with name=%s not found", name) }

// admitSpelling holds what is asked by a model's name to the model of this very
// name; an answer that tells the name is looked at afterwards, see [Call.Echoes].
// It is the same for everybody and in every mode.
func (w *World) admitSpelling(ctx context.Context, c *Call) error {
	if c.Endpoint.Echo != "" {
		return nil
	}
	for _, t := range c.Targets {
		if t.Kind != Model || t.ID != "" || t.New {
			continue
		}
		if err := w.sameModel(ctx, t.Name); err != nil {
			return err
		}
	}
	return nil
}

// Place reads an answer that tells where a version's files lie.
func (c *Call) Place(body []byte) (name, version, uri string) {
	doc, err := parseSpans(body, &trimNode{})
	if err != nil {
		return "", "", ""
	}
	return c.args.text("name"), c.args.text("version"), doc.text(body, "artifact_uri")
}
