package mlflowapi

import (
	"context"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// trimsUnderTest cover what rows do: items of lists, members, lists in lists,
// names below the object, and the tag that lists versions.
var trimsUnderTest = []Trim{
	{At: "runs[].inputs.model_inputs[]", By: "model_id", Is: "logged_model"},
	{At: "runs[].data.metrics[]", By: "model_id", Is: "logged_model", Drop: "model_id"},
	{At: "models[]", By: "info.experiment_id", Is: "experiment"},
	{At: "models[]", By: "info.source_run_id", Is: "run", Drop: "source_run_id"},
	{At: "models[].info.tags[]", By: "key", Is: "model_versions_tag"},
	{At: "versions[]", By: "name", Is: "model"},
	{At: "versions[]", By: "run_id", Is: "run", Drop: "run_id run_link"},
}

func trimmed(t testing.TB, answer string) (string, error) {
	t.Helper()
	rules, err := compileTrims(trimsUnderTest)
	if err != nil {
		t.Fatal(err)
	}
	out, err := teamWorld().trim(context.Background(), rules, []byte(answer))
	return string(out), err
}

// compact takes the blanks out, so that pretty-printed answers compare.
func compact(t testing.TB, s string) string {
	t.Helper()
	v := jsontext.Value(s)
	if err := v.Compact(); err != nil {
		t.Fatalf("%v: %s", err, s)
	}
	return string(v)
}

// pretty is how MLflow prints.
func pretty(t testing.TB, s string) string {
	t.Helper()
	v := jsontext.Value(s)
	if err := v.Indent(jsontext.WithIndent("  ")); err != nil {
		t.Fatalf("%v: %s", err, s)
	}
	return string(v) + "\n"
}

func TestTrimTakesOutWhatIsNotVisible(t *testing.T) {
	t.Parallel()
	for name, q := range map[string]struct{ answer, want string }{
		"first":                   {`{"versions":[{"name":"nlp.a"},{"name":"cv.b"},{"name":"cv.c"}],"n":1}`, `{"versions":[{"name":"cv.b"},{"name":"cv.c"}],"n":1}`},
		"middle":                  {`{"versions":[{"name":"cv.a"},{"name":"nlp.b"},{"name":"cv.c"}]}`, `{"versions":[{"name":"cv.a"},{"name":"cv.c"}]}`},
		"last":                    {`{"n":1,"versions":[{"name":"cv.a"},{"name":"cv.b"},{"name":"nlp.c"}]}`, `{"n":1,"versions":[{"name":"cv.a"},{"name":"cv.b"}]}`},
		"all":                     {`{"versions":[{"name":"nlp.a"},{"name":"nlp.b"}],"n":[1]}`, `{"n":[1]}`},
		"all, and nothing beside": {`{"versions":[{"name":"nlp.a"},{"name":"nlp.b"}]}`, `{}`},
		"escaped":                 {`{"versions":[{"n\u0061me":"\u006elp.a"},{"name":"cv.b"}]}`, `{"versions":[{"name":"cv.b"}]}`},
		"first member":            {`{"versions":[{"run_id":"` + theirsRun + `","name":"cv.a","run_link":"x"}]}`, `{"versions":[{"name":"cv.a"}]}`},
		"middle member":           {`{"versions":[{"name":"cv.a","run_id":"` + theirsRun + `","run_link":"x","v":[{"a":1}]}]}`, `{"versions":[{"name":"cv.a","v":[{"a":1}]}]}`},
		"only member":             {`{"runs":[{"data":{"metrics":[{"model_id":"` + theirsModel + `"}]}}]}`, `{"runs":[{"data":{"metrics":[{}]}}]}`},
		"nested": {
			`{"runs":[{"inputs":{"model_inputs":[{"model_id":"` + theirsModel + `"},{"model_id":"` + mineModel + `"}]}},{"inputs":{}},{"inputs":{"model_inputs":[{"model_id":"` + theirsModel + `"}]}}]}`,
			`{"runs":[{"inputs":{"model_inputs":[{"model_id":"` + mineModel + `"}]}},{"inputs":{}},{"inputs":{}}]}`,
		},
		"by a name below": {
			`{"models":[{"info":{"experiment_id":"2","name":"x"}},{"info":{"experiment_id":"1","name":"y"}},{"info":{"experiment_id":"77"}}]}`,
			`{"models":[{"info":{"experiment_id":"1","name":"y"}}]}`,
		},
		"the tag": {
			`{"models":[{"info":{"experiment_id":"1","tags":[{"key":"a","value":"b"},{"key":"mlflow.modelVersions","value":"[{\"name\": \"nlp.x\", \"version\": 1}, {\"name\": \"cv.x\", \"version\": \"2\", \"z\": {\"more\": [1]}}]"}]}}]}`,
			`{"models":[{"info":{"experiment_id":"1","tags":[{"key":"a","value":"b"},{"key":"mlflow.modelVersions","value":"[{\"name\": \"cv.x\", \"version\": \"2\", \"z\": {\"more\": [1]}}]"}]}}]}`,
		},
		"a tag that cannot be read": {
			`{"models":[{"info":{"experiment_id":"1","tags":[{"key":"mlflow.modelVersions","value":"[{\"name\": \"nlp.x\", \"name\": \"cv.x\"}]"},{"key":"a"}]}}]}`,
			`{"models":[{"info":{"experiment_id":"1","tags":[{"key":"a"}]}}]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, form := range []string{q.answer, pretty(t, q.answer)} {
				got, err := trimmed(t, form)
				want := q.want
				if form != q.answer {
					want = pretty(t, want)
					got += "\n"
				}
				if err != nil || got != want { // in MLflow's own layout
					t.Errorf("got  %s %v\nwant %s", got, err, want)
				}
			}
		})
	}
}

func TestAnswersWithNothingToHidePassByteForByte(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{
		`{}`, "{ }\n", `null`, `[]`, `"x"`,
		`{"versions" : [ {"name": "cv.\u0061", "x": 1.50E+3} ] , "t":"\/"}`,
		pretty(t, `{"versions":[{"name":"cv.a"}],"runs":[{"data":{"metrics":[{"key":"m"},{"key":"n","model_id":"`+mineModel+`"}]}}]}`),
		`{"versions":null,"runs":{"data":1}}`,
	} {
		if got, err := trimmed(t, answer); err != nil || got != answer {
			t.Errorf("%q became %q, %v", answer, got, err)
		}
	}
}

func TestAnswersThatCannotBeReadAreNotGiven(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{``, `{`, `{"versions":[{"name":"nlp.a"}`, `<html>`, `{"versions":[],"versions":[{"name":"nlp.a"}]}`, `{}{"versions":[{"name":"nlp.a"}]}`, `{"x":NaN}`} {
		if got, err := trimmed(t, answer); err == nil {
			t.Errorf("%q became %q", answer, got)
		}
	}
}

func TestTaggedVersionsKeepWhatIsNotKnown(t *testing.T) {
	t.Parallel()
	const s = `[{"name":"a","version":1,"x":{"y":[1,2]}},{"name":"b","version":"2","extra":null,"z":1e3}]`
	vs := parseTaggedVersions(s)
	if len(vs) != 2 || vs[0].Name != "a" {
		t.Fatalf("read %+v", vs)
	}
	if b, err := json.Marshal(vs); err != nil || string(b) != s {
		t.Errorf("got  %s %v\nwant %s", b, err, s)
	}
}

// FuzzTrim: what comes out is JSON, and names nothing that is not visible
// where rows say it would.
func FuzzTrim(f *testing.F) {
	f.Add([]byte(`{"versions":[{"name":"nlp.a","run_id":"` + theirsRun + `"},{"name":"cv.b","run_id":"` + theirsRun + `"}]}`))
	f.Add([]byte(`{"models":[{"info":{"experiment_id":"1","tags":[{"key":"mlflow.modelVersions","value":"[{\"name\":\"nlp.x\"}]"}]}}]}`))
	f.Add([]byte(" {\n \"runs\" : [ {\"inputs\":{\"model_inputs\":[{\"model_id\":\"" + theirsModel + "\"} , {}]}} ] }\n"))
	rules, err := compileTrims(trimsUnderTest)
	if err != nil {
		f.Fatal(err)
	}
	w := teamWorld()
	f.Fuzz(func(t *testing.T, body []byte) {
		out, err := w.trim(context.Background(), rules, body)
		if err != nil {
			return
		}
		var got struct {
			Versions []struct{ Name, RunID string } `json:"versions"`
		}
		if jsontext.Value(body).IsValid() && !jsontext.Value(out).IsValid() {
			t.Fatalf("%s became %s", body, out)
		}
		again, err := w.trim(context.Background(), rules, out)
		if err != nil || string(again) != string(out) {
			t.Fatalf("not stable: %s then %s, %v", out, again, err)
		}
		if json.Unmarshal(out, &got) != nil {
			return
		}
		for _, v := range got.Versions {
			if v.Name != "" && !strings.HasPrefix(strings.ReplaceAll(v.Name, ".", "/"), "cv/") {
				t.Fatalf("%s became %s", body, out)
			}
		}
	})
}
