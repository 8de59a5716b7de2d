package mlflowapi

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Scan makes a search safe that MLflow runs over the whole server, or over one
// experiment: MLflow's rows are read from the first on, in its order, and those
// that are the caller's are counted. Its page tokens say how many of these to
// pass over, as MLflow's own would on a server that held nothing else.
//
// Where the filter asks about a run that a row comes from, rows whose run is
// hidden are left out whatever it says of them, see [Sift].
type Scan struct {
	List    string // the answer's member that holds the rows
	Default int    // what MLflow takes when max_results is absent
	Most    int    // MLflow's limit on max_results
}

// scanRows is how many rows one question to MLflow asks for, and with
// maxFetches bounds what a page may cost.
const scanRows = 5000

// scanRow is what decides about a row.
type scanRow struct {
	Experiment string `json:"experiment_id"`
	Run        string `json:"source_run_id"`
}

// scanPage answers a search for a caller who may not see all.
func (w *World) scanPage(ctx context.Context, c *Call) (*Answer, error) {
	asks := strings.Contains(strings.ToLower(c.args.text("filter_string")), "source_run")
	if c.args.get("experiment_id") != nil && !asks {
		return w.Upstream.Do(ctx, c.Request())
	}
	spec := c.Endpoint.Scan
	want, skip := spec.Default, 0
	text, sized := c.args.spelling("max_results")
	if sized {
		var ok bool
		if want, ok = wholeNumber(text); !ok || want < 1 || want > spec.Most {
			return w.probe(ctx, c)
		}
	}
	if token := c.args.text("page_token"); token != "" {
		var ok bool
		if skip, ok = readOffset(token); !ok {
			return w.probe(ctx, c)
		}
	}
	args := c.args.clone()
	args.set("max_results", &value{raw: jsontext.Value(fmt.Sprint(scanRows)), kind: '0'})
	args.drop("page_token")
	var rows []*value
	for range maxFetches {
		a, err := w.Upstream.Do(ctx, c.request(args, c.Params))
		if err != nil || a.Status != 200 {
			return a, err
		}
		found, next, err := readPage(a.Body, spec.List)
		if err != nil {
			return nil, err
		}
		if found, err = w.scanned(ctx, found, asks); err != nil {
			return nil, err
		}
		for _, raw := range found {
			rows = append(rows, &value{raw: raw, kind: '0'})
		}
		if len(rows) > skip+want || next == "" {
			return spec.page(rows, skip, want), nil
		}
		args.set("page_token", newString(next))
	}
	return nil, Bad("the server holds too many rows to search all of it: name an experiment_id")
}

// probe lets MLflow say what is wrong with a page's size or token, about an
// experiment that nobody holds.
func (w *World) probe(ctx context.Context, c *Call) (*Answer, error) {
	args := c.args.clone()
	args.set("experiment_id", newString(experimentID.nonexistent()))
	return w.Upstream.Do(ctx, c.request(args, c.Params))
}

// scanned keeps the rows that are the caller's.
func (w *World) scanned(ctx context.Context, raws []jsontext.Value, asks bool) (kept []jsontext.Value, err error) {
	rows, s := make([]scanRow, len(raws)), sight{}
	for i, raw := range raws {
		if err := json.Unmarshal(raw, &rows[i]); err != nil {
			return nil, err
		}
		s[sighted{experimentID, rows[i].Experiment}] = false
	}
	if err := w.look(ctx, s); err != nil {
		return nil, err
	}
	runs := sight{}
	for _, r := range rows {
		if asks && r.Run != "" && s[sighted{experimentID, r.Experiment}] {
			runs[sighted{runID, r.Run}] = false
		}
	}
	if err := w.look(ctx, runs); err != nil {
		return nil, err
	}
	for i, r := range rows {
		if s[sighted{experimentID, r.Experiment}] && (!asks || r.Run == "" || runs[sighted{runID, r.Run}]) {
			kept = append(kept, raws[i])
		}
	}
	return kept, nil
}

// page cuts the caller's rows.
func (s *Scan) page(rows []*value, skip, want int) *Answer {
	o, next := &object{}, ""
	rows = rows[min(skip, len(rows)):]
	if len(rows) > want {
		rows, next = rows[:want], offsetToken(skip+want)
	}
	if len(rows) > 0 {
		o.set(s.List, newList(rows))
	}
	o.set("next_page_token", newString(next))
	return &Answer{200, "application/json", o.appendJSON(nil)}
}

// readOffset reads one; false: MLflow is to say what is wrong with it.
func readOffset(token string) (int, bool) {
	b, err := base64.StdEncoding.DecodeString(token)
	var t struct {
		Offset *int `json:"offset"`
	}
	if err != nil || json.Unmarshal(b, &t) != nil || t.Offset == nil || *t.Offset < 0 {
		return 0, false
	}
	return *t.Offset, true
}
