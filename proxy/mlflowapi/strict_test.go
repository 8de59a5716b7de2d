package mlflowapi

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

// readAt reads a request against the table's own row.
func readAt(table *Table, method, path, query, contentType, body string) (*Call, error) {
	m, _ := table.Find(method, path)
	if m.Endpoint == nil {
		return nil, errors.New("no row for " + method + " " + path)
	}
	in := Incoming{Method: method, Query: query, ContentType: contentType}
	if body != "" {
		in.Body = []byte(body)
	}
	return m.Read(in)
}

func postTo(t testing.TB, path, body string) (*Call, error) {
	t.Helper()
	return readAt(newTestTable(t), "POST", "/api/2.0/mlflow/"+path, "", "application/json", body)
}

func utf16Of(s string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

// Each of these reads as one thing to somebody and as another to MLflow.
func TestBodiesThatReadInTwoWaysAreRefused(t *testing.T) {
	t.Parallel()
	const update, log = "experiments/update", "runs/log-metric"
	for name, q := range map[string]struct{ path, body string }{
		"duplicate key":             {update, `{"experiment_id":"1","experiment_id":"2","new_name":"x"}`},
		"duplicate by escape":       {update, `{"experiment_id":"1","\u0065xperiment_id":"2","new_name":"x"}`},
		"duplicate in an unknown":   {update, `{"experiment_id":"1","new_name":"x","o":{"a":1,"a":2}}`},
		"case twin":                 {update, `{"experiment_id":"1","EXPERIMENT_ID":"2","new_name":"x"}`},
		"case twin alone":           {update, `{"Experiment_id":"2","new_name":"x"}`},
		"camelCase":                 {update, `{"experimentId":"2","new_name":"x"}`},
		"camelCase beside":          {update, `{"experiment_id":"1","experimentId":"2","new_name":"x"}`},
		"hyphens":                   {update, `{"experiment-id":"2","experiment_id":"1","new_name":"x"}`},
		"camelCase nested":          {"runs/log-batch", `{"run_id":"` + mineRun + `","metrics":[{"key":"a","modelId":"` + theirsModel + `"}]}`},
		"double-encoded":            {update, `"{\"experiment_id\":\"2\",\"new_name\":\"x\"}"`},
		"UTF-16":                    {update, utf16Of(`{"experiment_id":"2","new_name":"x"}`)},
		"UTF-16 with mark":          {update, utf16Of("\ufeff" + `{"experiment_id":"2","new_name":"x"}`)},
		"byte order mark":           {update, "\ufeff" + `{"experiment_id":"2","new_name":"x"}`},
		"bad UTF-8":                 {update, "{\"experiment_id\":\"2\",\"new_name\":\"\xff\"}"},
		"lone surrogate":            {update, `{"experiment_id":"2","new_name":"\ud800"}`},
		"trailing object":           {update, `{"experiment_id":"1","new_name":"x"}{"experiment_id":"2"}`},
		"trailing garbage":          {update, `{"experiment_id":"1","new_name":"x"} x`},
		"NaN":                       {log, `{"run_id":"` + mineRun + `","key":"m","value":NaN}`},
		"Infinity":                  {log, `{"run_id":"` + mineRun + `","key":"m","value":-Infinity}`},
		"not JSON":                  {update, `experiment_id=1`},
		"a list":                    {update, `[{"experiment_id":"1"}]`},
		"cut short":                 {update, `{"experiment_id":"1"`},
		"run_id and run_uuid":       {log, `{"run_id":"` + mineRun + `","run_uuid":"` + theirsRun + `","key":"m","value":1}`},
		"run_uuid and runId":        {log, `{"run_uuid":"` + mineRun + `","runId":"` + theirsRun + `","key":"m","value":1}`},
		"no id":                     {update, `{"new_name":"x"}`},
		"null id":                   {update, `{"experiment_id":null,"new_name":"x"}`},
		"empty id":                  {update, `{"experiment_id":"","new_name":"x"}`},
		"id a number":               {update, `{"experiment_id":2,"new_name":"x"}`},
		"id a bool":                 {update, `{"experiment_id":true,"new_name":"x"}`},
		"id a list":                 {update, `{"experiment_id":["2"],"new_name":"x"}`},
		"id an object":              {update, `{"experiment_id":{"x":"2"},"new_name":"x"}`},
		"ids not in a list":         {"runs/search", `{"experiment_ids":"2"}`},
		"ids a list of numbers":     {"runs/search", `{"experiment_ids":[2]}`},
		"ids a list with null":      {"runs/search", `{"experiment_ids":["1",null]}`},
		"ids in lists":              {"runs/search", `{"experiment_ids":[["2"]]}`},
		"version with zero":         {"model-versions/transition-stage", `{"name":"cv.m","version":"01","stage":"Production"}`},
		"version with blanks":       {"model-versions/transition-stage", `{"name":"cv.m","version":" 1 ","stage":"Production"}`},
		"nested much too deep":      {update, `{"experiment_id":"1","new_name":"x","o":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`},
		"list of tags, no objects":  {"runs/log-batch", `{"run_id":"` + mineRun + `","tags":["x"]}`},
		"tags an object, no list":   {"runs/log-batch", `{"run_id":"` + mineRun + `","tags":{"key":"a"}}`},
		"plain field holds objects": {log, `{"run_id":"` + mineRun + `","key":{"run_id":"x"},"value":1}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := postTo(t, q.path, q.body)
			wantBad(t, err)
		})
	}
}

func TestIDsHaveOneSpelling(t *testing.T) {
	t.Parallel()
	for _, id := range []string{" 2", "2 ", "+2", "-2", "02", "00", "0_2", "٢", "2\n", "2\x00", "0x2", "2.0", "1e1", "２", "99999999999999999999", strings.Repeat("1", 20)} {
		if _, err := postTo(t, "experiments/delete", `{"experiment_id":`+string(newString(id).appendJSON(nil))+`}`); err == nil {
			t.Errorf("experiment %q is taken", id)
		}
		if _, err := postTo(t, "runs/search", `{"experiment_ids":["1",`+string(newString(id).appendJSON(nil))+`]}`); err == nil {
			t.Errorf("experiment %q is taken in a list", id)
		}
	}
	for _, id := range []string{strings.ToUpper("abcdef" + mineRun[6:]), mineRun[1:], mineRun + "1", " " + mineRun, mineRun[:31] + "g", mineRun[:8] + "-1111-1111-1111-111111111111"} {
		if _, err := postTo(t, "runs/delete", `{"run_id":"`+id+`"}`); err == nil {
			t.Errorf("run %q is taken", id)
		}
	}
	for _, id := range []string{"0", "2", "1234567890123456789"} {
		if _, err := postTo(t, "experiments/delete", `{"experiment_id":"`+id+`"}`); err != nil {
			t.Errorf("experiment %q: %v", id, err)
		}
	}
}

func TestWhatIsReadIsWrittenAnew(t *testing.T) {
	t.Parallel()
	for name, q := range map[string]struct{ path, body, want string }{
		"escaped key and id": {"experiments/update", ` { "\u0065xperiment_id" : "\u0032" , "new_name" : "a\/\u00e4" } `, `{"experiment_id":"2","new_name":"a/ä"}`},
		"unknown fields":     {"experiments/update", `{"experiment_id":"2","x":{"experiment_id":"3"},"new_name":"a","zz":[1,null]}`, `{"experiment_id":"2","new_name":"a"}`},
		"null falls to uuid": {"runs/log-metric", `{"run_id":null,"run_uuid":"` + mineRun + `","key":"m","value":1}`, `{"run_id":"` + mineRun + `","key":"m","value":1}`},
		"empty falls too":    {"runs/log-metric", `{"run_id":"","run_uuid":"` + mineRun + `","key":"m","value":1}`, `{"run_id":"` + mineRun + `","key":"m","value":1}`},
		"both alike":         {"runs/log-metric", `{"run_uuid":"` + mineRun + `","run_id":"` + mineRun + `","key":"m","value":"NaN","step":12345678901234567890}`, `{"run_id":"` + mineRun + `","key":"m","value":"NaN","step":12345678901234567890}`},
		"nested":             {"runs/log-batch", `{"run_id":"` + mineRun + `","metrics":[{"key":"a","x":1,"value":1e5,"step":null}],"params":[]}`, `{"run_id":"` + mineRun + `","metrics":[{"key":"a","value":1e5}],"params":[]}`},
	} {
		c, err := postTo(t, q.path, q.body)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := string(c.Request().Body); got != q.want {
			t.Errorf("%s: sends %s, want %s", name, got, q.want)
		}
	}
}

// bodySeeds are requests to rows with a body; testdata/parse.py knows them too.
var bodySeeds = []struct{ path, body string }{
	{"runs/log-metric", `{"run_id":null,"run_uuid":"` + mineRun + `","key":"m","value":1.5,"step":"3","timestamp":4}`},
	{"runs/log-metric", `{"run_id":"` + mineRun + `","run_uuid":"` + mineRun + `","key":"m","value":"NaN","model_id":"` + mineModel + `"}`},
	{"runs/log-batch", `{"run_id":"` + mineRun + `","metrics":[{"key":"a","value":1,"timestamp":1,"step":0,"model_id":"` + mineModel + `"}],"tags":[{"key":"t","value":"\u00e4\ud83d\ude00"}],"unknown":{"run_id":"x"}}`},
	{"runs/search", `{"experiment_ids":["1","2"],"filter":"attributes.run_id = '` + theirsRun + `'","max_results":5,"order_by":["metrics.a DESC"]}`},
	{"experiments/update", `{"\u0065xperiment_id":"\u0032","new_name":"x"}`},
	{"experiments/create", `{"name":"cv/x","tags":[{"key":"a","value":"b"}]}`},
	{"model-versions/transition-stage", `{"name":"cv.m","version":"1","stage":"production","archive_existing_versions":true}`},
	{"logged-models/search", `{"experiment_ids":["1"],"max_results":3}`},
	{"runs/outputs", `{"run_id":"` + mineRun + `","models":[{"model_id":"` + mineModel + `","step":"1"}]}`},
	{"runs/log-inputs", `{"run_id":"` + mineRun + `","datasets":[{"tags":[{"key":"k","value":"v"}],"dataset":{"name":"d","digest":"x","source_type":"s","source":"s"}}],"models":[{"model_id":"` + mineModel + `"}]}`},
}

// FuzzReadBody: what is taken is written so that it reads as the same again,
// naming the same things.
func FuzzReadBody(f *testing.F) {
	for _, s := range bodySeeds {
		f.Add(s.path, []byte(s.body))
	}
	f.Add("experiments/update", []byte(`{"experiment_id":"1","EXPERIMENT_ID":"2"}`))
	f.Add("runs/delete", []byte("\xff\xfe{\x00}\x00"))
	table := newTestTable(f)
	f.Fuzz(func(t *testing.T, path string, body []byte) {
		c, err := readAt(table, "POST", "/api/2.0/mlflow/"+path, "", "application/json", string(body))
		if err != nil || c.Endpoint.Args != InBody || c.Endpoint.Special == GraphQL {
			return
		}
		sent := c.Request().Body
		again, err := readAt(table, "POST", "/api/2.0/mlflow/"+path, "", "application/json", string(sent))
		if err != nil {
			t.Fatalf("%s reads as %s, which is refused: %v", body, sent, err)
		}
		if a, b := named(c), named(again); !slices.Equal(a, b) {
			t.Fatalf("%s names %v, and as sent %v", body, a, b)
		}
		if twice := again.Request().Body; string(twice) != string(sent) {
			t.Fatalf("not stable: %s then %s", sent, twice)
		}
		for _, target := range c.Targets {
			if id := target.ID + target.Name; !strings.Contains(string(sent), string(newString(id).appendJSON(nil))) && c.Refused == nil {
				t.Fatalf("%s names %q, but sends %s", body, id, sent)
			}
		}
	})
}

func TestHugeBodiesAreReadInStepsThatFollowTheirSize(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 20000 {
		fmt.Fprintf(&b, `,{"key":"k%d","value":"v"}`, i)
	}
	c, err := postTo(t, "runs/log-batch", `{"run_id":"`+mineRun+`","tags":[`+b.String()[1:]+`]}`)
	if err != nil || len(c.tags) != 20000 {
		t.Fatal(err)
	}
}
