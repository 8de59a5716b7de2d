package main

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
)

// place is where an experiment's artifacts lie, in a form that can be compared.
type place struct {
	experiment
	store string // scheme and host; "" for the store that MLflow serves
	path  string // cleaned, without a slash at the end
}

// placeOf reads an artifact location. All forms of mlflow-artifacts: count as the
// store that MLflow serves, whatever host they name: to take one for foreign
// would be to overlook an overlap.
func placeOf(e experiment) place {
	u, err := url.Parse(e.Location)
	if err != nil {
		return place{experiment: e, store: "unreadable", path: e.Location}
	}
	p := place{experiment: e, path: strings.TrimSuffix(path.Clean("/"+u.Path), "/")}
	switch u.Scheme {
	case "mlflow-artifacts":
		p.path = strings.TrimPrefix(p.path, servedRoot)
	case "":
		p.store = "file://"
	default:
		p.store = u.Scheme + "://" + u.Host
	}
	return p
}

// servedRoot is what MLflow puts before the path of a full URL to its store.
const servedRoot = "/api/2.0/mlflow-artifacts/artifacts"

// usual reports whether the place is the one that MLflow gives by itself.
func (p place) usual() bool { return p.store == "" && p.path == "/"+p.ID }

// served reports whether mlgate sees what is written there.
func (p place) served() bool { return p.store == "" }

// covers reports whether q lies at or below p.
func (p place) covers(q place) bool {
	return p.store == q.store && (p.path == q.path || strings.HasPrefix(q.path, p.path+"/"))
}

func (p place) String() string {
	return fmt.Sprintf("experiment %s %q at %s", p.ID, p.Name, p.Location)
}

// overlap is two experiments that share a place: whoever may change the outer
// one's artifacts changes the inner one's.
type overlap struct{ outer, inner place }

// overlaps finds all pairs where one place covers another. Sorted by path with
// "/" below everything, whatever covers a place stands before it and is still
// open, so that thousands of experiments are compared in one pass.
func overlaps(places []place) []overlap {
	ordered := slices.Clone(places)
	slices.SortStableFunc(ordered, func(a, b place) int {
		return strings.Compare(sortKey(a), sortKey(b))
	})
	var found []overlap
	var open []place
	for _, p := range ordered {
		for len(open) > 0 && !open[len(open)-1].covers(p) {
			open = open[:len(open)-1]
		}
		for _, outer := range open {
			found = append(found, overlap{outer, p})
		}
		open = append(open, p)
	}
	return found
}

func sortKey(p place) string {
	return p.store + "\x00" + strings.ReplaceAll(p.path, "/", "\x01")
}
