package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestPagesLinkToWhatIsThere(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for _, page := range pages(t) {
		for _, found := range link.FindAllStringSubmatch(readPage(t, page), -1) {
			target, anchor, _ := strings.Cut(found[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			to := page
			if target != "" {
				to = filepath.ToSlash(filepath.Join(filepath.Dir(page), target))
			}
			if _, err := fs.Stat(os.DirFS("../.."), to); err != nil {
				t.Errorf("%s links to %s, which is not there", page, found[1])
			} else if anchor != "" && !slices.Contains(anchors(readPage(t, to)), anchor) {
				t.Errorf("%s links to %s, and %s has no such heading", page, found[1], to)
			}
		}
	}
}

// anchors are the names that GitHub gives to the headings of a page.
func anchors(text string) []string {
	var list []string
	for _, line := range strings.Split(text, "\n") {
		if !strings.HasPrefix(line, "#") {
			continue
		}
		name := strings.ToLower(strings.TrimSpace(strings.TrimLeft(line, "#")))
		name = regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(name, "")
		list = append(list, strings.ReplaceAll(name, " ", "-"))
	}
	return list
}

func TestReadmeNamesWhatANewcomerRuns(t *testing.T) {
	t.Parallel()
	text := readPage(t, "README.md")
	for _, want := range []string{"make demo", "make test", "docs/policy.md", "docs/clients.md", "docs/operator.md", "docs/threat-model.md", "mode: warn"} {
		if !strings.Contains(text, want) {
			t.Errorf("README.md does not name %s", want)
		}
	}
}

// sources is the text of all Go files below the folders, tests left out.
func sources(t *testing.T, folders ...string) string {
	t.Helper()
	var all strings.Builder
	for _, folder := range folders {
		list, err := filepath.Glob(filepath.Join("../..", folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range list {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(data)
		}
	}
	return all.String()
}

func TestOperatorPageNamesTheMetricsAndAuditFieldsOfTheCode(t *testing.T) {
	t.Parallel()
	page, code := readPage(t, "docs/operator.md"), sources(t, "cmd/mlgate", "proxy")
	metric := regexp.MustCompile(`mlgate_[a-z_]+[a-z]`)
	documented := metric.FindAllString(page, -1)
	for _, name := range documented {
		if !strings.Contains(code, `"`+name+`"`) {
			t.Errorf("docs/operator.md names the metric %s, which nobody registers", name)
		}
	}
	for _, found := range regexp.MustCompile(`Name: "(mlgate_\w+)"`).FindAllStringSubmatch(code, -1) {
		if !slices.Contains(documented, found[1]) {
			t.Errorf("docs/operator.md does not name the metric %s", found[1])
		}
	}
	field := regexp.MustCompile(`append(?:Text|Number)\(b, "(\w+)"|,"(\w+)":`)
	fields := field.FindAllStringSubmatch(readPage(t, "proxy/audit.go"), -1)
	if len(fields) < 15 {
		t.Errorf("found %d audit fields in the code, too few to be all", len(fields))
	}
	for _, found := range fields {
		found[1] += found[2]
		if !strings.Contains(page, "`"+found[1]+"`") {
			t.Errorf("docs/operator.md does not name the audit field %s", found[1])
		}
	}
}

func TestPagesNameGoFilesThatAreThere(t *testing.T) {
	t.Parallel()
	name := regexp.MustCompile("`([a-z_/]+\\.go)`")
	for _, page := range pages(t) {
		for _, found := range name.FindAllStringSubmatch(readPage(t, page), -1) {
			_, here := os.Stat(filepath.Join("../..", found[1]))
			_, there := os.Stat(filepath.Join("../../proxy/mlflowapi", found[1]))
			if here != nil && there != nil {
				t.Errorf("%s names %s, which is not there", page, found[1])
			}
		}
	}
}
