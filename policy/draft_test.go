package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestDraftReadsLikeAPolicy(t *testing.T) {
	t.Parallel()
	got := string(Draft(Inventory{
		Experiments: []Named{
			{"Default", []string{"root"}},
			{"cv/resnet", []string{"bob", "alice"}}, {"cv/secret/x", []string{"alice"}}, {"cv", nil},
			{"CV/vgg", nil}, {"CV/bert", nil},
			{"v1.2/a", []string{"vera"}}, {"v1.2/b", nil},
			{"nlp/one", []string{"carol"}},
			{"/Users/dora/x", []string{"dora"}}, {"/Users/dora/y", []string{"dora"}},
			{"exp-1", []string{"bob"}}, {"exp-2", []string{"bob"}}, {"exp-3", []string{"carol", "bob"}},
			{"a, b #1", []string{"bob"}}, {"model:x", []string{"bob"}}, {"what", nil},
			{"it's 100%", []string{"bob"}}, {"e\u0301", nil}, {" x", nil}, {"two\nlines", nil}, {"*", nil}, {"end/", nil},
		},
		Models: []Named{{"cv.resnet50", []string{"alice"}}, {"credit_scoring", []string{"carol"}}, {"v1", []string{"vera"}}},
	}))
	_, want, _ := strings.Cut(`
# cv/: 2 experiments, 1 model
# check: CV/ is spelt nearly like it; names are compared byte for byte
p, role:cv, cv/*, edit
p, role:cv, experiment:cv, edit
g, user:alice, role:cv
g, user:bob, role:cv
`, "\n")
	for _, part := range []string{
		"# A policy to start from, drafted from 23 experiments and 3 models.\n", want,
		"p, role:CV, CV/*, edit\n# check: no author was recorded; give the role to somebody:\n# g, user:NAME, role:CV\n",
		"# v1.2/: 2 experiments, 0 models\np, role:v1.2, experiment:v1.2/*, edit\ng, user:vera, role:v1.2\n",
		"p, role:/Users, experiment:/Users/*, edit\ng, user:dora, role:/Users\n",
		"\np, user:carol, experiment:nlp/one, edit\n",
		"# check: runs that name no experiment land in this one\np, user:root, experiment:Default, edit\n",
		"# check: 3 names begin with exp-; rename them to exp/…?\np, user:bob, experiment:exp-1, edit\n",
		"\np, user:bob, experiment:exp-3, edit\np, user:carol, experiment:exp-3, edit\n",
		"# check: the name \"a, b #1\" needs quotes\np, user:bob, \"experiment:a, b #1\", edit\n",
		"\np, user:bob, experiment:model:x, edit\n",
		"\np, role:unsorted, experiment:what, edit\n",
		"\np, user:carol, model:credit_scoring, edit\n",
		"# check: 6 names that no pattern can express. Only * covers them; rename them.\n",
		"# experiment it's 100% by bob\n", "# experiment \" x\"\n", "# experiment \"two\\nlines\"\n", "# experiment *\n", "# experiment end/\n",
	} {
		if !strings.Contains(got, part) {
			t.Errorf("the draft has no\n%s\nin\n%s", part, got)
		}
	}
	if _, _, err := Parse("draft.csv", []byte(got)); err != nil {
		t.Error(err)
	}
}

func TestDraftWritesTwoSpellingsOfAModelAlike(t *testing.T) {
	t.Parallel()
	inv := Inventory{Models: []Named{{".x", []string{"alice"}}, {"/x", []string{"bob"}}}}
	draft := Draft(inv)
	checkDraft(t, inv, draft)
	if !strings.Contains(string(draft), "p, user:alice, model:/x, edit\n") {
		t.Errorf("got\n%s", draft)
	}
}

