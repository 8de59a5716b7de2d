package proxy_test

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"

	"mlgate/proxy/mlflowapi"
)

// position is a place in a row's arguments where something is named.
type position struct {
	path        []string // members from the outside in; "[]" after a list's
	alias, role string
	link        bool   // MLflow takes ids that do not exist here
	narrow      bool   // what the caller may not see of it is left out
	action      string // other than the row's
}

// positions reads them off a row's Fields, whose notation is told at
// parseFields in mlflowapi; siblings of a nested one are in plain.
func positions(fields string) (all []position, plain map[string][]string) {
	plain = map[string][]string{}
	var outer []string
	last := ""
	for _, w := range strings.Fields(strings.NewReplacer("{", " { ", "}", " } ").Replace(fields)) {
		if w == "{" {
			outer = append(outer, last)
			continue
		}
		if w == "}" {
			outer = outer[:len(outer)-1]
			continue
		}
		w, many := strings.CutSuffix(w, "[]")
		link, narrow := strings.Contains(w, "?"), strings.Contains(w, "~")
		w = strings.TrimRight(w, "!?~")
		w, action, _ := strings.Cut(w, "/")
		w, role, _ := strings.Cut(w, ":")
		name, alias, _ := strings.Cut(w, "|")
		last = name
		if many {
			last += "[]"
		}
		plain[strings.Join(outer, ".")] = append(plain[strings.Join(outer, ".")], name)
		if role != "" {
			all = append(all, position{append(slices.Clone(outer), last), alias, role, link, narrow, action})
		}
	}
	return all, plain
}

// foreignOf is the placeholder of bob's thing of a role.
var foreignOf = map[string]string{
	"experiment": "<EXP>", "experiment_name": "<NAME>", "new_experiment": "<NAME>-moved", "run": "<RUN>", "logged_model": "<LM>",
	"model": "<MODEL>", "new_model": "<MODEL>-moved", "trace": "<TR>", "eval_dataset": "<DS>", "label_schema": "<LS>",
	"review_queue": "<RQ>", "issue": "<ISS>", "source": "models:/<LM>",
}

// samples are values of fields that stand beside an id in a message.
var samples = map[string]any{
	"key": "proof", "value": 1, "timestamp": 1, "step": 9, "type": "MLFLOW_EXPERIMENT", "name": "proof",
}

// own is a try about the caller's things.
func (r request) own() request {
	lower := []string{}
	for _, c := range []string{"EXP", "NAME", "RUN", "LM", "MODEL", "TR", "AS", "DS", "RECORD", "LS", "RQ", "ISS", "SCORER", "JUDGE", "SECRET", "BARERUN", "BARELM", "UPLOAD", "SPARE", "ETAG"} {
		lower = append(lower, "<"+c+">", "<"+strings.ToLower(c)+">")
	}
	to := strings.NewReplacer(lower...)
	return request{r.method, to.Replace(r.path), to.Replace(r.body)}
}

// endpoint is the row that a try is about.
func (r request) endpoint(table *mlflowapi.Table) *mlflowapi.Endpoint {
	path, _, _ := strings.Cut(r.path, "?")
	if !strings.HasPrefix(path, "/") {
		path = api + path
	}
	m, _ := table.Find(r.method, path)
	return m.Endpoint
}

// tries are the catalogue's calls of one row.
func tries(table *mlflowapi.Table, e *mlflowapi.Endpoint) []reach {
	return triesOf(slices.Concat(foreign, foreignDirect), table, e)
}

func triesOf(catalogue []reach, table *mlflowapi.Table, e *mlflowapi.Endpoint) (all []reach) {
	for _, r := range catalogue {
		if r.endpoint(table) == e {
			all = append(all, r)
		}
	}
	return all
}

