package mlflowapi

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"
)

// AdmitSource decides whether a new model version may name its source. Whoever
// may read the model can then load the files there, and the server fetches
// them with its own rights, so the source must be the caller's to read.
// Servers before 3.x take nearly any source: nothing here relies on theirs
// being checked again. The source goes upstream byte for byte as it was read
// here, which is why every spelling that could be read twice is refused.
func (w *World) AdmitSource(ctx context.Context, c *Call) error {
	source := c.args.text("source")
	if isPrompt(c.args) && slices.Contains(promptSources, source) {
		return nil
	}
	scheme, rest, err := splitSource(source)
	if err != nil {
		return err
	}
	switch scheme {
	case "models":
		return w.admitModelSource(ctx, c, rest)
	case "runs":
		return w.admitRunSource(ctx, c, rest)
	case "mlflow-artifacts":
		return w.admitStoreSource(ctx, c, source)
	}
	if scheme != "" && slices.Contains(w.Schemes, scheme) {
		return nil
	}
	return foreignSource(source)
}

func foreignSource(source string) *Refusal {
	return badSource("a model version may not be made from %q: the server would read it with its own rights. Name models:/, runs:/ or mlflow-artifacts:/ of this server; an admin can allow other schemes in upstream.allowed_source_schemes", source)
}

func badSource(format, source string) *Refusal {
	return &Refusal{Answer: Forbidden(format, cut(source)), Rule: "rule: source"}
}

// splitSource cuts a source at its scheme and refuses what could be read in
// more than one way, whatever the scheme.
func splitSource(source string) (scheme, rest string, err error) {
	bad := func(why string) error { return Bad("Invalid model version source: %q: %s", cut(source), why) }
	switch {
	case !utf8.ValidString(source) || hasControl(source):
		return "", "", bad("it is not plain text")
	case strings.TrimSpace(source) != source:
		return "", "", bad("it begins or ends with a blank")
	case hasEscape(source):
		return "", "", bad("it is percent-encoded; write it plainly")
	case strings.ContainsAny(source, `?#\`):
		return "", "", bad("it holds one of ? # \\")
	}
	scheme, rest, found := strings.Cut(source, ":")
	if !found {
		scheme, rest = "", source
	}
	for seg := range strings.SplitSeq(rest, "/") {
		if seg == "." || seg == ".." {
			return "", "", bad("it has a segment " + seg)
		}
	}
	if found && !plainScheme(scheme) {
		if strings.ContainsAny(scheme, "/ ") { // a path with a colon in it
			return "", source, nil
		}
		return "", "", bad("its scheme is not in lower case")
	}
	return scheme, rest, nil
}

func plainScheme(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (i == 0 || !strings.ContainsRune("0123456789+-.", rune(c))) {
			return false
		}
	}
	return s != ""
}

// admitModelSource takes models:/<logged model>, models:/name/version-or-stage
// and models:/name@alias. A logged model gets a tag of what was registered
// from it, so it must be the caller's to edit.
func (w *World) admitModelSource(ctx context.Context, c *Call, rest string) error {
	path, ok := strings.CutPrefix(rest, "/")
	segs := strings.Split(path, "/")
	if !ok || segs[0] == "" || strings.Contains(path, ";") || len(segs) > 2 {
		return Bad("Invalid model version source: write models:/<model id>, models:/<name>/<version> or models:/<name>@<alias>")
	}
	at := strings.LastIndexByte(segs[0], '@')
	switch {
	case len(segs) == 2 && (validVersion(segs[1]) || isWord(segs[1])):
		return w.admitModelName(ctx, c, segs[0])
	case len(segs) == 1 && at > 0 && at+1 < len(path):
		return w.admitModelName(ctx, c, path[:at])
	case len(segs) == 1 && ValidLoggedModelID(path):
		m, err := w.Names.LoggedModel(ctx, path)
		return w.admitHolder(ctx, c, Holder{ID: path, IsLoggedModel: true}, m.ExperimentID, Edit, err)
	}
	return Bad("Invalid model version source: %q names neither a logged model's id, nor a version, nor an alias", cut(path))
}

func isWord(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return (r|0x20) < 'a' || (r|0x20) > 'z' })
}

func (w *World) admitModelName(ctx context.Context, c *Call, name string) error {
	if strings.TrimSpace(name) != name {
		return Bad("Invalid model version source: the model's name begins or ends with a blank")
	}
	c.concerns(Read, Model, name)
	if r := w.Judge.Judge(Read, Model, name); r != nil {
		return r
	}
	return w.sameModel(ctx, name)
}

// sameModel answers as for a name that does not exist where the store would
// take another's for it.
func (w *World) sameModel(ctx context.Context, name string) error {
	same, err := w.Names.SameModel(ctx, name)
	if err == nil && !same {
		err = NoModel(name)
	}
	return err
}

func (w *World) admitRunSource(ctx context.Context, c *Call, rest string) error {
	path, ok := strings.CutPrefix(rest, "/")
	id, below, more := strings.Cut(path, "/")
	if !ok || !ValidRunID(id) {
		return Bad("Invalid model version source: write runs:/<run id>/<path>")
	}
	if more {
		if _, err := CleanArtifactPath(below); err != nil {
			return err
		}
	}
	run, err := w.Names.Run(ctx, id)
	return w.admitHolder(ctx, c, Holder{ID: id}, run.ExperimentID, Read, err)
}

// admitHolder decides about a run or logged model by its experiment's name;
// unknown and invisible are answered alike.
func (w *World) admitHolder(ctx context.Context, c *Call, h Holder, experiment string, a Action, err error) error {
	if err != nil {
		return h.orMissing(err)
	}
	e, err := w.Names.Experiment(ctx, experiment)
	if err != nil {
		return h.orMissing(err)
	}
	c.concerns(a, Experiment, e.Name)
	if r := w.Judge.Judge(Read, Experiment, e.Name); r != nil && e.ID != "0" {
		return h.unseen(r)
	}
	if r := w.Judge.Judge(a, Experiment, e.Name); r != nil {
		return r
	}
	return nil
}

// admitStoreSource takes a URI of the served store. A host in it must be the
// one in the owners' own locations: readers' clients send it their passwords.
func (w *World) admitStoreSource(ctx context.Context, c *Call, source string) error {
	host, path, ok := ServedPath(source)
	if !ok {
		return Bad("Invalid model version source: %q is no plain path of the artifact store", cut(source))
	}
	holder, ok := ArtifactHolder(path)
	if !ok {
		return badSource("a model version may not be made from %q: it lies in no run's or logged model's artifacts", source)
	}
	o, err := w.ownersOf(ctx, c, path)
	if err != nil {
		return err
	}
	for _, e := range o.all {
		if at, _, _ := ServedPath(e.ArtifactLocation); at != host && !o.hidden {
			return foreignSource(source)
		}
	}
	err = w.admitRead(ctx, c, o, path, func(r *Refusal) error { return holder.unseen(r) })
	if o.hidden && host != "" && err == nil {
		return foreignSource(source)
	}
	return err
}
