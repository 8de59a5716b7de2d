package mlflowapi

import (
	"context"
	"errors"
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
}

// Upstream asks MLflow with mlgate's own words.
type Upstream interface {
	Do(ctx context.Context, r *Request) (*Answer, error)
}

// World is what a call needs of its surroundings beyond itself.
type World struct {
	Rights Rights
	Names  Names
	// Directory makes calls about many experiments cheaper; nil: none.
	Directory Directory
	Upstream  Upstream
	Seal      *Sealer
	User      string   // the identity; "" when anonymous
	Schemes   []string // source schemes that model versions may name beside the served store
	Known     *FilterCache
	Judge     Judge
	Table     *Table
}

// experimentOf follows an id to the experiment that decides about it.
func (w *World) experimentOf(ctx context.Context, is role, id string) (string, error) {
	switch is {
	case runID:
		run, err := w.Names.Run(ctx, id)
		return run.ExperimentID, err
	case loggedModelID:
		m, err := w.Names.LoggedModel(ctx, id)
		return m.ExperimentID, err
	default:
		return id, nil
	}
}

// visible reports whether the caller may read what a value of the role names.
// What does not exist is not visible.
func (w *World) visible(ctx context.Context, is role, val string) (bool, error) {
	if is == experimentName || is == modelName {
		return w.Rights.Allows(Read, is.kind(), val), nil
	}
	if !is.canonical(val) {
		return false, nil
	}
	exp, err := w.experimentOf(ctx, is, val)
	if err == nil {
		var info ExperimentInfo
		if info, err = w.Names.Experiment(ctx, exp); err == nil {
			return w.Rights.Allows(Read, Experiment, info.Name), nil
		}
	}
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return false, err
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
			s[k] = true
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
	var ids []string
	for k := range s {
		if k.is == experimentID && w.Directory != nil {
			if k.is.canonical(k.val) {
				ids = append(ids, k.val)
			}
		} else {
			left = append(left, k)
		}
	}
	if len(ids) == 0 {
		return left, nil
	}
	known, err := w.Directory.Experiments(ctx, ids)
	for id, e := range known {
		s[sighted{experimentID, id}] = w.Rights.Allows(Read, Experiment, e.Name)
	}
	return left, err
}
