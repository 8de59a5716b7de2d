package mlflowapi

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Rights is what the caller may do. The check of one thing and the filter of
// a list both come here, so that they cannot differ.
type Rights interface {
	// Allows decides about one name.
	Allows(a Action, k Kind, name string) bool
	// Scope gives the patterns that the caller may read; what Allows says
	// about a name that lies in it still counts.
	Scope(k Kind) Scope
}

// Judge decides about names that a call does not say: MLflow was asked what its
// path or source leads to. It keeps what it decided for the record, and it is
// not lenient where mlgate only watches: whoever asks it passes its refusals on.
type Judge interface {
	// Judge gives nil where the policy allows it.
	Judge(a Action, k Kind, name string) *Refusal
	// Own reports whether the caller is who created a run through mlgate, and
	// may make use of that.
	Own(creator string) bool
}

// Scope is what a caller may read of one kind, at most.
type Scope struct {
	All      bool     // every name, but for what Denied cuts out
	Denied   bool     // some line denies a part
	Prefixes []string // each ends in "/"; for models every "." reads "/"
	Names    []string
	Key      string // equal keys, equal scopes
}

// Free reports whether nothing of the kind is hidden from the caller.
func (s Scope) Free() bool { return s.All && !s.Denied }

// RunInfo is what MLflow says of a run's place and origin.
type RunInfo struct {
	ExperimentID string
	ArtifactURI  string
	Creator      string // who created it through mlgate, else ""
}

// LoggedModelInfo is what MLflow says of a logged model's place.
type LoggedModelInfo struct {
	ExperimentID string
	ArtifactURI  string
}

// ExperimentInfo is an experiment's name and the place of its artifacts.
type ExperimentInfo struct {
	ID, Name, ArtifactLocation string
}

// Names turns ids into what decides. All answer [ErrNotFound] for what MLflow
// does not hold, and any other error when it could not be asked.
type Names interface {
	Experiment(ctx context.Context, id string) (ExperimentInfo, error)
	Run(ctx context.Context, id string) (RunInfo, error)
	LoggedModel(ctx context.Context, id string) (LoggedModelInfo, error)
	// Homes gives the ids of the experiments that a thing belongs to: one, or for
	// an evaluation dataset any number.
	Homes(ctx context.Context, t Thing, id string) ([]string, error)
	// SameModel reports whether MLflow, asked for a registered model by name,
	// acts on the model of this very name or on none.
	SameModel(ctx context.Context, name string) (bool, error)
	// Prompt reports whether a registered model is a prompt. That it is none may be
	// old news, unless fresh: it was so lately, and might have been deleted and
	// made anew.
	Prompt(ctx context.Context, name string, fresh bool) (bool, error)
}

// Thing is something that lies in experiments and is asked by an id of its own.
type Thing uint8

// The things that are neither runs nor logged models.
const (
	Trace Thing = iota + 1
	EvalDataset
	LabelSchema
	ReviewQueue
	Issue
)

var things = map[role]Thing{
	traceID: Trace, evalDatasetID: EvalDataset, labelSchemaID: LabelSchema, reviewQueueID: ReviewQueue, issueID: Issue,
}

// Places tells to whom an artifact path belongs.
type Places interface {
	// Owners gives every experiment whose stored location covers an artifact path.
	Owners(ctx context.Context, path string) ([]ExperimentInfo, error)
	// Registered gives the registered models with a version whose files lie at
	// or above an artifact path.
	Registered(ctx context.Context, path string) ([]string, error)
}

// Directory asks about many experiments at once.
type Directory interface {
	// IDs gives the ids of the experiments that bear the names; a name that none
	// bears is missing from it. It may lag a little behind changes that were not
	// made through mlgate.
	IDs(ctx context.Context, names []string) (map[string]string, error)
	// Experiments gives what exists of the ids.
	Experiments(ctx context.Context, ids []string) (map[string]ExperimentInfo, error)
	// Traces gives the ids of the experiments in which the traces lie at this
	// moment; a trace that does not exist is missing from it.
	Traces(ctx context.Context, ids []string) (map[string]string, error)
}

// Upstream asks MLflow with mlgate's own words.
type Upstream interface {
	Do(ctx context.Context, r *Request) (*Answer, error)
}

