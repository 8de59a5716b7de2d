package resolve

import (
	"net/url"
	"path"
	"slices"
	"strings"

	"mlgate/proxy/mlflowapi"
)

// servedPrefix is where MLflow serves its artifact store over HTTP.
const servedPrefix = "api/2.0/mlflow-artifacts/artifacts"

// places gives every path of the served store that a stored location may
// stand for. Clients and servers of different versions read odd ones
// differently (percent-encoded, with "..", with the route in front), so all
// readings count: one owner too many only asks for one right more. A location
// outside the served store has none.
func places(location string) []string {
	scheme, rest, ok := strings.Cut(location, ":")
	if !ok {
		return nil
	}
	if at := strings.IndexAny(rest, "?#"); at >= 0 {
		rest = rest[:at]
	}
	if host, found := strings.CutPrefix(rest, "//"); found {
		_, rest, _ = strings.Cut(host, "/")
	}
	var all []string
	add := func(p string) {
		p = path.Clean("/" + p)[1:]
		if !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	switch strings.ToLower(scheme) {
	case "mlflow-artifacts":
		for range 10 {
			add(rest)
			if _, behind, found := strings.Cut(rest, servedPrefix); found {
				add(behind)
			}
			plain, err := url.PathUnescape(rest)
			if err != nil || plain == rest {
				break
			}
			rest = plain
		}
	case "http", "https":
		if _, behind, found := strings.Cut(rest, "mlflow-artifacts/artifacts"); found {
			return places("mlflow-artifacts:/" + strings.TrimLeft(behind, "/"))
		}
	}
	return all
}

// covers reports whether a path lies at or below a place; "" is the root.
func covers(place, p string) bool {
	return place == "" || (strings.HasPrefix(p, place) && (len(p) == len(place) || p[len(place)] == '/'))
}

// filesAt gives the one path that a model version's files lie at. Unlike
// [places] it grants, so it takes only what can be read in one way, and only
// what lies in a run's or a logged model's artifacts.
func filesAt(uri string) (string, bool) {
	_, p, ok := mlflowapi.ServedPath(uri)
	if !ok {
		return "", false
	}
	_, ok = mlflowapi.ArtifactHolder(p)
	return p, ok
}
