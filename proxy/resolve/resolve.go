package resolve

import (
	"context"
	"fmt"
	"net/url"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"mlgate/proxy/mlflowapi"
)

const (
	defaultExperimentAge = 5 * time.Second
	defaultSize          = 200_000

	// creatorTag says who created a run through mlgate. Clients cannot write
	// it, so it never changes.
	creatorTag = "mlgate.user"
)

// Options are what a [Resolver] is made of.
type Options struct {
	// Upstream is asked with mlgate's own words.
	Upstream mlflowapi.Upstream
	// Has reports whether the MLflow behind has a route, written as a row's path;
	// nil: it has all. Of what it has no route for, it holds nothing.
	Has func(method, path string) bool
	// Now is the clock; nil: time.Now.
	Now func() time.Time
	// ExperimentAge is how long a rename that went past mlgate may go
	// unnoticed; 0: five seconds. The files of registered models age alike.
	ExperimentAge time.Duration
	// Size bounds how many things of each kind are remembered; 0: 200,000.
	Size int
}

// Resolver is an [mlflowapi.Names], [mlflowapi.Places] and
// [mlflowapi.Directory]. It is safe for concurrent use.
type Resolver struct {
	up  mlflowapi.Upstream
	has func(method, path string) bool
	now func() time.Time

	experiments *lookup[mlflowapi.ExperimentInfo]
	named       *lookup[string] // an experiment's id by its name; "": no experiment bears it
	unborn      time.Duration   // how long that counts
	runs        *lookup[mlflowapi.RunInfo]
	models      *lookup[mlflowapi.LoggedModelInfo]
	traces      *lookup[string] // a trace's experiment; likewise below
	schemas     *lookup[string]
	queues      *lookup[string]
	issues      *lookup[string]
	hints       *lookup[[]modelVersion] // of a run or a logged model
	files       *lookup[string]         // where a model version's files lie
	plain       *lookup[struct{}]       // registered models that are no prompts
	loose       *lookup[bool]           // whether the store takes other spellings of a name for it
	seen        *memory

	index      atomic.Pointer[index]
	refreshing singleflight.Group
}

// New makes a Resolver. It asks nothing yet.
func New(o Options) *Resolver {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.ExperimentAge <= 0 {
		o.ExperimentAge = defaultExperimentAge
	}
	if o.Size <= 0 {
		o.Size = defaultSize
	}
	if o.Has == nil {
		o.Has = func(string, string) bool { return true }
	}
	r := &Resolver{up: o.Upstream, has: o.Has, now: o.Now, seen: newMemory(o.Size / 10)}
	small := max(o.Size/10, 1)
	r.experiments = newLookup(o.Size, o.ExperimentAge, o.Now, r.askExperiment)
	r.named, r.unborn = newLookup(o.Size, namedAge, o.Now, r.askNamed), min(o.ExperimentAge, namedAge)
	r.runs = newLookup(o.Size, 0, o.Now, r.askRun)
	r.models = newLookup(o.Size, 0, o.Now, r.askLoggedModel)
	r.traces = newLookup(o.Size, o.ExperimentAge, o.Now, r.askTrace)
	r.schemas = newLookup(small, 0, o.Now, r.askSchema)
	r.queues = newLookup(small, 0, o.Now, r.askQueue)
	r.issues = newLookup(small, 0, o.Now, r.askIssue)
	r.hints = newLookup(small, min(o.ExperimentAge, defaultExperimentAge), o.Now, r.askHints)
	r.files = newLookup(small, min(o.ExperimentAge, defaultExperimentAge), o.Now, r.askFiles)
	r.plain = newLookup(small, plainAge, o.Now, r.askPlain)
	r.loose = newLookup(1, spellingAge, o.Now, r.askLoose)
	return r
}

// Experiment gives an experiment's name and place.
func (r *Resolver) Experiment(ctx context.Context, id string) (mlflowapi.ExperimentInfo, error) {
	return r.experiments.get(ctx, id)
}