// World is what a call needs of its surroundings beyond itself.
type World struct {
	Rights Rights
	Names  Names
	Places Places
	// Directory makes calls about many experiments cheaper; nil: none.
	Directory Directory
	Upstream  Upstream
	Seal      *Sealer
	User      string   // the identity; "" when anonymous
	Schemes   []string // source schemes that model versions may name beside the served store
	Known     *FilterCache
	Judge     Judge
	Table     *Table
	// Hold makes other calls about the same keys wait until this one has ended;
	// a call holds once.
	Hold func(keys []string)
}

// Follow gives the experiments that decide about a target asked by id, and for
// a run who created it. An evaluation dataset may have none.
func (t *Target) Follow(ctx context.Context, names Names) (homes []ExperimentInfo, creator string, err error) {
	return follow(ctx, names, t.is, t.ID)
}

func follow(ctx context.Context, names Names, is role, id string) (homes []ExperimentInfo, creator string, err error) {
	ids := []string{id}
	switch is {
	case experimentID:
	case runID:
		var run RunInfo
		run, err = names.Run(ctx, id)
		ids[0], creator = run.ExperimentID, run.Creator
	case loggedModelID:
		var m LoggedModelInfo
		m, err = names.LoggedModel(ctx, id)
		ids[0] = m.ExperimentID
	default:
		ids, err = names.Homes(ctx, things[is], id)
	}
	for _, exp := range ids {
		if err != nil {
			return nil, "", err
		}
		var info ExperimentInfo
		info, err = names.Experiment(ctx, exp)
		if is == evalDatasetID && errors.Is(err, ErrNotFound) {
			err = nil // MLflow takes ids that nobody holds; no team has rights there
		}
		homes = append(homes, info)
	}
	return homes, creator, err
}

// visible reports whether the caller may read what a value of the role names.
// What does not exist is not visible.
func (w *World) visible(ctx context.Context, is role, val string) (bool, error) {
	switch is {
	case experimentName, modelName, gatewayEndpoint:
		return w.Rights.Allows(Read, is.kind(), val), nil
	case datasetName: // a sealed one, which is shown to nobody
		return false, nil
	}
	if !is.canonical(val) {
		return false, nil
	}
	homes, _, err := follow(ctx, w.Names, is, val)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return slices.ContainsFunc(homes, func(e ExperimentInfo) bool { return w.Rights.Allows(Read, Experiment, e.Name) }), err
}

// sight answers for many values at once, a few upstream calls at a time.
type sight map[sighted]bool

type sighted struct {
	is  role
	val string
}

func (w *World) look(ctx context.Context, s sight) error {
	if w.Rights.Scope(Experiment).Free() && w.Rights.Scope(Model).Free() {
		for k := range s {
			switch k.is {
			case datasetName:
			case gatewayEndpoint: // not among what `*` covers
				s[k] = w.Rights.Allows(Read, Gateway, k.val)
			default:
				s[k] = true
			}
		}
		return nil
	}
	todo, err := w.lookInBulk(ctx, s)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for _, k := range todo {
		g.Go(func() error {
			ok, err := w.visible(ctx, k.is, k.val)
			mu.Lock()
			s[k] = ok
			mu.Unlock()
			return err
		})
	}
	return g.Wait()
}

// lookInBulk answers for experiments that are asked about together, and gives
// what is left.
func (w *World) lookInBulk(ctx context.Context, s sight) (left []sighted, err error) {
	if w.Directory == nil {
		return slices.Collect(maps.Keys(s)), nil
	}
	var ids, traces []string
	for k := range s {
		switch {
		case k.is != experimentID && k.is != traceID:
			left = append(left, k)
		case !k.is.canonical(k.val):
		case k.is == traceID:
			traces = append(traces, k.val)
		default:
			ids = append(ids, k.val)
		}
	}
	at, err := w.tracesAt(ctx, traces)
	if err != nil {
		return nil, err
	}
	for _, id := range at {
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return left, nil
	}
	known, err := w.Directory.Experiments(ctx, ids)
	for id, e := range known {
		if k := (sighted{experimentID, id}); hasKey(s, k) {
			s[k] = w.Rights.Allows(Read, Experiment, e.Name)
		}
	}
	for trace, id := range at {
		if e, ok := known[id]; ok {
			s[sighted{traceID, trace}] = w.Rights.Allows(Read, Experiment, e.Name)
		}
	}
	return left, err
}

func (w *World) tracesAt(ctx context.Context, ids []string) (map[string]string, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return w.Directory.Traces(ctx, ids)
}

func hasKey(s sight, k sighted) bool {
	_, ok := s[k]
	return ok
}
