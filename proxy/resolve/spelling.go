package resolve

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"mlgate/proxy/mlflowapi"
)

// spellingAge is how long it counts how the store compares names: it changes
// when MLflow moves to another database.
const spellingAge = 10 * time.Minute

// errNoModel: nothing is registered that the store could be tried with.
var errNoModel = errors.New("no registered model has a letter in its name")

// SameModel reports whether MLflow, asked for a registered model by name, acts on
// the model of this very name. MySQL, MariaDB and SQL Server compare names without
// case, accents and blanks at the end: asked for CV.x, they change cv.x, which
// the policy may give to another team. A store that was seen to compare by bytes
// is not asked about each name.
func (r *Resolver) SameModel(ctx context.Context, name string) (bool, error) {
	loose, err := r.loose.get(ctx, "")
	if err == nil && !loose {
		return true, nil
	}
	if err != nil && !errors.Is(err, errNoModel) {
		return false, err
	}
	stored, err := r.storedModel(ctx, name)
	return stored == "" || stored == name, err
}

// storedModel gives the name of the model that MLflow finds by a name, "" for
// none. A name that MLflow cannot read finds none either.
func (r *Resolver) storedModel(ctx context.Context, name string) (string, error) {
	var a struct {
		Model struct {
			Name string `json:"name"`
		} `json:"registered_model"`
	}
	err := r.ask(ctx, "registered-models/get", url.Values{"name": {name}}, &a)
	if isRefusal(err) {
		return "", nil
	}
	return a.Model.Name, err
}

// askLoose tries one model's name in other spellings.
func (r *Resolver) askLoose(ctx context.Context, _ string) (bool, error) {
	var a struct {
		Models []struct {
			Name string `json:"name"`
		} `json:"registered_models"`
	}
	if err := r.ask(ctx, "registered-models/search", url.Values{"max_results": {"100"}}, &a); isRefusal(err) {
		return true, errNoModel
	} else if err != nil {
		return true, err
	}
	for _, m := range a.Models {
		others := respelt(m.Name)
		if others == nil {
			continue
		}
		for _, other := range others {
			stored, err := r.storedModel(ctx, other)
			if err != nil || (stored != "" && stored != other) {
				return true, err
			}
		}
		// Whoever deletes it meanwhile would make any store look strict.
		if stored, err := r.storedModel(ctx, m.Name); stored == m.Name || err != nil {
			return err != nil, err
		}
	}
	return true, errNoModel
}

// respelt gives the spellings of a name that a loose store takes for the same:
// letters in the other case, an accent, a blank or nothing visible at the end.
// Without letters a name tells nothing.
func respelt(name string) []string {
	other := strings.Map(func(c rune) rune {
		switch {
		case c > unicode.MaxASCII:
			return c
		case unicode.IsUpper(c):
			return unicode.ToLower(c)
		default:
			return unicode.ToUpper(c)
		}
	}, name)
	if other == name {
		return nil
	}
	i := strings.IndexFunc(name, func(c rune) bool { return c <= unicode.MaxASCII && unicode.IsLetter(c) })
	accented := name[:i+1] + "\u0301" + name[i+1:]
	return slices.Compact([]string{other, accented, name + " ", name + "\u200b"})
}

var _ mlflowapi.Names = (*Resolver)(nil)
