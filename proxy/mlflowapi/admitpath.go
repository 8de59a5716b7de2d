package mlflowapi

import (
	"context"
	"errors"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// AdmitPath decides about a call whose artifact path says what it touches.
// Every experiment whose stored location covers the path must permit it;
// reading alone is also granted by a registered model whose files these are.
// What is not there and what the caller cannot see are answered alike.
func (w *World) AdmitPath(ctx context.Context, c *Call) error {
	if c.Endpoint.Special == ArtifactListing {
		return w.admitListing(ctx, c)
	}
	p := c.artifactPath()
	o, err := w.ownersOf(ctx, c, p)
	if err != nil {
		return err
	}
	if c.Endpoint.Action != Read {
		return w.admitWrite(ctx, c, o, p)
	}
	return w.admitRead(ctx, c, o, p, func(r *Refusal) error {
		r = unseen(r, missingArtifact(p))
		r.hide = func() { c.hidePath(p) }
		return r
	})
}

// admitListing lets a listing of what the caller cannot see be the listing of
// a folder that does not exist: MLflow then answers as an empty store does.
func (w *World) admitListing(ctx context.Context, c *Call) error {
	p := c.args.text("path")
	empty := func(r *Refusal) error {
		r = unseen(r, missingArtifact(p))
		r.hide = func() { c.args.set("path", newString(experimentID.nonexistent())) }
		return r
	}
	if p == "" {
		if w.Rights.Scope(Experiment).Free() {
			return nil
		}
		return empty(nil)
	}
	o, err := w.ownersOf(ctx, c, p)
	if err != nil {
		return err
	}
	return w.admitRead(ctx, c, o, p, empty)
}

// owners are the experiments that a path belongs to, and what stands against
// the caller's reading it.
type owners struct {
	all    []ExperimentInfo
	hidden bool     // nobody owns the path, or the caller cannot see all who do
	why    *Refusal // of the one that is hidden; nil: nobody owns the path
	known  *Refusal // not readable, but its existence is no secret
}

func (w *World) ownersOf(ctx context.Context, c *Call, p string) (o owners, err error) {
	o.all, err = w.Places.Owners(ctx, p)
	if errors.Is(err, ErrNotFound) || (err == nil && len(o.all) == 0) {
		return owners{hidden: true}, nil
	}
	if err != nil {
		return o, err
	}
	for i := range o.all {
		e := &o.all[i]
		c.concerns(c.Endpoint.Action, Experiment, e.Name)
		r := w.Judge.Judge(Read, Experiment, e.Name)
		switch {
		case r == nil:
		case e.ID == "0": // every server has it
			o.known = r
		default:
			o.hidden, o.why = true, r
		}
	}
	return o, nil
}

// concerns adds to the call's targets what was learnt to be one: it was decided
// about already, and is named in the record.
func (c *Call) concerns(a Action, k Kind, name string) {
	c.Targets = append(c.Targets, &Target{Kind: k, Action: a, Name: name})
}

// admitRead words what the caller cannot see by unseen.
func (w *World) admitRead(ctx context.Context, c *Call, o owners, p string, unseen func(*Refusal) error) error {
	if !o.hidden && o.known == nil {
		return nil
	}
	models, err := w.Places.Registered(ctx, p)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	for _, name := range models {
		if w.Judge.Judge(Read, Model, name) == nil {
			c.concerns(Read, Model, name)
			return nil
		}
	}
	if o.hidden {
		return unseen(o.why)
	}
	return o.known
}

// admitWrite decides about PUT and DELETE. MLflow takes any path; here it must
// lie in the artifacts of a run, a logged model or a trace that exists.
func (w *World) admitWrite(ctx context.Context, c *Call, o owners, p string) error {
	if o.hidden {
		return unseen(o.why, missingArtifact(p))
	}
	var from holding
	place, experiment, err := w.traceHolding(ctx, o, p)
	if err != nil {
		return err
	}
	shaped := experiment != ""
	if shaped {
		from.experiment = experiment
	} else if place, shaped = ArtifactHolder(p); shaped {
		if from, err = w.holding(ctx, place); err != nil {
			return err
		}
		if !slices.ContainsFunc(o.all, func(e ExperimentInfo) bool { return e.ID == from.experiment }) {
			return place.missing()
		}
	}
	for _, e := range o.all {
		r := w.Judge.Judge(c.Endpoint.Action, Experiment, e.Name)
		own := r != nil && c.Endpoint.Action == Manage && e.ID == from.experiment && w.Judge.Own(from.creator)
		if r != nil && !own {
			return r
		}
	}
	if !shaped || (c.Endpoint.Action == Edit && p == place.Root) {
		return &Refusal{
			Answer: Forbidden("%s %q: files are written only below <experiment>/<run>/artifacts/, <experiment>/models/<model>/artifacts/ and <experiment>/traces/<trace>/artifacts/, and deleted only there", c.Method, cut(p)),
			Rule:   "rule: artifact path",
		}
	}
	return nil
}

// holding is what MLflow says of a [Holder].
type holding struct{ experiment, creator string }

// holding asks for the run or logged model by the id in the path. Its stored
// place must be the path's: else the id stands in a place that is not its own.
func (w *World) holding(ctx context.Context, h Holder) (holding, error) {
	var at, uri string
	var creator string
	if h.IsLoggedModel {
		m, err := w.Names.LoggedModel(ctx, h.ID)
		if err != nil {
			return holding{}, h.orMissing(err)
		}
		at, uri = m.ExperimentID, m.ArtifactURI
	} else {
		run, err := w.Names.Run(ctx, h.ID)
		if err != nil {
			return holding{}, h.orMissing(err)
		}
		at, uri, creator = run.ExperimentID, run.ArtifactURI, run.Creator
	}
	if _, path, ok := ServedPath(uri); !ok || path != h.Root {
		return holding{}, h.missing()
	}
	return holding{at, creator}, nil
}

func (h Holder) missing() *Refusal { return h.unseen(nil) }

func (h Holder) unseen(because *Refusal) *Refusal {
	if h.IsLoggedModel {
		return unseen(because, NotFound("Logged model with ID '%s' not found.", h.ID))
	}
	return unseen(because, NotFound("Run with id=%s not found", h.ID))
}

func (h Holder) orMissing(err error) error {
	if errors.Is(err, ErrNotFound) {
		return h.missing()
	}
	return err
}

func missingArtifact(p string) *Error { return NotFound("No such artifact: '%s'", p) }

// hidePath asks for a file that no store holds in place of the path: MLflow
// says in its own words that it is missing. Reveal puts the client's path into
// those words, quoted as the JSON around it.
func (c *Call) hidePath(p string) {
	fake := experimentID.nonexistent()
	quoted, _ := jsontext.AppendQuote(nil, p)
	if c.hidden == nil {
		c.hidden = map[string]string{}
	}
	c.hidden[fake] = string(quoted[1 : len(quoted)-1])
	c.Params = Params{"artifact_path": fake}
}