// smuggled are a try about alice's own things with one of bob's in every
// position that MLflow may read it in: alone, beside hers, before and behind it,
// under each spelling, in the query, in the body and in the path.
func smuggled(r request, e *mlflowapi.Endpoint) (all []request) {
	own := r.own()
	add := func(method, path, body string) {
		if q := (request{method, path, body}); q != own && !slices.Contains(all, q) {
			all = append(all, q)
		}
	}
	found, plain := positions(e.Fields)
	path, query, _ := strings.Cut(own.path, "?")
	join := func(q string) string {
		return path + "?" + strings.TrimPrefix(strings.TrimSuffix(query+"&"+q, "&"), "&")
	}
	for _, p := range found {
		theirs := foreignOf[p.role]
		if theirs == "" {
			continue
		}
		for _, name := range spellings(p) {
			if e.Args == mlflowapi.InBody {
				for _, body := range withForeign(own.body, p, name, theirs, plain) {
					add(own.method, own.path, body)
				}
			}
			if len(p.path) > 1 {
				continue
			}
			arg := name + "=" + url.QueryEscape(theirs)
			arg = strings.NewReplacer("%3C", "<", "%3E", ">").Replace(arg)
			add(own.method, join(arg), own.body)
			add(own.method, path+"?"+strings.TrimSuffix(arg+"&"+query, "&"), own.body)
			add(own.method, path+"?"+arg, "")
			if e.Args == mlflowapi.InQuery {
				var kept []string
				for part := range strings.SplitSeq(query, "&") {
					key, _, _ := strings.Cut(part, "=")
					if key != strings.TrimSuffix(p.path[0], "[]") && key != p.alias {
						kept = append(kept, part)
					}
				}
				add(own.method, path+"?"+strings.Join(append(kept, arg), "&"), "")
				body, _ := json.Marshal(m{name: theirs})
				add(own.method, own.path, plainJSON(body))
			}
		}
	}
	// The path's own ids, each alone bob's.
	segs := strings.Split(path, "/")
	for i, seg := range strings.Split(strings.SplitN(r.path, "?", 2)[0], "/") {
		if seg != segs[i] {
			one := slices.Clone(segs)
			one[i] = seg
			add(own.method, strings.TrimSuffix(strings.Join(one, "/")+"?"+query, "?"), own.body)
		}
	}
	return all
}

// spellings are the names under which a position's value may come: its own, the
// other, camelCase, and with a capital.
func spellings(p position) []string {
	name := strings.TrimSuffix(p.path[len(p.path)-1], "[]")
	out := []string{name}
	if p.alias != "" {
		out = append(out, p.alias)
	}
	words := strings.Split(name, "_")
	for i := range words[1:] {
		words[i+1] = strings.ToUpper(words[i+1][:1]) + words[i+1][1:]
	}
	if camel := strings.Join(words, ""); camel != name {
		out = append(out, camel)
	}
	return append(out, strings.ToUpper(name[:1])+name[1:])
}

// withForeign are the bodies that hold a foreign value at a position under a name.
func withForeign(body string, p position, name, theirs string, plain map[string][]string) (all []string) {
	last := p.path[len(p.path)-1]
	for _, form := range []string{"alone", "beside"} {
		var doc m
		if json.Unmarshal([]byte(body), &doc) != nil {
			return nil
		}
		at := doc
		for i, step := range p.path[:len(p.path)-1] {
			key, many := strings.CutSuffix(step, "[]")
			next, _ := at[key].(m)
			if many {
				list, _ := at[key].([]any)
				fresh := m{}
				if len(list) > 0 {
					first, _ := list[0].(m)
					fresh = maps.Clone(first)
				}
				for _, field := range plain[strings.Join(p.path[:i+1], ".")] {
					if v, ok := samples[field]; ok && fresh[field] == nil {
						fresh[field] = v
					}
				}
				next = fresh
				if form == "beside" {
					at[key] = append(list, fresh)
				} else {
					at[key] = []any{fresh}
				}
			} else if next == nil {
				next = m{}
				at[key] = next
			}
			at = next
		}
		key, many := strings.CutSuffix(last, "[]")
		switch {
		case many && form == "beside":
			list, _ := at[key].([]any)
			at[name] = append(list, theirs)
		case many:
			delete(at, key)
			at[name] = []any{theirs}
		case form == "beside" && name == key:
			at[name] = []any{at[key], theirs}
		case form == "beside":
			at[name] = theirs
		default:
			delete(at, key)
			delete(at, p.alias)
			at[name] = theirs
		}
		b, _ := json.Marshal(doc)
		all = append(all, plainJSON(b))
	}
	if len(p.path) == 1 && strings.HasPrefix(body, "{") { // the same key twice
		b, _ := json.Marshal(theirs)
		pair := `"` + name + `":` + plainJSON(b)
		inner := strings.TrimSuffix(strings.TrimPrefix(body, "{"), "}")
		all = append(all, "{"+pair+","+inner+"}", "{"+inner+","+pair+"}")
	}
	return all
}

// plainJSON keeps the placeholders' brackets readable.
func plainJSON(b []byte) string {
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(string(b))
}
