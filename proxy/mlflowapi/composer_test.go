package mlflowapi

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// dice makes choices of a fuzzer's bytes; 0, and no bytes, is the plain one.
type dice []byte

func (d *dice) roll(n int) int {
	if len(*d) == 0 {
		return 0
	}
	v := int((*d)[0]) % n
	*d = (*d)[1:]
	return v
}

// composer writes requests to a row, plain or of the kinds that somebody may
// read in another way.
type composer struct {
	*dice
}

func asJSONText(s string) string { return string(newString(s).appendJSON(nil)) }

func (c *composer) id(r role) string {
	id := pool[r][c.roll(2)]
	switch c.roll(24) {
	case 11:
		return " " + id
	case 12:
		return "+" + id
	case 13:
		return "0" + id
	case 14:
		return id + "\n"
	case 15:
		return strings.NewReplacer("1", "١", "2", "٢").Replace(id)
	case 16:
		return strings.ToUpper(id)
	case 17:
		return id[:2] + "_" + id[2:]
	case 18:
		return ""
	}
	return id
}

// scalar writes one value that is no message.
func (c *composer) scalar(f *field) string {
	if _, named := pool[f.is]; named {
		id := c.id(f.is)
		switch c.roll(20) {
		case 11:
			return "null"
		case 12:
			return `[` + asJSONText(id) + `]`
		case 13:
			return `{"value":` + asJSONText(id) + `}`
		case 14:
			return asJSONText(asJSONText(id))
		case 15:
			return pool[experimentID][1]
		case 16:
			return pool[experimentID][1] + ".0"
		}
		return asJSONText(id)
	}
	if f.is == newTraceID {
		return asJSONText("tr-" + strings.Repeat("9", 32))
	}
	if f.is == traceEntry && f.any && c.roll(10) < 9 {
		return `{"k":"word"}`
	}
	if f.is == version {
		return asJSONText([]string{"1", "1", "01", " 1", "+1"}[c.roll(5)])
	}
	if n := c.roll(10); n < 8 {
		return plainly(f.name)
	}
	return []string{`"word"`, "1", "true", `"1"`, "null", "NaN", "1e3", "-1", `[]`, `{}`, `"\ud83d\ude00"`, `["word"]`}[c.roll(12)]
}

// plainly is a value that MLflow takes in a field of the name.
func plainly(name string) string {
	switch name {
	case "max_results", "timestamp", "step", "start_time", "end_time", "percentile_value", "time_interval_seconds", "start_time_ms", "end_time_ms":
		return "1"
	case "value": // a text, or a number, of which protobuf takes the text too
		return `"1"`
	case "archive_existing_versions", "ascending":
		return "true"
	case "view_type":
		return `"TRACES"`
	case "run_view_type":
		return `"ALL"`
	case "aggregation_type":
		return `"COUNT"`
	case "type":
		return `"MLFLOW_EXPERIMENT"`
	case "create_time", "last_update_time", "request_time":
		return `"2026-01-02T03:04:05Z"`
	case "execution_duration":
		return `"1s"`
	case "state":
		return `"OK"`
	case "valid":
		return "true"
	case "source_type":
		return `"CODE"`
	case "update_mask":
		return `"rationale"`
	case "status":
		return "1"
	}
	return `"word"`
}

func (c *composer) value(f *field, many bool) string {
	switch {
	case many:
		items := make([]string, []int{1, 2, 3, 0, 1, 2}[c.roll(6)])
		for i := range items {
			items[i] = c.value(f, c.roll(30) == 29)
		}
		return "[" + strings.Join(items, ",") + "]"
	case f.of != nil && c.roll(30) != 29:
		return c.message(f.of)
	}
	return c.scalar(f)
}

func (c *composer) key(f *field) string {
	switch c.roll(20) {
	case 10, 11, 12:
		if f.alias != "" {
			return asJSONText(f.alias)
		}
	case 13:
		return asJSONText(camel(f.name))
	case 14:
		return asJSONText(strings.ToUpper(f.name))
	case 15:
		return fmt.Sprintf(`"\u%04x%s"`, f.name[0], f.name[1:])
	case 16:
		return asJSONText(strings.ReplaceAll(f.name, "_", "-"))
	case 17:
		return asJSONText(f.name + " ")
	}
	return asJSONText(f.name)
}

func camel(s string) string {
	words := strings.Split(s, "_")
	for i := 1; i < len(words); i++ {
		if words[i] != "" {
			words[i] = strings.ToUpper(words[i][:1]) + words[i][1:]
		}
	}
	return strings.Join(words, "")
}

