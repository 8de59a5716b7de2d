package proxy_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

func escape(s string) string { return url.QueryEscape(s) }

var firstArgument = regexp.MustCompile(`^([^?]+)\?(\w+)=(<[A-Z]+>)(.*)$`)

// Where MLflow takes a list, two are two; else the first of two would win, or
// with another spelling the last.
func TestQueryThatCanBeReadInTwoWaysIsRefused(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with, check := fill(mine, theirs), unmoved(t, srv, theirs)
	tried := 0
	for _, r := range foreign {
		f := firstArgument.FindStringSubmatch(r.path)
		if f == nil || r.want == 200 || strings.Contains(r.path, "run_ids") {
			continue
		}
		tried++
		key, own := f[2], strings.ToLower(f[3])
		rest := f[4]
		if key == "run_id" {
			rest = strings.ReplaceAll(rest, "&run_uuid=<RUN>", "")
		}
		encoded := fmt.Sprintf("%%%02x%s", key[0], key[1:])
		queries := map[string]string{
			"twice, hers first":   key + "=" + own + "&" + key + "=" + f[3] + rest,
			"twice, hers last":    key + "=" + f[3] + "&" + key + "=" + own + rest,
			"twice, once encoded": key + "=" + own + "&" + encoded + "=" + f[3] + rest,
			"case twin":           key + "=" + own + "&" + strings.ToUpper(key) + "=" + f[3] + rest,
			"bad encoding":        key + "=" + own + "&" + key + "=%zz" + f[3] + rest,
		}
		if c := camel(key); c != key {
			queries["camelCase"] = c + "=" + f[3] + "&" + key + "=" + own + rest
		}
		for name, q := range queries {
			body := ""
			if r.method == "POST" {
				body = "x"
			}
			a := request{r.method, f[1] + "?" + q, body}.send(t, g, "alice", with)
			if a.Status != 400 {
				t.Errorf("%v, %s: got %d %s, want 400", r.request, name, a.Status, a.Body)
			}
			theirs.unleaked(t, with.Replace(q), a)
		}
	}
	if tried < 10 {
		t.Errorf("only %d queries were tried", tried)
	}
	check()
}

// Without a query MLflow reads the body of a GET, and with one it does not.
func TestGETWithABodyIsRefused(t *testing.T) {
	t.Parallel()
	_, g, mine, theirs := twoTeams(t)
	with := fill(mine, theirs)
	for _, r := range foreign {
		path, query, found := strings.Cut(r.path, "?")
		if r.method != "GET" || !found || strings.Contains(r.path, "/_gate") {
			continue
		}
		var fields []string
		for pair := range strings.SplitSeq(query, "&") {
			k, v, _ := strings.Cut(pair, "=")
			fields = append(fields, `"`+k+`":"`+v+`"`)
		}
		body := "{" + strings.Join(fields, ",") + "}"
		own := strings.NewReplacer("<EXP>", "<exp>", "<RUN>", "<run>", "<MODEL>", "<model>", "<NAME>", "<name>").Replace(query)
		for _, q := range []string{"", "?", "?&", "?" + own} {
			a := request{"GET", path + q, body}.send(t, g, "alice", with)
			if a.Status != 400 {
				t.Errorf("GET %s%s with %s: got %d %s, want 400", path, q, body, a.Status, a.Body)
			}
			theirs.unleaked(t, with.Replace(q+body), a)
		}
	}
}

// DELETE reads the body whatever the query says; POST and PATCH too.
func TestQueryBesideABodyCountsForNothing(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with, check := fill(mine, theirs), unmoved(t, srv, theirs)
	for _, r := range foreign {
		f := firstField.FindStringSubmatch(r.body)
		if f == nil || r.want/100 != 4 {
			continue
		}
		own := strings.ToLower(f[2])
		hers := r.path + "?" + f[1] + "=" + escape(strings.Trim(with.Replace(own), `"`))
		if a := (request{r.method, hers, r.body}).send(t, g, "alice", with); a.Status != r.want {
			t.Errorf("%v with her own in the query: got %d %s, want %d", r.request, a.Status, a.Body, r.want)
		}
		path := r.path + "?" + f[1] + "=" + escape(strings.Trim(with.Replace(f[2]), `"`))
		theirs.unleaked(t, with.Replace(path), request{r.method, path, ""}.send(t, g, "alice", with))
	}
	check()
}

// The first of two names of a run wins in one handler, the second in another.
func TestTwoNamesOfARunMustAgree(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with, check := fill(mine, theirs), unmoved(t, srv, theirs)
	for _, c := range []struct{ fields, kind string }{
		{`"run_id":"<run>","run_uuid":"<RUN>"`, "differ"},
		{`"run_id":"<RUN>","run_uuid":"<run>"`, "differ"},
		{`"run_uuid":"<run>","runId":"<RUN>"`, "alias"},
		{`"run_id":null,"run_uuid":"<RUN>"`, "theirs"},
		{`"run_id":"","run_uuid":"<RUN>"`, "theirs"},
		{`"run_uuid":"<RUN>"`, "theirs"},
	} {
		want := 400
		if c.kind == "theirs" {
			want = 404
		}
		for _, r := range []request{
			{"POST", "runs/update", `{` + c.fields + `,"run_name":"x"}`},
			{"POST", "runs/set-tag", `{` + c.fields + `,"key":"t","value":"v"}`},
			{"POST", "runs/log-metric", `{` + c.fields + `,"key":"x","value":1,"timestamp":1}`},
			{"POST", "runs/log-parameter", `{` + c.fields + `,"key":"x","value":"1"}`},
		} {
			if a := r.send(t, g, "alice", with); a.Status != want {
				t.Errorf("%v: got %d %s, want %d", r, a.Status, a.Body, want)
			}
		}
	}
	for _, path := range []string{"runs/get?run_id=<run>&run_uuid=<RUN>", "runs/get?run_uuid=<run>&run_id=<RUN>", "/get-artifact?run_id=<run>&run_uuid=<RUN>&path=secret.txt"} {
		if a := (request{"GET", path, ""}).send(t, g, "alice", with); a.Status != 400 {
			t.Errorf("GET %s: got %d %s, want 400", path, a.Status, a.Body)
		}
	}
	for _, path := range []string{"runs/get?run_id=&run_uuid=<RUN>", "/get-artifact?run_id=&run_uuid=<RUN>&path=secret.txt"} {
		if a := (request{"GET", path, ""}).send(t, g, "alice", with); a.Status != 404 {
			t.Errorf("GET %s: got %d %s, want 404", path, a.Status, a.Body)
		}
	}
	check()
}