// drawMess draws the names that people give when nobody minds.
func drawMess(t *rapid.T) string {
	if rapid.IntRange(0, 9).Draw(t, "any text") == 0 {
		return rapid.String().Draw(t, "text")
	}
	parts := rapid.SliceOfN(rapid.SampledFrom([]string{
		"cv", "CV", "nlp", "Default", "v1.2", "a.b", "model:", "experiment:cv", "models:/x", "role:x", "unsorted", "x", "y", "z", "résumé", "e\u0301",
		"'", `"`, "%", `\`, ",", "#", "*", " ", ".", "..", "/", "//", "-", "_", "\n", "\u202e", "\u00a0", "p, any", "1", "2",
	}), 1, 5).Draw(t, "parts")
	return strings.Join(parts, rapid.SampledFrom([]string{"/", "/", ".", "-", ""}).Draw(t, "separator"))
}

func drawInventory(t *rapid.T) Inventory {
	named := rapid.Custom(func(t *rapid.T) Named {
		return Named{drawMess(t), rapid.SliceOfN(rapid.SampledFrom([]string{"alice", "bob", "o'brien", `ACME\x`, "a,b", "*", "", "x\ny", "role:cv"}), 0, 3).Draw(t, "authors")}
	})
	return Inventory{rapid.SliceOfN(named, 0, 20).Draw(t, "experiments"), rapid.SliceOfN(named, 0, 20).Draw(t, "models")}
}

func TestDraftParsesAndCoversEveryNameThatCanBeWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		inv := drawInventory(t)
		checkDraft(t, inv, Draft(inv))
	})
}

type failer interface{ Fatalf(string, ...any) }

func checkDraft(t failer, inv Inventory, draft []byte) {
	p, _, err := Parse("draft.csv", draft)
	if err != nil {
		t.Fatalf("%v\n%s", err, draft)
	}
	for k, list := range map[Kind][]Named{Experiment: inv.Experiments, Model: inv.Models} {
		for _, n := range list {
			if !covered(p, k, n.Name) && !strings.Contains(string(draft), fmt.Sprintf("# %s %s", k, quoteShort(n.Name))) {
				t.Fatalf("%s %q is neither covered nor listed\n%s", k, n.Name, draft)
			}
			if res, _, err := parseResource(k.String() + ":" + n.Name); err == nil && res.pattern.shape == exact && !covered(p, k, n.Name) {
				t.Fatalf("%s %q could be covered\n%s", k, n.Name, draft)
			}
			for _, a := range n.Authors {
				if d := p.Rights(user(a)).Decide(Edit, k, n.Name); covered(p, k, n.Name) && checkSubject("user:"+a) == nil && !d.Allow {
					t.Fatalf("%q may not edit %s %q of their own\n%s", a, k, n.Name, draft)
				}
			}
		}
	}
}

// covered reports whether some line lets somebody edit the thing.
func covered(p *Policy, k Kind, name string) bool {
	return slices.ContainsFunc(p.rules, func(r rule) bool {
		return r.kinds.has(k) && r.speaks.has(Edit) && forKind(r.pattern, k).matches(forKind(pattern{exact, name}, k).text)
	})
}

func TestDraftOfFiveHundredMessyNamesIsReadable(t *testing.T) {
	t.Parallel()
	var inv Inventory
	for i := range 500 {
		author := []string{fmt.Sprintf("user%d", i%7)}
		name := fmt.Sprintf([]string{"team%d/run%d", "team%d-test-%d", "notebook %d (%d)", "team%d/a/b%d", "%d.%d"}[i%5], i%12, i)
		if i%3 == 0 {
			inv.Models = append(inv.Models, Named{strings.ReplaceAll(name, "/", "."), author})
		} else {
			inv.Experiments = append(inv.Experiments, Named{name, author})
		}
	}
	draft := Draft(inv)
	checkDraft(t, inv, draft)
	lines := strings.Count(string(draft), "\n")
	if lines > 600 {
		t.Errorf("got %d lines for 500 names", lines)
	}
	if string(draft) != string(Draft(inv)) {
		t.Error("two drafts of one server differ")
	}
}
