package resolve

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"mlgate/proxy/mlflowapi"
)

const (
	// versionsTag is where MLflow notes on a logged model what was registered
	// of it. Clients write it too.
	versionsTag = "mlflow.modelVersions"
	// mostHints bounds how many versions one path is checked against.
	mostHints = 256
	// atOnce bounds how many of them are asked about at the same time.
	atOnce = 8
)

// Remember notes where a model version's files lie, as MLflow said to a
// client. It only tells [Resolver.Registered] where to look.
func (r *Resolver) Remember(name, version, uri string) {
	if place, ok := filesAt(uri); ok {
		r.seen.add(place, modelVersion{name, version})
	}
}

// Registered gives the registered models with a version whose files lie at or
// above an artifact path. Tags, searches and memory are hints of where to
// look; what counts is where MLflow says now that each version's files lie.
func (r *Resolver) Registered(ctx context.Context, p string) ([]string, error) {
	hints, err := r.hintsFor(ctx, p)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var names []string
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for _, v := range hints {
		g.Go(func() error {
			place, err := r.filesOf(ctx, v)
			if err != nil || place == "" || !covers(place, p) {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			if !slices.Contains(names, v.name) {
				names = append(names, v.name)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	slices.Sort(names)
	return names, nil
}

func (r *Resolver) hintsFor(ctx context.Context, p string) ([]modelVersion, error) {
	holder, ok := mlflowapi.ArtifactHolder(p)
	if !ok {
		return nil, nil
	}
	hints, err := r.hints.get(ctx, holder.ID)
	if err != nil && !isRefusal(err) { // an old server knows no logged models
		return nil, err
	}
	hints = slices.Clone(hints)
	for at := p; at != "."; at = path.Dir(at) {
		for _, v := range r.seen.at(at) {
			if !slices.Contains(hints, v) {
				hints = append(hints, v)
			}
		}
	}
	return hints[:min(len(hints), mostHints)], nil
}

func (r *Resolver) askHints(ctx context.Context, id string) ([]modelVersion, error) {
	if mlflowapi.ValidLoggedModelID(id) {
		return r.taggedVersions(ctx, id)
	}
	var a struct {
		Versions []struct {
			Name    string `json:"name"`
			Version string `json:"version"`
		} `json:"model_versions"`
	}
	q := url.Values{"filter": {"run_id = '" + id + "'"}, "max_results": {"256"}}
	if err := r.ask(ctx, "model-versions/search", q, &a); err != nil {
		return nil, err
	}
	var all []modelVersion
	for _, v := range a.Versions {
		all = append(all, modelVersion{v.Name, v.Version})
	}
	return all, nil
}

// taggedVersions reads a tag that clients may write: what cannot be read is
// no hint, and no fault.
func (r *Resolver) taggedVersions(ctx context.Context, id string) ([]modelVersion, error) {
	a, err := r.fetchLoggedModel(ctx, id)
	if err != nil {
		return nil, err
	}
	var all []modelVersion
	for _, t := range a.Model.Info.Tags {
		if t.Key != versionsTag {
			continue
		}
		var entries []struct {
			Name    string      `json:"name"`
			Version json.Number `json:"version"`
		}
		if json.Unmarshal([]byte(t.Value), &entries) != nil {
			continue
		}
		for _, e := range entries {
			if v := (modelVersion{e.Name, e.Version.String()}); e.Name != "" && !slices.Contains(all, v) && len(all) < mostHints {
				all = append(all, v)
			}
		}
	}
	return all, nil
}

// filesOf gives the place of a version's files, "" when there is none that
// grants anything.
func (r *Resolver) filesOf(ctx context.Context, v modelVersion) (string, error) {
	if !mlflowapi.ValidExperimentID(v.version) { // a version is a number just as well
		return "", nil
	}
	place, err := r.files.get(ctx, v.version+"/"+v.name)
	if isRefusal(err) {
		return "", nil // deleted, renamed, or never there
	}
	return place, err
}

// isRefusal reports whether MLflow answered, and had nothing to say. It may
// be read as "no hint", which grants nothing; never as "not there".
func isRefusal(err error) bool {
	var refused *statusError
	return errors.Is(err, mlflowapi.ErrNotFound) || (errors.As(err, &refused) && refused.status >= 400 && refused.status < 500)
}

func (r *Resolver) askFiles(ctx context.Context, key string) (string, error) {
	version, name, _ := strings.Cut(key, "/")
	var a struct {
		URI string `json:"artifact_uri"`
	}
	if err := r.ask(ctx, "model-versions/get-download-uri", url.Values{"name": {name}, "version": {version}}, &a); err != nil {
		return "", err
	}
	uri := a.URI
	if rest, ok := strings.CutPrefix(uri, "runs:/"); ok {
		id, below, _ := strings.Cut(rest, "/")
		if !mlflowapi.ValidRunID(id) {
			return "", nil
		}
		run, err := r.Run(ctx, id)
		if err != nil {
			return "", err
		}
		uri = strings.TrimSuffix(run.ArtifactURI+"/"+below, "/")
	}
	place, _ := filesAt(uri)
	return place, nil
}
