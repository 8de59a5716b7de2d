package config

import (
	"fmt"
	"reflect"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// fromEnv gives the value of an environment variable the shape that the same
// value would have in the file.
func (l leaf) fromEnv(text string) any {
	switch l.typ.Kind() {
	case reflect.Int:
		if number, err := strconv.Atoi(text); err == nil {
			return number
		}
	case reflect.Bool: // YAML's two words, and no others
		if text == "true" || text == "false" {
			return text == "true"
		}
	case reflect.Slice:
		if text == "" {
			return []any{}
		}
		items := []any{}
		for item := range strings.SplitSeq(text, ",") {
			items = append(items, strings.TrimSpace(item))
		}
		return items
	}
	return text
}

// isServiceLink matches what Kubernetes puts into every pod beside a Service
// called mlgate or mlgate-something. Nobody wrote these.
func isServiceLink(name string) bool {
	return regexp.MustCompile(`_(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_\d+_(TCP|UDP|SCTP)(_.*)?)?)$`).MatchString(name)
}

// strayEnv looks at the variables that begin with MLGATE_ and set nothing. One
// that is nearly a key, or is a later version's, is refused: its author believes
// that it counts. The names of all others come back for a warning.
func strayEnv(environ []string) (stray []string, problems []error) {
	known := map[string]bool{}
	for _, l := range leaves() {
		known[l.env()] = true
	}
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, envPrefix) || known[name] || isServiceLink(name) {
			continue
		}
		if problem := misspelt(name); problem != nil {
			problems = append(problems, problem)
			continue
		}
		stray = append(stray, name)
	}
	sort.Strings(stray)
	return stray, problems
}

// misspelt refuses a variable within two edits of a known one.
func misspelt(name string) error {
	where := "environment variable " + name
	for _, later := range laterKeys() {
		if name == envName(later) || strings.HasPrefix(name, envName(later)+"_") {
			return &Problem{Where: where, Fault: "it belongs to a later version of mlgate", Remedy: "unset it"}
		}
	}
	for _, l := range leaves() {
		if edits(name, l.env()) <= 2 {
			return &Problem{Where: where, Fault: "unknown", Remedy: fmt.Sprintf("the nearest known one is %s", l.env())}
		}
	}
	return nil
}
