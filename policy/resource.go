package policy

import (
	"errors"
	"fmt"
	"strings"
)

// resource is the third field of a p line, read.
type resource struct {
	kinds   kindSet
	pattern pattern
}

// parseResource reads "[kind:]pattern". note is a doubt that is no fault.
func parseResource(s string) (r resource, note string, err error) {
	rest := s
	r.kinds = kindless
	if word, tail, ok := strings.Cut(s, ":"); ok {
		if k, kerr := ParseKind(word); kerr == nil {
			r.kinds, rest = 1<<k, tail
		} else if note, err = strayKind(word, tail); err != nil {
			return resource{}, "", err
		}
	}
	if r.pattern, err = parsePattern(rest); err != nil {
		return resource{}, "", err
	}
	if note == "" && hasEmptySegment(r.pattern) {
		note = fmt.Sprintf("pattern %q has an empty segment: it can only match things that were there before, as no new name may have one", s)
	}
	return r, note, nil
}

func hasEmptySegment(p pattern) bool {
	return strings.HasPrefix(p.text, "/") || strings.Contains(p.text, "//")
}

// strayKind judges a word before the first ':' that is no kind. Names may hold
// colons, so only words that were clearly meant as a kind are refused: a line
// that denies would else match nothing, and nobody would notice.
func strayKind(word, tail string) (note string, err error) {
	if word == "" || strings.Trim(strings.ToLower(word), "abcdefghijklmnopqrstuvwxyz_-") != "" {
		return "", nil
	}
	if k, ok := meantKind(word); ok {
		return "", fmt.Errorf("unknown kind %q: write %s:%s; if the name really begins with %q, write experiment:%s:%s", word, k, tail, word+":", word, tail)
	}
	switch strings.ToLower(word) {
	case "user", "group", "role":
		return "", fmt.Errorf("unknown kind %q: that is a subject; the fields are p, subject, resource, action", word)
	}
	return fmt.Sprintf("%q before the ':' is no kind (%s), so it is read as part of the name", word, kindWords), nil
}

// meantKind guesses the kind behind a word: another case, a plural, a slip of
// the fingers, or MLflow's word for a thing that follows one of ours.
func meantKind(word string) (Kind, bool) {
	w := strings.ToLower(word)
	for _, k := range kinds() {
		d := distance(w, k.String())
		if d <= 1 || d == 2 && w[0] == k.String()[0] {
			return k, true
		}
	}
	switch strings.TrimSuffix(strings.ReplaceAll(w, "-", "_"), "s") {
	case "run", "trace", "artifact", "logged_model", "scorer":
		return Experiment, true
	case "registered_model", "model_version", "prompt", "version":
		return Model, true
	case "endpoint", "route":
		return Gateway, true
	}
	return 0, false
}

// distance counts the edits (insert, remove, replace, swap two neighbours) that
// turn a into b. Both are short ASCII words.
func distance(a, b string) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		for j := range d[i] {
			d[i][j] = max(i, j)
			if i == 0 || j == 0 {
				continue
			}
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}

// ParseResource reads what `policy explain` and the tests of a policy ask about:
// one name, with or without its kind. It returns the kinds that are asked, all
// of which must agree. With Admin the name may be "*", which is returned as ""
// and stands for the server as a whole.
func ParseResource(a Action, s string) (list []Kind, name string, err error) {
	set, name := kindless, s
	if word, tail, ok := strings.Cut(s, ":"); ok {
		if k, kerr := ParseKind(word); kerr == nil {
			set, name = 1<<k, tail
		} else if _, err := strayKind(word, tail); err != nil {
			return nil, "", err
		}
	}
	if err := askable(a, set, name); err != nil {
		return nil, "", err
	}
	if name == "*" {
		set, name = allKinds, ""
	}
	for _, k := range kinds() {
		if set.has(k) {
			list = append(list, k)
		}
	}
	return list, name, nil
}

func askable(a Action, set kindSet, name string) error {
	switch {
	case name == "":
		return errors.New("the resource has no name: write [kind:]name")
	case a == Use && set != 1<<Gateway:
		return fmt.Errorf("use is asked of gateways: write gateway:%s", name)
	case name == "*" && (a != Admin || set != kindless):
		return errors.New("* is no name: ask about one thing, or about admin on *")
	case strings.HasSuffix(name, "/*"):
		return fmt.Errorf("%q is a pattern: ask about one name, like %sx", name, strings.TrimSuffix(name, "*"))
	}
	return nil
}
