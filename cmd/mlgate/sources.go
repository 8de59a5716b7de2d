package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"mlgate/policy"
)

// origin is what a model version is made from: things that must all be the
// maker's to read.
type origin struct {
	kind  policy.Kind
	names []string
	lost  bool // nothing that mlgate knows of: files past it, or of nobody
	empty bool // no files at all, or none that are still there
}

func (o origin) String() string {
	if o.lost {
		return "files of no experiment"
	}
	quoted := make([]string, len(o.names))
	for i, n := range o.names {
		quoted[i] = fmt.Sprintf("%q", n)
	}
	return o.kind.String() + " " + strings.Join(quoted, " and ")
}

// tellSources lists versions that none who may edit their model could have made
// in mode enforce. They come from before mlgate, from mode warn, or from an
// admin, who may have had reason: so nothing fails. But whoever may read the
// model reads those files, and will after the mode was changed.
func (inv *inventory) tellSources(ctx context.Context, w io.Writer, f *files, places []place) error {
	versions, err := inv.versions(ctx)
	if err != nil {
		return fmt.Errorf("read model versions: %w", err)
	}
	origins, err := inv.originsOf(ctx, versions, places)
	if err != nil {
		return err
	}
	makers := makersOf(f.policy)
	beyond := 0
	for i, v := range versions {
		o := origins[i]
		if o.lost && slices.Contains(f.config.Upstream.AllowedSourceSchemes, schemeOf(v.Source)) {
			continue
		}
		if !o.empty && makers.none(v.Model, o) {
			beyond++
			fmt.Fprintf(w, "beyond its editors: version %s of model %q is made from %s (%s)\n", v.Number, v.Model, o, v.Source)
		}
	}
	_, err = fmt.Fprintf(w, "%d model versions: %d made from what nobody who may edit the model may read\n", len(versions), beyond)
	return err
}

// makers are the callers that a policy names, without those who may edit every
// model: that they could have made a version says nothing.
type makers struct {
	people []*policy.Rights
	of     map[string][]*policy.Rights // who may edit a model
}

func makersOf(p *policy.Policy) *makers {
	m := &makers{of: map[string][]*policy.Rights{}}
	for _, c := range p.People() {
		if r := p.Rights(c); !r.Scope(policy.Edit, policy.Model).All {
			m.people = append(m.people, r)
		}
	}
	return m
}

// none reports whether somebody may edit the model, and nobody of these may
// read all of what a version is made from.
func (m *makers) none(model string, from origin) bool {
	editors, known := m.of[model]
	if !known {
		for _, r := range m.people {
			if r.Decide(policy.Edit, policy.Model, model).Allow {
				editors = append(editors, r)
			}
		}
		m.of[model] = editors
	}
	return len(editors) > 0 && (from.lost || !slices.ContainsFunc(editors, func(r *policy.Rights) bool {
		return !slices.ContainsFunc(from.names, func(name string) bool { return !r.Decide(policy.Read, from.kind, name).Allow })
	}))
}

// originsOf finds what each version is made from.
func (inv *inventory) originsOf(ctx context.Context, versions []modelVersion, places []place) ([]origin, error) {
	s := &sourcing{inv: inv, places: places, names: map[string]string{}, known: map[string]origin{}}
	for _, p := range places {
		s.names[p.ID] = p.Name
	}
	list := make([]origin, len(versions))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(authorReads)
	for i, v := range versions {
		group.Go(func() (err error) {
			list[i], err = s.originOf(ctx, v)
			return err
		})
	}
	return list, group.Wait()
}

// sourcing follows sources to names.
type sourcing struct {
	inv    *inventory
	places []place
	names  map[string]string // of experiments, by id

	mu    sync.Mutex
	known map[string]origin // of runs and logged models
}

func schemeOf(source string) string {
	scheme, _, _ := strings.Cut(source, ":")
	return scheme
}

func (s *sourcing) originOf(ctx context.Context, v modelVersion) (origin, error) {
	rest := strings.TrimLeft(strings.TrimPrefix(v.Source, schemeOf(v.Source)+":"), "/")
	id, below, _ := strings.Cut(rest, "/")
	switch scheme := schemeOf(v.Source); {
	case scheme == "dummy-source" || scheme == "prompt-template":
		return origin{empty: true}, nil
	case scheme == "runs":
		return s.experimentOf(ctx, "runs/get", url.Values{"run_id": {id}}, "run")
	case scheme == "models" && below == "" && strings.HasPrefix(id, "m-") && !strings.Contains(id, "@"):
		return s.experimentOf(ctx, "logged-models/"+url.PathEscape(id), nil, "model")
	case scheme == "models":
		if below == "" && strings.Contains(id, "@") {
			id = id[:strings.LastIndexByte(id, '@')]
		}
		return origin{kind: policy.Model, names: []string{id}}, nil
	}
	return s.coverers(placeOf(experiment{Location: v.Source})), nil
}

// coverers are the experiments whose place covers another.
func (s *sourcing) coverers(at place) origin {
	from := origin{kind: policy.Experiment}
	for _, p := range s.places {
		if p.covers(at) {
			from.names = append(from.names, p.Name)
		}
	}
	from.lost = len(from.names) == 0
	return from
}

// experimentOf asks which experiment a run or a logged model belongs to. One
// that is gone has no files.
func (s *sourcing) experimentOf(ctx context.Context, path string, query url.Values, member string) (origin, error) {
	key := path + "?" + query.Encode()
	s.mu.Lock()
	from, ok := s.known[key]
	s.mu.Unlock()
	if ok {
		return from, nil
	}
	var answer map[string]struct {
		Info struct {
			Experiment string `json:"experiment_id"`
		} `json:"info"`
	}
	err := s.inv.get(ctx, path, query, &answer)
	name := s.names[answer[member].Info.Experiment]
	switch {
	case isMissing(err), err == nil && name == "": // or it came to be since the experiments were read
		from = origin{empty: true}
	case err != nil:
		return origin{}, fmt.Errorf("read what versions are made from: %w", err)
	default:
		from = origin{kind: policy.Experiment, names: []string{name}}
	}
	s.mu.Lock()
	s.known[key] = from
	s.mu.Unlock()
	return from, nil
}