// stray is an id where the row has no field for it. Where it has one that takes any
// text, like a logged model's name, what it holds is no id.
func (c *composer) stray(fields []field) (key string, is role, ok bool) {
	strays := []struct {
		key string
		is  role
	}{
		{"run_id", runID}, {"run_uuid", runID}, {"runId", runID}, {"experiment_id", experimentID}, {"experimentId", experimentID}, {"experiment_ids", experimentID},
		{"model_id", loggedModelID}, {"modelId", loggedModelID}, {"name", modelName}, {"new_name", newModelName}, {"source_run_id", runID}, {"trace_id", traceID},
		{"request_id", traceID}, {"trace_ids", traceID}, {"dataset_id", evalDatasetID}, {"schema_id", labelSchemaID}, {"queue_id", reviewQueueID}, {"issue_id", issueID}, {"runUuid", runID},
	}
	s := strays[c.roll(len(strays))]
	return s.key, s.is, !slices.ContainsFunc(fields, func(f field) bool {
		_, named := pool[f.is]
		return !named && (f.name == s.key || f.alias == s.key)
	})
}

// oneof are fields of which MLflow takes one.
var oneof = []string{"feedback", "expectation", "issue"}

func (c *composer) message(fields []field) string {
	var pairs []string
	chosen := oneof[c.roll(len(oneof))]
	for i := range fields {
		f := &fields[i]
		if !f.must && c.roll(4) == 3 || slices.Contains(oneof, f.name) && f.name != chosen && c.roll(30) < 29 {
			continue
		}
		key := c.key(f)
		pairs = append(pairs, key+":"+c.value(f, f.many))
		switch c.roll(16) {
		case 13:
			pairs = append(pairs, key+":"+c.value(f, f.many)) // twice
		case 14:
			pairs = append([]string{c.key(f) + ":" + c.value(f, f.many)}, pairs...)
		case 15:
			if f.alias != "" {
				pairs = append(pairs, asJSONText(f.alias)+":"+c.value(f, f.many))
			}
		}
	}
	for c.roll(6) == 5 {
		key, is, ok := c.stray(fields)
		if !ok {
			continue
		}
		val := asJSONText(pool[is][1])
		if c.roll(3) == 2 {
			val = "[" + val + "]"
		}
		pairs = append(pairs, asJSONText(key)+":"+val)
	}
	return "{" + strings.Join(pairs, ",") + "}"
}

func (c *composer) body(fields []field) string {
	s := c.message(fields)
	switch c.roll(40) {
	case 30:
		return asJSONText(s)
	case 31:
		return "\ufeff" + s
	case 32:
		return utf16Of(s)
	case 33:
		return utf16Of("\ufeff" + s)
	case 34:
		return s + c.message(fields)
	case 35:
		return "[" + s + "]"
	case 36:
		return ""
	case 37:
		return " \n" + s + "\t"
	case 38:
		return s[:len(s)-1]
	}
	return s
}

func (c *composer) query(fields []field) string {
	var pairs []string
	add := func(key, val string) {
		key, val = url.QueryEscape(key), url.QueryEscape(val)
		if c.roll(10) == 9 && key != "" {
			key = fmt.Sprintf("%%%02x%s", key[0], key[1:])
		}
		pairs = append(pairs, key+"="+val)
	}
	for i := range fields {
		f := &fields[i]
		if !f.must && c.roll(4) == 3 {
			continue
		}
		for range []int{1, 1, 1, 1, 1, 2, 2, 3}[c.roll(8)] {
			key, err := strconv.Unquote(c.key(f))
			if err != nil {
				key = f.name
			}
			if _, named := pool[f.is]; named {
				add(key, c.id(f.is))
			} else {
				add(key, []string{"1", "word", "true", "", "01"}[c.roll(5)])
			}
		}
	}
	for c.roll(6) == 5 {
		if key, is, ok := c.stray(fields); ok {
			add(key, pool[is][1])
		}
	}
	return strings.Join(pairs, []string{"&", "&", "&", "&&", ";"}[c.roll(5)])
}

// path fills a template, and lists the parameters.
func (c *composer) path(template string) string {
	segs := strings.Split(template, "/")
	for i, s := range segs {
		name, ok := strings.CutPrefix(s, "{")
		if !ok {
			continue
		}
		segs[i] = "key"
		if is := pathRoles[strings.TrimRight(name, ".}")]; is != plain {
			segs[i] = pool[is][c.roll(2)]
		}
	}
	return strings.Join(segs, "/")
}

// compose makes a request to one of the rows out of a fuzzer's bytes.
func compose(rows []*Endpoint, data []byte) (e *Endpoint, r rawRequest) {
	d := dice(data)
	c := &composer{dice: &d}
	e = rows[(c.roll(256)<<8|c.roll(256))%len(rows)]
	r.Method = e.Methods[c.roll(len(e.Methods))]
	r.Path = c.path(e.Paths[c.roll(len(e.Paths))])
	if e.Args == InQuery {
		r.Query = c.query(e.fields)
		if c.roll(8) == 7 {
			r.Body, r.Type = c.body(e.fields), "application/json"
		}
		return e, r
	}
	r.Body = c.body(e.fields)
	r.Type = []string{"application/json", "application/json", "application/json; charset=utf-8", "application/json; charset=utf-16", "text/plain", ""}[c.roll(6)]
	if c.roll(8) == 7 {
		r.Query = c.query(e.fields)
	}
	return e, r
}