// ForgetExperiment makes the next look at an experiment ask MLflow: it was
// renamed just now. A look that is under way keeps nothing of what it learns.
func (r *Resolver) ForgetExperiment(id string) { r.experiments.forget(id) }

// Run gives a run's experiment, place and creator.
func (r *Resolver) Run(ctx context.Context, id string) (mlflowapi.RunInfo, error) {
	return r.runs.get(ctx, id)
}

// LoggedModel gives a logged model's experiment and place, deleted or not.
func (r *Resolver) LoggedModel(ctx context.Context, id string) (mlflowapi.LoggedModelInfo, error) {
	return r.models.get(ctx, id)
}

type experimentAnswer struct {
	ID       string `json:"experiment_id"`
	Name     string `json:"name"`
	Location string `json:"artifact_location"`
}

func (r *Resolver) askExperiment(ctx context.Context, id string) (mlflowapi.ExperimentInfo, error) {
	var a struct {
		Experiment experimentAnswer `json:"experiment"`
	}
	err := r.ask(ctx, "experiments/get", url.Values{"experiment_id": {id}}, &a)
	if err == nil && (a.Experiment.ID != id || a.Experiment.Name == "") {
		err = fmt.Errorf("MLflow answered for experiment %q with %q named %q", id, a.Experiment.ID, a.Experiment.Name)
	}
	if err != nil {
		return mlflowapi.ExperimentInfo{}, err
	}
	return mlflowapi.ExperimentInfo{ID: id, Name: a.Experiment.Name, ArtifactLocation: a.Experiment.Location}, nil
}

type tagAnswer struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

func (r *Resolver) askRun(ctx context.Context, id string) (mlflowapi.RunInfo, error) {
	var a struct {
		Run struct {
			Info struct {
				ID         string `json:"run_id"`
				Experiment string `json:"experiment_id"`
				URI        string `json:"artifact_uri"`
			} `json:"info"`
			Data struct {
				Tags []tagAnswer `json:"tags"`
			} `json:"data"`
		} `json:"run"`
	}
	err := r.ask(ctx, "runs/get", url.Values{"run_id": {id}}, &a)
	if err == nil && (a.Run.Info.ID != id || a.Run.Info.Experiment == "") {
		err = fmt.Errorf("MLflow answered for run %q with %q", id, a.Run.Info.ID)
	}
	if err != nil {
		return mlflowapi.RunInfo{}, err
	}
	info := mlflowapi.RunInfo{ExperimentID: a.Run.Info.Experiment, ArtifactURI: a.Run.Info.URI}
	for _, t := range a.Run.Data.Tags {
		if t.Key == creatorTag {
			info.Creator = t.Value
		}
	}
	return info, nil
}

// loggedModelAnswer holds what is read of logged-models/{id}.
type loggedModelAnswer struct {
	Model struct {
		Info struct {
			ID         string      `json:"model_id"`
			Experiment string      `json:"experiment_id"`
			URI        string      `json:"artifact_uri"`
			Tags       []tagAnswer `json:"tags"`
		} `json:"info"`
	} `json:"model"`
}

func (r *Resolver) fetchLoggedModel(ctx context.Context, id string) (a loggedModelAnswer, err error) {
	if !r.has("GET", "/api/2.0/mlflow/logged-models/{model_id}") { // MLflow 2
		return a, mlflowapi.ErrNotFound
	}
	err = r.ask(ctx, "logged-models/"+url.PathEscape(id), url.Values{"allow_deleted": {"true"}}, &a)
	if err == nil && (a.Model.Info.ID != id || a.Model.Info.Experiment == "") {
		err = fmt.Errorf("MLflow answered for logged model %q with %q", id, a.Model.Info.ID)
	}
	return a, err
}

func (r *Resolver) askLoggedModel(ctx context.Context, id string) (mlflowapi.LoggedModelInfo, error) {
	a, err := r.fetchLoggedModel(ctx, id)
	if err != nil {
		return mlflowapi.LoggedModelInfo{}, err
	}
	return mlflowapi.LoggedModelInfo{ExperimentID: a.Model.Info.Experiment, ArtifactURI: a.Model.Info.URI}, nil
}
