package mlflowapi

import (
	"cmp"
	"embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// recorded are the routes of each MLflow release that mlgate was tested against,
// one file a release, as testdata/dump_routes.py lists them. A row belongs to the
// releases whose file has its route: no row says so itself.
//
//go:embed routes/*.txt
var recorded embed.FS

// release is one recorded release of MLflow.
type release struct {
	version string
	routes  map[string]bool // "GET /path/*": a template as outline writes it
}

// Releases are the recorded versions of MLflow, oldest first.
func (t *Table) Releases() []string {
	var list []string
	for _, r := range t.releases {
		list = append(list, r.version)
	}
	return list
}

// For gives the rows that a version of MLflow has, and the recorded release that
// they are taken from. It is another one than the version where that is not
// recorded: the nearest before it, since a row that was never tried against an
// older MLflow may read a call otherwise than that does. What can't be read as a
// version gets the newest rows.
func (t *Table) For(version string) (*Table, string) {
	at := t.releases[len(t.releases)-1]
	if parts := versionParts(version); parts != nil {
		for _, r := range slices.Backward(t.releases) {
			if at = r; slices.Compare(versionParts(r.version), parts) <= 0 {
				break
			}
		}
	}
	return t.of(at), at.version
}

// of keeps the rows that a release has, and of these the addresses that it has.
func (t *Table) of(r release) *Table {
	kept := &Table{root: &node{}, releases: t.releases, at: r.version}
	for _, e := range t.rows {
		var paths []string
		for _, p := range e.Paths {
			if e.Since == "" || r.has(e, p) {
				paths = append(paths, p)
			}
		}
		switch {
		case len(paths) == 0:
			continue
		case len(paths) < len(e.Paths):
			fewer := *e
			fewer.Paths = paths
			e = &fewer
		}
		kept.rows = append(kept.rows, e)
		for _, p := range paths {
			// It fitted into the larger table, so it fits here.
			_ = kept.root.add(p, route{e, p})
		}
	}
	return kept
}

// has reports whether a release answers a row at an address, by any method: one
// that it does not know it refuses itself.
func (r release) has(e *Endpoint, path string) bool {
	return slices.ContainsFunc(e.Methods, func(m string) bool { return r.answers(e, m, path) })
}

func (r release) answers(e *Endpoint, method, path string) bool {
	at := method + " " + outline(path)
	if r.routes[at] {
		return true
	}
	tree, isTree := strings.CutSuffix(at, "**")
	if !isTree || e.Open() && !e.ServerWide() { // what is the same for every address below may stand for a whole tree
		return false
	}
	for have := range r.routes {
		if strings.HasPrefix(have, tree) {
			return true
		}
	}
	return false
}

// date reads the recorded releases and writes into each row which is the first
// that has it.
func (t *Table) date() error {
	files, err := recorded.ReadDir("routes")
	if err != nil {
		return fmt.Errorf("read recorded routes: %w", err)
	}
	for _, f := range files {
		text, err := recorded.ReadFile("routes/" + f.Name())
		if err != nil {
			return fmt.Errorf("read recorded routes: %w", err)
		}
		r := release{strings.TrimSuffix(f.Name(), ".txt"), map[string]bool{}}
		for line := range strings.Lines(string(text)) {
			r.routes[outline(strings.TrimSpace(line))] = true
		}
		t.releases = append(t.releases, r)
	}
	slices.SortFunc(t.releases, func(a, b release) int {
		return cmp.Or(slices.Compare(versionParts(a.version), versionParts(b.version)), strings.Compare(a.version, b.version))
	})
	for _, e := range t.rows {
		for _, r := range slices.Backward(t.releases) {
			if slices.ContainsFunc(e.Paths, func(p string) bool { return r.has(e, p) }) {
				e.Since = r.version
			}
		}
	}
	return nil
}

// outline is a template without the names of its parameters, which differ from
// release to release.
func outline(template string) string {
	segs := strings.Split(template, "/")
	for i, s := range segs {
		switch {
		case strings.Contains(s, "...}"):
			segs[i] = "**"
		case strings.Contains(s, "{"):
			segs[i] = "*"
		}
	}
	return strings.Join(segs, "/")
}

// versionParts reads 3.17.2 and 3.18.0rc1 as numbers, and nil out of what is no
// version.
func versionParts(version string) []int {
	var parts []int
	for part := range strings.SplitSeq(version, ".") {
		digits := strings.IndexFunc(part+"x", func(r rune) bool { return r < '0' || r > '9' })
		n, err := strconv.Atoi(part[:digits])
		if err != nil {
			break
		}
		parts = append(parts, n)
	}
	return parts
}

// Has reports whether a route of MLflow's, written as in the recorded lists, has
// a row that was written for it, and not one whose parameter happens to match.
func (t *Table) Has(method, template string) bool {
	for _, e := range t.rows {
		for _, p := range e.Paths {
			r := release{routes: map[string]bool{method + " " + outline(template): true}}
			if e.has(method) && r.answers(e, method, p) {
				return true
			}
		}
	}
	return false
}
